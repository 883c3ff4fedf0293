/*
 * A SecY as the kernel shows it: as recorded from Linux 6.1 (the fuzz target begins with
 * these, too), and made up, complete or with something wrong.
 */
#include "netconf/macsec_reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>

#include "common/hex.h"

#define RECORDED "tests/fuzz/netconf/corpus/macsec_dump/"
#define DATAGRAM_MAX (64 * 1024)

static union {
	struct nlmsghdr header;
	uint8_t octets[DATAGRAM_MAX];
} datagram;

static struct macsec_view view;

/* ---- recorded -------------------------------------------------------------------------------- */

/* Returns its length. */
static size_t load(const char *name)
{
	char path[128];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), RECORDED "%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(datagram.octets, 1, sizeof(datagram.octets), file);
	fclose(file);
	assert_int_equal(len, datagram.header.nlmsg_len);
	return len;
}

static void assert_sa(const struct macsec_sa *sa, bool active, uint64_t next_pn, uint32_t ssci,
	const char *key_id)
{
	char text[2 * sizeof(sa->key_id) + 1];

	assert_true(sa->present);
	assert_int_equal(sa->active, active);
	assert_int_equal(sa->next_pn, next_pn);
	assert_int_equal(sa->ssci, ssci);
	hex_encode((const uint8_t *)&sa->key_id, sizeof(sa->key_id), text);
	assert_string_equal(text, key_id);
}

static void assert_sci(const struct macsec_sci *sci, const char *digits)
{
	char text[2 * sizeof(*sci) + 1];

	hex_encode(sci->octets, sizeof(sci->octets), text);
	assert_string_equal(text, digits);
}

static void assert_settings(enum macsec_suite suite)
{
	assert_int_equal(view.suite, suite);
	assert_int_equal(view.icv_len, 16);
	assert_true(view.encrypts && view.protects && view.replay_protects && view.sends_sci);
	assert_true(view.validates_strictly && !view.offloaded);
	assert_int_equal(view.replay_window, 64);
}

static void test_recorded(void **state)
{
	(void)state;
	load("gcm-aes-128");
	assert_int_equal(macsec_read_view(&datagram.header, &view), 0);
	assert_int_equal(view.ifindex, 4);
	assert_sci(&view.sci, "16f3bbc246370001");
	assert_settings(MACSEC_SUITE_GCM_AES_128);
	assert_true(view.operational);
	assert_int_equal(view.encoding_an, 1);
	assert_sa(&view.transmit[0], false, 1, 0, "7b6d389a54370f4a428631795b9f90bf");
	assert_sa(&view.transmit[1], true, 1, 0, "01dadf21c76bad353766468a3cb306b2");
	assert_false(view.transmit[2].present || view.transmit[3].present);
	assert_int_equal(view.channel_count, 1);
	assert_sci(&view.channels[0].sci, "72f1b1b691550003");
	assert_true(view.channels[0].active);
	assert_sa(&view.channels[0].sas[0], true, 1, 0, "7b6d389a54370f4ab6a2ce2d45b9446c");
	assert_sa(&view.channels[0].sas[1], true, 1, 0, "01dadf21c76bad35dc68f8de424bbab5");
	assert_false(view.channels[0].sas[2].present);
}

static void test_recorded_extended(void **state)
{
	struct macsec_sci known = { { 0x72, 0xf1, 0xb1, 0xb6, 0x91, 0x55, 0, 1 } };
	const struct macsec_channel *channel;

	(void)state;
	load("gcm-aes-xpn-256");
	assert_int_equal(macsec_read_view(&datagram.header, &view), 0);
	assert_settings(MACSEC_SUITE_GCM_AES_XPN_256);
	assert_int_equal(view.encoding_an, 0);
	assert_sa(&view.transmit[0], true, 1, MACSEC_SSCI, "7b6d389a54370f4a56139f1cc39c2d72");
	assert_sa(&view.transmit[1], false, 1, MACSEC_SSCI, "01dadf21c76bad3553506ae01baed8bf");
	assert_int_equal(view.channel_count, 2);
	assert_sci(&view.channels[0].sci, "0200000000ff0001");
	assert_false(view.channels[0].sas[0].present);
	channel = macsec_find_channel(&view, &known);
	assert_ptr_equal(channel, &view.channels[1]);
	assert_sa(&channel->sas[1], true, 1, MACSEC_SSCI, "01dadf21c76bad35b2885cd2358cd4b1");
	known.octets[7]++;
	assert_null(macsec_find_channel(&view, &known));
}

/* Cut anywhere it is an error, or less than it was; in a block of its own size for the sanitizer.
 */
