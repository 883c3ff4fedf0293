/* The configuration: what a good one becomes. */
#include "test_config_fixture.h"

static const uint8_t nearest_bridge[] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };

static void test_defaults(void **state)
{
	(void)state;
	struct config config = parse_good(good);
	const struct config_association *span = &config.associations[0];
	const struct exchange_config *exchange = &span->exchange;

	assert_string_equal(config.daemon.state_file, "/var/lib/keyidd/keyidd.db");
	assert_string_equal(config.daemon.state_key_file, "/etc/keyidd/state.key");
	assert_string_equal(config.daemon.control_socket, "/run/keyidd/control.sock");
	assert_int_equal(config.daemon.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config.transport.frame.raw.ethertype, 0x88b7);
	assert_memory_equal(config.transport.destination, nearest_bridge, 6);
	assert_int_equal(config.kmes[0].client.method, KME_METHOD_POST);
	assert_int_equal(config.kmes[0].client.connect_timeout_ms, 5000);
	assert_int_equal(config.kmes[0].client.timeout_ms, 15000);
	assert_int_equal(config.devices[0].port, 830);
	assert_int_equal(config.devices[0].timeout_ms, 30000);
	assert_int_equal(config.devices[0].lock_wait_ms, 10000);
	assert_string_equal(span->cipher_suite, "gcm-aes-xpn-256");
	assert_int_equal(span->cak_len, 32);
	assert_int_equal(span->key_size_bits, 256);
	assert_int_equal(exchange->ckn.kind, CKN_PREFIX);
	assert_int_equal(span->heartbeat_ms, 2000);
	assert_int_equal(exchange->life_ms, 6000);
	assert_int_equal(exchange->rekey_interval_ms, 3600000);
	assert_int_equal(exchange->prepare_timeout_ms, 60000);
	assert_int_equal(exchange->backoff_min_ms, 5000);
	assert_int_equal(exchange->backoff_max_ms, 600000);
	assert_int_equal(exchange->read_back_ms, 30000);
	assert_int_equal(exchange->verify_ms, 1000);
	assert_int_equal(exchange->live_timeout_ms, 60000);
	assert_int_equal(exchange->keys_per_hour, 60);
	assert_int_equal(span->key_age_alarm_ms, 7200000);
	assert_int_equal(exchange->batch, 1);
	assert_int_equal(exchange->spacing_s, 0);
	assert_false(exchange->uses_an);
	assert_false(exchange->uses_start);
	assert_string_equal(span->links[0].name, "span-1");
	assert_int_equal(span->links[0].vlan, 0);
	assert_memory_equal(span->links[0].destination, nearest_bridge, 6);
	config_free(&config);
}

static void test_master(void **state)
{
	(void)state;
	struct config config = parse_good(good);
	const struct config_association *span = &config.associations[0];
	const struct exchange_config *exchange = &span->exchange;
	uint8_t id[ASSOCIATION_ID_LEN];

	assert_int_equal(config.association_count, 2);
	association_id("span-1", id);
	assert_memory_equal(exchange->association, id, sizeof(id));
	assert_int_equal(exchange->role, EXCHANGE_MASTER);
	assert_string_equal(exchange->sae.text, "mx304-11");
	assert_true(sae_id_equal(&exchange->master, &exchange->sae));
	assert_int_equal(exchange->member_count, 1);
	assert_string_equal(exchange->members[0].text, "mx304-12");
	assert_int_equal(exchange->link_count, 1);
	assert_int_equal(exchange->links[0].direction, EXCHANGE_DOWN);
	assert_int_equal(exchange->links[0].neighbour_count, 1);
	assert_string_equal(exchange->links[0].neighbours[0].text, "mx304-12");
	assert_int_equal(exchange->ckn.prefix_len, 16);
	assert_int_equal(exchange->ckn.prefix[0], 0xab);
	assert_int_equal(exchange->ckn.prefix[15], 0x78);
	assert_string_equal(span->links[0].interface, "eth1");
	assert_int_equal(span->channel_keys.count, 1);
	assert_int_equal(span->channel_keys.keys[0].number, 1);
	assert_string_equal(span->channel_keys.keys[0].file, "/k/span-1.key");
	config_free(&config);
}

static void test_slave(void **state)
{
	(void)state;
	struct config config = parse_good(good);
	const struct config_association *span = &config.associations[1];
	const struct exchange_config *exchange = &span->exchange;

	assert_int_equal(exchange->role, EXCHANGE_SLAVE);
	assert_string_equal(exchange->master.text, "mx304-13");
	assert_int_equal(exchange->member_count, 0);
	assert_int_equal(exchange->links[0].direction, EXCHANGE_UP);
	assert_int_equal(exchange->links[0].neighbour_count, 1);
	assert_string_equal(exchange->links[0].neighbours[0].text, "mx304-13");
	assert_int_equal(exchange->ckn.kind, CKN_SHA256);
	assert_int_equal(span->channel_keys.keys[0].number, 7);
	config_free(&config);
}

