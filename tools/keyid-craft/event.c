/*
 * What happens, and when:
 *
 *     at TIME STATION says [FRAME]              and what, in indented lines
 *     at TIME STATION restarts
 *     at TIME STATION stops
 *     at TIME STATION gains key N | drops key N
 *     at TIME STATION counts from N             its next message has this number
 *     at TIME again LABEL [FRAME]               the frame of that name, once more
 *     at TIME reflect LABEL [FRAME]             the same, come back to its sender
 *     at TIME flip LABEL WHERE [bit N] [FRAME]  the same with one bit changed
 *     at TIME flip-each LABEL [bit N] [FRAME]   one copy for each octet from the EtherType on
 *     at TIME truncate LABEL N [FRAME]          its first N octets only
 *     at TIME truncate-each LABEL [FRAME]       one copy for each length below its own, from 1
 *     at TIME raw OCTETS                        a frame by its octets; its options are
 *         FRAME                                 an indented line
 *     at TIME lldpdu [FRAME]                    an LLDPDU by hand: lldpdu.c
 *     at TIME block raw|lldp|auto [of STATION,...]
 *     at TIME unblock raw|lldp|auto             what goes by that comes through no more, or again
 *     at TIME damage                            what is no record, in the capture
 *     until TIME [losing every N]               all stations send by themselves what is due
 *
 * FRAME is said in sending.c. Copies "each" are 1 ms apart.
 */
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

#define NS_PER_MS UINT64_C(1000000)
#define EACH_NS NS_PER_MS
#define BETWEEN_NS (NS_PER_MS / 10)
#define ETHERTYPE_AT (2 * ETHERNET_ADDRESS_LEN)

/* ---- stations -------------------------------------------------------------------------------- */

static void station_says(struct scenario *scenario, struct station *station)
{
	struct message_content content;
	struct edits edits;
	struct packet frame;
	struct sending sending = { 0 };
	bool any;

	/* The frame's options stand before its content, and change what is made of that. */
	station_address(scenario, station, &frame);
	sending_read(scenario, &sending, &frame);
	any = content_read(scenario, station->wire->association, &content, &edits);
	if (scenario->script.failed) {
		return;
	}
	station_say(scenario, station, any ? &content : NULL, &edits, &frame);
	station_note_lldp(scenario, station, false, &frame);
	sending_send(scenario, &sending, &frame);
}

static void station_restarts(struct scenario *scenario, struct station *station)
{
	station_start(scenario, station);
	memset(&station->content, 0, sizeof(station->content));
}

static void station_stops(struct scenario *scenario, struct station *station)
{
	struct packet frame;
	struct sending sending = { 0 };

	station_stop(scenario, station, &frame);
	sending_read(scenario, &sending, &frame);
	sending_send(scenario, &sending, &frame);
}

static uint16_t read_key_number(struct script *script)
{
	if (!script_take(script, "key")) {
		script_error(script, "a key is missing: key NUMBER");
	}
	return (uint16_t)value_number(script, "a key number", 0, UINT16_MAX);
}

static void station_gains(struct scenario *scenario, struct station *station)
{
	uint16_t number = read_key_number(&scenario->script);

	if (!scenario->script.failed) {
		station_give_key(scenario, station, number);
	}
}

static void station_drops(struct scenario *scenario, struct station *station)
{
	uint16_t number = read_key_number(&scenario->script);

	if (!scenario->script.failed) {
		station_take_key(scenario, station, number);
	}
}

static void station_counts(struct scenario *scenario, struct station *station)
{
	struct script *script = &scenario->script;

	if (!script_take(script, "from")) {
		script_error(script, "a number is missing: from NUMBER");
	}
	station->link.number = (uint32_t)value_number(script, "a message number", 1, UINT32_MAX) -
			       1;
}

static const struct {
	const char *name;
	void (*act)(struct scenario *scenario, struct station *station);
} deeds[] = {
	{ "says", station_says },
	{ "restarts", station_restarts },
	{ "stops", station_stops },
	{ "gains", station_gains },
	{ "drops", station_drops },
	{ "counts", station_counts },
};

static void act_station(struct scenario *scenario, struct station *station)
{
	const char *word = script_need(&scenario->script, "what it does");

	if (!station || !word) {
		return;
	}
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(deeds[i].name, word) == 0) {
			deeds[i].act(scenario, station);
			return;
		}
	}
	script_error(&scenario->script, "no station '%s'", word);
}

/* ---- attackers and accidents ----------------------------------------------------------------- */

