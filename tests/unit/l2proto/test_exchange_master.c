/* The master, step by step: from a proposal to its end (protocol.md section 5.2). */
#include "test_exchange_master_fixture.h"

static void test_happy_path(void **state)
{
	struct node node;
	struct message_content said;
	struct proposal proposal;

	(void)state;
	start_master(&node);
	assert_true(node.did.save);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_ENC_KEYS);
	assert_int_equal(node.disk.highest, 1); /* before enc_keys */
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_FETCHING);
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_EMPTY);

	node_keys(&node, KEY_1);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_HELD); /* sealed before PREPARE */
	assert_true(node_noted(&node, EXCHANGE_NOTE_PROPOSED));
	said = node_says(&node, 0);
	assert_true(sae_id_equal(&said.master, &node.config.master));
	assert_int_equal(said.proposed.phase, SLOT_PREPARE);
	assert_int_equal(said.proposed.proposal.generation, 1);
	assert_string_equal(said.proposed.proposal.keys[0].text, KEY_1);
	proposal = proposal_of(&node, 1, KEY_1);
	assert_memory_equal(said.proposed.proposal.digest, proposal.digest, DIGEST_LEN);

	hear_ready(&node, &proposal);
	assert_true(node_noted(&node, EXCHANGE_NOTE_MEMBER_READY));
	assert_int_equal(node.disk.decision, SLOT_EMPTY); /* its own device is asked first */
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	said = node_says(&node, 0);
	assert_int_equal(said.committed.phase, SLOT_COMMIT);
	assert_int_equal(said.proposed.phase, SLOT_EMPTY);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);

	node_apply(&node, KEY_1);
	hear_applied(&node, &proposal, false);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	hear_applied(&node, &proposal, true);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
	assert_int_equal(node.disk.confirmed_at, node.now.wall_s);
	assert_false(exchange_holds_key(&node.disk, 1));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_RETIRE);
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_CONFIRMED);
}

static void test_restart_aborts_what_was_prepared(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	proposal = make_proposed(&node);
	node_restart(&node);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
	assert_false(exchange_holds_key(&node.disk, 1));
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_ABORT);
	hear_ready(&node, &proposal);
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0); /* an earlier life may have prepared it */
	node_wait(&node, 500);
	assert_int_equal(node.did.fetch_generation, 2);
}

static void test_restart_resumes_what_was_committed(void **state)
{
	struct node node;

	(void)state;
	make_committed(&node);
	node_restart(&node);
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_COMMIT);
	assert_true(exchange_holds_key(&node.x.record, 1));
	assert_int_equal(
		node.did.device, EXCHANGE_DEVICE_NONE); /* the neighbour is not heard yet */
	hear_member(&node, KEY_0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
}

static void test_kme_failure_backs_off(void **state)
{
	static const uint64_t waits[] = { 500, 1000, 2000, 4000, 4000 };
	struct node node;

	(void)state;
	start_master(&node);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		node_keys_failed(&node, REASON_KME_UNAVAILABLE);
		assert_int_equal(
			node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_KME_UNAVAILABLE);
		assert_int_equal(node_status(&node).failed_reason, REASON_KME_UNAVAILABLE);
		assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_ABORT);
		assert_int_equal(node_says(&node, 0).proposed.proposal.key_count, 0);
		for (uint64_t waited = 0; waited < waits[i]; waited += 100) {
			assert_false(node.x.fetch_pending);
			node_wait(&node, 100);
			hear_member(&node, KEY_0);
			node_answer_read_back(&node);
		}
		assert_int_equal(node.x.fetch_pending_generation, i + 2);
	}
}

static void test_member_failure_aborts(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	proposal = make_proposed(&node);
	status = member(&node, KEY_0);
	status.failed = ref_to(&proposal);
	status.failed_reason = REASON_KME_KEY_NOT_FOUND;
	node_hear_status(&node, &status);
	assert_int_equal(
		node_note(&node, EXCHANGE_NOTE_MEMBER_FAILED)->reason, REASON_KME_KEY_NOT_FOUND);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_MEMBER_FAILED);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->sae.text, SLAVE);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_ABORT);
}

