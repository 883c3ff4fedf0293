/* Start times of key-chains (protocol.md section 5.8): choosing, moving and installing them. */
#include "test_exchange_master_fixture.h"

#define LEAD_S 40
#define TOLERANCE_S 5

static void use_chain(struct node *node, enum exchange_role role)
{
	node_init(node, role);
	node->config.uses_start = true;
	node->config.lead_s = LEAD_S;
	node->config.clock_tolerance_s = TOLERANCE_S;
	node->view.clock_s = node->now.wall_s;
}

/* Time goes on, for the device's clock too. */
static void chain_wait(struct node *node, uint64_t ms)
{
	node->view.clock_s += (int64_t)(ms / 1000);
	node_wait(node, ms);
	node_answer_read_back(node);
}

/* The device has the key beside the present one, waiting for this start. */
static void view_future(struct node *node, const char *key, int64_t start)
{
	struct exchange_device_key *entry = &node->view.keys[1];

	node->view.key_count = 1;
	view_add(node, key, false);
	entry->future = true;
	entry->start = start;
	node->view.latest_start = start;
}

static struct sae_status member_ready(const struct node *node)
{
	struct sae_status status = member(node, KEY_0);

	status.staged = ref_to(&node->x.record.staged);
	status.highest = node->x.record.staged.generation;
	return status;
}

static struct sae_status member_installed(const struct node *node, int64_t start)
{
	struct sae_status status = member_ready(node);

	status.applied = ref_to(&node->x.record.committed);
	status.latest_start = start;
	return status;
}

/* PREPARE is advertised, and this device would take the key. */
static void chain_propose(struct node *node)
{
	use_chain(node, EXCHANGE_MASTER);
	node_start(node, NULL);
	hear_member(node, KEY_0);
	node_stage(node, KEY_1);
}

/* COMMIT, and the master's own device has it. Returns the start. */
static int64_t chain_commit(struct node *node)
{
	struct sae_status status;

	chain_propose(node);
	status = member_ready(node);
	node_hear_status(node, &status);
	assert_int_equal(node->disk.decision, SLOT_COMMIT);
	view_future(node, KEY_1, node->disk.committed.start);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
	return node->disk.committed.start;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static void test_start_is_chosen_at_commit(void **state)
{
	struct node node;
	struct sae_status status;
	struct proposal proposal;

	(void)state;
	chain_propose(&node);
	proposal = node.x.record.staged;
	assert_int_equal(proposal.start, 0);
	status = member_ready(&node);
	node_hear_status(&node, &status);
	assert_in_range(node.disk.committed.start, node.view.clock_s + LEAD_S,
		node.view.clock_s + LEAD_S + 1);
	assert_memory_equal(node.disk.committed.digest, proposal.digest, DIGEST_LEN);
}

static void test_start_is_later_than_any_in_a_chain(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_propose(&node);
	status = member_ready(&node);
	status.latest_start = node.view.clock_s + 500;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, node.view.clock_s + 501);
}

/* Starts are told by the device's clock: that of the host may jump. */
static void test_clock_jump_after_read_back(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_propose(&node);
	node.now.wall_s += 315360000;
	status = member_ready(&node);
	node_hear_status(&node, &status);
	assert_in_range(node.disk.committed.start, node.view.clock_s + LEAD_S,
		node.view.clock_s + LEAD_S + 1);
}

static void test_master_holds_for_a_wrong_clock(void **state)
{
	struct node node;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node.view.clock_s -= TOLERANCE_S + 1;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_CLOCK);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_CLOCK);
	assert_false(node.x.fetch_pending);
	node.view.clock_s = node.now.wall_s + TOLERANCE_S;
	node_read_back(&node);
	hear_member(&node, KEY_0);
	assert_true(node.x.fetch_pending);
}

