/* The configuration of wpa_supplicant devices. */
#include "test_config_fixture.h"

#include "keyidd/config_same.h"

#define ROUTER                                                                                     \
	"    type: junos\n"                                                                        \
	"    host: 192.0.2.1\n"                                                                    \
	"    user: keyidd\n"                                                                       \
	"    private-key: /k/router.key\n"                                                         \
	"    known-hosts: /k/known_hosts\n"
#define WPA "    type: wpa_supplicant\n    control-socket: /run/wpa_supplicant/eth1\n"
#define PAIR WPA "    second-control-socket: /run/wpa_supplicant-2/eth1\n    bond: bond0\n"

#define PAIR_2(bond)                                                                               \
	"  - name: wpa-2\n"                                                                        \
	"    type: wpa_supplicant\n"                                                               \
	"    control-socket: /run/wpa_supplicant/eth2\n"                                           \
	"    second-control-socket: /run/wpa_supplicant-2/eth2\n"                                  \
	"    bond: " bond "\n"

/* One association, of a device as given. */
static const char *one(const char *device, const char *more)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		"transport: {oui: 00:00:5e, protocol-id: 0x0042}\n"
		"kmes:\n"
		"  - {name: kme-1, url: \"https://kme-1.example:443\", kme-id: kme-1,\n"
		"     ca: /k/ca.pem, certificate: /k/sae.pem, private-key: /k/sae.key}\n"
		"associations:\n" /* 5 */
		"  - name: span-1\n"
		"    role: master\n"
		"    sae: host-1\n"
		"    members: [host-2]\n"
		"    kme: kme-1\n" /* 10 */
		"    device: wpa-1\n"
		"    ckn: sha256\n"
		"    channel-keys: [{ number: 1, file: /k/span-1.key }]\n"
		"    links: [{ interface: eth1 }]\n"
		"%s" /* 15 */
		"devices:\n"
		"  - name: wpa-1\n"
		"%s",
		more, device);
	return text;
}

#define SUITE "    cipher-suite: gcm-aes-128\n"

static void test_wpa(void **state)
{
	(void)state;
	struct config config = parse_good(one(WPA, SUITE));
	const struct config_device *device = &config.devices[0];

	assert_int_equal(device->type, CONFIG_DEVICE_WPA);
	assert_string_equal(device->wpa.control_socket, "/run/wpa_supplicant/eth1");
	assert_int_equal(device->wpa.network, 0);
	assert_int_equal(device->timeout_ms, 30000);
	assert_int_equal(config.associations[0].cak_len, 16);
	assert_false(config.associations[0].exchange.uses_an);
	assert_false(config.associations[0].exchange.uses_start);
	config_free(&config);
	config = parse_good(
		one(WPA "    network: 3\n    timeout: 5s\n", "    cipher-suite: gcm-aes-256\n"));
	assert_int_equal(config.devices[0].wpa.network, 3);
	assert_int_equal(config.devices[0].timeout_ms, 5000);
	assert_int_equal(config.associations[0].cak_len, 32);
	config_free(&config);
}

