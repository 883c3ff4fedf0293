/* Receiving: docs/protocol.md sections 4.1 to 4.3. Sending is in link_send.c. */
#include "l2proto/link.h"

#include <string.h>

#include "l2proto/link_private.h"

static const char *const verdict_names[VERDICT_ALL] = {
	[VERDICT_ACCEPTED] = "accepted",
	[VERDICT_NOT_OURS] = "not-ours",
	[VERDICT_MALFORMED] = "malformed",
	[VERDICT_UNKNOWN_ASSOCIATION] = "unknown-association",
	[VERDICT_UNKNOWN_CHANNEL_KEY] = "unknown-channel-key",
	[VERDICT_REFLECTED] = "reflected",
	[VERDICT_BAD_ICV] = "bad-icv",
	[VERDICT_DUPLICATE] = "duplicate",
	[VERDICT_REPLAYED] = "replayed",
	[VERDICT_NOT_LISTED] = "not-listed",
	[VERDICT_TABLE_FULL] = "table-full",
	[VERDICT_BAD_CONTENT] = "bad-content",
	[VERDICT_OVERLOAD] = "overload",
	[VERDICT_TRUNCATED] = "truncated",
	[VERDICT_UNVERIFIED] = "unverified",
	[VERDICT_SENT] = "sent",
	[VERDICT_UNKNOWN_FRESHNESS] = "unknown-freshness",
};

const char *carrier_name(enum carrier carrier)
{
	return carrier == CARRIER_LLDP ? "lldp" : "raw";
}

const char *verdict_name(enum verdict verdict)
{
	return verdict < VERDICT_ALL ? verdict_names[verdict] : "unknown";
}

void link_init(struct link *link, const struct link_config *config,
	const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms)
{
	memset(link, 0, sizeof(*link));
	link->config = *config;
	link_renew(link, member, now_ms);
}

void link_renew(struct link *link, const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms)
{
	memcpy(link->member, member, MEMBER_ID_LEN);
	link->number = 0;
	link->changed_number = 0;
	memset(link->sent_first, 0, sizeof(link->sent_first));
	memset(link->sent_bucket, 0, sizeof(link->sent_bucket));
	memset(link->live, 0, sizeof(link->live));
	memset(link->fresh, 0, sizeof(link->fresh));
	link_changed(link, now_ms);
}

void link_set_keys(struct link *link, const struct link_key *keys, size_t count)
{
	memset(link->keys, 0, sizeof(link->keys));
	memcpy(link->keys, keys, (count < LINK_KEYS_MAX ? count : LINK_KEYS_MAX) * sizeof(*keys));
}

uint32_t link_config_life_ms(const struct link_config *config)
{
	return config->life_ms ? config->life_ms : config->heartbeat_ms * LINK_LIFE_HEARTBEATS;
}

uint32_t link_life_ms(const struct link *link)
{
	return link_config_life_ms(&link->config);
}

bool link_station_is_live(
	const struct link *link, const struct link_station *station, uint64_t now_ms)
{
	return station->used && now_ms - station->heard_ms <= link_life_ms(link);
}

/* As strchr(3): const comes in, and the caller knows whether he may write. */
static struct link_station *find_station(
	const struct link_station *table, size_t size, const uint8_t member[static MEMBER_ID_LEN])
{
	for (size_t i = 0; i < size; i++) {
		if (table[i].used && memcmp(table[i].member, member, MEMBER_ID_LEN) == 0) {
			return (struct link_station *)&table[i];
		}
	}
	return NULL;
}

bool link_station_live(
	const struct link *link, const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms)
{
	const struct link_station *station = find_station(link->live, LINK_LIVE_MAX, member);

	return station && link_station_is_live(link, station, now_ms);
}

size_t link_live_count(const struct link *link, uint64_t now_ms)
{
	size_t count = 0;

	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		count += link_station_is_live(link, &link->live[i], now_ms);
	}
	return count;
}

