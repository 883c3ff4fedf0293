/*
 * lldpd(8) as the LLDP agent of our links (lldp-agent: lldpd): it sends our TLVs in its
 * LLDPDUs, and tells what those of neighbours say. protocol.md section 1.1.
 *
 * liblldpctl does no input or output by itself if it is given functions for that, and
 * nothing here can wait: the sockets do not block, the function that is asked for octets
 * never has any (LLDPCTL_ERR_WOULDBLOCK), and a request is made again, as liblldpctl
 * wants it, whenever some have come. There is no thread, and no lock. Two connections:
 *
 *     watcher   is told of every change of a neighbour
 *     setter    lists interfaces, reads a port, sets and removes our TLVs; one request
 *               at a time, for lldpd answers no second one before it has more to read
 *
 * The setter is given the newest message of a port when it is free; what it was given
 * meanwhile and has not begun is forgotten. A message of two TLVs takes two requests, and
 * lldpd sends an LLDPDU for each: the first has half a message, which receivers count as
 * malformed and forget.
 *
 * Whatever goes wrong (no lldpd, no permission, no answer in time, an answer that makes no
 * sense) closes both connections, is said once, and is tried again with a growing delay.
 * Then all is asked anew, what neighbours have said included.
 *
 * liblldpctl checks the length of what it reads and little else: who answers at the
 * socket is trusted as far as root is, but no message from there is believed without its
 * HMAC.
 */
#ifndef KEYIDD_LLDPD_H
#define KEYIDD_LLDPD_H

#include <stddef.h>
#include <stdint.h>

#include "keyidd/loop.h"
#include "l2proto/lldp.h"

#define LLDPD_ANSWER_MS 5000    /* that lldpd may take to answer */
#define LLDPD_RETRY_MIN_MS 200  /* between attempts to connect, doubling up to the next */
#define LLDPD_RETRY_MAX_MS 5000 /* */
#define LLDPD_RECHECK_MS 2000   /* between looks for an interface that lldpd does not manage */
#define LLDPD_STOP_MS 1000      /* that lldpd_free() may wait */

struct lldpd;
struct lldpd_port;

/* What a link of this port is told. Both are called from the loop. */
struct lldpd_listener {
	/*
	 * A neighbour's message, put together from its TLVs: not checked at all, perhaps one
	 * of before. With no octets: TLVs of ours that are too long for any message.
	 */
	void (*heard)(void *ctx, const uint8_t *message, size_t len);
	void (*opened)(void *ctx); /* messages can be sent, and none is with lldpd now */
	void *ctx;
};

/* Connects when there is a port. The path and the format are copied. NULL: no memory. */
struct lldpd *lldpd_new(struct loop *loop, const char *path, const struct lldp_format *format);

/*
 * Closes what is still open, and waits up to LLDPD_STOP_MS for lldpd to have removed our
 * TLVs; for the end of the process, when the loop has stopped. NULL accepted.
 */
void lldpd_free(struct lldpd *lldpd);

/* An interface, opened once at a time. lldpd opens it when it can. NULL: no memory. */
struct lldpd_port *lldpd_port_open(
	struct lldpd *lldpd, const char *interface, const struct lldpd_listener *listener);

/* Our TLVs are removed, and only ours, as soon as lldpd can be told. NULL accepted. */
void lldpd_port_close(struct lldpd_port *port);

/*
 * This message instead of the one before. 0, or -EMSGSIZE over MESSAGE_MAX_LLDPD, or
 * -ENETDOWN while the port is not open: then it is not kept, for there will be a newer
 * one when it is opened.
 */
int lldpd_port_send(struct lldpd_port *port, const uint8_t *message, size_t len);

/* Why lldpd does not carry our messages; "" if it does. One line. */
const char *lldpd_port_error(const struct lldpd_port *port);

#endif
