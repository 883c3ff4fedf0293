/* What must be true of keys and devices, in all the world at once. */
#include "sim.h"

#include <string.h>

/* After a reset: read back, said, heard, and whatever was decided before by what was heard. */
#define RESET_MS 20000

/* (1) No two nodes apply different keys for one generation; nor one that is not decided. */
void sim_check_applied(struct sim_world *world, const struct sim_node *node, uint64_t generation,
	const struct sim_key *keys, size_t count)
{
	size_t slot = generation % SIM_GENERATIONS;

	if (node->index >= world->node_count) {
		return; /* a clone's device is nobody's neighbour */
	}
	if (world->applied[slot].generation != generation) {
		memset(&world->applied[slot], 0, sizeof(world->applied[slot]));
		world->applied[slot].generation = generation;
		memcpy(world->applied[slot].keys, keys, count * sizeof(*keys));
	}
	for (size_t i = 0; i < count; i++) {
		if (sim_key_same(&world->applied[slot].keys[i], &keys[i])) {
			continue;
		}
		world->applied[slot].differs = true;
		/* A generation that only a clone knew may be used again without a disk. */
		if (!world->excuses.differs && !(world->excuses.disk && world->excuses.clone)) {
			sim_violation(world, "node %zu: another key for generation %llu",
				node->index, (unsigned long long)generation);
		}
	}
	if (world->nodes[0].disk.record.committed.generation < generation && !world->excuses.disk) {
		sim_violation(world, "node %zu: applies generation %llu, which is not committed",
			node->index, (unsigned long long)generation);
	}
}

bool sim_keys_differ(const struct sim_world *world, uint64_t generation)
{
	size_t slot = generation % SIM_GENERATIONS;

	return world->applied[slot].generation == generation && world->applied[slot].differs;
}

/* Older keys go when everybody uses the new one. */
void sim_check_retire(struct sim_world *world, const struct sim_node *node)
{
	if (node->disk.record.decision != SLOT_CONFIRMED) {
		sim_violation(world, "node %zu: retires older keys before CONFIRMED", node->index);
	}
}

bool sim_lately_reset(const struct sim_world *world)
{
	return world->excuses.reset && world->now_ms < world->reset_ms + RESET_MS;
}

bool sim_keys_may_be_lost(const struct sim_world *world)
{
	return world->excuses.sharing || sim_lately_reset(world);
}

/* Has what it lost last been looked at? */
static bool knows_its_device(const struct sim_node *node)
{
	return node->exchange->view_ms > node->device.reset_ms;
}

/* All are LIVE with one key: then neighbours can talk, whatever has happened before. */
void sim_check_together(struct sim_world *world)
{
	for (size_t a = 0; a < world->node_count && !world->excuses.differs; a++) {
		for (size_t b = a + 1; b < world->node_count; b++) {
			if (world->adjacent[a][b] && knows_its_device(&world->nodes[a]) &&
				knows_its_device(&world->nodes[b]) &&
				!world->kind->share(world, a, b)) {
				sim_violation(world,
					"all are LIVE, but nodes %zu and %zu share no key", a, b);
			}
		}
	}
}

/* (2) Once neighbours share a usable key, they always do. */
void sim_check_shared(struct sim_world *world)
{
	bool excused = sim_keys_may_be_lost(world);

	for (size_t a = 0; a < world->node_count; a++) {
		for (size_t b = a + 1; b < world->node_count; b++) {
			bool shared = world->adjacent[a][b] && world->kind->share(world, a, b);

			if (!excused && world->kind->apart && world->kind->apart(world, a, b)) {
				continue; /* but they are to find together again */
			}
			if (world->shared[a][b] && !shared && !excused) {
				sim_violation(
					world, "nodes %zu and %zu share no key any more", a, b);
			}
			world->shared[a][b] = shared;
		}
	}
}

/* The master confirms only what every device holds, and neighbours can use with one another. */
void sim_check_confirmed(struct sim_world *world)
{
	const struct sim_node *master = &world->nodes[0];
	struct ckn ckn;

	ckn_from_key_id(&master->config.ckn, &master->exchange->record.committed.keys[0], &ckn);
	for (size_t i = 0;
		i < world->node_count && !world->excuses.sharing && !world->excuses.reset; i++) {
		const struct sim_device *device = &world->nodes[i].device;
		bool found = false;

		for (size_t j = 0; j < device->count; j++) {
			found = found || ckn_equal(&device->keys[j].ckn, &ckn);
		}
		if (!found) {
			sim_violation(world, "CONFIRMED, but node %zu does not hold the key", i);
		}
		if (world->nodes[i].said_live < master->exchange->record.committed.generation &&
			i > 0 && !world->excuses.clone) {
			sim_violation(world, "CONFIRMED, but node %zu is not LIVE", i);
		}
		/* Who has not heard of a move, or when it said LIVE had not, has the start before.
		 */
		if (world->kind->up_to_date && !world->kind->up_to_date(world, i) &&
			world->nodes[i].disk.record.committed.start == world->decided.start &&
			world->now_ms >
				world->nodes[i].retimed_ms + SIM_LIFE_MS * world->node_count) {
			sim_violation(world, "CONFIRMED, but node %zu has other starts", i);
		}
	}
	sim_check_heard(world, "confirms");
}

/*
 * Starts are a lead ahead, by the devices' clocks. They only move forward, only
 * while everybody is heard, and never once they have come; and nothing in any
 * key-chain starts as late.
 */
void sim_check_start(struct sim_world *world, const struct exchange_record *before,
	const struct exchange_record *after)
{
	const struct proposal *committed = &after->committed;
	bool moved = before->decision == SLOT_COMMIT &&
		     before->committed.generation == committed->generation;

	world->devices_changed = true;
	if (!moved || committed->start < world->first_start) {
		world->first_start = committed->start;
	}
	world->decided = *committed;
	if (committed->start < sim_true_time_s(world) + world->nodes[0].config.lead_s - 1) {
		sim_violation(world, "a start is not a lead ahead");
	}
	if (moved) {
		sim_check_heard(world, "moves a start");
		if (committed->start <= before->committed.start) {
			sim_violation(world, "a start moves back");
		}
		if (before->committed.start <= sim_true_time_s(world)) {
			sim_violation(world, "a start moves that has come");
		}
	}
	for (size_t i = 0; i < world->node_count; i++) {
		const struct sim_device *device = &world->nodes[i].device;

		for (size_t j = 0; j < device->count; j++) {
			if (device->keys[j].start >= committed->start &&
				device->keys[j].generation != committed->generation) {
				sim_violation(world, "node %zu has a key that starts later", i);
			}
		}
	}
}

/* Has every station been heard, hop by hop, while its status was fresh? */
void sim_check_heard(struct sim_world *world, const char *what)
{
	for (size_t i = 0; i < world->topology->wire_count; i++) {
		const struct sim_wire *wire = &world->topology->wires[i];

		for (size_t j = 0; j < wire->lower_count; j++) {
			uint64_t heard_ms = world->nodes[wire->upper].heard_ms[wire->lowers[j]];
			uint64_t late_ms = world->wire_depth[i] *
					   (SIM_LIFE_MS + world->delay_max_ms + 1);

			/* A forged word of it has come past the link, and counts as heard. */
			if (!world->excuses.clone &&
				!(world->adversities & 1u << SIM_READY_FORGED) &&
				(heard_ms == 0 || world->now_ms > heard_ms + late_ms)) {
				sim_violation(world, "the master %s, but node %zu is silent", what,
					wire->lowers[j]);
			}
		}
	}
}