static void test_ready_for_others(void **state)
{
	(void)state;
	struct config config = parse_good(good);
	const struct config_association *span = &config.associations[0];

	assert_ptr_equal(span->kme, &config.kmes[0]);
	assert_ptr_equal(span->device, &config.devices[0]);
	assert_string_equal(span->kme->client.url, "https://kme-1.example:443");
	assert_string_equal(span->kme->client.kme_id, "kme-1");
	assert_string_equal(span->kme->client.ca_file, "/k/ca.pem");
	assert_string_equal(span->kme->client.certificate_file, "/k/sae.pem");
	assert_string_equal(span->kme->client.private_key_file, "/k/sae.key");
	assert_string_equal(span->junos.host, "192.0.2.1");
	assert_int_equal(span->junos.port, 830);
	assert_string_equal(span->junos.user, "keyidd");
	assert_string_equal(span->junos.private_key_file, "/k/router.key");
	assert_string_equal(span->junos.known_hosts_file, "/k/known_hosts");
	assert_string_equal(span->junos.connectivity_association, "CA_basic");
	assert_string_equal(span->junos.cipher_suite, "gcm-aes-xpn-256");
	assert_int_equal(span->junos.interface_count, 0);
	assert_int_equal(span->junos.timeout_ms, 30000);
	assert_int_equal(span->junos.lock_wait_ms, 10000);
	config_free(&config);
	config_free(&config);
	config_free(NULL);
}

/* A reload loads into another struct, and copies it over. */
static void test_movable(void **state)
{
	(void)state;
	struct config first = parse_good(good);
	struct config second = first;

	memset(&first, 0xff, sizeof(first));
	assert_ptr_equal(second.associations[0].kme, &second.kmes[0]);
	assert_string_equal(second.associations[0].kme->name, "kme-1");
	config_free(&second);
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t ms;
	} cases[] = {
		{ "250ms", 250 },
		{ "2", 2000 },
		{ "3s", 3000 },
		{ "1m", 60000 },
		{ "1min", 60000 },
		{ "60s", 60000 },
		{ "100ms", 100 },
		{ "60000ms", 60000 },
	};
	char line[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "role: master\n    heartbeat: %s\n", cases[i].text);
		struct config config = parse_good(with("role: master\n", line));

		assert_int_equal(config.associations[0].heartbeat_ms, cases[i].ms);
		assert_int_equal(config.associations[0].exchange.life_ms, 3 * cases[i].ms);
		config_free(&config);
	}
}

static void test_long_durations(void **state)
{
	(void)state;
	struct config config = parse_good(with("role: master\n",
		"role: master\n    rekey-interval: 30d\n    key-age-alarm: 36h\n"
		"    backoff-max: 1d\n"));

	assert_true(config.associations[0].exchange.rekey_interval_ms == UINT64_C(2592000000));
	assert_int_equal(config.associations[0].key_age_alarm_ms, 129600000);
	assert_int_equal(config.associations[0].exchange.backoff_max_ms, 86400000);
	config_free(&config);

	config = parse_good(with("role: master\n", "role: master\n    rekey-interval: 0\n"));
	assert_int_equal(config.associations[0].exchange.rekey_interval_ms, 0);
	assert_int_equal(config.associations[0].key_age_alarm_ms, 0);
	config_free(&config);
}

static void test_suites(void **state)
{
	(void)state;
	static const struct {
		const char *suite, *size;
		size_t cak_len;
	} cases[] = { { "gcm-aes-128", "128", 16 }, { "gcm-aes-xpn-128", "256", 16 },
		{ "gcm-aes-256", "512", 32 }, { "gcm-aes-xpn-256", "0", 32 } };
	char line[80];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line),
			"role: master\n    cipher-suite: %s\n    key-size: %s\n", cases[i].suite,
			cases[i].size);
		struct config config = parse_good(with("role: master\n", line));

		assert_int_equal(config.associations[0].cak_len, cases[i].cak_len);
		assert_int_equal(
			config.associations[0].key_size_bits, strtoul(cases[i].size, NULL, 10));
		config_free(&config);
	}
}

