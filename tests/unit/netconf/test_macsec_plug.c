/*
 * The batch that switches the encoding SA with frames held back, looked at as the kernel does,
 * and what its answers come to.
 */
#include "netconf/macsec_plug.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define IFINDEX 9
#define AN 2
#define SEQUENCE 100
#define PORT_ID 4711
#define REQUESTS 10
#define ACKNOWLEDGED (NLM_F_REQUEST | NLM_F_ACK)

static const uint32_t ids[MACSEC_PLUG_IDS] = { 0x80000001, 0x80000002 };
static struct macsec_batch batch;

static void set_up(void)
{
	memset(&batch, 0, sizeof(batch));
	macsec_plug_switch(&batch, IFINDEX, AN, ids);
	macsec_batch_begin(&batch, SEQUENCE, PORT_ID);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The request at that place, found as the kernel finds it. */
static const struct nlmsghdr *request_at(size_t place)
{
	const struct nlmsghdr *header = &batch.first;
	int left = (int)batch.len;

	for (size_t i = 0; i < place; i++) {
		assert_true(mnl_nlmsg_ok(header, left));
		header = mnl_nlmsg_next(header, &left);
	}
	assert_true(mnl_nlmsg_ok(header, left));
	return header;
}

static const struct nlattr *attribute_of(
	const struct nlmsghdr *header, size_t header_len, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, header_len)
	{
		if (mnl_attr_get_type(attr) == type) {
			return attr;
		}
	}
	fail_msg("no attribute %u", type);
	return NULL;
}

static void assert_octets(const struct nlattr *attr, const void *octets, size_t len)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), len);
	assert_memory_equal(mnl_attr_get_payload(attr), octets, len);
}

static void assert_header(const struct nlmsghdr *header, uint16_t type, uint16_t flags)
{
	assert_int_equal(header->nlmsg_type, type);
	assert_int_equal(header->nlmsg_flags, flags);
}

static void assert_plug(const struct nlmsghdr *header, uint16_t flags, int action)
{
	const struct tc_plug_qopt options = { .action = action, .limit = MACSEC_PLUG_LIMIT };
	const struct tcmsg *root = mnl_nlmsg_get_payload(header);

	assert_header(header, RTM_NEWQDISC, ACKNOWLEDGED | flags);
	assert_int_equal(root->tcm_ifindex, IFINDEX);
	assert_int_equal(root->tcm_parent, TC_H_ROOT);
	assert_int_equal(root->tcm_handle, 0x88b70000);
	assert_octets(attribute_of(header, sizeof(*root), TCA_KIND), "plug", 5);
	assert_octets(attribute_of(header, sizeof(*root), TCA_OPTIONS), &options, sizeof(options));
}

static void assert_nexthop(
	const struct nlmsghdr *header, uint16_t type, uint16_t flags, uint8_t family, uint32_t id)
{
	const struct nhmsg *nexthop = mnl_nlmsg_get_payload(header);

	assert_header(header, type, ACKNOWLEDGED | flags);
	assert_int_equal(nexthop->nh_family, family);
	assert_int_equal(nexthop->nh_scope, 0);
	assert_int_equal(nexthop->nh_protocol, 0);
	assert_int_equal(nexthop->resvd, 0);
	assert_int_equal(nexthop->nh_flags, 0);
	assert_octets(attribute_of(header, sizeof(*nexthop), NHA_ID), &id, sizeof(id));
}

/* A nexthop of its own for forwarding databases, and a group of it alone. */
static void assert_to_wait_for(size_t place)
{
	const struct nexthop_grp member = { .id = ids[0] };
	const struct nlmsghdr *nexthop = request_at(place), *group = request_at(place + 1);
	uint32_t address = inet_addr("192.0.2.1");

	assert_nexthop(nexthop, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, AF_INET, ids[0]);
	assert_octets(attribute_of(nexthop, sizeof(struct nhmsg), NHA_GATEWAY), &address, 4);
	assert_octets(attribute_of(nexthop, sizeof(struct nhmsg), NHA_FDB), "", 0);
	assert_nexthop(group, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, AF_UNSPEC, ids[1]);
	assert_octets(attribute_of(group, sizeof(struct nhmsg), NHA_GROUP), &member, 8);
	assert_octets(attribute_of(group, sizeof(struct nhmsg), NHA_FDB), "", 0);
}

