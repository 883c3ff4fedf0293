#include "tools/keyid-craft/packet.h"

#include <string.h>

#define LLDP_PART_HEADER_LEN 6 /* type and length, OUI, subtype */
#define LLDP_END_LEN 2

static void put(struct packet_octets *out, const void *octets, size_t len)
{
	memcpy(out->octets + out->len, octets, len);
	out->len += len;
}

static void put_u16(struct packet_octets *out, uint16_t value)
{
	uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(out, octets, sizeof(octets));
}

static void put_tag(struct packet_octets *out, const struct packet_tag *tag)
{
	if (tag->present) {
		put_u16(out, tag->type);
		put_u16(out, tag->control);
	}
}

static void put_addresses(
	struct packet_octets *out, const struct packet *frame, enum carrier carrier)
{
	put(out, frame->destination[carrier], ETHERNET_ADDRESS_LEN);
	put(out, frame->source, ETHERNET_ADDRESS_LEN);
	put_tag(out, &frame->outer);
	put_tag(out, &frame->tag);
}

static void put_raw(struct packet_octets *out, const struct packet *frame)
{
	const struct ethernet_format *format = &frame->format.raw;

	put_addresses(out, frame, CARRIER_RAW);
	put_u16(out, format->ethertype);
	put(out, format->oui, sizeof(format->oui));
	put_u16(out, format->protocol_id);
	out->message_at = out->len;
	put(out, frame->body, frame->body_len);
}

/* ---- LLDP ------------------------------------------------------------------------------------ */

static void set_text(struct lldp_text *text, const char *from)
{
	text->present = from[0] != '\0';
	text->len = (uint8_t)strlen(from);
	memcpy(text->text, from, text->len + 1u);
}

/* What keyidd sends: protocol.md section 1.1. */
static void describe(const struct packet *frame, struct lldpdu *lldpdu)
{
	const struct packet_agent *agent = &frame->agent;

	memset(lldpdu, 0, sizeof(*lldpdu));
	lldpdu->chassis.subtype = LLDP_CHASSIS_MAC;
	lldpdu->chassis.len = sizeof(agent->chassis);
	memcpy(lldpdu->chassis.octets, agent->chassis, sizeof(agent->chassis));
	lldpdu->port.subtype = LLDP_PORT_LOCAL;
	lldpdu->port.len = (uint8_t)strlen(agent->port);
	memcpy(lldpdu->port.octets, agent->port, lldpdu->port.len);
	lldpdu->ttl_s = agent->ttl_s;
	set_text(&lldpdu->system_name, agent->system_name);
	lldpdu->message_len = frame->body_len;
	memcpy(lldpdu->message, frame->body, frame->body_len);
}

static void put_own_lldpdu(struct packet_octets *out, const struct packet *frame)
{
	size_t parts = (frame->body_len + LLDP_PART_MAX - 1) / LLDP_PART_MAX;
	struct lldpdu lldpdu;

	describe(frame, &lldpdu);
	out->len += (size_t)lldp_write(&frame->format.lldp, &lldpdu, out->octets + out->len,
		sizeof(out->octets) - out->len);
	if (frame->agent.ttl_s > 0) {
		/* The parts are the last TLVs before End. */
		out->message_at = out->len - LLDP_END_LEN - frame->body_len -
				  (parts - 1) * LLDP_PART_HEADER_LEN;
		out->part_len = LLDP_PART_MAX;
	}
}

static void put_lldp(struct packet_octets *out, const struct packet *frame)
{
	put_addresses(out, frame, CARRIER_LLDP);
	put_u16(out, LLDP_ETHERTYPE);
	if (frame->form == PACKET_LLDPDU) {
		put(out, frame->body, frame->body_len);
	} else {
		put_own_lldpdu(out, frame);
	}
}

size_t packet_place(const struct packet_octets *frame, size_t at_in_message)
{
	size_t parts_before = frame->part_len > 0 ? at_in_message / frame->part_len : 0;

	return frame->message_at + at_in_message + parts_before * LLDP_PART_HEADER_LEN;
}

/* ---- both ------------------------------------------------------------------------------------ */

void packet_encode(const struct packet *frame, enum carrier carrier, struct packet_octets *out)
{
	out->len = 0;
	out->message_at = 0;
	out->part_len = 0;
	if (frame->form == PACKET_OCTETS) {
		put(out, frame->body, frame->body_len);
	} else if (carrier == CARRIER_LLDP) {
		put_lldp(out, frame);
	} else {
		put_raw(out, frame);
	}
	memset(out->octets + out->len, PACKET_PADDING, frame->padding);
	out->len += frame->padding;
}
