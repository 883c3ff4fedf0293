/* Hand-overs: which of their keys belong together, what they default to, what they exclude. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

#define UNAUTHENTICATED                                                                            \
	"not true: nothing protects a key-ID in LLDP, so whoever reaches the wire can make the "   \
	"slave's end change its key alone, and break the link; write true to accept that, or use " \
	"transport: ssh-file"

/* ---- what belongs to which kind -------------------------------------------------------------- */

enum {
	LLDP_MASTER = 1,
	LLDP_SLAVE = 2,
	FILE_MASTER = 4,
	FILE_SLAVE = 8,
	LLDP = LLDP_MASTER | LLDP_SLAVE,
	SSH_FILE = FILE_MASTER | FILE_SLAVE,
};

#define TEXT_AT(member) offsetof(struct raw_handover, member)

static const struct {
	const char *key;
	size_t at;        /* in struct raw_handover */
	unsigned of;      /* the kinds that have it */
	const char *hint; /* if they must; NULL = they may */
} belongings[] = {
	{ "interval", TEXT_AT(interval), LLDP_MASTER | FILE_MASTER, NULL },
	{ "accept-unauthenticated", TEXT_AT(accept_unauthenticated), LLDP, NULL },
	{ "interface", TEXT_AT(interface), LLDP_SLAVE,
		"give the interface on which the neighbour's LLDPDUs are heard" },
	{ "neighbour-chassis", TEXT_AT(neighbour_chassis), LLDP_SLAVE, NULL },
	{ "neighbour-system-name", TEXT_AT(neighbour_system_name), LLDP_SLAVE, NULL },
	{ "description-interface", TEXT_AT(description_interface), LLDP_MASTER,
		"give the router's interface whose description is to show the key-ID" },
	{ "host", TEXT_AT(host), SSH_FILE, "give the name or address of the host with the file" },
	{ "port", TEXT_AT(port), SSH_FILE, NULL },
	{ "user", TEXT_AT(user), SSH_FILE, "give the user that logs in over SSH" },
	{ "private-key", TEXT_AT(private_key), SSH_FILE, "give the file of that user's SSH key" },
	{ "known-hosts", TEXT_AT(known_hosts), SSH_FILE,
		"give the file that holds that host's key" },
	{ "timeout", TEXT_AT(timeout), SSH_FILE, NULL },
	{ "file", TEXT_AT(file), SSH_FILE, NULL },
	{ "file-device", TEXT_AT(file_device), SSH_FILE, NULL },
	{ "poll-interval", TEXT_AT(poll_interval), FILE_SLAVE, NULL },
	{ "kme-keyid-check", TEXT_AT(kme_keyid_check), FILE_SLAVE, NULL },
};

struct handover_place {
	struct config_source *source;
	char path[CONFIG_PATH_MAX];
	const struct raw_handover *raw;
	unsigned kind; /* 0 = not known */
};

static unsigned kind_of(const struct raw_handover *raw)
{
	bool lldp = raw->transport && strcmp(raw->transport, "lldp-port-description") == 0;
	bool file = raw->transport && strcmp(raw->transport, "ssh-file") == 0;
	bool master = raw->role && strcmp(raw->role, "master") == 0;
	bool slave = raw->role && strcmp(raw->role, "slave") == 0;

	if (lldp) {
		return master ? LLDP_MASTER : slave ? LLDP_SLAVE : 0;
	}
	return !file ? 0 : master ? FILE_MASTER : slave ? FILE_SLAVE : 0;
}

static void check_belongings(const struct handover_place *place)
{
	for (size_t i = 0; i < sizeof(belongings) / sizeof(belongings[0]); i++) {
		const char *text = *(char *const *)((const char *)place->raw + belongings[i].at);
		bool has_it = belongings[i].of & place->kind;

		if (text && !has_it) {
			config_fail(place->source, place->path, belongings[i].key,
				"not used by a %s with transport: %s; leave it out",
				place->raw->role, place->raw->transport);
		} else if (!text && has_it && belongings[i].hint) {
			config_fail(place->source, place->path, belongings[i].key, "missing; %s",
				belongings[i].hint);
		}
	}
}

/* ---- an entry -------------------------------------------------------------------------------- */

static void build_device(const struct handover_place *place, struct config_handover *handover)
{
	const struct raw_handover *raw = place->raw;
	const struct config_junos_names names = {
		.connectivity_association = raw->connectivity_association,
		.cipher_suite = handover->cipher_suite,
		.interfaces = raw->macsec_interfaces,
		.interface_count = raw->macsec_interfaces_count,
	};
	const char *description_interface = handover->junos.description_interface;

	if (handover->device && handover->device->type == CONFIG_DEVICE_MACSEC) {
		config_fail(place->source, place->path, "device",
			"%s is this host's own MACsec, whose keys the exchange agrees on, and no "
			"hand-over: give it to an association",
			handover->device->name);
	}
	config_check_wpa_suite(
		place->source, place->path, handover->device, handover->cipher_suite);
	config_build_junos(place->source, place->path, handover->device, &names, &handover->junos);
	handover->junos.description_interface = description_interface;
}

