/* This host's own MACsec: which of its devices an association keys, and on which interfaces. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"
#include "netconf/macsec.h"

#define DEFAULT_DEVICE "macsec0"

static bool has_own_macsec(const struct config_association *association)
{
	return association->device && association->device->type == CONFIG_DEVICE_MACSEC;
}

/* ---- an association -------------------------------------------------------------------------- */

/* What is said of other devices; or of this kind, where there is none. A dry run may have both. */
static void check_belongings(
	const struct association_place *place, const struct config_association *association)
{
	const struct raw_association *raw = place->raw;
	bool is_own = has_own_macsec(association);
	const struct {
		const char *key;
		bool given, is_own;
	} keys[] = {
		{ "connectivity-association", raw->connectivity_association, false },
		{ "key-chain", raw->key_chain, false },
		{ "macsec-interfaces", raw->macsec_interfaces_count > 0, false },
		{ "retire-hold", raw->retire_hold, true },
	};

	if (!association->device || association->device->type == CONFIG_DEVICE_DRY_RUN) {
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].given && keys[i].is_own && !is_own) {
			config_fail(place->source, place->path, keys[i].key,
				"only for a device of type macsec; leave it out");
		} else if (keys[i].given && !keys[i].is_own && is_own) {
			config_fail(place->source, place->path, keys[i].key,
				"not for a device of type macsec; leave it out");
		}
	}
}

void config_begin_macsec(
	const struct association_place *place, struct config_association *association)
{
	check_belongings(place, association);
	association->exchange.uses_an = has_own_macsec(association);
	if (!association->exchange.uses_an) {
		association->exchange.retire_hold_ms = 0;
	}
}

/* ---- its links ------------------------------------------------------------------------------- */

static void refuse_devices(
	const struct association_place *place, const struct config_association *association)
{
	char path[CONFIG_PATH_MAX + 32];

	for (size_t i = 0; i < place->raw->links_count; i++) {
		if (place->raw->links[i].macsec_device && association->device &&
			association->device->type != CONFIG_DEVICE_DRY_RUN) {
			snprintf(path, sizeof(path), "%s.links[%zu]", place->path, i);
			config_fail(place->source, path, "macsec-device",
				"only for a device of type macsec; leave it out");
		}
	}
}

static void build_link(
	const struct association_place *place, struct config_association *association, size_t index)
{
	struct config_link *link = &association->links[index];
	char path[CONFIG_PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s.links[%zu]", place->path, index);
	if (link->inside) {
		config_fail(place->source, path, "inside",
			"the frames of this host's own MACsec need an interface to travel on; give "
			"that");
	}
	if (!link->macsec_device && association->exchange.link_count == 1) {
		link->macsec_device = DEFAULT_DEVICE;
	} else if (!place->raw->links[index].macsec_device) {
		config_fail(place->source, path, "macsec-device",
			"missing; with several links, name the macsec device on each of their "
			"interfaces");
	}
	if (link->interface && link->macsec_device &&
		strcmp(link->interface, link->macsec_device) == 0) {
		config_fail(place->source, path, "macsec-device",
			"%s is the interface that it is on; give it another name",
			link->macsec_device);
	}
	association->macsec.links[index].parent = link->interface;
	association->macsec.links[index].name = link->macsec_device;
}

static void check_window(
	const struct association_place *place, const struct config_association *association)
{
	enum macsec_suite suite;

	if (association->cipher_suite &&
		macsec_suite_parse(association->cipher_suite, &suite) == 0 &&
		macsec_suite_is_extended(suite) &&
		association->macsec.replay_window > MACSEC_EXTENDED_WINDOW_MAX) {
		config_fail(place->source, place->path, "cipher-suite",
			"with %s, the replay-window of device %s is at most %u",
			association->cipher_suite, association->device->name,
			MACSEC_EXTENDED_WINDOW_MAX);
	}
}

void config_build_macsec(
	const struct association_place *place, struct config_association *association)
{
	if (!has_own_macsec(association)) {
		refuse_devices(place, association);
		return;
	}
	association->macsec = association->device->macsec;
	association->macsec.cipher_suite = association->cipher_suite;
	association->macsec.link_count = association->exchange.link_count;
	for (size_t i = 0; i < association->exchange.link_count; i++) {
		build_link(place, association, i);
	}
	check_window(place, association);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* What only one link may have, and where it is. */
struct claim {
	const char *text; /* NULL if it could not be read */
	uint16_t port;    /* those of different ports may be alike */
	size_t association, link;
};

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcmp(x->text ? x->text : "", y->text ? y->text : "");

	if (order != 0) {
		return order;
	}
	if (x->port != y->port) {
		return x->port < y->port ? -1 : 1;
	}
	if (x->association != y->association) {
		return x->association < y->association ? -1 : 1;
	}
	return x->link < y->link ? -1 : 1;
}

/* Two SAEs of one association on one interface, or two links with one VLAN: has been said. */
static bool is_known(const struct config *config, const struct claim *one, const struct claim *two)
{
	const struct config_association *a = &config->associations[one->association];
	const struct config_association *b = &config->associations[two->association];

	return a->name && b->name && strcmp(a->name, b->name) == 0 &&
	       (a != b || a->links[one->link].vlan == b->links[two->link].vlan);
}

static void refuse_alike(struct config_source *source, const char *key, const struct claim *before,
	const struct claim *claim, const char *problem)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "associations[%zu].links[%zu]", claim->association,
		claim->link);
	config_fail(source, path, key, "%s: associations[%zu].links[%zu] %s", claim->text,
		before->association, before->link, problem);
}

/* Those of all links, sorted. Returns how many there are. */
static size_t collect(const struct config *config, bool of_interfaces, struct claim *claims)
{
	size_t count = 0;

	for (size_t i = 0; i < config->association_count; i++) {
		const struct applier_macsec_config *macsec = &config->associations[i].macsec;

		for (size_t j = 0; j < macsec->link_count; j++) {
			claims[count++] = (struct claim){
				.text = of_interfaces ? macsec->links[j].parent
						      : macsec->links[j].name,
				.port = of_interfaces ? macsec->port : 0,
				.association = i,
				.link = j,
			};
		}
	}
	qsort(claims, count, sizeof(claims[0]), compare);
	return count;
}

static bool alike(const struct claim *a, const struct claim *b)
{
	return a->text && b->text && a->port == b->port && strcmp(a->text, b->text) == 0;
}

int config_check_macsec(struct config_source *source, const struct config *config)
{
	size_t most = config->association_count * EXCHANGE_LINKS_MAX, count;
	struct claim *claims = calloc(most + 1, sizeof(*claims));

	if (!claims) {
		return -ENOMEM;
	}
	count = collect(config, false, claims);
	for (size_t i = 1; i < count; i++) {
		if (alike(&claims[i - 1], &claims[i])) {
			refuse_alike(source, "macsec-device", &claims[i - 1], &claims[i],
				"has this device already; each link has its own");
		}
	}
	count = collect(config, true, claims);
	for (size_t i = 1; i < count; i++) {
		if (alike(&claims[i - 1], &claims[i]) &&
			!is_known(config, &claims[i - 1], &claims[i])) {
			refuse_alike(source, "interface", &claims[i - 1], &claims[i],
				"has MACsec of the same port on this interface; give its device "
				"another macsec-port, or the link another interface");
		}
	}
	free(claims);
	return 0;
}
