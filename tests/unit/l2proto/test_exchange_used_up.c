/* So much has been sent under a key that the next one is due (protocol.md section 5.9). */
#include "test_exchange_master_fixture.h"
#include "test_exchange_secy_fixture.h"

#define PACE_MS 60000 /* of 60 keys an hour */

/* A restart, long after KEY_1 was CONFIRMED; and nothing else is due. */
static void start_with_key(struct node *node)
{
	struct exchange_record record;

	node_init(node, EXCHANGE_MASTER);
	node->config.rekey_interval_ms = 0;
	node->config.keys_per_hour = 60;
	record = record_of(node, SLOT_CONFIRMED, 1, KEY_1);
	record.confirmed_at = node->now.wall_s - 86400;
	view_only(node, KEY_1);
	node_start(node, &record);
	node_answer(node);
	hear_member(node, KEY_1);
	assert_int_equal(node->did.fetch, EXCHANGE_FETCH_NONE);
}

/* ... and the bound is reached, as it will be with each key to come. */
static void use_up(struct node *node)
{
	start_with_key(node);
	node->view.used_up = true;
	node_read_back(node);
	hear_member(node, KEY_1);
}

/* The generation under way is CONFIRMED. */
static void rotate(struct node *node, const char *key)
{
	struct proposal proposal;
	struct sae_status status = member(node, key);

	node_stage(node, key);
	proposal = node->x.record.staged;
	hear_ready(node, &proposal);
	node_apply(node, key);
	status.applied = ref_to(&proposal);
	status.live = true;
	status.highest = proposal.generation;
	node_hear_status(node, &status);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
}

/* The member goes on saying the same; until the master asks its KME, or so long. */
static uint64_t until_asked_ms(struct node *node, const char *key, uint64_t most_ms)
{
	uint64_t from_ms = node->now.mono_ms;

	while (!node->x.fetch_pending && node->now.mono_ms < from_ms + most_ms) {
		struct sae_status status = member(node, key);

		status.highest = node->x.record.highest;
		node_answer(node);
		node_wait(node, 1000);
		node_hear_status(node, &status);
	}
	return node->now.mono_ms - from_ms;
}

static void test_used_up_is_due(void **state)
{
	struct node node;

	(void)state;
	use_up(&node);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_ENC_KEYS);
}

/* A bound that is too low for the traffic is not to spend the keys that a recovery may need. */
static void test_used_up_at_once_is_paced(void **state)
{
	struct node node;

	(void)state;
	use_up(&node);
	rotate(&node, KEY_2);
	assert_false(node.x.fetch_pending);
	assert_in_range(until_asked_ms(&node, KEY_2, 600000), PACE_MS - 1000, PACE_MS + 1000);
}

static void test_others_are_not_paced(void **state)
{
	struct node node;

	(void)state;
	use_up(&node);
	rotate(&node, KEY_2);
	node_event(&node, EXCHANGE_REKEY);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_ENC_KEYS);
}

/* Its packet numbers have come to their end: nothing is sent any more. */
static void test_a_dead_key_is_not_paced(void **state)
{
	struct node node;

	(void)state;
	use_up(&node);
	rotate(&node, KEY_2);
	node_answer(&node);
	node.view.keys[0].transmitting = false;
	assert_true(until_asked_ms(&node, KEY_2, 600000) <= node.config.read_back_ms + 1000);
}

/* Without a cap, not before the SAs of the key before may have gone. */
static void test_the_hold_is_the_least(void **state)
{
	struct node node;

	(void)state;
	use_up(&node);
	node.config.keys_per_hour = 0;
	node.config.retire_hold_ms = 5000;
	rotate(&node, KEY_2);
	assert_in_range(until_asked_ms(&node, KEY_2, 600000), 4000, 6000);
}

static void test_a_slave_asks(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_confirmed(&node);
	node.config.keys_per_hour = 60;
	node.view.used_up = true;
	node_read_back(&node);
	assert_false(node_status(&node).rekey_wanted);
	for (unsigned i = 0; i < 70; i++) {
		assert_int_equal(node_status(&node).rekey_wanted, i >= 60);
		node_answer(&node);
		node_wait(&node, 1000);
		hear(&node, &master);
	}
}

/* The master could take it for a wish for yet another. */
static void test_not_between_live_and_confirmed(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_moving(&node);
	node.view.used_up = true;
	kernel_encode(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	assert_true(node_status(&node).live);
	assert_false(node_status(&node).rekey_wanted);
	hear_phase(&node, &master, SLOT_CONFIRMED);
	assert_false(node_status(&node).rekey_wanted);
}

static void test_not_while_one_is_under_way(void **state)
{
	struct node node;

	(void)state;
	slave_ready(&node);
	node.view.used_up = true;
	node_read_back(&node);
	assert_false(node_status(&node).rekey_wanted);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_used_up_is_due),
		cmocka_unit_test(test_used_up_at_once_is_paced),
		cmocka_unit_test(test_others_are_not_paced),
		cmocka_unit_test(test_a_dead_key_is_not_paced),
		cmocka_unit_test(test_the_hold_is_the_least),
		cmocka_unit_test(test_a_slave_asks),
		cmocka_unit_test(test_not_between_live_and_confirmed),
		cmocka_unit_test(test_not_while_one_is_under_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
