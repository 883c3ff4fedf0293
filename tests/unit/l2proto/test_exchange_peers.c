/* Statuses of others, relays, duplicates and loops (protocol.md section 5.6). */
#include "test_exchange_fixture.h"

/* bravo, between alpha (link 0, up) and charlie (link 1, down). */
static void start_relay(struct node *node)
{
	node_init(node, EXCHANGE_SLAVE);
	node->config.links[1].direction = EXCHANGE_DOWN;
	node->config.links[1].neighbour_count = 1;
	node->config.links[1].neighbours[0] = sae(OTHER);
	node->config.link_count = 2;
	node_start(node, NULL);
}

static void start_master(struct node *node)
{
	node_init(node, EXCHANGE_MASTER);
	node_start(node, NULL);
}

static void hear_from(
	struct node *node, size_t link, uint8_t member, const struct sae_status *status)
{
	struct message_content content = content_of(status);

	node_hear_on(node, link, member, &content);
}

static void test_relay_hands_slots_down(void **state)
{
	struct node node;
	struct proposal proposal;
	struct message_content said;

	(void)state;
	start_relay(&node);
	proposal = proposal_of(&node, 5, KEY_1);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	assert_true(node.did.advertise & 2); /* at once, before its own keys have come */
	said = node_says(&node, 1);
	assert_int_equal(said.proposed.phase, SLOT_PREPARE);
	assert_memory_equal(said.proposed.proposal.digest, proposal.digest, DIGEST_LEN);
	assert_string_equal(said.master.text, MASTER);
	assert_int_equal(said.status_count, 1);
	assert_int_equal(node_says(&node, 0).master.len, 0); /* never back up */

	node_stage(&node, KEY_1);
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node_says(&node, 1).committed.phase, SLOT_COMMIT);

	proposal = proposal_of(&node, 4, KEY_2); /* what is older is not handed on either */
	node_hear_slot(&node, SLOT_CONFIRMED, &proposal, KEY_0);
	assert_int_equal(node_says(&node, 1).committed.proposal.generation, 5);
}

/* After a restart a relay says what it has on record, before it hears from above. */
static void test_restarted_relay_knows_the_decision(void **state)
{
	struct node node;
	struct exchange_record record;

	(void)state;
	start_relay(&node);
	record = record_of(&node, SLOT_CONFIRMED, 5, KEY_1);
	node_start(&node, &record);
	assert_int_equal(node_says(&node, 1).committed.phase, SLOT_CONFIRMED);
	assert_int_equal(node_says(&node, 1).committed.proposal.generation, 5);
}

static void test_relay_hands_statuses_up(void **state)
{
	struct node node;
	struct sae_status charlie;
	struct message_content said;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	charlie.staged = (struct proposal_ref){ .generation = 5 };
	hear_from(&node, 1, 3, &charlie);
	assert_true(node.did.advertise & 1);
	said = node_says(&node, 0);
	assert_int_equal(said.status_count, 2);
	assert_string_equal(said.status[1].sae.text, OTHER);
	assert_int_equal(said.status[1].hops, 1);
	assert_int_equal(said.status[1].path[0], sae_id_hop(&node.config.sae));
	assert_int_equal(said.status[1].staged.generation, 5);
	assert_int_equal(node_says(&node, 1).status_count, 1); /* and not back down */

	node_wait(&node, LIFE_MS + 1); /* only while it is fresh */
	assert_int_equal(node_says(&node, 0).status_count, 1);
}

static void test_relay_does_not_pass_on_what_it_hears_above(void **state)
{
	struct node node;
	struct sae_status alpha;

	(void)state;
	start_relay(&node);
	alpha = status_of(&node, MASTER, KEY_0);
	hear_from(&node, 0, 1, &alpha);
	assert_int_equal(node_says(&node, 0).status_count, 1);
	assert_int_equal(node_says(&node, 1).status_count, 1);
}

