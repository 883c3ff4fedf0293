/* What the kernel says of interfaces: news, answers, and what is not one of either. */
#include "keyidd/netif_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#define SEQUENCE 7
#define PORT_ID 4711
#define MESSAGES_MAX 8

static const uint8_t address[] = { 0x02, 0, 0, 0, 0, 0x77 };

static union {
	struct nlmsghdr header;
	uint8_t octets[4096];
} datagram;
static size_t datagram_len;

static struct netif_message taken[MESSAGES_MAX];
static size_t taken_count;

static int set_up(void **state)
{
	(void)state;
	memset(&datagram, 0, sizeof(datagram));
	datagram_len = 0;
	return 0;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static struct nlmsghdr *begin(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(datagram.octets + datagram_len);

	header->nlmsg_type = type;
	header->nlmsg_flags = flags;
	return header;
}

static void end(const struct nlmsghdr *header)
{
	datagram_len += MNL_ALIGN(header->nlmsg_len);
}

static struct nlmsghdr *begin_link(uint16_t type, uint8_t family, int index, unsigned flags)
{
	struct nlmsghdr *header = begin(type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));

	info->ifi_family = family;
	info->ifi_index = index;
	info->ifi_flags = flags;
	return header;
}

/* As the kernel has it, among what else it says. */
static struct nlmsghdr *put_link(int index, const char *name, unsigned flags)
{
	struct nlmsghdr *header = begin_link(RTM_NEWLINK, AF_UNSPEC, index, flags);

	mnl_attr_put_u32(header, IFLA_TXQLEN, 1000);
	mnl_attr_put_strz(header, IFLA_IFNAME, name);
	mnl_attr_put_u32(header, IFLA_MTU, 1500);
	mnl_attr_put(header, IFLA_ADDRESS, sizeof(address), address);
	mnl_attr_put_u32(header, 0x3ffe, 1);
	end(header);
	return header;
}

static void answer_with(struct nlmsghdr *header, uint16_t flags)
{
	header->nlmsg_seq = SEQUENCE;
	header->nlmsg_pid = PORT_ID;
	header->nlmsg_flags |= flags;
}

static struct nlmsghdr *put_done(int error)
{
	struct nlmsghdr *header = begin(NLMSG_DONE, NLM_F_MULTI);

	*(int *)mnl_nlmsg_put_extra_header(header, sizeof(error)) = error;
	end(header);
	answer_with(header, 0);
	return header;
}

static void take(void *ctx, const struct netif_message *message)
{
	(void)ctx;
	assert_in_range(taken_count, 0, MESSAGES_MAX - 1);
	taken[taken_count++] = *message;
}

static enum netif_answer read_all(void)
{
	taken_count = 0;
	return netif_read_datagram(datagram.octets, datagram_len, SEQUENCE, PORT_ID, take, NULL);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void test_an_interface(void **state)
{
	(void)state;
	put_link(5, "eth1", IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	assert_int_equal(taken_count, 1);
	assert_false(taken[0].is_answer);
	assert_false(taken[0].is_deleted);
	assert_int_equal(taken[0].index, 5);
	assert_string_equal(taken[0].name, "eth1");
	assert_true(taken[0].is_up);
	assert_true(taken[0].has_carrier);
	assert_true(taken[0].has_address);
	assert_memory_equal(taken[0].address, address, sizeof(address));
	assert_true(taken[0].has_mtu);
	assert_int_equal(taken[0].mtu, 1500);
}

static void test_flags(void **state)
{
	(void)state;
	put_link(5, "eth1", IFF_BROADCAST);
	put_link(6, "eth2", IFF_UP);
	read_all();
	assert_false(taken[0].is_up);
	assert_false(taken[0].has_carrier);
	assert_true(taken[1].is_up);
	assert_false(taken[1].has_carrier);
}

static void test_a_deletion_needs_no_name(void **state)
{
	(void)state;
	end(begin_link(RTM_DELLINK, AF_UNSPEC, 5, 0));
	read_all();
	assert_int_equal(taken_count, 1);
	assert_true(taken[0].is_deleted);
	assert_int_equal(taken[0].index, 5);
}

/* A bridge says RTM_DELLINK of a port that leaves it. */
static void test_what_is_no_interface(void **state)
{
	struct nlmsghdr *header;

	(void)state;
	end(begin_link(RTM_DELLINK, AF_BRIDGE, 5, 0));
	end(begin_link(RTM_NEWLINK, AF_UNSPEC, 5, 0)); /* without a name */
	end(begin_link(RTM_DELLINK, AF_UNSPEC, 0, 0));
	end(begin_link(RTM_DELLINK, AF_UNSPEC, -5, 0));
	header = begin(RTM_DELLINK, 0); /* without its own header */
	end(header);
	end(begin_link(RTM_NEWADDR, AF_UNSPEC, 5, 0));
	header = begin_link(RTM_NEWLINK, AF_UNSPEC, 5, 0);
	mnl_attr_put_strz(header, IFLA_IFNAME, "a-name-of-16-oct");
	end(header);
	header = begin_link(RTM_NEWLINK, AF_UNSPEC, 5, 0);
	mnl_attr_put(header, IFLA_IFNAME, 0, "");
	end(header);
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	assert_int_equal(taken_count, 0);
}

/* Those of wireless interfaces say little; InfiniBand's address has 20 octets. */
static void test_what_is_missing_is_said_to_be(void **state)
{
	static const uint8_t long_address[20];
	struct nlmsghdr *header = begin_link(RTM_NEWLINK, AF_UNSPEC, 5, IFF_UP);

	(void)state;
	mnl_attr_put(header, IFLA_IFNAME, 3, "ib0"); /* not terminated */
	mnl_attr_put(header, IFLA_ADDRESS, sizeof(long_address), long_address);
	mnl_attr_put_u16(header, IFLA_MTU, 1500);
	end(header);
	read_all();
	assert_int_equal(taken_count, 1);
	assert_string_equal(taken[0].name, "ib0");
	assert_false(taken[0].has_address);
	assert_false(taken[0].has_mtu);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void test_answer_among_news(void **state)
{
	(void)state;
	put_link(5, "eth1", 0);
	answer_with(put_link(6, "eth2", 0), NLM_F_MULTI);
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	assert_int_equal(taken_count, 2);
	assert_false(taken[0].is_answer);
	assert_true(taken[1].is_answer);

	put_done(0);
	assert_int_equal(read_all(), NETIF_ANSWER_WHOLE);
}

static void test_another_ones_answer(void **state)
{
	(void)state;
	put_done(0)->nlmsg_seq++;
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	set_up(NULL);
	put_done(0)->nlmsg_pid++;
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	set_up(NULL);
	put_done(0);
	assert_int_equal(netif_read_datagram(datagram.octets, datagram_len, 0, PORT_ID, take, NULL),
		NETIF_ANSWER_OPEN);
}

static void test_spoiled_answers(void **state)
{
	struct nlmsghdr *header;

	(void)state;
	put_done(-12);
	assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);

	set_up(NULL);
	answer_with(put_link(6, "eth2", 0), NLM_F_MULTI | NLM_F_DUMP_INTR);
	put_done(0);
	assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);

	set_up(NULL);
	put_done(0)->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);

