#include "l2proto/frame.h"

#include <errno.h>
#include <string.h>

/* Check 2, whatever carried the message. */
static enum verdict read_header(struct frame *frame)
{
	size_t message_len;

	frame->malformed = message_read_header(
		frame->message, frame->len, &frame->header, &message_len);
	if (frame->malformed) {
		return VERDICT_MALFORMED;
	}
	frame->len = message_len;
	return VERDICT_ACCEPTED;
}

static enum verdict read_lldp(const struct frame_format *format, const uint8_t *octets,
	const uint8_t *lldpdu, size_t len, struct frame *frame)
{
	frame->carrier = CARRIER_LLDP;
	memcpy(frame->ethernet.destination, octets, ETHERNET_ADDRESS_LEN);
	memcpy(frame->ethernet.source, octets + ETHERNET_ADDRESS_LEN, ETHERNET_ADDRESS_LEN);
	frame->ethernet.vlan = 0;
	frame->malformed = lldp_read(&format->lldp, lldpdu, len, &frame->lldpdu);
	if (frame->malformed) {
		return VERDICT_MALFORMED;
	}
	if (!frame->lldpdu.has_message) {
		return VERDICT_NOT_OURS;
	}
	frame->message = frame->lldpdu.message;
	frame->len = frame->lldpdu.message_len;
	return read_header(frame);
}

enum verdict frame_read(
	const struct frame_format *format, const uint8_t *octets, size_t len, struct frame *frame)
{
	const uint8_t *lldpdu;
	size_t lldpdu_len;
	int rc;

	frame->is_short = false;
	if (format->reads_lldp && lldp_frame(octets, len, &lldpdu, &lldpdu_len)) {
		return read_lldp(format, octets, lldpdu, lldpdu_len, frame);
	}
	frame->carrier = CARRIER_RAW;
	rc = ethernet_parse(
		&format->raw, octets, len, &frame->ethernet, &frame->message, &frame->len);
	frame->is_short = rc == -EBADMSG;
	return rc == 0 ? read_header(frame) : VERDICT_NOT_OURS;
}
