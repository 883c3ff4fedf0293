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
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/mend.h"
#include "tests/fuzz/lib/mutate.h"
#include "tests/fuzz/lib/tlvs.h"

#define USABLE_FLAGS 0x03
#define TRANSMIT_FLAGS 0x01

/* In a SECY's value: docs/protocol.md section 3.5. */
#define SECY_COUNT_AT 9
#define SECY_TRANSMIT_LEN (CKN_TOKEN_LEN + NONCE_LEN + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A status as a sender writes it: the keys' reserved flags are clear. They are its last octets. */
static void put_status(uint8_t *out, const struct tlv *tlv, uint8_t usable_count)
{
	uint8_t *flags = out + (tlv->end - tlv->start) - 1;

	for (size_t i = 0; i < usable_count; i++) {
		flags[-(ptrdiff_t)(i * (CKN_TOKEN_LEN + 1))] &= USABLE_FLAGS;
	}
}

/* The same of a SecY's transmit SAs, whose flags come last. */
static void put_secy(uint8_t *out)
{
	uint8_t *value = out + TLV_HEADER_LEN;
	size_t at = SECY_COUNT_AT;

	for (size_t i = 0; i < value[SECY_COUNT_AT]; i++) {
		at += SECY_TRANSMIT_LEN;
		value[at] &= TRANSMIT_FLAGS;
	}
}

/* The message as its sender should have written it, but for the HMAC. */
static size_t canonical(
	uint8_t *message, size_t len, const struct message_content *content, uint8_t *out)
{
	static const uint8_t types[] = { TLV_MASTER, TLV_COMMITTED, TLV_PROPOSED, TLV_STATUS,
		TLV_SECY };
	size_t begin = tlvs_begin(message), end = len - MESSAGE_HMAC_LEN, out_len = begin;
	size_t statuses = 0;
	struct tlv tlv;

	memcpy(out, message, begin);
	out[1] &= 0x01;
	memset(out + 33, 0, 3);
	for (size_t i = 0; i < sizeof(types); i++) {
		for (size_t at = begin; tlv_at(message, end, at, &tlv); at = tlv.end) {
			if (tlv.type != types[i]) {
				continue;
			}
			memcpy(out + out_len, message + at, tlv.end - at);
			if (tlv.type == TLV_STATUS) {
				put_status(out + out_len, &tlv,
					content->status[statuses++].usable_count);
			} else if (tlv.type == TLV_SECY) {
				put_secy(out + out_len);
			}
			out_len += tlv.end - at;
		}
	}
	mend_length(out, out_len + MESSAGE_HMAC_LEN);
	return out_len;
}

static void check_encoding(uint8_t *message, size_t len, const struct message_header *header,
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
		mend_digests(message, len);
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

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return mutate_message(data, size, max, &seed);
}
