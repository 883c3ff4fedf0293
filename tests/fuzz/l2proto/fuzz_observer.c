/*
 * What an observer says of messages, against stations that really receive them. The
 * input is a script of what happens on a link; its first octet chooses the view:
 *
 *   - of a station among three, to which anything may happen (loss, restarts, a second
 *     carrier, old messages from elsewhere, forged ones, new channel keys): the observer
 *     says of each message what the station said;
 *   - of nobody, two stations and nothing lost: it says what the other one said;
 *   - of nobody, three stations and anything at all: it says of the same message, come
 *     again at once, that it is a duplicate, if it was authentic.
 */
#include <stdlib.h>
#include <string.h>

#include "l2proto/observer.h"
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/mend.h"
#include "tests/fuzz/lib/script.h"

#define HEARTBEAT_MS 1000
#define LIFE_MS (LINK_LIFE_HEARTBEATS * HEARTBEAT_MS)
#define START_MS 1000000
#define STATIONS 3
#define KEPT_MAX 64
#define STRANGERS 40   /* identifiers that nobody has but forgers: more than there are places */
#define ELSEWHERE 0x99 /* the last octet of their address */
#define STRANGER_MEMBER 0xf0

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum view { VIEW_OF_FIRST, VIEW_OF_NOBODY, VIEW_OF_NOBODY_LOSSY };

struct station {
	struct link link;
	struct message_content content;
};

struct letter {
	uint8_t octets[MESSAGE_MAX_RAW];
	size_t len;
};

struct world {
	enum view view;
	uint64_t now_ms;
	int station_count;
	uint32_t starts; /* of all stations: makes their identifiers */
	struct station stations[STATIONS];
	struct observer observer;
	struct letter kept[KEPT_MAX]; /* the latest ones */
	size_t kept_count;
};

static struct world world;

/* ---- stations -------------------------------------------------------------------------------- */

static void set_keys(struct world *w, int i, uint16_t first, uint16_t second)
{
	struct link_key keys[] = { { first, mend_auth(first) }, { second, mend_auth(second) } };
	size_t count = first == second ? 1 : 2;

	link_set_keys(&w->stations[i].link, keys, count);
	if (i == 0) {
		observer_set_keys(&w->observer, keys, count);
	}
}

static struct link_config link_config(void)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };

	association_id(MEND_ASSOCIATION, config.association);
	return config;
}

static void start(struct world *w, int i)
{
	static const char *const saes[STATIONS] = { "alpha", "bravo", "charlie" };
	struct station *station = &w->stations[i];
	struct link_config config = link_config();
	uint8_t member[MEMBER_ID_LEN] = { (uint8_t)(i + 1) };

	w->starts++;
	memcpy(member + 1, &w->starts, sizeof(w->starts));
	memset(&station->content, 0, sizeof(station->content));
	station->content.status_count = 1;
	check(sae_id_set(&station->content.status[0].sae, saes[i], strlen(saes[i])));
	link_init(&station->link, &config, member, w->now_ms);
	set_keys(w, i, 1, 2);
}

static struct letter *new_letter(struct world *w)
{
	return &w->kept[w->kept_count++ % KEPT_MAX];
}

/* What happens to the station shows in its content, so that TLVs change as well. */
static struct letter *seal(struct world *w, int i)
{
	struct station *station = &w->stations[i];
	struct letter *letter = new_letter(w);
	int len;

	station->content.status[0].highest = w->kept_count / 4;
	len = link_seal(
		&station->link, w->now_ms, &station->content, letter->octets, MESSAGE_MAX_RAW);
	check(len > 0);
	letter->len = (size_t)len;
	return letter;
}

static enum verdict receive(struct world *w, int i, const struct letter *letter)
{
	static struct message_content content;
	struct link_receipt receipt;

	return link_receive(
		&w->stations[i].link, w->now_ms, letter->octets, letter->len, &receipt, &content);
}

/* ---- the observer ---------------------------------------------------------------------------- */

static enum verdict observe_by(
	struct world *w, const struct letter *letter, uint8_t address, enum carrier carrier)
{
	static struct message_content content;
	struct observation observation;
	static struct frame frame;
	bool want_content = letter->len % 2;
	enum verdict verdict;

