/* A SecY that loses its SAs, a neighbour's that does, and when the next key is wanted (protocol.md
 * section 5.9). */
#include "test_exchange_secy_fixture.h"

/* ---- before COMMIT is carried out ------------------------------------------------------------ */

/* What the neighbour said before may be past: it is to say it again. */
static void test_words_are_forgotten_with_a_secy(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_ready(&node);
	kernel_anew(&node);
	node_wait(&node, node.config.read_back_ms);
	hear(&node, &master);
	assert_non_null(receivable(&node, KEY_1));
	node_answer_read_back(&node);
	assert_int_equal(node_status(&node).staged.generation, 0);
	assert_null(receivable(&node, KEY_1));
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
	kernel_transmit(&node, KEY_1, OURS_ANEW);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_NONE);
	hear(&node, &master);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
	assert_non_null(receivable(&node, KEY_1));
}

/* Nobody knows what the SecY was before the first look at it. */
static void test_words_before_the_first_look_are_forgotten(void **state)
{
	struct node node;
	struct master master;
	struct exchange_record disk;

	(void)state;
	master = slave_committed(&node);
	disk = node.disk;
	exchange_init(&node.x, &node.config, &disk);
	node_event(&node, EXCHANGE_START);
	hear(&node, &master);
	kernel_anew(&node);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_null(receivable(&node, KEY_1));
	hear(&node, &master);
	assert_non_null(receivable(&node, KEY_1));
}

/* As if it had been made anew: somebody has deleted one receive SA. */
static void test_words_are_forgotten_with_a_receive_sa(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_committed(&node);
	node.view.secys[0].shown.receive_count--;
	node_wait(&node, node.config.read_back_ms);
	hear(&node, &master);
	node_answer_read_back(&node);
	assert_null(receivable(&node, KEY_1));
	hear(&node, &master);
	assert_non_null(receivable(&node, KEY_1));
}

/* ... but not when one nonce was followed by another. */
static void test_words_stay_when_a_nonce_is_followed(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_ready(&node);
	master_transmits(&node, &master, KEY_1, THEIRS_ANEW, true);
	hear(&node, &master);
	node_await(&node, EXCHANGE_DEVICE_PREPARE);
	kernel_replace(&node, THEIRS, THEIRS_ANEW);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).staged.generation, 1);
}

/* What was there when the device was looked at last is not made: the SecY may be another by now. */
static void test_what_was_there_is_not_made(void **state)
{
	struct node node;
	struct master master;
	uint8_t token[CKN_TOKEN_LEN];
	bool is_there = true;

	(void)state;
	master = slave_prepare(&node);
	token_of(&node, KEY_1, token);
	master_transmits(&node, &master, KEY_1, THEIRS, true);
	hear(&node, &master);
	assert_non_null(exchange_receivable(&node.x, 0, 0, token, &is_there));
	assert_false(is_there);
	kernel_receive(&node, KEY_1, THEIRS);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_non_null(exchange_receivable(&node.x, 0, 0, token, &is_there));
	assert_true(is_there);
	node_wait(&node, LIFE_MS + 1); /* however long it is silent: it may send */
	assert_non_null(exchange_receivable(&node.x, 0, 0, token, &is_there));
	assert_true(is_there);
}

/* ---- LOST, and the next key ------------------------------------------------------------------ */

/* All of it has gone, and the device has been given the key again; it is heard what becomes of it.
 */
static struct master made_anew(struct node *node, bool master_sends)
{
	struct master master = slave_live(node);

	master_transmits(node, &master, KEY_1, THEIRS, !master_sends);
	hear(node, &master);
	kernel_anew(node);
	node_await(node, EXCHANGE_DEVICE_PREPARE);
	assert_int_equal(node->did.device_generation, 1);
	kernel_transmit(node, KEY_1, OURS_ANEW);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(node).lost.generation, 0); /* it may not send yet */
	hear(node, &master);
	return master;
}

static void test_what_a_neighbour_sends_already_is_lost(void **state)
{
	struct node node;

	(void)state;
	made_anew(&node, true);
	assert_int_equal(node_status(&node).lost.generation, 1);
	assert_true(node_status(&node).rekey_wanted);
	assert_null(receivable(&node, KEY_1));
	assert_int_not_equal(node.x.device_pending, EXCHANGE_DEVICE_PREPARE);
}

