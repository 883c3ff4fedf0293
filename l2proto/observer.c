#include "l2proto/observer.h"

#include <string.h>

#include "l2proto/link_private.h"

void observer_init(struct observer *observer, const struct link_config *config,
	const struct sae_id *view, uint64_t begin_ms)
{
	memset(observer, 0, sizeof(*observer));
	observer->config = *config;
	observer->begin_ms = begin_ms;
	if (view) {
		observer->view = *view;
	}
}

void observer_set_keys(struct observer *observer, const struct link_key *keys, size_t count)
{
	observer->key_count = count < LINK_KEYS_MAX ? count : LINK_KEYS_MAX;
	memcpy(observer->keys, keys, observer->key_count * sizeof(*keys));
}

static const struct link_key *find_key(const struct observer *observer, uint16_t number)
{
	for (size_t i = 0; i < observer->key_count; i++) {
		if (observer->keys[i].number == number) {
			return &observer->keys[i];
		}
	}
	return NULL;
}

/* ---- stations ------------------------------------------------------------------------------- */

static bool heard_lately(
	const struct observer *observer, const struct observer_station *station, uint64_t now_ms)
{
	return station->used &&
	       now_ms - station->heard_ms <= link_config_life_ms(&observer->config);
}

static struct observer_station *find_station(
	struct observer *observer, const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms)
{
	for (size_t i = 0; i < observer->station_count; i++) {
		struct observer_station *station = &observer->stations[i];

		if (heard_lately(observer, station, now_ms) &&
			memcmp(station->link.member, member, MEMBER_ID_LEN) == 0) {
			return station;
		}
	}
	return NULL;
}

/* Who receives no more, or else was heard longest ago, makes room first. */
static uint64_t worth(const struct observer_station *station)
{
	return station->superseded ? 0 : station->heard_ms;
}

/* A free place, or that of the one worth least; never that of the view. */
static struct observer_station *any_place(struct observer *observer)
{
	struct observer_station *best = NULL;

	for (size_t i = 0; i < observer->station_count; i++) {
		struct observer_station *station = &observer->stations[i];

		if (!station->used) {
			return station;
		}
		if (station != observer->own && (!best || worth(station) < worth(best))) {
			best = station;
		}
	}
	return observer->station_count < OBSERVER_STATIONS_MAX
		       ? &observer->stations[observer->station_count++]
		       : best;
}

/* Who comes back after LIFE is no second station. */
static struct observer_station *place_for_station(
	struct observer *observer, const uint8_t member[static MEMBER_ID_LEN])
{
	for (size_t i = 0; i < observer->station_count; i++) {
		if (observer->stations[i].used &&
			memcmp(observer->stations[i].link.member, member, MEMBER_ID_LEN) == 0) {
			return &observer->stations[i];
		}
	}
	return any_place(observer);
}

static struct observer_station *add_station(
	struct observer *observer, const struct frame *frame, uint64_t now_ms)
{
	struct observer_station *station = place_for_station(observer, frame->header.member);

	memset(station, 0, sizeof(*station));
	station->used = true;
	station->first_number = frame->header.number;
	station->first_ms = now_ms;
	memcpy(station->address, frame->ethernet.source, ETHERNET_ADDRESS_LEN);
	link_init(&station->link, &observer->config, frame->header.member, now_ms);
	return station;
}

static void seen_to_send(
	struct observer_station *station, const struct message_header *header, uint64_t now_ms)
{
	station->heard_ms = now_ms;
	link_observe_sent(&station->link, now_ms, header);
}

/* For whom the sender speaks: the status without hops. NULL if there is none. */
static const struct sae_id *spoken_for(const struct message_content *content)
{
	for (size_t i = 0; i < content->status_count; i++) {
		if (content->status[i].hops == 0) {
			return &content->status[i].sae;
		}
	}
	return NULL;
}

/* ---- restarts -------------------------------------------------------------------------------- */

