/* The event queue: a binary heap of small entries; the events themselves stay where they are. */
#include "sim.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool earlier(const struct sim_queue_entry *a, const struct sim_queue_entry *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void *grown(void *array, size_t len, size_t *max, size_t size)
{
	if (len < *max) {
		return array;
	}
	*max = *max ? 2 * *max : 256;
	array = realloc(array, *max * size);
	if (!array) {
		abort();
	}
	return array;
}

static struct sim_event *new_event(struct sim_queue *queue)
{
	struct sim_event *event;

	if (queue->spare_len > 0) {
		return queue->spare[--queue->spare_len];
	}
	event = malloc(sizeof(*event));
	if (!event) {
		abort();
	}
	return event;
}

void sim_schedule(struct sim_world *world, const struct sim_event *event, uint64_t delay_ms)
{
	struct sim_queue *queue = &world->queue;
	struct sim_queue_entry entry = { world->now_ms + delay_ms, queue->order++,
		new_event(queue) };
	size_t size = offsetof(struct sim_event, frame);
	size_t i = queue->len++;

	if (event->kind == SIM_FRAME) {
		size += offsetof(struct sim_frame, octets) + event->frame.len;
	}
	memcpy(entry.event, event, size);
	queue->heap = grown(queue->heap, i, &queue->max, sizeof(*queue->heap));
	while (i > 0 && earlier(&entry, &queue->heap[(i - 1) / 2])) {
		queue->heap[i] = queue->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue->heap[i] = entry;
}

uint64_t sim_queue_next_ms(const struct sim_world *world)
{
	return world->queue.len > 0 ? world->queue.heap[0].at_ms : UINT64_MAX;
}

struct sim_event *sim_queue_take(struct sim_world *world)
{
	struct sim_queue *queue = &world->queue;
	struct sim_event *event = queue->heap[0].event;
	struct sim_queue_entry last = queue->heap[--queue->len];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < queue->len &&
			earlier(&queue->heap[child + 1], &queue->heap[child])) {
			child++;
		}
		if (child >= queue->len || !earlier(&queue->heap[child], &last)) {
			break;
		}
		queue->heap[i] = queue->heap[child];
		i = child;
	}
	queue->heap[i] = last;
	return event;
}

void sim_queue_give_back(struct sim_world *world, struct sim_event *event)
{
	struct sim_queue *queue = &world->queue;

	queue->spare = grown(
		queue->spare, queue->spare_len, &queue->spare_max, sizeof(struct sim_event *));
	queue->spare[queue->spare_len++] = event;
}

void sim_queue_free(struct sim_queue *queue)
{
	for (size_t i = 0; i < queue->len; i++) {
		free(queue->heap[i].event);
	}
	for (size_t i = 0; i < queue->spare_len; i++) {
		free(queue->spare[i]);
	}
	free(queue->heap);
	free(queue->spare);
	memset(queue, 0, sizeof(*queue));
}