/* No key is asked for that the member would have to refuse. */
static void test_master_holds_for_a_members_wrong_clock(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.device_reason = REASON_DEVICE_CLOCK;
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_DEVICE_CLOCK);
	assert_string_equal(node_note(&node, EXCHANGE_NOTE_HELD)->sae.text, SLAVE);
	assert_false(node.x.fetch_pending);
	hear_member(&node, KEY_0);
	assert_true(node.x.fetch_pending);
}

static void test_slave_refuses_with_a_wrong_clock(void **state)
{
	struct node node;
	struct proposal proposal;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_SLAVE);
	node.view.clock_s = 0; /* a device without a clock will not do either */
	node_start(&node, NULL);
	proposal = proposal_of(&node, 1, KEY_1);
	node_hear_slot(&node, SLOT_PREPARE, &proposal, KEY_0);
	node_keys(&node, KEY_1);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	status = node_status(&node);
	assert_int_equal(status.failed.generation, 1);
	assert_int_equal(status.failed_reason, REASON_DEVICE_CLOCK);
	assert_int_equal(status.staged.generation, 0);
}

/* A start years ahead would put all later ones there too. */
static void test_start_too_far(void **state)
{
	struct node node;
	struct sae_status status;
	const struct exchange_note *note;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	status = member(&node, KEY_0);
	status.latest_start = node.view.clock_s + 315360000;
	node_hear_status(&node, &status);
	note = node_note(&node, EXCHANGE_NOTE_HELD);
	assert_int_equal(note->reason, REASON_START_TOO_FAR);
	assert_string_equal(note->sae.text, SLAVE);

	chain_propose(&node); /* also between PREPARE and COMMIT */
	status = member_ready(&node);
	status.latest_start = START_MAX;
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_ABORTED)->reason, REASON_START_TOO_FAR);
	assert_int_equal(node.disk.decision, SLOT_EMPTY);
}

/* A guest's key-chain counts while it is heard, and not for ever. */
static void test_a_guest_that_has_left_does_not_count(void **state)
{
	struct node node;
	struct sae_status guest, status;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	guest = status_of(&node, OTHER, KEY_0);
	guest.latest_start = START_MAX;
	node_hear_status(&node, &guest);
	status = member(&node, KEY_0);
	node_hear_status(&node, &status);
	assert_int_equal(node_note(&node, EXCHANGE_NOTE_HELD)->reason, REASON_START_TOO_FAR);
	chain_wait(&node, LIFE_MS + 1000);
	node_hear_status(&node, &status);
	assert_true(node.x.fetch_pending);
}

static int64_t next_lead(struct node *node)
{
	struct sae_status status = member(node, KEY_1);

	status.live = true;
	status.applied = ref_to(&node->x.record.committed);
	status.latest_start = node->disk.committed.start;
	view_only(node, KEY_1);
	node->view.keys[0].start = node->disk.committed.start;
	node->view.latest_start = node->disk.committed.start;
	node->view.clock_s = node->disk.committed.start;
	node->now.wall_s = node->view.clock_s;
	node_read_back(node);
	node_hear_status(node, &status);
	assert_int_equal(node->disk.decision, SLOT_CONFIRMED);
	node_device(node, EXCHANGE_DEVICE_RETIRE, 0);
	node_event(node, EXCHANGE_REKEY);
	node_stage(node, KEY_2);
	status.staged = ref_to(&node->x.record.staged);
	node_hear_status(node, &status);
	assert_int_equal(node->disk.committed.generation, 2);
	return node->disk.committed.start - node->view.clock_s;
}

static void test_lead_follows_the_hand_over(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	node_hear_status(&node, &status); /* at once: the floor */
	assert_in_range(next_lead(&node), LEAD_S, LEAD_S + 1);

	start = chain_commit(&node);
	chain_wait(&node, 15000);
	status = member_installed(&node, start);
	node_hear_status(&node, &status); /* four times as long as it took */
	assert_in_range(next_lead(&node), 60, 64);

	start = chain_commit(&node);
	chain_wait(&node, 7200000); /* not for ever more: an outage is no hand-over */
	status = member_installed(&node, start);
	node_hear_status(&node, &status);
	assert_in_range(next_lead(&node), 16 * LEAD_S, 16 * LEAD_S + 1);
}

