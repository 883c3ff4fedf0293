#include "keyidd/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct queued {
	struct queued *next;
	const void *from;
	size_t len;
	uint8_t message[];
};

struct hub {
	struct loop *loop;
	hub_deliver_fn deliver;
	void *ctx;
	struct queued *first, **end;
	size_t count;
	struct loop_timer drain;
};

/* What is sent meanwhile waits for the next time: the loop has others to serve. */
static void drain(void *ctx)
{
	struct hub *hub = ctx;

	for (size_t left = hub->count; left > 0; left--) {
		struct queued *queued = hub->first;

		hub->first = queued->next;
		hub->end = hub->first ? hub->end : &hub->first;
		hub->count--;
		hub->deliver(hub->ctx, queued->from, queued->message, queued->len);
		free(queued);
	}
}

struct hub *hub_new(struct loop *loop, hub_deliver_fn deliver, void *ctx)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (hub) {
		hub->loop = loop;
		hub->deliver = deliver;
		hub->ctx = ctx;
		hub->end = &hub->first;
		hub->drain.fn = drain;
		hub->drain.ctx = hub;
	}
	return hub;
}

void hub_free(struct hub *hub)
{
	if (!hub) {
		return;
	}
	loop_timer_stop(hub->loop, &hub->drain);
	while (hub->first) {
		struct queued *queued = hub->first;

		hub->first = queued->next;
		free(queued);
	}
	free(hub);
}

int hub_send(struct hub *hub, const void *from, const uint8_t *message, size_t len)
{
	struct queued *queued;

	if (hub->count == HUB_QUEUE_MAX) {
		return -ENOBUFS;
	}
	queued = malloc(sizeof(*queued) + len);
	if (!queued || (hub->drain.place == 0 &&
			       loop_timer_set(hub->loop, &hub->drain, clock_mono_ms()) != 0)) {
		free(queued);
		return -ENOMEM;
	}
	queued->next = NULL;
	queued->from = from;
	queued->len = len;
	memcpy(queued->message, message, len);
	*hub->end = queued;
	hub->end = &queued->next;
	hub->count++;
	return 0;
}

void hub_forget(struct hub *hub, const void *from)
{
	for (struct queued *queued = hub->first; queued; queued = queued->next) {
		if (queued->from == from) {
			queued->from = NULL;
		}
	}
}
