#include "l2proto/lldp.h"

#include <errno.h>
#include <string.h>

#include "l2proto/wire.h"

#define TYPE_AT (2 * ETHERNET_ADDRESS_LEN)
#define ORG_HEADER_LEN 4 /* OUI and subtype */

/* Types of TLVs: IEEE 802.1AB-2016 table 8-1. */
enum type {
	TYPE_END = 0,
	TYPE_CHASSIS_ID = 1,
	TYPE_PORT_ID = 2,
	TYPE_TTL = 3,
	TYPE_PORT_DESCRIPTION = 4,
	TYPE_SYSTEM_NAME = 5,
	TYPE_SYSTEM_DESCRIPTION = 6,
	TYPE_CAPABILITIES = 7,
	TYPE_MANAGEMENT_ADDRESS = 8,
	TYPE_ORGANISATION = 127,
};

void lldp_frame_header(const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	const uint8_t source[static ETHERNET_ADDRESS_LEN],
	uint8_t out[static LLDP_FRAME_HEADER_LEN])
{
	memcpy(out, destination, ETHERNET_ADDRESS_LEN);
	memcpy(out + ETHERNET_ADDRESS_LEN, source, ETHERNET_ADDRESS_LEN);
	out[TYPE_AT] = LLDP_ETHERTYPE >> 8;
	out[TYPE_AT + 1] = LLDP_ETHERTYPE & 0xff;
}

