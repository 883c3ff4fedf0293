/* Keys that are SAs of the host's own SecYs, from PREPARE to the first frame (protocol.md
 * section 5.9).
 */
#include "test_exchange_secy_fixture.h"

/* ---- SECY ------------------------------------------------------------------------------------ */

static void test_a_secy_is_shown_once_it_is_read_back(void **state)
{
	struct node node;
	struct message_content says;

	(void)state;
	slave_init(&node);
	exchange_init(&node.x, &node.config, NULL);
	node_event(&node, EXCHANGE_START);
	assert_false(node_says(&node, 0).secy.present);
	node_read_back(&node);
	says = node_says(&node, 0);
	assert_true(says.secy.present);
	assert_memory_equal(&says.secy, kernel(&node), sizeof(says.secy));
	node_wait(&node, node.config.read_back_ms);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, REASON_DEVICE_TIMEOUT);
	assert_false(node_says(&node, 0).secy.present);
}

/* What a relay says of another has not been said of the relay's SecY. */
static void test_a_secy_is_its_senders(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	master.status.hops = 1;
	hear(&node, &master);
	assert_null(receivable(&node, KEY_1));
}

/* ---- PREPARE --------------------------------------------------------------------------------- */

static void test_a_nonce_is_waited_for(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	assert_null(receivable(&node, KEY_1));
	assert_int_equal(node_status(&node).staged.generation, 0);
	slave_waits(&node, &master, 2);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_PREPARE); /* at once */
	assert_int_equal(receivable(&node, KEY_1)->nonce[0], THEIRS);
}

static void test_a_used_sa_is_not_received(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, false);
	hear(&node, &master);
	assert_null(receivable(&node, KEY_1));
	slave_waits(&node, &master, 3);
	assert_int_equal(node_status(&node).staged.generation, 0);
}

/* Of a word that is no longer fresh nothing is made. */
static void test_a_stale_nonce_is_not_received(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0); /* done, and yet not there */
	node_wait(&node, LIFE_MS + 1);
	assert_null(receivable(&node, KEY_1));
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
}

/* However long a PREPARE takes: what it has done is seen before it is asked for again. */
static void test_prepared_is_looked_at_first(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	node_wait(&node, 2 * node.config.verify_ms);
	hear(&node, &master);
	kernel_receive(&node, KEY_1, THEIRS);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 1);
}

/* The device says that it has made it, and does not show it. */
static void test_prepared_is_asked_now_and_then(void **state)
{
	struct node node;
	struct master master;
	unsigned asked = 0;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	for (uint64_t end_ms = node.now.mono_ms + 10000; node.now.mono_ms < end_ms;) {
		asked += node.x.device_pending == EXCHANGE_DEVICE_PREPARE;
		node_answer(&node);
		hear(&node, &master);
		node_wait(&node, 10);
	}
	assert_in_range(asked, 5, 10000 / node.config.verify_ms + 1);
}

/* The first one tells whether the device would take the key. What only follows is tried again. */
static void test_a_prepare_that_follows_may_fail(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_TIMEOUT);
	assert_int_equal(node_status(&node).failed.generation, 0);
	assert_int_equal(node_status(&node).device_reason, REASON_DEVICE_TIMEOUT);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	node_await(&node, EXCHANGE_DEVICE_PREPARE);
	kernel_receive(&node, KEY_1, THEIRS);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 1);

	slave_propose(&node);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_TIMEOUT);
	assert_int_equal(node_status(&node).failed.generation, 1);
}

/* A neighbour whose SecY is made anew all the time is not followed each time. */
static void test_nonces_that_change_are_followed_now_and_then(void **state)
{
	struct node node;
	struct master master;
	unsigned asked = 0;
	uint8_t nonce = 1;

	(void)state;
	master = slave_prepare(&node);
	for (uint64_t end_ms = node.now.mono_ms + 10000; node.now.mono_ms < end_ms; nonce++) {
		master_transmits(&node, &master, KEY_1, nonce, true);
		master.secy.present = nonce % 4 != 0;
		hear(&node, &master);
		asked += node.x.device_pending == EXCHANGE_DEVICE_PREPARE;
		node_answer(&node);
		node_answer(&node);
		node_wait(&node, 10);
	}
	assert_in_range(asked, 5, 10000 / node.config.verify_ms + 1);
}

