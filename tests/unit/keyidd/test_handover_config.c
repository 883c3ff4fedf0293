/* Hand-overs in the configuration: what they become, and what is refused. */
#include "test_config_fixture.h"

#include "keyidd/config_same.h"

/* Of each kind one. Lines count from 1. */
static const char kinds[] = "kmes:\n" /* 1 */
			    "  - name: kme-1\n"
			    "    url: https://kme-1.example:443\n"
			    "    kme-id: kme-1\n"
			    "    ca: /k/ca.pem\n" /* 5 */
			    "    certificate: /k/sae.pem\n"
			    "    private-key: /k/sae.key\n"
			    "devices:\n"
			    "  - name: router-1\n"
			    "    type: junos\n" /* 10 */
			    "    host: 192.0.2.1\n"
			    "    user: keyidd\n"
			    "    private-key: /k/router.key\n"
			    "    known-hosts: /k/known_hosts\n"
			    "handovers:\n" /* 15 */
			    "  - name: file-slave\n"
			    "    transport: ssh-file\n"
			    "    role: slave\n"
			    "    sae: mx304-12\n"
			    "    peer: mx304-11\n" /* 20 */
			    "    kme: kme-1\n"
			    "    device: router-1\n"
			    "    connectivity-association: CA_1\n"
			    "    ckn-prefix: abcd1234abcd5678abcd1234abcd5678\n"
			    "    host: jump.example\n" /* 25 */
			    "    user: administrator\n"
			    "    private-key: /k/jump.key\n"
			    "    known-hosts: /k/jump_hosts\n"
			    "  - name: file-master\n"
			    "    transport: ssh-file\n" /* 30 */
			    "    role: master\n"
			    "    sae: mx304-11\n"
			    "    peer: mx304-12\n"
			    "    kme: kme-1\n"
			    "    device: router-1\n" /* 35 */
			    "    connectivity-association: CA_2\n"
			    "    ckn: sha256\n"
			    "    host: 192.0.2.9\n"
			    "    user: lab\n"
			    "    private-key: /k/lab.key\n" /* 40 */
			    "    known-hosts: /k/lab_hosts\n"
			    "    file: /var/home/remote/x.json\n"
			    "  - name: lldp-slave\n"
			    "    transport: lldp-port-description\n"
			    "    role: slave\n" /* 45 */
			    "    sae: mx304-12\n"
			    "    peer: mx304-11\n"
			    "    kme: kme-1\n"
			    "    device: router-1\n"
			    "    connectivity-association: CA_3\n" /* 50 */
			    "    ckn: sha256\n"
			    "    accept-unauthenticated: true\n"
			    "    interface: eth1\n"
			    "  - name: lldp-master\n"
			    "    transport: lldp-port-description\n" /* 55 */
			    "    role: master\n"
			    "    sae: mx304-11\n"
			    "    peer: mx304-12\n"
			    "    kme: kme-1\n"
			    "    device: router-1\n" /* 60 */
			    "    connectivity-association: CA_4\n"
			    "    ckn: sha256\n"
			    "    interval: 1h\n"
			    "    accept-unauthenticated: true\n"
			    "    description-interface: et-0/0/9\n"; /* 65 */

static char changed[sizeof(kinds) + 1024];

/* The text with one line, which is in it once, replaced by others. */
static const char *line_as(const char *line, const char *to)
{
	char whole[256];
	const char *at;

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	at = strstr(kinds, whole);
	if (!at || strstr(at + 1, whole)) {
		fail_msg("\"%s\" is not a line of the text once", line);
	}
	at++;
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - kinds), kinds, to,
		at + strlen(line) + (to[0] ? 0 : 1));
	return changed;
}

/* Adds lines behind one that is in the text once. */
static const char *after(const char *line, const char *more)
{
	char both[512];

	snprintf(both, sizeof(both), "%s\n%s", line, more);
	return line_as(line, both);
}

