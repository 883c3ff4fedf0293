/* The invariants, looked at after every event. */
#include "sim.h"

#include <string.h>

/* (1) No two nodes apply different keys for one generation. */
void sim_check_applied(struct sim_world *world, const struct sim_node *node, uint64_t generation,
	const struct sim_key *key)
{
	size_t slot = generation % SIM_GENERATIONS;

	if (world->applied[slot].generation == generation &&
		(world->applied[slot].key.cak != key->cak ||
			memcmp(&world->applied[slot].key.ckn, &key->ckn, sizeof(key->ckn)) != 0)) {
		sim_violation(world, "node %zu: another key for generation %llu", node->index,
			(unsigned long long)generation);
	}
	world->applied[slot].generation = generation;
	world->applied[slot].key = *key;
}

/* (2) Once neighbours share a usable key, they always do. */
static void check_shared(struct sim_world *world)
{
	for (size_t a = 0; a < world->node_count; a++) {
		for (size_t b = a + 1; b < world->node_count; b++) {
			bool shared = sim_adjacent(world, a, b) && sim_devices_share(world, a, b);

			if (world->shared[a][b] && !shared) {
				sim_violation(world, "nodes %zu and %zu share no key any more", a, b);
			}
			world->shared[a][b] = shared;
		}
	}
}

/* LOST takes a lost disk or a KME's fault, and this world has neither. */
static void check_lost(struct sim_world *world)
{
	for (size_t i = 0; i < world->node_count; i++) {
		struct sae_status status;

		if (!world->nodes[i].alive) {
			continue;
		}
		exchange_own_status(&world->nodes[i].exchange, &status);
		if (status.lost.generation != 0) {
			sim_violation(world, "node %zu: generation %llu is lost", i,
				(unsigned long long)status.lost.generation);
		}
	}
}

void sim_check(struct sim_world *world)
{
	check_shared(world);
	check_lost(world);
}

/* (3) All nodes up, on one confirmed generation, and using its key. */
bool sim_agreed(const struct sim_world *world, uint64_t *generation)
{
	const struct exchange_record *first = &world->nodes[0].exchange.record;

	for (size_t i = 0; i < world->node_count; i++) {
		const struct sim_node *node = &world->nodes[i];
		struct sae_status status;

		if (!node->alive || node->exchange.record.decision != SLOT_CONFIRMED ||
			node->exchange.record.committed.generation != first->committed.generation) {
			return false;
		}
		exchange_own_status(&node->exchange, &status);
		if (!status.live) {
			return false;
		}
	}
	*generation = first->committed.generation;
	return true;
}