/* ---- moving --------------------------------------------------------------------------------- */

static void test_moved_if_a_member_reports_it_missing(void **state)
{
	struct node node;
	struct sae_status status;
	struct message_content said;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node); /* and nothing installed */
	chain_wait(&node, (LEAD_S / 2 - 3) * 1000);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start); /* it may still come */
	chain_wait(&node, 5000);
	node_hear_status(&node, &status);
	assert_true(node_noted(&node, EXCHANGE_NOTE_RETIMED));
	assert_true(node.disk.committed.start >= node.view.clock_s + LEAD_S);
	assert_true(node.disk.committed.start > start);
	said = node_says(&node, 0);
	assert_int_equal(said.committed.phase, SLOT_COMMIT);
	assert_int_equal(said.committed.proposal.generation, 1);
	assert_int_equal(said.committed.proposal.start, node.disk.committed.start);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT); /* its own device too */

	status = member_installed(&node, start); /* the old start does not count */
	start = node.disk.committed.start;
	chain_wait(&node, (uint64_t)(start - node.view.clock_s - node.x.decided_lead_s / 2) * 1000);
	node_hear_status(&node, &status);
	assert_true(node.disk.committed.start > start);
}

static void test_silence_keeps(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node);
	node_hear_status(&node, &status);
	for (int i = 0; i < LEAD_S + 5; i++) {
		chain_wait(&node, 1000);
		assert_int_equal(node.disk.committed.start, start);
	}
}

static void test_not_moved_when_it_is_too_late(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node);
	chain_wait(&node, (LEAD_S - LEAD_S / 4 + 2) * 1000);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start);
}

static void test_not_moved_if_all_have_it(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	chain_wait(&node, (LEAD_S / 2 + 2) * 1000);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start);
}

/* ---- the slave ------------------------------------------------------------------------------ */

static struct proposal slave_ready(struct node *node)
{
	struct proposal proposal;

	use_chain(node, EXCHANGE_SLAVE);
	node->config.link_count = 2;
	node->config.links[1].direction = EXCHANGE_DOWN;
	node_start(node, NULL);
	proposal = proposal_of(node, 1, KEY_1);
	node_hear_slot(node, SLOT_PREPARE, &proposal, KEY_0);
	node_stage(node, KEY_1);
	return proposal;
}

static void test_a_start_moves_only_forward(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);
	int64_t start = node.view.clock_s + LEAD_S;

	(void)state;
	proposal.start = start;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
	view_future(&node, KEY_1, start);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	assert_int_equal(node_status(&node).applied.generation, 1);

	proposal.start = start + 30;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.committed.start, start + 30);
	assert_int_equal(node_status(&node).applied.generation, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);

	proposal.start = start; /* an old word */
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	assert_int_equal(node.disk.committed.start, start + 30);
	assert_int_equal(node_says(&node, 1).committed.proposal.start, start + 30);
}

/* Its neighbours have switched already, or wait for it: there is nothing to wait for. */
static void test_late_install_at_once(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);

	(void)state;
	proposal.start = node.view.clock_s - 100;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_2); /* no key in common */
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
}

/* A key that waits for its start is looked at now and then, and when it has come. */
static void test_read_back_waits_for_the_start(void **state)
{
	struct node node;
	struct proposal proposal = slave_ready(&node);
	uint64_t now_ms = node.now.mono_ms;

	(void)state;
	proposal.start = node.view.clock_s + 3;
	node_hear_slot(&node, SLOT_COMMIT, &proposal, KEY_0);
	view_future(&node, KEY_1, proposal.start);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	assert_int_equal(node.x.read_back_due_ms, now_ms + 3000);
}

