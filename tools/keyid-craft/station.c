#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "l2proto/frame.h"
#include "tools/keyid-craft/scenario.h"

#define TTL_INTERVALS 4 /* that a neighbour keeps what it heard: msgTxHold of IEEE 802.1AB */

uint64_t scenario_now_ms(const struct scenario *scenario)
{
	return (uint64_t)scenario->clock_s * 1000 + scenario->now_ns / 1000000;
}

/* Random to the protocol; here the same each time that the scenario is acted. */
static void make_identifier(const struct station *station, uint8_t out[static MEMBER_ID_LEN])
{
	char text[2 * NAME_MAX_LEN + 32];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	int len = snprintf(text, sizeof(text), "%s %s %u", station->wire->name, station->name,
		station->starts);

	SHA256((const uint8_t *)text, (size_t)len, digest);
	memcpy(out, digest, MEMBER_ID_LEN);
}

static bool uses_lldp(const struct station *station)
{
	return station->carriers & 1 << CARRIER_LLDP;
}

/* It is one for all links of an association, and longer if one of them uses LLDP: section 1.1. */
static uint32_t life_ms(const struct scenario *scenario, const struct wire *wire)
{
	uint32_t longest_ms = wire->heartbeat_ms;

	for (size_t i = 0; i < scenario->wire_count; i++) {
		const struct wire *other = &scenario->wires[i];
		uint32_t interval_ms = scenario->transport.lldp_interval_s * 1000;

		if (other->association == wire->association &&
			other->carriers & 1 << CARRIER_LLDP && interval_ms > longest_ms) {
			longest_ms = interval_ms;
		}
	}
	return LINK_LIFE_HEARTBEATS * longest_ms;
}

void station_start(struct scenario *scenario, struct station *station)
{
	struct link_config config = { .heartbeat_ms = station->wire->heartbeat_ms,
		.life_ms = life_ms(scenario, station->wire),
		.message_max = uses_lldp(station) ? MESSAGE_MAX_LLDP : MESSAGE_MAX_RAW };
	uint8_t identifier[MEMBER_ID_LEN];

	memcpy(config.association, station->wire->association->id, ASSOCIATION_ID_LEN);
	station->starts++;
	station->stopped = false;
	station->lldp_ms = 0;
	make_identifier(station, identifier);
	link_init(&station->link, &config, identifier, scenario_now_ms(scenario));
	link_set_keys(&station->link, station->keys, station->key_count);
}

/* ---- channel keys ---------------------------------------------------------------------------- */

static const struct secret *find_secret(const struct association *association, uint16_t number)
{
	for (size_t i = 0; i < association->key_count; i++) {
		if (association->keys[i].number == number) {
			return &association->keys[i].octets;
		}
	}
	return NULL;
}

static struct link_key *find_held(struct station *station, uint16_t number)
{
	for (size_t i = 0; i < station->key_count; i++) {
		if (station->keys[i].number == number) {
			return &station->keys[i];
		}
	}
	return NULL;
}

void station_give_key(struct scenario *scenario, struct station *station, uint16_t number)
{
	const struct wire *wire = station->wire;
	const struct secret *secret = find_secret(wire->association, number);
	struct link_key *key = &station->keys[station->key_count];

	if (!secret) {
		script_error(&scenario->script, "association %s has no channel key %u",
			wire->association->name, number);
		return;
	}
	if (station->key_count == LINK_KEYS_MAX || find_held(station, number)) {
		script_error(&scenario->script, "%s holds %s", station->name,
			station->key_count == LINK_KEYS_MAX ? "two channel keys already"
							    : "that channel key already");
		return;
	}
	key->number = number;
	key->auth = auth_new(secret, wire->association->name, wire->name, number);
	if (!key->auth) {
		script_error(&scenario->script, "no memory");
		return;
	}
	station->key_count++;
	link_set_keys(&station->link, station->keys, station->key_count);
}

void station_take_key(struct scenario *scenario, struct station *station, uint16_t number)
{
	struct link_key *key = find_held(station, number);

	if (!key) {
		script_error(&scenario->script, "%s does not hold channel key %u", station->name,
			number);
		return;
	}
	auth_free(key->auth);
	station->key_count--;
	*key = station->keys[station->key_count];
	link_set_keys(&station->link, station->keys, station->key_count);
}

/* ---- speaking -------------------------------------------------------------------------------- */

/* The key that a sealed message names. */
static struct auth *signing_key(struct station *station, const uint8_t *message)
{
	struct message_header header;
	size_t len;

	if (message_read_header(message, PACKET_BODY_MAX, &header, &len) != MALFORMED_NOT) {
		return NULL;
	}
	return find_held(station, header.key_number)->auth;
}