static void test_path_has_an_end(void **state)
{
	struct node node;
	struct sae_status charlie;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	charlie.hops = HOPS_MAX;
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node_says(&node, 0).status_count, 1);
	charlie.hops = HOPS_MAX - 1;
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node_says(&node, 0).status[1].hops, HOPS_MAX);
}

static void test_loops_are_noted_and_dropped(void **state)
{
	struct node node;
	struct sae_status charlie, own;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	charlie.hops = 2;
	charlie.path[0] = 7;
	charlie.path[1] = sae_id_hop(&node.config.sae);
	hear_from(&node, 1, 3, &charlie);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_LOOP)->sae.text, OTHER);
	assert_null(exchange_find_peer(&node.x, &charlie.sae));
	assert_int_equal(
		node_status(&node).device_reason, REASON_LOOP); /* the master hears of it */

	own = status_of(&node, SLAVE, KEY_0);
	own.hops = 1;
	hear_from(&node, 1, 3, &own);
	assert_false(node_noted(&node, EXCHANGE_NOTE_LOOP)); /* once is enough */
	assert_false(node_noted(&node, EXCHANGE_NOTE_DUPLICATE_SAE));
	node_wait(&node, LIFE_MS + 1);
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
	hear_from(&node, 1, 3, &own);
	assert_true(node_noted(&node, EXCHANGE_NOTE_LOOP));
}

static void test_a_members_loop_is_told_as_one(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	start_master(&node);
	status = status_of(&node, SLAVE, KEY_0);
	status.device_reason = REASON_LOOP;
	node_hear_status(&node, &status);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_LOOP)->sae.text, SLAVE);
	assert_false(node_noted(&node, EXCHANGE_NOTE_MEMBER_DEVICE));
	assert_true(node.x.fetch_pending); /* rotations go on */
}

/* Two ways of one length, as a loop makes them: to flip between them would never end. */
static void test_the_way_that_is_taken_stays(void **state)
{
	struct node node;
	struct sae_status charlie, relayed;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	hear_from(&node, 1, 3, &charlie);
	hear_from(&node, 0, 4, &charlie);
	assert_int_equal(node.did.advertise, 0);
	assert_int_equal(exchange_find_peer(&node.x, &charlie.sae)->link, 1);
	charlie.highest = 9; /* a restart: another station, the same way */
	hear_from(&node, 1, 5, &charlie);
	assert_int_equal(exchange_find_peer(&node.x, &charlie.sae)->status.highest, 9);
	node_wait(&node, LIFE_MS + 1);
	hear_from(&node, 0, 4, &charlie);
	assert_int_equal(exchange_find_peer(&node.x, &charlie.sae)->link, 0);

	relayed = status_of(&node, "delta", KEY_0);
	relayed.hops = 1;
	relayed.path[0] = 7;
	hear_from(&node, 1, 3, &relayed);
	relayed.path[0] = 8; /* another relay on the same link */
	relayed.highest = 9;
	hear_from(&node, 1, 6, &relayed);
	assert_int_equal(exchange_find_peer(&node.x, &relayed.sae)->status.highest, 0);
}

static void test_shorter_path_counts_while_it_lasts(void **state)
{
	struct node node;
	struct sae_status near, far;

	(void)state;
	start_relay(&node);
	near = status_of(&node, OTHER, KEY_0);
	near.highest = 2;
	far = near;
	far.hops = 1;
	far.highest = 1;
	hear_from(&node, 1, 3, &near);
	hear_from(&node, 1, 4, &far);
	assert_int_equal(exchange_find_peer(&node.x, &near.sae)->status.highest, 2);
	node_wait(&node, LIFE_MS + 1);
	hear_from(&node, 1, 4, &far);
	assert_int_equal(exchange_find_peer(&node.x, &near.sae)->status.highest, 1);
}