	memset(&frame, 0, sizeof(frame));
	frame.carrier = carrier;
	frame.message = letter->octets;
	frame.ethernet.source[ETHERNET_ADDRESS_LEN - 1] = address;
	check(message_read_header(letter->octets, letter->len, &frame.header, &frame.len) ==
		MALFORMED_NOT);
	verdict = observer_receive(
		&w->observer, w->now_ms, &frame, want_content, &observation, &content);
	check(verdict < VERDICT_ALL && verdict != VERDICT_NOT_OURS &&
		verdict != VERDICT_MALFORMED && verdict != VERDICT_OVERLOAD);
	check(!observation.readable || observation.malformed == MALFORMED_NOT);
	check(verdict != VERDICT_ACCEPTED || observation.authentic);
	check((verdict == VERDICT_BAD_CONTENT) <= (observation.malformed != MALFORMED_NOT));
	check(!want_content || verdict != VERDICT_ACCEPTED || observation.readable);
	return verdict;
}

static enum verdict observe(struct world *w, const struct letter *letter, uint8_t address)
{
	return observe_by(w, letter, address, CARRIER_RAW);
}

static void observe_again(struct world *w, const struct letter *letter, uint8_t address)
{
	enum verdict verdict = observe(w, letter, address);
	enum verdict again = observe(w, letter, address);

	if (verdict == VERDICT_UNKNOWN_CHANNEL_KEY || verdict == VERDICT_BAD_ICV ||
		verdict == VERDICT_REPLAYED) {
		check(again == verdict);
	} else {
		check(again == VERDICT_DUPLICATE);
	}
}

/* The message comes to the interface of the first station, from a place. */
static void deliver(struct world *w, const struct letter *letter, uint8_t address)
{
	enum verdict expected = receive(w, 0, letter);

	if (w->view == VIEW_OF_FIRST) {
		check(observe(w, letter, address) == expected);
	} else {
		observe_again(w, letter, address);
	}
}

/* ---- what happens ---------------------------------------------------------------------------- */

/* The other carrier's copy, which is nothing new to who receives it. */
static void copy(struct world *w, int i, const struct letter *letter)
{
	enum verdict expected = i == 0 ? VERDICT_SENT : receive(w, 0, letter);

	check(observe_by(w, letter, (uint8_t)i, CARRIER_LLDP) == expected);
}

#define BY_BOTH_CARRIERS 0x80

/* lost: bit i, station i does not hear it. */
static void speak(struct world *w, int i, uint8_t lost)
{
	struct letter *letter = seal(w, i);

	if (w->view == VIEW_OF_NOBODY) {
		check(observe(w, letter, (uint8_t)i) == receive(w, !i, letter));
		return;
	}
	for (int j = 1; j < w->station_count; j++) {
		if (j != i && !(lost & 1u << j)) {
			receive(w, j, letter);
		}
	}
	if (i == 0 && w->view == VIEW_OF_FIRST) {
		check(observe(w, letter, 0) == VERDICT_SENT);
	} else if (i == 0) {
		observe_again(w, letter, 0);
	} else if (!(lost & 1)) {
		deliver(w, letter, (uint8_t)i);
	}
	if (lost & BY_BOTH_CARRIERS && w->view == VIEW_OF_FIRST) {
		copy(w, i, letter);
	}
}

/* Whoever starts speaks at once: until then, nobody can know that he has. */
static void restart(struct world *w, int i)
{
	start(w, i);
	speak(w, i, 0);
}

static void replay(struct world *w, struct script *script)
{
	size_t which = script_take(script), kept;
	uint8_t choice = script_take(script);
	uint8_t from = w->view == VIEW_OF_NOBODY_LOSSY && choice & 0x40 ? choice % STATIONS
									: ELSEWHERE;
	struct letter letter;

	kept = w->kept_count < KEPT_MAX ? w->kept_count : KEPT_MAX;
	if (kept == 0) {
		return;
	}
	letter = w->kept[which % kept];
	if (choice & 0x80) {
		letter.octets[letter.len - 1 - choice % MESSAGE_HMAC_LEN] ^= 1;
	}
	deliver(w, &letter, from);
}

