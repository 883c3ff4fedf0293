/*
 * A frame as its parts, so that a copy can differ in one of them, and as octets.
 */
#ifndef KEYID_CRAFT_PACKET_H
#define KEYID_CRAFT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ethernet.h"

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

struct packet {
	const struct station *sender; /* who does not hear it; NULL: an attacker's, all do */
	const struct wire *wire;      /* whose stations hear it; NULL = nobody */
	bool raw;                     /* body is the whole frame, and the parts mean nothing */
	uint8_t destination[ETHERNET_ADDRESS_LEN];
	uint8_t source[ETHERNET_ADDRESS_LEN];
	struct packet_tag outer, tag;
	struct ethernet_format format;
	size_t padding;
	size_t body_len;
	uint8_t body[PACKET_BODY_MAX]; /* the message */
};

struct packet_octets {
	size_t len;
	size_t message_at; /* 0: a raw frame */
	size_t message_len;
	uint8_t octets[PACKET_OCTETS_MAX];
};

void packet_encode(const struct packet *frame, struct packet_octets *out);

#endif
