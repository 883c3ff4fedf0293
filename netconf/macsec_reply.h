/*
 * What the kernel answers about MACsec, by netlink: octets in, structs out, without I/O.
 *
 * A datagram holds messages (struct nlmsghdr), each with attributes. Everything is
 * checked against the datagram's end; unknown attributes are skipped, as newer kernels
 * have more. Attributes that are missing or of another size are an error.
 */
#ifndef NETCONF_MACSEC_REPLY_H
#define NETCONF_MACSEC_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "netconf/macsec.h"

#define MACSEC_WORDS_MAX 128

/* ---- one request's answer -------------------------------------------------------------------- */

/* Takes one message of the answer that is neither its end nor an error. Returns 0 or -errno. */
typedef int (*macsec_reply_fn)(void *ctx, const struct nlmsghdr *message);

struct macsec_exchange {
	uint32_t sequence;     /* what comes for other requests is ignored */
	uint32_t port_id;      /* the socket's */
	macsec_reply_fn reply; /* NULL: messages are ignored */
	void *ctx;
	/* the outcome */
	bool done;
	bool interrupted;             /* a dump during which things changed: ask again */
	int error;                    /* 0 or -errno: the kernel's, or the first of reply() */
	char words[MACSEC_WORDS_MAX]; /* the kernel's, on its error: extended acknowledgement */
};

/* One datagram as it was received, aligned to 4 octets. */
void macsec_exchange_take(struct macsec_exchange *exchange, const void *datagram, size_t len);

/* ---- messages -------------------------------------------------------------------------------- */

/* For what a generic netlink family is asked by its number. -EBADMSG. */
int macsec_read_family(const struct nlmsghdr *message, uint16_t *family);

/* A network interface, of rtnetlink. */
struct macsec_link {
	uint32_t ifindex;
	char name[MACSEC_DEVICE_NAME_LEN];
	char kind[16];  /* "macsec", "veth", ...; "" for hardware */
	char qdisc[16]; /* the root of its queueing disciplines: "noqueue", "fq_codel", ... */
	bool is_ethernet;
	bool is_port;          /* of a bridge, a bond or the like */
	uint32_t lower;        /* ifindex of what it stands on; 0 = nothing */
	bool lower_is_outside; /* in another network namespace */
};

int macsec_read_link(const struct nlmsghdr *message, struct macsec_link *link);

/* The device that a message of a dump is about. */
int macsec_read_ifindex(const struct nlmsghdr *message, uint32_t *ifindex);

/*
 * One SecY with all its SAs. -EBADMSG, -E2BIG (channels), or -EOPNOTSUPP: a cipher
 * suite not known here.
 */
int macsec_read_view(const struct nlmsghdr *message, struct macsec_view *view);

#endif
