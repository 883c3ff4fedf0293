/* The configuration: texts that are no configuration, and values that are none of theirs. */
#include "test_config_fixture.h"

static void test_unknown_keys(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "kmes:\n", "tranport: {}\nkmes:\n", "4: tranport: unknown key" },
		{ "    url: https", "    uri: x\n    url: https", "6: kmes[0].uri: unknown key" },
		{ "      - interface: eth1\n", "      - interface: eth1\n        port: 3\n",
			"32: associations[0].links[0].port: unknown key" },
		{ "      - number: 1\n", "      - number: 1\n        nmae: 3\n",
			"29: associations[0].channel-keys[0].nmae: unknown key" },
		{ "kmes:\n", "<<: { oui: x }\nkmes:\n", "4: <<: unknown key" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

/* What is under an unknown key may be anything. */
static void test_unknown_key_with_tree(void **state)
{
	(void)state;
	assert_refused(with("kmes:\n", "x: { a: [1, { b: [c, []] }], d: {} }\nkmes:\n"),
		"4: x: unknown key");
}

static void test_wrong_kind(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "members: [mx304-12]", "members: mx304-12",
			"22: associations[0].members: a list is needed" },
		{ "members: [mx304-12]", "members: { a: b }",
			"22: associations[0].members: a list is needed" },
		{ "members: [mx304-12]", "members: [[mx304-12]]",
			"22: associations[0].members[0]: a single value is needed" },
		{ "members: [mx304-12]",
			"members:", "22: associations[0].members: a list is needed" },
		{ "role: master", "role: [master]",
			"20: associations[0].role: a single value is needed" },
		{ "links: [{ interface: eth2 }]", "links: [eth2]",
			"41: associations[1].links[0]: a map of keys and values is needed" },
		{ "kmes:\n", "daemon: on\nkmes:\n",
			"4: daemon: a map of keys and values is needed" },
	};

	ASSERT_ALL_REFUSED(spoils);
	assert_refused("just text", "1: a map of keys and values is needed");
	assert_refused("- a\n- b\n", "1: a map of keys and values is needed");
}

