/* The slave's rules (protocol.md section 5.3). */
#include "test_exchange_slave_fixture.h"

static void test_happy_path(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);

	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_true(node.did.save);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_DEC_KEYS);
	assert_int_equal(node.did.fetch_generation, 5);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_FETCHING);
	assert_int_equal(node.disk.highest, 5);

	node_keys(&node, KEY_1);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_HELD);
	assert_true(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node_status(&node).staged.generation, 0);

	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_true(node_noted(&node, EXCHANGE_NOTE_READY));
	assert_int_equal(node.did.advertise, 1);
	status = node_status(&node);
	assert_int_equal(status.staged.generation, 5);
	assert_memory_equal(status.staged.digest, proposal.digest, DIGEST_LEN);

	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	assert_true(node.disk.committed_held);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);

	node_apply(&node, KEY_1);
	assert_true(node_noted(&node, EXCHANGE_NOTE_APPLIED));
	assert_true(node_noted(&node, EXCHANGE_NOTE_LIVE));
	status = node_status(&node);
	assert_int_equal(status.applied.generation, 5);
	assert_true(status.live);
	assert_true(exchange_holds_key(&node.disk, 5));

	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_true(node_noted(&node, EXCHANGE_NOTE_CONFIRMED));
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
	assert_false(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_RETIRE);
}

static void test_confirmed_waits_for_own_device(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	assert_true(exchange_holds_key(&node.disk, 5));
	node_apply(&node, KEY_1);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
}

static void test_abort_is_remembered(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_true(node_noted(&node, EXCHANGE_NOTE_ABORTED));
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
	assert_false(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);

	node_restart(&node);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_false(node.did.save);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
}

static void test_abort_of_the_unseen_is_remembered(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_int_equal(node.disk.highest, 5);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
}

static void test_abort_while_fetching(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = hear_prepare(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	node_keys(&node, KEY_1); /* too late: nobody waits for them */
	assert_false(exchange_holds_key(&node.x.record, 5));
	assert_int_equal(node.x.record.stage, EXCHANGE_STAGE_ABORTED);
}

static void test_abort_after_commit_is_ignored(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_false(node.did.save);
	assert_true(exchange_holds_key(&node.x.record, 5));
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
}

static void test_silence_drops_nothing(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	make_ready(&node, 5, KEY_1);
	for (int i = 0; i < 1000; i++) {
		node_wait(&node, 3600000);
		node_answer_read_back(&node);
	}
	assert_true(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node_status(&node).staged.generation, 5);
}

static void test_conflict_is_named(void **state)
{
	struct node node;
	struct proposal proposal, other;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	other = proposal_of(&node, 5, KEY_2);

	node_hear_slot(&node, SLOT_PREPARE, &other, KEY_0);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_CONFLICT)->generation, 5);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	status = node_status(&node);
	assert_int_equal(status.failed_reason, REASON_CONFLICT);
	assert_memory_equal(status.failed.digest, other.digest, DIGEST_LEN);
	assert_memory_equal(status.staged.digest, proposal.digest, DIGEST_LEN);
	node_hear_slot(&node, SLOT_PREPARE, &other, KEY_0);
	assert_false(node_noted(&node, EXCHANGE_NOTE_CONFLICT)); /* named once */
	node_hear_slot(&node, SLOT_ABORT, &other, KEY_0);
	assert_true(exchange_holds_key(&node.x.record, 5));

	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	other = proposal_of(&node, 5, KEY_3);
	node_hear_slot(&node, SLOT_COMMIT, &other, KEY_0);
	assert_true(node_noted(&node, EXCHANGE_NOTE_CONFLICT));
	assert_memory_equal(node.disk.committed.digest, proposal.digest, DIGEST_LEN);
}

