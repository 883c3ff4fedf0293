/* What is shown of the kernel's MACsec: keys, SecYs, numbers in use, and when the next key is due.
 */
#include "netconf/macsec_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "test_macsec_fixture.h"

static struct macsec_view links[2];
static struct applier_view view;
static struct macsec_mark mark;
static struct applier_macsec_config config;

static int setup(void **state)
{
	(void)state;
	init_device(&links[0]);
	init_device(&links[1]);
	links[1].sci = sci_of(0xab);
	memset(&mark, 0, sizeof(mark));
	config = (struct applier_macsec_config){ .rekey_percent = 75 };
	return 0;
}

static void report(size_t count)
{
	const struct macsec_view *const devices[] = { &links[0], &links[1] };

	memset(&view, 0xff, sizeof(view));
	macsec_report(devices, count, &view);
}

static void assert_key(size_t index, uint8_t token, uint8_t an, bool usable, bool transmitting)
{
	const struct applier_seen_key *key = &view.keys[index];

	assert_true(index < view.key_count);
	assert_int_equal(key->token[0], token);
	assert_int_equal(key->token[APPLIER_TOKEN_LEN - 1], token);
	assert_int_equal(key->an, an);
	assert_int_equal(key->usable, usable);
	assert_int_equal(key->transmitting, transmitting);
	assert_true(key->configured);
	assert_int_equal(key->ckn_len, 0);
	assert_false(key->future);
	assert_int_equal(key->start, 0);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void test_an_empty_device(void **state)
{
	(void)state;
	report(1);
	assert_int_equal(view.key_count, 0);
	assert_int_equal(view.an_in_use, 0);
	assert_false(view.used_up);
	assert_int_equal(view.clock_s, 0);
	assert_true(view.secys[0].present);
	assert_false(view.secys[1].present);
	assert_int_equal(view.secys[0].transmit_count, 0);
	assert_int_equal(view.secys[0].receive_count, 0);
}

static void test_keys_on_one_link(void **state)
{
	(void)state;
	put_transmit(&links[0], 0, 1, 0x11);
	put_transmit(&links[0], 3, 2, 0x21);
	encode(&links[0], 3);
	put_receive(put_channel(&links[0], 0xbb), 1, 3, 0x31);
	report(1);
	assert_int_equal(view.key_count, 3);
	assert_key(0, 1, 0, true, false);
	assert_key(1, 2, 3, true, true);
	assert_key(2, 3, 1, false, false);
	assert_int_equal(view.an_in_use, 1 << 0 | 1 << 1 | 1 << 3);
}

static void test_an_sa_that_does_not_send(void **state)
{
	(void)state;
	put_transmit(&links[0], 0, 1, 0x11);
	encode(&links[0], 0);
	links[0].operational = false; /* as when its packet numbers are used up */
	links[0].transmit[0].active = false;
	report(1);
	assert_key(0, 1, 0, true, false);
}

static void test_keys_on_two_links(void **state)
{
	(void)state;
	put_transmit(&links[0], 0, 1, 0x11);
	put_transmit(&links[1], 0, 1, 0x12);
	put_transmit(&links[0], 1, 2, 0x21);
	put_transmit(&links[1], 2, 3, 0x31);
	encode(&links[0], 0);
	report(2);
	assert_int_equal(view.key_count, 3);
	assert_key(0, 1, 0, true, false);
	assert_key(1, 2, 1, false, false);
	assert_key(2, 3, 2, false, false);
	assert_true(view.keys[0].sending); /* on one of them */
	assert_false(view.keys[1].sending);
	encode(&links[1], 0);
	report(2);
	assert_key(0, 1, 0, true, true);
	assert_true(view.keys[0].sending);
	memset(&links[1], 0, sizeof(links[1])); /* made anew */
	report(2);
	assert_key(0, 1, 0, false, false);
	assert_true(view.keys[0].sending);
}

static void test_more_keys_than_can_be_shown(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 8; i++) {
		struct macsec_channel *channel = put_channel(&links[0], (uint8_t)(0xb0 + i));

		for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
			put_receive(channel, an, (uint8_t)(10 + 4 * i + an), 0x33);
		}
	}
	put_transmit(&links[0], 2, 1, 0x11);
	encode(&links[0], 2);
	report(1);
	assert_int_equal(view.key_count, APPLIER_USABLE_MAX);
	assert_key(0, 1, 2, true, true);
}

/* ---- SecYs ----------------------------------------------------------------------------------- */

static void test_a_secy(void **state)
{
	static const struct macsec_key_id received = { .token = { 9, 9, 9, 9, 9, 9, 9, 9 },
		.nonce = { 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91 } };
	const struct applier_secy *secy = &view.secys[1];

	(void)state;
	put_transmit(&links[1], 0, 1, 0x11);
	put_transmit(&links[1], 1, 2, 0x21);
	put_transmit(&links[1], 2, 3, 0x31);
	encode(&links[1], 1);
	links[1].transmit[2].next_pn = 2;
	put_receive(put_channel(&links[1], 0xbb), 3, 9, 0x91);
	links[1].suite = MACSEC_SUITE_GCM_AES_256;
	report(2);
	assert_true(secy->present);
	assert_memory_equal(secy->sci, links[1].sci.octets, APPLIER_SCI_LEN);
	assert_int_equal(secy->suite, 2);
	assert_int_equal(secy->transmit_count, 3);
	assert_int_equal(secy->transmit[0].token[0], 1);
	assert_int_equal(secy->transmit[0].nonce[7], 0x11);
	assert_true(secy->transmit[0].unused);
	assert_false(secy->transmit[1].unused); /* it may send at any moment */
	assert_false(secy->transmit[2].unused);
	assert_int_equal(secy->receive_count, 1);
	assert_memory_equal(secy->receive[0].token, received.token, APPLIER_TOKEN_LEN);
	assert_memory_equal(secy->receive[0].nonce, received.nonce, APPLIER_NONCE_LEN);
	assert_int_equal(view.secys[0].suite, 4);
}

