/* Who takes part in an association, and over which links. */
#include <stdio.h>
#include <string.h>

#include "keyidd/config_private.h"

/* The longest status and key_ID that are planned for: a UUID, and a router's keys. */
#define UUID_TEXT_LEN 36 /* the rule "prefix" takes nothing else */
#define USABLE_KEYS 4    /* the one in use, the next, a preceding one, a fallback */

static bool among(const struct sae_id *id, const struct sae_id *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sae_id_equal(&ids[i], id)) {
			return true;
		}
	}
	return false;
}

/* Reads a list of SAE IDs, each once and none of them our own. Returns how many. */
static size_t read_saes(const struct association_place *place, const char *prefix, const char *key,
	char *const *texts, size_t count, const struct sae_id *self, struct sae_id *out)
{
	char reason[CONFIG_REASON_MAX], entry[CONFIG_PATH_MAX];
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		snprintf(entry, sizeof(entry), "%s[%zu]", key, i);
		if (!config_read_sae(NULL, texts[i], &out[good], reason)) {
			config_fail(
				place->source, prefix, entry, "\"%.80s\": %s", texts[i], reason);
		} else if (self->len > 0 && sae_id_equal(&out[good], self)) {
			config_fail(place->source, prefix, entry,
				"%s is this end itself; name the others", texts[i]);
		} else if (among(&out[good], out, good)) {
			config_fail(place->source, prefix, entry, "%s is named twice", texts[i]);
		} else {
			good++;
		}
	}
	return good;
}

/* ---- master and members ---------------------------------------------------------------------- */

static void master_members(const struct association_place *place, struct exchange_config *exchange)
{
	const struct raw_association *raw = place->raw;

	if (raw->master) {
		config_fail(place->source, place->path, "master",
			"this end is the master; leave the key out, or write role: slave");
	}
	if (raw->members_count == 0) {
		config_fail(place->source, place->path, "members",
			"missing; name the SAE of every slave");
	}
	exchange->master = exchange->sae;
	exchange->member_count = read_saes(place, place->path, "members", raw->members,
		raw->members_count, &exchange->sae, exchange->members);
}

static void slave_master(const struct association_place *place, struct exchange_config *exchange)
{
	const struct raw_association *raw = place->raw;
	char reason[CONFIG_REASON_MAX];

	if (raw->members) {
		config_fail(place->source, place->path, "members",
			"only the master names the members; leave the key out");
	}
	if (!raw->master) {
		config_fail(place->source, place->path, "master",
			"missing; name the SAE of the master");
	} else if (!config_read_sae(NULL, raw->master, &exchange->master, reason)) {
		config_fail(
			place->source, place->path, "master", "\"%.80s\": %s", raw->master, reason);
	} else if (sae_id_equal(&exchange->master, &exchange->sae)) {
		config_fail(place->source, place->path, "master",
			"%s is this end itself; name the other one, or write role: master",
			raw->master);
	}
}

void config_build_members(
	const struct association_place *place, struct config_association *association)
{
	if (!place->role_known) {
		return;
	}
	if (association->exchange.role == EXCHANGE_MASTER) {
		master_members(place, &association->exchange);
	} else {
		slave_master(place, &association->exchange);
	}
}

/* ---- one link -------------------------------------------------------------------------------- */

struct link_place {
	const struct association_place *of;
	char path[CONFIG_PATH_MAX + 32];
	const struct raw_link *raw;
	size_t index;
};

static void read_direction(const struct link_place *place, struct config_association *association)
{
	enum exchange_direction *direction = &association->exchange.links[place->index].direction;
	struct config_source *source = place->of->source;
	bool master = association->exchange.role == EXCHANGE_MASTER;
	const char *text = place->raw->direction;

	*direction = master ? EXCHANGE_DOWN : EXCHANGE_UP;
	if (!text) {
		if (!master && association->exchange.link_count > 1) {
			config_fail(source, place->path, "direction",
				"missing; a slave with several links says which one leads up to "
				"the master");
		}
	} else if (strcmp(text, "down") == 0) {
		*direction = EXCHANGE_DOWN;
	} else if (strcmp(text, "up") != 0) {
		config_fail(source, place->path, "direction", "\"%.80s\": write up or down", text);
	} else if (master) {
		config_fail(source, place->path, "direction",
			"every link of a master leads down to its slaves; write down");
	} else {
		*direction = EXCHANGE_UP;
	}
}

/* With one link there is nobody else to be on it. */
static void default_neighbours(const struct link_place *place, struct exchange_config *exchange)
{
	struct exchange_link_config *link = &exchange->links[place->index];

	if (exchange->link_count > 1) {
		config_fail(place->of->source, place->path, "neighbours",
			"missing; with several links, say which SAEs are on this one");
	} else if (exchange->role == EXCHANGE_SLAVE) {
		link->neighbour_count = exchange->master.len > 0;
		link->neighbours[0] = exchange->master;
	} else if (exchange->member_count > EXCHANGE_NEIGHBOURS_MAX) {
		config_fail(place->of->source, place->path, "neighbours",
			"missing; not all of %zu members can be on one link, %d at most",
			exchange->member_count, EXCHANGE_NEIGHBOURS_MAX);
	} else {
		link->neighbour_count = exchange->member_count;
		memcpy(link->neighbours, exchange->members,
			exchange->member_count * sizeof(exchange->members[0]));
	}
}