bool lldp_frame(const uint8_t *frame, size_t frame_len, const uint8_t **lldpdu, size_t *len)
{
	if (frame_len < LLDP_FRAME_HEADER_LEN || frame[TYPE_AT] != LLDP_ETHERTYPE >> 8 ||
		frame[TYPE_AT + 1] != (LLDP_ETHERTYPE & 0xff)) {
		return false;
	}
	*lldpdu = frame + LLDP_FRAME_HEADER_LEN;
	*len = frame_len - LLDP_FRAME_HEADER_LEN;
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct tlv {
	unsigned type;
	struct wire_reader value;
};

static enum malformed next_tlv(struct wire_reader *reader, struct tlv *tlv)
{
	unsigned header = (unsigned)wire_get_uint(reader, 2);
	size_t len = header & 0x1ff;

	tlv->type = header >> 9;
	tlv->value = (struct wire_reader){ wire_take(reader, len), len, false };
	return reader->failed ? MALFORMED_LLDP_TRUNCATED : MALFORMED_NOT;
}

static enum malformed read_id(struct tlv *tlv, struct lldp_id *id)
{
	if (tlv->value.left < 2 || tlv->value.left > 1 + LLDP_ID_MAX) {
		return MALFORMED_LLDP_LENGTH;
	}
	id->subtype = (uint8_t)wire_get_uint(&tlv->value, 1);
	id->len = (uint8_t)tlv->value.left;
	wire_get(&tlv->value, id->octets, tlv->value.left);
	return MALFORMED_NOT;
}

/* Chassis ID, port ID and TTL, in this order (clause 8.2). */
static enum malformed read_mandatory(struct wire_reader *reader, struct lldpdu *lldpdu)
{
	static const unsigned order[] = { TYPE_CHASSIS_ID, TYPE_PORT_ID, TYPE_TTL };

	for (size_t i = 0; i < 3; i++) {
		struct tlv tlv;
		enum malformed malformed = next_tlv(reader, &tlv);

		if (malformed) {
			return malformed;
		}
		if (tlv.type != order[i]) {
			return MALFORMED_LLDP_ORDER;
		}
		if (tlv.type == TYPE_TTL) {
			lldpdu->ttl_s = (uint16_t)wire_get_uint(&tlv.value, 2);
			malformed = tlv.value.failed ? MALFORMED_LLDP_LENGTH : MALFORMED_NOT;
		} else {
			malformed = read_id(&tlv, i == 0 ? &lldpdu->chassis : &lldpdu->port);
		}
		if (malformed) {
			return malformed;
		}
	}
	return MALFORMED_NOT;
}

static enum malformed read_text(struct tlv *tlv, struct lldp_text *text)
{
	if (tlv->value.left > LLDP_TEXT_MAX) {
		return MALFORMED_LLDP_LENGTH;
	}
	text->present = true;
	text->len = (uint8_t)tlv->value.left;
	wire_get(&tlv->value, text->text, tlv->value.left);
	text->text[text->len] = '\0';
	return MALFORMED_NOT;
}

/* A part of a message, if it is ours; the parts follow one another in the LLDPDU. */
static enum malformed read_organisation(
	const struct lldp_format *format, struct tlv *tlv, struct lldpdu *lldpdu)
{
	const uint8_t *header = wire_take(&tlv->value, ORG_HEADER_LEN);

	if (!header) {
		return MALFORMED_LLDP_LENGTH;
	}
	if (memcmp(header, format->oui, sizeof(format->oui)) != 0 || header[3] != format->subtype) {
		return MALFORMED_NOT;
	}
	if (tlv->value.left > sizeof(lldpdu->message) - lldpdu->message_len) {
		return MALFORMED_LLDP_LENGTH;
	}
	lldpdu->has_message = true;
	memcpy(lldpdu->message + lldpdu->message_len, tlv->value.at, tlv->value.left);
	lldpdu->message_len += tlv->value.left;
	return MALFORMED_NOT;
}

/* Those that may stand only once (clauses 8.5.1 to 8.5.8). */
static bool is_single(unsigned type)
{
	return type <= TYPE_CAPABILITIES;
}

static enum malformed read_optional(
	const struct lldp_format *format, struct tlv *tlv, struct lldpdu *lldpdu)
{
	switch (tlv->type) {
	case TYPE_PORT_DESCRIPTION:
		return read_text(tlv, &lldpdu->port_description);
	case TYPE_SYSTEM_NAME:
		return read_text(tlv, &lldpdu->system_name);
	case TYPE_SYSTEM_DESCRIPTION:
		return tlv->value.left > LLDP_TEXT_MAX ? MALFORMED_LLDP_LENGTH : MALFORMED_NOT;
	case TYPE_CAPABILITIES:
		return tlv->value.left < 4 ? MALFORMED_LLDP_LENGTH : MALFORMED_NOT;
	case TYPE_MANAGEMENT_ADDRESS:
		return tlv->value.left < 9 || tlv->value.left > 167 ? MALFORMED_LLDP_LENGTH
								    : MALFORMED_NOT;
	case TYPE_ORGANISATION:
		return read_organisation(format, tlv, lldpdu);
	default:
		return MALFORMED_NOT; /* reserved: skipped */
	}
}

static enum malformed read_others(
	const struct lldp_format *format, struct wire_reader *reader, struct lldpdu *lldpdu)
{
	uint32_t seen = 1u << TYPE_CHASSIS_ID | 1u << TYPE_PORT_ID | 1u << TYPE_TTL;

	for (;;) {
		struct tlv tlv;
		enum malformed malformed = next_tlv(reader, &tlv);

		if (malformed) {
			return malformed;
		}
		if (tlv.type == TYPE_END) {
			return tlv.value.left > 0 ? MALFORMED_LLDP_LENGTH : MALFORMED_NOT;
		}
		if (is_single(tlv.type) && seen & 1u << tlv.type) {
			return MALFORMED_LLDP_DUPLICATE;
		}
		seen |= is_single(tlv.type) ? 1u << tlv.type : 0;
		malformed = read_optional(format, &tlv, lldpdu);
		if (malformed) {
			return malformed;
		}
	}
}

enum malformed lldp_read(
	const struct lldp_format *format, const uint8_t *octets, size_t len, struct lldpdu *lldpdu)
{
	struct wire_reader reader = { octets, len, false };
	enum malformed malformed;

	lldpdu->has_message = false;
	lldpdu->message_len = 0;
	lldpdu->port_description = (struct lldp_text){ 0 };
	lldpdu->system_name = (struct lldp_text){ 0 };
	malformed = read_mandatory(&reader, lldpdu);
	return malformed ? malformed : read_others(format, &reader, lldpdu);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_header(struct wire_writer *writer, unsigned type, size_t len)
{
	wire_put_uint(writer, type << 9 | len, 2);
}

static void put_id(struct wire_writer *writer, unsigned type, const struct lldp_id *id)
{
	put_header(writer, type, 1u + id->len);
	wire_put_uint(writer, id->subtype, 1);
	wire_put(writer, id->octets, id->len);
}

static void put_text(struct wire_writer *writer, unsigned type, const struct lldp_text *text)
{
	if (text->present) {
		put_header(writer, type, text->len);
		wire_put(writer, text->text, text->len);
	}
}

static void put_message(
	struct wire_writer *writer, const struct lldp_format *format, const struct lldpdu *lldpdu)
{
	for (size_t at = 0; at < lldpdu->message_len; at += LLDP_PART_MAX) {
		size_t left = lldpdu->message_len - at;
		size_t len = left < LLDP_PART_MAX ? left : LLDP_PART_MAX;

		put_header(writer, TYPE_ORGANISATION, ORG_HEADER_LEN + len);
		wire_put(writer, format->oui, sizeof(format->oui));
		wire_put_uint(writer, format->subtype, 1);
		wire_put(writer, lldpdu->message + at, len);
	}
}

int lldp_write(
	const struct lldp_format *format, const struct lldpdu *lldpdu, uint8_t *out, size_t max)
{
	struct wire_writer writer = { out, 0, max, false };

	put_id(&writer, TYPE_CHASSIS_ID, &lldpdu->chassis);
	put_id(&writer, TYPE_PORT_ID, &lldpdu->port);
	put_header(&writer, TYPE_TTL, 2);
	wire_put_uint(&writer, lldpdu->ttl_s, 2);
	if (lldpdu->ttl_s > 0) {
		put_text(&writer, TYPE_PORT_DESCRIPTION, &lldpdu->port_description);
		put_text(&writer, TYPE_SYSTEM_NAME, &lldpdu->system_name);
		put_message(&writer, format, lldpdu);
	}
	put_header(&writer, TYPE_END, 0);
	return writer.failed ? -EMSGSIZE : (int)writer.len;
}