static void test_kinds(void **state)
{
	(void)state;
	struct config config = parse_good(kinds);
	const struct config_handover *file_slave = &config.handovers[0];
	const struct config_handover *file_master = &config.handovers[1];
	const struct config_handover *lldp_slave = &config.handovers[2];
	const struct config_handover *lldp_master = &config.handovers[3];

	assert_int_equal(config.association_count, 0);
	assert_int_equal(config.handover_count, 4);

	assert_string_equal(file_slave->name, "file-slave");
	assert_int_equal(file_slave->transport, CONFIG_HANDOVER_FILE);
	assert_int_equal(file_slave->role, EXCHANGE_SLAVE);
	assert_string_equal(file_slave->sae.text, "mx304-12");
	assert_string_equal(file_slave->peer.text, "mx304-11");
	assert_ptr_equal(file_slave->kme, &config.kmes[0]);
	assert_ptr_equal(file_slave->device, &config.devices[0]);
	assert_int_equal(file_slave->ckn.kind, CKN_PREFIX);
	assert_int_equal(file_slave->ckn.prefix_len, 16);
	assert_string_equal(file_slave->cipher_suite, "gcm-aes-xpn-256");
	assert_int_equal(file_slave->cak_len, 32);
	assert_int_equal(file_slave->key_size_bits, 256);
	assert_string_equal(file_slave->remote.host, "jump.example");
	assert_int_equal(file_slave->remote.port, 22);
	assert_string_equal(file_slave->remote.user, "administrator");
	assert_string_equal(file_slave->remote.private_key_file, "/k/jump.key");
	assert_string_equal(file_slave->remote.known_hosts_file, "/k/jump_hosts");
	assert_int_equal(file_slave->remote.timeout_ms, 30000);
	/* as the published log names it */
	assert_string_equal(file_slave->file_device, "mx304-11");
	assert_string_equal(file_slave->file, "mx304-11_last_key_test.json");
	assert_int_equal(file_slave->poll_interval_ms, 10000);
	assert_false(file_slave->takes_stale);
	assert_string_equal(file_slave->junos.connectivity_association, "CA_1");
	assert_string_equal(file_slave->junos.host, "192.0.2.1");
	assert_null(file_slave->junos.description_interface);
	assert_null(file_slave->junos.key_chain);

	assert_int_equal(file_master->role, EXCHANGE_MASTER);
	assert_string_equal(file_master->file_device, "mx304-11");
	assert_string_equal(file_master->file, "/var/home/remote/x.json");
	assert_int_equal(file_master->interval_ms, 600000);

	assert_int_equal(lldp_slave->transport, CONFIG_HANDOVER_LLDP);
	assert_string_equal(lldp_slave->interface, "eth1");
	assert_null(lldp_slave->neighbour_chassis);
	assert_null(lldp_slave->neighbour_system_name);
	assert_null(lldp_slave->remote.host);

	assert_int_equal(lldp_master->interval_ms, 3600000);
	assert_string_equal(lldp_master->junos.description_interface, "et-0/0/9");
	config_free(&config);
}

static void test_options(void **state)
{
	(void)state;
	struct config config = parse_good(after("    host: jump.example",
		"    port: 2222\n    timeout: 5s\n    file-device: mx-west\n"
		"    poll-interval: 1s\n    kme-keyid-check: false\n"
		"    cipher-suite: gcm-aes-128\n    key-size: 0\n"
		"    macsec-interfaces: [et-0/0/9]"));
	const struct config_handover *slave = &config.handovers[0];

	assert_int_equal(slave->remote.port, 2222);
	assert_int_equal(slave->remote.timeout_ms, 5000);
	assert_string_equal(slave->file_device, "mx-west");
	assert_string_equal(slave->file, "mx-west_last_key_test.json");
	assert_int_equal(slave->poll_interval_ms, 1000);
	assert_true(slave->takes_stale);
	assert_int_equal(slave->cak_len, 16);
	assert_int_equal(slave->junos.interface_count, 1);
	assert_string_equal(slave->junos.interfaces[0], "et-0/0/9");
	config_free(&config);

	config = parse_good(after("    interface: eth1",
		"    neighbour-chassis: 02:00:00:00:00:01\n    neighbour-system-name: mx304-11"));
	assert_string_equal(config.handovers[2].neighbour_chassis, "02:00:00:00:00:01");
	assert_string_equal(config.handovers[2].neighbour_system_name, "mx304-11");
	config_free(&config);
	assert_good(after("    host: jump.example", "    kme-keyid-check: true"));
}