static void test_what_is_inactive_receives_nothing(void **state)
{
	struct macsec_channel *channel;

	(void)state;
	channel = put_channel(&links[0], 0xbb);
	put_receive(channel, 0, 1, 0x11);
	put_receive(channel, 1, 2, 0x21);
	channel->sas[0].active = false;
	channel = put_channel(&links[0], 0xcc);
	put_receive(channel, 0, 1, 0x12);
	channel->active = false;
	report(1);
	assert_int_equal(view.secys[0].receive_count, 1);
	assert_int_equal(view.secys[0].receive[0].token[0], 2);
	assert_int_equal(view.an_in_use, 3); /* but stands where it stands */
}

static void test_more_received_than_can_be_shown(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < MACSEC_CHANNELS_MAX; i++) {
		struct macsec_channel *channel = put_channel(&links[0], (uint8_t)(1 + i));

		for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
			put_receive(channel, an, (uint8_t)(10 + an), i);
		}
	}
	report(1);
	assert_int_equal(view.secys[0].receive_count, APPLIER_RECEIVE_MAX);
}

/* ---- when the next key is due ---------------------------------------------------------------- */

static bool due(uint64_t next_pn, uint64_t sent_octets)
{
	struct macsec_sa *sa = &links[0].transmit[1];

	sa->next_pn = next_pn;
	links[0].sent_octets = sent_octets;
	macsec_mark_update(&mark, &links[0]);
	return macsec_used_up(&links[0], &mark, &config);
}

static void use_key(uint8_t token, uint8_t nonce)
{
	put_transmit(&links[0], 1, token, nonce);
	encode(&links[0], 1);
}

static void test_nothing_in_use_is_not_used_up(void **state)
{
	(void)state;
	config.rekey_packets = config.rekey_octets = 1;
	assert_false(due(1, 1000));
	put_transmit(&links[0], 1, 1, 0x11);
	assert_false(due(1, 2000));
}

static void test_packets(void **state)
{
	(void)state;
	use_key(1, 0x11);
	assert_false(due(1000001, 0));
	config.rekey_packets = 1000;
	assert_false(due(1000, 0));
	assert_true(due(1001, 0));
}

static void test_share_of_packet_numbers(void **state)
{
	(void)state;
	use_key(1, 0x11);
	links[0].suite = MACSEC_SUITE_GCM_AES_128;
	assert_false(due(UINT32_MAX / 4 * 3 - 100, 0));
	assert_true(due(UINT32_MAX / 4 * 3 + 100, 0));
	config.rekey_percent = 100;
	assert_false(due(UINT32_MAX - 100, 0));
	assert_true(due(UINT32_MAX, 0));
	config.rekey_percent = 1;
	assert_true(due(UINT32_MAX / 100 + 1, 0));
}

static void test_share_of_extended_packet_numbers(void **state)
{
	(void)state;
	use_key(1, 0x11);
	assert_false(due(UINT64_MAX / 4 * 3 - 1000, 0));
	assert_true(due(UINT64_MAX / 4 * 3 + 1000, 0));
	config.rekey_percent = 100;
	assert_false(due(UINT64_MAX - 1000, 0));
	assert_true(due(UINT64_MAX, 0));
}

/* The kernel then deactivates the SA, and shows 0. */
static void test_no_packet_number_left(void **state)
{
	(void)state;
	use_key(1, 0x11);
	links[0].operational = links[0].transmit[1].active = false;
	assert_true(due(0, 0));
}

static void test_octets(void **state)
{
	(void)state;
	config.rekey_octets = 1000;
	use_key(1, 0x11);
	assert_false(due(2, 5000)); /* from when they were first seen */
	assert_false(due(2, 5999));
	assert_true(due(2, 6000));
	use_key(2, 0x21);
	assert_false(due(2, 6500));
	assert_false(due(2, 7499));
	assert_true(due(2, 7500));
}

static void test_octets_from_the_beginning(void **state)
{
	(void)state;
	config.rekey_octets = 1000;
	use_key(1, 0x11);
	put_transmit(&links[0], 2, 2, 0x21);
	assert_false(due(2, 5000));
	macsec_mark_begin(&mark, &links[0], 2);
	encode(&links[0], 2);
	links[0].transmit[2].next_pn = 2;
	links[0].sent_octets = 6000;
	macsec_mark_update(&mark, &links[0]);
	assert_true(macsec_used_up(&links[0], &mark, &config));
}

static void test_octets_of_another_device(void **state)
{
	(void)state;
	config.rekey_octets = 1000;
	use_key(1, 0x11);
	assert_false(due(2, 5000));
	assert_false(due(2, 100)); /* begun again */
	assert_true(due(2, 1100));
	links[0].ifindex++;
	assert_false(due(2, 9000));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_an_empty_device),
		TEST(test_keys_on_one_link),
		TEST(test_an_sa_that_does_not_send),
		TEST(test_keys_on_two_links),
		TEST(test_more_keys_than_can_be_shown),
		TEST(test_a_secy),
		TEST(test_what_is_inactive_receives_nothing),
		TEST(test_more_received_than_can_be_shown),
		TEST(test_nothing_in_use_is_not_used_up),
		TEST(test_packets),
		TEST(test_share_of_packet_numbers),
		TEST(test_share_of_extended_packet_numbers),
		TEST(test_no_packet_number_left),
		TEST(test_octets),
		TEST(test_octets_from_the_beginning),
		TEST(test_octets_of_another_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
