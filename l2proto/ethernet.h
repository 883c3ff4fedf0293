/*
 * The frame around a message (docs/protocol.md section 1): IEEE 802.3 with an
 * optional IEEE 802.1Q tag and the OUI Extended EtherType (IEEE 802-2014 clause
 * 9.2.4), or a local experimental EtherType (clause 9.2.3) with the same five
 * octets after it. Pure.
 *
 *        6           6          4           2        3         2        0..1495
 * +-------------+--------+------------+-----------+-----+-------------+---------+
 * | destination | source | 802.1Q tag | EtherType | OUI | protocol ID | message |
 * +-------------+--------+------------+-----------+-----+-------------+---------+
 *                         or nothing
 */
#ifndef L2PROTO_ETHERNET_H
#define L2PROTO_ETHERNET_H

#include <stddef.h>
#include <stdint.h>

#define ETHERNET_ADDRESS_LEN 6
#define ETHERNET_OUI_EXTENDED 0x88B7
#define ETHERNET_LOCAL_EXPERIMENTAL_1 0x88B5
#define ETHERNET_VLAN_MAX 4094    /* IEEE 802.1Q table 9-2: 4095 never stands in a tag */
#define ETHERNET_HEADER_MAX 23    /* addresses 12, tag 4, EtherType 2, OUI 3, protocol ID 2 */
#define ETHERNET_MESSAGE_MAX 1495 /* MTU 1,500 less OUI and protocol ID */
#define ETHERNET_FRAME_MAX (ETHERNET_HEADER_MAX + ETHERNET_MESSAGE_MAX)

/* What makes a frame ours. */
struct ethernet_format {
	uint16_t ethertype;
	uint8_t oui[3];
	uint16_t protocol_id;
};

struct ethernet_header {
	uint8_t destination[ETHERNET_ADDRESS_LEN];
	uint8_t source[ETHERNET_ADDRESS_LEN];
	uint16_t vlan; /* VLAN ID 1..ETHERNET_VLAN_MAX; 0 = no tag, or a priority tag */
};

/*
 * Finds the message in a received frame. Returns 0 and sets *header, *message
 * and *len (padding included: the message has its own length), or -ENOMSG if
 * the frame is not ours, -EBADMSG if it ends inside the header; then nothing is
 * set. *message points into frame.
 *
 * One customer tag (0x8100) is taken off, whatever its priority and drop bits.
 * A service tag (0x88A8) counts VLANs of its own, in which an end station has
 * no part, so such a frame is not ours; nor is one with two tags.
 */
int ethernet_parse(const struct ethernet_format *format, const uint8_t *frame, size_t frame_len,
	struct ethernet_header *header, const uint8_t **message, size_t *len);

/*
 * Writes the header of a frame that carries a message, tagged with priority 0
 * if header->vlan is not 0; returns its length. The message follows it.
 */
size_t ethernet_build(const struct ethernet_format *format, const struct ethernet_header *header,
	uint8_t out[static ETHERNET_HEADER_MAX]);

#endif
