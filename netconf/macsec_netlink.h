/* A netlink socket that asks the kernel and waits for its answer, by libmnl. */
#ifndef NETCONF_MACSEC_NETLINK_H
#define NETCONF_MACSEC_NETLINK_H

#include <stdint.h>

#include "netconf/macsec_batch.h"
#include "netconf/macsec_reply.h"
#include "netconf/macsec_request.h"

struct mnl_socket;

struct macsec_netlink {
	struct mnl_socket *socket; /* NULL = not open */
	uint32_t sequence;
	uint8_t *datagram;            /* room for one answer */
	char words[MACSEC_WORDS_MAX]; /* the kernel's, on the last refusal; "" = none */
};

/* bus: NETLINK_ROUTE or NETLINK_GENERIC, in this thread's network namespace. Returns 0 or -errno.
 */
int macsec_netlink_open(struct macsec_netlink *netlink, int bus);

/* One that is not open is accepted. */
void macsec_netlink_close(struct macsec_netlink *netlink);

/*
 * Asks, and hands each message of the answer to reply (NULL: none is of interest).
 * Returns 0 or -errno: the kernel's, the first of reply(), -ETIMEDOUT after two
 * seconds, or -EAGAIN for a dump during which things changed.
 */
int macsec_netlink_ask(struct macsec_netlink *netlink, struct macsec_request *request,
	macsec_reply_fn reply, void *ctx);

/*
 * Asks for all of a batch, in one call. Returns 0 if each was answered, with which error
 * macsec_batch_error() tells, or -errno; some may have been answered then, or none.
 */
int macsec_netlink_ask_all(struct macsec_netlink *netlink, struct macsec_batch *batch);

#endif
