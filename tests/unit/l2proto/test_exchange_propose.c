/* The master: when a new generation is due, and what keeps it from starting (protocol.md
 * section 5.2). */
#include "test_exchange_master_fixture.h"

static void test_rekey_interval(void **state)
{
	struct node node;

	(void)state;
	make_confirmed(&node);
	for (uint64_t waited = 0; waited < 60000; waited += 1000) {
		assert_false(node.x.fetch_pending);
		node_wait(&node, 1000);
		node_answer_read_back(&node);
		hear_applied(&node, &node.x.record.committed, true);
	}
	assert_true(node.x.fetch_pending);
	assert_int_equal(node.disk.highest, 2);
}

/* The age of the key outlives a restart. */
static void test_rekey_interval_over_restart(void **state)
{
	struct node node;
	struct exchange_record record;

	(void)state;
	make_confirmed(&node);
	record = node.disk;
	node_init(&node, EXCHANGE_MASTER);
	view_only(&node, KEY_1);
	node.now.wall_s += 59;
	node_start(&node, &record);
	hear_applied(&node, &record.committed, true);
	assert_false(node.x.fetch_pending);
	node_wait(&node, 1001);
	assert_true(node.x.fetch_pending);
}

static void test_rekey_on_demand(void **state)
{
	struct node node;

	(void)state;
	make_confirmed(&node);
	assert_false(node.x.fetch_pending);
	node_event(&node, EXCHANGE_REKEY);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_ENC_KEYS);
	assert_int_equal(node.did.fetch_generation, 2);
}

static void test_interval_changed(void **state)
{
	struct node node;

	(void)state;
	make_confirmed(&node);
	node.config.rekey_interval_ms = 0;
	node_event(&node, EXCHANGE_INTERVAL);
	node_wait(&node, 90000);
	hear_member(&node, KEY_1);
	assert_false(node.x.fetch_pending);
	node.config.rekey_interval_ms = 120000; /* from CONFIRMED, not from now */
	node_event(&node, EXCHANGE_INTERVAL);
	node_wait(&node, 28000);
	hear_member(&node, KEY_1);
	assert_false(node.x.fetch_pending);
	node_wait(&node, 3000);
	hear_member(&node, KEY_1);
	assert_int_equal(node.x.fetch_pending_generation, 2);
}

static void test_rekey_on_a_members_demand(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	make_confirmed(&node);
	status = member(&node, KEY_1);
	status.rekey_wanted = true;
	node_hear_status(&node, &status);
	assert_true(node_noted(&node, EXCHANGE_NOTE_REKEY_WANTED));
	assert_int_equal(node.did.fetch_generation, 2);
}

static void test_generation_is_above_all_seen(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.highest = 41;
	node_hear_status(&node, &status);
	assert_int_equal(node.did.fetch_generation, 42);
	assert_int_equal(node.disk.highest, 42);
}

static void test_keys_per_hour(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.keys_per_hour = 2;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	node_keys_failed(&node, REASON_KME_UNAVAILABLE);
	node_wait(&node, 500);
	node_keys_failed(&node, REASON_KME_UNAVAILABLE);
	node_wait(&node, 1000);
	assert_false(node.x.fetch_pending);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_KEY_BUDGET);

	/* the budget is on the disk */
	struct exchange_record record = node.disk;
	struct exchange_time now = node.now;
	node_init(&node, EXCHANGE_MASTER);
	node.config.keys_per_hour = 2;
	node.now = now;
	node_start(&node, &record);
	node_wait(&node, 500);
	hear_member(&node, KEY_0);
	assert_false(node.x.fetch_pending);
	node_wait(&node, 3600000);
	hear_member(&node, KEY_0);
	assert_int_equal(node.x.fetch_pending_generation, 3);
}

static void test_hold_reasons(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	exchange_init(&node.x, &node.config, NULL);
	node_event(&node, EXCHANGE_START);
	node_wait(&node, LIFE_MS);
	assert_false(node_noted(&node, EXCHANGE_NOTE_HELD)); /* just started: no news */
	node_wait(&node, 1);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_UNREACHABLE);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, REASON_DEVICE_LOGIN);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_LOGIN);
	node_wait(&node, 400);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_MEMBER_SILENT);
	node_wait(&node, 1000);
	assert_false(node_noted(&node, EXCHANGE_NOTE_HELD)); /* said once */
	assert_int_equal(node.x.hold_reason, REASON_MEMBER_SILENT);
}

/* A member whose device cannot be read is not fit for a rotation. */
static void test_hold_for_unknown_device(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	node_wait(&node, LIFE_MS + 1);
	status = member(&node, KEY_0);
	status.device_known = false;
	status.usable_count = 0;
	node_hear_status(&node, &status);
	assert_false(node.x.fetch_pending);
	assert_int_equal(node.x.hold_reason, REASON_DEVICE_UNREACHABLE);
	status.device_reason = REASON_DEVICE_LOGIN;
	node_hear_status(&node, &status);
	assert_int_equal(node.x.hold_reason, REASON_DEVICE_LOGIN);
	assert_int_equal(
		node_note(&node, EXCHANGE_NOTE_MEMBER_DEVICE)->reason, REASON_DEVICE_LOGIN);
}

static void test_association_numbers(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.uses_an = true;
	node.view.an_in_use = 0x1;
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.an_in_use = 0xe;
	node_hear_status(&node, &status);
	assert_int_equal(node.x.hold_reason, REASON_NO_FREE_AN);
	status.an_in_use = 0x2;
	node_hear_status(&node, &status);
	node_keys(&node, KEY_1);
	assert_int_equal(node_says(&node, 0).proposed.proposal.an, 2);
}

/* Whatever a member claims, the master says nothing that cannot be encoded or saved. */
static void test_absurd_claims(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.latest_start = START_MAX;
	status.highest = GENERATION_MAX - 1;
	node_hear_status(&node, &status);
	node_stage(&node, KEY_1);
	status.staged = ref_to(&node.x.record.staged);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.generation, GENERATION_MAX);
	assert_int_equal(node.disk.committed.start, 0);

	start_master(&node);
	node_keys_failed(&node, REASON_KME_UNAVAILABLE);
	status = member(&node, KEY_0);
	status.highest = GENERATION_MAX;
	node_hear_status(&node, &status);
	node_wait(&node, 500);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_GENERATION_LIMIT);
	assert_false(node.x.fetch_pending);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rekey_interval),
		cmocka_unit_test(test_rekey_interval_over_restart),
		cmocka_unit_test(test_rekey_on_demand),
		cmocka_unit_test(test_interval_changed),
		cmocka_unit_test(test_rekey_on_a_members_demand),
		cmocka_unit_test(test_generation_is_above_all_seen),
		cmocka_unit_test(test_keys_per_hour),
		cmocka_unit_test(test_hold_reasons),
		cmocka_unit_test(test_hold_for_unknown_device),
		cmocka_unit_test(test_association_numbers),
		cmocka_unit_test(test_absurd_claims),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
