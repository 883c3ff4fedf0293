/* The configuration: values that are right by themselves, and wrong together. */
#include "test_config_fixture.h"

static void test_references(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "    kme: kme-1\n    device: router-1\n    connectivity-association: CA_other\n",
			"    kme: kme-2\n    device: router-1\n    connectivity-association: "
			"CA_other\n",
			"36: associations[1].kme: \"kme-2\": no such KME; add it under kmes" },
		{ "    kme: kme-1\n    device: router-1\n    connectivity-association: CA_basic\n",
			"    kme: kme-1\n    device: router-2\n    connectivity-association: "
			"CA_basic\n",
			"24: associations[0].device: \"router-2\": no such device; add it under "
			"devices" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_duplicate_names(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "name: span-2", "name: span-1",
			"34: associations[1].sae: span-1: this is also the SAE of the entry in "
			"line 21; "
			"each entry of an association is for another SAE" },
		{ "devices:\n",
			"  - { name: kme-1, url: 'https://k', kme-id: k, ca: a, certificate: b, "
			"private-key: c }\n"
			"devices:\n",
			"11: kmes[1].name: kme-1: this is also the name of kmes[0]" },
		{ "associations:\n", "  - { name: router-1, type: dry-run }\nassociations:\n",
			"18: devices[1].name: router-1: this is also the name of devices[0]" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

/* Nobody knows two names with one hash, so it is given to two that differ. */
static void test_one_identifier_for_two(void **state)
{
	(void)state;
	struct config_errors errors = { 0 };
	struct config_source source = { .file = "t.yaml", .errors = &errors };
	struct config config = parse_good(good);

	config_check_ids(&source, &config);
	assert_int_equal(errors.count, 0);
	memcpy(config.associations[1].exchange.association,
		config.associations[0].exchange.association, ASSOCIATION_ID_LEN);
	config_check_ids(&source, &config);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0].text,
		"associations[1].name: span-2: has the same identifier on the wire as span-1"));
	config_errors_free(&errors);
	config_free(&config);
}

static void test_one_target_for_two(void **state)
{
	(void)state;
	assert_refused(with("CA_other", "CA_basic"),
		"38: associations[1].connectivity-association: CA_basic: on this device, it is "
		"already "
		"that of associations[0]");
	/* Another entry, but the same router. */
	assert_refused(with_both("    known-hosts: /k/known_hosts\n",
			       "    known-hosts: /k/known_hosts\n"
			       "  - { name: router-2, type: junos, host: 192.0.2.1, user: me, "
			       "private-key: /k, known-hosts: /k }\n",
			       "router-1\n    connectivity-association: CA_other",
			       "router-2\n    connectivity-association: CA_basic"),
		"39: associations[1].connectivity-association: CA_basic: on this device, ");
}