/* A dry run names no association on a router, and is no router. */
static void test_dry_run(void **state)
{
	(void)state;
	assert_good("kmes: [{ name: k, url: 'https://k', kme-id: k, ca: /a, certificate: /b,\n"
		    "  private-key: /c }]\n"
		    "devices: [{ name: paper, type: dry-run }]\n"
		    "handovers:\n"
		    "- { name: h, transport: ssh-file, role: slave, sae: a, peer: b, kme: k,\n"
		    "    device: paper, ckn: sha256, host: h, user: u, private-key: /d,\n"
		    "    known-hosts: /e }\n");
}

static void test_beside_associations(void **state)
{
	(void)state;
	static char both[2 * sizeof(good) + sizeof(kinds)];
	struct config config;

	snprintf(both, sizeof(both), "%s%s", good, strstr(kinds, "handovers:"));
	config = parse_good(both);
	assert_int_equal(config.association_count, 2);
	assert_int_equal(config.handover_count, 4);
	config_free(&config);
}

#define REFUSED(line, to, expected) assert_refused(line_as(line, to), expected)
#define REFUSED_AFTER(line, more, expected) assert_refused(after(line, more), expected)

static void test_not_authenticated(void **state)
{
	(void)state;
	static char slave_only[sizeof(kinds)];
	const char *missing;

	/* with neither the key nor the right value, for either role */
	snprintf(slave_only, sizeof(slave_only), "%.*s",
		(int)(strstr(kinds, "  - name: lldp-master") - kinds), kinds);
	missing = strstr(slave_only, "    accept-unauthenticated: true\n");
	memmove((char *)missing, missing + strlen("    accept-unauthenticated: true\n"),
		strlen(missing + strlen("    accept-unauthenticated: true\n")) + 1);
	assert_refused(slave_only,
		"43: handovers[2].accept-unauthenticated: not true: nothing protects a key-ID in "
		"LLDP, so whoever reaches the wire can make the slave's end change its key alone, "
		"and break the link; write true to accept that, or use transport: ssh-file");
	REFUSED("    interval: 1h\n    accept-unauthenticated: true",
		"    accept-unauthenticated: false",
		"63: handovers[3].accept-unauthenticated: not true: nothing protects");
	REFUSED("    interval: 1h\n    accept-unauthenticated: true",
		"    accept-unauthenticated: yes",
		"63: handovers[3].accept-unauthenticated: \"yes\": write true or false");
}

static void test_missing(void **state)
{
	(void)state;
	static const char *const required[] = { "name", "transport", "role", "sae", "peer", "kme",
		"device" };
	struct config_errors errors;
	struct config config;

	assert_int_equal(parse("handovers:\n  - ckn: sha256\n", &config, &errors), -EINVAL);
	assert_int_equal(errors.count, sizeof(required) / sizeof(required[0]));
	for (size_t i = 0; i < errors.count; i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "t.yaml:2: handovers[0].%s: missing; ",
			required[i]);
		assert_int_equal(strncmp(errors.list[i].text, expected, strlen(expected)), 0);
	}
	config_errors_free(&errors);

	REFUSED("    host: jump.example", "",
		"16: handovers[0].host: missing; give the name or address of the host");
	REFUSED("    user: administrator", "", "16: handovers[0].user: missing");
	REFUSED("    private-key: /k/jump.key", "", "16: handovers[0].private-key: missing");
	REFUSED("    known-hosts: /k/jump_hosts", "", "16: handovers[0].known-hosts: missing");
	REFUSED("    interface: eth1", "",
		"43: handovers[2].interface: missing; give the interface on which");
	REFUSED("    description-interface: et-0/0/9", "",
		"54: handovers[3].description-interface: missing");
	REFUSED("    connectivity-association: CA_1", "",
		"16: handovers[0].connectivity-association: missing");
	REFUSED("    ckn-prefix: abcd1234abcd5678abcd1234abcd5678", "",
		"16: handovers[0].ckn-prefix: missing");
}

