/* Devices that install keys by association number, before COMMIT (kernel SAs). */
#include "test_exchange_an_fixture.h"

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
		cmocka_unit_test(test_lost_receive_key_is_restored),
		cmocka_unit_test(test_taken_number_is_lost),
		cmocka_unit_test(test_number_of_staged_keys_gives_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
