#include "tests/fuzz/lib/mutate.h"

#include <string.h>

#include "tests/fuzz/lib/mend.h"
#include "tests/fuzz/lib/tlvs.h"

#define STATIONS_AT 32
#define SCRATCH_MAX 2048

/* A message without its HMAC, being changed. */
struct draft {
	uint8_t *octets;
	size_t len, max;
	uint32_t *state;
};

/* xorshift32, by Marsaglia */
uint32_t mutate_below(uint32_t *state, uint32_t n)
{
	uint32_t x = *state ? *state : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return n > 0 ? x % n : 0;
}

static uint32_t below(struct draft *draft, size_t n)
{
	return mutate_below(draft->state, (uint32_t)n);
}

/* Puts len octets, which may be the draft's own, in the place of old_len at at; if they fit. */
static bool replace(
	struct draft *draft, size_t at, size_t old_len, const uint8_t *octets, size_t len)
{
	uint8_t copy[SCRATCH_MAX];

	if (len > sizeof(copy) || draft->len - old_len + len > draft->max) {
		return false;
	}
	memcpy(copy, octets, len);
	memmove(draft->octets + at + len, draft->octets + at + old_len, draft->len - at - old_len);
	memcpy(draft->octets + at, copy, len);
	draft->len += len - old_len;
	return true;
}

/* Leaves a part of the draft to libFuzzer, which may change its length by a little. */
static bool mutate_part(struct draft *draft, size_t at, size_t len, size_t *new_len)
{
	uint8_t part[SCRATCH_MAX];
	size_t max = len + 64 < sizeof(part) ? len + 64 : sizeof(part);

	if (len > sizeof(part)) {
		return false;
	}
	memcpy(part, draft->octets + at, len);
	*new_len = LLVMFuzzerMutate(part, len, max);
	return replace(draft, at, len, part, *new_len);
}

/* ---- header and stations --------------------------------------------------------------------- */

static void change_header(struct draft *draft)
{
	uint8_t header[MESSAGE_HEADER_LEN];

	memcpy(header, draft->octets, sizeof(header));
	LLVMFuzzerMutate(header, sizeof(header), sizeof(header)); /* whatever length it leaves */
	memcpy(draft->octets, header, sizeof(header));
}

/* The number of a message, of the sender or listed, by a little: what freshness is about. */
static void change_number(struct draft *draft)
{
	size_t stations = (tlvs_begin(draft->octets) - MESSAGE_HEADER_LEN) / MESSAGE_STATION_LEN;
	size_t which = below(draft, stations + 1);
	size_t at = which == 0 ? 31 : MESSAGE_HEADER_LEN + which * MESSAGE_STATION_LEN - 1;

	if (at < draft->len) {
		draft->octets[at] = (uint8_t)(draft->octets[at] + 8 - below(draft, 16));
	}
}

static void add_station(struct draft *draft)
{
	size_t end = tlvs_begin(draft->octets);
	uint8_t station[MESSAGE_STATION_LEN];
	size_t from = MESSAGE_HEADER_LEN +
		      below(draft, draft->octets[STATIONS_AT] + 1u) * MESSAGE_STATION_LEN;

	for (size_t i = 0; i < sizeof(station); i++) {
		station[i] = (uint8_t)below(draft, 256);
	}
	if (from < end && end <= draft->len) {
		memcpy(station, draft->octets + from, sizeof(station));
	}
	if (end <= draft->len && replace(draft, end, 0, station, sizeof(station))) {
		draft->octets[STATIONS_AT]++;
	}
}

static void drop_station(struct draft *draft)
{
	if (draft->octets[STATIONS_AT] > 0 && tlvs_begin(draft->octets) <= draft->len) {
		size_t which = below(draft, draft->octets[STATIONS_AT]);

		replace(draft, MESSAGE_HEADER_LEN + which * MESSAGE_STATION_LEN,
			MESSAGE_STATION_LEN, draft->octets, 0);
		draft->octets[STATIONS_AT]--;
	}
}

/* ---- TLVs ------------------------------------------------------------------------------------ */

static bool any_tlv(struct draft *draft, struct tlv *tlv)
{
	size_t count = 0, which, at;
	struct tlv next;

	for (at = tlvs_begin(draft->octets); tlv_at(draft->octets, draft->len, at, &next);
		at = next.end) {
		count++;
	}
	if (count == 0) {
		return false;
	}
	which = below(draft, count);
	at = tlvs_begin(draft->octets);
	for (size_t i = 0; i <= which; i++) {
		tlv_at(draft->octets, draft->len, at, tlv);
		at = tlv->end;
	}
	return true;
}

static void change_value(struct draft *draft)
{
	struct tlv tlv;
	size_t len;

	if (any_tlv(draft, &tlv) && mutate_part(draft, tlv.start + TLV_HEADER_LEN, tlv.len, &len)) {
		draft->octets[tlv.start + 1] = (uint8_t)(len >> 8);
		draft->octets[tlv.start + 2] = (uint8_t)len;
	}
}

