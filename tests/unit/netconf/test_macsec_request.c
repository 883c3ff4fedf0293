/*
 * What the kernel is asked about MACsec, looked at as the kernel does: every attribute
 * that a request has, with its size, and no other.
 */
#include "netconf/macsec_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>

#include <net/if.h>

#define FAMILY 0x1c
#define IFINDEX 9
#define ACKNOWLEDGED (NLM_F_REQUEST | NLM_F_ACK)

static const struct macsec_sci sci = { { 0x02, 0, 0, 0, 0, 0x0b, 0, 1 } };
static const struct macsec_key_id key_id = { { 1, 2, 3, 4, 5, 6, 7, 8 },
	{ 9, 10, 11, 12, 13, 14, 15, 16 } };
static struct macsec_request request;

/* ---- looking --------------------------------------------------------------------------------- */

/* The attributes of a message or of a nest, each of which is asked for once. */
struct attributes {
	size_t count, seen;
	const struct nlattr *list[16];
};

static void take(struct attributes *attributes, const struct nlattr *attr)
{
	assert_true(attributes->count < 16);
	attributes->list[attributes->count++] = attr;
}

static struct attributes in_message(size_t header_len)
{
	struct attributes attributes = { 0 };
	const struct nlattr *attr;

	mnl_attr_for_each(attr, &request.header, header_len)
	{
		take(&attributes, attr);
	}
	return attributes;
}

static const struct nlattr *expect(struct attributes *attributes, uint16_t type)
{
	for (size_t i = 0; i < attributes->count; i++) {
		if (mnl_attr_get_type(attributes->list[i]) == type) {
			attributes->seen++;
			return attributes->list[i];
		}
	}
	fail_msg("no attribute %u", type);
	return NULL;
}

static struct attributes expect_nest(struct attributes *attributes, uint16_t type)
{
	const struct nlattr *nest = expect(attributes, type), *attr;
	struct attributes nested = { 0 };

	mnl_attr_for_each_nested(attr, nest)
	{
		take(&nested, attr);
	}
	return nested;
}

static void expect_octets(
	struct attributes *attributes, uint16_t type, const void *octets, size_t len)
{
	const struct nlattr *attr = expect(attributes, type);

	assert_int_equal(mnl_attr_get_payload_len(attr), len);
	assert_memory_equal(mnl_attr_get_payload(attr), octets, len);
}

static void expect_u8(struct attributes *attributes, uint16_t type, uint8_t value)
{
	expect_octets(attributes, type, &value, sizeof(value));
}

static void expect_u32(struct attributes *attributes, uint16_t type, uint32_t value)
{
	expect_octets(attributes, type, &value, sizeof(value));
}

static void expect_u64(struct attributes *attributes, uint16_t type, uint64_t value)
{
	expect_octets(attributes, type, &value, sizeof(value));
}

static void expect_no_more(const struct attributes *attributes)
{
	assert_int_equal(attributes->seen, attributes->count);
}

static void assert_header(uint16_t type, uint16_t flags)
{
	assert_int_equal(request.header.nlmsg_type, type);
	assert_int_equal(request.header.nlmsg_flags, flags);
}

/* A message of the family macsec to the device; returns what it has beside that. */
static struct attributes expect_command(uint8_t command)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(&request.header);
	struct attributes attributes = in_message(GENL_HDRLEN);

	assert_header(FAMILY, ACKNOWLEDGED);
	assert_int_equal(generic->cmd, command);
	assert_int_equal(generic->version, MACSEC_GENL_VERSION);
	expect_u32(&attributes, MACSEC_ATTR_IFINDEX, IFINDEX);
	return attributes;
}

/* ---- SAs ------------------------------------------------------------------------------------- */

static struct macsec_sak make_sak(size_t key_len, size_t salt_len)
{
	struct macsec_sak sak = { 0 };

	memset(sak.key.bytes, 0x5a, sak.key.len = key_len);
	memset(sak.salt.bytes, 0xa5, sak.salt.len = salt_len);
	return sak;
}

