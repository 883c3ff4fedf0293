/* What the link would have refused, or what only who holds the channel key could send. */
#include "sim.h"

/* Safety does not rest on freshness: slots heard long ago change nothing. */
void sim_adversity_repeat(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message)
{
	const struct message_content *heard = message->message.content;
	struct exchange_event again = *message;
	struct message_content content;
	const struct sim_slots *old;

	if (node->config.role == EXCHANGE_MASTER || heard->master.len == 0 ||
		!sim_suffers(world, SIM_SLOTS_REPEATED)) {
		return;
	}
	node->slots[node->slots_heard++ % SIM_SLOTS_KEPT] = (struct sim_slots){ heard->committed,
		heard->proposed };
	if (!node->alive || !sim_chance(&world->random, 100)) {
		return;
	}
	old = &node->slots[sim_below(&world->random,
		node->slots_heard < SIM_SLOTS_KEPT ? node->slots_heard : SIM_SLOTS_KEPT)];
	content.master = heard->master;
	content.committed = old->committed;
	content.proposed = old->proposed;
	content.status_count = 0;
	again.message.content = &content;
	sim_trace(world, node, "hears old slots again");
	sim_node_event(world, node, &again);
}

/*
 * A member says that it is READY and LIVE, with the generations that the master
 * waits for, but with other keys in mind: that counts for nothing.
 */
void sim_adversity_forge(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message)
{
	const struct message_content *heard = message->message.content;
	const struct exchange_record *record = &node->exchange->record;
	struct exchange_event again = *message;
	struct message_content content;
	struct sim_slots none = { 0 };

	if (node->config.role != EXCHANGE_MASTER || !node->alive ||
		!sim_suffers(world, SIM_READY_FORGED) || !sim_chance(&world->random, 200)) {
		return;
	}
	content.master.len = 0;
	content.committed = none.committed;
	content.proposed = none.proposed;
	content.status_count = heard->status_count;
	for (size_t i = 0; i < heard->status_count; i++) {
		struct sae_status *status = &content.status[i];

		*status = heard->status[i];
		if (status->staged.generation == 0 && exchange_undecided(record)) {
			status->staged.generation = record->staged.generation;
		}
		if (status->applied.generation != record->committed.generation &&
			record->decision == SLOT_COMMIT) {
			status->applied.generation = record->committed.generation;
			status->applied.digest[0] = 1;
			status->live = true;
		}
	}
	again.message.content = &content;
	sim_trace(world, node, "hears a forged READY");
	sim_node_event(world, node, &again);
}