static void test_other_cipher_suites_fail(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_prepare(&node);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	master.secy.suite = SUITE - 1;
	hear(&node, &master);
	assert_null(receivable(&node, KEY_1));
	master.slot.proposal = proposal_of(&node, 2, KEY_2);
	master.slot.proposal.an = 2;
	proposal_set_digest(&node, &master.slot.proposal);
	hear(&node, &master);
	node_await(&node, EXCHANGE_DEVICE_DISCARD);
	node_device(&node, EXCHANGE_DEVICE_DISCARD, 0);
	node_answer_read_back(&node);
	hear(&node, &master);
	node_keys(&node, KEY_2);
	assert_int_equal(node_status(&node).failed.generation, 2);
	assert_int_equal(node_status(&node).failed_reason, REASON_DEVICE_CIPHER_SUITE);
}

/* ---- READY ----------------------------------------------------------------------------------- */

static void test_ready_receives_the_present_nonce(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_ready(&node);
	master_transmits(&node, &master, KEY_1, THEIRS_ANEW, true);
	hear(&node, &master);
	assert_int_equal(node_status(&node).staged.generation, 0);
	node_await(&node, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(receivable(&node, KEY_1)->nonce[0], THEIRS_ANEW);
	kernel_replace(&node, THEIRS, THEIRS_ANEW);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 1);
}

/* The neighbour may have made its SecY anew by now. */
static void test_ready_is_by_fresh_words(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_ready(&node);
	node_wait(&node, LIFE_MS + 1);
	assert_int_equal(node_status(&node).staged.generation, 0);
	hear(&node, &master);
	assert_int_equal(node_status(&node).staged.generation, 1);
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
}

/* As long as it has not said what it will transmit with, what is received is anybody's. */
static void test_ready_knows_every_neighbour(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	slave_init(&node);
	node.config.links[0].neighbour_count = 2;
	node.config.links[0].neighbours[1] = sae(OTHER);
	node_start(&node, NULL);
	master = master_of(&node);
	master.slot.proposal = proposal_of(&node, 1, KEY_1);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear_phase(&node, &master, SLOT_PREPARE);
	node_keys(&node, KEY_1);
	kernel_transmit(&node, KEY_1, OURS);
	kernel_receive(&node, KEY_1, THEIRS);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 0);

	master.status.sae = sae(OTHER);
	master.slot.phase = SLOT_EMPTY;
	master_transmits(&node, &master, KEY_1, THIRD, true);
	hear(&node, &master);
	kernel_receive(&node, KEY_1, THIRD);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 1);
}

/* If its master has lost its records, it will never be READY, and a number may be wanted. */
static void test_the_number_gives_way_before_ready(void **state)
{
	struct node node;

	(void)state;
	slave_propose(&node);
	kernel_transmit(&node, KEY_1, OURS);
	node.view.an_in_use = 0x3;
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 0);
	assert_int_equal(node_status(&node).an_in_use, 0x1);
}

/* What has the number is not what is staged: that cannot be taken out. */
static void test_a_number_that_another_key_has_stays(void **state)
{
	struct node node;

	(void)state;
	slave_propose(&node);
	kernel_transmit(&node, KEY_3, 0x0c);
	node.view.an_in_use = 0x3;
	node_device(&node, EXCHANGE_DEVICE_PREPARE, REASON_DEVICE_REFUSED);
	node_read_back(&node);
	assert_int_equal(node_status(&node).an_in_use, 0x3);
}

static void test_ready_again_after_a_restart(void **state)
{
	struct node node;
	struct master master;
	struct exchange_record disk;

	(void)state;
	master = slave_ready(&node);
	disk = node.disk;
	exchange_init(&node.x, &node.config, &disk);
	node_event(&node, EXCHANGE_START);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0); /* before anything is known */
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 0);
	hear(&node, &master);
	assert_int_equal(node_status(&node).staged.generation, 1);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
}

/* ---- COMMIT ---------------------------------------------------------------------------------- */

static void test_sends_what_the_neighbour_receives(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_committed(&node);
	slave_waits(&node, &master, 3);
	master_receives(&master, OURS_ANEW); /* of an earlier life of the SecY */
	hear(&node, &master);
	slave_waits(&node, &master, 3);
	master_receives(&master, OURS);
	hear(&node, &master);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
}

