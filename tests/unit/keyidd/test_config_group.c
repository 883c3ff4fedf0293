/* Several SAEs of one association in one file: what is accepted, and what names both lines. */
#include <unistd.h>

#include "tests/unit/keyidd/test_config_fixture.h"

#define HEAD                                                                                       \
	"transport: { oui: 00:00:5e, protocol-id: 66 }\n"                                          \
	"kmes: [{ name: k, url: 'https://k', kme-id: k, ca: a, certificate: b, private-key: c "    \
	"}]\n"                                                                                     \
	"devices: [{ name: d, type: dry-run }]\n"                                                  \
	"associations:\n"

/* The entry that begins in line 5, and the next ones 6, 7: one line each. */
#define ENTRY(role, keys, links)                                                                   \
	"  - { name: chain, " role ", kme: k, device: d, ckn: sha256, " keys "links: [" links      \
	"] }\n"
#define KEYS "channel-keys: [{ number: 1, file: f }], "
#define MASTER "role: master, sae: a, members: [b, c]"
#define SLAVE(sae) "role: slave, sae: " sae ", master: a"
#define INSIDE "{ name: hub, inside: true }"

static void test_accepted(void **state)
{
	(void)state;
	struct config config = parse_good(HEAD ENTRY(MASTER, KEYS, INSIDE)
			ENTRY(SLAVE("b"), KEYS, INSIDE) ENTRY(SLAVE("c"), KEYS, INSIDE));

	assert_string_equal(config.associations[0].label, "chain/a");
	assert_string_equal(config.associations[1].label, "chain/b");
	assert_string_equal(config.associations[2].label, "chain/c");
	assert_true(config.associations[1].links[0].inside);
	assert_null(config.associations[1].links[0].interface);
	assert_int_equal(config.associations[0].exchange.links[0].neighbour_count, 2);
	config_free(&config);
	config = parse_good(good);
	assert_string_equal(config.associations[1].label, "span-2");
	config_free(&config);
}

/* Slaves alone, their master on another host; and on the wire beside the hub. */
static void test_accepted_elsewhere(void **state)
{
	(void)state;

	assert_good(HEAD ENTRY(SLAVE("b"), KEYS, "{ name: x, interface: e, vlan: 1 }")
			ENTRY(SLAVE("c"), KEYS, "{ name: x, interface: e, vlan: 2 }"));
	assert_good(HEAD ENTRY(SLAVE("b"), KEYS,
		"{ name: up, interface: e, direction: up, neighbours: [a] }, "
		"{ name: hub, inside: true, direction: down, neighbours: [c] }")
			ENTRY(SLAVE("c"), KEYS, "{ name: hub, inside: true, neighbours: [b] }"));
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(SLAVE("b"), KEYS, INSIDE)
				ENTRY(SLAVE("b"), KEYS, INSIDE),
			"7: associations[2].sae: chain: this is also the SAE of the entry in line "
			"6; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE)
				ENTRY("role: master, sae: b, members: [a]", KEYS, INSIDE),
			"6: associations[1].role: chain: the master is in line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(SLAVE("d"), KEYS, INSIDE),
			"5: associations[0].members: d is missing, the SAE of the slave in line "
			"6" },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(
			  SLAVE("b"), KEYS, "{ name: hub, inside: true, neighbours: [a, x] }"),
			"6: associations[1].links[0].neighbours: x is neither a, the master, nor "
			"among its members" },
		{ HEAD ENTRY(SLAVE("d"), KEYS, INSIDE) ENTRY(MASTER, KEYS, INSIDE),
			"6: associations[1].members: d is missing, the SAE of the slave in line "
			"5" },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE)
				ENTRY("role: slave, sae: b, master: z", KEYS, INSIDE),
			"6: associations[1].master: chain: this is not the master of the entry in "
			"line 5; " },
		{ HEAD ENTRY(SLAVE("b"), KEYS, INSIDE)
				ENTRY("role: slave, sae: c, master: z", KEYS, INSIDE),
			"6: associations[1].master: chain: not that of line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE)
				ENTRY(SLAVE("b"), "heartbeat: 3s, " KEYS, INSIDE),
			"6: associations[1].heartbeat: chain: not that of line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE)
				ENTRY(SLAVE("b"), "cipher-suite: gcm-aes-128, " KEYS, INSIDE),
			"6: associations[1].cipher-suite: chain: not that of line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) "  - { name: chain, " SLAVE(
			  "b") ", kme: k, device: d, ckn-prefix: "
			       "abcd1234abcd5678abcd1234abcd5678, " KEYS "links: [" INSIDE "] }\n",
			"6: associations[1].ckn: chain: not that of line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, "{ interface: e }")
				ENTRY(SLAVE("b"), KEYS, "{ interface: e }"),
			"6: associations[1].links[0].interface: chain: another SAE of the same "
			"association has this interface and VLAN in line 5; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(SLAVE("b"), KEYS, INSIDE)
				ENTRY(SLAVE("c"), KEYS, "{ name: hub, interface: e }"),
			NULL },
		{ HEAD ENTRY(MASTER, KEYS,
			  "{ name: hub, inside: true }, "
			  "{ name: hub-2, inside: true }"),
			NULL },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE),
			"5: associations[0].links[0].inside: no other SAE of chain has a link hub "
			"inside this process; " },
		{ HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(
			  SLAVE("b"), "channel-keys: [{ number: 2, file: f }], ", INSIDE),
			"6: associations[1].links[0]: hub: its channel keys have other numbers "
			"than "
			"those in line 5; " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_errors errors;
		struct config config;

		if (cases[i].expected) {
			assert_refused(cases[i].text, cases[i].expected);
		} else {
			assert_int_equal(parse(cases[i].text, &config, &errors), -EINVAL);
			config_errors_free(&errors);
		}
	}
}

