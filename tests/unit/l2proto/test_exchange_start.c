/* Start times of key-chains (protocol.md section 5.8), up to COMMIT. */
#include "test_exchange_start_fixture.h"

/* ---- the first start ------------------------------------------------------------------------ */

static void test_start_is_chosen_at_commit(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	chain_propose(&node);
	proposal = node.x.record.staged;
	assert_int_equal(proposal.start, 0);
	hear_ready(&node, &node.x.record.staged);
	assert_in_range(node.disk.committed.start, node.view.clock_s + LEAD_S,
		node.view.clock_s + LEAD_S + 1);
	assert_memory_equal(node.disk.committed.digest, proposal.digest, DIGEST_LEN);
}

static void test_start_is_later_than_any_in_a_chain(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_propose(&node);
	status = member_ready(&node);
	status.latest_start = node.view.clock_s + 500;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, node.view.clock_s + 501);
}

/* The device may have had a start installed since it was read back. */
static void test_start_is_later_than_what_was_decided_last(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node) + 3000;
	node.x.record.committed.start = start; /* moved, and not read back */
	status = member_ready(&node);
	status.lost = ref_to(&node.x.record.committed);
	node_hear_status(&node, &status);
	node_stage(&node, KEY_2);
	hear_ready(&node, &node.x.record.staged);
	assert_int_equal(node.disk.committed.generation, 2);
	assert_true(node.disk.committed.start > start);
}

/* A start years ahead would put all later ones there too. */
static void test_start_too_far(void **state)
{
	struct node node;
	struct sae_status status;
	const struct exchange_note *note;

	(void)state;
	chain_start(&node, EXCHANGE_MASTER);
	status = member(&node, KEY_0);
	status.latest_start = node.view.clock_s + 315360000;
	node_hear_status(&node, &status);
	note = node_note(&node, EXCHANGE_NOTE_HELD);
	assert_int_equal(note->reason, REASON_START_TOO_FAR);
	assert_string_equal(note->sae.text, SLAVE);

	chain_propose(&node); /* also between PREPARE and COMMIT */
	status = member_ready(&node);
	status.latest_start = START_MAX;
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_START_TOO_FAR);
	assert_int_equal(node.disk.decision, SLOT_EMPTY);
}

/* A guest's key-chain counts while it is heard, and not for ever. */
static void test_a_guest_that_has_left_does_not_count(void **state)
{
	struct node node;
	struct sae_status guest, status;

	(void)state;
	chain_start(&node, EXCHANGE_MASTER);
	guest = status_of(&node, OTHER, KEY_0);
	guest.latest_start = START_MAX;
	node_hear_status(&node, &guest);
	status = member(&node, KEY_0);
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_START_TOO_FAR);
	chain_wait(&node, LIFE_MS + 1000);
	node_hear_status(&node, &status);
	assert_true(node.x.fetch_pending);
}

/* A second later the member says this, and has a start of long ago. */
static void hear_later(struct node *node, struct sae_status status)
{
	status.latest_start = node->now.wall_s - 100;
	node->now.mono_ms += 1000;
	node->now.wall_s++;
	node_hear_status(node, &status);
}

/* Our own device does not answer; the member is READY, and its chain has the latest start. */
static void test_not_ready_names_nobody_else(void **state)
{
	struct node node;
	unsigned waited = 0;

	(void)state;
	chain_start(&node, EXCHANGE_MASTER);
	hear_member(&node, KEY_0);
	node_keys(&node, KEY_1); /* PREPARE is asked, and not answered */
	while (!node_noted(&node, EXCHANGE_NOTE_ABORTED)) {
		assert_true(waited++ < 20);
		hear_later(&node, member_ready(&node));
	}
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->sae.len, 0);
}

static void test_budget_names_nobody(void **state)
{
	struct node node;
	unsigned waited = 0;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node.config.keys_per_hour = 1;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	node_keys_failed(&node, REASON_KME_TIMEOUT);
	while (!node_noted(&node, EXCHANGE_NOTE_HELD)) {
		assert_true(waited++ < 20);
		hear_later(&node, member(&node, KEY_0));
	}
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->sae.len, 0);
}