static void check_neighbours(const struct link_place *place, const struct exchange_config *exchange)
{
	const struct exchange_link_config *link = &exchange->links[place->index];
	bool master = exchange->role == EXCHANGE_MASTER;

	for (size_t i = 0; i < link->neighbour_count; i++) {
		const struct sae_id *neighbour = &link->neighbours[i];

		if (master && !among(neighbour, exchange->members, exchange->member_count)) {
			config_fail(place->of->source, place->path, "neighbours",
				"%s is not among the members", neighbour->text);
		}
		if (!master && link->direction == EXCHANGE_DOWN &&
			sae_id_equal(neighbour, &exchange->master)) {
			config_fail(place->of->source, place->path, "neighbours",
				"%s is the master: the link that leads to it is up",
				neighbour->text);
		}
	}
}

static void build_neighbours(const struct link_place *place, struct exchange_config *exchange)
{
	struct exchange_link_config *link = &exchange->links[place->index];

	if (!place->raw->neighbours) {
		default_neighbours(place, exchange);
		return;
	}
	link->neighbour_count = read_saes(place->of, place->path, "neighbours",
		place->raw->neighbours, place->raw->neighbours_count, &exchange->sae,
		link->neighbours);
	check_neighbours(place, exchange);
}

/* A link has an interface, or is inside the process. */
static void check_carrier(const struct link_place *place, struct config_link *link)
{
	const struct {
		const char *key, *text;
	} outside[] = { { "interface", place->raw->interface }, { "vlan", place->raw->vlan },
		{ "destination", place->raw->destination },
		{ "transport", place->raw->transport } };
	struct config_source *source = place->of->source;

	link->inside = config_read_bool(source, place->path, "inside", place->raw->inside);
	if (link->vlan > 0 && link->carriers & 1 << CARRIER_LLDP) {
		config_fail(source, place->path, "vlan",
			"LLDP is never tagged; write transport: raw, or leave the VLAN out");
	}
	if (!link->inside) {
		if (!place->raw->interface) {
			config_fail(source, place->path, "interface",
				"missing; give the network interface that leads to the other end, "
				"or write inside: true");
		}
		return;
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		if (outside[i].text) {
			config_fail(source, place->path, outside[i].key,
				"this link is inside the process; leave the key out, or inside");
		}
	}
}

static void check_earlier_links(
	const struct link_place *place, const struct config_association *association)
{
	const struct config_link *link = &association->links[place->index];

	for (size_t i = 0; i < place->index; i++) {
		const struct config_link *earlier = &association->links[i];

		if (link->name && earlier->name && strcmp(link->name, earlier->name) == 0) {
			config_fail(place->of->source, place->path, "name",
				"%s is another link's name; each link has its own, the same at "
				"both ends",
				link->name);
		}
		if (link->interface && earlier->interface && link->vlan == earlier->vlan &&
			strcmp(link->interface, earlier->interface) == 0) {
			config_fail(place->of->source, place->path, "interface",
				"%s with VLAN %u is another link of this association; make them "
				"one, with "
				"all neighbours",
				link->interface, link->vlan);
		}
	}
}

/* The first link that has LLDP on this interface: its association's place, or SIZE_MAX. */
static size_t lldp_user(const struct config *config, const struct config_link *wanted)
{
	for (size_t i = 0; i < config->association_count; i++) {
		const struct config_association *association = &config->associations[i];

		for (size_t j = 0; j < association->exchange.link_count; j++) {
			const struct config_link *link = &association->links[j];

			if (link->carriers & 1 << CARRIER_LLDP && link->interface &&
				strcmp(link->interface, wanted->interface) == 0) {
				return i;
			}
		}
	}
	return SIZE_MAX;
}

/* lldpd has one LLDPDU for a port, and nothing in a TLV of ours tells two links apart. */
static void check_lldpd(const struct link_place *place, const struct config *config,
	const struct config_association *association)
{
	const struct config_link *link = &association->links[place->index];
	size_t user;

	if (config->transport.lldp_agent != CONFIG_LLDP_LLDPD || !link->interface ||
		!(link->carriers & 1 << CARRIER_LLDP)) {
		return;
	}
	user = lldp_user(config, link);
	if (user != (size_t)(association - config->associations)) {
		config_fail(place->of->source, place->path, "transport",
			"the LLDP of %s is taken by a link of associations[%zu], and with "
			"lldp-agent: lldpd only one can have it; write transport: raw for one of "
			"them, or lldp-agent: own",
			link->interface, user);
	}
}

