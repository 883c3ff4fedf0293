/* What is taken out of a device that installs keys by association number, and when. */
#include "test_exchange_an_fixture.h"

static void test_orphans_are_retired(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	make_confirmed(&node);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	view_only(&node, KEY_1);
	node_read_back(&node);
	view_add(&node, KEY_3, false); /* of a proposal whose discard failed */
	node_wait(&node, node.config.read_back_ms);
	node_read_back(&node);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_RETIRE);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0); /* still there: not at once again */
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
}

#define HOLD_MS 2000

/* CONFIRMED; the master goes on, until the older keys are retired, or for so long. */
static uint64_t until_retired_ms(
	struct node *node, const struct proposal *proposal, uint64_t most_ms)
{
	uint64_t from_ms = node->now.mono_ms;

	while (node->x.device_pending != EXCHANGE_DEVICE_RETIRE &&
		node->now.mono_ms < from_ms + most_ms) {
		node_hear_slot(node, SLOT_CONFIRMED, proposal, KEY_1);
		node_wait(node, 100);
		node_answer_read_back(node);
	}
	return node->now.mono_ms - from_ms;
}

static void test_older_keys_stay_for_the_hold(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	node.config.retire_hold_ms = HOLD_MS;
	proposal = make_confirmed(&node);
	assert_in_range(until_retired_ms(&node, &proposal, 10000), HOLD_MS, HOLD_MS + 200);
}

/* Which of them a neighbour has sent with while it was silent, nobody knows. */
static void test_the_hold_counts_from_confirmed(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	node.config.retire_hold_ms = HOLD_MS;
	proposal = make_ready(&node, 1, KEY_1, 1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	node.view.key_count = 0;
	view_add(&node, KEY_1, true);
	view_add(&node, KEY_0, false);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	node_wait(&node, 10 * HOLD_MS);
	node_answer_read_back(&node);
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	assert_in_range(until_retired_ms(&node, &proposal, 10000), HOLD_MS, HOLD_MS + 200);
}

/* Also where all numbers are in use, and the next generation is staged already. */
static void test_a_purge_waits_for_the_hold_from_confirmed(void **state)
{
	struct node node;
	struct proposal proposal;
	uint64_t from_ms;

	(void)state;
	start_slave(&node);
	node.config.retire_hold_ms = HOLD_MS;
	proposal = make_ready(&node, 1, KEY_1, 1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	node.view.key_count = 0;
	view_add(&node, KEY_1, true);
	view_add(&node, KEY_3, false); /* no word has shown its use */
	node.view.an_in_use = 0xf;
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	node.now.mono_ms += HOLD_MS; /* without silence */
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_1);
	node_answer_read_back(&node);
	from_ms = node.now.mono_ms;
	proposal = propose(&node, 2, KEY_2, 2);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	while (node.x.device_pending != EXCHANGE_DEVICE_DISCARD) {
		assert_true(node.now.mono_ms < from_ms + 10000);
		node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_1);
		node_answer_read_back(&node);
		node_wait(&node, 100);
	}
	assert_in_range(node.now.mono_ms - from_ms, HOLD_MS, HOLD_MS + 300);
}

static void test_the_hold_counts_from_a_start(void **state)
{
	struct node node;
	struct proposal proposal;
	struct exchange_record disk;

	(void)state;
	start_slave(&node);
	proposal = make_confirmed(&node);
	disk = node.disk;
	node.config.retire_hold_ms = HOLD_MS;
	node_start(&node, &disk);
	assert_in_range(until_retired_ms(&node, &proposal, 10000), HOLD_MS, HOLD_MS + 200);
}

/* What is staged is in the device already: to retire older keys now would take it away. */
static void test_nothing_is_retired_beside_staged_keys(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	make_confirmed(&node);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, REASON_DEVICE_LOCKED);
	proposal = make_ready(&node, 2, KEY_2, 2);
	node_wait(&node, node.config.read_back_ms);
	node_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);

	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_1);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	node_read_back(&node);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_RETIRE);
}

/* A neighbour that was silent may have sent with any of them a moment ago. */
static void test_the_hold_counts_from_a_silence(void **state)
{
	struct node node;
	struct sae_status status;
	uint64_t from_ms;

	(void)state;
	init_slave(&node, 0xf);
	node.config.retire_hold_ms = HOLD_MS;
	view_add(&node, KEY_1, false);
	node_start(&node, NULL);
	node_wait(&node, 10 * HOLD_MS);
	node_answer_read_back(&node);
	from_ms = node.now.mono_ms;
	while (node.x.device_pending != EXCHANGE_DEVICE_DISCARD) {
		status = status_of(&node, MASTER, KEY_0);
		node_hear_status(&node, &status);
		assert_true(node.now.mono_ms < from_ms + 10000);
		node_wait(&node, 100);
		node_answer_read_back(&node);
	}
	assert_in_range(node.now.mono_ms - from_ms, HOLD_MS, HOLD_MS + 200);
}