/* ---- clocks --------------------------------------------------------------------------------- */

/* Starts are told by the device's clock: that of the host may jump. */
static void test_clock_jump_after_read_back(void **state)
{
	struct node node;

	(void)state;
	chain_propose(&node);
	node.now.wall_s += 315360000;
	hear_ready(&node, &node.x.record.staged);
	assert_in_range(node.disk.committed.start, node.view.clock_s + LEAD_S,
		node.view.clock_s + LEAD_S + 1);
}

static void test_master_holds_for_a_wrong_clock(void **state)
{
	struct node node;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node.view.clock_s -= TOLERANCE_S + 1;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_CLOCK);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_CLOCK);
	assert_false(node.x.fetch_pending);
	node.view.clock_s = node.now.wall_s + TOLERANCE_S;
	node_read_back(&node);
	hear_member(&node, KEY_0);
	assert_true(node.x.fetch_pending);
}

/* No key is asked for that the member would have to refuse. */
static void test_master_holds_for_a_members_wrong_clock(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_start(&node, EXCHANGE_MASTER);
	status = member(&node, KEY_0);
	status.device_reason = REASON_DEVICE_CLOCK;
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_CLOCK);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_HELD)->sae.text, SLAVE);
	assert_false(node.x.fetch_pending);
	hear_member(&node, KEY_0);
	assert_true(node.x.fetch_pending);
}

/* The device's clock is put back between PREPARE and COMMIT. */
static void test_no_commit_with_a_wrong_clock(void **state)
{
	struct node node;

	(void)state;
	chain_propose(&node);
	node.view.clock_s -= 3600;
	node_read_back(&node);
	assert_true(node.x.clock_wrong);
	hear_ready(&node, &node.x.record.staged);
	assert_int_not_equal(node.disk.decision, SLOT_COMMIT);
}

static void test_slave_refuses_with_a_wrong_clock(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_SLAVE);
	node.view.clock_s = 0; /* a device without a clock will not do either */
	node_start(&node, NULL);
	hear_prepare(&node, 1, KEY_1);
	node_keys(&node, KEY_1);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	status = node_status(&node);
	assert_int_equal(status.failed.generation, 1);
	assert_int_equal(status.failed_reason, REASON_DEVICE_CLOCK);
	assert_int_equal(status.staged.generation, 0);
}

/* The clock is shown before what else there is: the master must not decide on a start. */
static void test_wrong_clock_is_not_masked(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	chain_start(&node, EXCHANGE_SLAVE);
	proposal = make_ready(&node, 1, KEY_1);
	proposal.start = node.view.clock_s + 1;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	view_add(&node, KEY_1, false);
	node.view.keys[1].start = proposal.start;
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	for (int i = 0; i < 20; i++) {
		node_answer(&node);
		node.view.clock_s++;
		node_wait(&node, 1000);
	}
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_NOT_LIVE);
	hear_prepare(&node, 2, KEY_2);
	node_keys(&node, KEY_2);
	while (node.x.device_pending != EXCHANGE_DEVICE_PREPARE) {
		node_device(&node, node.x.device_pending, 0);
	}
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node_status(&node).staged.generation, 2);
	node.view.clock_s -= 3600;
	node_read_back(&node);
	assert_true(node.x.clock_wrong);
	assert_true(node_status(&node).device_reason == REASON_DEVICE_CLOCK ||
		    node_status(&node).failed.generation == 2);
}

/* ---- the lead ------------------------------------------------------------------------------- */

/* It has come: the device uses this key, and has no other. */
static void view_started(struct node *node, const char *key, int64_t start)
{
	view_only(node, key);
	node->view.keys[0].start = start;
	node->view.latest_start = start;
}

