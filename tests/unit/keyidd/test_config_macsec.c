/* The configuration of this host's own MACsec. */
#include "test_config_fixture.h"

#include "keyidd/config_same.h"

#define ROUTER                                                                                     \
	"    type: junos\n"                                                                        \
	"    host: 192.0.2.1\n"                                                                    \
	"    user: keyidd\n"                                                                       \
	"    private-key: /k/router.key\n"                                                         \
	"    known-hosts: /k/known_hosts\n"

/* The second association has a device of its own. */
#define HEAD                                                                                       \
	"transport: { oui: '00:00:5e', protocol-id: 0x0042 }\n"                                    \
	"kmes: [{ name: kme-1, url: 'https://k', kme-id: k, ca: a, certificate: b, private-key: "  \
	"c }]\n"

#define KERNEL "  - { name: kernel, type: macsec }\n"

/* A master with one member; key and links are to be added. */
#define MASTER(name, device)                                                                       \
	"  - name: " name "\n"                                                                     \
	"    role: master\n"                                                                       \
	"    sae: host-1\n"                                                                        \
	"    members: [host-2]\n"                                                                  \
	"    kme: kme-1\n"                                                                         \
	"    device: " device "\n"                                                                 \
	"    ckn: sha256\n"                                                                        \
	"    channel-keys: [{ number: 1, file: /k/span.key }]\n"

/* Line 4 is that of the device, line 6 of the association. */
#define ALONE(more) HEAD "devices:\n" KERNEL "associations:\n" MASTER("span-1", "kernel") more

#define LINK "    links: [{ interface: eth1 }]\n"

/* Two devices, lines 4 and 5; two associations, lines 7 and 15 + what the first has more. */
#define TWO(first, second)                                                                         \
	HEAD "devices:\n" KERNEL "  - { name: other, type: macsec }\n"                             \
	     "associations:\n" MASTER("span-1", "kernel") first MASTER("span-2", "other") second

/* ---- what comes of it ------------------------------------------------------------------------ */

static void test_defaults(void **state)
{
	(void)state;
	struct config config = parse_good(ALONE(LINK));
	const struct config_association *association = &config.associations[0];
	const struct applier_macsec_config *macsec = &association->macsec;

	assert_int_equal(config.devices[0].type, CONFIG_DEVICE_MACSEC);
	assert_string_equal(macsec->cipher_suite, "gcm-aes-xpn-256");
	assert_int_equal(macsec->port, 1);
	assert_int_equal(macsec->replay_window, 64);
	assert_true(macsec->hold_at_switch);
	assert_int_equal(macsec->link_count, 1);
	assert_string_equal(macsec->links[0].parent, "eth1");
	assert_string_equal(macsec->links[0].name, "macsec0");
	assert_int_equal(macsec->rekey_packets, 0);
	assert_int_equal(macsec->rekey_octets, 0);
	assert_int_equal(macsec->rekey_percent, 75);
	assert_true(association->exchange.uses_an);
	assert_false(association->exchange.uses_start);
	assert_int_equal(association->exchange.batch, 1);
	assert_int_equal(association->exchange.retire_hold_ms, 2000);
	assert_null(association->junos.host);
	assert_int_equal(association->cak_len, 32);
	config_free(&config);
}

static void test_all_of_it(void **state)
{
	(void)state;
	struct config config = parse_good(HEAD
		"devices: [{ name: kernel, type: macsec, macsec-port: 65535, replay-window: 0, "
		"rekey-packets: 18446744073709551615, rekey-octets: 1000000000000000000, "
		"rekey-percent: 100, hold-at-switch: false }]\n"
		"associations:\n" MASTER(
			"span-1", "kernel") "    cipher-suite: gcm-aes-128\n"
					    "    links:\n"
					    "      - { name: l-1, interface: eth1, macsec-device: "
					    "sec1, neighbours: [host-2], vlan: 5 }\n"
					    "      - { name: l-2, interface: eth2, macsec-device: "
					    "sec2, neighbours: [host-2] }\n");
	const struct applier_macsec_config *macsec = &config.associations[0].macsec;

	assert_string_equal(macsec->cipher_suite, "gcm-aes-128");
	assert_int_equal(macsec->port, 65535);
	assert_int_equal(macsec->replay_window, 0);
	assert_false(macsec->hold_at_switch);
	assert_true(macsec->rekey_packets == UINT64_MAX);
	assert_true(macsec->rekey_octets == UINT64_C(1000000000000000000));
	assert_int_equal(macsec->rekey_percent, 100);
	assert_int_equal(macsec->link_count, 2);
	assert_string_equal(macsec->links[0].name, "sec1");
	assert_string_equal(macsec->links[1].parent, "eth2");
	assert_string_equal(macsec->links[1].name, "sec2");
	assert_int_equal(config.associations[0].cak_len, 16);
	config_free(&config);
}