/*
 * With a static pre-shared key, MKA keeps two stations connected whichever of
 * them commits first; with more on one segment it does not. The keys of a key-chain
 * start at one time wherever they are. A link inside the
 * process says nothing about the segments of the devices.
 */
static void check_segment(
	const struct link_place *place, const struct config_association *association, bool accepted)
{
	const struct exchange_link_config *link = &association->exchange.links[place->index];

	if (link->neighbour_count > 1 && !accepted && !association->exchange.uses_start &&
		!association->links[place->index].inside && association->device &&
		(association->device->type == CONFIG_DEVICE_JUNOS ||
			association->device->type == CONFIG_DEVICE_WPA)) {
		config_fail(place->of->source, place->path, "neighbours",
			"%zu stations share this segment, and changing a static pre-shared key "
			"interrupts "
			"it; if that is acceptable, write accept-interrupting-segment: true",
			link->neighbour_count + 1);
	}
}

/* Of a key-chain: its key in use, and up to two batches that wait. */
static size_t usable_keys(const struct exchange_config *exchange)
{
	size_t waiting = 1 + 2 * (size_t)exchange->batch;

	if (!exchange->uses_start || waiting < USABLE_KEYS) {
		return USABLE_KEYS;
	}
	return waiting < USABLE_MAX ? waiting : USABLE_MAX;
}

static void check_size(const struct link_place *place, const struct config_transport *transport,
	struct config_association *association)
{
	const struct exchange_config *exchange = &association->exchange;
	const struct exchange_link_config *link = &exchange->links[place->index];
	struct message_bounds bounds = {
		.neighbours = link->neighbour_count,
		.statuses = 1,
		.sae_id_len = exchange->sae.len,
		.key_ids = exchange->batch,
		.key_id_len = exchange->ckn.kind == CKN_PREFIX ? UUID_TEXT_LEN : KEY_ID_MAX,
		.usable = usable_keys(exchange),
		.secy = exchange->uses_an,
	};
	size_t max = config_message_max(transport, &association->links[place->index]);
	size_t len;

	for (size_t i = 0; i < exchange->member_count; i++) {
		if (exchange->members[i].len > bounds.sae_id_len) {
			bounds.sae_id_len = exchange->members[i].len;
		}
	}
	if (exchange->master.len > bounds.sae_id_len) {
		bounds.sae_id_len = exchange->master.len;
	}
	/* At worst one neighbour relays whoever is not on this link, all in a chain. */
	if (exchange->member_count > link->neighbour_count) {
		bounds.hops = exchange->member_count - link->neighbour_count;
		bounds.statuses += bounds.hops;
	}
	len = message_worst_case(&bounds);
	association->links[place->index].message_worst = len;
	if (len > max) {
		config_fail(place->of->source, place->path, "",
			"a message may grow to %zu octets, and %s carries %zu; use fewer "
			"members, shorter SAE IDs, or a smaller batch",
			len, max == MESSAGE_MAX_RAW ? "a frame" : "an LLDPDU", max);
	}
}

/* ---- all links ------------------------------------------------------------------------------- */

static void count_up(const struct association_place *place, const struct exchange_config *exchange)
{
	size_t up = 0;

	for (size_t i = 0; i < exchange->link_count; i++) {
		up += exchange->links[i].direction == EXCHANGE_UP;
	}
	if (exchange->role == EXCHANGE_SLAVE && exchange->link_count > 0 && up != 1) {
		config_fail(place->source, place->path, "links",
			"%zu of them lead up; a slave has one link that leads up to the master",
			up);
	}
}

void config_build_links(const struct association_place *place, const struct config *config,
	struct config_association *association)
{
	bool accepted = config_read_bool(place->source, place->path, "accept-interrupting-segment",
		place->raw->accept_interrupting_segment);

	association->exchange.link_count = place->raw->links_count;
	if (place->raw->links_count == 0) {
		config_fail(place->source, place->path, "links",
			"missing; say which interface leads to the other end, or inside: true");
	}
	for (size_t i = 0; i < place->raw->links_count; i++) {
		struct config_link *link = &association->links[i];
		struct link_place at = { .of = place, .raw = &place->raw->links[i], .index = i };

		snprintf(at.path, sizeof(at.path), "%s.links[%zu]", place->path, i);
		link->name = association->name;
		memcpy(link->destination, config->transport.destination, ETHERNET_ADDRESS_LEN);
		config_read_section(place->source, at.path, &config_link_section, at.raw, link);
		check_carrier(&at, link);
		config_build_channel_keys(place->source, at.path, at.raw->channel_keys,
			at.raw->channel_keys_count, &link->channel_keys);
		check_earlier_links(&at, association);
		check_lldpd(&at, config, association);
		if (place->role_known) {
			read_direction(&at, association);
			build_neighbours(&at, &association->exchange);
			check_segment(&at, association, accepted);
			check_size(&at, &config->transport, association);
		}
	}
	if (place->role_known) {
		count_up(place, &association->exchange);
	}
}
