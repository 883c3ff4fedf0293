/* Lines that declare: the capture's format, the frames', associations, stations, keys. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "keyidd/keyfile.h"
#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

#define HEARTBEAT_DEFAULT_MS 2000

/* ---- what has a name ------------------------------------------------------------------------- */

/* A place for something new of this name; NULL and an error if there is none. */
static void *add_named(struct scenario *scenario, const char *what, void *table, size_t *count,
	size_t size, size_t max)
{
	const char *name = script_need(&scenario->script, "a name");
	char *entry = table;

	for (size_t i = 0; name && i < *count; i++, entry += size) {
		if (strcmp(entry, name) == 0) {
			script_error(&scenario->script, "there is a %s '%s' already", what, name);
			return NULL;
		}
	}
	if (!name) {
		return NULL;
	}
	if (*count == max) {
		script_error(&scenario->script, "more than %zu of this kind: %s", max, what);
		return NULL;
	}
	memset(entry, 0, size);
	scenario_name(scenario, entry, name);
	(*count)++;
	return entry;
}

#define ADD(what, table, count)                                                                    \
	add_named(scenario, what, scenario->table, &scenario->count, sizeof(scenario->table[0]),   \
		sizeof(scenario->table) / sizeof(scenario->table[0]))

/* ---- the capture ----------------------------------------------------------------------------- */

/* format pcap|pcapng [nano] [big-endian] [link-type N] [snaplen N] */
static void set_format(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct capfile_format *format = &scenario->format;

	if (scenario->begun) {
		script_error(script, "there are frames already");
		return;
	}
	format->pcapng = script_take(script, "pcapng");
	if (!format->pcapng && !script_take(script, "pcap")) {
		script_error(script, "a format is pcap or pcapng");
	}
	format->nano = script_take(script, "nano");
	format->big_endian = script_take(script, "big-endian");
	if (script_take(script, "link-type")) {
		format->link_type = (uint32_t)value_number(script, "a link type", 0, 0xffff);
	}
	if (script_take(script, "snaplen")) {
		format->snaplen = (uint32_t)value_number(script, "a snaplen", 1, CAPFILE_SNAPLEN);
	}
}

/* clock DATE: what time it is at 0 */
static void set_clock(struct scenario *scenario)
{
	if (scenario->begun || scenario->station_count > 0) {
		script_error(&scenario->script, "the clock runs already");
		return;
	}
	scenario->clock_s = value_date(&scenario->script, "a date", 0);
	if (scenario->clock_s < 0 || scenario->clock_s > UINT32_MAX - VALUE_TIME_MAX_S) {
		script_error(&scenario->script, "a capture begins in 1970..2106");
	}
}

/* cut N: the capture lacks its last N octets */
static void set_cut(struct scenario *scenario)
{
	scenario->cut = value_number(&scenario->script, "a number of octets", 0, UINT32_MAX);
}

/* ---- frames and keys ------------------------------------------------------------------------- */

/* The same of LLDP: [lldp-oui O] [lldp-subtype N] [lldp-interval DURATION] [lldp-to ADDRESS] */
static void set_lldp(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct config_transport *transport = &scenario->transport;
	struct lldp_format *format = &transport->frame.lldp;

	if (script_take(script, "lldp-oui")) {
		value_address(script, "an OUI", format->oui, sizeof(format->oui));
	}
	if (script_take(script, "lldp-subtype")) {
		format->subtype = (uint8_t)value_number(script, "a subtype", 0, 0xff);
	}
	if (script_take(script, "lldp-interval")) {
		uint64_t interval_ms = value_duration_ms(script, "an interval");

		transport->lldp_interval_s = (uint32_t)(interval_ms / 1000);
		if (interval_ms < 1000 || interval_ms > 300000) {
			script_error(script, "an LLDP interval is 1s to 5m");
		}
	}
	if (script_take(script, "lldp-to")) {
		value_address(
			script, "an address", transport->lldp_destination, ETHERNET_ADDRESS_LEN);
	}
}

/* frames [ethertype N] [oui O] [protocol-id N] [to ADDRESS] */
static void set_frames(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct frame_format *frame = &scenario->transport.frame;
	struct ethernet_format *format = &frame->raw;

	if (script_take(script, "ethertype")) {
		format->ethertype = (uint16_t)value_number(script, "an EtherType", 0, 0xffff);
	}
	if (script_take(script, "oui")) {
		value_address(script, "an OUI", format->oui, sizeof(format->oui));
		memcpy(frame->lldp.oui, format->oui, sizeof(frame->lldp.oui));
	}
	if (script_take(script, "protocol-id")) {
		format->protocol_id = (uint16_t)value_number(script, "a protocol ID", 0, 0xffff);
	}
	if (script_take(script, "to")) {
		value_address(script, "an address", scenario->transport.destination,
			ETHERNET_ADDRESS_LEN);
	}
	set_lldp(scenario);
}