static void test_lower_generations_are_ignored(void **state)
{
	struct node node;
	struct proposal proposal, older;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	older = proposal_of(&node, 4, KEY_2);
	node_hear_slot(&node, SLOT_PREPARE, &older, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	node_hear_slot(&node, SLOT_ABORT, &older, KEY_0);
	assert_true(exchange_holds_key(&node.x.record, 5));

	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	node_hear_slot(&node, SLOT_COMMIT, &older, KEY_0);
	node_hear_slot(&node, SLOT_CONFIRMED, &older, KEY_0);
	assert_int_equal(node.disk.committed.generation, 5);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
}

static void test_newer_proposal_replaces_ready_one(void **state)
{
	struct node node;
	struct proposal newer;

	(void)state;
	start_slave(&node);
	make_ready(&node, 5, KEY_1);
	newer = proposal_of(&node, 6, KEY_2);
	node_hear_slot(&node, SLOT_PREPARE, &newer, KEY_0);
	assert_false(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.did.device_generation, 5);
	assert_int_equal(node.x.drop_count, 1);
	assert_int_equal(
		node.disk.staged.generation, 5); /* on record, until it is out of the device */
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_int_equal(node.did.fetch_generation, 6);
}

/* Whose keys never came: it says that the one before was given up, to who has missed that. */
static void test_abort_without_keys(void **state)
{
	struct node node;
	struct proposal next;

	(void)state;
	start_slave(&node);
	make_ready(&node, 5, KEY_1);
	next = proposal_of(&node, 6, KEY_2);
	next.key_count = 0;
	proposal_set_digest(&node, &next);
	node_hear_slot(&node, SLOT_ABORT, &next, KEY_0);
	assert_false(exchange_holds_key(&node.disk, 5));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_int_equal(node.disk.staged.generation, 6);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
}

static void test_obeys_only_its_master(void **state)
{
	struct node node;
	struct proposal proposal;
	struct message_content content;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	status = status_of(&node, OTHER, KEY_0);
	content = content_of(&status);
	content.master = sae(OTHER);
	proposal = proposal_of(&node, 5, KEY_1);
	content.proposed = (struct slot){ SLOT_PREPARE, proposal };
	node_hear(&node, &content);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	assert_int_equal(node.x.record.highest, 0);

	/* nor its master's slots, when they come from below */
	node.config.links[1].direction = EXCHANGE_DOWN;
	node.config.link_count = 2;
	content.master = sae(MASTER);
	node_hear_on(&node, 1, 2, &content);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
}

static void test_failures_are_named(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = hear_prepare(&node, 5, KEY_1);
	node_keys_failed(&node, REASON_KME_KEY_NOT_FOUND);
	assert_int_equal(node_status(&node).failed.generation, 5);
	assert_int_equal(node_status(&node).failed_reason, REASON_KME_KEY_NOT_FOUND);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);

	proposal = hear_prepare(&node, 6, KEY_2);
	assert_int_equal(node_status(&node).failed.generation, 0);
	node_keys(&node, KEY_2);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_REFUSED);
	assert_int_equal(node_status(&node).failed.generation, 6);
	assert_int_equal(node_status(&node).failed_reason, REASON_DEVICE_REFUSED);
	assert_int_equal(node_status(&node).staged.generation, 0);
}

static void test_rekey_on_demand(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	assert_false(node_status(&node).rekey_wanted);
	node_event(&node, EXCHANGE_REKEY);
	assert_true(node_status(&node).rekey_wanted);
	assert_int_equal(node.did.advertise, 1);
	proposal = make_ready(&node, 5, KEY_1);
	assert_true(node_status(&node).rekey_wanted);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_false(node_status(&node).rekey_wanted);
}

static void test_empty_device_asks_for_a_key(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	node.view.key_count = 0;
	node_start(&node, NULL);
	assert_true(node_status(&node).rekey_wanted);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_happy_path),
		cmocka_unit_test(test_confirmed_waits_for_own_device),
		cmocka_unit_test(test_abort_is_remembered),
		cmocka_unit_test(test_abort_of_the_unseen_is_remembered),
		cmocka_unit_test(test_abort_while_fetching),
		cmocka_unit_test(test_abort_after_commit_is_ignored),
		cmocka_unit_test(test_silence_drops_nothing),
		cmocka_unit_test(test_conflict_is_named),
		cmocka_unit_test(test_lower_generations_are_ignored),
		cmocka_unit_test(test_newer_proposal_replaces_ready_one),
		cmocka_unit_test(test_abort_without_keys),
		cmocka_unit_test(test_obeys_only_its_master),
		cmocka_unit_test(test_failures_are_named),
		cmocka_unit_test(test_rekey_on_demand),
		cmocka_unit_test(test_empty_device_asks_for_a_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
