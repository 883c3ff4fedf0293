/*
 * A link inside the process: a segment without a wire, between SAEs of one
 * association that this process acts for. Messages go through it as they would go
 * over Ethernet, sealed and judged; only the port is a queue. It is drained from
 * the loop and never from hub_send(), so that no station is in the middle of a step
 * of its own when it hears another.
 */
#ifndef KEYIDD_HUB_H
#define KEYIDD_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "keyidd/loop.h"

#define HUB_QUEUE_MAX 256 /* messages; each station has one at most under way, if all is well */

struct hub;

/* Hands over one message: to everybody but the sender. */
typedef void (*hub_deliver_fn)(void *ctx, const void *from, const uint8_t *message, size_t len);

struct hub *hub_new(struct loop *loop, hub_deliver_fn deliver, void *ctx); /* NULL: no memory */
void hub_free(struct hub *hub); /* with what is still queued; NULL accepted */

/* Queues a message, copied. from is handed back. 0, -ENOBUFS if the queue is full, or -ENOMEM. */
int hub_send(struct hub *hub, const void *from, const uint8_t *message, size_t len);

/* What from has sent is nobody's any more: its address may be another's soon. */
void hub_forget(struct hub *hub, const void *from);

#endif
