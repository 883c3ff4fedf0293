/* The event loop: timers in their order, moved and stopped; watches removed in mid-turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyidd/loop.h"

#define TIMERS 200

static struct loop *loop;
static struct loop_timer timers[TIMERS];
static size_t fired[TIMERS];
static size_t fired_count;

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	fired_count = 0;
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void fire(void *ctx)
{
	struct loop_timer *timer = ctx;

	fired[fired_count++] = (size_t)(timer - timers);
}

static void end(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

static void arm(size_t i, uint64_t at_ms)
{
	timers[i].fn = fire;
	timers[i].ctx = &timers[i];
	timers[i].at_ms = at_ms;
	timers[i].place = 0;
	assert_int_equal(loop_timer_set(loop, &timers[i], at_ms), 0);
}

static void run_until(uint64_t at_ms)
{
	struct loop_timer last = { .fn = end };

	assert_int_equal(loop_timer_set(loop, &last, at_ms), 0);
	assert_int_equal(loop_run(loop), 0);
}

static void test_timers_fire_in_order(void **state)
{
	uint64_t now_ms = clock_mono_ms();

	(void)state;
	srand(1);
	for (size_t i = 0; i < TIMERS; i++) {
		arm(i, now_ms + (uint64_t)(rand() % 20));
	}
	run_until(now_ms + 25);
	assert_int_equal(fired_count, TIMERS);
	for (size_t i = 1; i < TIMERS; i++) {
		assert_true(timers[fired[i - 1]].at_ms <= timers[fired[i]].at_ms);
	}
	assert_true(clock_mono_ms() >= now_ms + 25);
}

static void test_stopped_timer_stays_silent(void **state)
{
	uint64_t now_ms = clock_mono_ms();

	(void)state;
	for (size_t i = 0; i < TIMERS; i++) {
		arm(i, now_ms + i % 7);
	}
	for (size_t i = 0; i < TIMERS; i += 2) {
		loop_timer_stop(loop, &timers[i]);
		loop_timer_stop(loop, &timers[i]); /* twice is as once */
	}
	run_until(now_ms + 10);
	assert_int_equal(fired_count, TIMERS / 2);
	for (size_t i = 0; i < fired_count; i++) {
		assert_int_equal(fired[i] % 2, 1);
	}
}

static void test_moved_timer_fires_once(void **state)
{
	uint64_t now_ms = clock_mono_ms();

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		arm(i, now_ms + 1000000);
	}
	loop_timer_set(loop, &timers[3], now_ms + 2);
	loop_timer_set(loop, &timers[1], now_ms + 4);
	loop_timer_set(loop, &timers[3], now_ms + 6);
	run_until(now_ms + 10);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 3);
}

struct pair {
	struct loop_watch first, second;
	unsigned calls;
};

static void remove_other(void *ctx, uint32_t events)
{
	struct pair *pair = ctx;

	(void)events;
	pair->calls++;
	loop_watch_remove(loop, &pair->first);
	loop_watch_remove(loop, &pair->second);
	loop_stop(loop);
}

/* Both are ready in one turn; the first to be called removes the other, which must not be called.
 */
static void test_removed_watch_is_not_called(void **state)
{
	struct pair pair = { .calls = 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	pair.first = (struct loop_watch){ fds[0], remove_other, &pair, false };
	pair.second = (struct loop_watch){ dup(fds[0]), remove_other, &pair, false };
	assert_int_equal(loop_watch_add(loop, &pair.first, EPOLLIN), 0);
	assert_int_equal(loop_watch_add(loop, &pair.second, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(pair.calls, 1);
	assert_false(pair.first.added);
	close(pair.second.fd);
	close(fds[0]);
	close(fds[1]);
}

static void count_up(void *ctx)
{
	unsigned *count = ctx;

	(*count)++;
}

struct flood {
	struct loop_watch watch;
	uint64_t turns;
};

static void always_ready(void *ctx, uint32_t events)
{
	struct flood *flood = ctx;

	(void)events;
	flood->turns++;
}

/* A descriptor that is always ready starves no timer. */
static void test_input_starves_no_timer(void **state)
{
	uint64_t now_ms = clock_mono_ms();
	unsigned count = 0;
	struct loop_timer timer = { .fn = count_up, .ctx = &count };
	struct flood flood = { .turns = 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	flood.watch = (struct loop_watch){ fds[1], always_ready, &flood, false };
	assert_int_equal(loop_watch_add(loop, &flood.watch, EPOLLOUT), 0);
	loop_timer_set(loop, &timer, now_ms + 2);
	run_until(now_ms + 5);
	assert_int_equal(count, 1);
	assert_true(flood.turns > 0);
	loop_watch_remove(loop, &flood.watch);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timers_fire_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopped_timer_stays_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_moved_timer_fires_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_removed_watch_is_not_called, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_input_starves_no_timer, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
