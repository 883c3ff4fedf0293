/* The master's rules (protocol.md section 5.2), and what it keeps on disk before it acts (5.4). */
#include "test_exchange_fixture.h"

static struct sae_status member(const struct node *node, const char *key)
{
	return status_of(node, SLAVE, key);
}

static void hear_member(struct node *node, const char *key)
{
	struct sae_status status = member(node, key);

	node_hear_status(node, &status);
}

/* Started, with a live member, and enc_keys asked for generation 1. */
static void start_master(struct node *node)
{
	node_init(node, EXCHANGE_MASTER);
	node_start(node, NULL);
	hear_member(node, KEY_0);
}

static void hear_ready(struct node *node, const struct proposal *proposal)
{
	struct sae_status status = member(node, KEY_0);

	status.staged = ref_to(proposal);
	status.highest = proposal->generation;
	node_hear_status(node, &status);
}

static void hear_applied(struct node *node, const struct proposal *proposal, bool live)
{
	struct sae_status status = member(node, KEY_1);

	status.applied = ref_to(proposal);
	status.live = live;
	status.highest = proposal->generation;
	node_hear_status(node, &status);
}

/* PREPARE is advertised, and this device would take the key. */
static struct proposal make_proposed(struct node *node)
{
	start_master(node);
	node_keys(node, KEY_1);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	return node->x.record.staged;
}

static struct proposal make_committed(struct node *node)
{
	struct proposal proposal = make_proposed(node);

	hear_ready(node, &proposal);
	assert_int_equal(node->disk.decision, SLOT_COMMIT);
	return proposal;
}

static struct proposal make_confirmed(struct node *node)
{
	struct proposal proposal = make_committed(node);

	view_only(node, KEY_1);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
	hear_applied(node, &proposal, true);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
	node_device(node, EXCHANGE_DEVICE_RETIRE, 0);
	return proposal;
}

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

	view_only(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	hear_applied(&node, &proposal, false);
	assert_int_equal(node.disk.decision, SLOT_COMMIT);
	hear_applied(&node, &proposal, true);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
	assert_int_equal(node.disk.confirmed_at, node.now.wall_s);
	assert_false(exchange_holds_key(&node.disk, 1));
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_RETIRE);
	assert_int_equal(node_says(&node, 0).committed.phase, SLOT_CONFIRMED);
}

static void test_rekey_interval(void **state)
{
	struct node node;

	(void)state;
	make_confirmed(&node);
	for (uint64_t waited = 0; waited < 60000; waited += 1000) {
		assert_false(node.x.fetch_pending);
		node_wait(&node, 1000);
		if (node.x.device_pending == EXCHANGE_DEVICE_READ_BACK) {
			node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
		}
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

static void test_restart_aborts_what_was_prepared(void **state)
{
	struct node node;
	struct exchange_record record;
	struct proposal proposal;

	(void)state;
	proposal = make_proposed(&node);
	record = node.disk;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, &record);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
	assert_false(exchange_holds_key(&node.disk, 1));
	assert_int_equal(node_says(&node, 0).proposed.phase, SLOT_ABORT);
	hear_ready(&node, &proposal);
	assert_int_equal(node.x.record.decision, SLOT_EMPTY);
	node_wait(&node, 500);
	assert_int_equal(node.did.fetch_generation, 2);
}

static void test_restart_resumes_what_was_committed(void **state)
{
	struct node node;
	struct exchange_record record;

	(void)state;
	make_committed(&node);
	record = node.disk;
	node_init(&node, EXCHANGE_MASTER);
	node_start(&node, &record);
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
		assert_int_equal(
			node_says(&node, 0).proposed.phase, SLOT_EMPTY); /* nobody has seen it */
		for (uint64_t waited = 0; waited < waits[i]; waited += 100) {
			assert_false(node.x.fetch_pending);
			node_wait(&node, 100);
			hear_member(&node, KEY_0);
			if (node.x.device_pending == EXCHANGE_DEVICE_READ_BACK) {
				node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
			}
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
	node_keys(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
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

	node_keys(&node, KEY_2);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
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
	view_only(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
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

/* The first start is later than any in a member's key-chain; the digest does not move with it. */
static void test_start_is_chosen_at_commit(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.uses_start = true;
	node.config.lead_s = 60;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	node_keys(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	proposal = node.x.record.staged;
	assert_int_equal(proposal.start, 0);
	status = member(&node, KEY_0);
	status.staged = ref_to(&proposal);
	status.latest_start = node.now.wall_s + 1000;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, node.now.wall_s + 1001);
	assert_memory_equal(node.disk.committed.digest, proposal.digest, DIGEST_LEN);
}

/* Whatever a member claims, the master says nothing that cannot be encoded or saved. */
static void test_absurd_claims(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.uses_start = true;
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.latest_start = START_MAX;
	status.highest = GENERATION_MAX - 1;
	node_hear_status(&node, &status);
	node_keys(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	status.staged = ref_to(&node.x.record.staged);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.generation, GENERATION_MAX);
	assert_int_equal(node.disk.committed.start, START_MAX);

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
		cmocka_unit_test(test_happy_path),
		cmocka_unit_test(test_rekey_interval),
		cmocka_unit_test(test_rekey_interval_over_restart),
		cmocka_unit_test(test_rekey_on_demand),
		cmocka_unit_test(test_interval_changed),
		cmocka_unit_test(test_rekey_on_a_members_demand),
		cmocka_unit_test(test_generation_is_above_all_seen),
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
		cmocka_unit_test(test_save_failure_at_each_save),
		cmocka_unit_test(test_save_failure_at_confirmed),
		cmocka_unit_test(test_unusable_key_ids),
		cmocka_unit_test(test_keys_per_hour),
		cmocka_unit_test(test_hold_reasons),
		cmocka_unit_test(test_hold_for_unknown_device),
		cmocka_unit_test(test_association_numbers),
		cmocka_unit_test(test_start_is_chosen_at_commit),
		cmocka_unit_test(test_absurd_claims),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