static void test_ckn(void **state)
{
	(void)state;
	static const char prefix[] = "ckn-prefix: abcd1234abcd5678abcd1234abcd5678";
	static const struct spoil spoils[] = {
		{ prefix, "ckn-prefix: abcd1234abcd5678abcd1234abcd567800",
			"26: associations[0].ckn-prefix: 34 digits make a CKN of 33 octets, and "
			"the longest "
			"has 32; write 32 digits" },
		{ prefix, "ckn-prefix: abcd1234abcd5678abcd1234abcd56",
			"26: associations[0].ckn-prefix: 30 digits make a CKN of 31 octets, which "
			"vendors pad "
			"differently; write 32 digits, or ckn: sha256" },
		{ prefix, "ckn-prefix: abcd1234abcd5678abcd1234abcd567",
			"26: associations[0].ckn-prefix: \"abcd1234abcd5678abcd1234abcd567\": not "
			"an even number" },
		{ prefix, "ckn-prefix: xbcd1234abcd5678abcd1234abcd5678",
			"26: associations[0].ckn-prefix: \"xbcd1234abcd5678abcd1234abcd5678\": not "
			"an even" },
		{ "ckn: sha256", "ckn: sha256\n    ckn-prefix: abcd1234abcd5678abcd1234abcd5678",
			"40: associations[1].ckn-prefix: not used with ckn: sha256" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_key_size(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "role: slave", "role: slave\n    key-size: 128",
			"34: associations[1].key-size: 128 bits are too few for gcm-aes-xpn-256; "
			"write 256" },
		{ "role: slave", "role: slave\n    key-size: 64\n    cipher-suite: gcm-aes-128",
			"34: associations[1].key-size: 64 bits are too few for gcm-aes-128; write "
			"128" },
		{ "role: slave", "role: slave\n    key-size: 257",
			"34: associations[1].key-size: \"257\": a key's size is a multiple of 8" },
		{ "role: slave", "role: slave\n    key-size: 1032",
			"34: associations[1].key-size: \"1032\": out of bounds: 0 to 1024" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_roles(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "master: mx304-13", "master: mx304-11",
			"35: associations[1].master: mx304-11 is this end itself" },
		{ "master: mx304-13", "master: mx304-13\n    members: [x]",
			"36: associations[1].members: only the master names the members" },
		{ "members: [mx304-12]", "members: [mx304-12]\n    master: mx304-12",
			"23: associations[0].master: this end is the master" },
		{ "members: [mx304-12]", "members: [mx304-12, mx304-11]",
			"22: associations[0].members[1]: mx304-11 is this end itself" },
		{ "members: [mx304-12]", "members: [mx304-12, mx304-12]",
			"22: associations[0].members[1]: mx304-12 is named twice" },
		{ "members: [mx304-12]", "members: []", "22: associations[0].members: missing" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_neighbours(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "interface: eth1\n", "interface: eth1\n        neighbours: [mx304-14]\n",
			"32: associations[0].links[0].neighbours: mx304-14 is not among the "
			"members" },
		{ "interface: eth1\n",
			"interface: eth1\n        neighbours: [mx304-12, mx304-12]\n",
			"32: associations[0].links[0].neighbours[1]: mx304-12 is named twice" },
		{ "interface: eth1\n", "interface: eth1\n        neighbours: [mx304-11]\n",
			"32: associations[0].links[0].neighbours[0]: mx304-11 is this end itself" },
		{ "interface: eth1\n",
			"interface: eth1\n      - { interface: eth3, name: b, neighbours: "
			"[mx304-12] }\n",
			"31: associations[0].links[0].neighbours: missing; with several links" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_directions(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "interface: eth1\n", "interface: eth1\n        direction: up\n",
			"32: associations[0].links[0].direction: every link of a master leads "
			"down" },
		{ "interface: eth2", "interface: eth2, direction: down, neighbours: [b]",
			"41: associations[1].links: 0 of them lead up; a slave has one link" },
		{ "{ interface: eth2 }",
			"{ interface: eth2, name: a, direction: up, neighbours: [mx304-13] },\n"
			"            { interface: eth3, name: b, direction: up, neighbours: [b] }",
			"41: associations[1].links: 2 of them lead up" },
		{ "{ interface: eth2 }",
			"{ interface: eth2, name: a, direction: up, neighbours: [mx304-13] },\n"
			"            { interface: eth3, name: b, direction: down, neighbours: "
			"[mx304-13] }",
			"42: associations[1].links[1].neighbours: mx304-13 is the master" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_slave_says_which_link_is_up(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;

	assert_int_equal(parse(with("{ interface: eth2 }",
				       "{ interface: eth2, name: a, neighbours: [mx304-13] },\n"
				       "            { interface: eth3, name: b, neighbours: [b] }"),
				 &config, &errors),
		-EINVAL);
	assert_int_equal(errors.count, 3);
	assert_non_null(
		strstr(errors.list[0].text, "41: associations[1].links[0].direction: missing"));
	assert_non_null(
		strstr(errors.list[2].text, "42: associations[1].links[1].direction: missing"));
	config_errors_free(&errors);
}

static void test_link_twice(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "{ interface: eth2 }",
			"{ interface: eth2, name: a, vlan: 5, direction: up, neighbours: "
			"[mx304-13] },\n"
			"            { interface: eth2, name: b, vlan: 5, direction: down, "
			"neighbours: [b] }",
			"42: associations[1].links[1].interface: eth2 with VLAN 5 is another "
			"link" },
		{ "{ interface: eth2 }",
			"{ interface: eth2, name: a, direction: up, neighbours: [mx304-13] },\n"
			"            { interface: eth3, name: a, direction: down, neighbours: [b] "
			"}",
			"42: associations[1].links[1].name: a is another link's name" },
	};

	ASSERT_ALL_REFUSED(spoils);
	/* Two associations may share an interface: their identifiers tell them apart. */
	assert_good(with("interface: eth2", "interface: eth1"));
}

static void test_segment(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "members: [mx304-12]", "members: [mx304-12, mx304-14]",
			"31: associations[0].links[0].neighbours: 3 stations share this segment, "
			"and changing "
			"a static pre-shared key interrupts it; if that is acceptable, write "
			"accept-interrupting-segment: true" },
		{ "interface: eth2", "interface: eth2, neighbours: [mx304-13, x]",
			"41: associations[1].links[0].neighbours: 3 stations" },
	};

	ASSERT_ALL_REFUSED(spoils);
	assert_refused(
		with("members: [mx304-12]",
			"members: [mx304-12, mx304-14]\n    accept-interrupting-segment: false"),
		"32: associations[0].links[0].neighbours: 3 stations");
}

static void test_channel_keys(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "{ number: 7, file: /k/span-2.key }",
			"{ number: 7, file: /a },\n      { number: 7, file: /b }",
			"41: associations[1].channel-keys[1].number: 7 is another key's number" },
		{ "{ number: 7, file: /k/span-2.key }",
			"{ number: 1, file: /a }, { number: 2, file: /b },\n    { number: 3, file: "
			"/c }",
			"41: associations[1].channel-keys: more than 2 entries" },
		{ "number: 7", "number: 0",
			"40: associations[1].channel-keys[0].number: \"0\": out of" },
		{ "number: 7", "number: 65536",
			"40: associations[1].channel-keys[0].number: \"65536\": out" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

/* Appends "PREFIXn" for each number, with commas. */
static void list(char *out, size_t size, const char *prefix, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(out + len, size - len, "%s%s%zu", i ? ", " : "", prefix, i);
	}
}

static void test_bounded_lists(void **state)
{
	(void)state;
	char names[2048], text[4096];

	list(names, sizeof(names), "s", SAES_MAX + 1);
	snprintf(text, sizeof(text), "members: [%s]", names);
	assert_refused(with("members: [mx304-12]", text),
		"22: associations[0].members: more than 32 entries");

	list(names, sizeof(names), "s", EXCHANGE_NEIGHBOURS_MAX + 1);
	snprintf(text, sizeof(text), "interface: eth2, neighbours: [%s]", names);
	assert_refused(with("interface: eth2", text),
		"41: associations[1].links[0].neighbours: more than 16 entries");

	list(names, sizeof(names), "et-0/0/", CONFIG_MACSEC_INTERFACES_MAX + 1);
	snprintf(text, sizeof(text), "role: slave\n    macsec-interfaces: [%s]", names);
	assert_refused(with("role: slave", text),
		"34: associations[1].macsec-interfaces: more than 32 entries");
}

/* What all members say must fit into one frame. */
static void test_message_size(void **state)
{
	(void)state;
	char names[2048], text[4096], members[4096];
	const char *long_name = "an-sae-with-a-name-of-nearly-sixty-four-octets-to-fill-frames-";

	/* A chain: all statuses come by the first neighbour. */
	list(names, sizeof(names), long_name, 9);
	snprintf(text, sizeof(text), "interface: eth1\n        neighbours: [%s0]", long_name);
	snprintf(members, sizeof(members), "members: [%s]", names);
	assert_refused(with_both("members: [mx304-12]", members, "interface: eth1", text),
		"31: associations[0].links[0]: a message may grow to ");
	/* A segment: each sends its own. */
	list(names, sizeof(names), "mx304-2", 8);
	snprintf(text, sizeof(text), "members: [%s]\n    accept-interrupting-segment: true", names);
	assert_good(with("members: [mx304-12]", text));
}

/* One run says it all, in the order of the lines. */
static void test_all_errors_at_once(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;
	static const char *const expected[] = {
		"t.yaml:2: transport.oui: ",
		"t.yaml:4: kmes[0].url: ",
		"t.yaml:5: kmes[0].colour: ",
		"t.yaml:9: devices[1].type: ",
		"t.yaml:11: associations[0].role: ",
		"t.yaml:12: associations[0].kme: ",
		"t.yaml:15: associations[1].sae: ",
	};

	assert_int_equal(
		parse("transport:\n"
		      "  oui: 00:00:00\n"
		      "  protocol-id: 1\n"
		      "kmes: [{ name: k, url: ftp, kme-id: k, ca: a, certificate: b, private-key: "
		      "c,\n"
		      "  colour: red }]\n"
		      "devices:\n"
		      "  - name: d\n"
		      "    type: dry-run\n"
		      "  - { name: e, type: x }\n"
		      "associations:\n"
		      "  - { name: s, role: boss, sae: a,\n"
		      "      kme: q, device: d, ckn: sha256,\n"
		      "      channel-keys: [{ number: 1, file: f }], links: [{ interface: e }] }\n"
		      "  - {\n"
		      "      name: s, role: slave, sae: a, master: b, kme: k, device: d, ckn: "
		      "sha256,\n"
		      "      channel-keys: [{ number: 1, file: f }], links: [{ interface: e }] }\n",
			&config, &errors),
		-EINVAL);
	for (size_t i = 0; i < errors.count && i < 7; i++) {
		if (strncmp(errors.list[i].text, expected[i], strlen(expected[i])) != 0) {
			fail_msg("%s is not %s", errors.list[i].text, expected[i]);
		}
	}
	assert_int_equal(errors.count, 7);
	config_errors_free(&errors);
}

static void test_errors_are_bounded(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;
	char text[16384];
	size_t len = 0;

	for (size_t i = 0; i < 500; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "k%zu: 1\n", i);
	}
	assert_int_equal(parse(text, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, CONFIG_ERRORS_MAX + 1);
	assert_string_equal(errors.list[CONFIG_ERRORS_MAX].text, "t.yaml: and 403 more");
	config_errors_free(&errors);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_duplicate_names),
		cmocka_unit_test(test_one_identifier_for_two),
		cmocka_unit_test(test_one_target_for_two),
		cmocka_unit_test(test_ckn),
		cmocka_unit_test(test_key_size),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_slave_says_which_link_is_up),
		cmocka_unit_test(test_link_twice),
		cmocka_unit_test(test_segment),
		cmocka_unit_test(test_channel_keys),
		cmocka_unit_test(test_bounded_lists),
		cmocka_unit_test(test_message_size),
		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_errors_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