static void test_switch(void **state)
{
	(void)state;
	const struct nlmsghdr *encode;
	struct macsec_request alone;

	set_up();
	assert_int_equal(batch.count, REQUESTS);
	assert_to_wait_for(0);
	assert_plug(request_at(2), 0, TCQ_PLUG_BUFFER);
	assert_nexthop(request_at(3), RTM_DELNEXTHOP, 0, AF_UNSPEC, ids[0]);
	assert_plug(request_at(5), 0, TCQ_PLUG_RELEASE_INDEFINITE);
	assert_to_wait_for(6);
	assert_nexthop(request_at(8), RTM_DELNEXTHOP, 0, AF_UNSPEC, ids[0]);
	assert_plug(request_at(9), 0, TCQ_PLUG_RELEASE_INDEFINITE);

	macsec_request_encode(&alone, IFINDEX, AN);
	alone.header.nlmsg_seq = SEQUENCE + 4;
	encode = request_at(4);
	assert_int_equal(encode->nlmsg_len, alone.header.nlmsg_len);
	assert_memory_equal(encode, alone.octets, encode->nlmsg_len);
	for (size_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(request_at(i)->nlmsg_seq, SEQUENCE + i);
		assert_int_equal(request_at(i)->nlmsg_pid, 0);
	}
	assert_ptr_equal((const uint8_t *)request_at(9) + NLMSG_ALIGN(request_at(9)->nlmsg_len),
		batch.octets + batch.len);
}

static void test_install(void **state)
{
	(void)state;
	struct macsec_request release;

	memset(&batch, 0, sizeof(batch));
	macsec_plug_install(&batch, IFINDEX);
	assert_int_equal(batch.count, 2);
	assert_plug(request_at(0), NLM_F_CREATE | NLM_F_REPLACE, TCQ_PLUG_LIMIT);
	assert_plug(request_at(1), 0, TCQ_PLUG_RELEASE_INDEFINITE);
	macsec_plug_request_release(&release, IFINDEX);
	assert_plug(&release.header, 0, TCQ_PLUG_RELEASE_INDEFINITE);
}

static void test_ids(void **state)
{
	(void)state;
	static const uint8_t zeros[8], ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	static const uint8_t others[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint32_t made[MACSEC_PLUG_IDS];

	macsec_plug_ids(zeros, made);
	assert_int_equal(made[0], 0x80000000);
	assert_int_equal(made[1], 0x80000001);
	macsec_plug_ids(ones, made);
	assert_int_equal(made[0], 0xffffffff);
	assert_int_equal(made[1], 0xfffffffe);
	macsec_plug_ids(others, made);
	assert_true(made[0] != made[1]);
	assert_true((made[0] & made[1]) >> 31 == 1);
}

/* ---- answers --------------------------------------------------------------------------------- */

static union {
	struct nlmsghdr header;
	uint8_t octets[1024];
} datagram;
static size_t datagram_len;

/* Appends an answer to the datagram. */
static void put_answer(uint32_t sequence, uint32_t port_id, int error, const char *words)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(datagram.octets + datagram_len);
	struct nlmsgerr *payload = mnl_nlmsg_put_extra_header(header, sizeof(*payload));

	header->nlmsg_type = NLMSG_ERROR;
	header->nlmsg_flags = (uint16_t)(NLM_F_CAPPED | (words ? NLM_F_ACK_TLVS : 0));
	header->nlmsg_seq = sequence;
	header->nlmsg_pid = port_id;
	payload->error = error;
	if (words) {
		mnl_attr_put_strz(header, NLMSGERR_ATTR_MSG, words);
	}
	datagram_len += NLMSG_ALIGN(header->nlmsg_len);
}

static void take(void)
{
	macsec_batch_take(&batch, datagram.octets, datagram_len);
	datagram_len = 0;
}

static void answer(size_t place, int error)
{
	put_answer(SEQUENCE + (uint32_t)place, PORT_ID, error, error ? "no" : NULL);
	take();
}