/* On one link, where the other's SecY was made anew: the neighbour there needs it. */
static void test_what_one_link_sends_with_is_kept_and_shown(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	init_slave(&node, 0xf);
	node.view.keys[0].transmitting = false;
	node.view.keys[0].sending = true;
	node.view.keys[0].past = true;
	view_add(&node, KEY_1, false);
	node_start(&node, NULL);
	assert_int_equal(node_status(&node).usable_count, 2);
	assert_true(node_status(&node).usable[0].transmitting);
	status = status_of(&node, MASTER, KEY_2);
	node_hear_status(&node, &status);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.drop_count, 1);
	assert_memory_equal(node.x.drop[0].ckn.octets, node.view.keys[1].ckn.octets, CKN_MAX);
}

/* Without its records, a node may hold four keys and know none of them. */
static void test_what_nobody_uses_makes_room(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	init_slave(&node, 0xf);
	view_add(&node, KEY_1, false);
	view_add(&node, KEY_2, false);
	view_add(&node, KEY_3, false);
	node_start(&node, NULL);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE); /* the neighbour is silent */
	status = status_of(&node, MASTER, KEY_2);
	node_hear_status(&node, &status);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.drop_count, 2); /* it sends with KEY_2, we with KEY_0 */
	assert_memory_equal(node.x.drop[0].ckn.octets, node.view.keys[1].ckn.octets, CKN_MAX);
	assert_memory_equal(node.x.drop[1].ckn.octets, node.view.keys[3].ckn.octets, CKN_MAX);
}

/* The neighbour's device went back to the old key, and sends with it. */
static void test_no_retire_of_what_a_neighbour_sends_with(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_confirmed(&node);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, REASON_DEVICE_LOCKED);
	for (int i = 0; i < 20; i++) {
		node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_0);
		node_wait(&node, 1000);
		node_answer_read_back(&node);
		assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_RETIRE);
	}
}

/* A proposal does not wait for the pause after a RETIRE. */
static void test_discard_waits_for_no_retire(void **state)
{
	struct node node;
	struct proposal proposal;
	uint64_t from_ms;

	(void)state;
	start_slave(&node);
	make_confirmed(&node);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	view_only(&node, KEY_1);
	node_read_back(&node);
	proposal = make_ready(&node, 2, KEY_2, 2);
	from_ms = node.now.mono_ms;
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_1);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.now.mono_ms, from_ms);
}

/* The master has lost its records, and aborts what a neighbour uses already. */
static void test_aborted_but_in_use_is_kept(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 1, KEY_1, 1);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_1);
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_false(node.x.discard_due); /* nothing waits for it */
}

/* Nothing is CONFIRMED, and nothing happens: there may be no number for the next. */
static void test_standstill_makes_room(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	init_slave(&node, 0x7);
	view_add(&node, KEY_1, false);
	view_add(&node, KEY_2, false);
	node_start(&node, NULL);
	status = status_of(&node, MASTER, KEY_0);
	for (int i = 0; i < 19; i++) {
		node_hear_status(&node, &status);
		assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
		node_wait(&node, 1000);
		node_answer_read_back(&node);
	}
	node_wait(&node, 2000);
	node_hear_status(&node, &status);
	node_answer_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.drop_count, 2);
}

/* READY for generation 1; all numbers are in use, so that KEY_3, of no record, is purged. */
static struct proposal make_purging(struct node *node)
{
	struct proposal proposal;

	start_slave(node);
	proposal = propose(node, 1, KEY_1, 1);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	view_add(node, KEY_1, false);
	view_add(node, KEY_3, false);
	node->view.an_in_use = 0xf;
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	node_hear_slot(node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node->x.drop_count, 1);
	return proposal;
}

/* The device has taken KEY_3 out; that is not answered yet. */
static void purge(struct node *node)
{
	node->view.key_count = 2;
	node->view.an_in_use = 0x3;
}