static void change_type(struct draft *draft)
{
	static const uint8_t types[] = { 0x00, 0x01, 0x7f, 0x80, TLV_MASTER, TLV_COMMITTED,
		TLV_PROPOSED, TLV_STATUS, TLV_SECY, 0x85, 0xff };
	struct tlv tlv;

	if (any_tlv(draft, &tlv)) {
		draft->octets[tlv.start] = types[below(draft, sizeof(types))];
	}
}

static void copy_tlv(struct draft *draft)
{
	struct tlv from, to;

	if (any_tlv(draft, &from) && any_tlv(draft, &to)) {
		replace(draft, to.start, 0, draft->octets + from.start, from.end - from.start);
	}
}

static void drop_tlv(struct draft *draft)
{
	struct tlv tlv;

	if (any_tlv(draft, &tlv)) {
		replace(draft, tlv.start, tlv.end - tlv.start, draft->octets, 0);
	}
}

static void add_tlv(struct draft *draft)
{
	static const uint8_t types[] = { TLV_MASTER, TLV_COMMITTED, TLV_PROPOSED, TLV_STATUS,
		TLV_SECY, 0x85 };
	uint8_t tlv[TLV_HEADER_LEN + 11] = { 0 };
	size_t len = below(draft, 12);

	tlv[0] = types[below(draft, sizeof(types))];
	tlv[2] = (uint8_t)len;
	replace(draft, draft->len, 0, tlv, TLV_HEADER_LEN + len);
}

/* Their headers too: lengths need not fit any more. */
static void change_tlvs(struct draft *draft)
{
	size_t begin = tlvs_begin(draft->octets), len;

	if (begin <= draft->len) {
		mutate_part(draft, begin, draft->len - begin, &len);
	}
}

/* ---- */

static void (*const changes[])(struct draft *draft) = { change_header, change_number, add_station,
	drop_station, change_value, change_value, change_value, change_type, copy_tlv, drop_tlv,
	add_tlv, change_tlvs };

#define CHANGE_COUNT (sizeof(changes) / sizeof(changes[0]))

size_t mutate_message(uint8_t *message, size_t len, size_t max, uint32_t *state)
{
	struct draft draft = { message, len - MESSAGE_HMAC_LEN, max - MESSAGE_HMAC_LEN, state };

	if (len < MESSAGE_MIN || max < len || mutate_below(state, 16) == 0) {
		return LLVMFuzzerMutate(message, len, max);
	}
	do {
		changes[below(&draft, CHANGE_COUNT)](&draft);
	} while (below(&draft, 3) == 0);
	len = draft.len + MESSAGE_HMAC_LEN;
	if (below(&draft, 16) != 0) {
		mend_length(message, len);
	}
	if (below(&draft, 16) != 0) {
		mend_digests(message, len);
	}
	if (below(&draft, 16) != 0) {
		mend_hmac(message, len);
	}
	return len;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* What is there of a message, by its own word; padding behind it goes. */
static size_t own_len(const uint8_t *message, size_t len)
{
	size_t own = (size_t)message[2] << 8 | message[3];

	return own >= MESSAGE_MIN && own < len ? own : len;
}

static size_t mutate_raw(
	uint8_t *octets, const struct frame *frame, size_t len, size_t max, uint32_t *state)
{
	size_t at = (size_t)(frame->message - octets);

	return at + mutate_message(octets + at, own_len(octets + at, len - at), max - at, state);
}

/* Of the LLDPDU's other TLVs those stay that keyidd itself would write. */
static size_t mutate_lldp(const struct frame_format *format, uint8_t *octets, struct lldpdu *lldpdu,
	size_t len, size_t max, uint32_t *state)
{
	int lldpdu_len;

	lldpdu->message_len = mutate_message(lldpdu->message,
		own_len(lldpdu->message, lldpdu->message_len), sizeof(lldpdu->message), state);
	lldpdu_len = lldp_write(
		&format->lldp, lldpdu, octets + LLDP_FRAME_HEADER_LEN, max - LLDP_FRAME_HEADER_LEN);
	return lldpdu_len < 0 ? len : LLDP_FRAME_HEADER_LEN + (size_t)lldpdu_len;
}

size_t mutate_frame(
	const struct frame_format *format, uint8_t *octets, size_t len, size_t max, uint32_t *state)
{
	static struct frame frame;
	bool has_message;

	frame.message = NULL;
	frame.lldpdu.message_len = 0;
	frame_read(format, octets, len, &frame);
	if (frame.carrier == CARRIER_LLDP) {
		has_message = frame.lldpdu.message_len >= MESSAGE_MIN;
	} else {
		has_message = frame.message &&
			      len - (size_t)(frame.message - octets) >= MESSAGE_MIN;
	}
	if (!has_message || mutate_below(state, 16) == 0) {
		return LLVMFuzzerMutate(octets, len, max);
	}
	return frame.carrier == CARRIER_LLDP
		       ? mutate_lldp(format, octets, &frame.lldpdu, len, max, state)
		       : mutate_raw(octets, &frame, len, max, state);
}
