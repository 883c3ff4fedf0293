/*
 * Header and TLVs. What decodes encodes to the same octets, if the TLVs are put
 * in the order of a sender, the unknown ones left out, and what is reserved
 * cleared (protocol.md sections 2 and 3).
 *
 * No fuzzer finds a digest by chance: one that is wrong is put right, and the
 * message read again.
 */
#include <stdlib.h>
#include <string.h>

#include "l2proto/message.h"

#define TLV_MASTER 0x81
#define TLV_COMMITTED 0x82
#define TLV_PROPOSED 0x83
#define TLV_STATUS 0x84
#define SLOT_DIGEST_AT 9 /* in a slot's value */
#define KNOWN_TYPES 4
#define USABLE_FLAGS 0x03

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok) {
		abort();
	}
}

static size_t tlv_len(const uint8_t *tlv)
{
	return 3 + ((size_t)tlv[1] << 8 | tlv[2]);
}

static size_t tlvs_begin(const uint8_t *message)
{
	return MESSAGE_HEADER_LEN + (size_t)message[32] * MESSAGE_STATION_LEN;
}

static void mend_digest(uint8_t *message, size_t len, uint8_t type, const struct slot *slot,
	const struct sae_id *master)
{
	struct proposal proposal = slot->proposal;
	size_t end = len - MESSAGE_HMAC_LEN;

	if (slot->phase == SLOT_EMPTY) {
		return;
	}
	for (size_t at = tlvs_begin(message); at < end; at += tlv_len(message + at)) {
		if (message[at] == type) {
			proposal_digest(
				&proposal, message + 4, master, message + at + 3 + SLOT_DIGEST_AT);
		}
	}
}

/* A status as a sender writes it: the keys' reserved flags are clear. They are its last octets. */
static size_t put_status(uint8_t *out, const uint8_t *tlv, uint8_t usable_count)
{
	size_t len = tlv_len(tlv);

	memcpy(out, tlv, len);
	for (size_t i = 0; i < usable_count; i++) {
		out[len - 1 - i * (CKN_TOKEN_LEN + 1)] &= USABLE_FLAGS;
	}
	return len;
}

/* The message as its sender should have written it, but for the HMAC. */
static size_t canonical(
	const uint8_t *message, size_t len, const struct message_content *content, uint8_t *out)
{
	size_t begin = tlvs_begin(message), end = len - MESSAGE_HMAC_LEN, out_len = begin;
	size_t statuses = 0;

	memcpy(out, message, begin);
	out[1] &= 0x01;
	memset(out + 33, 0, 3);
	for (uint8_t type = TLV_MASTER; type < TLV_MASTER + KNOWN_TYPES; type++) {
		for (size_t at = begin; at < end; at += tlv_len(message + at)) {
			if (message[at] != type) {
				continue;
			}
			if (type == TLV_STATUS) {
				out_len += put_status(out + out_len, message + at,
					content->status[statuses++].usable_count);
			} else {
				memcpy(out + out_len, message + at, tlv_len(message + at));
				out_len += tlv_len(message + at);
			}
		}
	}
	out[2] = (uint8_t)((out_len + MESSAGE_HMAC_LEN) >> 8);
	out[3] = (uint8_t)(out_len + MESSAGE_HMAC_LEN);
	return out_len;
}

static void check_encoding(const uint8_t *message, size_t len, const struct message_header *header,
	const struct message_content *content)
{
	struct station_heard stations[STATIONS_MAX];
	uint8_t expected[MESSAGE_MAX_RAW], written[MESSAGE_MAX_RAW];
	size_t expected_len = canonical(message, len, content, expected);

	for (size_t i = 0; i < header->station_count; i++) {
		stations[i] = message_station(message, i);
	}
	check(message_write(header, stations, content, written, sizeof(written)) ==
		(int)(expected_len + MESSAGE_HMAC_LEN));
	check(memcmp(written, expected, expected_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message_content content;
	struct message_header header;
	enum malformed malformed;
	size_t len;
	uint8_t *message;

	malformed = message_read_header(data, size, &header, &len);
	check(malformed < MALFORMED_COUNT);
	if (malformed != MALFORMED_NOT) {
		return 0;
	}
	check(len >= MESSAGE_MIN && len <= size && len <= MESSAGE_MAX_RAW);
	message = malloc(len); /* without the padding */
	check(message != NULL);
	memcpy(message, data, len);
	malformed = message_read_content(message, len, &content);
	if (malformed == MALFORMED_DIGEST) {
		mend_digest(message, len, TLV_COMMITTED, &content.committed, &content.master);
		mend_digest(message, len, TLV_PROPOSED, &content.proposed, &content.master);
		malformed = message_read_content(message, len, &content);
		check(malformed == MALFORMED_NOT);
	}
	check(malformed < MALFORMED_COUNT);
	if (malformed == MALFORMED_NOT) {
		check_encoding(message, len, &header, &content);
	}
	free(message);
	return 0;
}