/* ckn sha256 | ckn prefix DIGITS */
static void set_ckn(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct ckn_rule *rule = &scenario->ckn;

	memset(rule, 0, sizeof(*rule));
	rule->kind = CKN_SHA256;
	if (!script_take(script, "sha256")) {
		rule->kind = CKN_PREFIX;
		rule->prefix_len = 16;
		if (!script_take(script, "prefix")) {
			script_error(script, "a CKN is made by prefix or sha256");
		}
		value_digits(script, "a prefix", rule->prefix, rule->prefix_len);
	}
}

/* key NAME KEY_ID */
static void add_key(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct named_key *key = ADD("key", keys, key_count);
	const char *id = script_need(script, "a key_ID");
	struct ckn ckn;

	if (!key || !id) {
		return;
	}
	id += *id == '"';
	if (!key_id_set(&key->id, id, strlen(id))) {
		script_error(script, "'%s' is no key_ID", id);
		return;
	}
	if (ckn_from_key_id(&scenario->ckn, &key->id, &ckn) != 0) {
		script_error(script, "%s makes no CKN by this rule: it is no UUID", key->id.text);
		return;
	}
	ckn_token(ckn.octets, ckn.len, key->token);
}

/* The generation that a proposal's name begins with: "8" and "8-other" are both of 8. */
static uint64_t leading_number(struct script *script, const char *name)
{
	char digits[24] = "";
	size_t len = strspn(name, "0123456789");

	if (len == 0 || len >= sizeof(digits)) {
		script_error(script, "a proposal's name begins with its generation");
		return 0;
	}
	memcpy(digits, name, len);
	return value_number_of(script, digits, "a generation", 0, UINT64_MAX);
}

static void read_proposal_keys(struct scenario *scenario, struct proposal *proposal)
{
	char *list = script_need(&scenario->script, "a key");
	char *name;

	while ((name = value_item(&list))) {
		const struct named_key *key = scenario_key(scenario, name);

		if (key && proposal->key_count == BATCH_MAX) {
			script_error(&scenario->script, "more than %d keys", BATCH_MAX);
		} else if (key) {
			proposal->keys[proposal->key_count++] = key->id;
		}
	}
}

/* proposal GENERATION[-WHICH] [keys K,K...] [an N] [spacing DURATION] [master SAE] */
static void add_proposal(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct named_proposal *named = ADD("proposal", proposals, proposal_count);
	const struct association *association;
	struct proposal *proposal;
	struct sae_id master;

	if (!named) {
		return;
	}
	if (scenario->association_count == 0) {
		script_error(script, "there is no association yet");
		return;
	}
	association = &scenario->associations[scenario->association_count - 1];
	proposal = &named->proposal;
	proposal->generation = leading_number(script, named->name);
	proposal->an = AN_NONE;
	master = association->master;
	if (script_take(script, "keys")) {
		read_proposal_keys(scenario, proposal);
	}
	if (script_take(script, "an")) {
		proposal->an = (uint8_t)value_number(script, "an association number", 0, 0xff);
	}
	if (script_take(script, "spacing")) {
		proposal->spacing_s = (uint32_t)(value_duration_ms(script, "a spacing") / 1000);
	}
	if (script_take(script, "master")) {
		const char *text = script_need(script, "an SAE ID");

		if (text && !sae_id_set(&master, text, strlen(text))) {
			script_error(script, "'%s' is no SAE ID", text);
		}
	}
	proposal_digest(proposal, association->id, &master, proposal->digest);
}

/* ---- who there is ---------------------------------------------------------------------------- */

/* association NAME master SAE */
static void add_association(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct association *association = ADD("association", associations, association_count);
	const char *master;

	if (!association) {
		return;
	}
	association_id(association->name, association->id);
	if (!script_take(script, "master")) {
		script_error(script, "the association's master is missing: master SAE");
	}
	master = script_need(script, "an SAE ID");
	if (master && !sae_id_set(&association->master, master, strlen(master))) {
		script_error(script, "'%s' is no SAE ID", master);
	}
}

/* A path in the folder that the scenario is in. */
static void read_key_file(struct scenario *scenario, const char *name, struct secret *key)
{
	const char *slash = strrchr(scenario->script.name, '/');
	int folder_len = slash && *name != '/' ? (int)(slash + 1 - scenario->script.name) : 0;
	char path[PATH_MAX];
	char error[KEYFILE_ERROR_TEXT_MAX];

	if (snprintf(path, sizeof(path), "%.*s%s", folder_len, scenario->script.name, name) >=
		(int)sizeof(path)) {
		script_error(&scenario->script, "a path that is too long");
	} else if (keyfile_read_disclosed(path, key, error) != 0) {
		script_error(&scenario->script, "%s", error);
	}
}

