/*
 * A link that is fed with whatever an insider could send: the input is a script of
 * steps (time passes, we speak, a message comes, signed or not, listing us or not,
 * an old one comes again, channel keys change). It must hold that
 *
 *   - a message without a right HMAC changes nothing but counters;
 *   - the same octets are never accepted twice (protocol.md section 4.3);
 *   - every message counts once, and what we send is well-formed, signed, and
 *     lists every live station.
 */
#include <stdlib.h>
#include <string.h>

#include "l2proto/link.h"
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/link_state.h"
#include "tests/fuzz/lib/script.h"

#define HEARTBEAT_MS 1000
#define MESSAGES_KEPT 64
#define KEYS 3
#define STRANGERS 64  /* member identifiers that the script can name */
#define OWN_NAME 0xff /* and the link's own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct kept {
	uint8_t octets[MESSAGE_MAX_RAW];
	size_t len;
	bool accepted;
};

struct world {
	struct link link;
	uint64_t now_ms;
	uint64_t messages;
	struct kept kept[MESSAGES_KEPT];
	size_t kept_count;
};

static struct auth *auths[KEYS];
static struct world world;

static void make_keys(void)
{
	struct secret key = { .len = CHANNEL_KEY_LEN };

	for (uint16_t i = 0; !auths[i % KEYS] && i < KEYS; i++) {
		key.bytes[0] = (uint8_t)i;
		auths[i] = auth_new(&key, "span-1", "span-1", i);
		check(auths[i] != NULL);
	}
}

static void set_keys(struct world *w, uint8_t choice)
{
	uint16_t first = choice % KEYS, second = (uint16_t)((choice + 1) % KEYS);
	struct link_key keys[] = { { first, auths[first] }, { second, auths[second] } };

	link_set_keys(&w->link, keys, choice & 0x80 ? 2 : 1);
}

static enum verdict receive(struct world *w, const uint8_t *octets, size_t len)
{
	static struct message_content content;
	struct link before = link_without_counters(&w->link), after;
	struct link_receipt receipt;
	enum verdict verdict = link_receive(&w->link, w->now_ms, octets, len, &receipt, &content);

	after = link_without_counters(&w->link);
	w->messages++;
	check(verdict < VERDICT_COUNT);
	if (link_verdict_changes_nothing(verdict)) {
		check(memcmp(&before, &after, sizeof(before)) == 0);
	}
	if (verdict == VERDICT_ACCEPTED || verdict == VERDICT_BAD_CONTENT) {
		check(link_station_live(&w->link, receipt.header.member, w->now_ms));
	}
	return verdict;
}

static void receive_kept(struct world *w, size_t which)
{
	struct kept *kept = &w->kept[which % MESSAGES_KEPT];
	enum verdict verdict = receive(w, kept->octets, kept->len);

	check(!(verdict == VERDICT_ACCEPTED && kept->accepted));
	kept->accepted = kept->accepted || verdict == VERDICT_ACCEPTED;
}

/* Header and list by the script; its octets as TLVs; a right HMAC unless it says otherwise. */
static void forge(struct world *w, struct script *script)
{
	static const struct message_content empty;
	struct kept *kept = &w->kept[w->kept_count++ % MESSAGES_KEPT];
	struct message_header header = { 0 };
	struct station_heard stations[STATIONS_MAX] = { { { 0 }, 0 } };
	uint8_t choice = script_take(script), name;
	size_t tlvs_len = script_take(script), at;

	memcpy(header.association, w->link.config.association, ASSOCIATION_ID_LEN);
	header.key_number = choice & 3;
	header.newest_key_number = script_take(script);
	name = script_take(script);
	header.member[0] = name == OWN_NAME ? w->link.member[0] : (uint8_t)(1 + name % STRANGERS);
	header.number = script_take(script);
	header.reply_wanted = choice & 4;
	header.station_count = choice >> 3 & 3;
	if (header.station_count > 0) { /* us, with a number near our last */
		memcpy(stations[header.station_count - 1].member, w->link.member, MEMBER_ID_LEN);
		stations[header.station_count - 1].number = w->link.number -
							    script_take(script) % 16;
	}
	check(message_write(&header, stations, &empty, kept->octets, sizeof(kept->octets)) > 0);
	at = MESSAGE_HEADER_LEN + header.station_count * (size_t)MESSAGE_STATION_LEN;
	for (size_t i = 0; i < tlvs_len; i++) {
		kept->octets[at++] = script_take(script);
	}
	kept->len = at + MESSAGE_HMAC_LEN;
	kept->octets[2] = (uint8_t)(kept->len >> 8);
	kept->octets[3] = (uint8_t)kept->len;
	check(auth_sign(auths[header.key_number % KEYS], kept->octets, at, kept->octets + at));
	if (choice & 0x80) {
		kept->octets[script_take(script) % kept->len] ^= (uint8_t)(1u << (choice >> 5 & 3));
	}
	kept->accepted = false;
	receive_kept(w, w->kept_count - 1);
}

static void receive_raw(struct world *w, struct script *script)
{
	size_t len = script_take(script);

	len = len < script->left ? len : script->left;
	check(receive(w, script->at, len) != VERDICT_ACCEPTED);
	script->at += len;
	script->left -= len;
}

static bool lists(const uint8_t *octets, size_t count, const uint8_t *member)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(message_station(octets, i).member, member, MEMBER_ID_LEN) == 0) {
			return true;
		}
	}
	return false;
}

static void speak(struct world *w, size_t max)
{
	static const struct message_content empty;
	uint8_t octets[MESSAGE_MAX_RAW];
	struct message_header header;
	size_t message_len;
	int len = link_seal(&w->link, w->now_ms, &empty, octets, max);

	check(link_next_due(&w->link) > w->now_ms);
	if (len < 0) {
		return;
	}
	check((size_t)len <= max);
	check(message_read_header(octets, (size_t)len, &header, &message_len) == MALFORMED_NOT);
	check(message_len == (size_t)len && header.number == w->link.number);
	check(auth_verify(auths[header.key_number], octets, message_len - MESSAGE_HMAC_LEN,
		octets + message_len - MESSAGE_HMAC_LEN));
	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		check(!w->link.live[i].used ||
			lists(octets, header.station_count, w->link.live[i].member));
	}
}

static void step(struct world *w, struct script *script)
{
	switch (script_take(script) % 9) {
	case 0:
		w->now_ms += script_take(script);
		break;
	case 1:
		w->now_ms += script_take(script) * UINT64_C(100);
		break;
	case 2:
		speak(w, MESSAGE_MAX_RAW);
		break;
	case 3:
		speak(w, MESSAGE_MIN + script_take(script));
		break;
	case 4:
	case 5:
		forge(w, script);
		break;
	case 6:
		if (w->kept_count > 0) {
			receive_kept(w, script_take(script) % w->kept_count);
		}
		break;
	case 7:
		receive_raw(w, script);
		break;
	case 8:
		set_keys(w, script_take(script));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };
	static const uint8_t member[MEMBER_ID_LEN] = { 0xff };
	struct script script = { data, size };
	uint64_t counted = 0;

	make_keys();
	memset(&world, 0, sizeof(world));
	world.now_ms = 100000;
	association_id("span-1", config.association);
	link_init(&world.link, &config, member, world.now_ms);
	set_keys(&world, 0x80);
	while (script.left > 0) {
		step(&world, &script);
	}
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		counted += world.link.received[i];
	}
	check(counted == world.messages);
	check(link_live_count(&world.link, world.now_ms) <= LINK_LIVE_MAX);
	return 0;
}
