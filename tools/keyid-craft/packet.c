#include "tools/keyid-craft/packet.h"

#include <string.h>

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

void packet_encode(const struct packet *frame, struct packet_octets *out)
{
	out->len = 0;
	out->message_at = 0;
	out->message_len = 0;
	if (!frame->raw) {
		put(out, frame->destination, sizeof(frame->destination));
		put(out, frame->source, sizeof(frame->source));
		put_tag(out, &frame->outer);
		put_tag(out, &frame->tag);
		put_u16(out, frame->format.ethertype);
		put(out, frame->format.oui, sizeof(frame->format.oui));
		put_u16(out, frame->format.protocol_id);
		out->message_at = out->len;
		out->message_len = frame->body_len;
	}
	put(out, frame->body, frame->body_len);
	memset(out->octets + out->len, PACKET_PADDING, frame->padding);
	out->len += frame->padding;
}
