/* A master driven by hand: what its one member says, and how far a generation has come. */
#ifndef TEST_EXCHANGE_MASTER_FIXTURE_H
#define TEST_EXCHANGE_MASTER_FIXTURE_H

#include "test_exchange_fixture.h"

static inline struct sae_status member(const struct node *node, const char *key)
{
	return status_of(node, SLAVE, key);
}

static inline void hear_member(struct node *node, const char *key)
{
	struct sae_status status = member(node, key);

	node_hear_status(node, &status);
}

/* Started, with a live member, and enc_keys asked for generation 1. */
static inline void start_master(struct node *node)
{
	node_init(node, EXCHANGE_MASTER);
	node_start(node, NULL);
	hear_member(node, KEY_0);
}

static inline void hear_ready(struct node *node, const struct proposal *proposal)
{
	struct sae_status status = member(node, KEY_0);

	status.staged = ref_to(proposal);
	status.highest = proposal->generation;
	node_hear_status(node, &status);
}

static inline void hear_applied(struct node *node, const struct proposal *proposal, bool live)
{
	struct sae_status status = member(node, KEY_1);

	status.applied = ref_to(proposal);
	status.live = live;
	status.highest = proposal->generation;
	node_hear_status(node, &status);
}

/* PREPARE is advertised, and this device would take the key. */
static inline struct proposal make_proposed(struct node *node)
{
	start_master(node);
	node_stage(node, KEY_1);
	return node->x.record.staged;
}

static inline struct proposal make_committed(struct node *node)
{
	struct proposal proposal = make_proposed(node);

	hear_ready(node, &proposal);
	assert_int_equal(node->disk.decision, SLOT_COMMIT);
	return proposal;
}

static inline struct proposal make_confirmed(struct node *node)
{
	struct proposal proposal = make_committed(node);

	node_apply(node, KEY_1);
	hear_applied(node, &proposal, true);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
	node_device(node, EXCHANGE_DEVICE_RETIRE, 0);
	return proposal;
}

#endif
