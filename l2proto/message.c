/*
 * The fixed header (docs/protocol.md section 2):
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    version    |     flags     |            length             |  0
 * +                        association ID                         +  4
 * |                         (8 octets)                            |  8
 * |       channel-key number      |  newest channel-key number    | 12
 * +                       member identifier                       + 16
 * |                         (12 octets)                           |
 * |                        message number                         | 28
 * | stations heard|                 reserved                      | 32
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "l2proto/message.h"

#include <errno.h>
#include <string.h>

#include "l2proto/message_tlv.h"
#include "l2proto/wire.h"

#define FLAG_REPLY_WANTED 0x01
#define LENGTH_AT 2
#define ASSOCIATION_AT 4
#define STATION_COUNT_AT 32

static const char *const malformed_names[MALFORMED_COUNT] = {
	[MALFORMED_NOT] = "well-formed",
	[MALFORMED_TRUNCATED] = "truncated",
	[MALFORMED_VERSION] = "version",
	[MALFORMED_LENGTH] = "length",
	[MALFORMED_STATIONS] = "stations",
	[MALFORMED_TLV_LENGTH] = "tlv-length",
	[MALFORMED_TLV_DUPLICATE] = "tlv-duplicate",
	[MALFORMED_TLV_CRITICAL] = "tlv-critical",
	[MALFORMED_SLOT] = "slot",
	[MALFORMED_DIGEST] = "digest",
	[MALFORMED_KEY_ID] = "key-id",
	[MALFORMED_SAE_ID] = "sae-id",
	[MALFORMED_STATUS] = "status",
	[MALFORMED_LLDP_TRUNCATED] = "lldp-truncated",
	[MALFORMED_LLDP_ORDER] = "lldp-order",
	[MALFORMED_LLDP_DUPLICATE] = "lldp-duplicate",
	[MALFORMED_LLDP_LENGTH] = "lldp-length",
	[MALFORMED_SECY] = "secy",
};

const char *malformed_name(enum malformed malformed)
{
	return malformed < MALFORMED_COUNT ? malformed_names[malformed] : "unknown";
}

enum malformed message_read_header(
	const uint8_t *octets, size_t len, struct message_header *header, size_t *message_len)
{
	struct wire_reader reader = { octets, len, false };
	unsigned version, flags;

	if (len < MESSAGE_MIN) {
		return MALFORMED_TRUNCATED;
	}
	version = (unsigned)wire_get_uint(&reader, 1);
	if (version != MESSAGE_VERSION) {
		return MALFORMED_VERSION;
	}
	flags = (unsigned)wire_get_uint(&reader, 1);
	*message_len = (size_t)wire_get_uint(&reader, 2);
	wire_get(&reader, header->association, ASSOCIATION_ID_LEN);
	header->key_number = (uint16_t)wire_get_uint(&reader, 2);
	header->newest_key_number = (uint16_t)wire_get_uint(&reader, 2);
	wire_get(&reader, header->member, MEMBER_ID_LEN);
	header->number = (uint32_t)wire_get_uint(&reader, 4);
	header->station_count = (uint8_t)wire_get_uint(&reader, 1);
	header->reply_wanted = flags & FLAG_REPLY_WANTED;

	if (*message_len > len) {
		return MALFORMED_TRUNCATED;
	}
	if (*message_len > MESSAGE_MAX_RAW ||
		*message_len < MESSAGE_MIN + (size_t)header->station_count * MESSAGE_STATION_LEN) {
		return MALFORMED_LENGTH;
	}
	return header->station_count > STATIONS_MAX ? MALFORMED_STATIONS : MALFORMED_NOT;
}

struct station_heard message_station(const uint8_t *octets, size_t i)
{
	struct wire_reader reader = { octets + MESSAGE_HEADER_LEN + i * MESSAGE_STATION_LEN,
		MESSAGE_STATION_LEN, false };
	struct station_heard station;

	wire_get(&reader, station.member, MEMBER_ID_LEN);
	station.number = (uint32_t)wire_get_uint(&reader, 4);
	return station;
}

enum malformed message_read_content(
	const uint8_t *octets, size_t message_len, struct message_content *content)
{
	size_t stations_len = (size_t)octets[STATION_COUNT_AT] * MESSAGE_STATION_LEN;
	struct wire_reader reader = { octets + MESSAGE_HEADER_LEN + stations_len,
		message_len - MESSAGE_MIN - stations_len, false };

	return message_read_tlvs(&reader, octets + ASSOCIATION_AT, content);
}

static void write_header(struct wire_writer *writer, const struct message_header *header)
{
	static const uint8_t reserved[3];

	wire_put_uint(writer, MESSAGE_VERSION, 1);
	wire_put_uint(writer, header->reply_wanted ? FLAG_REPLY_WANTED : 0, 1);
	wire_put_uint(writer, 0, 2); /* the length, once it is known */
	wire_put(writer, header->association, ASSOCIATION_ID_LEN);
	wire_put_uint(writer, header->key_number, 2);
	wire_put_uint(writer, header->newest_key_number, 2);
	wire_put(writer, header->member, MEMBER_ID_LEN);
	wire_put_uint(writer, header->number, 4);
	wire_put_uint(writer, header->station_count, 1);
	wire_put(writer, reserved, sizeof(reserved));
}

int message_write(const struct message_header *header, const struct station_heard *stations,
	const struct message_content *content, uint8_t *out, size_t max)
{
	struct wire_writer writer = { out, 0, max, false };
	struct wire_writer length = { out, LENGTH_AT, ASSOCIATION_AT, false };

	if (max < MESSAGE_MIN) {
		return -EMSGSIZE;
	}
	writer.max -= MESSAGE_HMAC_LEN;
	write_header(&writer, header);
	for (size_t i = 0; i < header->station_count; i++) {
		wire_put(&writer, stations[i].member, MEMBER_ID_LEN);
		wire_put_uint(&writer, stations[i].number, 4);
	}
	message_write_tlvs(&writer, content);
	if (writer.failed) {
		return -EMSGSIZE;
	}
	wire_put_uint(&length, writer.len + MESSAGE_HMAC_LEN, 2);
	return (int)(writer.len + MESSAGE_HMAC_LEN);
}