static void test_add_receive_sa(void **state)
{
	struct macsec_sak sak = make_sak(32, 12);
	struct macsec_sa_request sa = {
		.ifindex = IFINDEX,
		.sci = &sci,
		.an = 3,
		.active = true,
		.suite = MACSEC_SUITE_GCM_AES_XPN_256,
		.next_pn = UINT64_C(0x500000001),
		.key_id = &key_id,
		.sak = &sak,
	};
	static const uint8_t ssci[4] = { 0, 0, 0, 1 };
	struct attributes all, channel, config;

	(void)state;
	macsec_request_sa(&request, FAMILY, MACSEC_ADD, &sa);
	all = expect_command(MACSEC_CMD_ADD_RXSA);
	channel = expect_nest(&all, MACSEC_ATTR_RXSC_CONFIG);
	config = expect_nest(&all, MACSEC_ATTR_SA_CONFIG);
	expect_no_more(&all);
	expect_octets(&channel, MACSEC_RXSC_ATTR_SCI, &sci, sizeof(sci));
	expect_no_more(&channel);
	expect_u8(&config, MACSEC_SA_ATTR_AN, 3);
	expect_u8(&config, MACSEC_SA_ATTR_ACTIVE, 1);
	expect_u64(&config, MACSEC_SA_ATTR_PN, UINT64_C(0x500000001));
	expect_octets(&config, MACSEC_SA_ATTR_SSCI, ssci, sizeof(ssci));
	expect_octets(&config, MACSEC_SA_ATTR_SALT, sak.salt.bytes, 12);
	expect_octets(&config, MACSEC_SA_ATTR_KEYID, &key_id, sizeof(key_id));
	expect_octets(&config, MACSEC_SA_ATTR_KEY, sak.key.bytes, 32);
	expect_no_more(&config);
}

static void test_add_transmit_sa(void **state)
{
	struct macsec_sak sak = make_sak(16, 0);
	struct macsec_sa_request sa = {
		.ifindex = IFINDEX,
		.suite = MACSEC_SUITE_GCM_AES_128,
		.next_pn = 1,
		.key_id = &key_id,
		.sak = &sak,
	};
	struct attributes all, config;

	(void)state;
	macsec_request_sa(&request, FAMILY, MACSEC_ADD, &sa);
	all = expect_command(MACSEC_CMD_ADD_TXSA);
	config = expect_nest(&all, MACSEC_ATTR_SA_CONFIG);
	expect_no_more(&all);
	expect_u8(&config, MACSEC_SA_ATTR_AN, 0);
	expect_u8(&config, MACSEC_SA_ATTR_ACTIVE, 0);
	expect_u32(&config, MACSEC_SA_ATTR_PN, 1);
	expect_octets(&config, MACSEC_SA_ATTR_KEYID, &key_id, sizeof(key_id));
	expect_octets(&config, MACSEC_SA_ATTR_KEY, sak.key.bytes, 16);
	expect_no_more(&config);
	macsec_request_wipe(&request);
	for (size_t i = 0; i < sizeof(request); i++) {
		assert_int_equal(request.octets[i], 0);
	}
}