static bool is_former(const struct observer *observer, const uint8_t member[static MEMBER_ID_LEN])
{
	size_t kept = observer->former_count < OBSERVER_FORMER_MAX ? observer->former_count
								   : OBSERVER_FORMER_MAX;

	for (size_t i = 0; i < kept; i++) {
		if (memcmp(observer->former[i], member, MEMBER_ID_LEN) == 0) {
			return true;
		}
	}
	return false;
}

/* Another one of the same SAE, in the same place, that is not superseded. */
static struct observer_station *find_twin(
	struct observer *observer, const struct observer_station *station)
{
	for (size_t i = 0; i < observer->station_count; i++) {
		struct observer_station *other = &observer->stations[i];

		if (other != station && other->used && !other->superseded &&
			sae_id_equal(&other->sae, &station->sae) &&
			memcmp(other->address, station->address, ETHERNET_ADDRESS_LEN) == 0) {
			return other;
		}
	}
	return NULL;
}

/*
 * The station that starts again with this one: of the same SAE, from the same place. Who
 * plays old messages does so from elsewhere, or with an identifier of before.
 */
static struct observer_station *find_predecessor(
	struct observer *observer, const struct observer_station *successor)
{
	return is_former(observer, successor->link.member) ? NULL : find_twin(observer, successor);
}

static void supersede(struct observer *observer, struct observer_station *station)
{
	memcpy(observer->former[observer->former_count++ % OBSERVER_FORMER_MAX],
		station->link.member, MEMBER_ID_LEN);
	station->superseded = true;
}

/* A station has said for whom it speaks, and so whether it was there before. */
static void learn_sae(
	struct observer *observer, struct observer_station *sender, const struct sae_id *sae)
{
	struct observer_station *before;
	bool is_first_own;

	sender->sae = *sae;
	before = find_predecessor(observer, sender);
	is_first_own = !observer->own && sae_id_equal(sae, &observer->view);
	if (is_first_own || (before && before == observer->own)) {
		observer->own = sender;
	}
	if (before) {
		supersede(observer, before);
	}
}

/* Does the message list somebody with a fresh number? No old one does. */
static bool is_fresh(const struct observer *observer, const struct observer_station *sender,
	const struct frame *frame, uint64_t now_ms)
{
	for (size_t i = 0; i < observer->station_count; i++) {
		const struct observer_station *station = &observer->stations[i];

		if (station != sender && heard_lately(observer, station, now_ms) &&
			link_listed_number(&station->link, now_ms, frame->message, &frame->header) >
				0) {
			return true;
		}
	}
	return false;
}

/*
 * Who has started again never speaks as before. A superseded station that does, had
 * not: who seemed to be it was an old message, played from its address.
 */
