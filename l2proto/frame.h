/*
 * From a frame to the message in it: checks 1 and 2 of protocol.md section 4.1, which
 * need no association. Every frame that comes in, live or from a capture, passes here
 * first. Pure.
 */
#ifndef L2PROTO_FRAME_H
#define L2PROTO_FRAME_H

#include "l2proto/ethernet.h"
#include "l2proto/link.h"

struct frame {
	struct ethernet_header ethernet;
	const uint8_t *message; /* into the octets of the frame */
	size_t len;             /* of the message by its own word; padding is left out */
	struct message_header header;
	enum malformed malformed;
	bool is_short; /* VERDICT_NOT_OURS because the frame ends before a message could begin */
};

/*
 * VERDICT_ACCEPTED: a message, nothing of which has been believed yet; everything in
 * frame is set. VERDICT_NOT_OURS: only is_short is. VERDICT_MALFORMED: ethernet, message and
 * malformed are, and len is all that there is of the message.
 */
enum verdict frame_read(const struct ethernet_format *format, const uint8_t *octets, size_t len,
	struct frame *frame);

#endif
