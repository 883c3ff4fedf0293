/*
 * Where links run: network interfaces, and segments inside the process.
 *
 * A network interface has one port, shared by the links that run there. Incoming
 * messages are sorted to links by VLAN and association; what is no message of any
 * of them is counted here. With lldp-agent: lldpd, lldpd carries the LLDP of a link
 * (see lldpd.h), and the port is opened only for raw frames.
 *
 * An interface is what has the configured name (see netif.h). It may be missing, at the
 * start too, be down, or have no carrier: then nothing is sent. When it is there again,
 * every link of it advertises at once. One that was made anew, or has taken the name on, is
 * opened anew; a new address is the source of what is sent from then on; a new MTU bounds
 * messages. Each change is a line in the log, but of many in a row only some.
 *
 * Links of one association and name that are inside share a hub (see hub.h), which
 * is always open; each hears all the others.
 */
#ifndef KEYIDD_IFACE_H
#define KEYIDD_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "keyidd/association.h"
#include "keyidd/netif.h"
#include "l2proto/port.h"

struct iface_set;
struct iface;

enum iface_state {
	IFACE_STATE_OPEN,
	IFACE_STATE_MISSING, /* no interface has the name */
	IFACE_STATE_DOWN,
	IFACE_STATE_NO_CARRIER,
	IFACE_STATE_NOT_OPEN, /* it could be used; its port or lldpd is not open, or not yet */
};

/* Frames not of any link, by reason. */
struct iface_counters {
	uint64_t frames;              /* handed over by the port */
	uint64_t not_ours;            /* VERDICT_NOT_OURS */
	uint64_t malformed;           /* no readable header */
	uint64_t unknown_association; /* VERDICT_UNKNOWN_ASSOCIATION */
	uint64_t deferred; /* turns of the loop that ended with the receive budget used up */
	uint64_t outages;  /* times that it was open and ceased to be; lldpd's not counted */
};

struct iface_set *iface_set_new(
	struct loop *loop, struct netifs *netifs, const struct config_transport *transport);
void iface_set_free(struct iface_set *set); /* after every link has left; NULL accepted */

/* Adds a link where its configuration says. The first one opens it. NULL: no memory. */
struct iface *iface_join(struct iface_set *set, struct association_link *link);
void iface_leave(struct iface *iface, struct association_link *link); /* NULL iface accepted */

/*
 * Sends one message of a link, by each of its carriers; by LLDP, what is idle (a
 * heartbeat that nobody waits for) only now and then. Returns 0 or the first -errno;
 * -ENETDOWN while the interface cannot be used or the port is not open.
 */
int iface_send(struct association_link *link, const uint8_t *message, size_t len, bool is_idle);

/* Of a segment inside the process: "inside:ASSOCIATION,LINK". */
const char *iface_name(const struct iface *iface);
enum iface_state iface_state(const struct iface *iface);
bool iface_known(const struct iface *iface);        /* whether it is there */
bool iface_open(const struct iface *iface);         /* everything that its links need of it is */
const char *iface_error(const struct iface *iface); /* why it is not open; "" if it is */

uint32_t iface_mtu(const struct iface *iface); /* 0 = unknown, or inside */

/* The MTU that the longest message of a link needs, if the interface's is smaller; otherwise 0. */
uint32_t iface_mtu_wanted(const struct association_link *link);

const struct iface_counters *iface_counters(const struct iface *iface);
uint64_t iface_dropped(const struct iface *iface); /* by the kernel, for want of room */

#endif