static void test_out_of_place(void **state)
{
	(void)state;
	REFUSED_AFTER("    host: jump.example", "    interval: 10m",
		"26: handovers[0].interval: not used by a slave with transport: ssh-file; leave it "
		"out");
	REFUSED_AFTER("    host: jump.example", "    interface: eth1",
		"26: handovers[0].interface: not used by a slave");
	REFUSED_AFTER("    host: jump.example", "    accept-unauthenticated: true",
		"26: handovers[0].accept-unauthenticated: not used by a slave");
	REFUSED_AFTER("    host: 192.0.2.9", "    poll-interval: 5s",
		"39: handovers[1].poll-interval: not used by a master with transport: ssh-file");
	REFUSED_AFTER("    host: 192.0.2.9", "    kme-keyid-check: true",
		"39: handovers[1].kme-keyid-check: not used by a master");
	REFUSED_AFTER("    host: 192.0.2.9", "    description-interface: et-0/0/9",
		"39: handovers[1].description-interface: not used by a master");
	REFUSED_AFTER("    interface: eth1", "    host: jump.example",
		"54: handovers[2].host: not used by a slave with transport: lldp-port-description");
	REFUSED_AFTER("    interface: eth1", "    kme-keyid-check: false",
		"54: handovers[2].kme-keyid-check: not used by a slave");
	REFUSED_AFTER("    description-interface: et-0/0/9", "    interface: eth1",
		"66: handovers[3].interface: not used by a master");
	REFUSED_AFTER("    description-interface: et-0/0/9", "    neighbour-chassis: x",
		"66: handovers[3].neighbour-chassis: not used by a master");
	REFUSED_AFTER("    host: jump.example", "    key-chain: KC",
		"26: handovers[0].key-chain: unknown key; see keyidd.conf(5)");
	REFUSED_AFTER("    host: jump.example", "    heartbeat: 2s",
		"26: handovers[0].heartbeat: unknown key");
	REFUSED_AFTER(
		"    host: jump.example", "    host: other", "26: handovers[0].host: given twice");
}

static void test_bounds(void **state)
{
	(void)state;
	char line[400] = "    file: ";

	REFUSED("    interval: 1h", "    interval: 999ms",
		"63: handovers[3].interval: \"999ms\": out of bounds: 1s to 30d");
	REFUSED("    interval: 1h", "    interval: 0", "63: handovers[3].interval: \"0\": out of");
	REFUSED_AFTER("    host: jump.example", "    poll-interval: 2h",
		"26: handovers[0].poll-interval: \"2h\": out of bounds: 100ms to 1h");
	REFUSED_AFTER("    host: jump.example", "    timeout: 1ms",
		"26: handovers[0].timeout: \"1ms\": out of bounds: 100ms to 10m");
	REFUSED_AFTER("    host: jump.example", "    port: 0",
		"26: handovers[0].port: \"0\": out of bounds: 1 to 65535");
	REFUSED_AFTER("    host: jump.example", "    kme-keyid-check: maybe",
		"26: handovers[0].kme-keyid-check: \"maybe\": write true or false");
	REFUSED_AFTER("    host: jump.example", "    key-size: 128",
		"26: handovers[0].key-size: 128 bits are too few for gcm-aes-xpn-256");
	REFUSED("    description-interface: et-0/0/9", "    description-interface: et-0/0/9.0",
		"65: handovers[3].description-interface: \"et-0/0/9.0\": not the name of a "
		"router's physical interface");
	REFUSED("    interface: eth1", "    interface: e/1",
		"53: handovers[2].interface: \"e/1\": "
		"not the name of a network interface");
	memset(line + strlen(line), 'f', 256);
	REFUSED_AFTER(
		"    host: jump.example", line, "26: handovers[0].file: longer than 255 octets");
	REFUSED_AFTER("    host: jump.example", "    file-device: a/b",
		"16: handovers[0].file: missing; the default cannot be made of \"a/b\"");
	assert_good(after("    host: jump.example", "    file-device: a/b\n    file: /x"));
}

static void test_wrong_kind(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;

	assert_int_equal(parse(line_as("  - name: file-slave\n    transport: ssh-file",
				       "  - name: file-slave\n    transport: scp"),
				 &config, &errors),
		-EINVAL);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.list[0].text,
		"t.yaml:17: handovers[0].transport: \"scp\": not one of "
		"lldp-port-description, ssh-file; write lldp-port-description or ssh-file");
	config_errors_free(&errors);
}

