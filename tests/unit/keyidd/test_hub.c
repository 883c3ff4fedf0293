/* A link inside the process: what is sent comes from the loop, in order, once, and bounded. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keyidd/hub.h"

static struct loop *loop;
static struct hub *hub;
static int stations[2]; /* their addresses stand for them */

static struct {
	size_t count;
	uint8_t first_octets[2 * HUB_QUEUE_MAX];
	const void *from;
	size_t len;
	size_t answers; /* sent from inside a delivery */
	bool delivering;
} seen;

static void stop(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

/* Long enough for whatever is due now. */
static void run_for_a_moment(void)
{
	struct loop_timer end = { .fn = stop };

	loop_timer_set(loop, &end, clock_mono_ms() + 20);
	loop_run(loop);
}

static void deliver(void *ctx, const void *from, const uint8_t *message, size_t len)
{
	static const uint8_t answer[] = { 0xaa };

	assert_ptr_equal(ctx, &seen);
	assert_false(seen.delivering);
	seen.delivering = true;
	seen.first_octets[seen.count++] = message[0];
	seen.from = from;
	seen.len = len;
	if (seen.answers > 0) {
		seen.answers--;
		assert_int_equal(hub_send(hub, &stations[1], answer, sizeof(answer)), 0);
	}
	seen.delivering = false;
}

static int setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	loop = loop_new();
	hub = loop ? hub_new(loop, deliver, &seen) : NULL;
	return hub ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	hub_free(hub);
	loop_free(loop);
	return 0;
}

static int send(uint8_t octet)
{
	uint8_t message[100] = { octet };

	return hub_send(hub, &stations[0], message, sizeof(message));
}

static void test_from_the_loop_in_order(void **state)
{
	(void)state;

	for (uint8_t i = 0; i < 10; i++) {
		assert_int_equal(send(i), 0);
	}
	assert_int_equal(seen.count, 0);
	run_for_a_moment();
	assert_int_equal(seen.count, 10);
	for (uint8_t i = 0; i < 10; i++) {
		assert_int_equal(seen.first_octets[i], i);
	}
	assert_ptr_equal(seen.from, &stations[0]);
	assert_int_equal(seen.len, 100);
}

/* An answer given while one hears is not heard by others in the middle of that. */
static void test_answers_wait(void **state)
{
	(void)state;

	seen.answers = 5;
	assert_int_equal(send(1), 0);
	assert_int_equal(send(2), 0);
	run_for_a_moment();
	assert_int_equal(seen.count, 7);
	assert_int_equal(seen.first_octets[1], 2);
	assert_int_equal(seen.first_octets[2], 0xaa);
}

static void test_bounded(void **state)
{
	(void)state;

	for (size_t i = 0; i < HUB_QUEUE_MAX; i++) {
		assert_int_equal(send(1), 0);
	}
	assert_int_equal(send(1), -ENOBUFS);
}

static void test_after_it_was_full(void **state)
{
	(void)state;

	test_bounded(state);
	hub_free(hub); /* with all that waits */
	hub = hub_new(loop, deliver, &seen);
	assert_int_equal(send(7), 0);
	run_for_a_moment();
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.first_octets[0], 7);
}

static void test_forgotten_sender(void **state)
{
	(void)state;

	assert_int_equal(send(1), 0);
	hub_forget(hub, &stations[1]);
	hub_forget(hub, &stations[0]);
	run_for_a_moment();
	assert_int_equal(seen.count, 1);
	assert_null(seen.from);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from_the_loop_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_it_was_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten_sender, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
