/*
 * What goes through two lldpds, with keyidd-lldpd and lldpd.h at each end. Run by
 * lldpd_port.sh: the path of keyidd-lldpd, then SOCKET INTERFACE of the near end and of
 * the far one; the interfaces are two ends of a wire. Prints how long a message takes, too.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "keyidd/lldpd.h"
#include "l2proto/message.h"

#define PATIENCE_MS 20000
#define BURST 2000
#define STREAM 200
#define ROUNDS 101

static const struct lldp_format format = { { 0x00, 0x00, 0x5e }, 42 };
static const char *program, *socket_of[2], *interface_of[2];

static struct {
	struct loop *loop;
	struct lldpd *lldpd[2]; /* near, far */
	struct lldpd_port *port[2];
	unsigned opened;
	bool late;
	void (*step)(
		const uint8_t *message, size_t len); /* heard by the far one; at first nothing */
	struct loop_timer patience, tick;
	unsigned count, heard;
} test;

/* ---- two lldpds ------------------------------------------------------------------------------ */

static void give_up(void *ctx)
{
	(void)ctx;
	test.late = true;
	loop_stop(test.loop);
}

static void near_heard(void *ctx, const uint8_t *message, size_t len)
{
	(void)ctx;
	(void)message;
	(void)len;
}

static void far_heard(void *ctx, const uint8_t *message, size_t len)
{
	(void)ctx;
	if (test.opened == 2) {
		test.heard++;
		test.step(message, len);
	}
}

static void opened(void *ctx)
{
	(void)ctx;
	if (++test.opened == 2) {
		test.step(NULL, 0);
	}
}

static int setup(void **state)
{
	static const struct lldpd_listener listeners[] = { { near_heard, opened, NULL },
		{ far_heard, opened, NULL } };

	(void)state;
	memset(&test, 0, sizeof(test));
	test.loop = loop_new();
	test.patience.fn = give_up;
	for (int i = 0; i < 2; i++) {
		struct lldpd_config config = { socket_of[i], format, program };

		test.lldpd[i] = lldpd_new(test.loop, &config);
		assert_non_null(test.lldpd[i]);
		test.port[i] = lldpd_port_open(test.lldpd[i], interface_of[i], &listeners[i]);
		assert_non_null(test.port[i]);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		lldpd_port_close(test.port[i]);
		lldpd_free(test.lldpd[i]);
	}
	loop_timer_stop(test.loop, &test.patience);
	loop_timer_stop(test.loop, &test.tick);
	loop_free(test.loop);
	return 0;
}

static void run(void (*step)(const uint8_t *message, size_t len))
{
	test.step = step;
	loop_timer_set(test.loop, &test.patience, clock_mono_ms() + PATIENCE_MS);
	assert_int_equal(loop_run(test.loop), 0);
	assert_false(test.late);
	assert_string_equal(lldpd_port_error(test.port[0]), "");
	assert_string_equal(lldpd_port_error(test.port[1]), "");
}

/* No two messages are alike: lldpd says nothing of an LLDPDU that it has heard before. */
static void fill(uint8_t *message, size_t len, unsigned number)
{
	for (size_t i = 0; i < len; i++) {
		message[i] = (uint8_t)(i * 7 + i / 256 + number);
	}
}

static void send_filled(size_t len, unsigned number)
{
	uint8_t message[MESSAGE_MAX_LLDPD];

	fill(message, len, number);
	assert_int_equal(lldpd_port_send(test.port[0], message, len), 0);
}

static bool is_filled(const uint8_t *message, size_t len, size_t expected_len, unsigned number)
{
	uint8_t expected[MESSAGE_MAX_LLDPD];

	fill(expected, expected_len, number);
	return len == expected_len && memcmp(message, expected, len) == 0;
}

/* ---- messages -------------------------------------------------------------------------------- */