static void test_given_twice(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "    role: slave\n", "    role: slave\n    role: slave\n",
			"34: associations[1].role: given twice" },
		{ "devices:\n", "transport: {}\ndevices:\n", "11: transport: given twice" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_not_yaml(void **state)
{
	(void)state;
	assert_refused("a: [1, 2\nb: 3\n", "2: not YAML: ");
	assert_refused("a: b: c\n", "1: not YAML: ");
	assert_refused("a: \"x\n", "2: not YAML: ");
	assert_refused("\xff\xfe\xfd", "1: not YAML: ");
	assert_refused("a: \x01\n", "1: not YAML: ");
	assert_refused("a: b\n---\nc: d\n", "2: a second document");
	assert_refused("a: &x [1]\nb: *x\n", "2: aliases (*name) are not supported");
	assert_refused("? [a]\n: b\n", "1: a list or a map cannot be a key");
	assert_refused("a: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]", "1: nested too deeply");
}

static void assert_empty(const char *text)
{
	struct config_errors errors;
	struct config config;

	assert_int_equal(parse(text, &config, &errors), -EINVAL);
	assert_string_equal(errors.list[0].text, "t.yaml: nothing in it");
	config_errors_free(&errors);
}

static void test_nothing(void **state)
{
	(void)state;
	assert_empty("");
	assert_empty("# a comment\n");
}

static void test_missing(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "  oui: 00:00:5e\n", "",
			"1: transport.oui: missing; give your own MA-L OUI or CID; who has none "
			"sets "
			"ethertype: 0x88b5; 00:00:5e is for documentation and tests only" },
		{ "  protocol-id: 0x0042\n", "", "1: transport.protocol-id: missing; " },
		{ "    url: https://kme-1.example:443\n", "",
			"5: kmes[0].url: missing; write https://HOST[:PORT]" },
		{ "    ca: /k/ca.pem\n", "", "5: kmes[0].ca: missing; " },
		{ "    type: junos\n", "",
			"12: devices[0].type: missing; write junos, hook, macsec, wpa_supplicant "
			"or dry-run" },
		{ "    host: 192.0.2.1\n", "", "12: devices[0].host: missing; " },
		{ "    known-hosts: /k/known_hosts\n", "",
			"12: devices[0].known-hosts: missing; " },
		{ "    role: master\n", "", "19: associations[0].role: missing; " },
		{ "    members: [mx304-12]\n", "", "19: associations[0].members: missing; " },
		{ "    master: mx304-13\n", "", "32: associations[1].master: missing; " },
		{ "    connectivity-association: CA_basic\n", "",
			"19: associations[0].connectivity-association: missing; " },
		{ "    ckn-prefix: abcd1234abcd5678abcd1234abcd5678\n", "",
			"19: associations[0].ckn-prefix: missing; give 32 hexadecimal digits" },
		{ "    channel-keys: [{ number: 7, file: /k/span-2.key }]\n", "",
			"32: associations[1].channel-keys: missing; " },
		{ "number: 7, ", "", "40: associations[1].channel-keys[0].number: missing; " },
		{ "    links: [{ interface: eth2 }]\n", "",
			"32: associations[1].links: missing; " },
		{ "interface: eth2", "vlan: 2",
			"41: associations[1].links[0].interface: missing; " },
		{ "    sae: mx304-11\n    members", "    members",
			"19: associations[0].sae: missing; " },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_empty_values(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "    url: https://kme-1.example:443\n", "    url:\n",
			"6: kmes[0].url: empty; write https" },
		{ "role: slave", "role: slave\n    heartbeat: ''",
			"34: associations[1].heartbeat: empty; leave the key out for its default" },
		{ "interface: eth1\n", "interface: eth1\n        neighbours: []\n",
			"32: associations[0].links[0].neighbours: empty" },
		{ "ckn-prefix: abcd1234abcd5678abcd1234abcd5678", "ckn-prefix: ''",
			"26: associations[0].ckn-prefix: empty" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_oui_and_addresses(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "oui: 00:00:5e", "oui: 00:00:00",
			"2: transport.oui: \"00:00:00\": 00:00:00 means that the protocol ID is an "
			"EtherType; give" },
		{ "oui: 00:00:5e", "oui: 01:80:c2",
			"2: transport.oui: \"01:80:c2\": the group bit is set" },
		{ "oui: 00:00:5e", "oui: 00:00:5e:01",
			"2: transport.oui: \"00:00:5e:01\": not an OUI" },
		{ "oui: 00:00:5e", "oui: 00:00-5e", "2: transport.oui: \"00:00-5e\": not an OUI" },
		{ "oui: 00:00:5e", "oui: 00.00.5e", "2: transport.oui: \"00.00.5e\": not an OUI" },
		{ "oui: 00:00:5e", "oui: 00:00:5g", "2: transport.oui: \"00:00:5g\": not an OUI" },
		{ "0x0042", "0x10000",
			"3: transport.protocol-id: \"0x10000\": out of bounds: 0 to 65535; " },
		{ "0x0042", "x", "3: transport.protocol-id: \"x\": not a number" },
		{ "0x0042", "-1", "3: transport.protocol-id: \"-1\": not a number" },
		{ "0x0042", "0x", "3: transport.protocol-id: \"0x\": not a number" },
		{ "kmes:\n", "  ethertype: 0x88b6\nkmes:\n",
			"4: transport.ethertype: \"0x88b6\": write 0x88b7" },
		{ "kmes:\n", "  ethertype: 0x0800\nkmes:\n",
			"4: transport.ethertype: \"0x0800\": write 0x88b7" },
		{ "kmes:\n", "  destination: 01:80:c2:00:00\nkmes:\n",
			"4: transport.destination: \"01:80:c2:00:00\": not an Ethernet address" },
		{ "kmes:\n", "  destination: 00:00:00:00:00:00\nkmes:\n",
			"4: transport.destination: \"00:00:00:00:00:00\": nobody has this "
			"address" },
		{ "interface: eth2", "interface: eth2, destination: mars",
			"41: associations[1].links[0].destination: \"mars\": not an Ethernet "
			"address" },
		{ "interface: eth2", "interface: eth2, vlan: 4095",
			"41: associations[1].links[0].vlan: \"4095\": out of bounds: 0 to 4094" },
		{ "interface: eth2", "interface: a-name-too-long-by-far",
			"41: associations[1].links[0].interface: \"a-name-too-long-by-far\": not "
			"the name" },
		{ "interface: eth2", "interface: ..",
			"41: associations[1].links[0].interface: \"..\": not the name" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_choices(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "role: master", "role: boss",
			"20: associations[0].role: \"boss\": not one of master, slave; write "
			"master" },
		{ "type: junos", "type: cisco",
			"13: devices[0].type: \"cisco\": not one of junos, hook, macsec, "
			"wpa_supplicant, dry-run" },
		{ "kmes:\n", "daemon: { log-level: loud }\nkmes:\n",
			"4: daemon.log-level: \"loud\": not one of error, warning, notice, info, "
			"debug" },
		{ "    kme-id: kme-1\n", "    kme-id: kme-1\n    method: PUT\n",
			"8: kmes[0].method: \"PUT\": not one of post, get" },
		{ "role: slave", "role: slave\n    cipher-suite: gcm-aes-192",
			"34: associations[1].cipher-suite: \"gcm-aes-192\": not one of "
			"gcm-aes-128, "
			"gcm-aes-256, gcm-aes-xpn-128, gcm-aes-xpn-256" },
		{ "ckn: sha256", "ckn: md5",
			"39: associations[1].ckn: \"md5\": not one of prefix, sha256" },
		{ "role: slave", "role: slave\n    accept-interrupting-segment: maybe",
			"34: associations[1].accept-interrupting-segment: \"maybe\": write true or "
			"false" },
		{ "interface: eth2", "interface: eth2, direction: sideways",
			"41: associations[1].links[0].direction: \"sideways\": write up or down" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_durations(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "role: slave", "role: slave\n    heartbeat: 99ms",
			"34: associations[1].heartbeat: \"99ms\": out of bounds: 100ms to 1min" },
		{ "role: slave", "role: slave\n    heartbeat: 61s",
			"34: associations[1].heartbeat: \"61s\": out of bounds" },
		{ "role: slave", "role: slave\n    heartbeat: 0",
			"34: associations[1].heartbeat: \"0\": out of bounds" },
		{ "role: slave", "role: slave\n    heartbeat: 1.5s",
			"34: associations[1].heartbeat: \"1.5s\": not a duration; write a number "
			"with" },
		{ "role: slave", "role: slave\n    heartbeat: soon",
			"34: associations[1].heartbeat: \"soon\": not a duration" },
		{ "role: slave", "role: slave\n    heartbeat: 2 s",
			"34: associations[1].heartbeat: \"2 s\": not a duration" },
		{ "role: slave", "role: slave\n    heartbeat: 99999999999s",
			"34: associations[1].heartbeat: \"99999999999s\": not a duration" },
		{ "role: slave", "role: slave\n    rekey-interval: 999ms",
			"34: associations[1].rekey-interval: \"999ms\": out of bounds: 0, or 1s to "
			"30d" },
		{ "role: slave", "role: slave\n    rekey-interval: 31d",
			"34: associations[1].rekey-interval: \"31d\": out of bounds: 0, or 1s to "
			"30d" },
		{ "role: slave", "role: slave\n    prepare-timeout: 2h",
			"34: associations[1].prepare-timeout: \"2h\": out of bounds: 100ms to 1h" },
		{ "role: slave", "role: slave\n    keys-per-hour: 3601",
			"34: associations[1].keys-per-hour: \"3601\": out of bounds: 0 to 3600" },
		{ "role: slave", "role: slave\n    backoff: 11m",
			"32: associations[1].backoff-max: less than backoff" },
		{ "    user: keyidd\n", "    user: keyidd\n    port: 0\n",
			"16: devices[0].port: \"0\": out of bounds: 1 to 65535" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_names(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "name: span-2", "name: span 2",
			"32: associations[1].name: \"span 2\": a name has up to 63" },
		{ "name: span-2", "name: -span",
			"32: associations[1].name: \"-span\": a name has" },
		{ "name: span-2",
			"name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"32: associations[1].name: \"aaa" },
		{ "master: mx304-13", "master: mx 13",
			"35: associations[1].master: \"mx 13\": an SAE ID has" },
		{ "members: [mx304-12]", "members: [\"m\xc3\xbc\"]",
			"22: associations[0].members[0]: \"m\xc3\xbc\": an SAE ID has" },
		{ "kme-id: kme-1", "kme-id: kme 1",
			"7: kmes[0].kme-id: \"kme 1\": an ID has up to 64" },
		{ "host: 192.0.2.1", "host: a b",
			"14: devices[0].host: \"a b\": up to 255 printable" },
		{ "connectivity-association: CA_other", "connectivity-association: <ca>",
			"38: associations[1].connectivity-association: \"<ca>\": not a name on a "
			"router" },
		{ "role: slave", "role: slave\n    macsec-interfaces: ['a b']",
			"34: associations[1].macsec-interfaces: \"a b\": not the name of" },
	};

	ASSERT_ALL_REFUSED(spoils);
	assert_good(with("name: span-2", "name: West._:/-2"));
}

static void test_urls(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ "https://kme-1.example:443", "http://kme-1.example",
			"6: kmes[0].url: \"http://kme-1.example\": not an https URL; write "
			"https://HOST[:PORT]" },
		{ "https://kme-1.example:443", "kme-1",
			"6: kmes[0].url: \"kme-1\": not an https URL" },
		{ "https://kme-1.example:443", "https://",
			"6: kmes[0].url: \"https://\": host and port" },
		{ "https://kme-1.example:443", "https://:443",
			"6: kmes[0].url: \"https://:443\": host" },
		{ "https://kme-1.example:443", "https://kme-1/api/v1",
			"6: kmes[0].url: \"https://kme-1/api/v1\": host and port are all" },
		{ "https://kme-1.example:443", "https://me@kme-1",
			"6: kmes[0].url: \"https://me@kme-1\": host" },
	};

	ASSERT_ALL_REFUSED(spoils);
}

static void test_long_and_odd_texts(void **state)
{
	(void)state;
	char text[CONFIG_TEXT_MAX + 40];

	memset(text, 'a', sizeof(text));
	memcpy(text, "type: ", 6);
	text[6 + CONFIG_TEXT_MAX + 1] = '\0';
	assert_refused(with("type: junos", text), "13: devices[0].type: longer than 1023 octets");
	assert_refused(with("user: keyidd", "user: \"key\\0idd\""),
		"15: devices[0].user: holds a control");
	assert_refused(with("user: keyidd", "user: \"key\\nidd\""),
		"15: devices[0].user: holds a control");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_unknown_key_with_tree),
		cmocka_unit_test(test_wrong_kind),
		cmocka_unit_test(test_given_twice),
		cmocka_unit_test(test_not_yaml),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_empty_values),
		cmocka_unit_test(test_oui_and_addresses),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_and_odd_texts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