static void forge_list(struct world *w, struct script *script, struct message_header *header,
	struct station_heard *list)
{
	header->station_count = script_take(script) % 4;
	for (size_t i = 0; i < header->station_count; i++) {
		const struct link *link = &w->stations[script_take(script) % STATIONS].link;

		memcpy(list[i].member, link->member, MEMBER_ID_LEN);
		list[i].number = link->number + 2 - script_take(script) % 8;
	}
}

/* By an insider, who has the channel keys; not by the name of the first station itself. */
static void forge(struct world *w, struct script *script)
{
	struct message_header header = { .newest_key_number = script_take(script) % 4 };
	struct station_heard list[4] = { 0 };
	uint8_t who = script_take(script);
	size_t tlvs_len = script_take(script) % 64, at;
	struct letter *letter = new_letter(w);
	struct message_content nothing = { 0 };
	int len;

	association_id(MEND_ASSOCIATION, header.association);
	header.key_number = (uint16_t)(1 + who % MEND_KEYS);
	header.number = script_take(script);
	if (who & 0x80) {
		memcpy(header.member, w->stations[1 + who % (STATIONS - 1)].link.member,
			MEMBER_ID_LEN);
	} else {
		header.member[0] = STRANGER_MEMBER;
		header.member[1] = who % STRANGERS;
	}
	forge_list(w, script, &header, list);
	len = message_write(&header, list, &nothing, letter->octets, MESSAGE_MAX_RAW);
	check(len > 0);
	at = (size_t)len - MESSAGE_HMAC_LEN;
	for (size_t i = 0; i < tlvs_len; i++) {
		letter->octets[at++] = script_take(script);
	}
	letter->len = at + MESSAGE_HMAC_LEN;
	mend_length(letter->octets, letter->len);
	mend_hmac(letter->octets, letter->len);
	deliver(w, letter, ELSEWHERE);
}

static void change_keys(struct world *w, struct script *script)
{
	uint8_t choice = script_take(script);
	uint16_t first = (uint16_t)(1 + choice % MEND_KEYS);
	uint16_t second = (uint16_t)(1 + choice / MEND_KEYS % MEND_KEYS);

	set_keys(w, (choice >> 4) % w->station_count, first, second);
}

static void step(struct world *w, struct script *script)
{
	uint8_t what = script_take(script);
	int who = (what >> 4) % w->station_count;

	switch (what % 8) {
	case 0:
		w->now_ms += script_take(script);
		break;
	case 1:
		w->now_ms += script_take(script) * UINT64_C(40);
		break;
	case 2:
		restart(w, who);
		break;
	case 3:
		speak(w, who, 0);
		break;
	case 4:
		speak(w, who, script_take(script));
		break;
	default:
		if (w->view == VIEW_OF_NOBODY) {
			speak(w, who, 0);
		} else if (what % 8 == 5) {
			replay(w, script);
		} else if (what % 8 == 6) {
			forge(w, script);
		} else {
			change_keys(w, script);
		}
	}
}

static void begin(struct world *w, uint8_t choice)
{
	struct link_config config = link_config();
	struct sae_id view;

	memset(w, 0, sizeof(*w));
	w->view = (enum view)(choice % 3);
	w->station_count = w->view == VIEW_OF_NOBODY ? 2 : STATIONS;
	w->now_ms = START_MS;
	check(sae_id_set(&view, "alpha", 5));
	observer_init(&w->observer, &config, w->view == VIEW_OF_FIRST ? &view : NULL, w->now_ms);
	if (w->view == VIEW_OF_NOBODY) {
		w->now_ms += LIFE_MS; /* until then, who is listed may not be on record */
	}
	for (int i = 0; i < w->station_count; i++) {
		start(w, i);
	}
	if (w->view == VIEW_OF_FIRST) {
		speak(w, 0, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = { data, size };

	begin(&world, script_take(&script));
	while (script.left > 0) {
		step(&world, &script);
	}
	return 0;
}
