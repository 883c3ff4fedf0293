/* What the link would have refused, or what only who holds the channel key could send. */
#include "sim.h"

static void hear_slots(
	struct sim_world *world, struct sim_node *node, const struct sim_slots *slots)
{
	static const uint8_t member[MEMBER_ID_LEN] = { 1 };
	struct exchange_event event = { .kind = EXCHANGE_MESSAGE };
	struct message_content content;

	content.master = node->config.master;
	content.committed = slots->committed;
	content.proposed = slots->proposed;
	content.status_count = 0;
	event.message.link = 0; /* up */
	event.message.member = member;
	event.message.content = &content;
	sim_trace(world, node, "hears old slots again");
	sim_node_event(world, node, &event);
}

/* Safety does not rest on freshness: slots heard long ago change nothing. */
void sim_adversity_repeat(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message)
{
	const struct message_content *heard = message->message.content;

	if (node->config.role == EXCHANGE_MASTER || heard->master.len == 0 ||
		!sim_suffers(world, SIM_SLOTS_REPEATED)) {
		return;
	}
	node->slots[node->slots_heard++ % SIM_SLOTS_KEPT] = (struct sim_slots){ heard->committed,
		heard->proposed };
	if (node->alive && sim_chance(&world->random, 100)) {
		size_t kept = node->slots_heard < SIM_SLOTS_KEPT ? node->slots_heard
								 : SIM_SLOTS_KEPT;

		hear_slots(world, node, &node->slots[sim_below(&world->random, kept)]);
	}
}

/* The last PREPARE that its life before this one has heard is the first thing that it hears. */
void sim_adversity_remind(struct sim_world *world, struct sim_node *node)
{
	const struct sim_slots *last = NULL;

	if (!node->alive || !sim_suffers(world, SIM_SLOTS_REPEATED) ||
		!sim_chance(&world->random, 500)) {
		return;
	}
	for (size_t i = 0; i < SIM_SLOTS_KEPT; i++) {
		const struct sim_slots *slots = &node->slots[i];

		if (slots->proposed.phase == SLOT_PREPARE &&
			(!last || slots->proposed.proposal.generation >
					  last->proposed.proposal.generation)) {
			last = slots;
		}
	}
	if (last) {
		hear_slots(world, node, last);
	}
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

	if (node->config.role != EXCHANGE_MASTER || !node->alive ||
		!sim_suffers(world, SIM_READY_FORGED) || !sim_chance(&world->random, 200)) {
		return;
	}
	content.master.len = 0;
	content.committed.phase = SLOT_EMPTY;
	content.proposed.phase = SLOT_EMPTY;
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