static void test_recorded_cut(void **state)
{
	size_t len = load("gcm-aes-xpn-256");

	(void)state;
	for (size_t cut = NLMSG_HDRLEN; cut < len; cut++) {
		struct nlmsghdr *message = malloc(cut);

		memcpy(message, datagram.octets, cut);
		message->nlmsg_len = (uint32_t)cut;
		assert_int_equal(macsec_read_view(message, &view), -EBADMSG);
		free(message);
	}
}

/* ---- made up --------------------------------------------------------------------------------- */

/* What is wrong with a message. */
enum fault {
	FAULT_NONE,
	FAULT_NO_IFINDEX,
	FAULT_NO_SECY,
	FAULT_NO_SENT,
	FAULT_NO_TRANSMIT,
	FAULT_NO_CHANNELS,
	FAULT_SUITE,
	FAULT_SUITE_SHORT,
	FAULT_NO_ENCODING_AN,
	FAULT_ENCODING_AN,
	FAULT_NO_WINDOW,
	FAULT_AN,
	FAULT_AN_TWICE,
	FAULT_NO_ACTIVE,
	FAULT_PN_LENGTH,
	FAULT_KEY_ID_LENGTH,
	FAULT_NO_SSCI,
	FAULT_NO_SCI,
	FAULT_NO_SA_LIST,
	FAULT_COUNT
};

static void put_secy(struct nlmsghdr *header, enum fault fault)
{
	static const uint8_t own[8] = { 2, 0, 0, 0, 0, 1, 0, 1 };
	struct nlattr *nest = mnl_attr_nest_start(header, MACSEC_ATTR_SECY);

	mnl_attr_put(header, MACSEC_SECY_ATTR_SCI, sizeof(own), own);
	if (fault == FAULT_SUITE_SHORT) {
		mnl_attr_put_u32(header, MACSEC_SECY_ATTR_CIPHER_SUITE, 1);
	} else {
		mnl_attr_put_u64(header, MACSEC_SECY_ATTR_CIPHER_SUITE,
			fault == FAULT_SUITE ? MACSEC_CIPHER_ID_GCM_AES_XPN_256 + 1
					     : MACSEC_CIPHER_ID_GCM_AES_XPN_128);
	}
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_ICV_LEN, 16);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_OPER, 1);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_PROTECT, 1);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_REPLAY, 1);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_VALIDATE, MACSEC_VALIDATE_CHECK);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_ENCRYPT, 0);
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_INC_SCI, 1);
	if (fault != FAULT_NO_ENCODING_AN) {
		mnl_attr_put_u8(header, MACSEC_SECY_ATTR_ENCODING_SA,
			fault == FAULT_ENCODING_AN ? MACSEC_AN_COUNT : 3);
	}
	if (fault != FAULT_NO_WINDOW) {
		mnl_attr_put_u32(header, MACSEC_SECY_ATTR_WINDOW, 1000);
	}
	mnl_attr_put_u8(header, MACSEC_SECY_ATTR_MAX + 1, 99); /* of a newer kernel */
	mnl_attr_nest_end(header, nest);
}

static void put_sent(struct nlmsghdr *header)
{
	struct nlattr *nest = mnl_attr_nest_start(header, MACSEC_ATTR_TXSC_STATS);

	mnl_attr_put_u64(header, MACSEC_TXSC_STATS_ATTR_OUT_PKTS_PROTECTED, 1);
	mnl_attr_put_u64(header, MACSEC_TXSC_STATS_ATTR_OUT_PKTS_ENCRYPTED, 10);
	mnl_attr_put_u64(header, MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_PROTECTED, 100);
	mnl_attr_put_u64(header, MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_ENCRYPTED, UINT64_C(1) << 40);
	mnl_attr_nest_end(header, nest);
}