static void speaks_on(struct observer *observer, struct observer_station *station)
{
	struct observer_station *pretender = find_twin(observer, station);

	station->superseded = false;
	if (pretender) {
		supersede(observer, pretender);
		observer->own = observer->own == pretender ? station : observer->own;
	}
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Did the record begin less than LIFE before? Then much may have been said that is not on it. */
static bool joined_lately(const struct observer *observer, uint64_t since_ms, uint64_t now_ms)
{
	return now_ms - since_ms < link_config_life_ms(&observer->config);
}

/* The message lists this station with a number that may be fresh, but is of before the record. */
static bool lists_unseen_number(const struct observer *observer,
	const struct observer_station *station, const struct frame *frame, uint64_t now_ms)
{
	for (size_t i = 0; i < frame->header.station_count; i++) {
		struct station_heard listed = message_station(frame->message, i);

		if (memcmp(listed.member, station->link.member, MEMBER_ID_LEN) == 0) {
			return listed.number > 0 && listed.number < station->first_number &&
			       joined_lately(observer, station->first_ms, now_ms);
		}
	}
	return false;
}

/* What one station makes of it. */
static enum verdict take(const struct observer *observer, struct observer_station *station,
	const struct frame *frame, uint64_t now_ms)
{
	struct link_receipt receipt = { .header = frame->header };
	enum verdict verdict = link_take(&station->link, now_ms, frame->message, &receipt);

	return verdict == VERDICT_NOT_LISTED &&
			       lists_unseen_number(observer, station, frame, now_ms)
		       ? VERDICT_UNKNOWN_FRESHNESS
		       : verdict;
}

/* Is this station there to hear what the sender says? */
static bool is_listener(const struct observer *observer, const struct observer_station *station,
	const struct observer_station *sender, uint64_t now_ms)
{
	return station != sender && !station->superseded && heard_lately(observer, station, now_ms);
}

/* Of what several stations make of a message, the heaviest counts. */
static const uint8_t weight[VERDICT_ALL] = {
	[VERDICT_ACCEPTED] = 4,
	[VERDICT_TABLE_FULL] = 3,
	[VERDICT_UNKNOWN_FRESHNESS] = 2,
	[VERDICT_NOT_LISTED] = 1,
};

/*
 * Whom it lists may not be on record: as long as that has just begun, or if nobody but
 * the sender is on it (the record of one direction).
 */
static enum verdict when_not_listed(const struct observer *observer,
	const struct observer_station *sender, const struct frame *frame, uint64_t now_ms)
{
	if (frame->header.station_count == 0) {
		return VERDICT_NOT_LISTED;
	}
	if (joined_lately(observer, observer->begin_ms, now_ms)) {
		return VERDICT_UNKNOWN_FRESHNESS;
	}
	for (size_t i = 0; i < observer->station_count; i++) {
		const struct observer_station *station = &observer->stations[i];

		if (is_listener(observer, station, sender, now_ms)) {
			return VERDICT_NOT_LISTED;
		}
	}
	return VERDICT_UNKNOWN_FRESHNESS;
}

/* Of nobody's view: the best that any other station makes of it. */
static enum verdict take_by_all(struct observer *observer, const struct observer_station *sender,
	const struct frame *frame, uint64_t now_ms)
{
	enum verdict best = VERDICT_NOT_LISTED;

	for (size_t i = 0; i < observer->station_count; i++) {
		struct observer_station *station = &observer->stations[i];

		if (is_listener(observer, station, sender, now_ms)) {
			enum verdict verdict = take(observer, station, frame, now_ms);

			best = weight[verdict] > weight[best] ? verdict : best;
		}
	}
	return best == VERDICT_NOT_LISTED ? when_not_listed(observer, sender, frame, now_ms) : best;
}

/* Checks 7 and 8 as every station that has heard the sender makes them. */
static enum verdict check_number(
	const struct observer_station *sender, const struct message_header *header)
{
	if (sender && header->number == sender->link.number) {
		return VERDICT_DUPLICATE;
	}
	return sender && header->number < sender->link.number ? VERDICT_REPLAYED : VERDICT_ACCEPTED;
}

static void read_content(
	const struct frame *frame, struct observation *observation, struct message_content *content)
{
	if (!observation->readable) {
		observation->malformed = message_read_content(frame->message, frame->len, content);
		observation->readable = observation->malformed == MALFORMED_NOT;
	}
}

/* Check 11. Heartbeats repeat what was said before, and that was well-formed. */
static enum verdict check_content(struct observer_station *sender, const struct frame *frame,
	struct observation *observation, struct message_content *content)
{
	size_t begin = MESSAGE_HEADER_LEN + frame->header.station_count * MESSAGE_STATION_LEN;
	size_t len = frame->len - MESSAGE_HMAC_LEN - begin;
	const uint8_t *tlvs = frame->message + begin;

	if (sender->tlvs_len == len && memcmp(sender->tlvs, tlvs, len) == 0) {
		return VERDICT_ACCEPTED;
	}
	read_content(frame, observation, content);
	if (observation->malformed) {
		return VERDICT_BAD_CONTENT;
	}
	sender->tlvs_len = len;
	memcpy(sender->tlvs, tlvs, len);
	return VERDICT_ACCEPTED;
}

/*
 * Checks 7 to 10, of an authentic message. In the view of a station its own link has
 * the numbers: what it heard before a restart it does not know any more.
 */
static enum verdict check_freshness(struct observer *observer, uint64_t now_ms,
	const struct frame *frame, const struct observer_station *sender, enum verdict number)
{
	if (observer->view.len == 0) {
		return number == VERDICT_ACCEPTED ? take_by_all(observer, sender, frame, now_ms)
						  : number;
	}
	if (sender == observer->own) {
		return VERDICT_SENT;
	}
	/* Without it, the station may not even be there yet. */
	return observer->own ? take(observer, observer->own, frame, now_ms)
			     : VERDICT_UNKNOWN_FRESHNESS;
}

static enum verdict judge_authentic(struct observer *observer, uint64_t now_ms,
	const struct frame *frame, struct observation *observation, struct message_content *content)
{
	struct observer_station *sender = find_station(observer, frame->header.member, now_ms);
	enum verdict number = check_number(sender, &frame->header);
	enum verdict verdict;

	if (!sender) {
		observation->station_new = true;
		sender = add_station(observer, frame, now_ms);
	}
	if (sender->sae.len == 0) {
		read_content(frame, observation, content);
		if (observation->readable && spoken_for(content)) {
			learn_sae(observer, sender, spoken_for(content));
		}
	}
	observation->sae = sender->sae;
	if (number == VERDICT_ACCEPTED) {
		if (sender->superseded && is_fresh(observer, sender, frame, now_ms)) {
			speaks_on(observer, sender);
		}
		seen_to_send(sender, &frame->header, now_ms);
	}
	if (sender == observer->own) {
		observer->own_carriers = (uint8_t)(1u << frame->carrier);
	}
	verdict = check_freshness(observer, now_ms, frame, sender, number);
	return verdict == VERDICT_ACCEPTED ? check_content(sender, frame, observation, content)
					   : verdict;
}

/*
 * The station's own message, once by each carrier; or one that comes back to it: that
 * is judged before the HMAC.
 */
static enum verdict judge_own(
	struct observer *observer, uint64_t now_ms, const struct frame *frame, bool authentic)
{
	uint8_t carrier = (uint8_t)(1u << frame->carrier);

	if (authentic && frame->header.number == observer->own->link.number &&
		!(observer->own_carriers & carrier)) {
		observer->own_carriers |= carrier;
		return VERDICT_SENT;
	}
	if (!authentic || frame->header.number <= observer->own->link.number) {
		return VERDICT_REFLECTED;
	}
	observer->own_carriers = carrier;
	seen_to_send(observer->own, &frame->header, now_ms);
	return VERDICT_SENT;
}

static bool is_own(const struct observer *observer, const struct message_header *header)
{
	return observer->own &&
	       memcmp(observer->own->link.member, header->member, MEMBER_ID_LEN) == 0;
}

static enum verdict judge(struct observer *observer, uint64_t now_ms, const struct frame *frame,
	struct observation *observation, struct message_content *content)
{
	const struct link_key *key = find_key(observer, frame->header.key_number);
	const uint8_t *octets = frame->message;
	size_t signed_len = frame->len - MESSAGE_HMAC_LEN;

	if (!key) {
		return VERDICT_UNKNOWN_CHANNEL_KEY;
	}
	if (!key->auth) {
		return VERDICT_UNVERIFIED;
	}
	observation->authentic = auth_verify(key->auth, octets, signed_len, octets + signed_len);
	if (is_own(observer, &frame->header)) {
		observation->sae = observer->own->sae;
		return judge_own(observer, now_ms, frame, observation->authentic);
	}
	return observation->authentic
		       ? judge_authentic(observer, now_ms, frame, observation, content)
		       : VERDICT_BAD_ICV;
}

enum verdict observer_receive(struct observer *observer, uint64_t now_ms, const struct frame *frame,
	bool want_content, struct observation *observation, struct message_content *content)
{
	enum verdict verdict;

	memset(observation, 0, sizeof(*observation));
	verdict = judge(observer, now_ms, frame, observation, content);
	if (want_content && !observation->malformed &&
		(observation->authentic || verdict == VERDICT_UNVERIFIED)) {
		read_content(frame, observation, content);
	}
	if (verdict == VERDICT_UNVERIFIED && observation->readable && spoken_for(content)) {
		observation->sae = *spoken_for(content);
	}
	return verdict;
}