/* Two stations for one SAE, and both are alive. */
static void test_duplicate_sae_holds_the_rotation(void **state)
{
	struct node node;
	struct sae_status bravo;

	(void)state;
	start_master(&node);
	node.x.retry_due_ms = node.now.mono_ms + 100; /* hear them first */
	bravo = status_of(&node, SLAVE, KEY_0);
	hear_from(&node, 0, 1, &bravo);
	hear_from(&node, 0, 2, &bravo); /* perhaps a restart */
	assert_false(node_noted(&node, EXCHANGE_NOTE_DUPLICATE_SAE));
	hear_from(&node, 0, 1, &bravo); /* no: the first one still speaks */
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_DUPLICATE_SAE)->sae.text, SLAVE);
	node_wait(&node, 200);
	assert_int_equal(node.x.hold_reason, REASON_DUPLICATE_SAE);
	assert_false(node.x.fetch_pending);

	node_wait(&node, LIFE_MS + 1); /* one of them has fallen silent */
	hear_from(&node, 0, 2, &bravo);
	assert_true(node.x.fetch_pending);
}

static void test_a_restart_is_no_duplicate(void **state)
{
	struct node node;
	struct sae_status bravo;

	(void)state;
	start_master(&node);
	bravo = status_of(&node, SLAVE, KEY_0);
	for (uint8_t member = 1; member < 20; member++) {
		hear_from(&node, 0, member, &bravo);
		hear_from(&node, 0, member, &bravo);
		assert_false(node_noted(&node, EXCHANGE_NOTE_DUPLICATE_SAE));
	}
	assert_true(node.x.fetch_pending);
}

static void test_duplicate_sae_aborts_before_commit(void **state)
{
	struct node node;
	struct sae_status bravo;

	(void)state;
	start_master(&node);
	bravo = status_of(&node, SLAVE, KEY_0);
	hear_from(&node, 0, 1, &bravo);
	node_keys(&node, KEY_1);
	hear_from(&node, 0, 2, &bravo);
	hear_from(&node, 0, 1, &bravo);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_DUPLICATE_SAE);
	assert_int_equal(node.disk.stage, EXCHANGE_STAGE_ABORTED);
}

static void test_own_sae_spoken_for_by_another(void **state)
{
	struct node node;
	struct sae_status own, bravo;

	(void)state;
	start_master(&node);
	own = status_of(&node, MASTER, KEY_0);
	hear_from(&node, 0, 9, &own);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_DUPLICATE_SAE)->sae.text, MASTER);
	bravo = status_of(&node, SLAVE, KEY_0);
	hear_from(&node, 0, 1, &bravo);
	assert_int_equal(node.x.hold_reason, REASON_DUPLICATE_SAE);
	hear_from(&node, 0, 9, &own);
	assert_false(node_noted(&node, EXCHANGE_NOTE_DUPLICATE_SAE)); /* said once */
	node_wait(&node, LIFE_MS + 1);
	hear_from(&node, 0, 1, &bravo);
	assert_true(node.x.fetch_pending);
}

/* Beyond a relay nobody sees identifiers: the relay says what it has found. */
static void test_relay_tells_of_a_duplicate(void **state)
{
	struct node node;
	struct sae_status charlie;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	hear_from(&node, 1, 3, &charlie);
	hear_from(&node, 1, 4, &charlie);
	assert_int_equal(node_says(&node, 0).status[1].device_reason, REASON_NONE);
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node_says(&node, 0).status[1].device_reason, REASON_DUPLICATE_SAE);
	node_wait(&node, LIFE_MS + 1);
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node_says(&node, 0).status[1].device_reason, REASON_NONE);
}

static void test_duplicate_beyond_a_relay_holds_the_rotation(void **state)
{
	struct node node;
	struct sae_status bravo, charlie;

	(void)state;
	node_init(&node, EXCHANGE_MASTER);
	node.config.members[node.config.member_count++] = sae(OTHER);
	node_start(&node, NULL);
	bravo = status_of(&node, SLAVE, KEY_0);
	charlie = status_of(&node, OTHER, KEY_0);
	charlie.hops = 1;
	charlie.path[0] = sae_id_hop(&bravo.sae);
	charlie.device_reason = REASON_DUPLICATE_SAE;
	for (int i = 0; i < 20; i++) { /* in either order, for as long as it is said */
		hear_from(&node, 0, 1, &charlie);
		hear_from(&node, 0, 1, &bravo);
		node_wait(&node, LIFE_MS / 2);
		assert_int_equal(node.x.hold_reason, REASON_DUPLICATE_SAE);
		assert_string_equal(node.x.hold_sae.text, OTHER);
	}
	assert_int_equal(node.x.record.highest, 0); /* and not a generation is burnt */

	charlie.device_reason = REASON_NONE;
	node_wait(&node, LIFE_MS);
	hear_from(&node, 0, 1, &bravo);
	hear_from(&node, 0, 1, &charlie);
	node_wait(&node, 1);
	assert_true(node.x.fetch_pending);
}

