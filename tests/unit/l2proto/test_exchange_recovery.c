/* Ways back from what should not happen: outdated records, conflicts, operations that fail. */
#include "test_exchange_master_fixture.h"
#include "test_exchange_slave_fixture.h"

/* ---- a master whose disk is older than what it has decided (protocol.md section 5.2) --------- */

/* It believes that 3 was decided last; the device and the member are on 5. */
static void start_outdated(struct node *node)
{
	struct exchange_record record;

	node_init(node, EXCHANGE_MASTER);
	record = record_of(node, SLOT_COMMIT, 3, KEY_1);
	record.committed_held = true;
	view_only(node, KEY_2);
	node_start(node, &record);
}

static void hear_member_on_5(struct node *node)
{
	struct sae_status status = status_of(node, SLAVE, KEY_2);

	status.highest = 5;
	node_hear_status(node, &status);
}

static void test_outdated_commit_is_dropped(void **state)
{
	struct node node;

	(void)state;
	start_outdated(&node);
	hear_member_on_5(&node);
	assert_int_equal(node.disk.decision, SLOT_EMPTY);
	assert_false(exchange_holds_key(&node.disk, 3));
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_EMPTY);
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
	assert_true(node.x.fetch_pending);
	assert_int_equal(node.disk.highest, 6);
	assert_int_equal(node.disk.staged.generation, 6);
}

/* What cannot be saved is not dropped yet, but goes to the device as little. */
static void test_outdated_commit_waits_for_the_disk(void **state)
{
	struct node node;

	(void)state;
	start_outdated(&node);
	node.disk_full = true;
	hear_member_on_5(&node);
	for (int i = 0; i < 9; i++) {
		node_wait(&node, 100);
		hear_member_on_5(&node);
		node_answer_read_back(&node);
		assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
	}
	node.disk_full = false;
	node_wait(&node, 200);
	hear_member_on_5(&node);
	assert_int_equal(node.disk.decision, SLOT_EMPTY);
	assert_int_equal(node.disk.staged.generation, 6);
}

/* The records are not older than a member that has seen no more than they. */
static void test_commit_on_record_goes_on(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	start_outdated(&node);
	status = status_of(&node, SLAVE, KEY_2);
	status.highest = 3;
	node_hear_status(&node, &status);
	assert_int_equal(node.x.record.decision, SLOT_COMMIT);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
}

/*
 * The master has an older copy of its records, which has the last generation as
 * COMMIT, and waits for all to use it. Who has wiped the key since, and whose
 * device has lost it, must say so; so must a relay hand the master's word on.
 */
static void test_confirmed_key_is_lost_when_the_master_goes_back(void **state)
{
	struct node node;
	struct exchange_record record;
	struct proposal proposal;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	node.config.links[1].direction = EXCHANGE_DOWN;
	node.config.link_count = 2;
	record = record_of(&node, SLOT_CONFIRMED, 5, KEY_1);
	proposal = record.committed;
	view_only(&node, KEY_1);
	node_start(&node, &record);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1); /* it may come round in a loop */
	assert_int_equal(node_says(&node, 1).committed.phase, SLOT_CONFIRMED);
	node_wait(&node, LIFE_MS + 1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	assert_int_equal(node_says(&node, 1).committed.phase, SLOT_COMMIT);
	assert_int_equal(node.x.record.decision, SLOT_CONFIRMED); /* nothing goes back on record */
	assert_int_equal(node.saves, 0);
	assert_int_equal(node_status(&node).lost.generation, 0); /* the device has it */

	view_only(&node, KEY_0);
	node_read_back(&node);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	assert_int_equal(node_status(&node).lost.generation, 5);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_int_equal(node_status(&node).lost.generation, 0); /* it does not wait for it */
	assert_true(node_status(&node).rekey_wanted);
}

/* ---- a member that holds another proposal of the committed generation ----------------------- */

static void test_conflict_of_a_member_lets_the_next_generation_come(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	make_committed(&node);
	status = member(&node, KEY_0);
	status.highest = 1;
	status.failed = ref_to(&node.x.record.committed);
	status.failed_reason = REASON_KME_TIMEOUT; /* no longer a reason for anything */
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.highest, 1);
	status.failed_reason = REASON_CONFLICT;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.highest, 2);
	assert_true(node.x.fetch_pending);
	assert_int_equal(node.disk.decision, SLOT_COMMIT); /* until the next COMMIT */
}

/* ---- RETIRE and DISCARD that fail (protocol.md section 5.5) --------------------------------- */

/* Lets the device answer: op fails, all else succeeds. Returns how often op was asked in ms. */
static unsigned count_asked(struct node *node, enum exchange_device_op op, uint64_t ms)
{
	unsigned asked = 0;

	for (uint64_t waited = 0; waited < ms; waited += 100) {
		enum exchange_device_op pending = node->x.device_pending;

		if (pending == op) {
			asked++;
			node_device(node, op, REASON_DEVICE_LOCKED);
		} else if (pending != EXCHANGE_DEVICE_NONE) {
			node_device(node, pending, 0);
		}
		node_wait(node, 100);
	}
	return asked;
}

static void test_failed_retire_is_asked_again(void **state)
{
	struct node node;
	struct exchange_record record;
	unsigned asked;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	record = record_of(&node, SLOT_CONFIRMED, 5, KEY_1);
	view_only(&node, KEY_1);
	view_add(&node, KEY_0, false);
	node_start(&node, &record);
	asked = count_asked(&node, EXCHANGE_DEVICE_RETIRE, 50000);
	assert_in_range(asked, 8, 11); /* every read_back_ms */
	node_await(&node, EXCHANGE_DEVICE_RETIRE);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	assert_int_equal(count_asked(&node, EXCHANGE_DEVICE_RETIRE, 20000), 0);
}