static void test_past_keys_are_not_shown(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_SLAVE);
	node.view.keys[0].past = true;
	node.view.keys[0].transmitting = false;
	view_add(&node, KEY_1, true);
	node_start(&node, NULL);
	status = node_status(&node);
	assert_int_equal(status.usable_count, 1);
	assert_true(status.usable[0].transmitting);
}

/* A member was away until after the start: what it says first is LIVE. */
static void test_lead_after_a_late_member(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	chain_wait(&node, (LEAD_S + 3) * 1000); /* the hand-over took 43 s: 4 * 43 = 172 */
	view_only(&node, KEY_1);
	node.view.keys[0].start = start;
	node_read_back(&node);
	status = member(&node, KEY_1);
	status.applied = ref_to(&node.x.record.committed);
	status.live = true;
	status.latest_start = start;
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.decision, SLOT_CONFIRMED);
	node_device(&node, EXCHANGE_DEVICE_RETIRE, 0);
	for (int i = 0; i < 600; i++) {
		chain_wait(&node, 1000);
		node_hear_status(&node, &status);
		if (node.x.fetch_pending) {
			node_stage(&node, KEY_2);
			break;
		}
	}
	for (int i = 0; i < 1; i++) {
		status.staged = ref_to(&node.x.record.staged);
		node_hear_status(&node, &status);
	}
	assert_int_equal(node.disk.committed.generation, 2);
	assert_in_range(node.disk.committed.start - node.view.clock_s, LEAD_S, 175);
}

/* What is lost is no hand-over. */
static void test_lead_after_lost(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	for (int i = 0; i < 1200; i++) {
		chain_wait(&node, 1000); /* the member is away for 20 minutes, without its disk */
	}
	view_only(&node, KEY_1);
	node.view.keys[0].start = start;
	node_read_back(&node);
	status = member(&node, KEY_0);
	status.highest = 1;
	status.lost = ref_to(&node.x.record.committed);
	status.rekey_wanted = true;
	node_hear_status(&node, &status);
	for (int i = 0; i < 30 && !node.x.fetch_pending; i++) {
		chain_wait(&node, 1000);
		node_hear_status(&node, &status);
	}
	node_stage(&node, KEY_2);
	status.staged = ref_to(&node.x.record.staged);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.generation, 2);
	assert_in_range(node.disk.committed.start - node.view.clock_s, LEAD_S, 2 * LEAD_S);
}

/* The device's clock is put back between PREPARE and COMMIT. */
static void test_no_commit_with_a_wrong_clock(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_propose(&node);
	node.view.clock_s -= 3600;
	node_read_back(&node);
	assert_true(node.x.clock_wrong);
	status = member_ready(&node);
	node_hear_status(&node, &status);
	assert_int_not_equal(node.disk.decision, SLOT_COMMIT);
}

/* The start has come; then the device's clock steps back, and a member has not got the keys. */
static void test_no_retime_with_a_wrong_clock(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node);
	for (int i = 0; i < LEAD_S + 5; i++) {
		chain_wait(&node, 1000);
	}
	assert_int_equal(node.disk.committed.start, start);
	assert_true(node.now.wall_s > start);
	node.view.clock_s = start - 15; /* now it is */
	node_read_back(&node);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.start, start);
}

/* What was in the way of the device is past: it has the keys, and waits for their start. */
static void test_reason_goes_when_the_device_has_it(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	chain_propose(&node);
	status = member_ready(&node);
	node_hear_status(&node, &status);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, REASON_DEVICE_LOCKED);
	node_read_back(&node);
	while (node.x.device_pending != EXCHANGE_DEVICE_COMMIT) {
		chain_wait(&node, 100);
	}
	view_future(&node, KEY_1, node.disk.committed.start);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	assert_int_equal(node_status(&node).applied.generation, 1);
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
}

