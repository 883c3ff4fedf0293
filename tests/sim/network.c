/* The wire: every other node on the link hears a frame, or not, or twice, or late, or broken. */
#include "sim.h"

#include <stddef.h>
#include <string.h>

static void deliver(struct sim_world *world, const struct sim_frame *frame, size_t to)
{
	struct sim_event event;

	memset(&event, 0, offsetof(struct sim_event, frame));
	event.kind = SIM_FRAME;
	event.node = to;
	memcpy(&event.frame, frame, offsetof(struct sim_frame, octets) + frame->len);
	if (sim_chance(&world->random, world->faults.corrupt)) {
		event.frame.octets[sim_below(&world->random, frame->len)] ^=
			(uint8_t)(1u << sim_below(&world->random, 8));
		event.frame.tampered = true;
	}
	sim_schedule(world, &event, 1 + sim_below(&world->random, world->faults.delay_max_ms + 1));
}

static bool hears(const struct sim_node *node, size_t wire)
{
	for (size_t i = 0; i < node->link_count; i++) {
		if (node->wires[i] == wire) {
			return true;
		}
	}
	return false;
}

static void broadcast(struct sim_world *world, const struct sim_frame *frame)
{
	if (sim_adversity_cut(world, frame->wire, frame->from)) {
		return;
	}
	for (size_t i = 0; i < world->station_count; i++) {
		if (i == frame->from || !hears(&world->nodes[i], frame->wire)) {
			continue;
		}
		if (!sim_chance(&world->random, world->faults.loss)) {
			deliver(world, frame, i);
		}
		if (sim_chance(&world->random, world->faults.duplicate)) {
			deliver(world, frame, i);
		}
	}
}

void sim_send(struct sim_world *world, size_t from, size_t wire, const uint8_t *octets, size_t len)
{
	struct sim_frame *frame = &world->kept[++world->frame_id % SIM_FRAMES_KEPT];

	frame->id = world->frame_id;
	frame->from = from;
	frame->wire = wire;
	frame->len = len;
	frame->tampered = false;
	memcpy(frame->octets, octets, len);
	world->outcome.frames++;
	broadcast(world, frame);
	if (sim_chance(&world->random, world->faults.replay)) {
		const struct sim_frame *old =
			&world->kept[sim_below(&world->random, SIM_FRAMES_KEPT)];

		if (old->id != 0) {
			broadcast(world, old);
		}
	}
}
