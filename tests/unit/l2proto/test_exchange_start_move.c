/* Start times of key-chains (protocol.md section 5.8), after COMMIT. */
#include "test_exchange_start_fixture.h"

/* ---- the master ----------------------------------------------------------------------------- */

static void test_moved_if_a_member_reports_it_missing(void **state)
{
	struct node node;
	struct sae_status status;
	struct message_content said;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node); /* and nothing installed */
	chain_wait(&node, (LEAD_S / 2 - 3) * 1000);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start); /* it may still come */
	chain_wait(&node, 5000);
	node_hear_status(&node, &status);
	assert_true(node_noted(&node, EXCHANGE_NOTE_RETIMED));
	assert_true(node.disk.committed.start >= node.view.clock_s + LEAD_S);
	assert_true(node.disk.committed.start > start);
	said = node_says(&node, 0);
	assert_int_equal(said.committed.phase, SLOT_COMMIT);
	assert_int_equal(said.committed.proposal.generation, 1);
	assert_int_equal(said.committed.proposal.start, node.disk.committed.start);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT); /* its own device too */

	status = member_installed(&node, start); /* the old start does not count */
	start = node.disk.committed.start;
	chain_wait(&node, (uint64_t)(start - node.view.clock_s - node.x.decided_lead_s / 2) * 1000);
	node_hear_status(&node, &status);
	assert_true(node.disk.committed.start > start);
}

static void test_silence_keeps(void **state)
{
	struct node node;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	hear_ready(&node, &node.x.record.staged);
	for (int i = 0; i < LEAD_S + 5; i++) {
		chain_wait(&node, 1000);
		assert_int_equal(node.disk.committed.start, start);
	}
}

static void test_not_moved_when_it_is_too_late(void **state)
{
	struct node node;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	chain_wait(&node, (LEAD_S - LEAD_S / 4 + 2) * 1000);
	hear_ready(&node, &node.x.record.staged);
	assert_int_equal(node.disk.committed.start, start);
}

static void test_not_moved_if_all_have_it(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	chain_wait(&node, (LEAD_S / 2 + 2) * 1000);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start);
}

/* Two stations speak for a member: whose word is it that the keys are not there? */
static void test_not_moved_while_a_member_is_doubled(void **state)
{
	struct node node;
	struct sae_status status;
	struct message_content content;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node);
	content = content_of(&status);
	chain_wait(&node, (LEAD_S / 2 - 2) * 1000);
	for (uint8_t i = 0; i < 40; i++) {
		node_hear_on(&node, 0, 1 + i % 2, &content);
		chain_wait(&node, i < 4 ? 10 : 200);
		node.view.clock_s = node.now.wall_s + i / 5;
	}
	assert_true(node.x.peers[0].duplicate_ms != 0);
	assert_int_equal(node.disk.committed.start, start);
}

/* The start has come; then the device's clock steps back, and a member has not got the keys. */
static void test_no_retime_with_a_wrong_clock(void **state)
{
	struct node node;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	for (int i = 0; i < LEAD_S + 5; i++) {
		chain_wait(&node, 1000);
	}
	assert_int_equal(node.disk.committed.start, start);
	assert_true(node.now.wall_s > start);
	node.view.clock_s = start - 15; /* now it is */
	node_read_back(&node);
	hear_ready(&node, &node.x.record.staged);
	assert_int_equal(node.disk.committed.start, start);
}

/* A lead that shrinks while a start is ahead: the slow hand-over behind it is forgotten. */
static void test_moved_only_forward(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	chain_propose(&node);
	node.x.hand_over_ms[0] = 100000; /* the next to be overwritten */
	hear_ready(&node, &node.x.record.staged);
	start = node.disk.committed.start;
	assert_true(start - node.view.clock_s > 400);
	chain_install(&node);
	status = member_installed(&node, start);
	while (start - node.view.clock_s > 195) {
		node_hear_status(&node, &status);
		chain_wait(&node, 1000);
	}
	status = member_ready(&node); /* its device has gone back */
	for (int i = 0; i < 5; i++) {
		node_hear_status(&node, &status);
		assert_true(node.disk.committed.start >= start);
		chain_wait(&node, 1000);
	}
}

