/*
 * lldpd(8) as the LLDP agent of our links (lldp-agent: lldpd): it sends our TLVs in its
 * LLDPDUs, and tells what those of neighbours say. protocol.md section 1.1.
 *
 * liblldpctl takes what lldpd sends for images of its own structures, and a wrong one
 * can crash it, or worse. lldpd in turn reads what anybody on the wire sends. So it is
 * not this process, which has keys, that talks to lldpd: keyidd-lldpd does
 * (tools/keyidd-lldpd), a process of its own without keys, privileges or files. What it
 * says comes in packets that are checked like any input, and no message is believed
 * without its HMAC. It is started again if it ends; when keyidd ends, however, it removes
 * our TLVs from lldpd and ends too.
 *
 * Nothing here waits for it: what does not go out at once is kept, only the newest
 * message of each port, and is sent when there is room.
 */
#ifndef KEYIDD_LLDPD_H
#define KEYIDD_LLDPD_H

#include <stddef.h>
#include <stdint.h>

#include "keyidd/loop.h"
#include "l2proto/lldp.h"

#define LLDPD_RETRY_MIN_MS 200  /* until keyidd-lldpd is started again, doubling up to */
#define LLDPD_RETRY_MAX_MS 5000 /* this; from the beginning if it ran for twice as long */
#define LLDPD_STOP_MS 1500      /* that lldpd_free() may wait */

struct lldpd;
struct lldpd_port;

struct lldpd_config {
	const char *socket;        /* of lldpd */
	struct lldp_format format; /* of our TLVs */
	const char *program;       /* NULL = keyidd-lldpd, in the folder of the running program */
};

/* What a link of a port is told. Both are called from the loop. */
struct lldpd_listener {
	/*
	 * A neighbour's message, put together from its TLVs: not checked at all, perhaps one
	 * of before. With no octets: TLVs of ours that are too long for any message.
	 */
	void (*heard)(void *ctx, const uint8_t *message, size_t len);
	void (*opened)(void *ctx); /* messages can be sent, and lldpd has none of now */
	void *ctx;
};

/* Starts nothing until there is a port. The texts are copied. NULL: no memory. */
struct lldpd *lldpd_new(struct loop *loop, const struct lldpd_config *config);

/*
 * Closes what is still open, and waits up to LLDPD_STOP_MS for our TLVs to be removed; for
 * the end of the process, when the loop has stopped. NULL accepted.
 */
void lldpd_free(struct lldpd *lldpd);

/* An interface, which is open once at a time. lldpd opens it when it can. NULL: no memory. */
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
