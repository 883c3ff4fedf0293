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

/* (2) Once neighbours share a usable key, they always do, unless their devices were reset. */
static void check_shared(struct sim_world *world)
{
	for (size_t a = 0; a < world->node_count; a++) {
		for (size_t b = a + 1; b < world->node_count; b++) {
			bool shared = sim_adjacent(world, a, b) && sim_devices_share(world, a, b);

			if (world->shared[a][b] && !shared && !world->sharing_excused) {
				sim_violation(
					world, "nodes %zu and %zu share no key any more", a, b);
			}
			world->shared[a][b] = shared;
		}
	}
}

/*
 * LOST takes a lost disk, or a KME that delivers nothing, which no KME here does.
 * (Of what was CONFIRMED it only says that an emptied device cannot have it back.)
 */
static void check_lost(struct sim_world *world)
{
	for (size_t i = 0; i < world->node_count && !world->disk_was_lost; i++) {
		struct sae_status status;

		if (!world->nodes[i].alive) {
			continue;
		}
		exchange_own_status(&world->nodes[i].exchange, &status);
		if (status.lost.generation != 0 &&
			world->nodes[i].exchange.record.decision == SLOT_COMMIT) {
			sim_violation(world, "node %zu: generation %llu is lost", i,
				(unsigned long long)status.lost.generation);
		}
	}
}

/* Nothing is believed that is not on the disk: what a step changes, it saves. */
void sim_check_node(struct sim_world *world, const struct sim_node *node)
{
	const struct exchange_record *record = &node->exchange.record;

	if (node->alive && memcmp(record, &node->disk.record, sizeof(*record)) != 0) {
		sim_violation(world, "node %zu: memory and disk differ", node->index);
	}
}

/* A slave gives up older keys only after the master has, on its disk. */
static void check_confirmed(struct sim_world *world, const struct sim_node *node)
{
	const struct exchange_record *master = &world->nodes[0].disk.record;
	const struct exchange_record *own = &node->disk.record;

	if (own->decision != SLOT_CONFIRMED || world->disk_was_lost) {
		return;
	}
	if (master->committed.generation < own->committed.generation ||
		(master->committed.generation == own->committed.generation &&
			master->decision != SLOT_CONFIRMED)) {
		sim_violation(world, "node %zu: CONFIRMED before the master", node->index);
	}
}

void sim_check_said(
	struct sim_world *world, const struct sim_node *node, const struct message_content *content)
{
	const struct exchange_record *record = &node->exchange.record;

	if (node->config.role == EXCHANGE_MASTER && record->decision != content->committed.phase) {
		sim_violation(world, "node %zu: does not advertise its decision", node->index);
	}
}

/* The master confirms only what every device holds. */
void sim_check_confirmed(struct sim_world *world)
{
	const struct sim_node *master = &world->nodes[0];
	struct ckn ckn;

	ckn_from_key_id(&master->config.ckn, &master->exchange.record.committed.keys[0], &ckn);
	for (size_t i = 0; i < world->node_count && !world->sharing_excused; i++) {
		const struct sim_device *device = &world->nodes[i].device;
		bool found = false;

		for (size_t j = 0; j < device->count; j++) {
			found = found || memcmp(&device->keys[j].ckn, &ckn, sizeof(ckn)) == 0;
		}
		if (!found) {
			sim_violation(world, "CONFIRMED, but node %zu does not hold the key", i);
		}
	}
}

void sim_check(struct sim_world *world)
{
	for (size_t i = 1; i < world->node_count; i++) {
		check_confirmed(world, &world->nodes[i]);
	}
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