/* Our own device does not answer; the member is READY, and its chain has the latest start. */
static void test_not_ready_names_nobody_else(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	node_keys(&node, KEY_1); /* PREPARE is asked, and not answered */
	for (int i = 0; i < 20; i++) {
		status = member_ready(&node);
		status.latest_start = node.now.wall_s - 100;
		node.now.mono_ms += 1000;
		node.now.wall_s++;
		node_hear_status(&node, &status);
		if (node_noted(&node, EXCHANGE_NOTE_ABORTED)) {
			const struct exchange_note *note = node_note(&node, EXCHANGE_NOTE_ABORTED);
			assert_int_equal(note->sae.len, 0);
			return;
		}
	}
	fail();
}

static void test_budget_names_nobody(void **state)
{
	struct node node;
	struct sae_status status;

	(void)state;
	use_chain(&node, EXCHANGE_MASTER);
	node.config.keys_per_hour = 1;
	node_start(&node, NULL);
	hear_member(&node, KEY_0);
	node_keys_failed(&node, REASON_KME_TIMEOUT);
	for (int i = 0; i < 20; i++) {
		status = member(&node, KEY_0);
		status.latest_start = node.now.wall_s - 100;
		node.now.mono_ms += 1000;
		node.now.wall_s++;
		node_hear_status(&node, &status);
		if (node_noted(&node, EXCHANGE_NOTE_HELD)) {
			const struct exchange_note *note = node_note(&node, EXCHANGE_NOTE_HELD);
			assert_int_equal(note->sae.len, 0);
			return;
		}
	}
	fail();
}

/* Two stations speak for a member: whose word is it that the keys are not there? */
static void test_not_moved_while_a_member_is_doubled(void **state)
{
	struct node node;
	struct sae_status status;
	struct message_content content;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_ready(&node);
	content = content_of(&status);
	chain_wait(&node, (LEAD_S / 2 - 2) * 1000);
	for (uint8_t i = 0; i < 40; i++) {
		node_hear_on(&node, 0, 1 + i % 2, &content);
		chain_wait(&node, i < 4 ? 10 : 200);
		node.view.clock_s = node.now.wall_s + i / 5;
	}
	assert_true(node.x.peers[0].duplicate_ms != 0);
	assert_int_equal(node.disk.committed.start, start);
}

/* All have the keys, and wait for the start longer than a key may take to become live. */
static void test_waiting_for_the_start_is_no_failure(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node);
	status = member_installed(&node, start);
	for (int i = 0; i < LEAD_S - 2; i++) {
		chain_wait(&node, 1000);
		node_hear_status(&node, &status);
	}
	assert_int_equal(node.x.record.highest, 1);
	assert_int_equal(node_status(&node).device_reason, REASON_NONE);
}

/* The device may have had a start installed since it was read back. */
static void test_start_is_later_than_what_was_decided_last(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	start = chain_commit(&node) + 3000;
	node.x.record.committed.start = start; /* moved, and not read back */
	status = member_ready(&node);
	status.lost = ref_to(&node.x.record.committed);
	node_hear_status(&node, &status);
	node_stage(&node, KEY_2);
	status = member_ready(&node);
	node_hear_status(&node, &status);
	assert_int_equal(node.disk.committed.generation, 2);
	assert_true(node.disk.committed.start > start);
}

/* A lead that shrinks while a start is ahead: the slow hand-over behind it is forgotten meanwhile.
 */
static void test_moved_only_forward(void **state)
{
	struct node node;
	struct sae_status status;
	int64_t start;

	(void)state;
	chain_propose(&node);
	node.x.hand_over_ms[0] = 100000; /* the next to be overwritten */
	status = member_ready(&node);
	node_hear_status(&node, &status);
	start = node.disk.committed.start;
	assert_true(start - node.view.clock_s > 400);
	view_future(&node, KEY_1, start);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(&node);
	status = member_installed(&node, start);
	while (start - node.view.clock_s > 195) {
		node_hear_status(&node, &status);
		chain_wait(&node, 1000);
	}
	status = member_ready(&node); /* its device has gone back */
	for (int i = 0; i < 5; i++) {
		node_hear_status(&node, &status);
		assert_true(node.disk.committed.start >= start);
		chain_wait(&node, 1000);
	}
}