static const size_t lengths[] = { 1, 68, LLDP_PART_MAX - 1, LLDP_PART_MAX, LLDP_PART_MAX + 1,
	MESSAGE_MAX_LLDPD, 400 };
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* Of a long one the first part comes by itself before. */
static void next_length(const uint8_t *message, size_t len)
{
	if (message && !is_filled(message, len, lengths[test.count], test.count)) {
		assert_true(is_filled(message, len, LLDP_PART_MAX, test.count));
		return;
	}
	test.count += message != NULL;
	if (test.count == LENGTHS) {
		loop_stop(test.loop);
	} else {
		send_filled(lengths[test.count], test.count);
	}
}

static void messages_of_all_lengths_arrive_whole(void **state)
{
	uint8_t message[MESSAGE_MAX_LLDPD + 1] = { 0 };

	(void)state;
	assert_int_equal(lldpd_port_send(test.port[0], message, 1), -ENETDOWN);
	run(next_length);
	assert_int_equal(lldpd_port_send(test.port[0], message, sizeof(message)), -EMSGSIZE);
}

/* All at once: but for the last, nobody needs them, and few are under way to lldpd. */
static void next_in_burst(const uint8_t *message, size_t len)
{
	if (!message) {
		for (unsigned i = 0; i <= BURST; i++) {
			send_filled(MESSAGE_MAX_LLDPD, i);
		}
	} else if (is_filled(message, len, MESSAGE_MAX_LLDPD, BURST)) {
		loop_stop(test.loop);
	}
}

static void of_a_burst_the_last_arrives(void **state)
{
	(void)state;
	run(next_in_burst);
	assert_in_range(test.heard, 1, BURST / 20);
}

static void send_next(void *ctx)
{
	(void)ctx;
	send_filled(MESSAGE_MAX_LLDPD, test.count);
	if (test.count++ < STREAM) {
		loop_timer_set(test.loop, &test.tick, clock_mono_ms() + 1);
	}
}

/* Faster than lldpd takes them: each that was begun is finished, and the last one comes. */
static void next_in_stream(const uint8_t *message, size_t len)
{
	if (!message) {
		test.tick.fn = send_next;
		send_next(NULL);
	} else if (is_filled(message, len, MESSAGE_MAX_LLDPD, STREAM)) {
		loop_stop(test.loop);
	}
}

static void of_a_stream_some_arrive_and_the_last(void **state)
{
	(void)state;
	run(next_in_stream);
	assert_in_range(test.heard, 10, 2 * STREAM + 2);
}

/* ---- how long -------------------------------------------------------------------------------- */

static double sent_ms, took_ms[ROUNDS];
static size_t timed_len;

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void next_round(const uint8_t *message, size_t len)
{
	if (message) {
		if (!is_filled(message, len, timed_len, test.count)) {
			return;
		}
		took_ms[test.count++] = now_ms() - sent_ms;
	}
	if (test.count == ROUNDS) {
		loop_stop(test.loop);
		return;
	}
	sent_ms = now_ms();
	send_filled(timed_len, test.count);
}

static void measure(size_t len)
{
	timed_len = len;
	run(next_round);
	qsort(took_ms, ROUNDS, sizeof(took_ms[0]), compare);
	printf("# %zu octets, from lldpd_port_send() to heard(): median %.2f ms, longest %.2f ms\n",
		len, took_ms[ROUNDS / 2], took_ms[ROUNDS - 1]);
}

static void time_of_one_tlv(void **state)
{
	(void)state;
	measure(400);
}

static void time_of_two_tlvs(void **state)
{
	(void)state;
	measure(800);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			messages_of_all_lengths_arrive_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(of_a_burst_the_last_arrives, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_a_stream_some_arrive_and_the_last, setup, teardown),
		cmocka_unit_test_setup_teardown(time_of_one_tlv, setup, teardown),
		cmocka_unit_test_setup_teardown(time_of_two_tlvs, setup, teardown),
	};

	if (argc != 6) {
		fprintf(stderr, "usage: lldpd_port PROGRAM SOCKET INTERFACE SOCKET INTERFACE\n");
		return 2;
	}
	program = argv[1];
	for (int i = 0; i < 2; i++) {
		socket_of[i] = argv[2 + 2 * i];
		interface_of[i] = argv[3 + 2 * i];
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? 0 : 1;
}