static void test_own_device_failure_aborts(void **state)
{
	struct node node;

	(void)state;
	start_master(&node);
	node_keys(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_REFUSED);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_DEVICE_REFUSED);
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_ABORT);
}

static void test_not_ready_in_time(void **state)
{
	struct node node;

	(void)state;
	make_proposed(&node);
	node_wait(&node, 7999);
	assert_int_equal(node.x.record.stage, EXCHANGE_STAGE_HELD);
	node_wait(&node, 1);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_NOT_READY);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->sae.text, SLAVE);
}

static void test_ready_for_another_digest_does_not_count(void **state)
{
	struct node node;
	struct proposal other;

	(void)state;
	make_proposed(&node);
	other = proposal_of(&node, 1, KEY_2);
	hear_ready(&node, &other);
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
}

static void test_ready_that_is_not_fresh_does_not_count(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_master(&node);
	node_keys(&node, KEY_1);
	proposal = node.x.record.staged;
	hear_ready(&node, &proposal);
	node_wait(&node, LIFE_MS + 1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
	hear_ready(&node, &proposal);
	assert_int_equal(node.x.record.decision, SLOT_COMMIT);
}

static void test_every_member_counts(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status other;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.members[node.config.member_count++] = sae(OTHER);
	node_start(&node, NULL);
	node_wait(&node, LIFE_MS + 1);
	hear_member(&node, KEY_0);
	assert_false(node.x.fetch_pending);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_MEMBER_SILENT);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_HELD)->sae.text, OTHER);
	other = status_of(&node, OTHER, KEY_0);
	node_hear_status(&node, &other);
	node_stage(&node, KEY_1);
	proposal = node.x.record.staged;
	hear_ready(&node, &proposal);
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
	other.staged = ref_to(&proposal);
	node_hear_status(&node, &other);
	assert_int_equal(node.x.record.decision, SLOT_COMMIT);
}

/* After COMMIT neither a failure nor silence leads back, nor on to the next one. */
static void test_after_commit_only_forward(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	proposal = make_committed(&node);
	status = member(&node, KEY_0);
	status.failed = ref_to(&proposal);
	status.failed_reason = REASON_DEVICE_REFUSED;
	node_hear_status(&node, &status);
	node_event(&node, EXCHANGE_REKEY);
	node_wait(&node, 3600000);
	assert_int_equal(node.x.record.decision, SLOT_COMMIT);
	assert_int_equal(node.x.record.committed.generation, 1);
	assert_false(node.x.fetch_pending);
	assert_true(exchange_holds_key(&node.x.record, 1));
}

static void test_lost_by_a_member(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	proposal = make_committed(&node);
	status = member(&node, KEY_0);
	status.lost = ref_to(&proposal);
	status.highest = 1;
	node_hear_status(&node, &status);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_LOST)->sae.text, SLAVE);
	assert_int_equal(node.did.fetch_generation, 2);
	assert_int_equal(node.disk.committed.generation, 1); /* until the next is decided */
}

static void keep_alive(struct node *node, const struct sae_status *status, uint64_t ms)
{
	for (; ms > 0; ms -= 1000) {
		node_wait(node, 1000);
		node_answer_read_back(node);
		node_hear_status(node, status);
	}
}

/* Two KMEs deliver different keys under one key_ID: both devices hold it, none becomes live. */
static void test_keys_that_differ_are_followed_by_others(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	proposal = make_committed(&node);
	view_add(&node, KEY_1, false);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	status = member(&node, KEY_0);
	status.highest = 1;
	keep_alive(&node, &status, 30000); /* the member does not hold it yet: nothing to give up */
	assert_int_equal(node.x.record.highest, 1);
	status.applied = ref_to(&proposal);
	keep_alive(&node, &status, node.config.live_timeout_ms);
	assert_int_equal(node.x.record.highest, 1);
	keep_alive(&node, &status, 2000);
	assert_int_equal(node.x.fetch_pending_generation, 2);
	assert_true(exchange_holds_key(&node.disk, 1)); /* until the next is decided */
	assert_int_equal(node.x.backoff_ms, 2 * node.config.backoff_min_ms);
	node_stage(&node, KEY_2);
	status.staged = ref_to(&node.x.record.staged);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.generation, 2);
	node_event(&node, EXCHANGE_REKEY); /* 2 has not failed yet */
	assert_false(node.x.fetch_pending);
}