/* A station hears sixteen others: seventeen may share a link. */
static void test_many_inside(void **state)
{
	(void)state;
	static char text[32768];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", HEAD);

	for (size_t i = 0; i < 17; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			ENTRY(SLAVE("s%zu"), KEYS,
				"{ name: hub, inside: true, neighbours: [s%zu] }"),
			i, (i + 1) % 17);
	}
	assert_good(text);
	for (size_t i = 17; i < 20; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			ENTRY(SLAVE("s%zu"), KEYS, "{ name: hub, inside: true, neighbours: [s1] }"),
			i);
	}
	assert_refused(text,
		"22: associations[17].links[0].inside: 20 SAEs of chain share the link "
		"hub, and 17 can hear each other; ");
}

static void test_inside_or_interface(void **state)
{
	(void)state;

	assert_refused(HEAD ENTRY(MASTER, KEYS, "{ name: hub, inside: true, interface: e }")
			       ENTRY(SLAVE("b"), KEYS, INSIDE),
		"5: associations[0].links[0].interface: this link is inside the process; ");
	assert_refused(HEAD ENTRY(MASTER, KEYS, "{ name: hub, inside: true, vlan: 3 }")
			       ENTRY(SLAVE("b"), KEYS, INSIDE),
		"5: associations[0].links[0].vlan: this link is inside the process; ");
	assert_refused(HEAD ENTRY(MASTER, KEYS, "{ name: hub, inside: yes }")
			       ENTRY(SLAVE("b"), KEYS, INSIDE),
		"5: associations[0].links[0].inside: \"yes\": write true or false");
	assert_refused(HEAD ENTRY(MASTER, KEYS, "{ name: hub }"),
		"5: associations[0].links[0].interface: missing; ");
}

/* ---- channel keys of a link ------------------------------------------------------------------ */

static void test_keys_of_a_link(void **state)
{
	(void)state;
	struct config config = parse_good(HEAD ENTRY(SLAVE("b"), KEYS,
		"{ name: up, interface: e, direction: up, neighbours: [a] }, "
		"{ name: down, interface: f, direction: down, neighbours: [c], "
		"channel-keys: [{ number: 5, file: g }] }"));
	const struct config_association *association = &config.associations[0];

	assert_int_equal(config_link_keys(association, 0)->keys[0].number, 1);
	assert_int_equal(config_link_keys(association, 1)->count, 1);
	assert_int_equal(config_link_keys(association, 1)->keys[0].number, 5);
	assert_string_equal(config_link_keys(association, 1)->keys[0].file, "g");
	config_free(&config);
}

static void test_keys_of_every_link(void **state)
{
	(void)state;

	assert_good(HEAD ENTRY(
		SLAVE("b"), "", "{ interface: e, channel-keys: [{ number: 5, file: g }] }"));
	assert_refused(HEAD ENTRY(SLAVE("b"), "",
			       "{ name: up, interface: e, direction: up, neighbours: [a], "
			       "channel-keys: [{ number: 5, file: g }] }, "
			       "{ name: down, interface: f, direction: down, neighbours: [c] }"),
		"5: associations[0].channel-keys: missing; ");
	assert_refused(HEAD ENTRY(SLAVE("b"), "",
			       "{ interface: e, channel-keys: [{ number: 5, file: g }, "
			       "{ number: 5, file: h }] }"),
		"5: associations[0].links[0].channel-keys[1].number: 5 is another key's number; ");
	assert_refused(HEAD ENTRY(SLAVE("b"), KEYS, "{ interface: e, channel-keys: [] }"),
		"5: associations[0].links[0].channel-keys: empty; ");
}

/* Stations of one link whose files hold different keys would never hear each other. */
static void test_other_octets(void **state)
{
	(void)state;
	struct config_errors errors = { 0 };
	struct config_source source = { .file = "t.yaml", .errors = &errors };
	struct config config = parse_good(
		HEAD ENTRY(MASTER, KEYS, INSIDE) ENTRY(SLAVE("b"), KEYS, INSIDE));
	struct secret *keys[] = { &config.associations[0].channel_keys.keys[0].key,
		&config.associations[1].channel_keys.keys[0].key };

	secret_set(keys[0], "0123456789abcdef0123456789abcdef", 32);
	secret_set(keys[1], "0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(config_check_group_keys(&source, &config), 0);
	assert_int_equal(errors.count, 0);
	secret_set(keys[1], "0123456789abcdef0123456789abcdeF", 32);
	assert_int_equal(config_check_group_keys(&source, &config), 0);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0].text,
		"associations[1].links[0]: hub: its channel keys are not those of the link in"));
	config_errors_free(&errors);
	config_free(&config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_accepted_elsewhere),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_inside),
		cmocka_unit_test(test_inside_or_interface),
		cmocka_unit_test(test_keys_of_a_link),
		cmocka_unit_test(test_keys_of_every_link),
		cmocka_unit_test(test_other_octets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
