/*
 * A frame as it comes in, from its first octet to the TLVs behind the HMAC: through
 * frame_read() and link_receive(), at a station that has spoken and has heard others.
 * It must hold that
 *
 *   - what frame_read() finds is what stands in the frame;
 *   - what follows the message changes nothing;
 *   - who is not authentic changes nothing but counters, the next time that the same
 *     octets come they are a duplicate, and with one bit changed they are not authentic;
 *   - what is accepted says the same when it is written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "l2proto/frame.h"
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/link_state.h"
#include "tests/fuzz/lib/mend.h"
#include "tests/fuzz/lib/mutate.h"

#define NOW_MS 1000000
#define HEARTBEAT_MS 1000
#define PROTOCOL_LEN 7 /* EtherType, OUI, protocol ID */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct frame_format format = { .raw = { .ethertype = ETHERNET_OUI_EXTENDED,
						    .oui = { 0x00, 0x00, 0x5e },
						    .protocol_id = 0x0042 },
	.reads_lldp = true,
	.lldp = { .oui = { 0x00, 0x00, 0x5e }, .subtype = 1 } };

static struct link prepared;
static struct message_content content;

/* ---- the station: the first one listed in docs/protocol.md section 9.4 ----------------------- */

static const uint8_t own_member[] = { 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
	0xbb, 0xbc };
static const uint32_t own_number = 0x01020304;

static void hear(uint8_t first_octet, uint32_t number, bool lists_us)
{
	static const struct message_content nothing;
	struct message_header header = {
		.key_number = 1, .newest_key_number = 2, .number = number, .station_count = lists_us
	};
	struct station_heard us = { .number = own_number };
	struct link_receipt receipt;
	uint8_t octets[MESSAGE_MAX_RAW];
	int len;

	association_id(MEND_ASSOCIATION, header.association);
	for (size_t i = 0; i < MEMBER_ID_LEN; i++) {
		header.member[i] = (uint8_t)(first_octet + i);
	}
	memcpy(us.member, own_member, MEMBER_ID_LEN);
	len = message_write(&header, &us, &nothing, octets, sizeof(octets));
	check(len > 0);
	mend_hmac(octets, (size_t)len);
	check(link_receive(&prepared, NOW_MS, octets, (size_t)len, &receipt, &content) ==
		(lists_us ? VERDICT_ACCEPTED : VERDICT_NOT_LISTED));
}

/* It holds channel keys 1 and 2; a1a2... and c1c2... are live, d1d2... is unproven. */
static void prepare(void)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };
	struct link_key keys[] = { { 1, mend_auth(1) }, { 2, mend_auth(2) } };
	uint8_t octets[MESSAGE_MAX_RAW];

	association_id(MEND_ASSOCIATION, config.association);
	link_init(&prepared, &config, own_member, NOW_MS);
	link_set_keys(&prepared, keys, 2);
	prepared.number = own_number - 2;
	for (int i = 0; i < 2; i++) {
		check(link_seal(&prepared, NOW_MS, &content, octets, sizeof(octets)) > 0);
	}
	hear(0xa1, 0x00010202, true);
	hear(0xc1, 0x00000001, true);
	hear(0xd1, 0x00000001, false);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void check_raw(const struct frame *frame, const uint8_t *data, size_t size)
{
	size_t message_at = (size_t)(frame->message - data);
	uint8_t header[ETHERNET_HEADER_MAX];
	size_t header_len = ethernet_build(&format.raw, &frame->ethernet, header);

	check(message_at <= size && frame->len <= size - message_at);
	check(frame->ethernet.vlan <= ETHERNET_VLAN_MAX);
	check(memcmp(header, data, 2 * ETHERNET_ADDRESS_LEN) == 0);
	check(memcmp(header + header_len - PROTOCOL_LEN, frame->message - PROTOCOL_LEN,
		      PROTOCOL_LEN) == 0);
	/* a priority tag is one without a VLAN */
	check(message_at == header_len ||
		(frame->ethernet.vlan == 0 && message_at == header_len + 4));
}