static struct auth *find_key(const struct link *link, uint16_t number)
{
	for (size_t i = 0; i < LINK_KEYS_MAX; i++) {
		if (link->keys[i].auth && link->keys[i].number == number) {
			return link->keys[i].auth;
		}
	}
	return NULL;
}

/* The lowest of our numbers that was sent within LIFE (to a sixteenth); UINT64_MAX if none was. */
static uint64_t oldest_fresh_number(const struct link *link, uint64_t now_ms)
{
	uint64_t now_bucket = link_bucket(link, now_ms);
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < LINK_SENT_BUCKETS; i++) {
		if (link->sent_bucket[i] != 0 &&
			now_bucket - link->sent_bucket[i] < LINK_SENT_BUCKETS &&
			link->sent_first[i] < oldest) {
			oldest = link->sent_first[i];
		}
	}
	return oldest;
}

uint32_t link_listed_number(const struct link *link, uint64_t now_ms, const uint8_t *octets,
	const struct message_header *header)
{
	for (size_t i = 0; i < header->station_count; i++) {
		struct station_heard station = message_station(octets, i);

		if (memcmp(station.member, link->member, MEMBER_ID_LEN) == 0) {
			bool is_fresh = station.number >= oldest_fresh_number(link, now_ms) &&
					station.number <= link->number;

			return is_fresh ? station.number : 0;
		}
	}
	return 0;
}

static void heard(
	struct link_station *station, const struct message_header *header, uint64_t now_ms)
{
	station->used = true;
	memcpy(station->member, header->member, MEMBER_ID_LEN);
	station->number = header->number;
	station->newest_key_number = header->newest_key_number;
	station->heard_ms = now_ms;
}

/* A free place in the table of live stations, or one whose station is gone. */
static struct link_station *live_place(struct link *link, uint64_t now_ms)
{
	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		if (!link_station_is_live(link, &link->live[i], now_ms)) {
			memset(&link->live[i], 0, sizeof(link->live[i]));
			return &link->live[i];
		}
	}
	return NULL;
}

/*
 * An unproven station takes a free place, or that of the one heard longest ago of
 * those that have had their chance: a flood must not push out who was never listed.
 */
static struct link_station *fresh_place(struct link *link)
{
	struct link_station *oldest = NULL;

	for (size_t i = 0; i < LINK_NEW_MAX; i++) {
		if (!link->fresh[i].used) {
			return &link->fresh[i];
		}
		if (link->fresh[i].listed &&
			(!oldest || link->fresh[i].heard_ms < oldest->heard_ms)) {
			oldest = &link->fresh[i];
		}
	}
	return oldest;
}

/* From an unproven station to a live one; link->live has room. */
static struct link_station *prove(struct link *link, struct link_station *station,
	struct link_station *place, uint64_t now_ms)
{
	memset(place, 0, sizeof(*place));
	if (station) {
		memset(station, 0, sizeof(*station));
	}
	place->proven_ms = now_ms;
	/* It waits for our list as we waited for its own: answer at once. */
	link_changed(link, now_ms);
	return place;
}

/* The checks that come before the HMAC: only the fixed header is looked at. */
static enum verdict check_header(
	const struct link *link, const struct message_header *header, struct auth **auth)
{
	*auth = find_key(link, header->key_number);
	if (!*auth) {
		return VERDICT_UNKNOWN_CHANNEL_KEY;
	}
	if (memcmp(header->member, link->member, MEMBER_ID_LEN) == 0) {
		return VERDICT_REFLECTED;
	}
	return VERDICT_ACCEPTED;
}

static enum verdict check_number(
	const struct link_station *station, const struct message_header *header)
{
	if (station && header->number == station->number) {
		return VERDICT_DUPLICATE;
	}
	return station && header->number < station->number ? VERDICT_REPLAYED : VERDICT_ACCEPTED;
}

/* Authentic, but not proven fresh: remember its number, so that it is listed, and answer. */
static enum verdict receive_unproven(struct link *link, uint64_t now_ms,
	struct link_station *station, const struct message_header *header)
{
	if (!station) {
		station = fresh_place(link);
		if (station) {
			memset(station, 0, sizeof(*station));
		}
	}
	if (station) {
		heard(station, header, now_ms);
	}
	link_trigger(link, now_ms);
	return VERDICT_NOT_LISTED;
}