/* channel-key NUMBER DIGITS | channel-key NUMBER file NAME: of the association above */
static void add_channel_key(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	uint16_t number = (uint16_t)value_number(script, "a key number", 0, UINT16_MAX);
	uint8_t octets[CHANNEL_KEY_LEN] = { 0 };
	struct association *association;

	if (scenario->association_count == 0) {
		script_error(script, "there is no association yet");
		return;
	}
	association = &scenario->associations[scenario->association_count - 1];
	if (association->key_count == CHANNEL_KEYS_MAX) {
		script_error(script, "more than %d channel keys", CHANNEL_KEYS_MAX);
		return;
	}
	association->keys[association->key_count].number = number;
	if (script_take(script, "file")) {
		const char *name = script_need(script, "a file");

		if (name) {
			read_key_file(
				scenario, name, &association->keys[association->key_count].octets);
		}
	} else {
		value_digits(script, "a channel key", octets, sizeof(octets));
		secret_set(
			&association->keys[association->key_count].octets, octets, sizeof(octets));
	}
	association->key_count++;
}

/* link NAME [heartbeat DURATION] [transport raw|lldp|auto] [vlan N]: of the association above */
static void add_link(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct wire *wire = ADD("link", wires, wire_count);

	if (!wire) {
		return;
	}
	if (scenario->association_count == 0) {
		script_error(script, "there is no association yet");
		return;
	}
	wire->association = &scenario->associations[scenario->association_count - 1];
	wire->heartbeat_ms = HEARTBEAT_DEFAULT_MS;
	wire->carriers = 1 << CARRIER_RAW;
	if (script_take(script, "heartbeat")) {
		uint64_t heartbeat_ms = value_duration_ms(script, "a heartbeat");

		wire->heartbeat_ms = (uint32_t)heartbeat_ms;
		if (heartbeat_ms < 100 || heartbeat_ms > 60000) {
			script_error(script, "a heartbeat is 100ms to 60s");
		}
	}
	if (script_take(script, "transport")) {
		wire->carriers = scenario_carriers(scenario);
	}
	if (script_take(script, "vlan")) {
		wire->vlan = (uint16_t)value_number(script, "a VLAN ID", 1, ETHERNET_VLAN_MAX);
	}
}

/* Where it is, and how it speaks there. */
static void read_place(struct scenario *scenario, struct station *station)
{
	struct script *script = &scenario->script;

	station->wire = &scenario->wires[scenario->wire_count - 1];
	if (!script_take(script, "address")) {
		script_error(script, "the station's address is missing: address ADDRESS");
	}
	value_address(script, "an address", station->address, ETHERNET_ADDRESS_LEN);
	if (script_take(script, "on")) {
		station->wire = scenario_wire(scenario, script_need(script, "a link"));
	}
	if (!station->wire) {
		return;
	}
	station->carriers = script_take(script, "transport") ? scenario_carriers(scenario)
							     : station->wire->carriers;
	if (script_take(script, "system-name")) {
		scenario_name(scenario, station->system_name, script_need(script, "a name"));
	}
}

/*
 * station NAME address ADDRESS [on LINK] [transport raw|lldp|auto] [system-name NAME]
 *         [holds N[,N]] [hears A,B|nobody]
 */
static void add_station(struct scenario *scenario)
{
	struct script *script = &scenario->script;
	struct station *station = ADD("station", stations, station_count);
	char *list = NULL, *number;

	if (!station) {
		return;
	}
	if (event_is_verb(station->name)) {
		script_error(script, "'%s' is a word of the language", station->name);
	}
	if (scenario->wire_count == 0) {
		script_error(script, "there is no link yet");
		return;
	}
	read_place(scenario, station);
	if (!station->wire) {
		return;
	}
	station_start(scenario, station);
	if (script_take(script, "holds")) {
		list = script_need(script, "a key number");
	}
	while ((number = value_item(&list))) {
		station_give_key(scenario, station,
			(uint16_t)value_number_of(script, number, "a key number", 0, UINT16_MAX));
	}
	station->hears = HEARS_ALL;
	if (script_take(script, "hears")) {
		station->hears = script_take(script, "nobody") ? 0 : scenario_stations(scenario);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*act)(struct scenario *scenario);
} declarations[] = {
	{ "format", set_format },
	{ "clock", set_clock },
	{ "cut", set_cut },
	{ "frames", set_frames },
	{ "ckn", set_ckn },
	{ "key", add_key },
	{ "proposal", add_proposal },
	{ "association", add_association },
	{ "channel-key", add_channel_key },
	{ "link", add_link },
	{ "station", add_station },
};

bool setup_line(struct scenario *scenario, const char *verb)
{
	for (size_t i = 0; i < sizeof(declarations) / sizeof(declarations[0]); i++) {
		if (strcmp(declarations[i].name, verb) == 0) {
			declarations[i].act(scenario);
			return true;
		}
	}
	return false;
}
