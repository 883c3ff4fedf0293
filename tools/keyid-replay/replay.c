#include "tools/keyid-replay/replay.h"

#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* So that LIFE before the first frame is a time as well: links count from above 0. */
#define BEGIN_MS UINT64_C(1000000)

const enum verdict replay_verdict_order[VERDICT_ALL] = { VERDICT_NOT_OURS, VERDICT_TRUNCATED,
	VERDICT_MALFORMED, VERDICT_UNKNOWN_ASSOCIATION, VERDICT_UNKNOWN_CHANNEL_KEY,
	VERDICT_UNVERIFIED, VERDICT_SENT, VERDICT_REFLECTED, VERDICT_BAD_ICV, VERDICT_DUPLICATE,
	VERDICT_REPLAYED, VERDICT_NOT_LISTED, VERDICT_UNKNOWN_FRESHNESS, VERDICT_TABLE_FULL,
	VERDICT_BAD_CONTENT, VERDICT_ACCEPTED, VERDICT_OVERLOAD };

void replay_init(struct replay *replay, struct site *site, const struct sae_id *view, bool details)
{
	memset(replay, 0, sizeof(*replay));
	replay->site = site;
	replay->view = view;
	replay->details = details;
}

/* Monotonic milliseconds for a time of day. */
static uint64_t now(struct replay *replay, int64_t time_ns)
{
	if (!replay->begun) {
		replay->begun = true;
		replay->last_ns = time_ns;
		site_begin(replay->site, replay->view, BEGIN_MS + (uint64_t)(time_ns / NS_PER_MS));
	}
	/* Both lie between 1970 and 2262; steps ahead and back could add up to more. */
	if (__builtin_add_overflow(time_ns, replay->offset_ns, &time_ns)) {
		time_ns = replay->last_ns;
	}
	if (time_ns < replay->last_ns) {
		replay->went_back += replay->last_ns - time_ns > NS_PER_S;
		replay->offset_ns += replay->last_ns - time_ns;
		time_ns = replay->last_ns;
	}
	replay->last_ns = time_ns;
	return BEGIN_MS + (uint64_t)(time_ns / NS_PER_MS);
}

/* A frame of which less was captured than was sent says nothing of what was sent. */
static enum verdict when_cut(const struct record *record, enum verdict verdict)
{
	enum malformed at_its_end = record->frame.carrier == CARRIER_LLDP ? MALFORMED_LLDP_TRUNCATED
									  : MALFORMED_TRUNCATED;
	bool ends_early = (verdict == VERDICT_NOT_OURS && record->frame.is_short) ||
			  (verdict == VERDICT_MALFORMED && record->frame.malformed == at_its_end);

	return ends_early && record->captured.len < record->captured.wire_len ? VERDICT_TRUNCATED
									      : verdict;
}

static void note_events(struct site_link *link, struct record *record)
{
	bool believed = record->verdict == VERDICT_ACCEPTED || record->verdict == VERDICT_SENT ||
			record->verdict == VERDICT_UNVERIFIED ||
			record->verdict == VERDICT_UNKNOWN_FRESHNESS;

	if (record->observation.station_new) {
		events_station(&record->events, &record->observation.sae);
	}
	if (believed && record->observation.readable) {
		events_of(&link->history, &record->content, &record->events);
	}
}

static enum verdict judge(struct replay *replay, uint64_t now_ms, struct record *record)
{
	const struct capture_frame *captured = &record->captured;
	enum verdict verdict = when_cut(
		record, frame_read(&replay->site->config.transport.frame, captured->octets,
				captured->len, &record->frame));
	struct site_link *link;

	if (verdict != VERDICT_ACCEPTED) {
		return verdict;
	}
	link = site_find(
		replay->site, record->frame.header.association, record->frame.ethernet.vlan);
	if (!link) {
		return VERDICT_UNKNOWN_ASSOCIATION;
	}
	if (!(link->carriers & 1 << record->frame.carrier)) {
		return VERDICT_NOT_OURS;
	}
	record->link = link;
	record->verdict = observer_receive(link->observer, now_ms, &record->frame, replay->details,
		&record->observation, &record->content);
	if (replay->details) {
		note_events(link, record);
	}
	return record->verdict;
}

void replay_frame(struct replay *replay, struct record *record)
{
	uint64_t now_ms = now(replay, record->captured.time_ns);

	record->link = NULL;
	record->events.count = 0;
	memset(&record->observation, 0, sizeof(record->observation));
	record->verdict = judge(replay, now_ms, record);
	replay->frames++;
	replay->verdicts[record->verdict]++;
}