enum verdict link_take(
	struct link *link, uint64_t now_ms, const uint8_t *octets, struct link_receipt *receipt)
{
	const struct message_header *header = &receipt->header;
	struct link_station *live = find_station(link->live, LINK_LIVE_MAX, header->member);
	struct link_station *station =
		live ? live : find_station(link->fresh, LINK_NEW_MAX, header->member);
	uint32_t listed = link_listed_number(link, now_ms, octets, header);
	enum verdict verdict = check_number(station, header);

	if (verdict != VERDICT_ACCEPTED) {
		return verdict;
	}
	if (listed == 0) {
		/* A live station's last proof stays what counts: its number moves, its life does
		 * not. */
		if (live) {
			live->number = header->number;
			link_trigger(link, now_ms);
			return VERDICT_NOT_LISTED;
		}
		return receive_unproven(link, now_ms, station, header);
	}
	if (!live) {
		live = live_place(link, now_ms);
		if (!live) {
			return VERDICT_TABLE_FULL;
		}
		live = prove(link, station, live, now_ms);
		receipt->station_new = true;
	}
	heard(live, header, now_ms);
	live->acknowledged = listed;
	link_acknowledged(link, now_ms);
	return VERDICT_ACCEPTED;
}

enum verdict link_authenticate(const struct link *link, const uint8_t *octets, size_t len,
	struct link_receipt *receipt, size_t *message_len)
{
	struct auth *auth;
	enum verdict verdict;

	memset(receipt, 0, sizeof(*receipt));
	receipt->malformed = message_read_header(octets, len, &receipt->header, message_len);
	if (receipt->malformed) {
		return VERDICT_MALFORMED;
	}
	if (memcmp(receipt->header.association, link->config.association, ASSOCIATION_ID_LEN) !=
		0) {
		return VERDICT_UNKNOWN_ASSOCIATION;
	}
	verdict = check_header(link, &receipt->header, &auth);
	if (verdict != VERDICT_ACCEPTED) {
		return verdict;
	}
	return auth_verify(auth, octets, *message_len - MESSAGE_HMAC_LEN,
		       octets + *message_len - MESSAGE_HMAC_LEN)
		       ? VERDICT_ACCEPTED
		       : VERDICT_BAD_ICV;
}

static enum verdict judge(struct link *link, uint64_t now_ms, const uint8_t *octets, size_t len,
	struct link_receipt *receipt, struct message_content *content)
{
	size_t message_len;
	enum verdict verdict = link_authenticate(link, octets, len, receipt, &message_len);

	if (verdict == VERDICT_ACCEPTED) {
		verdict = link_take(link, now_ms, octets, receipt);
	}
	if (verdict != VERDICT_ACCEPTED) {
		return verdict;
	}
	receipt->malformed = message_read_content(octets, message_len, content);
	if (receipt->malformed) {
		return VERDICT_BAD_CONTENT;
	}
	if (receipt->header.reply_wanted) {
		link_reply(link, now_ms);
	}
	return VERDICT_ACCEPTED;
}

enum verdict link_receive(struct link *link, uint64_t now_ms, const uint8_t *octets, size_t len,
	struct link_receipt *receipt, struct message_content *content)
{
	enum verdict verdict = judge(link, now_ms, octets, len, receipt, content);

	link_count(link, verdict);
	if (receipt->malformed) {
		link->malformed[receipt->malformed]++;
	}
	return verdict;
}

bool link_note_carrier(struct link *link, uint64_t now_ms, const struct message_header *header,
	enum carrier carrier)
{
	struct link_station *station = find_station(link->live, LINK_LIVE_MAX, header->member);

	if (!station || header->number > station->number ||
		header->number <= station->carried_number[carrier]) {
		return false;
	}
	station->carried_number[carrier] = header->number;
	station->carried_ms[carrier] = now_ms;
	return true;
}

void link_count(struct link *link, enum verdict verdict)
{
	link->received[verdict]++;
}