/* Also if there is nothing to lose: once it has been sent under, nobody may begin to receive it. */
static void test_waits_for_who_uses_no_key_of_ours(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_committed(&node);
	master.status.usable[0] = master.status.usable[1];
	master.status.usable_count = 1;
	hear(&node, &master);
	slave_waits(&node, &master, 3);
	master_receives(&master, OURS);
	hear(&node, &master);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
}

/* With two links to one neighbour, what it has said on one of them may be old. */
static void test_each_links_word_is_fresh(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_committed(&node);
	node.config.link_count = 2;
	node.config.links[1] = node.config.links[0];
	node.view.secys[1] = node.view.secys[0];
	node_read_back(&node);
	master_receives(&master, OURS);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	master.status.device_known = false; /* it need not be */
	hear_on(&node, 1, &master);
	node_wait(&node, LIFE_MS + 1);
	node_answer_read_back(&node);
	master.status.device_known = true;
	hear_on(&node, 0, &master);
	node_answer_read_back(&node);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	hear_on(&node, 1, &master);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
}

/* It may send before it is looked at; then what is seen counts. */
static void test_used_from_when_it_is_asked_to_send(void **state)
{
	struct node node;

	(void)state;
	slave_committed(&node);
	assert_true(says_unused(&node, KEY_1));
	slave_moving(&node);
	assert_false(says_unused(&node, KEY_1));
	assert_int_equal(node.did.advertise, 1);
	kernel_encode(&node, KEY_1);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, 0);
	assert_false(says_unused(&node, KEY_1));
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_false(says_unused(&node, KEY_1));
	assert_true(node_status(&node).live);
}

static void test_unused_if_it_did_not_come_to_send(void **state)
{
	struct node node;

	(void)state;
	slave_moving(&node);
	node_device(&node, EXCHANGE_DEVICE_COMMIT, REASON_DEVICE_REFUSED);
	assert_false(says_unused(&node, KEY_1)); /* it may have, all the same */
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_true(says_unused(&node, KEY_1));
}

/* Whatever is decided meanwhile: it is on its way to be sent with. */
static void test_used_though_another_is_decided(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_moving(&node);
	master.slot.proposal = proposal_of(&node, 2, KEY_2);
	hear(&node, &master);
	assert_int_equal(node.x.record.committed.generation, 2);
	assert_false(says_unused(&node, KEY_1));
}

static void test_nothing_is_sent_if_that_cannot_be_saved(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_ready(&node);
	master_receives(&master, OURS);
	node.disk_full = true;
	hear_phase(&node, &master, SLOT_COMMIT);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_NONE);
	assert_true(says_unused(&node, KEY_1));
	node.disk_full = false;
	node_wait(&node, 1000);
	hear(&node, &master);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_COMMIT);
	assert_false(says_unused(&node, KEY_1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_secy_is_shown_once_it_is_read_back),
		cmocka_unit_test(test_a_secy_is_its_senders),
		cmocka_unit_test(test_a_nonce_is_waited_for),
		cmocka_unit_test(test_a_used_sa_is_not_received),
		cmocka_unit_test(test_a_stale_nonce_is_not_received),
		cmocka_unit_test(test_prepared_is_looked_at_first),
		cmocka_unit_test(test_prepared_is_asked_now_and_then),
		cmocka_unit_test(test_a_prepare_that_follows_may_fail),
		cmocka_unit_test(test_nonces_that_change_are_followed_now_and_then),
		cmocka_unit_test(test_other_cipher_suites_fail),
		cmocka_unit_test(test_ready_receives_the_present_nonce),
		cmocka_unit_test(test_ready_is_by_fresh_words),
		cmocka_unit_test(test_ready_knows_every_neighbour),
		cmocka_unit_test(test_the_number_gives_way_before_ready),
		cmocka_unit_test(test_a_number_that_another_key_has_stays),
		cmocka_unit_test(test_ready_again_after_a_restart),
		cmocka_unit_test(test_sends_what_the_neighbour_receives),
		cmocka_unit_test(test_waits_for_who_uses_no_key_of_ours),
		cmocka_unit_test(test_each_links_word_is_fresh),
		cmocka_unit_test(test_used_from_when_it_is_asked_to_send),
		cmocka_unit_test(test_unused_if_it_did_not_come_to_send),
		cmocka_unit_test(test_used_though_another_is_decided),
		cmocka_unit_test(test_nothing_is_sent_if_that_cannot_be_saved),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
