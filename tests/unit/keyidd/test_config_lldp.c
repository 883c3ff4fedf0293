/* The configuration: links that have LLDP, and which of them lldpd can carry. */
#include "test_config_fixture.h"

/* Both associations on one interface, by LLDP. */
#define ONE_INTERFACE(agent)                                                                       \
	with_both("kmes:\n", "  lldp-agent: " agent "\nkmes:\n", "      - interface: eth1\n",      \
		"      - { interface: eth2, transport: lldp }\n")

static char both[sizeof(spoiled)];

/* The second association's link as well, which is the last of the text. */
static const char *two_links(const char *agent, const char *interface, const char *transport)
{
	static const char last[] = "    links: [{ interface: eth2 }]\n";
	const char *text = strcmp(agent, "own") == 0 ? ONE_INTERFACE("own")
						     : ONE_INTERFACE("lldpd");
	const char *place = strstr(text, last);

	assert_non_null(place);
	snprintf(both, sizeof(both), "%.*s    links: [{ interface: %s, transport: %s }]\n",
		(int)(place - text), text, interface, transport);
	return both;
}

static void test_lldpd_carries_one_link_of_an_interface(void **state)
{
	static const char problem[] =
		"42: associations[1].links[0].transport: the LLDP of eth2 is taken by a link of "
		"associations[0], and with lldp-agent: lldpd only one can have it; write "
		"transport: raw for one of them, or lldp-agent: own";

	(void)state;
	assert_refused(two_links("lldpd", "eth2", "lldp"), problem);
	assert_refused(two_links("lldpd", "eth2", "auto"), problem);
}

static void test_others_may_share_one(void **state)
{
	struct config config;

	(void)state;
	config = parse_good(two_links("own", "eth2", "lldp"));
	assert_int_equal(config.transport.lldp_agent, CONFIG_LLDP_OWN);
	config_free(&config);
	config = parse_good(two_links("lldpd", "eth2", "raw"));
	assert_int_equal(config.transport.lldp_agent, CONFIG_LLDP_LLDPD);
	config_free(&config);
	config = parse_good(two_links("lldpd", "eth3", "lldp"));
	config_free(&config);
}

static void test_lldpd_carries_less(void **state)
{
	struct config config;
	const struct config_link *links[2];

	(void)state;
	config = parse_good(two_links("lldpd", "eth2", "raw"));
	for (size_t i = 0; i < 2; i++) {
		links[i] = &config.associations[i].links[0];
	}
	assert_int_equal(config_message_max(&config.transport, links[0]), MESSAGE_MAX_LLDPD);
	assert_int_equal(config_message_max(&config.transport, links[1]), MESSAGE_MAX_RAW);
	config_free(&config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lldpd_carries_one_link_of_an_interface),
		cmocka_unit_test(test_others_may_share_one),
		cmocka_unit_test(test_lldpd_carries_less),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