/* The neighbour has not begun: then nothing is lost. And the new SA is as good as the first one. */
static void test_what_nobody_sends_yet_is_received_again(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = made_anew(&node, false);
	assert_int_equal(node_status(&node).lost.generation, 0);
	node_await(&node, EXCHANGE_DEVICE_PREPARE);
	kernel_receive(&node, KEY_1, THEIRS);
	node_device(&node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(&node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(&node).applied.generation, 1);
	assert_true(says_unused(&node, KEY_1));
	slave_waits(&node, &master, 2); /* what it receives is the SA that has gone */
	master_receives(&master, OURS_ANEW);
	hear(&node, &master);
	assert_int_equal(node.x.device_pending, EXCHANGE_DEVICE_COMMIT);
}

/* A silent neighbour is not taken for one that sends. */
static void test_no_loss_by_an_old_word(void **state)
{
	struct node node;

	(void)state;
	made_anew(&node, true);
	node_wait(&node, LIFE_MS + 1);
	assert_int_equal(node_status(&node).lost.generation, 0);
}

/* After CONFIRMED there are no keys to make it from. */
static void test_confirmed_and_made_anew_wants_the_next_key(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	master = slave_confirmed(&node);
	assert_false(node_status(&node).rekey_wanted);
	kernel_anew(&node);
	node_read_back(&node);
	assert_true(node_status(&node).rekey_wanted);
	slave_waits(&node, &master, 3);
}

/* Also if only one neighbour's receive SA has gone. */
static void test_confirmed_and_deaf_wants_the_next_key(void **state)
{
	struct node node;

	(void)state;
	slave_confirmed(&node);
	kernel(&node)->receive_count--;
	node_read_back(&node);
	assert_true(node_status(&node).rekey_wanted);
}

/* A restart with all in place: nothing is asked for, though nobody has been heard yet. */
static void test_a_restart_wants_nothing(void **state)
{
	struct node node;
	struct exchange_record disk;

	(void)state;
	slave_confirmed(&node);
	disk = node.disk;
	exchange_init(&node.x, &node.config, &disk);
	node_event(&node, EXCHANGE_START);
	for (unsigned i = 0; i < 10; i++) {
		assert_false(node_status(&node).rekey_wanted);
		node_answer_read_back(&node);
		node_wait(&node, 1000);
	}
	assert_true(node_status(&node).live);
}

/* ---- looks ----------------------------------------------------------------------------------- */

/* With the step of it something else is to be saved, which fails. */
static void test_a_change_is_looked_at_though_nothing_can_be_saved(void **state)
{
	struct node node;
	struct master master;

	(void)state;
	slave_init(&node);
	node_start(&node, NULL);
	node.disk_full = true;
	master = master_of(&node);
	master.slot.proposal = proposal_of(&node, 1, KEY_1);
	hear_phase(&node, &master, SLOT_PREPARE);
	hear_phase(&node, &master, SLOT_PREPARE); /* waits for the disk to be tried again */
	node.now.mono_ms = node.x.save_retry_ms;
	node_event(&node, EXCHANGE_DEVICE_CHANGED);
	assert_true(node.x.save_retry_ms > node.now.mono_ms);
	assert_int_equal(node.did.device, EXCHANGE_DEVICE_READ_BACK);
}

/* A look that makes a device, which fails, and takes it away again, is not its own next reason. */
static void test_a_look_is_no_reason_for_the_next(void **state)
{
	struct node node;
	unsigned looks = 0;

	(void)state;
	slave_init(&node);
	node_start(&node, NULL);
	for (uint64_t end_ms = node.now.mono_ms + 10000; node.now.mono_ms < end_ms;) {
		node_event(&node, EXCHANGE_DEVICE_CHANGED);
		if (node.x.device_pending == EXCHANGE_DEVICE_READ_BACK) {
			looks++;
			node_device(&node, EXCHANGE_DEVICE_READ_BACK, REASON_DEVICE_PROTOCOL);
		}
		node_wait(&node, 10);
	}
	assert_in_range(
		looks, 10000 / node.config.verify_ms - 1, 10000 / node.config.verify_ms + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_forgotten_with_a_secy),
		cmocka_unit_test(test_words_before_the_first_look_are_forgotten),
		cmocka_unit_test(test_words_are_forgotten_with_a_receive_sa),
		cmocka_unit_test(test_words_stay_when_a_nonce_is_followed),
		cmocka_unit_test(test_what_was_there_is_not_made),
		cmocka_unit_test(test_what_a_neighbour_sends_already_is_lost),
		cmocka_unit_test(test_what_nobody_sends_yet_is_received_again),
		cmocka_unit_test(test_no_loss_by_an_old_word),
		cmocka_unit_test(test_confirmed_and_made_anew_wants_the_next_key),
		cmocka_unit_test(test_confirmed_and_deaf_wants_the_next_key),
		cmocka_unit_test(test_a_restart_wants_nothing),
		cmocka_unit_test(test_a_change_is_looked_at_though_nothing_can_be_saved),
		cmocka_unit_test(test_a_look_is_no_reason_for_the_next),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
