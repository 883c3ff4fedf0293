/*
 * For a while a second station speaks for a member's SAE: somebody has copied a
 * node's configuration. It has a disk and a device of its own; the KME takes it
 * for the first. Rotation is to be held as long as both are heard, and the keys
 * that are in use are to be kept.
 */
#include "sim.h"

#include <string.h>

#define STAYS_MS 30000

void sim_clone_plan(struct sim_world *world)
{
	struct sim_event comes = { .kind = SIM_CLONE_COMES };

	if (world->adversities & 1u << SIM_CLONE) {
		sim_schedule(world, &comes, sim_below(&world->random, 30000));
	}
}

/* Never the master. */
static const struct sim_node *cloned(const struct sim_world *world)
{
	return &world->nodes[1 + world->victim % (world->node_count - 1)];
}

void sim_clone_comes(struct sim_world *world)
{
	struct sim_node *node = &world->nodes[world->node_count];
	const struct sim_node *original = cloned(world);
	struct sim_event leaves = { .kind = SIM_CLONE_LEAVES };

	memset(node, 0, sizeof(*node));
	sim_node_configure(world, world->node_count, original->sae);
	node->config = original->config;
	node->link_count = original->link_count;
	memcpy(node->wires, original->wires, sizeof(node->wires));
	world->station_count = world->node_count + 1;
	world->excuses.clone = true;
	world->excuses.sharing = world->excuses.sharing || node->config.uses_an ||
				 node->config.uses_start; /* by READY and LIVE of its own */
	sim_trace(world, node, "a clone of node %zu", original->index);
	sim_node_start(world, node);
	sim_schedule(world, &leaves, 5000 + sim_below(&world->random, STAYS_MS));
}

void sim_clone_leaves(struct sim_world *world)
{
	struct sim_node *node = &world->nodes[world->node_count];

	sim_trace(world, node, "the clone leaves");
	node->alive = false;
	node->life++;
	world->station_count = world->node_count;
	if (world->quiet) {
		world->last_fault_ms = world->now_ms;
	}
}

/* Both have been heard, and nothing has kept anybody from hearing them, for a while. */
bool sim_clone_holds(const struct sim_world *world)
{
	return world->quiet && world->station_count > world->node_count && cloned(world)->alive &&
	       world->nodes[world->node_count].alive &&
	       world->now_ms > world->last_fault_ms + SIM_LIFE_MS * world->node_count;
}
