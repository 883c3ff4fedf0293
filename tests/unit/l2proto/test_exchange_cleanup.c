/* Taking keys out of the device again (protocol.md section 5.5): what waits for it, and who is
 * told. */
#include "test_exchange_master_fixture.h"
#include "test_exchange_slave_fixture.h"

/* READY for generation 1, which is then aborted: its key is to be discarded. */
static struct proposal make_aborted(struct node *node)
{
	struct proposal proposal;

	start_slave(node);
	proposal = make_ready(node, 1, KEY_1);
	node_hear_slot(node, SLOT_ABORT, &proposal, KEY_0);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_DISCARD);
	return proposal;
}

static void test_master_names_what_keeps_it(void **state)
{
	struct node node;

	(void)state;
	make_proposed(&node);
	node_wait(&node, node.config.prepare_timeout_ms);
	assert_true(node_noted(&node, EXCHANGE_NOTE_ABORTED));
	while (node.x.device_pending != EXCHANGE_DEVICE_DISCARD) {
		node_device(&node, node.x.device_pending, 0);
	}
	node_device(&node, EXCHANGE_DEVICE_DISCARD, REASON_DEVICE_LOCKED);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_DEVICE)->reason, REASON_DEVICE_LOCKED);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_LOCKED);
	node.now.mono_ms += 5000;
	hear_member(&node, KEY_0);
	assert_int_equal(node.x.hold_reason, REASON_DEVICE_LOCKED);
	assert_false(node.x.fetch_pending);
	while (!node.x.fetch_pending) {
		node_answer(&node);
		hear_member(&node, KEY_0);
		node_wait(&node, 100);
	}
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
}

/* The next proposal waits for a moment, and is failed then. */
static void test_slave_fails_what_it_cannot_take_up(void **state)
{
	struct node node;

	(void)state;
	make_aborted(&node);
	hear_prepare(&node, 2, KEY_2);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, REASON_DEVICE_LOCKED);
	assert_int_equal(node_status(&node).failed.generation, 0); /* once is no rule */
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, REASON_DEVICE_LOCKED);
	assert_int_equal(node_status(&node).failed.generation, 2);
	assert_int_equal(node_status(&node).failed_reason, REASON_DEVICE_LOCKED);
	assert_int_equal(node.disk.staged.generation, 1);
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_false(node.x.fetch_pending); /* the master has aborted it, or will */
	hear_prepare(&node, 3, KEY_3);
	assert_int_equal(node.did.fetch_generation, 3);
}

static void test_restart_discards_what_was_aborted(void **state)
{
	struct node node;

	(void)state;
	make_aborted(&node);
	node_restart(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.drop_count, 1);
}

/* The step of an answer that could not be saved is dropped: what it answered is asked again. */
static void test_dropped_answers_are_not_forgotten(void **state)
{
	struct node node;
	struct proposal two;

	(void)state;
	make_aborted(&node);
	two = proposal_of(&node, 2, KEY_2);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_COMMIT, &two, KEY_0);
	node.now.mono_ms += 1000; /* now the decision can be tried again, with any step */
	node_device(&node, EXCHANGE_DEVICE_DISCARD, REASON_DEVICE_LOCKED);
	node.disk_full = false;
	assert_true(node.x.discard_due);

	make_confirmed(&node);
	node.x.retire_due = true;
	node_wait(&node, node.config.read_back_ms + 1);
	node_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_RETIRE);
	node_step(&node, &(struct exchange_event){ .kind = EXCHANGE_SAVE_FAILED,
				 .dropped = EXCHANGE_DEVICE_FAILED,
				 .generation = node.x.device_pending_generation,
				 .device = { EXCHANGE_DEVICE_RETIRE, &node.view } });
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_RETIRE);
	assert_true(node.x.retire_due);
}

/* ABORT and PREPARE of one proposal come two ways while the one before it is in the way. */
static void test_what_was_aborted_meanwhile_is_not_fetched(void **state)
{
	struct node node;
	struct proposal two;

	(void)state;
	make_aborted(&node);
	two = hear_prepare(&node, 2, KEY_2);
	node_hear_slot(&node, SLOT_ABORT, &two, KEY_0);
	hear_prepare(&node, 2, KEY_2);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_false(node.x.fetch_pending);
	assert_int_equal(node.disk.staged.generation, 2);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_master_names_what_keeps_it),
		cmocka_unit_test(test_slave_fails_what_it_cannot_take_up),
		cmocka_unit_test(test_restart_discards_what_was_aborted),
		cmocka_unit_test(test_dropped_answers_are_not_forgotten),
		cmocka_unit_test(test_what_was_aborted_meanwhile_is_not_fetched),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
