#include "l2proto/frame.h"

#include <errno.h>

enum verdict frame_read(const struct ethernet_format *format, const uint8_t *octets, size_t len,
	struct frame *frame)
{
	size_t message_len;
	int rc = ethernet_parse(
		format, octets, len, &frame->ethernet, &frame->message, &frame->len);

	frame->is_short = rc == -EBADMSG;
	if (rc != 0) {
		return VERDICT_NOT_OURS;
	}
	frame->malformed = message_read_header(
		frame->message, frame->len, &frame->header, &message_len);
	if (frame->malformed) {
		return VERDICT_MALFORMED;
	}
	frame->len = message_len;
	return VERDICT_ACCEPTED;
}
