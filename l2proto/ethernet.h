/*
 * The frame around a message (docs/protocol.md section 1): IEEE 802.3 with an
 * optional IEEE 802.1Q tag and the OUI Extended EtherType (IEEE 802-2014 clause
 * 9.2.4), or a local experimental EtherType (clause 9.2.3) with the same five
 * octets after it. Pure.
 */
#ifndef L2PROTO_ETHERNET_H
#define L2PROTO_ETHERNET_H

#include <stddef.h>
#include <stdint.h>

#define ETHERNET_ADDRESS_LEN 6
#define ETHERNET_OUI_EXTENDED 0x88B7
#define ETHERNET_LOCAL_EXPERIMENTAL_1 0x88B5
#define ETHERNET_HEADER_MAX 23   /* addresses 12, tag 4, EtherType 2, OUI 3, protocol ID 2 */
#define ETHERNET_MESSAGE_MAX 1495 /* MTU 1,500 less OUI and protocol ID */

/* What makes a frame ours. */
struct ethernet_format {
	uint16_t ethertype;
	uint8_t oui[3];
	uint16_t protocol_id;
};

struct ethernet_header {
	uint8_t destination[ETHERNET_ADDRESS_LEN];
	uint8_t source[ETHERNET_ADDRESS_LEN];
	uint16_t vlan; /* VLAN ID 1..4094; 0 = no tag, or a priority tag */
};

/*
 * Finds the message in a received frame. Returns 0 and sets *header, *message
 * and *len (padding included: the message has its own length), or -ENOMSG if
 * the frame is not ours, -EBADMSG if it ends inside the header.
 */
int ethernet_parse(const struct ethernet_format *format, const uint8_t *frame, size_t frame_len,
	struct ethernet_header *header, const uint8_t **message, size_t *len);

/* Writes the header of a frame that carries a message; returns its length. */
size_t ethernet_build(const struct ethernet_format *format, const struct ethernet_header *header,
	uint8_t out[static ETHERNET_HEADER_MAX]);

#endif