static void test_failed_discard_is_asked_again(void **state)
{
	struct node node;
	struct proposal proposal;
	unsigned asked;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.did.device_generation, 5);
	asked = count_asked(&node, EXCHANGE_DEVICE_DISCARD, 50000);
	assert_in_range(asked, 10, 16); /* each time later */
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.device_pending_generation, 5);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_int_equal(count_asked(&node, EXCHANGE_DEVICE_DISCARD, 20000), 0);
}

/* ---- steps of stale answers that could not be saved ----------------------------------------- */

static void drop(struct node *node, enum exchange_event_kind kind, uint64_t generation,
	enum exchange_device_op op)
{
	struct exchange_event event = {
		.kind = EXCHANGE_SAVE_FAILED,
		.dropped = kind,
		.generation = generation,
		.device = { op, &node->view },
	};

	node_step(node, &event);
}

static void test_stale_keys_do_not_end_the_call_under_way(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	hear_prepare(&node, 5, KEY_1);
	hear_prepare(&node, 6, KEY_2);
	drop(&node, EXCHANGE_KEYS, 5, EXCHANGE_DEVICE_NONE);
	assert_true(node.x.fetch_pending);
	assert_int_equal(node_status(&node).failed.generation, 0);
	node_wait(&node, 1000);
	node_keys(&node, KEY_2);
	assert_true(exchange_holds_key(&node.disk, 6));

	hear_prepare(&node, 7, KEY_3);
	while (!node.x.fetch_pending) { /* not before 6 is out of the device */
		node_device(&node, node.x.device_pending, 0);
	}
	drop(&node, EXCHANGE_KEYS, 7, EXCHANGE_DEVICE_NONE); /* the one that was awaited */
	assert_false(node.x.fetch_pending);
	assert_int_equal(node_status(&node).failed.generation, 7);
}

static void test_stale_device_answer_does_not_end_the_operation(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	hear_prepare(&node, 5, KEY_1);
	node_keys(&node, KEY_1);
	drop(&node, EXCHANGE_DEVICE_DONE, 0, EXCHANGE_DEVICE_READ_BACK);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
	drop(&node, EXCHANGE_DEVICE_DONE, 5, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(
		node.did.device, EXCHANGE_DEVICE_NONE); /* it is under way, not asked again */
	drop(&node, EXCHANGE_DEVICE_FAILED, 4, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	drop(&node, EXCHANGE_DEVICE_DONE, 5, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_PREPARE); /* and asked once more */
}

/* ---- a master whose older copy of its disk has 5 on its way, which the others use already ---- */

static void start_copied(struct node *node, struct sae_status *status, const char *uses)
{
	struct exchange_record record;

	node_init(node, EXCHANGE_MASTER);
	record = record_of(node, SLOT_COMMIT, 4, KEY_1);
	record.committed_held = true;
	record.staged = proposal_of(node, 5, KEY_2);
	record.stage = EXCHANGE_STAGE_HELD;
	record.highest = 5;
	view_only(node, uses);
	node_start(node, &record);
	assert_int_equal(node->disk.stage, EXCHANGE_STAGE_ABORTED);
	*status = status_of(node, SLAVE, KEY_2);
	status->highest = 5;
	status->applied = ref_to(&record.staged);
	status->live = true;
}

static void test_outdated_with_equal_highest(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	start_copied(&node, &status, KEY_1);
	for (int i = 0; i < 30 && !node.x.fetch_pending; i++) {
		node_wait(&node, 1000);
		node_hear_status(&node, &status);
		node_answer(&node);
	}
	assert_int_equal(node.x.fetch_pending_generation, 6);
}

static void test_outdated_commit_is_not_applied(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	start_copied(&node, &status, KEY_2);
	for (int i = 0; i < 30; i++) {
		node_wait(&node, 1000);
		node_hear_status(&node, &status);
		assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
		node_answer(&node);
	}
}

/* Older records that say CONFIRMED, and no interval: the members' word is reason enough. */
static void test_outdated_confirmed_goes_on(void **state)
{
	struct node node;
	struct exchange_record record;
	struct proposal newer;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.rekey_interval_ms = 0;
	record = record_of(&node, SLOT_CONFIRMED, 1, KEY_1);
	record.confirmed_at = node.now.wall_s;
	newer = proposal_of(&node, 2, KEY_2);
	status = status_of(&node, SLAVE, KEY_2);
	status.applied = ref_to(&newer);
	status.live = true;
	status.highest = 2;
	view_only(&node, KEY_1);
	node_start(&node, &record);
	for (int i = 0; i < 3600 && !node.x.fetch_pending; i++) {
		node_answer(&node);
		node_wait(&node, 1000);
		node_hear_status(&node, &status);
	}
	assert_true(node.x.fetch_pending);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outdated_commit_is_dropped),
		cmocka_unit_test(test_outdated_commit_waits_for_the_disk),
		cmocka_unit_test(test_commit_on_record_goes_on),
		cmocka_unit_test(test_confirmed_key_is_lost_when_the_master_goes_back),
		cmocka_unit_test(test_conflict_of_a_member_lets_the_next_generation_come),
		cmocka_unit_test(test_failed_retire_is_asked_again),
		cmocka_unit_test(test_failed_discard_is_asked_again),
		cmocka_unit_test(test_stale_keys_do_not_end_the_call_under_way),
		cmocka_unit_test(test_stale_device_answer_does_not_end_the_operation),
		cmocka_unit_test(test_outdated_with_equal_highest),
		cmocka_unit_test(test_outdated_commit_is_not_applied),
		cmocka_unit_test(test_outdated_confirmed_goes_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