static void test_retire_hold(void **state)
{
	(void)state;
	struct config config = parse_good(ALONE("    retire-hold: 0\n" LINK));

	assert_int_equal(config.associations[0].exchange.retire_hold_ms, 0);
	config_free(&config);
	config = parse_good(ALONE("    retire-hold: 1h\n" LINK));
	assert_int_equal(config.associations[0].exchange.retire_hold_ms, 3600000);
	config_free(&config);
	assert_refused(ALONE("    retire-hold: 61m\n" LINK),
		"14: associations[0].retire-hold: \"61m\": out of bounds: 0 to 1h");
	assert_refused(with("    ckn: sha256\n", "    ckn: sha256\n    retire-hold: 1s\n"),
		"40: associations[1].retire-hold: only for a device of type macsec; leave it out");
}

static void test_other_devices_have_none(void **state)
{
	(void)state;
	struct config config = parse_good(good);

	assert_false(config.associations[0].exchange.uses_an);
	assert_int_equal(config.associations[0].exchange.retire_hold_ms, 0);
	assert_int_equal(config.associations[0].macsec.link_count, 0);
	assert_null(config.associations[0].links[0].macsec_device);
	config_free(&config);
}

/* To rehearse, the type alone is changed. */
static void test_dry_run(void **state)
{
	(void)state;
	struct config config = parse_good(HEAD
		"devices: [{ name: kernel, type: dry-run, macsec-port: 2, replay-window: 9 }]\n"
		"associations:\n" MASTER("span-1",
			"kernel") "    links: [{ interface: eth1, macsec-device: sec1 }]\n");

	assert_false(config.associations[0].exchange.uses_an);
	assert_int_equal(config.associations[0].macsec.link_count, 0);
	config_free(&config);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void test_bounds(void **state)
{
	(void)state;
	static const struct {
		const char *key, *expected;
	} cases[] = {
		{ "macsec-port: 0", "macsec-port: \"0\": out of bounds: 1 to 65535" },
		{ "macsec-port: 65536", "macsec-port: \"65536\": out of bounds: 1 to 65535" },
		{ "replay-window: 4294967296",
			"replay-window: \"4294967296\": out of bounds: 0 to 4294967295" },
		{ "hold-at-switch: no", "hold-at-switch: \"no\": write true or false" },
		{ "rekey-percent: 0", "rekey-percent: \"0\": out of bounds: 1 to 100" },
		{ "rekey-percent: 101", "rekey-percent: \"101\": out of bounds: 1 to 100" },
		{ "rekey-octets: 18446744073709551616",
			"rekey-octets: \"18446744073709551616\": out of bounds: 0 to "
			"18446744073709551615" },
		{ "rekey-packets: 100000000000000000000",
			"rekey-packets: \"100000000000000000000\": not a number" },
		{ "rekey-packets: 1G", "rekey-packets: \"1G\": not a number" },
	};
	char device[128], expected[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(device, sizeof(device), "    type: dry-run\n    %s\n", cases[i].key);
		snprintf(expected, sizeof(expected), "14: devices[0].%s", cases[i].expected);
		assert_refused(with(ROUTER, device), expected);
	}
}

static void test_keys_of_other_types(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ ROUTER, ROUTER "    macsec-port: 2\n",
			"18: devices[0].macsec-port: not used with type: junos; leave it out" },
		{ ROUTER, ROUTER "    rekey-percent: 2\n",
			"18: devices[0].rekey-percent: not used with type: junos; leave it out" },
		{ ROUTER, ROUTER "    hold-at-switch: true\n",
			"18: devices[0].hold-at-switch: not used with type: junos; leave it out" },
		{ "      - interface: eth1\n",
			"      - interface: eth1\n        macsec-device: macsec0\n",
			"32: associations[0].links[0].macsec-device: only for a device of type "
			"macsec; leave it out" },
	};

	ASSERT_ALL_REFUSED(spoils);
	assert_refused(HEAD "devices: [{ name: kernel, type: macsec, timeout: 1s }]\n"
			    "associations:\n" MASTER("span-1", "kernel") LINK,
		"3: devices[0].timeout: not used with type: macsec; leave it out");
	assert_refused(HEAD "devices: [{ name: kernel, type: macsec, host: a }]\n"
			    "associations:\n" MASTER("span-1", "kernel") LINK,
		"3: devices[0].host: not used with type: macsec; leave it out");
}