static void apply_edits(struct scenario *scenario, struct station *station,
	const struct edits *edits, struct packet *frame)
{
	struct auth *auth = signing_key(station, frame->body);
	size_t max = frame->carriers & 1 << CARRIER_LLDP ? MESSAGE_MAX_RAW : sizeof(frame->body);

	if (edits_apply(&scenario->script, edits, frame->body, &frame->body_len, max)) {
		size_t signed_len = frame->body_len - MESSAGE_HMAC_LEN;

		auth_sign(auth, frame->body, signed_len, frame->body + signed_len);
	}
}

static void introduce(
	const struct scenario *scenario, const struct station *station, struct packet_agent *agent)
{
	memcpy(agent->chassis, station->address, ETHERNET_ADDRESS_LEN);
	snprintf(agent->port, sizeof(agent->port), "keyidd %s/%s", station->wire->association->name,
		station->wire->name);
	agent->ttl_s = (uint16_t)(TTL_INTERVALS * scenario->transport.lldp_interval_s + 1);
	memcpy(agent->system_name, station->system_name, sizeof(station->system_name));
}

void station_address(
	const struct scenario *scenario, const struct station *station, struct packet *frame)
{
	const struct config_transport *transport = &scenario->transport;

	memset(frame, 0, sizeof(*frame));
	frame->sender = station;
	frame->wire = station->wire;
	frame->carriers = station->carriers;
	frame->format = transport->frame;
	introduce(scenario, station, &frame->agent);
	memcpy(frame->source, station->address, ETHERNET_ADDRESS_LEN);
	memcpy(frame->destination[CARRIER_RAW], transport->destination, ETHERNET_ADDRESS_LEN);
	memcpy(frame->destination[CARRIER_LLDP], transport->lldp_destination, ETHERNET_ADDRESS_LEN);
	if (station->wire->vlan != 0) {
		frame->tag = (struct packet_tag){ true, 0x8100, station->wire->vlan };
	}
}

void station_stop(struct scenario *scenario, struct station *station, struct packet *frame)
{
	station->stopped = true;
	station_address(scenario, station, frame);
	frame->carriers &= 1 << CARRIER_LLDP;
	frame->agent.ttl_s = 0;
}

void station_say(struct scenario *scenario, struct station *station,
	const struct message_content *content, const struct edits *edits, struct packet *frame)
{
	uint64_t now_ms = scenario_now_ms(scenario);
	int len;

	if (content) {
		station->content = *content;
		link_changed(&station->link, now_ms);
	}
	len = link_seal(&station->link, now_ms, &station->content, frame->body, MESSAGE_MAX_RAW);
	if (len < 0) {
		script_error(&scenario->script, "%s cannot say that: %s", station->name,
			len == -EMSGSIZE    ? "the message is too long"
			: len == -ENOKEY    ? "it holds no channel key"
			: len == -EOVERFLOW ? "it has no message number left"
					    : strerror(-len));
		return;
	}
	frame->body_len = (size_t)len;
	if (edits && edits->count > 0) {
		apply_edits(scenario, station, edits, frame);
	}
}

void station_note_lldp(
	struct scenario *scenario, struct station *station, bool may_wait, struct packet *frame)
{
	uint64_t now_ms = scenario_now_ms(scenario);
	uint64_t next_ms = now_ms + station->wire->heartbeat_ms;
	uint64_t due_ms = station->lldp_ms + scenario->transport.lldp_interval_s * UINT64_C(1000);

	if (!(frame->carriers & 1 << CARRIER_LLDP)) {
		return;
	}
	if (may_wait && station->link.is_idle && next_ms <= due_ms) {
		frame->carriers &= ~(1u << CARRIER_LLDP);
		return;
	}
	station->lldp_ms = now_ms;
}

/* ---- hearing --------------------------------------------------------------------------------- */

void station_hear(struct scenario *scenario, struct station *station,
	const struct packet_octets *octets, unsigned long number)
{
	struct message_content content;
	struct link *link = &station->link;
	struct frame_format format = scenario->transport.frame;
	struct link_receipt receipt;
	struct frame frame;
	enum verdict verdict;

	format.reads_lldp = uses_lldp(station);
	verdict = frame_read(&format, octets->octets, octets->len, &frame);
	if (verdict == VERDICT_ACCEPTED && !(station->carriers & 1 << frame.carrier)) {
		verdict = VERDICT_NOT_OURS;
	}
	if (verdict == VERDICT_ACCEPTED) {
		if (frame.ethernet.vlan != station->wire->vlan) {
			return;
		}
		verdict = link_receive(link, scenario_now_ms(scenario), frame.message, frame.len,
			&receipt, &content);
	}
	if (scenario->show_verdicts) {
		printf("%lu %s %s\n", number, station->name, verdict_name(verdict));
	}
}