/* All have the keys, and wait for the start longer than a key may take to become live. */
static void test_waiting_for_the_start_is_no_failure(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	for (int i = 0; i < LEAD_S - 2; i++) {
		chain_wait(&node, 1000);
		node_hear_status(&node, &status);
	}
	assert_int_equal(node.x.record.highest, 1);
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
}

/* What was in the way of the device is past: it has the keys, and waits for their start. */
static void test_reason_goes_when_the_device_has_it(void **state)
{
	struct node node;

	(void)state;
	chain_propose(&node);
	hear_ready(&node, &node.x.record.staged);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, REASON_DEVICE_LOCKED);
	node_read_back(&node);
	while (node.x.device_pending != EXCHANGE_DEVICE_COMMIT) {
		chain_wait(&node, 100);
	}
	chain_install(&node);
	assert_int_equal(node_status(&node).applied.generation, 1);
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
}

/* ---- the slave ------------------------------------------------------------------------------ */

/* READY for generation 1; another link leads down. */
static struct proposal slave_ready(struct node *node)
{
	use_chain(node, EXCHANGE_SLAVE);
	node->config.link_count = 2;
	node->config.links[1].direction = EXCHANGE_DOWN;
	node_start(node, NULL);
	return make_ready(node, 1, KEY_1);
}

static void test_a_start_moves_only_forward(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);
	int64_t start = node.view.clock_s + LEAD_S;

	(void)state;
	proposal.start = start;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
	chain_install(&node);
	assert_int_equal(node_status(&node).applied.generation, 1);

	proposal.start = start + 30;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.committed.start, start + 30);
	assert_int_equal(node_status(&node).applied.generation, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);

	proposal.start = start; /* an old word */
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.committed.start, start + 30);
	assert_int_equal(node_says(&node, 1).committed.proposal.start, start + 30);
}

/* Its neighbours have switched already, or wait for it: there is nothing to wait for. */
static void test_late_install_at_once(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);

	(void)state;
	proposal.start = node.view.clock_s - 100;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_2); /* no key in common */
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
}

/* A key that waits for its start is looked at now and then, and when it has come. */
static void test_read_back_waits_for_the_start(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);
	uint64_t now_ms = node.now.mono_ms;

	(void)state;
	proposal.start = node.view.clock_s + 3;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	chain_install(&node);
	assert_int_equal(node.x.read_back_due_ms, now_ms + 3000);
}

static void test_past_keys_are_not_shown(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_SLAVE);
	node.view.keys[0].past = true;
	node.view.keys[0].transmitting = false;
	view_add(&node, KEY_1, true);
	node_start(&node, NULL);
	status = node_status(&node);
	assert_int_equal(status.usable_count, 1);
	assert_true(status.usable[0].transmitting);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moved_if_a_member_reports_it_missing),
		cmocka_unit_test(test_silence_keeps),
		cmocka_unit_test(test_not_moved_when_it_is_too_late),
		cmocka_unit_test(test_not_moved_if_all_have_it),
		cmocka_unit_test(test_not_moved_while_a_member_is_doubled),
		cmocka_unit_test(test_no_retime_with_a_wrong_clock),
		cmocka_unit_test(test_moved_only_forward),
		cmocka_unit_test(test_waiting_for_the_start_is_no_failure),
		cmocka_unit_test(test_reason_goes_when_the_device_has_it),
		cmocka_unit_test(test_a_start_moves_only_forward),
		cmocka_unit_test(test_late_install_at_once),
		cmocka_unit_test(test_read_back_waits_for_the_start),
		cmocka_unit_test(test_past_keys_are_not_shown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