static void test_what_only_routers_have(void **state)
{
	(void)state;
	assert_refused(ALONE("    key-chain: KC\n" LINK),
		"14: associations[0].key-chain: not for a device of type macsec; leave it out");
	assert_refused(ALONE("    batch: 2\n" LINK),
		"14: associations[0].batch: only the keys of a key-chain have starts; leave it "
		"out");
	assert_refused(ALONE("    connectivity-association: CA\n" LINK),
		"14: associations[0].connectivity-association: not for a device of type macsec; "
		"leave it out");
	assert_refused(ALONE("    macsec-interfaces: [et-0/0/1]\n" LINK),
		"14: associations[0].macsec-interfaces: not for a device of type macsec; leave it "
		"out");
}

static void test_links(void **state)
{
	(void)state;
	assert_refused(ALONE("    links: [{ vlan: 5 }]\n"),
		"14: associations[0].links[0].interface: missing; give the network interface");
	assert_refused(ALONE("    links: []\n"),
		"14: associations[0].links: missing; say which interface leads to the other end");
	assert_refused(ALONE("    links: [{ interface: eth1, macsec-device: eth1 }]\n"),
		"14: associations[0].links[0].macsec-device: eth1 is the interface that it is on; "
		"give it another name");
	assert_refused(ALONE("    links: [{ interface: eth1, macsec-device: a/b }]\n"),
		"14: associations[0].links[0].macsec-device: \"a/b\": not the name of a network "
		"interface");
	assert_refused(ALONE("    links: [{ interface: eth1, macsec-device: sec%d }]\n"),
		"14: associations[0].links[0].macsec-device: \"sec%d\": not the name of a network "
		"interface");
	assert_refused(
		ALONE("    links:\n"
		      "      - { name: l-1, interface: eth1, macsec-device: sec1, neighbours: "
		      "[host-2] }\n"
		      "      - { name: l-2, interface: eth2, neighbours: [host-2] }\n"),
		"16: associations[0].links[1].macsec-device: missing; with several links, name the "
		"macsec device on each of their interfaces");
}

static void test_inside(void **state)
{
	(void)state;
	assert_refused(HEAD "devices:\n" KERNEL "  - { name: dry, type: dry-run }\n"
			    "associations:\n" MASTER("span-1",
				    "kernel") "    links: [{ inside: true }]\n"
					      "  - { name: span-1, role: slave, sae: host-2, "
					      "master: host-1, kme: "
					      "kme-1, device: dry, ckn: sha256, channel-keys: [{ "
					      "number: 1, file: "
					      "/k/span.key }], links: [{ inside: true }] }\n",
		"15: associations[0].links[0].inside: the frames of this host's own MACsec need an "
		"interface to travel on; give that");
}

static void test_one_association_for_each_device(void **state)
{
	(void)state;
	assert_refused(HEAD "devices:\n" KERNEL "associations:\n" MASTER("span-1", "kernel")
			       LINK MASTER("span-2", "kernel") "    links: [{ interface: eth2, "
							       "macsec-device: macsec1 }]\n",
		"20: associations[1].device: kernel: a device of type macsec belongs to one "
		"association, and this one to associations[0]");
}

static void test_one_link_for_each_name(void **state)
{
	(void)state;
	assert_refused(TWO(LINK, "    links: [{ interface: eth2 }]\n"),
		"24: associations[1].links[0].macsec-device: macsec0: associations[0].links[0] has "
		"this device already; each link has its own");
}

#define TWO_PORTS(port, second)                                                                    \
	HEAD "devices:\n" KERNEL "  - { name: other, type: macsec, macsec-port: " port " }\n"      \
	     "associations:\n" MASTER("span-1", "kernel") LINK second

static void test_one_sci(void **state)
{
	static const char *const expected =
		"24: associations[1].links[0].interface: eth1: associations[0].links[0] has MACsec "
		"of the same port on this interface; give its device another macsec-port, or the "
		"link another interface";

	(void)state;
	assert_refused(
		TWO_PORTS("1", MASTER("span-2", "other") "    links: [{ interface: eth1, "
							 "macsec-device: macsec1, vlan: 7 }]\n"),
		expected);
	assert_good(TWO_PORTS("2",
		MASTER("span-2",
			"other") "    links: [{ interface: eth1, macsec-device: macsec1 }]\n"));
	/* Nor may two links of one association. */
	assert_refused(
		ALONE("    links:\n"
		      "      - { name: l-1, interface: eth1, macsec-device: sec1, neighbours: "
		      "[host-2] }\n"
		      "      - { name: l-2, interface: eth1, macsec-device: sec2, neighbours: "
		      "[host-2], vlan: 3 }\n"),
		"16: associations[0].links[1].interface: eth1: associations[0].links[0] has "
		"MACsec");
}

