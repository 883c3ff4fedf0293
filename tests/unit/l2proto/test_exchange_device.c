/* The device: when it moves to a new key, and what is said of it (protocol.md section 5.5). */
#include "test_exchange_slave_fixture.h"

/* A slave that holds generation 5 under KEY_1; COMMIT has not been heard. */
static struct proposal start_ready(struct node *node)
{
	start_slave(node);
	return make_ready(node, 5, KEY_1);
}

/* The same, of a device that has KEY_2 in use, and KEY_0 beside it. */
static struct proposal start_ready_with_two_keys(struct node *node)
{
	node_init(node, EXCHANGE_SLAVE);
	view_only(node, KEY_2);
	view_add(node, KEY_0, false);
	node_start(node, NULL);
	return make_ready(node, 5, KEY_1);
}

/* The same, of one that has another neighbour beside its master. */
static struct proposal start_ready_between_two(struct node *node)
{
	node_init(node, EXCHANGE_SLAVE);
	node->config.links[0].neighbours[node->config.links[0].neighbour_count++] = sae(OTHER);
	node_start(node, NULL);
	return make_ready(node, 5, KEY_1);
}

static bool moves(const struct node *node)
{
	return node->x.device_pending == EXCHANGE_DEVICE_COMMIT;
}

static void test_moves_when_neighbour_uses_the_same_old_key(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_true(moves(&node));
}

static void test_moves_when_neighbour_has_the_new_key(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_1);
	assert_true(moves(&node));
}

/* Nothing in common: nothing to lose. */
static void test_moves_when_no_key_is_shared(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_3);
	assert_true(moves(&node));
}

/* What is shared is not in use here: a move would drop the one in use, or the shared one. */
static void test_stays_when_the_shared_key_is_not_in_use(void **state)
{
	struct node node;
	struct proposal proposal = start_ready_with_two_keys(&node);

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_false(moves(&node));
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_2);
	assert_true(moves(&node));
}

/* The master's word, and what it shows of its device. */
static void hear_commit(
	struct node *node, const struct proposal *proposal, const struct sae_status *master)
{
	struct message_content content = content_of(master);

	content.master = node->config.master;
	content.committed = (struct slot){ SLOT_COMMIT, *proposal };
	node_hear(node, &content);
}

/* Both hold a key that no session uses: each would wait for the other for good. */
static void test_a_shared_key_that_nobody_uses_holds_nobody(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status master;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	node.view.key_count = 0;
	view_add(&node, KEY_2, false);
	node_start(&node, NULL);
	proposal = make_ready(&node, 5, KEY_1);
	master = status_of(&node, MASTER, KEY_2);
	hear_commit(&node, &proposal, &master); /* in use there: by whom else, we cannot know */
	assert_false(moves(&node));
	master.usable[0].transmitting = false;
	hear_commit(&node, &proposal, &master);
	assert_true(moves(&node));
}

static void test_a_key_that_waits_for_its_start_is_not_usable(void **state)
{
	struct node node;
	struct proposal proposal = start_ready_with_two_keys(&node);
	struct sae_status master = status_of(&node, MASTER, KEY_0);
	struct sae_status new_key = status_of(&node, MASTER, KEY_1);

	(void)state;
	master.usable[master.usable_count++] = new_key.usable[0];
	master.usable[1].future = true;
	hear_commit(&node, &proposal, &master);
	assert_false(moves(&node));
	master.usable[1].future = false;
	hear_commit(&node, &proposal, &master);
	assert_true(moves(&node));
}

static void test_stays_while_a_neighbour_is_silent(void **state)
{
	struct node node;
	struct proposal proposal = start_ready_between_two(&node);
	struct sae_status other;

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_false(moves(&node));
	other = status_of(&node, OTHER, KEY_0);
	node_hear_status(&node, &other);
	assert_true(moves(&node));
}