/* The clock is shown before what else there is: the master must not decide on a start. */
static void test_wrong_clock_is_not_masked(void **state)
{
	struct node node;
	struct proposal one, two;
	(void)state;
	node_init(&node, EXCHANGE_SLAVE);
	node.config.uses_start = true;
	node.config.lead_s = LEAD_S;
	node.config.clock_tolerance_s = 5;
	node.view.clock_s = node.now.wall_s;
	node_start(&node, NULL);
	one = proposal_of(&node, 1, KEY_1);
	node_hear_slot(&node, SLOT_PREPARE, &one, KEY_0);
	node_stage(&node, KEY_1);
	one.start = node.view.clock_s + 1;
	node_hear_slot(&node, SLOT_COMMIT, &one, KEY_0);
	view_add(&node, KEY_1, false);
	node.view.keys[1].start = one.start;
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	for (int i = 0; i < 20; i++) {
		node_answer(&node);
		node.view.clock_s++;
		node_wait(&node, 1000);
	}
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_NOT_LIVE);
	two = proposal_of(&node, 2, KEY_2);
	node_hear_slot(&node, SLOT_PREPARE, &two, KEY_0);
	node_keys(&node, KEY_2);
	while (node.x.device_pending != EXCHANGE_DEVICE_PREPARE) {
		node_device(&node, node.x.device_pending, 0);
	}
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node_status(&node).staged.generation, 2);
	node.view.clock_s -= 3600;
	node_read_back(&node);
	assert_true(node.x.clock_wrong);
	assert_true(node_status(&node).device_reason == REASON_DEVICE_CLOCK ||
		    node_status(&node).failed.generation == 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_is_chosen_at_commit),
		cmocka_unit_test(test_start_is_later_than_any_in_a_chain),
		cmocka_unit_test(test_clock_jump_after_read_back),
		cmocka_unit_test(test_master_holds_for_a_wrong_clock),
		cmocka_unit_test(test_master_holds_for_a_members_wrong_clock),
		cmocka_unit_test(test_slave_refuses_with_a_wrong_clock),
		cmocka_unit_test(test_start_too_far),
		cmocka_unit_test(test_a_guest_that_has_left_does_not_count),
		cmocka_unit_test(test_lead_follows_the_hand_over),
		cmocka_unit_test(test_moved_if_a_member_reports_it_missing),
		cmocka_unit_test(test_silence_keeps),
		cmocka_unit_test(test_not_moved_when_it_is_too_late),
		cmocka_unit_test(test_not_moved_if_all_have_it),
		cmocka_unit_test(test_a_start_moves_only_forward),
		cmocka_unit_test(test_late_install_at_once),
		cmocka_unit_test(test_read_back_waits_for_the_start),
		cmocka_unit_test(test_past_keys_are_not_shown),
		cmocka_unit_test(test_lead_after_a_late_member),
		cmocka_unit_test(test_lead_after_lost),
		cmocka_unit_test(test_no_commit_with_a_wrong_clock),
		cmocka_unit_test(test_no_retime_with_a_wrong_clock),
		cmocka_unit_test(test_reason_goes_when_the_device_has_it),
		cmocka_unit_test(test_not_ready_names_nobody_else),
		cmocka_unit_test(test_budget_names_nobody),
		cmocka_unit_test(test_not_moved_while_a_member_is_doubled),
		cmocka_unit_test(test_waiting_for_the_start_is_no_failure),
		cmocka_unit_test(test_start_is_later_than_what_was_decided_last),
		cmocka_unit_test(test_moved_only_forward),
		cmocka_unit_test(test_wrong_clock_is_not_masked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