/* As the script calls them: the file of the master's end, which the slave's end copies. */
static void build_file(const struct handover_place *place, struct config_handover *handover)
{
	const struct sae_id *master = handover->role == EXCHANGE_MASTER ? &handover->sae
									: &handover->peer;
	const char *path = place->raw->file;
	int len;

	if (!handover->file_device) {
		handover->file_device = master->text;
	}
	if (!path && strchr(handover->file_device, '/')) {
		config_fail(place->source, place->path, "file",
			"missing; the default cannot be made of \"%s\"", handover->file_device);
		return;
	}
	len = path ? snprintf(handover->file, sizeof(handover->file), "%s", path)
		   : snprintf(handover->file, sizeof(handover->file), "%s_last_key_test.json",
			     handover->file_device);
	if ((size_t)len >= sizeof(handover->file)) {
		config_fail(place->source, place->path, "file", "longer than %d octets",
			REMOTE_PATH_MAX);
	}
}

static void build_flags(const struct handover_place *place, struct config_handover *handover)
{
	const struct raw_handover *raw = place->raw;
	bool accepted = config_read_bool(
		place->source, place->path, "accept-unauthenticated", raw->accept_unauthenticated);

	if (place->kind & LLDP && !accepted) {
		config_fail(place->source, place->path, "accept-unauthenticated", UNAUTHENTICATED);
	}
	handover->takes_stale = raw->kme_keyid_check &&
				!config_read_bool(place->source, place->path, "kme-keyid-check",
					raw->kme_keyid_check);
}

void config_build_handover(struct config_source *source, const struct config *config, size_t index,
	const struct raw_handover *raw, struct config_handover *handover)
{
	struct handover_place place = { .source = source, .raw = raw, .kind = kind_of(raw) };

	snprintf(place.path, sizeof(place.path), "handovers[%zu]", index);
	handover->raw = raw;
	config_read_section(source, place.path, &config_handover_section, raw, handover);
	config_refer(source, place.path, config, raw->kme, raw->device, &handover->kme,
		&handover->device);
	config_build_ckn(source, place.path, raw->ckn, raw->ckn_prefix, &handover->ckn);
	handover->cak_len = config_cak_len(
		source, place.path, handover->cipher_suite, handover->key_size_bits);
	build_device(&place, handover);
	if (place.kind == 0) {
		return; /* what is wrong with role or transport has been said */
	}
	check_belongings(&place);
	build_flags(&place, handover);
	if (place.kind & SSH_FILE) {
		build_file(&place, handover);
	}
	if (handover->sae.len > 0 && sae_id_equal(&handover->sae, &handover->peer)) {
		config_fail(source, place.path, "peer", "%s: this is the SAE of this end",
			handover->peer.text);
	}
}

/* ---- between entries ------------------------------------------------------------------------- */

/* An association or another hand-over. */
struct rival {
	const char *list;
	size_t index;
	const char *name;
	const struct config_device *device;
	const char *connectivity_association;
};

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool same_target(const struct config *config, const struct config_handover *handover,
	const struct rival *rival)
{
	return rival->device && handover->device &&
	       same(handover->junos.connectivity_association, rival->connectivity_association) &&
	       config_router_of(config, handover->device) ==
		       config_router_of(config, rival->device);
}

static void check_against(struct config_source *source, const struct config *config, size_t index,
	const struct rival *rival)
{
	const struct config_handover *handover = &config->handovers[index];
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "handovers[%zu]", index);
	if (same(handover->name, rival->name)) {
		config_fail(source, path, "name", "%s: this is also the name of %s[%zu]",
			handover->name, rival->list, rival->index);
	}
	if (same_target(config, handover, rival)) {
		config_fail(source, path, "connectivity-association",
			"%s: on this device, it is already that of %s[%zu]",
			handover->junos.connectivity_association, rival->list, rival->index);
	}
}

static void check_handover(struct config_source *source, const struct config *config, size_t index)
{
	for (size_t i = 0; i < config->association_count; i++) {
		const struct config_association *other = &config->associations[i];
		const struct rival rival = { "associations", i, other->name, other->device,
			other->junos.connectivity_association };

		check_against(source, config, index, &rival);
	}
	for (size_t i = 0; i < index; i++) {
		const struct config_handover *other = &config->handovers[i];
		const struct rival rival = { "handovers", i, other->name, other->device,
			other->junos.connectivity_association };

		check_against(source, config, index, &rival);
	}
}

void config_check_handovers(struct config_source *source, const struct config *config)
{
	for (size_t i = 0; i < config->handover_count; i++) {
		check_handover(source, config, i);
	}
}