	set_up(NULL);
	header = begin(NLMSG_ERROR, 0);
	mnl_nlmsg_put_extra_header(header, sizeof(struct nlmsgerr));
	end(header);
	answer_with(header, 0);
	assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);
}

/* ---- what does not fit ----------------------------------------------------------------------- */

static void test_a_cut_datagram_gives_what_is_whole(void **state)
{
	size_t whole;

	(void)state;
	put_link(5, "eth1", 0);
	whole = datagram_len;
	put_link(6, "eth2", 0);
	for (size_t len = whole + 1; len < whole * 2; len++) {
		datagram_len = len;
		assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);
		assert_int_equal(taken_count, 1);
	}
}

static void test_lengths_that_lie(void **state)
{
	static const uint32_t lengths[] = { 0, 15, 4096, 0x7fffffff, 0x80000000, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		set_up(NULL);
		put_link(5, "eth1", 0)->nlmsg_len = lengths[i];
		datagram_len = 128;
		assert_int_equal(read_all(), NETIF_ANSWER_SPOILED);
		assert_int_equal(taken_count, 0);
	}
}

/* An attribute that reaches beyond its message ends that; what came before it counts. */
static void test_an_attribute_that_lies(void **state)
{
	struct nlmsghdr *header = begin_link(RTM_NEWLINK, AF_UNSPEC, 5, IFF_UP);
	struct nlattr *attr;

	(void)state;
	mnl_attr_put_strz(header, IFLA_IFNAME, "eth1");
	attr = mnl_nlmsg_get_payload_tail(header);
	mnl_attr_put_u32(header, IFLA_MTU, 1500);
	attr->nla_len = 12;
	end(header);
	put_link(6, "eth2", 0);
	assert_int_equal(read_all(), NETIF_ANSWER_OPEN);
	assert_int_equal(taken_count, 2);
	assert_false(taken[0].has_mtu);
	assert_true(taken[1].has_mtu);
}

static void test_the_request(void **state)
{
	(void)state;
	datagram_len = netif_write_request(SEQUENCE, datagram.octets);
	assert_in_range(datagram_len, sizeof(datagram.header), NETIF_REQUEST_MAX);
	assert_int_equal(datagram.header.nlmsg_len, datagram_len);
	assert_int_equal(datagram.header.nlmsg_type, RTM_GETLINK);
	assert_int_equal(datagram.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(datagram.header.nlmsg_seq, SEQUENCE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	static const struct CMUnitTest tests[] = {
		TEST(test_an_interface),
		TEST(test_flags),
		TEST(test_a_deletion_needs_no_name),
		TEST(test_what_is_no_interface),
		TEST(test_what_is_missing_is_said_to_be),
		TEST(test_answer_among_news),
		TEST(test_another_ones_answer),
		TEST(test_spoiled_answers),
		TEST(test_a_cut_datagram_gives_what_is_whole),
		TEST(test_lengths_that_lie),
		TEST(test_an_attribute_that_lies),
		TEST(test_the_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
