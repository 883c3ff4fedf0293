/*
 * What keyidd-lldpd does: hands messages to lldpd(8) in custom TLVs, and takes those of
 * neighbours from it (protocol.md section 1.1), by liblldpctl.
 *
 * Two connections:
 *
 *     watcher   is told of every change of a neighbour
 *     setter    lists interfaces, reads a port, sets and removes our TLVs; one request
 *               at a time, for lldpd answers no second one before it has more to read
 *
 * Nothing waits for lldpd: liblldpctl is given functions for input and output; that for
 * input never has anything (LLDPCTL_ERR_WOULDBLOCK), and a request is made again, as
 * liblldpctl wants it, whenever octets have come.
 *
 * The setter is given the newest message of a port when it is free; what it was given
 * meanwhile and has not begun is forgotten. A message of two TLVs takes two requests, and
 * lldpd sends an LLDPDU for each: the first has half a message, which receivers count as
 * malformed and forget.
 *
 * Whatever goes wrong (no lldpd, no permission, no answer in time, an answer that makes no
 * sense) closes both connections, is said once, and is tried again with a growing delay.
 * Then all is asked anew, what neighbours have said included.
 */
#ifndef TOOLS_KEYIDD_LLDPD_AGENT_H
#define TOOLS_KEYIDD_LLDPD_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/log.h"
#include "keyidd/loop.h"
#include "l2proto/lldp.h"

#define AGENT_ANSWER_MS 5000    /* that lldpd may take to answer */
#define AGENT_RETRY_MIN_MS 200  /* between attempts to connect, doubling up to */
#define AGENT_RETRY_MAX_MS 5000 /* this */
#define AGENT_RECHECK_MS 2000   /* between looks for an interface that lldpd does not manage */
#define AGENT_STOP_MS 1000      /* that agent_free() may wait */

struct agent;

/* Who wants to know. Called from the loop; may call agent_send(). */
struct agent_user {
	/* A neighbour's message; of no octets if its TLVs are too long for any. */
	void (*heard)(void *ctx, const char *interface, const uint8_t *message, size_t len);
	void (*opened)(void *ctx, const char *interface); /* messages can be sent */
	/* Why they are not carried; "" = they are. Only when that changes. */
	void (*failed)(void *ctx, const char *interface, const char *error);
	void (*said)(void *ctx, enum log_level level, const char *line); /* for the log */
	void *ctx;
};

/* The texts and structs are copied. NULL: no memory. */
struct agent *agent_new(struct loop *loop, const char *path, const struct lldp_format *format,
	const struct agent_user *user);

/* Removes our TLVs, waiting for lldpd up to AGENT_STOP_MS. The loop has stopped. */
void agent_free(struct agent *agent);

/* Opens a port, or once more one that is open. 0 or -ENOMEM. */
int agent_open(struct agent *agent, const char *interface);

/*
 * Removes our TLVs from a port as soon as lldpd can be told; from one that was not opened
 * too, for a keyidd-lldpd of before may have left some. 0 or -ENOMEM.
 */
int agent_close(struct agent *agent, const char *interface);

/* This message instead of the one before. Of no effect while the port is not open. */
void agent_send(struct agent *agent, const char *interface, const uint8_t *message, size_t len);

#endif
