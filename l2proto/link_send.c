/* Sending: docs/protocol.md section 4.4. */
#include "l2proto/link_private.h"

#include <errno.h>
#include <string.h>

#define REPEAT_MIN_MS 50   /* first repetition of what is not acknowledged; doubles */
#define REPLY_DELAY_MS 5   /* a reply waits so long for content of its own to go with it */
#define TRIGGER_GAP_MS 250 /* between advertisements that unproven stations trigger */
#define CHANGE_GAP_MS 10   /* between changes, in the long run */
#define CHANGES_AT_ONCE 16u

uint64_t link_bucket(const struct link *link, uint64_t now_ms)
{
	uint64_t width = link_life_ms(link) / LINK_SENT_BUCKETS;

	return now_ms / (width ? width : 1) + 1;
}

static void prompt_by(struct link *link, uint64_t when_ms)
{
	if (when_ms < link->prompt_ms) {
		link->prompt_ms = when_ms;
	}
}

void link_changed(struct link *link, uint64_t now_ms)
{
	uint64_t ahead_ms = CHANGES_AT_ONCE * CHANGE_GAP_MS;

	link->change_pending = true;
	prompt_by(link, link->change_paid_ms > now_ms + ahead_ms ? link->change_paid_ms - ahead_ms
								 : now_ms);
}

/* What goes with a reply is paid for as well, but no debt is left behind. */
static void pay_for_change(struct link *link, uint64_t now_ms)
{
	uint64_t from_ms = link->change_paid_ms > now_ms ? link->change_paid_ms : now_ms;

	link->change_paid_ms = from_ms + CHANGE_GAP_MS;
	if (link->change_paid_ms > now_ms + (CHANGES_AT_ONCE + 1) * CHANGE_GAP_MS) {
		link->change_paid_ms = now_ms + (CHANGES_AT_ONCE + 1) * CHANGE_GAP_MS;
	}
}

void link_trigger(struct link *link, uint64_t now_ms)
{
	uint64_t earliest = link->triggered_ms + TRIGGER_GAP_MS;

	if (link->triggered_ms > now_ms) {
		earliest = link->triggered_ms; /* planned, though another message may have come
						  before */
	} else if (link->triggered_ms == 0 || earliest < now_ms) {
		earliest = now_ms;
	}
	link->triggered_ms = earliest;
	prompt_by(link, earliest);
}

void link_reply(struct link *link, uint64_t now_ms)
{
	prompt_by(link, now_ms + REPLY_DELAY_MS);
}

size_t link_unacknowledged_count(const struct link *link, uint64_t now_ms)
{
	size_t count = 0;

	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		count += link_station_is_live(link, &link->live[i], now_ms) &&
			 link->live[i].acknowledged < link->changed_number;
	}
	return count;
}

/* Once everybody has the content, the next repetition is the heartbeat. */
void link_acknowledged(struct link *link, uint64_t now_ms)
{
	if (!link->change_pending && link->interval_ms < link->config.heartbeat_ms &&
		link_unacknowledged_count(link, now_ms) == 0) {
		link->repeat_ms += link->config.heartbeat_ms - link->interval_ms;
		link->interval_ms = link->config.heartbeat_ms;
	}
}

uint64_t link_next_due(const struct link *link)
{
	return link->prompt_ms < link->repeat_ms ? link->prompt_ms : link->repeat_ms;
}

/* The newest channel key that all stations heard in a table hold; no more than so_far. */
static uint16_t newest_common(const struct link *link, const struct link_station *table,
	size_t size, uint64_t now_ms, uint16_t so_far)
{
	for (size_t i = 0; i < size; i++) {
		if (link_station_is_live(link, &table[i], now_ms) &&
			table[i].newest_key_number < so_far) {
			so_far = table[i].newest_key_number;
		}
	}
	return so_far;
}

/*
 * The newest channel key that every station heard holds too. The oldest held if
 * there is none, or if nobody is heard: during a roll-over it reaches more.
 */
static const struct link_key *signing_key(const struct link *link, uint64_t now_ms)
{
	const struct link_key *best = NULL, *oldest = NULL;
	uint16_t common = UINT16_MAX;

	common = newest_common(link, link->live, LINK_LIVE_MAX, now_ms, common);
	common = newest_common(link, link->fresh, LINK_NEW_MAX, now_ms, common);
	for (size_t i = 0; i < LINK_KEYS_MAX; i++) {
		const struct link_key *key = &link->keys[i];

		if (!key->auth) {
			continue;
		}
		if (!oldest || key->number < oldest->number) {
			oldest = key;
		}
		if (key->number <= common && (!best || key->number > best->number)) {
			best = key;
		}
	}
	return best && common != UINT16_MAX ? best : oldest;
}

static uint16_t newest_key_number(const struct link *link)
{
	uint16_t newest = 0;

	for (size_t i = 0; i < LINK_KEYS_MAX; i++) {
		if (link->keys[i].auth && link->keys[i].number > newest) {
			newest = link->keys[i].number;
		}
	}
	return newest;
}

static void list_table(const struct link *link, uint64_t now_ms, const struct link_station *table,
	size_t size, struct station_heard *out, uint8_t *count)
{
	for (size_t i = 0; i < size; i++) {
		if (link_station_is_live(link, &table[i], now_ms)) {
			memcpy(out[*count].member, table[i].member, MEMBER_ID_LEN);
			out[*count].number = table[i].number;
			(*count)++;
		}
	}
}

