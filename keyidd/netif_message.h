/*
 * What the kernel says of network interfaces (rtnetlink(7)): datagrams in, structs out,
 * without I/O.
 *
 * Everything is checked against the datagram's end. Attributes not known here are
 * skipped, and so are messages about something else.
 */
#ifndef KEYIDD_NETIF_MESSAGE_H
#define KEYIDD_NETIF_MESSAGE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ethernet.h"

/* One RTM_NEWLINK or RTM_DELLINK about an interface. */
struct netif_message {
	bool is_answer;  /* to the request; otherwise news */
	bool is_deleted; /* or has left this network namespace; then no more than the index is set
			  */
	unsigned index;  /* 1.. */
	char name[IFNAMSIZ];
	bool is_up;       /* IFF_UP: an administrator wants it */
	bool has_carrier; /* IFF_LOWER_UP: it could send */
	bool has_address; /* of 6 octets. Some messages leave out this and the MTU */
	uint8_t address[ETHERNET_ADDRESS_LEN];
	bool has_mtu;
	uint32_t mtu;
};

/* What became of the answer to a request. */
enum netif_answer {
	NETIF_ANSWER_OPEN,    /* more of it may come */
	NETIF_ANSWER_WHOLE,   /* that was all */
	NETIF_ANSWER_SPOILED, /* an error, or things changed meanwhile: ask (again) */
};

/*
 * Reads one datagram as it was received, aligned to 4 octets, and hands over each message
 * about an interface: news, and parts of the answer to the request of this number and
 * port ID, of which it says what became. Number 0 = there is no request. A message that
 * does not fit ends the datagram, and spoils it whether it answers a request or not.
 */
enum netif_answer netif_read_datagram(const void *datagram, size_t len, uint32_t sequence,
	uint32_t port_id, void (*take)(void *ctx, const struct netif_message *message), void *ctx);

/* A request for all interfaces, without their statistics. Returns its length. */
#define NETIF_REQUEST_MAX 64
size_t netif_write_request(uint32_t sequence, void *out);

#endif
