/* A slave whose device installs keys by association number, before COMMIT (kernel SAs). */
#ifndef TEST_EXCHANGE_AN_FIXTURE_H
#define TEST_EXCHANGE_AN_FIXTURE_H

#include "test_exchange_fixture.h"

/* One bit for each number in use: KEY_0 has number 0. */
static inline void init_slave(struct node *node, uint8_t an_in_use)
{
	node_init(node, EXCHANGE_SLAVE);
	node->config.uses_an = true;
	node->view.an_in_use = an_in_use;
}

static inline void start_slave(struct node *node)
{
	init_slave(node, 0x1);
	node_start(node, NULL);
}

static inline struct proposal proposal_with_an(
	const struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = proposal_of(node, generation, key);

	proposal.an = an;
	proposal_set_digest(node, &proposal);
	return proposal;
}

/* PREPARE is heard, the key has come, and the device has been asked to install it. */
static inline struct proposal propose(
	struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = proposal_with_an(node, generation, key, an);

	node_hear_slot(node, SLOT_PREPARE, &proposal, KEY_0);
	node_keys(node, key);
	return proposal;
}

/* READY: the device holds the key, to receive with. */
static inline struct proposal make_ready(
	struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = propose(node, generation, key, an);

	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	view_add(node, key, false);
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(node).staged.generation, generation);
	return proposal;
}

static inline struct proposal make_confirmed(struct node *node)
{
	struct proposal proposal = make_ready(node, 1, KEY_1, 1);

	node_hear_slot(node, SLOT_COMMIT, &proposal, KEY_1);
	assert_int_equal(
		node->did.device, EXCHANGE_DEVICE_COMMIT); /* it is there, but not in use */
	node->view.key_count = 0;
	view_add(node, KEY_1, true);
	view_add(node, KEY_0, false);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
	node_hear_slot(node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
	return proposal;
}

#endif