/* Neither the key nor the packet number is in them. */
static void test_change_sa(void **state)
{
	static const struct {
		enum macsec_change change;
		bool receive;
		uint8_t command;
	} cases[] = {
		{ MACSEC_UPDATE, true, MACSEC_CMD_UPD_RXSA },
		{ MACSEC_UPDATE, false, MACSEC_CMD_UPD_TXSA },
		{ MACSEC_DELETE, true, MACSEC_CMD_DEL_RXSA },
		{ MACSEC_DELETE, false, MACSEC_CMD_DEL_TXSA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct macsec_sa_request sa = {
			.ifindex = IFINDEX, .an = 2, .sci = cases[i].receive ? &sci : NULL
		};
		struct attributes all, channel, config;

		macsec_request_sa(&request, FAMILY, cases[i].change, &sa);
		all = expect_command(cases[i].command);
		if (cases[i].receive) {
			channel = expect_nest(&all, MACSEC_ATTR_RXSC_CONFIG);
			expect_octets(&channel, MACSEC_RXSC_ATTR_SCI, &sci, sizeof(sci));
			expect_no_more(&channel);
		}
		config = expect_nest(&all, MACSEC_ATTR_SA_CONFIG);
		expect_no_more(&all);
		expect_u8(&config, MACSEC_SA_ATTR_AN, 2);
		if (cases[i].change == MACSEC_UPDATE) {
			expect_u8(&config, MACSEC_SA_ATTR_ACTIVE, 0);
		}
		expect_no_more(&config);
	}
}

static void test_channels(void **state)
{
	static const uint8_t commands[] = {
		[MACSEC_ADD] = MACSEC_CMD_ADD_RXSC,
		[MACSEC_UPDATE] = MACSEC_CMD_UPD_RXSC,
		[MACSEC_DELETE] = MACSEC_CMD_DEL_RXSC,
	};

	(void)state;
	for (enum macsec_change change = MACSEC_ADD; change <= MACSEC_DELETE; change++) {
		struct attributes all, channel;

		macsec_request_channel(&request, FAMILY, change, IFINDEX, &sci);
		all = expect_command(commands[change]);
		channel = expect_nest(&all, MACSEC_ATTR_RXSC_CONFIG);
		expect_no_more(&all);
		expect_octets(&channel, MACSEC_RXSC_ATTR_SCI, &sci, sizeof(sci));
		if (change != MACSEC_DELETE) {
			expect_u8(&channel, MACSEC_RXSC_ATTR_ACTIVE, 1);
		}
		expect_no_more(&channel);
	}
}

/* ---- the family ------------------------------------------------------------------------------ */

static void test_family_and_dump(void **state)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(&request.header);
	struct attributes all;

	(void)state;
	macsec_request_family(&request);
	assert_header(GENL_ID_CTRL, ACKNOWLEDGED);
	assert_int_equal(generic->cmd, CTRL_CMD_GETFAMILY);
	all = in_message(GENL_HDRLEN);
	expect_octets(&all, CTRL_ATTR_FAMILY_NAME, "macsec", 7);
	expect_no_more(&all);

	macsec_request_dump(&request, FAMILY);
	assert_header(FAMILY, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(generic->cmd, MACSEC_CMD_GET_TXSC);
	all = in_message(GENL_HDRLEN);
	expect_no_more(&all);
}

/* ---- rtnetlink ------------------------------------------------------------------------------- */

static const struct ifinfomsg *link_header(void)
{
	return mnl_nlmsg_get_payload(&request.header);
}

static struct attributes in_link(void)
{
	return in_message(sizeof(struct ifinfomsg));
}

/* What is in the part for devices of kind macsec, which must be the rest. */
static struct attributes expect_kind(struct attributes *all)
{
	struct attributes info = expect_nest(all, IFLA_LINKINFO), data;

	expect_no_more(all);
	expect_octets(&info, IFLA_INFO_KIND, "macsec", 6);
	data = expect_nest(&info, IFLA_INFO_DATA);
	expect_no_more(&info);
	return data;
}

static void expect_settings(struct attributes *data, uint32_t window)
{
	expect_u8(data, IFLA_MACSEC_ENCRYPT, 1);
	expect_u8(data, IFLA_MACSEC_PROTECT, 1);
	expect_u8(data, IFLA_MACSEC_INC_SCI, 1);
	expect_u8(data, IFLA_MACSEC_ES, 0);
	expect_u8(data, IFLA_MACSEC_SCB, 0);
	expect_u8(data, IFLA_MACSEC_REPLAY_PROTECT, 1);
	expect_u32(data, IFLA_MACSEC_WINDOW, window);
	expect_u8(data, IFLA_MACSEC_VALIDATION, MACSEC_VALIDATE_STRICT);
	expect_no_more(data);
}

static void test_create(void **state)
{
	static const uint8_t port[2] = { 0x12, 0x34 };
	static const uint64_t suites[MACSEC_SUITE_COUNT] = {
		[MACSEC_SUITE_GCM_AES_128] = UINT64_C(0x0080c20001000001),
		[MACSEC_SUITE_GCM_AES_256] = UINT64_C(0x0080c20001000002),
		[MACSEC_SUITE_GCM_AES_XPN_128] = UINT64_C(0x0080c20001000003),
		[MACSEC_SUITE_GCM_AES_XPN_256] = UINT64_C(0x0080c20001000004),
	};
	struct macsec_config config = { .name = "macsec0", .port = 0x1234, .replay_window = 64 };

	(void)state;
	for (config.suite = 0; config.suite < MACSEC_SUITE_COUNT; config.suite++) {
		struct attributes all, data;

		macsec_request_create(&request, &config, 3);
		assert_header(RTM_NEWLINK, ACKNOWLEDGED | NLM_F_CREATE | NLM_F_EXCL);
		assert_int_equal(link_header()->ifi_index, 0);
		assert_int_equal(link_header()->ifi_flags, IFF_UP);
		assert_int_equal(link_header()->ifi_change, IFF_UP);
		all = in_link();
		expect_octets(&all, IFLA_IFNAME, "macsec0", 8);
		expect_u32(&all, IFLA_LINK, 3);
		data = expect_kind(&all);
		expect_octets(&data, IFLA_MACSEC_PORT, port, sizeof(port));
		expect_u64(&data, IFLA_MACSEC_CIPHER_SUITE, suites[config.suite]);
		expect_u8(&data, IFLA_MACSEC_ICV_LEN, 16);
		expect_u8(&data, IFLA_MACSEC_ENCODING_SA, 0);
		expect_settings(&data, 64);
	}
}

/* Neither touches what is not named: the other's attributes, or whether it is up. */
static void test_change_device(void **state)
{
	struct attributes all, data;

	(void)state;
	macsec_request_settings(&request, IFINDEX, 1000);
	assert_header(RTM_NEWLINK, ACKNOWLEDGED);
	assert_int_equal(link_header()->ifi_index, IFINDEX);
	assert_int_equal(link_header()->ifi_change, 0);
	all = in_link();
	data = expect_kind(&all);
	expect_settings(&data, 1000);

	macsec_request_encode(&request, IFINDEX, 2);
	assert_header(RTM_NEWLINK, ACKNOWLEDGED);
	assert_int_equal(link_header()->ifi_index, IFINDEX);
	assert_int_equal(link_header()->ifi_change, 0);
	all = in_link();
	data = expect_kind(&all);
	expect_u8(&data, IFLA_MACSEC_ENCODING_SA, 2);
	expect_no_more(&data);
}

static void test_find_and_delete(void **state)
{
	struct attributes all;

	(void)state;
	macsec_request_link(&request, "eth0", 0);
	assert_header(RTM_GETLINK, ACKNOWLEDGED);
	assert_int_equal(link_header()->ifi_index, 0);
	all = in_link();
	expect_octets(&all, IFLA_IFNAME, "eth0", 5);
	expect_no_more(&all);

	macsec_request_link(&request, NULL, IFINDEX);
	assert_int_equal(link_header()->ifi_index, IFINDEX);
	all = in_link();
	expect_no_more(&all);

	macsec_request_delete(&request, IFINDEX);
	assert_header(RTM_DELLINK, ACKNOWLEDGED);
	assert_int_equal(link_header()->ifi_index, IFINDEX);
	all = in_link();
	expect_no_more(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_receive_sa),
		cmocka_unit_test(test_add_transmit_sa),
		cmocka_unit_test(test_change_sa),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_family_and_dump),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_change_device),
		cmocka_unit_test(test_find_and_delete),
	};

	return cmocka_run_group_tests_name("macsec_request", tests, NULL, NULL);
}