/* Waiting is no failure, but after a while it is named, and no longer once it is over. */
static void test_waiting_for_a_neighbour_is_named(void **state)
{
	struct node node;
	struct proposal proposal = start_ready_between_two(&node);
	struct sae_status other;
	unsigned told = 0;

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	for (uint64_t waited = 0; waited <= 12000; waited += 100) {
		node_answer_read_back(&node);
		node_wait(&node, 100);
		told += node_noted(&node, EXCHANGE_NOTE_DEVICE);
		assert_true(waited >= 10000 || told == 0);
	}
	assert_int_equal(told, 1);
	assert_int_equal(node.x.device_reason, REASON_DEVICE_WAITS);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	other = status_of(&node, OTHER, KEY_0);
	node_hear_status(&node, &other);
	while (node.x.device_pending != EXCHANGE_DEVICE_COMMIT) {
		node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	}
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node.x.device_reason, REASON_NONE);
}

static void test_stays_on_stale_or_blind_or_relayed_word(void **state)
{
	struct node node;
	struct proposal proposal = start_ready_between_two(&node);
	struct sae_status other;

	(void)state;

	other = status_of(&node, OTHER, KEY_0);
	other.hops = 1; /* a relay's word for what a neighbour holds is not enough */
	node_hear_status(&node, &other);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_false(moves(&node));
	other.hops = 0;
	other.device_known = false;
	node_hear_status(&node, &other);
	assert_false(moves(&node));
	node_wait(&node, LIFE_MS + 1);
	other.device_known = true;
	node_hear_status(&node, &other); /* by now the master is stale */
	assert_false(moves(&node));
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_true(moves(&node));
}

static void test_does_not_commit_what_is_there(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);

	(void)state;
	view_add(&node, KEY_1, false);
	node_read_back(&node);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_false(moves(&node));
	assert_int_equal(node_status(&node).applied.generation, 5);
	assert_false(node_status(&node).live);
}

/* A commit that failed may have landed: the device is looked at before it is asked again. */
static void test_failed_commit_is_read_back_then_retried(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);
	uint64_t failed_ms;

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, REASON_DEVICE_LOCKED);
	failed_ms = node.now.mono_ms;
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_DEVICE)->reason, REASON_DEVICE_LOCKED);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_LOCKED);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_false(moves(&node));
	while (!moves(&node)) {
		node_wait(&node, 100);
		node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
		node_answer_read_back(&node);
		assert_true(node.now.mono_ms <= failed_ms + 1000);
	}
	assert_true(node.now.mono_ms >= failed_ms + 400);

	node_device(&node, EXCHANGE_DEVICE_COMMIT, REASON_DEVICE_CONNECTION_LOST);
	view_only(&node, KEY_1); /* this one landed */
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_true(node_status(&node).live);
	assert_int_equal(node.x.device_reason, REASON_NONE);
	node_wait(&node, 5000);
	assert_false(moves(&node));
}

static void test_not_live_in_time_is_told(void **state)
{
	struct node node;
	struct proposal proposal = start_ready(&node);
	bool told = false;

	(void)state;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	node.view.key_count = 0;
	view_add(&node, KEY_1, false);
	view_add(&node, KEY_0, true);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	for (uint64_t waited = 0; waited <= 11000; waited += 100) {
		if (node.x.device_pending == EXCHANGE_DEVICE_READ_BACK) {
			node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
			if (node_noted(&node, EXCHANGE_NOTE_DEVICE)) {
				assert_false(told);
				told = true;
				assert_true(waited > 10000);
			}
		}
		node_wait(&node, 100);
	}
	assert_true(told);
	assert_int_equal(node.x.device_reason, REASON_DEVICE_NOT_LIVE);
	assert_true(exchange_holds_key(&node.x.record, 5)); /* and nothing is given up */
}

/* Somebody put an older configuration back: its key is not deleted, a new one is asked for. */
static void test_older_keys_are_kept_until_the_new_one_is_live(void **state)
{
	struct node node;
	struct exchange_record record;

	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	record = record_of(&node, SLOT_CONFIRMED, 5, KEY_1);
	node_start(&node, &record);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	assert_true(node_status(&node).rekey_wanted);
	view_add(&node, KEY_1, false);
	node_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	view_only(&node, KEY_1);
	node_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_RETIRE);
}

