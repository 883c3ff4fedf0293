/*
 * The rule of the neighbours (protocol.md section 5.5), a second time: in ordinary
 * worlds no device loses anything by moving first, so that nothing else would tell.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

void sim_check_hears(
	struct sim_world *world, struct sim_node *node, const struct message_content *content)
{
	for (size_t i = 0; i < content->status_count; i++) {
		const struct sae_status *status = &content->status[i];
		size_t sae = strtoul(status->sae.text + strlen("sae-"), NULL, 10);

		if (status->hops == 0 && sae < world->node_count) {
			node->words[sae].heard_ms = world->now_ms;
			node->words[sae].status = *status;
			node->words[sae].secy = content->secy;
		}
	}
}

/* As the status shows it; NULL if it does not, or if that key waits for its start. */
static const struct usable_key *shown(
	const struct sae_status *status, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < status->usable_count; i++) {
		if (!status->usable[i].future &&
			memcmp(status->usable[i].token, token, CKN_TOKEN_LEN) == 0) {
			return &status->usable[i];
		}
	}
	return NULL;
}

bool sim_neighbours_use(const struct sim_world *world, const struct sim_node *node,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < world->node_count && node->index < world->node_count; i++) {
		const struct sim_word *word = &node->words[i];
		const struct usable_key *there = shown(&word->status, token);

		if (world->adjacent[node->index][i] && word->heard_ms != 0 &&
			world->now_ms <= word->heard_ms + SIM_LIFE_MS && there &&
			there->transmitting) {
			return true;
		}
	}
	return false;
}

static bool allows(const struct sim_world *world, const struct sim_node *node, size_t index,
	const struct sim_key *next)
{
	const struct exchange_device_view *view = &node->exchange->view;
	const struct sae_status *neighbour = &node->words[index].status;
	bool uses_ours = false, has_ours = false;
	uint8_t next_token[CKN_TOKEN_LEN];

	for (size_t i = 0; i < view->key_count; i++) {
		const struct usable_key *there = shown(neighbour, view->keys[i].token);

		uses_ours = uses_ours || (there && there->transmitting);
		has_ours = has_ours || (there && view->keys[i].transmitting);
	}
	ckn_token(next->ckn.octets, next->ckn.len, next_token);
	if (world->kind->is_heard) {
		return shown(neighbour, next_token) &&
		       world->kind->is_heard(world, node, index, next);
	}
	return shown(neighbour, next_token) || has_ours || !uses_ours;
}

void sim_check_moves(
	struct sim_world *world, const struct sim_node *node, const struct sim_key *keys)
{
	for (size_t i = 0; i < world->node_count && !node->config.uses_start; i++) {
		const struct sim_word *word = &node->words[i];

		if (node->index >= world->node_count || !world->adjacent[node->index][i]) {
			continue;
		}
		if (word->heard_ms == 0 || world->now_ms > word->heard_ms + SIM_LIFE_MS ||
			!word->status.device_known || !allows(world, node, i, &keys[0])) {
			sim_violation(world, "node %zu moves its device against its neighbour %zu",
				node->index, i);
		}
	}
}