/* A copy of the frame whose name comes next, by one carrier; all hear it, its sender too. */
static void read_copy(struct scenario *scenario, struct packet *copy)
{
	const struct label *label = scenario_label(
		scenario, script_need(&scenario->script, "a frame"));

	memset(copy, 0, sizeof(*copy));
	if (label) {
		*copy = label->frame;
	}
	copy->sender = NULL;
	copy->carriers &= copy->carriers & 1 << CARRIER_RAW ? 1 << CARRIER_RAW : 1 << CARRIER_LLDP;
}

static void act_again(struct scenario *scenario)
{
	struct packet copy;
	struct sending sending = { 0 };

	read_copy(scenario, &copy);
	sending_read(scenario, &sending, &copy);
	sending_send(scenario, &sending, &copy);
}

static void act_raw(struct scenario *scenario)
{
	struct packet frame;
	struct script *script = &scenario->script;
	struct sending sending = { 0 };

	memset(&frame, 0, sizeof(frame));
	frame.form = PACKET_OCTETS;
	frame.body_len = value_octets(script, frame.body, sizeof(frame.body));
	if (script_read_indented(script)) {
		sending_read(scenario, &sending, &frame);
	}
	sending_send(scenario, &sending, &frame);
}

static void act_lldpdu(struct scenario *scenario)
{
	struct packet frame;
	struct sending sending = { 0 };

	memset(&frame, 0, sizeof(frame));
	frame.form = PACKET_LLDPDU;
	frame.carriers = 1 << CARRIER_LLDP;
	frame.format = scenario->transport.frame;
	memcpy(frame.destination[CARRIER_LLDP], scenario->transport.lldp_destination,
		ETHERNET_ADDRESS_LEN);
	sending_read(scenario, &sending, &frame);
	lldpdu_read(scenario, &frame);
	sending_send(scenario, &sending, &frame);
}

static unsigned read_bit(struct script *script)
{
	return script_take(script, "bit") ? (unsigned)value_number(script, "a bit", 0, 7) : 0;
}

static void act_flip(struct scenario *scenario)
{
	struct packet_octets octets;
	struct script *script = &scenario->script;
	struct packet copy;
	struct sending sending = { 0 };
	const char *where;
	unsigned bit;
	size_t at;

	read_copy(scenario, &copy);
	where = script_need(script, "a place");
	bit = read_bit(script);
	sending_read(scenario, &sending, &copy);
	if (script->failed) {
		return;
	}
	sending_encode(&copy, &octets);
	if (octets.message_at == 0 || !where_find(copy.body, copy.body_len, where, &at)) {
		script_error(script, "there is no such place: '%s'", where);
		return;
	}
	octets.octets[packet_place(&octets, at)] ^= (uint8_t)(1u << bit);
	sending_send_octets(scenario, &sending, &copy, &octets);
}

static void act_flip_each(struct scenario *scenario)
{
	struct packet_octets octets;
	struct packet copy;
	struct sending sending = { 0 };
	unsigned bit;
	size_t end;

	read_copy(scenario, &copy);
	bit = read_bit(&scenario->script);
	sending_read(scenario, &sending, &copy);
	if (scenario->script.failed) {
		return;
	}
	sending_encode(&copy, &octets);
	end = octets.len - copy.padding;
	for (size_t at = ETHERTYPE_AT; at < end; at++) {
		octets.octets[at] ^= (uint8_t)(1u << bit);
		sending_send_octets(scenario, &sending, &copy, &octets);
		octets.octets[at] ^= (uint8_t)(1u << bit);
		scenario->now_ns += EACH_NS;
	}
}

static void act_truncate(struct scenario *scenario)
{
	struct packet_octets octets;
	struct packet copy;
	struct sending sending = { 0 };
	size_t len;

	read_copy(scenario, &copy);
	len = value_number(&scenario->script, "a length", 1, PACKET_OCTETS_MAX);
	sending_read(scenario, &sending, &copy);
	sending_encode(&copy, &octets);
	if (len > octets.len) {
		script_error(&scenario->script, "the frame has only %zu octets", octets.len);
		return;
	}
	octets.len = len;
	sending_send_octets(scenario, &sending, &copy, &octets);
}

static void act_truncate_each(struct scenario *scenario)
{
	struct packet_octets octets;
	struct packet copy;
	struct sending sending = { 0 };
	size_t len;

	read_copy(scenario, &copy);
	sending_read(scenario, &sending, &copy);
	sending_encode(&copy, &octets);
	len = octets.len;
	for (octets.len = 1; octets.len < len; octets.len++) {
		sending_send_octets(scenario, &sending, &copy, &octets);
		scenario->now_ns += EACH_NS;
	}
}

/* ---- filters on the way ---------------------------------------------------------------------- */