/* Returns how much there is from the message's beginning on, padding included. */
static size_t check_frame(const struct frame *frame, const uint8_t *data, size_t size)
{
	if (frame->carrier == CARRIER_RAW) {
		check_raw(frame, data, size);
		return size - (size_t)(frame->message - data);
	}
	check(frame->message == frame->lldpdu.message && frame->len <= frame->lldpdu.message_len);
	check(frame->lldpdu.message_len <= sizeof(frame->lldpdu.message));
	check(memcmp(frame->ethernet.source, data + ETHERNET_ADDRESS_LEN, ETHERNET_ADDRESS_LEN) ==
		0);
	check(frame->ethernet.vlan == 0);
	return frame->lldpdu.message_len;
}

static bool is_of_lldpdu(enum malformed malformed)
{
	return malformed >= MALFORMED_LLDP_TRUNCATED && malformed <= MALFORMED_LLDP_LENGTH;
}

static enum verdict receive(
	struct link *link, const uint8_t *octets, size_t len, struct link_receipt *receipt)
{
	struct link before = link_without_counters(link), after;
	enum verdict verdict = link_receive(link, NOW_MS, octets, len, receipt, &content);

	after = link_without_counters(link);
	check(verdict < VERDICT_COUNT && link->received[verdict] > 0);
	if (link_verdict_changes_nothing(verdict)) {
		check(memcmp(&before, &after, sizeof(before)) == 0);
	}
	return verdict;
}

static bool is_authentic(enum verdict verdict)
{
	return verdict == VERDICT_ACCEPTED || verdict == VERDICT_BAD_CONTENT ||
	       verdict == VERDICT_NOT_LISTED || verdict == VERDICT_DUPLICATE ||
	       verdict == VERDICT_REPLAYED || verdict == VERDICT_TABLE_FULL;
}

/* One bit, which the message itself decides on. */
static void check_flipped(const uint8_t *octets, size_t len)
{
	struct link link = prepared;
	struct link_receipt receipt;
	uint8_t flipped[MESSAGE_MAX_RAW];
	size_t bit = ((size_t)octets[len - 1] << 8 | octets[len - 2]) % (8 * len);

	memcpy(flipped, octets, len);
	flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	check(!is_authentic(receive(&link, flipped, len, &receipt)));
}

static void check_written_again(const struct message_header *header, const uint8_t *octets)
{
	static struct message_content again;
	struct station_heard stations[STATIONS_MAX];
	uint8_t written[MESSAGE_MAX_RAW];
	int len;

	for (size_t i = 0; i < header->station_count; i++) {
		stations[i] = message_station(octets, i);
	}
	len = message_write(header, stations, &content, written, sizeof(written));
	check(len > 0);
	check(message_read_content(written, (size_t)len, &again) == MALFORMED_NOT);
	check(content.status_count == again.status_count &&
		sae_id_equal(&content.master, &again.master) &&
		content.secy.present == again.secy.present);
	check(content.committed.phase == again.committed.phase &&
		content.proposed.phase == again.proposed.phase);
}

static void check_message(const struct frame *frame, size_t with_padding)
{
	struct link link = prepared, padded = prepared;
	struct link_receipt receipt;
	enum verdict verdict = receive(&link, frame->message, frame->len, &receipt);

	check(verdict != VERDICT_MALFORMED);
	check(memcmp(&receipt.header, &frame->header, sizeof(receipt.header)) == 0);
	if (verdict == VERDICT_ACCEPTED) {
		check_written_again(&frame->header, frame->message);
	}
	check(receive(&padded, frame->message, with_padding, &receipt) == verdict);
	check(memcmp(&padded, &link, sizeof(link)) == 0);
	if (is_authentic(verdict)) {
		check_flipped(frame->message, frame->len);
		check(receive(&link, frame->message, frame->len, &receipt) ==
			(verdict == VERDICT_REPLAYED ? verdict : VERDICT_DUPLICATE));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame frame;

	if (!prepared.number) {
		prepare();
	}
	memset(&frame, 0, sizeof(frame));
	switch (frame_read(&format, data, size, &frame)) {
	case VERDICT_ACCEPTED:
		check_message(&frame, check_frame(&frame, data, size));
		break;
	case VERDICT_MALFORMED:
		check(frame.malformed != MALFORMED_NOT);
		if (!is_of_lldpdu(frame.malformed)) {
			check(frame.malformed <= MALFORMED_STATIONS);
			check_frame(&frame, data, size);
		}
		break;
	case VERDICT_NOT_OURS:
		check(!frame.is_short || size < ETHERNET_HEADER_MAX);
		break;
	default:
		abort();
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return mutate_frame(&format, data, size, max, &seed);
}