static void put_sa(struct nlmsghdr *header, uint16_t index, uint8_t an, enum fault fault)
{
	static const uint8_t key_id[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	static const uint8_t ssci[4] = { 1, 2, 3, 4 };
	struct nlattr *nest = mnl_attr_nest_start(header, index);

	mnl_attr_put_u8(header, MACSEC_SA_ATTR_AN, fault == FAULT_AN ? MACSEC_AN_COUNT : an);
	if (fault != FAULT_NO_ACTIVE) {
		mnl_attr_put_u8(header, MACSEC_SA_ATTR_ACTIVE, 1);
	}
	if (fault == FAULT_PN_LENGTH) {
		mnl_attr_put_u32(header, MACSEC_SA_ATTR_PN, 5);
	} else {
		mnl_attr_put_u64(header, MACSEC_SA_ATTR_PN, UINT64_C(5) << 32);
	}
	mnl_attr_put(header, MACSEC_SA_ATTR_KEYID,
		fault == FAULT_KEY_ID_LENGTH ? sizeof(key_id) - 1 : sizeof(key_id), key_id);
	if (fault != FAULT_NO_SSCI) {
		mnl_attr_put(header, MACSEC_SA_ATTR_SSCI, sizeof(ssci), ssci);
	}
	mnl_attr_nest_end(header, nest);
}

static void put_channel(struct nlmsghdr *header, uint16_t index, enum fault fault)
{
	uint8_t sci[8] = { 2, 0, 0, 0, 1, (uint8_t)index, 0, 1 };
	struct nlattr *nest = mnl_attr_nest_start(header, index), *list;

	if (fault != FAULT_NO_SCI) {
		mnl_attr_put(header, MACSEC_RXSC_ATTR_SCI, sizeof(sci), sci);
	}
	mnl_attr_put_u8(header, MACSEC_RXSC_ATTR_ACTIVE, 0);
	if (fault != FAULT_NO_SA_LIST) {
		list = mnl_attr_nest_start(header, MACSEC_RXSC_ATTR_SA_LIST);
		put_sa(header, 1, 2, FAULT_NONE);
		mnl_attr_nest_end(header, list);
	}
	mnl_attr_nest_end(header, nest);
}

static void put_view(enum fault fault, uint16_t channels)
{
	struct nlmsghdr *header;
	struct nlattr *nest;

	memset(&datagram, 0, sizeof(datagram));
	header = mnl_nlmsg_put_header(datagram.octets);
	mnl_nlmsg_put_extra_header(header, GENL_HDRLEN);
	if (fault != FAULT_NO_IFINDEX) {
		mnl_attr_put_u32(header, MACSEC_ATTR_IFINDEX, 12);
	}
	if (fault != FAULT_NO_SECY) {
		put_secy(header, fault);
	}
	if (fault != FAULT_NO_SENT) {
		put_sent(header);
	}
	if (fault != FAULT_NO_TRANSMIT) {
		nest = mnl_attr_nest_start(header, MACSEC_ATTR_TXSA_LIST);
		put_sa(header, 1, 1, fault);
		put_sa(header, 2, fault == FAULT_AN_TWICE ? 1 : 3, FAULT_NONE);
		mnl_attr_nest_end(header, nest);
	}
	if (fault != FAULT_NO_CHANNELS) {
		nest = mnl_attr_nest_start(header, MACSEC_ATTR_RXSC_LIST);
		for (uint16_t i = 1; i <= channels; i++) {
			put_channel(header, i, fault);
		}
		mnl_attr_nest_end(header, nest);
	}
}

static void test_made_up(void **state)
{
	(void)state;
	put_view(FAULT_NONE, 2);
	assert_int_equal(macsec_read_view(&datagram.header, &view), 0);
	assert_int_equal(view.ifindex, 12);
	assert_sci(&view.sci, "0200000000010001");
	assert_int_equal(view.suite, MACSEC_SUITE_GCM_AES_XPN_128);
	assert_false(view.encrypts || view.validates_strictly || view.offloaded);
	assert_true(view.operational && view.protects && view.sends_sci);
	assert_int_equal(view.replay_window, 1000);
	assert_int_equal(view.encoding_an, 3);
	assert_int_equal(view.sent_frames, 11);
	assert_int_equal(view.sent_octets, (UINT64_C(1) << 40) + 100);
	assert_false(view.transmit[0].present || view.transmit[2].present);
	assert_sa(&view.transmit[1], true, UINT64_C(5) << 32, 0x01020304,
		"01020304050607080900000000000000");
	assert_int_equal(view.channel_count, 2);
	assert_sci(&view.channels[1].sci, "0200000001020001");
	assert_false(view.channels[1].active);
	assert_true(view.channels[1].sas[2].present);
}

static void test_faults(void **state)
{
	(void)state;
	for (enum fault fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
		put_view(fault, 2);
		assert_int_equal(macsec_read_view(&datagram.header, &view),
			fault == FAULT_SUITE ? -EOPNOTSUPP : -EBADMSG);
	}
}

static void test_many_channels(void **state)
{
	(void)state;
	put_view(FAULT_NONE, MACSEC_CHANNELS_MAX);
	assert_int_equal(macsec_read_view(&datagram.header, &view), 0);
	assert_int_equal(view.channel_count, MACSEC_CHANNELS_MAX);
	put_view(FAULT_NONE, MACSEC_CHANNELS_MAX + 1);
	assert_int_equal(macsec_read_view(&datagram.header, &view), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_recorded_extended),
		cmocka_unit_test(test_recorded_cut),
		cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_channels),
	};

	return cmocka_run_group_tests_name("macsec_view", tests, NULL, NULL);
}