/* A purge is in the device when the one before is dropped: its answer does not stand for that. */
static void test_purge_does_not_answer_for_aborted(void **state)
{
	struct node node;
	struct proposal next;

	(void)state;
	make_purging(&node);
	next = proposal_with_an(&node, 2, KEY_2, 2); /* ABORT 1 was missed */
	node_hear_slot(&node, SLOT_PREPARE, &next, KEY_0);
	assert_true(node.x.discard_due);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	purge(&node);
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	assert_true(node.x.discard_due);
}

/* After a purge, what was aborted is taken out at once. */
static void test_discard_waits_for_no_purge(void **state)
{
	struct node node;
	struct proposal proposal;
	uint64_t from_ms;

	(void)state;
	proposal = make_purging(&node);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	purge(&node);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	node_hear_slot(&node, SLOT_ABORT, &proposal, KEY_0);
	from_ms = node.now.mono_ms;
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	assert_true(node.now.mono_ms - from_ms < 1000);
}

/* Nothing has to be out before a proposal is taken up: a purge that fails is no reason. */
static void test_purge_refuses_nothing(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	start_slave(&node);
	view_add(&node, KEY_2, false);
	node.view.an_in_use = 0xf;
	node_read_back(&node);
	status = status_of(&node, MASTER, KEY_0);
	node_hear_status(&node, &status);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, REASON_DEVICE_LOCKED);
	while (node.x.device_pending != EXCHANGE_DEVICE_DISCARD) {
		node_wait(&node, 100);
		node_hear_status(&node, &status);
		node_answer_read_back(&node);
	}
	proposal = proposal_of(&node, 1, KEY_1);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_int_equal(node_status(&node).failed.generation, 0);
}

/* An older copy of the disk: 1 is committed and 2 on its way, which in truth all use. */
static void test_aborted_in_use_is_kept(void **state)
{
	struct node node;
	struct exchange_record record = { .highest = 2,
		.decision = SLOT_COMMIT,
		.committed_held = true,
		.stage = EXCHANGE_STAGE_HELD };

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.uses_an = true;
	record.committed = proposal_with_an(&node, 1, KEY_1, 1);
	record.staged = proposal_with_an(&node, 2, KEY_2, 2);
	view_only(&node, KEY_2);
	node.view.an_in_use = 0x4;
	node_start(&node, &record);
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
}

/* READY for long, with an old key beside it: the master may have lost its records, and need its
 * number. */
static void test_standstill_beside_staged_keys(void **state)
{
	struct node node;
	struct proposal one;
	struct sae_status master;

	(void)state;
	start_slave(&node);
	one = make_confirmed(&node);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, REASON_DEVICE_LOCKED);
	make_ready(&node, 2, KEY_2, 2);
	master = status_of(&node, MASTER, KEY_1);
	for (int i = 0; i < 60 && node.x.device_pending != EXCHANGE_DEVICE_DISCARD; i++) {
		node_answer(&node);
		node_wait(&node, 500);
		node_hear_status(&node, &master);
	}
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_DISCARD);
	assert_int_equal(node.x.drop_count, 1);
	assert_memory_equal(node.x.drop[0].ckn.octets, node.view.keys[1].ckn.octets, CKN_MAX);
	assert_int_equal(node_status(&node).staged.generation, 2);
	assert_int_equal(node.disk.committed.generation, one.generation);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orphans_are_retired),
		cmocka_unit_test(test_older_keys_stay_for_the_hold),
		cmocka_unit_test(test_the_hold_counts_from_confirmed),
		cmocka_unit_test(test_a_purge_waits_for_the_hold_from_confirmed),
		cmocka_unit_test(test_the_hold_counts_from_a_start),
		cmocka_unit_test(test_nothing_is_retired_beside_staged_keys),
		cmocka_unit_test(test_the_hold_counts_from_a_silence),
		cmocka_unit_test(test_what_one_link_sends_with_is_kept_and_shown),
		cmocka_unit_test(test_what_nobody_uses_makes_room),
		cmocka_unit_test(test_no_retire_of_what_a_neighbour_sends_with),
		cmocka_unit_test(test_discard_waits_for_no_retire),
		cmocka_unit_test(test_aborted_but_in_use_is_kept),
		cmocka_unit_test(test_standstill_makes_room),
		cmocka_unit_test(test_purge_does_not_answer_for_aborted),
		cmocka_unit_test(test_discard_waits_for_no_purge),
		cmocka_unit_test(test_purge_refuses_nothing),
		cmocka_unit_test(test_aborted_in_use_is_kept),
		cmocka_unit_test(test_standstill_beside_staged_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