/* All use what is committed, from its start on: how far ahead is the next one? */
static int64_t next_lead(struct node *node)
{
	struct sae_status status = member(node, KEY_1);

	status.live = true;
	status.applied = ref_to(&node->x.record.committed);
	status.latest_start = node->disk.committed.start;
	view_started(node, KEY_1, node->disk.committed.start);
	node->view.clock_s = node->disk.committed.start;
	node->now.wall_s = node->view.clock_s;
	node_read_back(node);
	node_hear_status(node, &status);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
	node_device(node, EXCHANGE_DEVICE_RETIRE, 0);
	node_event(node, EXCHANGE_REKEY);
	node_stage(node, KEY_2);
	status.staged = ref_to(&node->x.record.staged);
	node_hear_status(node, &status);
	assert_int_equal(node->disk.committed.generation, 2);
	return node->disk.committed.start - node->view.clock_s;
}

static void test_lead_follows_the_hand_over(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	node_hear_status(&node, &status); /* at once: the floor */
	assert_in_range(next_lead(&node), LEAD_S, LEAD_S + 1);

	start = chain_commit(&node);
	chain_wait(&node, 15000);
	status = member_installed(&node, start);
	node_hear_status(&node, &status); /* four times as long as it took */
	assert_in_range(next_lead(&node), 60, 64);

	start = chain_commit(&node);
	chain_wait(&node, 7200000); /* not for ever more: an outage is no hand-over */
	status = member_installed(&node, start);
	node_hear_status(&node, &status);
	assert_in_range(next_lead(&node), 16 * LEAD_S, 16 * LEAD_S + 1);
}

/* Time passes until the next generation begins, which the member is READY for at once. */
static void await_next(struct node *node, struct sae_status *status)
{
	for (int i = 0; i < 600 && !node->x.fetch_pending; i++) {
		chain_wait(node, 1000);
		node_hear_status(node, status);
	}
	node_stage(node, KEY_2);
	status->staged = ref_to(&node->x.record.staged);
	node_hear_status(node, status);
}

/* A member was away until after the start: what it says first is LIVE. */
static void test_lead_after_a_late_member(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	chain_wait(&node, (LEAD_S + 3) * 1000); /* the hand-over took 43 s: 4 * 43 = 172 */
	view_started(&node, KEY_1, start);
	node_read_back(&node);
	status = member(&node, KEY_1);
	status.applied = ref_to(&node.x.record.committed);
	status.live = true;
	status.latest_start = start;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	await_next(&node, &status);
	assert_int_equal(node.disk.committed.generation, 2);
	assert_in_range(node.disk.committed.start - node.view.clock_s, LEAD_S, 175);
}

/* What is lost is no hand-over. */
static void test_lead_after_lost(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	for (int i = 0; i < 1200; i++) {
		chain_wait(&node, 1000); /* the member is away for 20 minutes, without its disk */
	}
	view_started(&node, KEY_1, start);
	node_read_back(&node);
	status = member(&node, KEY_0);
	status.highest = 1;
	status.lost = ref_to(&node.x.record.committed);
	status.rekey_wanted = true;
	node_hear_status(&node, &status);
	await_next(&node, &status);
	assert_int_equal(node.disk.committed.generation, 2);
	assert_in_range(node.disk.committed.start - node.view.clock_s, LEAD_S, 2 * LEAD_S);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_is_chosen_at_commit),
		cmocka_unit_test(test_start_is_later_than_any_in_a_chain),
		cmocka_unit_test(test_start_is_later_than_what_was_decided_last),
		cmocka_unit_test(test_start_too_far),
		cmocka_unit_test(test_a_guest_that_has_left_does_not_count),
		cmocka_unit_test(test_not_ready_names_nobody_else),
		cmocka_unit_test(test_budget_names_nobody),
		cmocka_unit_test(test_clock_jump_after_read_back),
		cmocka_unit_test(test_master_holds_for_a_wrong_clock),
		cmocka_unit_test(test_master_holds_for_a_members_wrong_clock),
		cmocka_unit_test(test_no_commit_with_a_wrong_clock),
		cmocka_unit_test(test_slave_refuses_with_a_wrong_clock),
		cmocka_unit_test(test_wrong_clock_is_not_masked),
		cmocka_unit_test(test_lead_follows_the_hand_over),
		cmocka_unit_test(test_lead_after_a_late_member),
		cmocka_unit_test(test_lead_after_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
