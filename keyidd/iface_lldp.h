/*
 * keyidd as an LLDP agent of its own: the LLDPDUs of a link (protocol.md section 1.1),
 * and when they are due.
 *
 * Each link has an MSAP of its own: chassis ID the interface's address, port ID
 * "keyidd ASSOCIATION/LINK". So a neighbour's agent keeps what it hears of several
 * links apart, and apart from what another agent on the port says.
 */
#ifndef KEYIDD_IFACE_LLDP_H
#define KEYIDD_IFACE_LLDP_H

#include <stdbool.h>
#include <stdint.h>

#include "keyidd/config.h"
#include "l2proto/port.h"

#define IFACE_LLDP_HOLD 4 /* msgTxHold: intervals that a neighbour keeps what it heard */
#define IFACE_LLDP_FAST 4 /* txFastInit: messages after the start that go out as they come */

struct iface_lldp {
	uint64_t sent_ms; /* 0 = never */
	bool is_failing;  /* the last one could not be sent */
	unsigned fast_left;
};

/* The interface has been opened: fast start. */
void iface_lldp_start(struct iface_lldp *lldp);

/*
 * Is this message to be sent now? One that is not idle always; an idle one, of which
 * there is one each heartbeat, if the next one would come after the interval's end.
 */
bool iface_lldp_due(const struct iface_lldp *lldp, const struct config_transport *transport,
	uint32_t heartbeat_ms, bool is_idle, uint64_t now_ms);

/* One was sent, by whomever, with this result. After a failure the start is fast again. */
void iface_lldp_sent(struct iface_lldp *lldp, int rc, uint64_t now_ms);

/*
 * Sends a message in an LLDPDU of at most max octets, or with no message the shutdown
 * LLDPDU: 0 or -errno.
 */
int iface_lldp_send(struct port *port, const struct config_transport *transport, size_t max,
	const char *association, const char *link, const uint8_t *message, size_t len);

/* Octets of the LLDPDU that has to be there for a message of this length. */
size_t iface_lldp_len(const char *association, const char *link, size_t message_len);

#endif
