/* When LLDPDUs are due: what is new at once, what is not in each interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keyidd/iface_lldp.h"

static const struct config_transport transport = { .lldp_interval_s = 10 };
static struct iface_lldp lldp;
static uint64_t now_ms;

static int set_up(void **state)
{
	(void)state;
	lldp = (struct iface_lldp){ 0 };
	now_ms = 1000000;
	return 0;
}

/* A heartbeat that nobody waits for. Was it sent? */
static bool idle(uint32_t heartbeat_ms)
{
	bool due = iface_lldp_due(&lldp, &transport, heartbeat_ms, true, now_ms);

	if (due) {
		iface_lldp_sent(&lldp, 0, now_ms);
	}
	now_ms += heartbeat_ms;
	return due;
}

/* The longest time between two idle ones, once the fast start is over. */
static uint64_t longest_gap_ms(uint32_t heartbeat_ms)
{
	uint64_t last_ms = 0, longest_ms = 0;

	for (int i = 0; i < 200; i++) {
		uint64_t at_ms = now_ms;

		if (idle(heartbeat_ms)) {
			longest_ms = last_ms && at_ms - last_ms > longest_ms ? at_ms - last_ms
									     : longest_ms;
			last_ms = at_ms;
		}
	}
	return longest_ms;
}

static void test_at_least_one_in_each_interval(void **state)
{
	static const uint32_t heartbeats_ms[] = { 100, 660, 2000, 3000, 3300, 6600, 9000, 10000 };

	(void)state;
	for (size_t i = 0; i < sizeof(heartbeats_ms) / sizeof(heartbeats_ms[0]); i++) {
		set_up(NULL);
		assert_in_range(longest_gap_ms(heartbeats_ms[i]), 1, 10000);
	}
	set_up(NULL);
	assert_int_equal(longest_gap_ms(15000), 15000); /* a heartbeat is all that there is */
}

static void test_idle_ones_are_few(void **state)
{
	int count = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		count += idle(2000);
	}
	assert_int_equal(count, 20);
}

static void test_news_goes_at_once(void **state)
{
	(void)state;
	iface_lldp_sent(&lldp, 0, now_ms);
	assert_false(iface_lldp_due(&lldp, &transport, 2000, true, now_ms));
	assert_true(iface_lldp_due(&lldp, &transport, 2000, false, now_ms));
}

static void test_fast_start(void **state)
{
	(void)state;
	iface_lldp_start(&lldp);
	for (int i = 0; i < IFACE_LLDP_FAST; i++) {
		assert_true(idle(2000));
	}
	assert_false(idle(2000));
}

/* What could not be sent does not count, and the first one that could begins anew. */
static void test_failure(void **state)
{
	(void)state;
	assert_true(idle(2000));
	for (int i = 0; i < 20; i++) {
		now_ms += 2000;
		if (iface_lldp_due(&lldp, &transport, 2000, true, now_ms)) {
			iface_lldp_sent(&lldp, -100, now_ms);
		}
	}
	assert_true(iface_lldp_due(&lldp, &transport, 2000, true, now_ms));
	for (int i = 0; i < IFACE_LLDP_FAST; i++) {
		assert_true(idle(2000));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	static const struct CMUnitTest tests[] = {
		TEST(test_at_least_one_in_each_interval),
		TEST(test_idle_ones_are_few),
		TEST(test_news_goes_at_once),
		TEST(test_fast_start),
		TEST(test_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