static void test_between_entries(void **state)
{
	(void)state;
	static char both[2 * sizeof(good) + sizeof(kinds)];

	REFUSED("  - name: lldp-master", "  - name: file-slave",
		"54: handovers[3].name: file-slave: this is also the name of handovers[0]");
	REFUSED("    connectivity-association: CA_4", "    connectivity-association: CA_1",
		"61: handovers[3].connectivity-association: CA_1: on this device, it is already "
		"that of handovers[0]");
	REFUSED("    sae: mx304-12\n    peer: mx304-11\n    kme: kme-1\n    device: router-1\n"
		"    connectivity-association: CA_1",
		"    sae: mx304-11\n    peer: mx304-11\n    kme: kme-1\n    device: router-1\n"
		"    connectivity-association: CA_1",
		"20: handovers[0].peer: mx304-11: this is the SAE of this end");
	REFUSED("    device: router-1\n    connectivity-association: CA_1",
		"    device: router-9\n    connectivity-association: CA_1",
		"22: handovers[0].device: \"router-9\": no such device");

	snprintf(both, sizeof(both), "%s%s", good,
		strstr(line_as("    connectivity-association: CA_2",
			       "    connectivity-association: CA_basic"),
			"handovers:"));
	assert_refused(both, "63: handovers[1].connectivity-association: CA_basic: on this "
			     "device, it is already that of associations[0]");
	snprintf(both, sizeof(both), "%s%s", good,
		strstr(line_as("  - name: lldp-slave", "  - name: span-1"), "handovers:"));
	assert_refused(
		both, "70: handovers[2].name: span-1: this is also the name of associations[0]");
}

static void test_needs_one_of_either(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;

	assert_int_equal(parse("transport: { oui: 00:00:5e, protocol-id: 1 }\nhandovers: []\n",
				 &config, &errors),
		-EINVAL);
	assert_string_equal(errors.list[errors.count - 1].text,
		"t.yaml:1: associations: none; without one there is nothing to do");
	config_errors_free(&errors);
}

/* For a reload: whatever differs. */
static void test_same(void **state)
{
	(void)state;
	static const char *const changes[][2] = {
		{ "    host: jump.example", "    host: other.example" },
		{ "    host: jump.example", "    host: jump.example\n    port: 23" },
		{ "    host: jump.example", "    host: jump.example\n    macsec-interfaces: [a]" },
		{ "    ckn-prefix: abcd1234abcd5678abcd1234abcd5678",
			"    ckn-prefix: abcd1234abcd5678abcd1234abcd5679" },
		{ "    host: 192.0.2.1", "    host: 192.0.2.2" },
	};
	struct config before = parse_good(kinds), same = parse_good(kinds);

	for (size_t i = 0; i < 4; i++) {
		assert_true(config_same_handover(&before.handovers[i], &same.handovers[i]));
	}
	config_free(&same);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct config other = parse_good(line_as(changes[i][0], changes[i][1]));

		assert_false(config_same_handover(&before.handovers[0], &other.handovers[0]));
		config_free(&other);
	}
	config_free(&before);
}

/* The examples are configurations, and each slave's would follow its master's. */
static void read_example(const char *name, struct config *config)
{
	struct config_errors errors = { 0 };
	static char text[8192];
	char path[128];
	FILE *in;

	snprintf(path, sizeof(path), "docs/examples/%s", name);
	in = fopen(path, "r");
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	if (config_parse(name, text, strlen(text), false, config, &errors) < 0) {
		fail_msg("%s", errors.list[0].text);
	}
}

static void test_examples(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "handover-file-master.yaml", "handover-file-slave.yaml" },
		{ "handover-lldp-master.yaml", "handover-lldp-slave.yaml" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct config master, slave;
		const struct config_handover *a, *b;

		read_example(pairs[i][0], &master);
		read_example(pairs[i][1], &slave);
		a = &master.handovers[0];
		b = &slave.handovers[0];
		assert_int_equal(a->role, EXCHANGE_MASTER);
		assert_int_equal(b->role, EXCHANGE_SLAVE);
		assert_int_equal(a->transport, b->transport);
		assert_true(sae_id_equal(&a->sae, &b->peer));
		assert_true(sae_id_equal(&a->peer, &b->sae));
		assert_memory_equal(&a->ckn, &b->ckn, sizeof(a->ckn));
		assert_int_equal(a->cak_len, b->cak_len);
		assert_string_equal(a->file, b->file);
		config_free(&master);
		config_free(&slave);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_beside_associations),
		cmocka_unit_test(test_not_authenticated),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_out_of_place),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_wrong_kind),
		cmocka_unit_test(test_between_entries),
		cmocka_unit_test(test_needs_one_of_either),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_examples),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
