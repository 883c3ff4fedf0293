/*
 * From a frame to the message in it: checks 1 and 2 of protocol.md section 4.1, which
 * need no association. Every frame that comes in, live or from a capture, passes here
 * first. Pure.
 */
#ifndef L2PROTO_FRAME_H
#define L2PROTO_FRAME_H

#include "l2proto/ethernet.h"
#include "l2proto/link.h"
#include "l2proto/lldp.h"

/* What makes a frame ours. */
struct frame_format {
	struct ethernet_format raw;
	bool reads_lldp;
	struct lldp_format lldp;
};

struct frame {
	enum carrier carrier;
	struct ethernet_header ethernet; /* of an LLDPDU, VLAN 0 */
	const uint8_t *message;          /* into the octets of the frame, or into lldpdu */
	size_t len;                      /* of the message by its own word, without padding */
	struct message_header header;
	enum malformed malformed;
	bool is_short; /* VERDICT_NOT_OURS because the frame ends before a message could begin */
	struct lldpdu lldpdu; /* of CARRIER_LLDP, unless MALFORMED_LLDP_* */
};

/*
 * VERDICT_ACCEPTED: a message, nothing of which has been believed yet; everything in
 * frame is set. VERDICT_NOT_OURS: carrier and is_short are, and of a well-formed LLDPDU
 * (without a message) lldpdu and ethernet. VERDICT_MALFORMED: message and len are not,
 * if it is the LLDPDU that is malformed; else len is all that there is of the message.
 */
enum verdict frame_read(
	const struct frame_format *format, const uint8_t *octets, size_t len, struct frame *frame);

#endif
