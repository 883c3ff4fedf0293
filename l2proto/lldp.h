/*
 * LLDPDUs (IEEE 802.1AB-2016): the messages of protocol.md section 1.1 in them, and
 * what else of a neighbour's LLDPDU is of use. Pure.
 *
 *     Ethernet header, EtherType 0x88CC, untagged
 *     Chassis ID | Port ID | TTL | others, in any order | End
 *
 * each a TLV: type (7 bits), length of the value (9 bits), value. Decoding is strict,
 * as clause 9.2.7.7 wants it: one fault, and the LLDPDU is discarded.
 */
#ifndef L2PROTO_LLDP_H
#define L2PROTO_LLDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ethernet.h"
#include "l2proto/message.h"

#define LLDP_ETHERTYPE 0x88CC
#define LLDP_FRAME_HEADER_LEN 14
#define LLDP_ID_MAX 255      /* octets of a chassis or port ID */
#define LLDP_TEXT_MAX 255    /* octets of a port description or system name */
#define LLDP_PART_MAX 507    /* octets of a message in one organisationally specific TLV */
#define LLDP_LLDPDU_MAX 1500 /* one frame */

/* Subtypes of IDs that are named here (clauses 8.5.2.2 and 8.5.3.2); others may come. */
enum lldp_chassis { LLDP_CHASSIS_MAC = 4, LLDP_CHASSIS_LOCAL = 7 };
enum lldp_port { LLDP_PORT_MAC = 3, LLDP_PORT_INTERFACE = 5, LLDP_PORT_LOCAL = 7 };

/* The TLVs that carry messages. */
struct lldp_format {
	uint8_t oui[3];
	uint8_t subtype;
};

struct lldp_id {
	uint8_t subtype;
	uint8_t len; /* 1..LLDP_ID_MAX */
	uint8_t octets[LLDP_ID_MAX];
};

struct lldp_text {
	bool present;
	uint8_t len;
	char text[LLDP_TEXT_MAX + 1]; /* any octets, as they came; NUL-terminated */
};

struct lldpdu {
	struct lldp_id chassis, port; /* together the MSAP: who it is */
	uint16_t ttl_s;               /* 0 = shutdown: the neighbour is gone at once */
	struct lldp_text port_description;
	struct lldp_text system_name;
	/* the message, put together from its parts */
	bool has_message;
	size_t message_len;
	uint8_t message[MESSAGE_MAX_RAW];
};

/*
 * Reads the LLDPDU of a received frame. Returns MALFORMED_NOT, or what is wrong:
 * MALFORMED_LLDP_TRUNCATED (a TLV reaches beyond the frame, or there is no End),
 * _ORDER (it does not begin with chassis ID, port ID, TTL), _DUPLICATE (one that may
 * stand once only), _LENGTH (a TLV is too short or too long for its type; or the parts
 * of a message are). What follows the End TLV is padding.
 */
enum malformed lldp_read(
	const struct lldp_format *format, const uint8_t *octets, size_t len, struct lldpdu *lldpdu);

/*
 * Writes an LLDPDU: chassis, port, TTL, texts that are present, the message if there is
 * one, End. With a TTL of 0 it is a shutdown LLDPDU, and has none but the first three.
 * Returns its length, or -EMSGSIZE if it exceeds max.
 */
int lldp_write(
	const struct lldp_format *format, const struct lldpdu *lldpdu, uint8_t *out, size_t max);

/* The header of a frame that carries an LLDPDU, which follows it. */
void lldp_frame_header(const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	const uint8_t source[static ETHERNET_ADDRESS_LEN],
	uint8_t out[static LLDP_FRAME_HEADER_LEN]);

/* Is this frame an LLDPDU's (EtherType 0x88CC, untagged)? Sets where it begins. */
bool lldp_frame(const uint8_t *frame, size_t frame_len, const uint8_t **lldpdu, size_t *len);

#endif
