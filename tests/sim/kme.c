/* KMEs that share a store, deliver a key once to each side, and fail. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

static struct sim_kme_key *make_key(struct sim_world *world, uint32_t allowed)
{
	struct sim_kme_key *key = &world->keys[world->key_count++ % SIM_KEYS_MAX];
	char text[37];

	snprintf(text, sizeof(text), "%08x-0000-4000-8000-%012x", (unsigned)world->key_count,
		(unsigned)sim_below(&world->random, 1u << 31));
	memset(key, 0, sizeof(*key));
	key_id_set(&key->id, text, 36);
	key->value = sim_random(&world->random) | 1;
	key->allowed = allowed;
	return key;
}

static struct sim_kme_key *find_key(struct sim_world *world, const struct key_id *id)
{
	for (size_t i = 0; i < SIM_KEYS_MAX; i++) {
		if (world->keys[i].id.len == id->len &&
			memcmp(world->keys[i].id.text, id->text, id->len) == 0) {
			return &world->keys[i];
		}
	}
	return NULL;
}

static unsigned enc_keys(struct sim_world *world, struct sim_node *node, struct sim_event *answer)
{
	world->enc_calls++;
	answer->key_count = node->config.batch;
	for (size_t i = 0; i < answer->key_count; i++) {
		struct sim_kme_key *key = make_key(world, ~(1u << node->index));

		key->delivered = 1u << node->index;
		answer->ids[i] = key->id;
		answer->values[i] = key->value;
	}
	return REASON_NONE;
}

static unsigned dec_keys(struct sim_world *world, struct sim_node *node,
	const struct proposal *proposal, struct sim_event *answer)
{
	uint32_t bit = 1u << node->index;

	answer->key_count = proposal->key_count;
	for (size_t i = 0; i < proposal->key_count; i++) {
		struct sim_kme_key *key = find_key(world, &proposal->keys[i]);

		if (key && key->delivered & bit && !world->disk_was_lost) {
			sim_violation(world, "node %zu: asks for a key a second time", node->index);
		}
		if (!key || !(key->allowed & bit) || key->delivered & bit) {
			return REASON_KME_KEY_NOT_FOUND;
		}
		answer->ids[i] = key->id;
		answer->values[i] = key->value;
	}
	for (size_t i = 0; i < proposal->key_count; i++) {
		find_key(world, &proposal->keys[i])->delivered |= bit;
	}
	return REASON_NONE;
}

void sim_kme_ask(struct sim_world *world, struct sim_node *node, enum exchange_fetch fetch,
	const struct proposal *proposal)
{
	struct sim_event answer = {
		.kind = SIM_KME,
		.node = node->index,
		.life = node->life,
		.generation = proposal->generation,
	};
	uint64_t delay_ms = 800;

	if (sim_chance(&world->random, world->faults.kme)) {
		answer.reason = REASON_KME_UNAVAILABLE;
	} else {
		answer.reason = fetch == EXCHANGE_FETCH_ENC_KEYS
					? enc_keys(world, node, &answer)
					: dec_keys(world, node, proposal, &answer);
		if (sim_chance(&world->random, world->faults.kme_reply_lost)) {
			answer.reason = REASON_KME_CONNECTION_LOST;
		}
	}
	if (world->quiet) {
		delay_ms = 50;
	} else if (sim_suffers(world, SIM_KME_SLOW)) {
		delay_ms = 2 * node->config.prepare_timeout_ms;
	}
	sim_schedule(world, &answer, 5 + sim_below(&world->random, delay_ms));
}