/* All of them, with one refused; none if place is REQUESTS. */
static struct macsec_plug_outcome refuse(size_t place, int error)
{
	set_up();
	for (size_t i = 0; i < REQUESTS; i++) {
		assert_false(macsec_batch_is_done(&batch));
		answer(i, i == place ? error : 0);
	}
	assert_true(macsec_batch_is_done(&batch));
	return macsec_plug_judge(&batch);
}

static void assert_outcome(
	const struct macsec_plug_outcome *outcome, int error, int hold_error, bool released)
{
	assert_int_equal(outcome->error, error);
	assert_int_equal(outcome->hold_error, hold_error);
	assert_int_equal(outcome->released, released);
}

static void test_all_is_well(void **state)
{
	(void)state;
	struct macsec_plug_outcome outcome = refuse(REQUESTS, 0);

	assert_outcome(&outcome, 0, 0, true);
	assert_string_equal(outcome.words, "");
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		bool hold, released;
	} expected[REQUESTS] = {
		{ true, true },
		{ true, true },
		{ true, true },
		{ true, true },  /* to hold */
		{ false, true }, /* encode */
		{ false, true }, /* first release */
		{ false, false },
		{ false, false },
		{ false, false },
		{ false, false },
	};

	for (size_t i = 0; i < REQUESTS; i++) {
		struct macsec_plug_outcome outcome = refuse(i, -EOPNOTSUPP);

		assert_outcome(&outcome, i == 4 ? -EOPNOTSUPP : 0,
			expected[i].hold ? -EOPNOTSUPP : 0, expected[i].released);
		assert_string_equal(outcome.words, i == 4 ? "no" : "");
	}
}

/* Answers that do not come: what they were about is not known. */
static void test_missing(void **state)
{
	(void)state;
	struct macsec_plug_outcome outcome;

	for (size_t missing = 0; missing < REQUESTS; missing++) {
		set_up();
		for (size_t i = 0; i < REQUESTS; i++) {
			if (i != missing) {
				answer(i, 0);
			}
		}
		assert_false(macsec_batch_is_done(&batch));
		outcome = macsec_plug_judge(&batch);
		assert_outcome(&outcome, missing == 4 ? -ETIMEDOUT : 0,
			missing < 4 ? -ETIMEDOUT : 0, missing < 6);
	}
	set_up();
	outcome = macsec_plug_judge(&batch);
	assert_outcome(&outcome, -ETIMEDOUT, -ETIMEDOUT, false);
}

static void test_together(void **state)
{
	(void)state;

	set_up();
	for (uint32_t i = 0; i < REQUESTS; i++) {
		put_answer(SEQUENCE + i, PORT_ID, 0, NULL);
	}
	take();
	assert_true(macsec_batch_is_done(&batch));
}

static void test_not_ours(void **state)
{
	(void)state;

	set_up();
	for (uint32_t i = 0; i < REQUESTS; i++) {
		put_answer(SEQUENCE + i, PORT_ID + 1, 0, NULL);
	}
	put_answer(SEQUENCE - 1, PORT_ID, 0, NULL);
	put_answer(SEQUENCE + REQUESTS, PORT_ID, 0, NULL);
	take();
	for (size_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(macsec_batch_error(&batch, i), -ETIMEDOUT);
	}
}

static void test_second_answer(void **state)
{
	(void)state;

	set_up();
	answer(4, -EBUSY);
	answer(4, 0);
	assert_int_equal(macsec_batch_error(&batch, 4), -EBUSY);
}

/* Nothing is read behind the end, wherever it is, and an answer that is cut is none. */
static void test_cut(void **state)
{
	(void)state;
	uint8_t *cut;
	size_t whole;

	set_up();
	put_answer(SEQUENCE, PORT_ID, -EPERM, "not permitted");
	whole = datagram_len;
	for (size_t len = 0; len <= whole; len++) {
		cut = test_malloc(len > 0 ? len : 1);
		memcpy(cut, datagram.octets, len);
		macsec_batch_take(&batch, cut, len);
		assert_int_equal(macsec_batch_error(&batch, 0), len < whole ? -ETIMEDOUT : -EPERM);
		test_free(cut);
	}
	datagram_len = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_install),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_second_answer),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
