/*
 * A port: where messages come from and go to. One per network interface, shared
 * by every association whose link runs there. The raw port is an Ethernet
 * interface (libpcap in, libnet out); others have the same shape.
 *
 * When the interface goes down, the port stays open and works again by itself
 * once it is up. When the interface is gone (deleted, renamed, moved to another
 * network namespace) the port never works again, even if another interface takes
 * the name: port_send(), and port_receive() when no frame waits, say -ENODEV, and
 * the caller closes the port and opens it again. A poller is not woken for every such
 * change: whoever needs to know of each asks the kernel (keyidd/netif.h).
 */
#ifndef L2PROTO_PORT_H
#define L2PROTO_PORT_H

#include <stdbool.h>
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
	const char *interface;         /* borrowed for the call of port_raw_open() */
	struct ethernet_format format; /* what the frames look like: OUI, protocol ID, ... */
	bool lldp;                     /* LLDPDUs as well, whoever's they are */
};

/*
 * Opens an Ethernet interface that is up: only frames that come in, of this
 * EtherType, OUI and protocol ID, with or without one VLAN tag, reach the port; and
 * LLDPDUs, if asked for.
 * That includes frames with the interface's own source address, if something
 * reflects them: they are the protocol's to judge. Needs CAP_NET_RAW, now and to
 * open again. Returns NULL and writes one line to error if it cannot.
 *
 * A network card that filters by VLAN ("rx-vlan-filter: on" in ethtool -k) lets
 * in the VLANs that it has a VLAN interface for; the port adds none.
 */
struct port *port_raw_open(
	const struct port_raw_config *config, char error[static PORT_ERROR_TEXT_MAX]);
void port_close(struct port *port); /* NULL accepted */

/*
 * Asks the interface for frames to a group address, until the port is closed;
 * any number of addresses, each any number of times. Nothing is done for a
 * unicast address: the interface takes its own and no other. Returns 0 or -errno.
 */
int port_join(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN]);

/* A descriptor to poll for reading; edge or level triggered. Not to be read from. */
int port_fd(const struct port *port);

/*
 * Takes at most max (1 or more) waiting frames and hands them to the callback,
 * without waiting for more. Returns how many it took: less than max if none is
 * left. With an edge-triggered poller, call again until then. Or returns -errno:
 * -ENETDOWN if no frame waits and the interface is down (the descriptor polls
 * ready once when it goes down, not as long as it is), or -ENODEV if it is gone.
 */
int port_receive(struct port *port, int max, port_frame_fn frame, void *ctx);

/*
 * Sends one message (protocol.md section 2: from the version octet to the end of
 * the HMAC) in a frame to destination, tagged if vlan is not 0. Never waits.
 * Returns 0 or -errno: -EMSGSIZE over ETHERNET_MESSAGE_MAX or the interface's MTU,
 * -EINVAL over ETHERNET_VLAN_MAX, -ENETDOWN, -ENODEV, and -EAGAIN or -ENOBUFS if
 * the interface's queue is full.
 */
int port_send(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	uint16_t vlan, const uint8_t *message, size_t len);

/* The same of an LLDPDU: EtherType 0x88CC, untagged, at most LLDP_LLDPDU_MAX octets. */
int port_send_lldp(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	const uint8_t *lldpdu, size_t len);

/*
 * The interface's own address, which is the source of what is sent: as it was when the port
 * was opened, or as the caller has learnt since.
 */
const uint8_t *port_address(const struct port *port);
void port_set_address(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN]);

/* Frames that the kernel had to drop for want of room, since the port was opened. */
uint64_t port_dropped(struct port *port);

#endif