#define SLAVE(links)                                                                               \
	"  - { name: span-1, role: slave, sae: host-2, master: host-1, kme: kme-1, device: "       \
	"other, "                                                                                  \
	"ckn: sha256, channel-keys: [{ number: 1, file: /k/span.key }], links: " links " }\n"

/* Its members hear each other by VLAN, but the kernel gives what MACsec receives to one of them. */
static void test_one_association_on_one_interface(void **state)
{
	(void)state;
	assert_refused(TWO_PORTS("2", SLAVE("[{ interface: eth1, macsec-device: macsec1, vlan: 7 "
					    "}]")),
		"16: associations[1].links[0].interface: span-1: another SAE of the same "
		"association "
		"has its MACsec on this interface in line 15; a VLAN tells their messages apart, "
		"and not what MACsec sends: give each an interface");
	assert_refused(TWO_PORTS("1", SLAVE("[{ interface: eth1, macsec-device: macsec1 }]")),
		"16: associations[1].links[0].interface: span-1: another SAE of the same "
		"association "
		"has this interface and VLAN in line 15");
	assert_good(TWO_PORTS("1", SLAVE("[{ interface: eth2, macsec-device: macsec1 }]")));
}

static void test_window_and_suite(void **state)
{
	(void)state;
	static const char window[] = HEAD
		"devices: [{ name: kernel, type: macsec, replay-window: 1073741824 }]\n"
		"associations:\n" MASTER("span-1", "kernel") LINK;
	char text[4096];

	assert_refused(window, "5: associations[0].cipher-suite: with gcm-aes-xpn-256, the "
			       "replay-window of device "
			       "kernel is at most 1073741823");
	snprintf(text, sizeof(text), "%s    cipher-suite: gcm-aes-256\n", window);
	assert_good(text);
}

static void test_handover(void **state)
{
	(void)state;
	assert_refused(HEAD "devices:\n" KERNEL "handovers:\n"
			    "  - { name: h, transport: lldp-port-description, role: slave, sae: a, "
			    "peer: b, kme: kme-1, device: kernel, ckn: sha256, interface: eth1, "
			    "accept-unauthenticated: true }\n",
		"6: handovers[0].device: kernel is this host's own MACsec, whose keys the exchange "
		"agrees on, and no hand-over: give it to an association");
}

/* ---- reloaded -------------------------------------------------------------------------------- */

static bool same(const char *one, const char *two)
{
	char copy[4096];
	struct config a, b;
	bool is_same;

	snprintf(copy, sizeof(copy), "%s", one);
	a = parse_good(copy);
	b = parse_good(two);
	is_same = config_same_association(&a.associations[0], &b.associations[0]);
	config_free(&a);
	config_free(&b);
	return is_same;
}

#define WITH(device, links)                                                                        \
	HEAD "devices: [{ name: kernel, type: macsec" device " }]\n"                               \
	     "associations:\n" MASTER("span-1", "kernel") links

static void test_same(void **state)
{
	(void)state;
	assert_true(same(ALONE(LINK), ALONE(LINK)));
	assert_true(same(ALONE(LINK), ALONE("    links: [{ interface: eth1, macsec-device: macsec0 "
					    "}]\n")));
	assert_false(
		same(ALONE(LINK), ALONE("    links: [{ interface: eth1, macsec-device: macsec1 "
					"}]\n")));
	assert_false(same(WITH("", LINK), WITH(", macsec-port: 2", LINK)));
	assert_false(same(WITH("", LINK), WITH(", replay-window: 2", LINK)));
	assert_false(same(WITH("", LINK), WITH(", hold-at-switch: false", LINK)));
	assert_true(same(WITH("", LINK), WITH(", hold-at-switch: true", LINK)));
	assert_false(same(WITH("", LINK), WITH(", rekey-packets: 2", LINK)));
	assert_false(same(WITH("", LINK), WITH(", rekey-octets: 2", LINK)));
	assert_false(same(WITH("", LINK), WITH(", rekey-percent: 2", LINK)));
	assert_true(same(ALONE(LINK), ALONE(LINK "    retire-hold: 9s\n")));
	assert_false(same(ALONE(LINK), ALONE(LINK "    cipher-suite: gcm-aes-256\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_retire_hold),
		cmocka_unit_test(test_other_devices_have_none),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_keys_of_other_types),
		cmocka_unit_test(test_what_only_routers_have),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_one_association_for_each_device),
		cmocka_unit_test(test_one_link_for_each_name),
		cmocka_unit_test(test_one_sci),
		cmocka_unit_test(test_one_association_on_one_interface),
		cmocka_unit_test(test_window_and_suite),
		cmocka_unit_test(test_handover),
		cmocka_unit_test(test_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
