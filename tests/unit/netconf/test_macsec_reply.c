/* How the kernel answers: acknowledgements, dumps, interfaces, families. */
#include "netconf/macsec_reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEQUENCE 7
#define PORT_ID 4711

static union {
	struct nlmsghdr header;
	uint8_t octets[4096];
} datagram;

static struct nlmsghdr *begin(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header;

	memset(&datagram, 0, sizeof(datagram));
	header = mnl_nlmsg_put_header(datagram.octets);
	header->nlmsg_type = type;
	header->nlmsg_flags = flags;
	header->nlmsg_seq = SEQUENCE;
	header->nlmsg_pid = PORT_ID;
	return header;
}

/* ---- answers --------------------------------------------------------------------------------- */

static unsigned int taken;

static int take(void *ctx, const struct nlmsghdr *message)
{
	assert_int_equal(message->nlmsg_type, 0x1c);
	taken++;
	return *(int *)ctx;
}

static struct macsec_exchange answer(int *verdict)
{
	struct macsec_exchange exchange = {
		.sequence = SEQUENCE, .port_id = PORT_ID, .reply = take, .ctx = verdict
	};

	taken = 0;
	return exchange;
}

/* An error message; the request after it as the kernel repeats it, then its words. */
static size_t put_error(int error, bool capped, const char *words)
{
	struct nlmsghdr *header = begin(NLMSG_ERROR,
		(uint16_t)((capped ? NLM_F_CAPPED : 0) | (words ? NLM_F_ACK_TLVS : 0)));
	struct nlmsgerr *payload = mnl_nlmsg_put_extra_header(header, sizeof(*payload));

	payload->error = error;
	payload->msg.nlmsg_len = NLMSG_HDRLEN + 20;
	if (!capped) {
		mnl_nlmsg_put_extra_header(header, 20);
	}
	if (words) {
		mnl_attr_put_strz(header, NLMSGERR_ATTR_MSG, words);
	}
	return header->nlmsg_len;
}

static void test_acknowledgements(void **state)
{
	static const struct {
		int error;
		bool capped;
		const char *words, *expected;
		int result;
	} cases[] = {
		{ 0, true, NULL, "", 0 },
		{ -EPERM, true, NULL, "", -EPERM },
		{ -EOPNOTSUPP, true, "Unknown device type", "Unknown device type", -EOPNOTSUPP },
		{ -EOPNOTSUPP, false, "Unknown device type", "Unknown device type", -EOPNOTSUPP },
		{ -EINVAL, true, "two\nlines\x1b", "two lines?", -EINVAL },
		{ 1, true, NULL, "", -EBADMSG },
		{ -4096, true, NULL, "", -EBADMSG },
		{ INT32_MIN, true, NULL, "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct macsec_exchange exchange = answer(NULL);
		size_t len = put_error(cases[i].error, cases[i].capped, cases[i].words);

		macsec_exchange_take(&exchange, &datagram, len);
		assert_true(exchange.done);
		assert_int_equal(exchange.error, cases[i].result);
		assert_string_equal(exchange.words, cases[i].expected);
	}
}

/* The length of the repeated request leads nowhere; a long text is cut. */
static void test_bad_acknowledgements(void **state)
{
	static const uint32_t lengths[] = { 0, NLMSG_HDRLEN - 1, 4096, UINT32_MAX };
	struct nlmsgerr *payload = mnl_nlmsg_get_payload(&datagram.header);
	struct macsec_exchange exchange = answer(NULL);
	char words[2 * MACSEC_WORDS_MAX];
	size_t len = put_error(-EPERM, true, NULL);

	(void)state;
	datagram.header.nlmsg_len = (uint32_t)len - 1;
	macsec_exchange_take(&exchange, &datagram, len);
	assert_true(exchange.done);
	assert_int_equal(exchange.error, -EBADMSG);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		exchange = answer(NULL);
		len = put_error(-EPERM, false, "words");
		payload->msg.nlmsg_len = lengths[i];
		macsec_exchange_take(&exchange, &datagram, len);
		assert_int_equal(exchange.error, -EPERM);
		assert_string_equal(exchange.words, "");
	}
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	exchange = answer(NULL);
	macsec_exchange_take(&exchange, &datagram, put_error(-EPERM, true, words));
	assert_int_equal(strlen(exchange.words), MACSEC_WORDS_MAX - 1);
}

/* Messages that follow one another, as a dump has them. */
static size_t put_series(const uint16_t *types, size_t count, size_t foreign)
{
	size_t len = 0;

	memset(&datagram, 0, sizeof(datagram));
	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *header = mnl_nlmsg_put_header(datagram.octets + len);
		int32_t *end;

		header->nlmsg_type = types[i];
		header->nlmsg_flags = NLM_F_MULTI;
		header->nlmsg_seq = i == foreign ? SEQUENCE - 1 : SEQUENCE;
		header->nlmsg_pid = PORT_ID;
		end = mnl_nlmsg_put_extra_header(header, sizeof(*end));
		*end = 0;
		len += header->nlmsg_len;
	}
	return len;
}