/* All hold the key, and nobody uses any: the wire may be cut. No more keys than without that. */
static void test_a_cut_wire_costs_no_more_keys(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	proposal = make_committed(&node);
	node.view.key_count = 0;
	view_add(&node, KEY_1, false);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	status = member(&node, KEY_1);
	status.usable[0].transmitting = false;
	status.highest = 1;
	status.applied = ref_to(&proposal);
	keep_alive(&node, &status, node.config.rekey_interval_ms - 1000);
	assert_int_equal(node.x.record.highest, 1);
	keep_alive(&node, &status, 3000);
	assert_int_equal(node.x.fetch_pending_generation, 2);
}

static void test_save_failure_at_each_save(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	node.disk_full = true;
	hear_member(&node, KEY_0);
	assert_int_equal(node.did.fetch, EXCHANGE_FETCH_NONE);
	assert_int_equal(node.x.record.highest, 0);
	node.disk_full = false;
	node_wait(&node, 1000);
	hear_member(&node, KEY_0);
	assert_int_equal(node.x.fetch_pending_generation, 1);

	node.disk_full = true;
	node_keys(&node, KEY_1); /* could not be sealed: never proposed */
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_EMPTY);
	node.disk_full = false;
	node_wait(&node, 1000);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_STATE);
	node_wait(&node, 500);
	hear_member(&node, KEY_0);
	assert_int_equal(node.x.fetch_pending_generation, 2);

	node_stage(&node, KEY_2);
	proposal = node.x.record.staged;
	node.disk_full = true;
	hear_ready(&node, &proposal); /* COMMIT is not said before it is on the disk */
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_EMPTY);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node.disk_full = false;
	node_wait(&node, 1000);
	hear_ready(&node, &proposal);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
}

static void test_save_failure_at_confirmed(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	proposal = make_committed(&node);
	node_apply(&node, KEY_1);
	node.disk_full = true;
	hear_applied(&node, &proposal, true);
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_COMMIT);
	assert_true(exchange_holds_key(&node.x.record, 1));
	node.disk_full = false;
	node_wait(&node, 1000);
	hear_applied(&node, &proposal, true);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
}

static void test_unusable_key_ids(void **state)
{
	struct node node;
	struct key_id id = key_id("not-a-uuid");
	struct exchange_event event = {
		.kind = EXCHANGE_KEYS, .generation = 1, .keys = { 1, &id }
	};

	(void)state;
	start_master(&node);
	node.config.ckn.kind = CKN_PREFIX;
	node_step(&node, &event);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_KME_KEY_UNUSABLE);
	node_wait(&node, 500);
	hear_member(&node, KEY_0);
	event.generation = 2;
	event.keys.count = 0;
	node_step(&node, &event);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_KME_KEY_UNUSABLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_happy_path),
		cmocka_unit_test(test_restart_aborts_what_was_prepared),
		cmocka_unit_test(test_restart_resumes_what_was_committed),
		cmocka_unit_test(test_kme_failure_backs_off),
		cmocka_unit_test(test_member_failure_aborts),
		cmocka_unit_test(test_own_device_failure_aborts),
		cmocka_unit_test(test_not_ready_in_time),
		cmocka_unit_test(test_ready_for_another_digest_does_not_count),
		cmocka_unit_test(test_ready_that_is_not_fresh_does_not_count),
		cmocka_unit_test(test_every_member_counts),
		cmocka_unit_test(test_after_commit_only_forward),
		cmocka_unit_test(test_lost_by_a_member),
		cmocka_unit_test(test_keys_that_differ_are_followed_by_others),
		cmocka_unit_test(test_a_cut_wire_costs_no_more_keys),
		cmocka_unit_test(test_save_failure_at_each_save),
		cmocka_unit_test(test_save_failure_at_confirmed),
		cmocka_unit_test(test_unusable_key_ids),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