static void act_block(struct scenario *scenario)
{
	unsigned carriers = scenario_carriers(scenario);
	uint64_t stations = script_take(&scenario->script, "of") ? scenario_stations(scenario)
								 : UINT64_MAX;

	for (size_t i = 0; i < CARRIER_COUNT; i++) {
		scenario->blocked[i] |= carriers & 1 << i ? stations : 0;
	}
}

static void act_unblock(struct scenario *scenario)
{
	unsigned carriers = scenario_carriers(scenario);

	for (size_t i = 0; i < CARRIER_COUNT; i++) {
		scenario->blocked[i] &= carriers & 1 << i ? 0 : UINT64_MAX;
	}
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static void act_damage(struct scenario *scenario)
{
	scenario_begin_capture(scenario);
	capfile_damage(&scenario->capture);
}

static const struct {
	const char *name;
	void (*act)(struct scenario *scenario);
} verbs[] = {
	{ "again", act_again },
	{ "reflect", act_again },
	{ "raw", act_raw },
	{ "lldpdu", act_lldpdu },
	{ "flip", act_flip },
	{ "flip-each", act_flip_each },
	{ "truncate", act_truncate },
	{ "truncate-each", act_truncate_each },
	{ "block", act_block },
	{ "unblock", act_unblock },
	{ "damage", act_damage },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static size_t find_verb(const char *word)
{
	size_t i = 0;

	while (i < VERB_COUNT && strcmp(verbs[i].name, word) != 0) {
		i++;
	}
	return i;
}

bool event_is_verb(const char *word)
{
	return find_verb(word) < VERB_COUNT;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Goes on to the time that comes next in the line. */
static void read_time(struct scenario *scenario, uint64_t *time_ns)
{
	*time_ns = value_time_ns(&scenario->script, scenario->now_ns);
	if (*time_ns < scenario->now_ns) {
		script_error(&scenario->script, "time goes back: it is %.9g already",
			(double)scenario->now_ns / 1e9);
	}
}

void event_at(struct scenario *scenario)
{
	uint64_t time_ns;
	const char *word;
	size_t verb;

	read_time(scenario, &time_ns);
	word = script_need(&scenario->script, "what happens");
	if (scenario->script.failed) {
		return;
	}
	scenario->now_ns = time_ns;
	verb = find_verb(word);
	if (verb < VERB_COUNT) {
		verbs[verb].act(scenario);
	} else {
		act_station(scenario, scenario_station(scenario, word));
	}
}

/* When a station sends next: what is overdue now, and never two frames at one time. */
static uint64_t due_ns(const struct scenario *scenario, const struct station *station)
{
	uint64_t clock_ms = (uint64_t)scenario->clock_s * 1000;
	uint64_t due_ms = link_next_due(&station->link);
	uint64_t due = due_ms > clock_ms ? (due_ms - clock_ms) * NS_PER_MS : 0;
	uint64_t earliest = scenario->sent_ns + BETWEEN_NS;

	if (earliest < scenario->now_ns || scenario->sent_ns == 0) {
		earliest = scenario->now_ns;
	}
	return due > earliest ? due : earliest;
}

/* The station that sends next, until a time; of several the first declared. */
static struct station *next_due(struct scenario *scenario, uint64_t until_ns)
{
	struct station *next = NULL;

	for (size_t i = 0; i < scenario->station_count; i++) {
		struct station *station = &scenario->stations[i];

		if (station->key_count > 0 && !station->stopped &&
			due_ns(scenario, station) <= until_ns &&
			(!next || due_ns(scenario, station) < due_ns(scenario, next))) {
			next = station;
		}
	}
	return next;
}

/* until TIME [losing every N] */
void event_until(struct scenario *scenario)
{
	struct packet frame;
	struct script *script = &scenario->script;
	uint64_t until_ns, losing = 0, sent = 0;
	struct station *station;

	read_time(scenario, &until_ns);
	if (script_take(script, "losing")) {
		if (!script_take(script, "every")) {
			script_error(script, "how many is missing: every NUMBER");
		}
		losing = value_number(script, "a number", 1, UINT32_MAX);
	}
	while (!script->failed && (station = next_due(scenario, until_ns))) {
		struct sending sending = { 0 };

		scenario->now_ns = due_ns(scenario, station);
		sending.lost_to = losing > 0 && ++sent % losing == 0 ? UINT64_MAX : 0;
		station_address(scenario, station, &frame);
		station_say(scenario, station, NULL, NULL, &frame);
		station_note_lldp(scenario, station, true, &frame);
		sending_send(scenario, &sending, &frame);
	}
	scenario->now_ns = until_ns;
}