/* More SAEs than the table holds: the live ones stay. */
static void test_full_table(void **state)
{
	struct node node;
	struct sae_status bravo, status;
	char name[16];

	(void)state;
	start_master(&node);
	bravo = status_of(&node, SLAVE, KEY_0);
	hear_from(&node, 0, 1, &bravo);
	for (int i = 0; i < 2 * SAES_MAX; i++) {
		name[0] = 'x';
		name[1] = (char)('A' + i / 8);
		name[2] = (char)('A' + i % 8);
		name[3] = '\0';
		status = status_of(&node, name, KEY_0);
		hear_from(&node, 0, 2, &status);
	}
	assert_non_null(exchange_find_peer(&node.x, &bravo.sae));
	assert_null(exchange_find_peer(&node.x, &status.sae));
	node_wait(&node, LIFE_MS + 1);
	hear_from(&node, 0, 2, &status);
	assert_non_null(exchange_find_peer(&node.x, &status.sae));
}

static void test_message_on_an_unknown_link(void **state)
{
	struct node node;
	struct sae_status bravo;

	(void)state;
	start_master(&node);
	bravo = status_of(&node, SLAVE, KEY_0);
	hear_from(&node, 1, 1, &bravo);
	assert_null(exchange_find_peer(&node.x, &bravo.sae));
}

/* Nothing new to say, nothing to advertise. */
static void test_only_changes_are_advertised(void **state)
{
	struct node node;
	struct sae_status charlie;

	(void)state;
	start_relay(&node);
	charlie = status_of(&node, OTHER, KEY_0);
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node.did.advertise, 1);
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node.did.advertise, 0);
	charlie.highest++;
	hear_from(&node, 1, 3, &charlie);
	assert_int_equal(node.did.advertise, 1);
	node_event(&node, EXCHANGE_REKEY);
	assert_int_equal(node.did.advertise, 3);
}

static void test_note_names(void **state)
{
	(void)state;
	for (int i = 0; i < EXCHANGE_NOTE_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(exchange_note_name((enum exchange_note_kind)i),
				exchange_note_name((enum exchange_note_kind)j));
		}
	}
	assert_string_equal(exchange_note_name(EXCHANGE_NOTE_COUNT), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay_hands_slots_down),
		cmocka_unit_test(test_restarted_relay_knows_the_decision),
		cmocka_unit_test(test_relay_hands_statuses_up),
		cmocka_unit_test(test_relay_does_not_pass_on_what_it_hears_above),
		cmocka_unit_test(test_path_has_an_end),
		cmocka_unit_test(test_loops_are_noted_and_dropped),
		cmocka_unit_test(test_a_members_loop_is_told_as_one),
		cmocka_unit_test(test_the_way_that_is_taken_stays),
		cmocka_unit_test(test_shorter_path_counts_while_it_lasts),
		cmocka_unit_test(test_duplicate_sae_holds_the_rotation),
		cmocka_unit_test(test_a_restart_is_no_duplicate),
		cmocka_unit_test(test_duplicate_sae_aborts_before_commit),
		cmocka_unit_test(test_own_sae_spoken_for_by_another),
		cmocka_unit_test(test_relay_tells_of_a_duplicate),
		cmocka_unit_test(test_duplicate_beyond_a_relay_holds_the_rotation),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_message_on_an_unknown_link),
		cmocka_unit_test(test_only_changes_are_advertised),
		cmocka_unit_test(test_note_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