static void forget_silent(
	struct link *link, struct link_station *table, size_t size, uint64_t now_ms)
{
	for (size_t i = 0; i < size; i++) {
		if (table[i].used && !link_station_is_live(link, &table[i], now_ms)) {
			memset(&table[i], 0, sizeof(table[i]));
		}
	}
}

/* Who has been silent for LIFE is forgotten. */
static void tidy_tables(struct link *link, uint64_t now_ms)
{
	forget_silent(link, link->live, LINK_LIVE_MAX, now_ms);
	forget_silent(link, link->fresh, LINK_NEW_MAX, now_ms);
}

static void note_sent(struct link *link, uint64_t now_ms)
{
	uint64_t bucket = link_bucket(link, now_ms);
	size_t slot = bucket % LINK_SENT_BUCKETS;

	if (link->sent_bucket[slot] != bucket) {
		link->sent_bucket[slot] = bucket;
		link->sent_first[slot] = link->number;
	}
	link->sent++;
	for (size_t i = 0; i < LINK_NEW_MAX; i++) {
		link->fresh[i].listed = link->fresh[i].used;
	}
}

void link_observe_sent(struct link *link, uint64_t now_ms, const struct message_header *header)
{
	if (memcmp(link->member, header->member, MEMBER_ID_LEN) != 0) {
		link_renew(link, header->member, now_ms);
	}
	tidy_tables(link, now_ms);
	link->number = header->number;
	note_sent(link, now_ms);
}

/* Is the next message a change or a repetition of our own, not only an answer to others? */
static bool own_turn(const struct link *link, uint64_t now_ms)
{
	return link->change_pending || now_ms >= link->repeat_ms;
}

static void plan_next(struct link *link, uint64_t now_ms)
{
	link->prompt_ms = UINT64_MAX;
	if (!own_turn(link, now_ms)) {
		return; /* an answer leaves our own timetable as it is */
	}
	if (link->change_pending) {
		link->change_pending = false;
		pay_for_change(link, now_ms);
		link->changed_number = link->number;
		link->interval_ms = REPEAT_MIN_MS;
	} else {
		link->interval_ms *= 2;
	}
	if (link_unacknowledged_count(link, now_ms) == 0 ||
		link->interval_ms > link->config.heartbeat_ms) {
		link->interval_ms = link->config.heartbeat_ms;
	}
	link->repeat_ms = now_ms + link->interval_ms;
}

/* The envelope of the next message; the live stations come first in the list. */
static void fill_header(struct link *link, uint64_t now_ms, const struct link_key *key,
	struct message_header *header, struct station_heard *stations, uint8_t *live_count)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->association, link->config.association, ASSOCIATION_ID_LEN);
	memcpy(header->member, link->member, MEMBER_ID_LEN);
	header->key_number = key->number;
	header->newest_key_number = newest_key_number(link);
	header->number = link->number;
	list_table(link, now_ms, link->live, LINK_LIVE_MAX, stations, &header->station_count);
	*live_count = header->station_count;
	list_table(link, now_ms, link->fresh, LINK_NEW_MAX, stations, &header->station_count);
}

/* For the present content, for an answer that goes with it, or to be listed and so proven. */
static bool somebody_waits(const struct link *link, uint64_t now_ms)
{
	for (size_t i = 0; i < LINK_NEW_MAX; i++) {
		if (link->fresh[i].used &&
			now_ms - link->fresh[i].heard_ms <= 2u * link->config.heartbeat_ms) {
			return true;
		}
	}
	return link->change_pending || link->prompt_ms != UINT64_MAX ||
	       link_unacknowledged_count(link, now_ms) > 0;
}

int link_seal(struct link *link, uint64_t now_ms, const struct message_content *content,
	uint8_t *out, size_t max)
{
	size_t limit = max < link->config.message_max ? max : link->config.message_max;
	const struct link_key *key;
	struct station_heard stations[STATIONS_MAX];
	struct message_header header;
	uint8_t live_count;
	bool asks;
	int len;

	tidy_tables(link, now_ms);
	key = signing_key(link, now_ms);
	if (!key) {
		link->repeat_ms = now_ms + link->config.heartbeat_ms;
		link->prompt_ms = UINT64_MAX;
		return -ENOKEY;
	}
	if (link->number == UINT32_MAX) {
		return -EOVERFLOW;
	}
	link->number++;
	note_sent(link, now_ms);
	/* An answer does not ask for another: a station that died would keep the rest answering. */
	asks = own_turn(link, now_ms);
	link->is_idle = asks && !somebody_waits(link, now_ms);
	plan_next(link, now_ms);
	fill_header(link, now_ms, key, &header, stations, &live_count);
	header.reply_wanted = asks && link_unacknowledged_count(link, now_ms) > 0;

	len = message_write(&header, stations, content, out, limit);
	while (len == -EMSGSIZE && header.station_count > live_count) {
		header.station_count--;
		len = message_write(&header, stations, content, out, limit);
	}
	if (len > 0 && !auth_sign(key->auth, out, (size_t)len - MESSAGE_HMAC_LEN,
			       out + len - MESSAGE_HMAC_LEN)) {
		return -ENOMEM;
	}
	return len;
}