static void test_transport(void **state)
{
	(void)state;
	struct config config = parse_good(with("  oui: 00:00:5e\n  protocol-id: 0x0042\n",
		"  oui: 'A8-bc-01'\n  protocol-id: 66\n  ethertype: 0x88B5\n"
		"  destination: 02:00:00:00:00:07\n"));
	static const uint8_t oui[] = { 0xa8, 0xbc, 0x01 };
	static const uint8_t destination[] = { 2, 0, 0, 0, 0, 7 };

	assert_memory_equal(config.transport.frame.raw.oui, oui, 3);
	assert_int_equal(config.transport.frame.raw.protocol_id, 0x42);
	assert_int_equal(config.transport.frame.raw.ethertype, 0x88b5);
	assert_memory_equal(config.associations[0].links[0].destination, destination, 6);
	config_free(&config);
}

static void test_relay(void **state)
{
	(void)state;
	struct config config = parse_good(with("    links: [{ interface: eth2 }]\n",
		"    links:\n"
		"      - { name: west, interface: eth2, direction: up, neighbours: [mx304-13] }\n"
		"      - { name: east, interface: eth2, vlan: 7, direction: down, neighbours: "
		"[b],\n"
		"          destination: 01:80:c2:00:00:03 }\n"));
	const struct config_association *span = &config.associations[1];

	assert_int_equal(span->exchange.link_count, 2);
	assert_int_equal(span->exchange.links[0].direction, EXCHANGE_UP);
	assert_int_equal(span->exchange.links[1].direction, EXCHANGE_DOWN);
	assert_string_equal(span->exchange.links[1].neighbours[0].text, "b");
	assert_string_equal(span->links[1].name, "east");
	assert_int_equal(span->links[1].vlan, 7);
	assert_int_equal(span->links[1].destination[5], 3);
	assert_int_equal(span->links[0].destination[5], 0xe);
	config_free(&config);
}

/* A segment of three: with the flag for a router, without it for a rehearsal. */
static void test_segment(void **state)
{
	(void)state;
	struct config config = parse_good(with("    members: [mx304-12]\n",
		"    members: [mx304-12, mx304-14]\n    accept-interrupting-segment: true\n"));

	assert_int_equal(config.associations[0].exchange.links[0].neighbour_count, 2);
	config_free(&config);
}

static void test_dry_run(void **state)
{
	(void)state;
	struct config config = parse_good(
		"transport: { oui: 00:00:5e, protocol-id: 66 }\n"
		"kmes: [{ name: k, url: 'https://[2001:db8::1]:8443', kme-id: k, ca: /a, "
		"certificate: /b,\n"
		"  private-key: /c }]\n"
		"devices: [{ name: paper, type: dry-run }]\n"
		"associations:\n"
		"- { name: s, role: master, sae: a, members: [b, c], kme: k, device: paper, ckn: "
		"sha256,\n"
		"    channel-keys: [{ number: 1, file: /d }, { number: 2, file: /e }],\n"
		"    links: [{ interface: veth0 }] }\n");

	assert_int_equal(config.devices[0].type, CONFIG_DEVICE_DRY_RUN);
	assert_null(config.associations[0].junos.host);
	assert_int_equal(config.associations[0].channel_keys.count, 2);
	config_free(&config);
}

static void test_json(void **state)
{
	(void)state;
	static const char json[] =
		"{\n"
		"  \"transport\": {\"oui\": \"00:00:5e\", \"protocol-id\": \"0x0042\"},\n"
		"  \"kmes\": [{\"name\": \"k\", \"url\": \"https://k\", \"kme-id\": \"k\",\n"
		"    \"ca\": \"/a\", \"certificate\": \"/b\", \"private-key\": \"/c\"}],\n"
		"  \"devices\": [{\"name\": \"d\", \"type\": \"dry-run\"}],\n"
		"  \"associations\": [{\"name\": \"s\", \"role\": \"slave\", \"sae\": \"a\", "
		"\"master\": \"b\",\n"
		"    \"kme\": \"k\", \"device\": \"d\", \"ckn\": \"sha256\", \"keys-per-hour\": "
		"7,\n"
		"    \"accept-interrupting-segment\": false,\n"
		"    \"channel-keys\": [{\"number\": 1, \"file\": \"/d\"}],\n"
		"    \"links\": [{\"interface\": \"eth0\", \"vlan\": 9}]}]\n"
		"}\n";
	struct config config = parse_good(json);
	char bad[sizeof(json) + 20];
	char *place;

	assert_int_equal(config.associations[0].exchange.keys_per_hour, 7);
	assert_int_equal(config.associations[0].links[0].vlan, 9);
	config_free(&config);

	snprintf(bad, sizeof(bad), "%s", json);
	place = strstr(bad, "\"vlan\"");
	memcpy(place, "\"vlam\"", 6);
	assert_refused(bad, "10: associations[0].links[0].vlam: unknown key");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_slave),
		cmocka_unit_test(test_ready_for_others),
		cmocka_unit_test(test_movable),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_long_durations),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_segment),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