static void test_refused(void **state)
{
	static const struct {
		const char *device, *more, *error;
	} cases[] = {
		{ "    type: wpa_supplicant\n", SUITE,
			"17: devices[0].control-socket: missing; give the path of its control "
			"socket, which ends in the interface" },
		{ WPA "    port: 830\n", SUITE,
			"20: devices[0].port: not used with type: wpa_supplicant; leave it out" },
		{ WPA "    macsec-port: 2\n", SUITE,
			"20: devices[0].macsec-port: not used with type: wpa_supplicant; leave it "
			"out" },
		{ ROUTER "    control-socket: /run/wpa_supplicant/eth1\n",
			"    connectivity-association: CA\n",
			"23: devices[0].control-socket: not used with type: junos; leave it out" },
		{ "    type: wpa_supplicant\n    control-socket: eth1\n", SUITE,
			"19: devices[0].control-socket: not an absolute path of at most 107 "
			"octets" },
		{ "    type: wpa_supplicant\n    control-socket: /run/wpa_supplicant/\n", SUITE,
			"19: devices[0].control-socket: /run/wpa_supplicant/: does not end in the "
			"name of an interface, as wpa_supplicant's sockets do" },
		{ WPA "    second-control-socket: /run/wpa_supplicant-2/eth1\n", SUITE,
			"17: devices[0].bond: missing; give the bond that has the macsec devices "
			"of both wpa_supplicants" },
		{ WPA "    bond: bond0\n", SUITE,
			"17: devices[0].second-control-socket: missing; a bond has the devices of "
			"two wpa_supplicants" },
		{ WPA "    bond: bond0\n    second-control-socket: /run/2/\n", SUITE,
			"21: devices[0].second-control-socket: /run/2/: does not end in the name "
			"of an interface, as wpa_supplicant's sockets do" },
		{ WPA "    bond: bond0\n    second-control-socket: /run/wpa_supplicant/eth1\n",
			SUITE,
			"21: devices[0].second-control-socket: /run/wpa_supplicant/eth1: the same "
			"as control-socket; give that of another wpa_supplicant" },
		{ PAIR "    timeout: 14s\n", SUITE,
			"22: devices[0].timeout: less than 15s, which MKA takes with a new key "
			"before traffic can move to it; write more" },
		{ WPA, "",
			"6: associations[0].cipher-suite: gcm-aes-xpn-256: wpa_supplicant has no "
			"suites with extended packet numbers; write gcm-aes-128, or from "
			"wpa_supplicant 2.11 on gcm-aes-256, at both ends" },
		{ WPA, "    cipher-suite: gcm-aes-xpn-128\n",
			"15: associations[0].cipher-suite: gcm-aes-xpn-128: wpa_supplicant has no "
			"suites with extended packet numbers; write gcm-aes-128, or from "
			"wpa_supplicant 2.11 on gcm-aes-256, at both ends" },
		{ WPA, SUITE "    connectivity-association: CA\n",
			"16: associations[0].connectivity-association: not for a device of type "
			"wpa_supplicant; leave it out" },
		{ WPA, SUITE "    key-chain: KC\n",
			"16: associations[0].key-chain: not for a device of type wpa_supplicant; "
			"leave it out" },
		{ WPA, SUITE "    macsec-interfaces: [eth1]\n",
			"16: associations[0].macsec-interfaces: not for a device of type "
			"wpa_supplicant; leave it out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused(one(cases[i].device, cases[i].more), cases[i].error);
	}
	/* To rehearse, the type alone is changed. */
	assert_good(one("    type: dry-run\n    control-socket: /run/wpa_supplicant/eth1\n", ""));
}

#define HANDOVER                                                                                   \
	SUITE "handovers:\n" /* 16 */                                                              \
	      "  - name: old-1\n"                                                                  \
	      "    transport: ssh-file\n"                                                          \
	      "    role: slave\n"                                                                  \
	      "    sae: host-1\n" /* 20 */                                                         \
	      "    peer: host-2\n"                                                                 \
	      "    kme: kme-1\n"                                                                   \
	      "    device: %s\n"                                                                   \
	      "    ckn: sha256\n"                                                                  \
	      "    cipher-suite: %s\n" /* 25 */                                                    \
	      "    host: 192.0.2.1\n"                                                              \
	      "    user: keyidd\n"                                                                 \
	      "    private-key: /k/ssh.key\n"                                                      \
	      "    known-hosts: /k/known_hosts\n"

static const char *handover(const char *device, const char *suite)
{
	static char text[1024];

	snprintf(text, sizeof(text), HANDOVER, device, suite);
	return text;
}

/* It has one key, by whatever name the device goes. */
static void test_users(void **state)
{
	(void)state;
	assert_refused(one(WPA, handover("wpa-1", "gcm-aes-128")),
		"23: handovers[0].device: /run/wpa_supplicant/eth1: this wpa_supplicant, which has "
		"one key at a time, is already that of associations[0]");
	assert_refused(one(WPA "  - name: again\n" WPA, handover("again", "gcm-aes-128")),
		"23: handovers[0].device: /run/wpa_supplicant/eth1: this wpa_supplicant, which has "
		"one key at a time, is already that of associations[0]");
	assert_refused(one(WPA "  - name: wpa-2\n"
			       "    type: wpa_supplicant\n"
			       "    control-socket: /run/wpa_supplicant/eth2\n",
			       handover("wpa-2", "gcm-aes-xpn-256")),
		"25: handovers[0].cipher-suite: gcm-aes-xpn-256: wpa_supplicant has no suites with "
		"extended packet numbers; write gcm-aes-128, or from wpa_supplicant 2.11 on "
		"gcm-aes-256, at both ends");
	assert_refused(one(PAIR "  - name: wpa-2\n"
				"    type: wpa_supplicant\n"
				"    control-socket: /run/wpa_supplicant-2/eth1\n",
			       handover("wpa-2", "gcm-aes-128")),
		"23: handovers[0].device: /run/wpa_supplicant-2/eth1: this wpa_supplicant, which "
		"has one key at a time, is already that of associations[0]");
	assert_refused(one(PAIR PAIR_2("bond0"), handover("wpa-2", "gcm-aes-128")),
		"23: handovers[0].device: bond0: this bond, which has one active device, is "
		"already that of associations[0]");
	assert_good(one(PAIR PAIR_2("bond1"), handover("wpa-2", "gcm-aes-128")));
	assert_good(one(WPA "  - name: wpa-2\n"
			    "    type: wpa_supplicant\n"
			    "    control-socket: /run/wpa_supplicant/eth2\n",
		handover("wpa-2", "gcm-aes-128")));
}

/* Another socket or network block is another device: the association starts anew. */
static void test_same(void **state)
{
	static const char *const others[] = { "    type: wpa_supplicant\n"
					      "    control-socket: /run/wpa_supplicant/eth2\n",
		WPA "    network: 1\n", WPA "    timeout: 5s\n", PAIR };
	struct config before = parse_good(one(WPA, SUITE)), same = parse_good(one(WPA, SUITE));

	(void)state;
	assert_true(config_same_association(&before.associations[0], &same.associations[0]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct config other = parse_good(one(others[i], SUITE));

		assert_false(
			config_same_association(&before.associations[0], &other.associations[0]));
		config_free(&other);
	}
	config_free(&before);
	config_free(&same);
}

/* Each key interrupts all stations of a segment. */
static void test_segment(void **state)
{
	const char *text = one(WPA, SUITE);
	char segment[4096];
	const char *members = strstr(text, "[host-2]"), *links = strstr(text, "eth1 }]");

	(void)state;
	snprintf(segment, sizeof(segment),
		"%.*s[host-2, host-3]%.*seth1, neighbours: [host-2, host-3] }]%s",
		(int)(members - text), text, (int)(links - members - 8), members + 8, links + 7);
	assert_refused(segment,
		"14: associations[0].links[0].neighbours: 3 stations share this segment, and "
		"changing a static pre-shared key interrupts it; if that is acceptable, write "
		"accept-interrupting-segment: true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wpa),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
