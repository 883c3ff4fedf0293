/* Key-chains, whose keys start by the device's clock: a master or a slave driven by hand. */
#ifndef TEST_EXCHANGE_START_FIXTURE_H
#define TEST_EXCHANGE_START_FIXTURE_H

#include "test_exchange_master_fixture.h"
#include "test_exchange_slave_fixture.h"

#define LEAD_S 40
#define TOLERANCE_S 5

static inline void use_chain(struct node *node, enum exchange_role role)
{
	node_init(node, role);
	node->config.uses_start = true;
	node->config.lead_s = LEAD_S;
	node->config.clock_tolerance_s = TOLERANCE_S;
	node->view.clock_s = node->now.wall_s;
}

static inline void chain_start(struct node *node, enum exchange_role role)
{
	use_chain(node, role);
	node_start(node, NULL);
}

/* Time goes on, for the device's clock too. */
static inline void chain_wait(struct node *node, uint64_t ms)
{
	node->view.clock_s += (int64_t)(ms / 1000);
	node_wait(node, ms);
	node_answer_read_back(node);
}

/* The device has the key beside the present one, waiting for this start. */
static inline void view_future(struct node *node, const char *key, int64_t start)
{
	struct exchange_device_key *entry = &node->view.keys[1];

	node->view.key_count = 1;
	view_add(node, key, false);
	entry->future = true;
	entry->start = start;
	node->view.latest_start = start;
}

/* A member that is READY, and has installed nothing. */
static inline struct sae_status member_ready(const struct node *node)
{
	struct sae_status status = member(node, KEY_0);

	status.staged = ref_to(&node->x.record.staged);
	status.highest = node->x.record.staged.generation;
	return status;
}

/* It has installed what is committed, with this start. */
static inline struct sae_status member_installed(const struct node *node, int64_t start)
{
	struct sae_status status = member_ready(node);

	status.applied = ref_to(&node->x.record.committed);
	status.latest_start = start;
	return status;
}

/* PREPARE is advertised, and this device would take the key. */
static inline void chain_propose(struct node *node)
{
	chain_start(node, EXCHANGE_MASTER);
	hear_member(node, KEY_0);
	node_stage(node, KEY_1);
}

/* After COMMIT: the device has taken KEY_1, which waits for the start that was decided. */
static inline void chain_install(struct node *node)
{
	view_future(node, KEY_1, node->disk.committed.start);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
}

/* COMMIT, and the master's own device has it. Returns the start. */
static inline int64_t chain_commit(struct node *node)
{
	chain_propose(node);
	hear_ready(node, &node->x.record.staged);
	assert_int_equal(node->disk.decision, SLOT_COMMIT);
	chain_install(node);
	return node->disk.committed.start;
}

#endif