static void test_unreadable_device_is_not_shown(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	assert_true(node_status(&node).device_known);
	assert_int_equal(node_status(&node).usable_count, 1);
	node_wait(&node, 5000);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, REASON_DEVICE_UNREACHABLE);
	assert_false(node_status(&node).device_known);
	assert_int_equal(node_status(&node).usable_count, 0);
	assert_false(node_status(&node).rekey_wanted); /* what is unknown is not missing */
}

static void test_one_operation_at_a_time(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	node_wait(&node, 5000);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_READ_BACK);
	hear_prepare(&node, 5, KEY_1);
	node_keys(&node, KEY_1);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_PREPARE);
}

static void test_answer_to_an_older_operation_is_ignored(void **state)
{
	struct node node;
	struct exchange_event late = {
		.kind = EXCHANGE_DEVICE_DONE,
		.generation = 4,
		.device = { EXCHANGE_DEVICE_PREPARE, NULL },
	};

	(void)state;
	start_slave(&node);
	hear_prepare(&node, 5, KEY_1);
	node_keys(&node, KEY_1);
	node_step(&node, &late);
	assert_int_equal(node_status(&node).staged.generation, 0);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
}

/* Every key of a batch must be there; one of them in use is enough. */
static void test_batch(void **state)
{
	struct node node;
	struct proposal proposal;

	(void)state;
	start_slave(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	proposal.key_count = 2;
	proposal.keys[1] = key_id(KEY_2);
	proposal_set_digest(&node, &proposal);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	node_stage(&node, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	view_only(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).applied.generation, 0);
	view_add(&node, KEY_2, false);
	node_read_back(&node);
	assert_int_equal(node_status(&node).applied.generation, 5);
	assert_true(node_status(&node).live);
}

static void test_there_is_always_a_next_timer(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	for (int i = 0; i < 100; i++) {
		uint64_t next = exchange_next_timer(&node.x);

		assert_true(next > node.now.mono_ms);
		assert_true(next <= node.now.mono_ms + TICK_MS);
		node_wait(&node, next - node.now.mono_ms);
	}
}

/* Also if that is said while it is being looked at: what it shows then may be older. */
static void test_looked_at_when_it_has_changed(void **state)
{
	struct node node;

	(void)state;
	start_slave(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	node_event(&node, EXCHANGE_DEVICE_CHANGED);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_event(&node, EXCHANGE_DEVICE_CHANGED);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looked_at_when_it_has_changed),
		cmocka_unit_test(test_moves_when_neighbour_uses_the_same_old_key),
		cmocka_unit_test(test_moves_when_neighbour_has_the_new_key),
		cmocka_unit_test(test_moves_when_no_key_is_shared),
		cmocka_unit_test(test_stays_when_the_shared_key_is_not_in_use),
		cmocka_unit_test(test_a_shared_key_that_nobody_uses_holds_nobody),
		cmocka_unit_test(test_a_key_that_waits_for_its_start_is_not_usable),
		cmocka_unit_test(test_stays_while_a_neighbour_is_silent),
		cmocka_unit_test(test_waiting_for_a_neighbour_is_named),
		cmocka_unit_test(test_stays_on_stale_or_blind_or_relayed_word),
		cmocka_unit_test(test_does_not_commit_what_is_there),
		cmocka_unit_test(test_failed_commit_is_read_back_then_retried),
		cmocka_unit_test(test_not_live_in_time_is_told),
		cmocka_unit_test(test_older_keys_are_kept_until_the_new_one_is_live),
		cmocka_unit_test(test_unreadable_device_is_not_shown),
		cmocka_unit_test(test_one_operation_at_a_time),
		cmocka_unit_test(test_answer_to_an_older_operation_is_ignored),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_there_is_always_a_next_timer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
