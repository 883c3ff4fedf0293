/*
 * A frame as its parts, so that a copy can differ in one of them, and as octets. A
 * message may travel in several carriers: it is one frame for each.
 */
#ifndef KEYID_CRAFT_PACKET_H
#define KEYID_CRAFT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/frame.h"

#define PACKET_BODY_MAX 4096
#define PACKET_PADDING_MAX 4096
#define PACKET_OCTETS_MAX (PACKET_BODY_MAX + PACKET_PADDING_MAX + 64)
#define PACKET_PADDING 0x5a /* not zero: a receiver has to ignore whatever pads */

struct station;
struct wire;

/* A tag of IEEE 802.1Q: type 0x8100 or 0x88A8, and priority, drop eligibility and VLAN ID. */
struct packet_tag {
	bool present;
	uint16_t type;
	uint16_t control;
};

/* Who says it, in an LLDPDU. */
struct packet_agent {
	uint8_t chassis[ETHERNET_ADDRESS_LEN];
	char port[LLDP_ID_MAX + 1];
	uint16_t ttl_s;                      /* 0: the shutdown LLDPDU, which has no message */
	char system_name[LLDP_TEXT_MAX + 1]; /* or empty */
};

enum packet_form {
	PACKET_MESSAGE, /* body is a message, in each of the carriers */
	PACKET_LLDPDU,  /* body is an LLDPDU, by hand */
	PACKET_OCTETS,  /* body is the whole frame, and the parts mean nothing */
};

struct packet {
	const struct station *sender; /* who does not hear it; NULL: an attacker's, all do */
	const struct wire *wire;      /* whose stations hear it; NULL = nobody */
	enum packet_form form;
	unsigned carriers; /* bit c: enum carrier c; 0 with PACKET_OCTETS */
	uint8_t destination[CARRIER_COUNT][ETHERNET_ADDRESS_LEN];
	uint8_t source[ETHERNET_ADDRESS_LEN];
	struct packet_tag outer, tag;
	struct frame_format format;
	struct packet_agent agent;
	size_t padding;
	size_t body_len; /* of a message in an LLDPDU: MESSAGE_MAX_RAW at most */
	uint8_t body[PACKET_BODY_MAX];
};

struct packet_octets {
	size_t len;
	size_t message_at; /* 0: there is no message, or it is not known where */
	size_t part_len;   /* of a message in parts: of each but the last; 0 = in one piece */
	uint8_t octets[PACKET_OCTETS_MAX];
};

/* The frame by one of its carriers. */
void packet_encode(const struct packet *frame, enum carrier carrier, struct packet_octets *out);

/* Where in the frame an octet of the message is, if message_at is not 0. */
size_t packet_place(const struct packet_octets *frame, size_t at_in_message);

#endif
