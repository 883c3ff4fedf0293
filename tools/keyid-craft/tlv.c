#include "tools/keyid-craft/tlv.h"

#include "l2proto/message_tlv.h"

#define STATION_COUNT_AT 32

const struct tlv_name tlv_names[] = { { "master", TLV_MASTER }, { "committed", TLV_COMMITTED },
	{ "proposed", TLV_PROPOSED }, { "status", TLV_STATUS }, { "secy", TLV_SECY }, { NULL, 0 } };

size_t tlv_area(const uint8_t *message)
{
	return MESSAGE_HEADER_LEN + (size_t)message[STATION_COUNT_AT] * MESSAGE_STATION_LEN;
}

bool tlv_at(const uint8_t *message, size_t end, size_t start, struct tlv_place *tlv)
{
	if (start > end || end - start < TLV_HEADER_LEN) {
		return false;
	}
	tlv->start = start;
	tlv->len = TLV_HEADER_LEN + ((size_t)message[start + 1] << 8 | message[start + 2]);
	return tlv->len <= end - start;
}

bool tlv_find(const uint8_t *message, size_t end, unsigned type, struct tlv_place *tlv)
{
	size_t at = tlv_area(message);

	while (tlv_at(message, end, at, tlv)) {
		if (message[at] == type) {
			return true;
		}
		at += tlv->len;
	}
	return false;
}
