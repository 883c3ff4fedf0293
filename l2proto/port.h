/*
 * A port: where messages come from and go to. One per network interface, shared
 * by every association whose link runs there. The raw port is an Ethernet
 * interface (libpcap in, libnet out); others have the same shape.
 */
#ifndef L2PROTO_PORT_H
#define L2PROTO_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "l2proto/ethernet.h"

#define PORT_ERROR_TEXT_MAX 256

struct port;

/*
 * Called for each frame that came in. The octets are the whole frame from the
 * destination address on, as captured; valid during the call.
 */
typedef void (*port_frame_fn)(void *ctx, const uint8_t *frame, size_t len);

struct port_raw_config {
	const char *interface;          /* borrowed for the call of port_raw_open() */
	struct ethernet_format format;  /* what the frames look like: OUI, protocol ID, ... */
};

/*
 * Opens the interface: only frames that come in, of this EtherType, OUI and
 * protocol ID, with or without one VLAN tag, reach the port; joins the group address. Needs
 * CAP_NET_RAW. Returns NULL and writes one line to error if it cannot.
 */
struct port *port_raw_open(const struct port_raw_config *config, char error[static PORT_ERROR_TEXT_MAX]);
void port_close(struct port *port); /* NULL accepted */

/* A descriptor to poll for reading; edge or level triggered. */
int port_fd(const struct port *port);

/*
 * Hands at most max waiting frames to the callback, without waiting for more.
 * Returns their number; -ENETDOWN if the interface is down or gone (the port
 * may come back by itself; see port_raw.c), or another -errno.
 */
int port_receive(struct port *port, int max, port_frame_fn frame, void *ctx);

/*
 * Sends one message (protocol.md section 2: from the version octet to the end of
 * the HMAC) in a frame to destination, tagged if vlan is not 0. Returns 0 or
 * -errno: -EMSGSIZE over the interface's MTU, -ENETDOWN, -ENOBUFS, ...
 */
int port_send(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN], uint16_t vlan,
	const uint8_t *message, size_t len);

const char *port_name(const struct port *port);

/* The interface's own address. */
const uint8_t *port_address(const struct port *port);

/* Frames that the kernel had to drop for want of room, since the port was opened. */
uint64_t port_dropped(const struct port *port);

#endif
