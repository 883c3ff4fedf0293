/* KMEs that share a store, deliver a key once to each side, and fail. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_kme_key *make_key(struct sim_world *world, uint32_t allowed)
{
	struct sim_kme_key *key = &world->keys[world->key_count % SIM_KEYS_MAX];
	char text[37];

	snprintf(text, sizeof(text), "%08zx-0000-4000-8000-%012x", world->key_count++,
		(unsigned)sim_below(&world->random, 1u << 31));
	memset(key, 0, sizeof(*key));
	key_id_set(&key->id, text, 36);
	key->value = sim_random(&world->random) | 1;
	key->allowed = allowed;
	if (sim_suffers(world, SIM_KME_MISSING) && sim_chance(&world->random, 300)) {
		key->allowed &= ~(1u << world->victim);
		sim_trace(world, NULL, "key %s will be missing", text);
	}
	if (sim_suffers(world, SIM_KME_DIFFERS) && sim_chance(&world->random, 300)) {
		key->value_differs = sim_random(&world->random) | 1;
		sim_trace(world, NULL, "key %s will be another at node %zu", text, world->victim);
	}
	return key;
}

static struct sim_kme_key *find_key(struct sim_world *world, const struct key_id *id)
{
	struct sim_kme_key *key = &world->keys[strtoul(id->text, NULL, 16) % SIM_KEYS_MAX];

	return key->id.len == id->len && memcmp(key->id.text, id->text, id->len) == 0 ? key : NULL;
}

/* What this node's KME has for it. */
static uint64_t value_for(
	struct sim_world *world, const struct sim_node *node, const struct sim_kme_key *key)
{
	if (key->value_differs != 0 && node->sae == world->victim) {
		world->excuses.differs = true;
		world->excuses.sharing = true;
		return key->value_differs;
	}
	return key->value;
}

static void enc_keys(struct sim_world *world, struct sim_node *node, struct sim_event *answer)
{
	*(world->quiet ? &world->outcome.enc_quiet : &world->outcome.enc_faults) += 1;
	answer->key_count = node->config.batch;
	for (size_t i = 0; i < answer->key_count; i++) {
		struct sim_kme_key *key = make_key(world, ~(1u << node->sae));

		answer->ids[i] = key->id;
		answer->values[i] = value_for(world, node, key);
	}
}

static unsigned dec_keys(struct sim_world *world, struct sim_node *node,
	const struct proposal *proposal, struct sim_event *answer)
{
	uint32_t sae = 1u << node->sae, station = 1u << node->index;
	struct sim_kme_key *keys[SIM_BATCH_MAX];

	answer->key_count = proposal->key_count;
	for (size_t i = 0; i < proposal->key_count; i++) {
		keys[i] = find_key(world, &proposal->keys[i]);
		if (!keys[i]) {
			return REASON_KME_KEY_NOT_FOUND;
		}
		if (keys[i]->asked & station && !world->excuses.disk) {
			sim_violation(world, "node %zu: asks for a key a second time", node->index);
		}
		keys[i]->asked |= station;
	}
	for (size_t i = 0; i < proposal->key_count; i++) {
		if (!(keys[i]->allowed & sae) || keys[i]->delivered & sae) {
			return REASON_KME_KEY_NOT_FOUND;
		}
	}
	for (size_t i = 0; i < proposal->key_count; i++) {
		keys[i]->delivered |= sae;
		answer->ids[i] = keys[i]->id;
		answer->values[i] = value_for(world, node, keys[i]);
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
	uint64_t delay_ms = 50 + world->faults.answer_max_ms;

	if (fetch == EXCHANGE_FETCH_ENC_KEYS) {
		sim_check_proposes(world, proposal->generation);
	}
	if (sim_chance(&world->random, world->faults.kme)) {
		answer.reason = REASON_KME_UNAVAILABLE;
	} else if (fetch == EXCHANGE_FETCH_ENC_KEYS) {
		enc_keys(world, node, &answer);
	} else {
		answer.reason = dec_keys(world, node, proposal, &answer);
	}
	if (answer.reason == REASON_NONE &&
		sim_chance(&world->random, world->faults.kme_reply_lost)) {
		answer.reason = REASON_KME_CONNECTION_LOST;
	}
	if (sim_suffers(world, SIM_KME_SLOW)) {
		delay_ms = 2 * node->config.prepare_timeout_ms;
	}
	sim_schedule(world, &answer, 5 + sim_below(&world->random, delay_ms));
}
