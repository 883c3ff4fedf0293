/* A slave driven by hand: what it hears of its master, and how far a generation has come. */
#ifndef TEST_EXCHANGE_SLAVE_FIXTURE_H
#define TEST_EXCHANGE_SLAVE_FIXTURE_H

#include "test_exchange_fixture.h"

static inline void start_slave(struct node *node)
{
	node_init(node, EXCHANGE_SLAVE);
	node_start(node, NULL);
}

static inline struct proposal hear_prepare(struct node *node, uint64_t generation, const char *key)
{
	struct proposal proposal = proposal_of(node, generation, key);

	node_hear_slot(node, SLOT_PREPARE, &proposal, KEY_0);
	return proposal;
}

/* It holds the key, and says READY. */
static inline struct proposal make_ready(struct node *node, uint64_t generation, const char *key)
{
	struct proposal proposal = hear_prepare(node, generation, key);

	node_stage(node, key);
	return proposal;
}

#endif
