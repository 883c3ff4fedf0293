/* The TLVs of a message as they stand there, whether they are right or not. */
#ifndef TESTS_FUZZ_TLVS_H
#define TESTS_FUZZ_TLVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/message.h"
#include "l2proto/message_tlv.h"

struct tlv {
	uint8_t type;
	size_t start, end; /* in the message, header included */
	size_t len;        /* of the value */
	uint8_t *value;
};

/* Where the TLVs begin by the header's word, which may be beyond the message. */
static inline size_t tlvs_begin(const uint8_t *message)
{
	return MESSAGE_HEADER_LEN + (size_t)message[32] * MESSAGE_STATION_LEN;
}

/* The TLV that begins at start, if there is a whole one before end. */
static inline bool tlv_at(uint8_t *message, size_t end, size_t start, struct tlv *tlv)
{
	if (start > end || end - start < TLV_HEADER_LEN) {
		return false;
	}
	tlv->type = message[start];
	tlv->start = start;
	tlv->len = (size_t)message[start + 1] << 8 | message[start + 2];
	tlv->end = start + TLV_HEADER_LEN + tlv->len;
	tlv->value = message + start + TLV_HEADER_LEN;
	return tlv->end <= end;
}

#endif
