/*
 * Several netlink requests in one datagram, and the kernel's answers to them: without I/O.
 *
 * The kernel works them off in their order, inside the one call that sends them, whether the
 * process is killed meanwhile or not; after one that it refuses it goes on with the next.
 * Each has a sequence number of its own, and is answered by an acknowledgement.
 */
#ifndef NETCONF_MACSEC_BATCH_H
#define NETCONF_MACSEC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/macsec_reply.h"
#include "netconf/macsec_request.h"

#define MACSEC_BATCH_MAX 12
#define MACSEC_BATCH_OCTETS_MAX 2048

/* All zero = empty. */
struct macsec_batch {
	size_t count;
	size_t len; /* octets in use */
	union {
		struct nlmsghdr first;
		uint8_t octets[MACSEC_BATCH_OCTETS_MAX];
	};
	struct macsec_exchange answers[MACSEC_BATCH_MAX]; /* by place */
};

/* Appends a request that holds no secret; returns its place, from 0 on. There must be room. */
size_t macsec_batch_add(struct macsec_batch *batch, const struct macsec_request *request);

/* Numbers the requests from sequence on, and begins to expect the answers. */
void macsec_batch_begin(struct macsec_batch *batch, uint32_t sequence, uint32_t port_id);

/* One datagram as it was received, aligned to 4 octets. What is no answer to these is ignored. */
void macsec_batch_take(struct macsec_batch *batch, const void *datagram, size_t len);

/* Is there an answer to each? */
bool macsec_batch_is_done(const struct macsec_batch *batch);

/* 0, the kernel's -errno, or -ETIMEDOUT: it has not been answered. */
int macsec_batch_error(const struct macsec_batch *batch, size_t place);

#endif
