/* Devices that install keys by association number, before COMMIT (kernel SAs). */
#include "test_exchange_fixture.h"

/* One bit for each number in use: KEY_0 has number 0. */
static void init_slave(struct node *node, uint8_t an_in_use)
{
	node_init(node, EXCHANGE_SLAVE);
	node->config.uses_an = true;
	node->view.an_in_use = an_in_use;
}

static void start_slave(struct node *node)
{
	init_slave(node, 0x1);
	node_start(node, NULL);
}

static struct proposal proposal_with_an(
	const struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = proposal_of(node, generation, key);

	proposal.an = an;
	proposal_set_digest(node, &proposal);
	return proposal;
}

/* PREPARE is heard, the key has come, and the device has been asked to install it. */
static struct proposal propose(struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = proposal_with_an(node, generation, key, an);

	node_hear_slot(node, SLOT_PREPARE, &proposal, KEY_0);
	node_keys(node, key);
	return proposal;
}

/* READY: the device holds the key, to receive with. */
static struct proposal make_ready(
	struct node *node, uint64_t generation, const char *key, uint8_t an)
{
	struct proposal proposal = propose(node, generation, key, an);

	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	view_add(node, key, false);
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(node).staged.generation, generation);
	return proposal;
}

static struct proposal make_confirmed(struct node *node)
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

static void test_ready_is_what_was_read_back(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	propose(&node, 1, KEY_1, 1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node_status(&node).staged.generation, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0); /* it is not there */
	assert_int_equal(node_status(&node).staged.generation, 0);
	view_add(&node, KEY_1, false);
	node_read_back(&node);
	assert_int_equal(node_status(&node).staged.generation, 1);
}

/* What is sent under the new key alone, the neighbour must be able to receive. */
static void test_sends_when_the_neighbour_receives(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = make_ready(&node, 1, KEY_1, 1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0); /* it has the old one only */
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
}

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

static struct proposal make_committed(struct node *node)
{
	struct proposal proposal;

	start_slave(node);
	proposal = make_ready(node, 1, KEY_1, 1);
	node_hear_slot(node, SLOT_COMMIT, &proposal, KEY_0);
	return proposal;
}

/* A device that was reset gets the committed key to receive with, whatever its neighbours have. */
static void test_lost_receive_key_is_restored(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	proposal = make_committed(&node);
	view_only(&node, KEY_0);
	node_read_back(&node);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node.did.device_generation, 1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_LOCKED);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_LOCKED);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	while (node.x.device_pending != EXCHANGE_DEVICE_PREPARE) {
		node_wait(&node, 100);
		node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
		node_answer_read_back(&node);
	}
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	view_add(&node, KEY_1, false);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).applied.generation, 1);
	assert_int_equal(
		node.did.device, EXCHANGE_DEVICE_NONE); /* the neighbour does not receive */
}

/* ... unless what it went back to, and the neighbour uses, has its number: that takes another. */
static void test_taken_number_is_lost(void **state)
{
	struct node node;

	(void)state;
	make_committed(&node);
	view_only(&node, KEY_0);
	node.view.an_in_use = 2;
	node_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	assert_int_equal(node_status(&node).lost.generation, 1);
	assert_true(node_status(&node).rekey_wanted);
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

/* READY keys give way to the next proposal, and so does their number; not once they are decided. */
static void test_number_of_staged_keys_gives_way(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	node.view.an_in_use = 0x3; /* once it is prepared */
	proposal = make_ready(&node, 1, KEY_1, 1);
	assert_int_equal(node_status(&node).an_in_use, 1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node_status(&node).an_in_use, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready_is_what_was_read_back),
		cmocka_unit_test(test_sends_when_the_neighbour_receives),
		cmocka_unit_test(test_orphans_are_retired),
		cmocka_unit_test(test_nothing_is_retired_beside_staged_keys),
		cmocka_unit_test(test_lost_receive_key_is_restored),
		cmocka_unit_test(test_taken_number_is_lost),
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
		cmocka_unit_test(test_number_of_staged_keys_gives_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
