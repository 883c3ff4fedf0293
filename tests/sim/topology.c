/* Which nodes hear each other, and what devices they have. */
#include "sim.h"

static const struct sim_topology topologies[] = {
	{ "pair", 8, 2, 1, 1, { { 0, 1, { 1 } } } },
	{ "chain of three", 4, 3, 2, 2, { { 0, 1, { 1 } }, { 1, 1, { 2 } } } },
	{ "chain of four", 2, 4, 3, 3, { { 0, 1, { 1 } }, { 1, 1, { 2 } }, { 2, 1, { 3 } } } },
	{ "chain of five", 1, 5, 4, 4,
		{ { 0, 1, { 1 } }, { 1, 1, { 2 } }, { 2, 1, { 3 } }, { 3, 1, { 4 } } } },
	{ "segment of three", 4, 3, 1, 1, { { 0, 2, { 1, 2 } } } },
	{ "segment of four", 2, 4, 1, 1, { { 0, 3, { 1, 2, 3 } } } },
	{ "tree", 3, 4, 3, 2, { { 0, 1, { 1 } }, { 1, 1, { 2 } }, { 1, 1, { 3 } } } },
	{ "two branches", 2, 4, 3, 2, { { 0, 1, { 1 } }, { 0, 1, { 2 } }, { 2, 1, { 3 } } } },
	{ "segment and chain", 2, 5, 3, 3,
		{ { 0, 2, { 1, 2 } }, { 2, 1, { 3 } }, { 3, 1, { 4 } } } },
};
#define TOPOLOGIES (sizeof(topologies) / sizeof(topologies[0]))

static const struct sim_device_kind *const kinds[] = {
	&sim_device_static,
	&sim_device_retaining,
	&sim_device_kernel,
	&sim_device_chain,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool has_segment(const struct sim_topology *topology)
{
	for (size_t i = 0; i < topology->wire_count; i++) {
		if (topology->wires[i].lower_count > 1) {
			return true;
		}
	}
	return false;
}

void sim_topology_choose(struct sim_world *world)
{
	unsigned total = 0;
	uint64_t chosen;
	size_t i = 0;

	for (size_t j = 0; j < TOPOLOGIES; j++) {
		total += topologies[j].weight;
	}
	for (chosen = sim_below(&world->random, total); chosen >= topologies[i].weight; i++) {
		chosen -= topologies[i].weight;
	}
	world->topology = &topologies[i];
	do {
		world->kind = kinds[sim_below(&world->random, KINDS)];
	} while (has_segment(world->topology) && !world->kind->shared_segments);
	world->node_count = world->topology->node_count;
	world->station_count = world->node_count;
	sim_trace(world, NULL, "%s, %s", world->topology->name, world->kind->name);
}

static void attach(struct sim_node *node, size_t wire, enum exchange_direction direction)
{
	node->config.links[node->link_count].direction = direction;
	node->wires[node->link_count] = wire;
	node->config.link_count = ++node->link_count;
}

/* a sees b on the link that it was attached to last. */
static void add_neighbour(struct sim_world *world, size_t a, size_t b)
{
	struct sim_node *node = &world->nodes[a];
	struct exchange_link_config *config = &node->config.links[node->link_count - 1];

	config->neighbours[config->neighbour_count++] = world->nodes[b].config.sae;
	world->adjacent[a][b] = true;
}

static bool is_below(const struct sim_wire *wire, size_t node)
{
	for (size_t i = 0; i < wire->lower_count; i++) {
		if (wire->lowers[i] == node) {
			return true;
		}
	}
	return false;
}

void sim_topology_join(struct sim_world *world)
{
	for (size_t i = 0; i < world->topology->wire_count; i++) {
		const struct sim_wire *wire = &world->topology->wires[i];

		attach(&world->nodes[wire->upper], i, EXCHANGE_DOWN);
		world->wire_depth[i] = 1;
		for (size_t j = 0; j < i; j++) {
			if (is_below(&world->topology->wires[j], wire->upper)) {
				world->wire_depth[i] = world->wire_depth[j] + 1;
			}
		}
		for (size_t j = 0; j < wire->lower_count; j++) {
			attach(&world->nodes[wire->lowers[j]], i, EXCHANGE_UP);
			add_neighbour(world, wire->upper, wire->lowers[j]);
			add_neighbour(world, wire->lowers[j], wire->upper);
			for (size_t k = 0; k < wire->lower_count; k++) {
				if (k != j) {
					add_neighbour(world, wire->lowers[j], wire->lowers[k]);
				}
			}
		}
	}
}