static void test_dumps(void **state)
{
	static const uint16_t whole[] = { 0x1c, NLMSG_NOOP, 0x1c, NLMSG_DONE, 0x1c };
	static const uint16_t overrun[] = { 0x1c, NLMSG_OVERRUN };
	struct macsec_exchange exchange;
	int verdict = 0;
	size_t len;

	(void)state;
	exchange = answer(&verdict);
	macsec_exchange_take(&exchange, &datagram, put_series(whole, 5, SIZE_MAX));
	assert_true(exchange.done && !exchange.interrupted);
	assert_int_equal(exchange.error, 0);
	assert_int_equal(taken, 2); /* nothing behind the end */

	exchange = answer(&verdict);
	macsec_exchange_take(&exchange, &datagram, put_series(whole, 5, 0));
	assert_int_equal(taken, 1); /* not what answers another request */

	exchange = answer(&verdict);
	len = put_series(whole, 3, SIZE_MAX);
	macsec_exchange_take(&exchange, &datagram, len - 1);
	assert_false(exchange.done); /* no end in it */
	assert_int_equal(taken, 1);  /* not what is cut */

	exchange = answer(&verdict);
	macsec_exchange_take(&exchange, &datagram, put_series(overrun, 2, SIZE_MAX));
	assert_true(exchange.done);
	assert_int_equal(exchange.error, -ENOBUFS);

	/* The first thing that is not understood is the result, and nothing more is taken. */
	verdict = -EBADMSG;
	exchange = answer(&verdict);
	macsec_exchange_take(&exchange, &datagram, put_series(whole, 5, SIZE_MAX));
	assert_true(exchange.done);
	assert_int_equal(exchange.error, -EBADMSG);
	assert_int_equal(taken, 1);
}

/* Lengths that libmnl takes for negative ones, and for good. */
static void test_long_message(void **state)
{
	static const uint32_t lengths[] = { 4097, INT32_MAX, UINT32_C(1) << 31, UINT32_MAX };
	static const uint16_t types[] = { 0x1c, 0x1c };
	int verdict = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct macsec_exchange exchange = answer(&verdict);
		size_t len = put_series(types, 2, SIZE_MAX);

		datagram.header.nlmsg_len = lengths[i];
		macsec_exchange_take(&exchange, &datagram, len);
		assert_false(exchange.done);
		assert_int_equal(taken, 0);
	}
}

static void test_interrupted_dump(void **state)
{
	struct macsec_exchange exchange = answer(NULL);
	struct nlmsghdr *header = begin(NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR);
	int32_t *error = mnl_nlmsg_put_extra_header(header, sizeof(*error));

	(void)state;
	*error = -ENOMEM;
	macsec_exchange_take(&exchange, &datagram, header->nlmsg_len);
	assert_true(exchange.done && exchange.interrupted);
	assert_int_equal(exchange.error, -ENOMEM);
}

/* ---- interfaces and families ----------------------------------------------------------------- */

static struct nlmsghdr *begin_link(const char *name, int ifindex)
{
	struct nlmsghdr *header = begin(RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));

	info->ifi_type = ARPHRD_ETHER;
	info->ifi_index = ifindex;
	if (name) {
		mnl_attr_put_strz(header, IFLA_IFNAME, name);
	}
	return header;
}

static void test_links(void **state)
{
	struct nlmsghdr *header = begin_link("macsec0", 9);
	struct macsec_link link;
	struct nlattr *nest;

	(void)state;
	assert_int_equal(macsec_read_link(header, &link), 0);
	assert_string_equal(link.name, "macsec0");
	assert_string_equal(link.kind, "");
	assert_string_equal(link.qdisc, "");
	assert_int_equal(link.ifindex, 9);
	assert_int_equal(link.lower, 0);
	assert_true(link.is_ethernet && !link.is_port && !link.lower_is_outside);

	mnl_attr_put_u32(header, IFLA_LINK, 3);
	mnl_attr_put_u32(header, IFLA_MASTER, 4);
	mnl_attr_put_u32(header, IFLA_LINK_NETNSID, 0);
	mnl_attr_put_strz(header, IFLA_QDISC, "noqueue");
	nest = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_str(header, IFLA_INFO_KIND, "macsec"); /* the kernel does not terminate it */
	mnl_attr_nest_end(header, nest);
	assert_int_equal(macsec_read_link(header, &link), 0);
	assert_string_equal(link.kind, "macsec");
	assert_string_equal(link.qdisc, "noqueue");
	assert_int_equal(link.lower, 3);
	assert_true(link.is_port && link.lower_is_outside);
}

static void test_bad_links(void **state)
{
	struct nlmsghdr *header = begin_link(NULL, 9);
	struct macsec_link link;

	(void)state;
	assert_int_equal(macsec_read_link(header, &link), -EBADMSG);
	header = begin_link("eth0", 0);
	assert_int_equal(macsec_read_link(header, &link), -EBADMSG);
	header = begin_link("eth0", 1);
	mnl_attr_put_u16(header, IFLA_LINK, 3);
	assert_int_equal(macsec_read_link(header, &link), -EBADMSG);
	header = begin_link("eth0", 1);
	header->nlmsg_len = NLMSG_HDRLEN + 2;
	assert_int_equal(macsec_read_link(header, &link), -EBADMSG);
	header = begin_link("a-name-of-more-than-16-octets", 1);
	assert_int_equal(macsec_read_link(header, &link), 0);
	assert_string_equal(link.name, "a-name-of-more-");
}

static void test_family(void **state)
{
	struct nlmsghdr *header = begin(GENL_ID_CTRL, 0);
	uint16_t family = 0;

	(void)state;
	assert_int_equal(macsec_read_family(header, &family), -EBADMSG);
	mnl_nlmsg_put_extra_header(header, GENL_HDRLEN);
	assert_int_equal(macsec_read_family(header, &family), -EBADMSG);
	mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, "macsec");
	mnl_attr_put_u16(header, CTRL_ATTR_FAMILY_ID, 0x1c);
	assert_int_equal(macsec_read_family(header, &family), 0);
	assert_int_equal(family, 0x1c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acknowledgements),
		cmocka_unit_test(test_bad_acknowledgements),
		cmocka_unit_test(test_dumps),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_interrupted_dump),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_bad_links),
		cmocka_unit_test(test_family),
	};

	return cmocka_run_group_tests_name("macsec_reply", tests, NULL, NULL);
}
