/* What a slave keeps on disk before it acts (protocol.md section 5.4), and what if it cannot. */
#include "test_exchange_slave_fixture.h"

static void test_interrupted_fetch_is_not_repeated(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	proposal = hear_prepare(&node, 5, KEY_1);
	node_restart(&node);
	status = node_status(&node);
	assert_int_equal(status.failed.generation, 5);
	assert_memory_equal(status.failed.digest, proposal.digest, DIGEST_LEN);
	assert_int_equal(status.failed_reason, REASON_INTERRUPTED);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
}

static void test_restart_while_ready(void **state)
{
	struct node node;
	struct exchange_record record;

	(void)state;
	start_slave(&node);
	make_ready(&node, 5, KEY_1);
	record = node.disk;
	node_init(&node, EXCHANGE_SLAVE);
	exchange_init(&node.x, &node.config, &record);
	node_event(&node, EXCHANGE_START);
	assert_int_equal(node_status(&node).staged.generation, 0);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0); /* the device is asked again */
	assert_int_equal(node_status(&node).staged.generation, 5);
}

static void test_commit_without_the_key_is_lost(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	assert_false(node.disk.committed_held);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	status = node_status(&node);
	assert_int_equal(status.lost.generation, 5);

	/* who lost it says so again after a restart, and takes the next one */
	node_restart(&node);
	assert_int_equal(node_status(&node).lost.generation, 5);
	proposal = hear_prepare(&node, 6, KEY_2);
	assert_int_equal(node.did.fetch_generation, 6);
}

/* Without records, but with the key in the device, nothing is lost and nothing is deleted. */
static void test_lost_records_live_device(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	view_only(&node, KEY_1);
	node_start(&node, NULL);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	proposal = proposal_of(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	assert_int_equal(node_status(&node).lost.generation, 0);
	assert_true(node_status(&node).live);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
}

/* The master confirmed it long ago and would rest: who lost its disk and its device must ask. */
static void test_lost_records_empty_device(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node_status(&node).lost.generation, 5);
	assert_true(node_status(&node).rekey_wanted);
	proposal = proposal_of(&node, 6, KEY_2);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_1);
	assert_false(node_status(&node).rekey_wanted);
}

static void test_save_failure_at_each_save(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_FAILED)->reason, REASON_STATE);
	node.disk_full = false;
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0); /* not at once again */
	assert_false(node.did.save);
	node_wait(&node, 1000);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_DEC_KEYS);

	node.disk_full = true;
	node_keys(&node, KEY_1); /* delivered once, and not sealed: lost */
	assert_int_equal(node.x.record.stage, EXCHANGE_STAGE_FETCHING);
	assert_int_equal(node_status(&node).failed.generation, 5);
	assert_int_equal(node_status(&node).failed_reason, REASON_STATE);
	node.disk_full = false;
	node_wait(&node, 1000);

	proposal = make_ready(&node, 6, KEY_2);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0); /* not on disk: not applied */
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node.disk_full = false;
	node_wait(&node, 1000);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
}

/* The key of a COMMIT that could not be written yet is not given up for the next PREPARE. */
static void test_unwritten_commit_comes_before_the_next(void **state)
{
	struct node node;
	struct proposal proposal, next;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.decision, SLOT_EMPTY);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0); /* heard, and not to be written yet */
	next = proposal_of(&node, 6, KEY_2);
	node_hear_slot(&node, SLOT_PREPARE, &next, KEY_0);
	node.disk_full = false;
	node_wait(&node, 1000);
	assert_int_equal(node.disk.committed.generation, 5);
	assert_true(exchange_holds_key(&node.disk, 5));
}

static void test_save_failure_at_confirmed(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	node_apply(&node, KEY_1);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_true(exchange_holds_key(&node.x.record, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE); /* the old key is not retired */
	node.disk_full = false;
	node_wait(&node, 1000);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
}

static void test_save_failure_at_abort(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node.disk_full = true;
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_true(exchange_holds_key(&node.x.record, 5));
	node.disk_full = false;
	node_wait(&node, 1000);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted_fetch_is_not_repeated),
		cmocka_unit_test(test_restart_while_ready),
		cmocka_unit_test(test_commit_without_the_key_is_lost),
		cmocka_unit_test(test_lost_records_live_device),
		cmocka_unit_test(test_lost_records_empty_device),
		cmocka_unit_test(test_save_failure_at_each_save),
		cmocka_unit_test(test_unwritten_commit_comes_before_the_next),
		cmocka_unit_test(test_save_failure_at_confirmed),
		cmocka_unit_test(test_save_failure_at_abort),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
