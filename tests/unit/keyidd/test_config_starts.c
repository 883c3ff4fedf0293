/* Key-chains: what is taken over, and what is refused. */
#include "tests/unit/keyidd/test_config_fixture.h"

#define CHAIN "    connectivity-association: CA_basic\n    key-chain: KC_1\n"
#define WITH(more) with("    connectivity-association: CA_basic\n", CHAIN more)

static void test_defaults(void **state)
{
	(void)state;
	struct config config = parse_good(good);
	const struct exchange_config *exchange = &config.associations[0].exchange;

	assert_false(exchange->uses_start);
	assert_int_equal(exchange->batch, 1);
	assert_int_equal(exchange->spacing_s, 0);
	assert_null(config.associations[0].junos.key_chain);
	config_free(&config);

	config = parse_good(WITH(""));
	exchange = &config.associations[0].exchange;
	assert_true(exchange->uses_start);
	assert_int_equal(exchange->batch, 1);
	assert_int_equal(exchange->spacing_s, 0);
	assert_int_equal(exchange->lead_s, 60);
	assert_int_equal(exchange->clock_tolerance_s, 5);
	assert_string_equal(config.associations[0].junos.key_chain, "KC_1");
	config_free(&config);
}

static void test_given(void **state)
{
	(void)state;
	struct config config = parse_good(
		WITH("    batch: 4\n    spacing: 15m\n    rekey-interval: 1h\n"
		     "    start-lead: 5m\n    clock-tolerance: 2s\n"));
	const struct exchange_config *exchange = &config.associations[0].exchange;

	assert_int_equal(exchange->batch, 4);
	assert_int_equal(exchange->spacing_s, 900);
	assert_int_equal(exchange->lead_s, 300);
	assert_int_equal(exchange->clock_tolerance_s, 2);
	config_free(&config);
	assert_good(WITH("    batch: 4\n    spacing: 15m\n    rekey-interval: 0\n"));
	/* All of a segment change at one time. */
	assert_good(with("    members: [mx304-12]\n    kme: kme-1\n    device: router-1\n"
			 "    connectivity-association: CA_basic\n",
		"    members: [mx304-12, mx304-13]\n    kme: kme-1\n    device: router-1\n" CHAIN));
}

static void test_refused(void **state)
{
	(void)state;

	assert_refused(WITH("    batch: 4\n    spacing: 15m\n    rekey-interval: 59m\n"),
		"29: associations[0].rekey-interval: less than batch times spacing: 4 keys, each "
		"for "
		"900s, last 3600s; write 3600s or more, or 0");
	assert_refused(WITH("    batch: 17\n"),
		"27: associations[0].batch: \"17\": out of bounds: 1 to 7");
	assert_refused(WITH("    spacing: 1h\n"),
		"27: associations[0].spacing: with one key at a time there is nothing to space; ");
	assert_refused(WITH("    start-lead: 1500ms\n"),
		"27: associations[0].start-lead: \"1500ms\": whole seconds only");
	assert_refused(WITH("    start-lead: 23s\n"),
		"27: associations[0].start-lead: less than four times LIFE");
	assert_good(WITH("    start-lead: 24s\n"));
	assert_good(WITH("    start-lead: 10s\n    heartbeat: 500ms\n"));
	assert_refused(WITH("    start-lead: 30s\n    clock-tolerance: 30s\n"),
		"28: associations[0].clock-tolerance: not less than start-lead, 30s: ");
	assert_refused(with("    connectivity-association: CA_basic\n",
			       "    connectivity-association: CA_basic\n    key-chain: ''\n"),
		"26: associations[0].key-chain: empty; ");
	assert_refused(with("    connectivity-association: CA_basic\n",
			       "    connectivity-association: CA_basic\n    key-chain: 'a b'\n"),
		"26: associations[0].key-chain: \"a b\": not a name on a router");
}

static void test_only_with_a_chain(void **state)
{
	(void)state;
	static const char ca[] = "    connectivity-association: CA_basic\n";
	static const char *const settings[] = { "batch: 2", "spacing: 1h", "start-lead: 1m",
		"clock-tolerance: 1s" };
	char text[200], expected[200];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(text, sizeof(text), "%s    %s\n", ca, settings[i]);
		snprintf(expected, sizeof(expected),
			"26: associations[0].%.*s: only the keys of a key-chain have starts; ",
			(int)strcspn(settings[i], ":"), settings[i]);
		assert_refused(with(ca, text), expected);
	}
	assert_good(with(ca, "    connectivity-association: CA_basic\n    batch: 1\n"));
}

/* Each would take the other's keys out. */
static void test_one_association_each(void **state)
{
	(void)state;
	static const char first[] = "    connectivity-association: CA_basic\n";
	static const char second[] = "    connectivity-association: CA_other\n";

	assert_refused(with_both(first, CHAIN, second,
			       "    connectivity-association: CA_other\n    key-chain: KC_1\n"),
		"40: associations[1].key-chain: KC_1: on this device, it is already that of "
		"associations[0]");
	assert_good(with_both(first, CHAIN, second,
		"    connectivity-association: CA_other\n    key-chain: KC_2\n"));
}

/* How often new keys are made is the master's concern. */
static void test_batch_of_a_slave(void **state)
{
	(void)state;

	assert_good(with("    connectivity-association: CA_other\n",
		"    connectivity-association: CA_other\n    key-chain: KC_2\n"
		"    batch: 4\n    spacing: 1h\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_only_with_a_chain),
		cmocka_unit_test(test_one_association_each),
		cmocka_unit_test(test_batch_of_a_slave),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
