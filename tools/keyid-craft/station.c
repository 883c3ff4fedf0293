#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "tools/keyid-craft/scenario.h"

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

void station_start(struct scenario *scenario, struct station *station)
{
	struct link_config config = { .heartbeat_ms = station->wire->heartbeat_ms,
		.message_max = MESSAGE_MAX_RAW };
	uint8_t identifier[MEMBER_ID_LEN];

	memcpy(config.association, station->wire->association->id, ASSOCIATION_ID_LEN);
	station->starts++;
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

	if (edits_apply(
		    &scenario->script, edits, frame->body, &frame->body_len, sizeof(frame->body))) {
		size_t signed_len = frame->body_len - MESSAGE_HMAC_LEN;

		auth_sign(auth, frame->body, signed_len, frame->body + signed_len);
	}
}

void station_address(
	const struct scenario *scenario, const struct station *station, struct packet *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->sender = station;
	frame->wire = station->wire;
	frame->format = scenario->ethernet;
	memcpy(frame->source, station->address, ETHERNET_ADDRESS_LEN);
	memcpy(frame->destination, scenario->destination, ETHERNET_ADDRESS_LEN);
	if (station->wire->vlan != 0) {
		frame->tag = (struct packet_tag){ true, 0x8100, station->wire->vlan };
	}
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

/* ---- hearing --------------------------------------------------------------------------------- */

void station_hear(struct scenario *scenario, struct station *station,
	const struct packet_octets *frame, unsigned long number)
{
	struct message_content content;
	struct link *link = &station->link;
	struct ethernet_header header;
	struct link_receipt receipt;
	const uint8_t *message;
	enum verdict verdict;
	size_t len;

	if (ethernet_parse(
		    &scenario->ethernet, frame->octets, frame->len, &header, &message, &len) != 0) {
		verdict = VERDICT_NOT_OURS;
		link_count(link, verdict);
	} else if (header.vlan != station->wire->vlan) {
		return;
	} else {
		verdict = link_receive(
			link, scenario_now_ms(scenario), message, len, &receipt, &content);
	}
	if (scenario->show_verdicts) {
		printf("%lu %s %s\n", number, station->name, verdict_name(verdict));
	}
}
