/*
 * What keyidd and keyidd-lldpd say to each other, in packets over a SOCK_SEQPACKET pair:
 * type (1) | interface (16, ends with NUL) | octets. Whoever receives one checks it.
 */
#ifndef KEYIDD_LLDPD_PACKET_H
#define KEYIDD_LLDPD_PACKET_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/message.h"

#define LLDPD_PACKET_OCTETS_MAX MESSAGE_MAX_RAW
#define LLDPD_TEXT_MAX 256 /* octets of a text, with its NUL */

enum lldpd_packet_type {
	/* to keyidd-lldpd */
	LLDPD_PACKET_OPEN,
	LLDPD_PACKET_CLOSE,
	LLDPD_PACKET_SEND, /* octets: a message */
	/* from it */
	LLDPD_PACKET_HEARD, /* octets: a message, or none if it was too long */
	LLDPD_PACKET_OPENED,
	LLDPD_PACKET_ERROR, /* octets: why messages are not carried; none if they are */
	LLDPD_PACKET_LOG,   /* octets: enum log_level (1), a line; no interface */
	LLDPD_PACKET_TYPES,
};

struct lldpd_packet {
	enum lldpd_packet_type type;
	char interface[IFNAMSIZ];
	size_t len;
	uint8_t octets[LLDPD_PACKET_OCTETS_MAX];
};

/* 0 or -errno. Waits for room unless flags (send(2)) say MSG_DONTWAIT. */
int lldpd_packet_send(int fd, const struct lldpd_packet *packet, int flags);

/* Never waits: 0, -EAGAIN, -ECONNRESET at the end, -EPROTO for what is no packet, or -errno. */
int lldpd_packet_receive(int fd, struct lldpd_packet *packet);

/* A packet without octets. */
struct lldpd_packet lldpd_packet(enum lldpd_packet_type type, const char *interface);

/* Adds octets; what does not fit is cut off. */
void lldpd_packet_add(struct lldpd_packet *packet, const void *octets, size_t len);

/* Its octets from one on as a line: cut, ended, control characters replaced. */
void lldpd_packet_text(
	const struct lldpd_packet *packet, size_t from, char out[static LLDPD_TEXT_MAX]);

#endif
