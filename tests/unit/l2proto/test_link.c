/* Receiving: verdicts in their order, freshness, replay (protocol.md sections 4.1 to 4.3). */
#include "test_link_fixture.h"

#define KEY_NUMBER_AT 12
#define MEMBER_AT 16
#define NUMBER_AT 28
#define FIRST_STATION_AT MESSAGE_HEADER_LEN

/* One that has met many. */
static void meet_many(struct station *one, struct station *many, uint8_t count)
{
	station_init(one, 0xb);
	for (uint8_t i = 0; i < count; i++) {
		station_init(&many[i], (uint8_t)(0x10 + i));
		stations_meet(&many[i], one);
	}
}

/* After the last TLV; signed again. */
static void append(struct letter *letter, const uint8_t *octets, size_t len)
{
	size_t at = letter->len - MESSAGE_HMAC_LEN;

	memcpy(letter->octets + at, octets, len);
	letter->len += len;
	letter_sign(letter, keys[1]);
}

static void test_handshake(void **state)
{
	struct station a, b;
	struct link_receipt receipt;
	struct message_content content;
	struct letter letter;

	(void)state;
	station_init(&a, 0xa);
	station_init(&b, 0xb);
	station_seal(&b); /* a has not come up yet */
	assert_int_equal(link_next_due(&b.link), now_ms + HEARTBEAT_MS);
	assert_int_equal(station_tell(&a, &b), VERDICT_NOT_LISTED);
	assert_int_equal(link_next_due(&b.link), now_ms); /* a newcomer is answered at once */
	letter = station_seal(&b);
	assert_int_equal(
		link_receive(&a.link, now_ms, letter.octets, letter.len, &receipt, &content),
		VERDICT_ACCEPTED);
	assert_true(receipt.station_new);
	assert_memory_equal(receipt.header.member, b.link.member, MEMBER_ID_LEN);
	assert_int_equal(link_live_count(&a.link, now_ms), 1);
	assert_int_equal(link_live_count(&b.link, now_ms), 0);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	assert_int_equal(link_live_count(&b.link, now_ms), 1);
	letter = station_seal(&b);
	assert_int_equal(
		link_receive(&a.link, now_ms, letter.octets, letter.len, &receipt, &content),
		VERDICT_ACCEPTED);
	assert_false(receipt.station_new);
	assert_int_equal(b.link.received[VERDICT_NOT_LISTED], 1);
	assert_int_equal(b.link.received[VERDICT_ACCEPTED], 1);
	assert_int_equal(a.link.received[VERDICT_ACCEPTED], 2);
}

/*
 * A message with every fault at once, healed one by one: each check speaks in
 * its turn, and none before it.
 */
static void test_order_of_checks(void **state)
{
	struct station a, b;
	struct letter old, bad, good;

	(void)state;
	pair_meet(&a, &b);
	old = station_seal(&a);
	good = station_seal(&a);
	assert_int_equal(station_receive(&b, &good), VERDICT_ACCEPTED);
	bad = good;

	bad.octets[0] = 9;
	bad.octets[4] ^= 1; /* association */
	bad.octets[KEY_NUMBER_AT + 1] = 7;
	memcpy(bad.octets + MEMBER_AT, b.link.member, MEMBER_ID_LEN);
	bad.octets[FIRST_STATION_AT] ^= 1;
	bad.octets[bad.len - 1] ^= 1;
	bad.len = MESSAGE_MIN - 1;
	assert_int_equal(station_receive(&b, &bad), VERDICT_MALFORMED);
	assert_int_equal(b.link.malformed[MALFORMED_TRUNCATED], 1);
	bad.len = good.len;
	assert_int_equal(station_receive(&b, &bad), VERDICT_MALFORMED);
	assert_int_equal(b.link.malformed[MALFORMED_VERSION], 1);
	bad.octets[0] = 1;
	assert_int_equal(station_receive(&b, &bad), VERDICT_UNKNOWN_ASSOCIATION);
	bad.octets[4] ^= 1;
	assert_int_equal(station_receive(&b, &bad), VERDICT_UNKNOWN_CHANNEL_KEY);
	bad.octets[KEY_NUMBER_AT + 1] = 1;
	assert_int_equal(station_receive(&b, &bad), VERDICT_REFLECTED);
	memcpy(bad.octets + MEMBER_AT, a.link.member, MEMBER_ID_LEN);
	assert_int_equal(station_receive(&b, &bad), VERDICT_BAD_ICV);
	letter_sign(&bad, keys[1]);
	assert_int_equal(station_receive(&b, &bad), VERDICT_DUPLICATE);
	memcpy(bad.octets + NUMBER_AT, old.octets + NUMBER_AT, 4);
	letter_sign(&bad, keys[1]);
	assert_int_equal(station_receive(&b, &bad), VERDICT_REPLAYED);
	bad.octets[NUMBER_AT] = 1; /* far ahead */
	letter_sign(&bad, keys[1]);
	assert_int_equal(station_receive(&b, &bad), VERDICT_NOT_LISTED);
	bad.octets[FIRST_STATION_AT] ^= 1;
	bad.octets[NUMBER_AT] = 2;
	append(&bad, (const uint8_t[]){ 1 }, 1); /* a lone octet is no TLV */
	assert_int_equal(station_receive(&b, &bad), VERDICT_BAD_CONTENT);
	assert_int_equal(b.link.malformed[MALFORMED_TLV_LENGTH], 1);
}

static void test_wrong_key_changes_nothing(void **state)
{
	struct station a, b;
	struct letter letter;
	struct link before;

	(void)state;
	pair_meet(&a, &b);
	a.link.keys[0].auth = keys[2]; /* says 1, signs with another */
	letter = station_seal(&a);
	before = b.link;
	before.received[VERDICT_BAD_ICV]++;
	assert_int_equal(station_receive(&b, &letter), VERDICT_BAD_ICV);
	assert_memory_equal(&b.link, &before, sizeof(before));
}

/* Whatever bit is flipped, nothing is believed and nothing remembered. */
static void test_every_bit(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	a.content.status_count = 1;
	sae_id_set(&a.content.status[0].sae, "alpha", 5);
	letter = station_seal(&a);
	for (size_t bit = 0; bit < 8 * letter.len; bit++) {
		uint32_t number = b.link.live[0].number;

		letter.octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
		assert_int_equal(b.link.live[0].number, number);
		assert_int_equal(b.link.fresh[0].used, false);
		letter.octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
}

static void test_padding(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	letter = station_seal(&a);
	memset(letter.octets + letter.len, 0x5a, 100);
	letter.len += 100;
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
}

static void test_restart_of_the_other(void **state)
{
	struct station a, b;
	struct letter old;

	(void)state;
	pair_meet(&a, &b);
	old = station_seal(&a);
	station_init(&a, 0xaa); /* restarted: a new identifier */
	assert_int_equal(station_tell(&a, &b), VERDICT_NOT_LISTED);
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	assert_int_equal(link_live_count(&b.link, now_ms), 2); /* the old one has not died yet */
	now_ms += 10;
	assert_int_equal(station_receive(&b, &old), VERDICT_ACCEPTED); /* late, not replayed */
	now_ms += LIFE_MS;
	assert_int_equal(station_receive(&b, &old), VERDICT_DUPLICATE);
	now_ms += 1;
	station_seal(&b);
	assert_int_equal(station_receive(&b, &old), VERDICT_NOT_LISTED);
}

static void test_restart_of_this_one(void **state)
{
	struct station a, b;
	struct letter old;

	(void)state;
	pair_meet(&a, &b);
	old = station_seal(&a);
	station_init(&b, 0xbb);
	/* all that was recorded before lists an identifier that is no more */
	assert_int_equal(station_receive(&b, &old), VERDICT_NOT_LISTED);
	assert_int_equal(link_live_count(&b.link, now_ms), 0);
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED); /* it has heard a, and says so */
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
}

static void test_replay_within_life(void **state)
{
	struct station a, b;
	struct letter letters[10];

	(void)state;
	pair_meet(&a, &b);
	for (size_t i = 0; i < 10; i++) {
		letters[i] = station_seal(&a);
		assert_int_equal(station_receive(&b, &letters[i]), VERDICT_ACCEPTED);
	}
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(station_receive(&b, &letters[i]), VERDICT_REPLAYED);
	}
	assert_int_equal(station_receive(&b, &letters[9]), VERDICT_DUPLICATE);
}

/* When the station is long forgotten, its old messages list numbers that are too old. */
static void test_replay_after_life(void **state)
{
	struct station a, b;
	struct letter letters[10];

	(void)state;
	pair_meet(&a, &b);
	for (size_t i = 0; i < 10; i++) {
		letters[i] = station_seal(&a);
		station_receive(&b, &letters[i]);
	}
	for (uint64_t waited = 0; waited <= 2 * LIFE_MS; waited += HEARTBEAT_MS) {
		now_ms += HEARTBEAT_MS;
		station_seal(&b);
	}
	assert_int_equal(link_live_count(&b.link, now_ms), 0);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(station_receive(&b, &letters[i]), VERDICT_NOT_LISTED);
	}
	assert_int_equal(link_live_count(&b.link, now_ms), 0);
}

/* Our number in the list must have been sent within LIFE: neither older, nor never. */
static void test_listed_number_is_fresh(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	letter = station_seal(&a);
	letter.octets[FIRST_STATION_AT + MEMBER_ID_LEN] = 1; /* a number from the future */
	letter_sign(&letter, keys[1]);
	assert_int_equal(station_receive(&b, &letter), VERDICT_NOT_LISTED);

	/* b goes on speaking, a hears none of it */
	for (uint64_t waited = 0; waited < LIFE_MS - HEARTBEAT_MS; waited += HEARTBEAT_MS) {
		assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
		now_ms += HEARTBEAT_MS;
		station_seal(&b);
	}
	now_ms += HEARTBEAT_MS;
	a.link.live[0].heard_ms = now_ms; /* though it claims to */
	assert_int_equal(station_tell(&a, &b), VERDICT_NOT_LISTED);
}

/* A live station that stops listing us: its number moves, its life does not. */
static void test_unlisted_live_station_dies(void **state)
{
	struct station a, b;
	struct letter letter, first;

	(void)state;
	pair_meet(&a, &b);
	memset(a.link.live, 0, sizeof(a.link.live));
	first = station_seal(&a);
	assert_int_equal(station_receive(&b, &first), VERDICT_NOT_LISTED);
	now_ms += LIFE_MS / 2;
	letter = station_seal(&a);
	assert_int_equal(station_receive(&b, &letter), VERDICT_NOT_LISTED);
	assert_int_equal(station_receive(&b, &first), VERDICT_REPLAYED);
	assert_true(link_station_live(&b.link, a.link.member, now_ms));
	now_ms += LIFE_MS / 2 + 1;
	assert_false(link_station_live(&b.link, a.link.member, now_ms));
}

/* Any number of strangers: those who are proven stay. */
static void test_unproven_never_evict_live(void **state)
{
	struct station b, live[4];
	struct message_header header;
	struct letter letter;

	(void)state;
	meet_many(&b, live, 4);
	for (unsigned i = 0; i < 200; i++) {
		struct station stranger;

		station_init(&stranger, (uint8_t)(0x30 + i));
		now_ms++;
		assert_int_equal(station_tell(&stranger, &b), VERDICT_NOT_LISTED);
		assert_int_equal(link_live_count(&b.link, now_ms), 4);
	}
	letter = station_seal(&b);
	header = letter_header(&letter);
	assert_int_equal(header.station_count, 4 + LINK_NEW_MAX);
	for (size_t i = 0; i < 4; i++) { /* and they stand first in the list */
		assert_memory_equal(message_station(letter.octets, i).member, live[i].link.member,
			MEMBER_ID_LEN);
	}
}

static void test_table_full(void **state)
{
	static struct station live[LINK_LIVE_MAX];
	struct station b, more;

	(void)state;
	meet_many(&b, live, LINK_LIVE_MAX);
	station_init(&more, 0xff);
	assert_int_equal(station_tell(&more, &b), VERDICT_NOT_LISTED);
	assert_int_equal(station_tell(&b, &more), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&more, &b), VERDICT_TABLE_FULL);
	now_ms += LIFE_MS + 1;
	station_tell(&more, &b);
	assert_int_equal(station_tell(&b, &more), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&more, &b), VERDICT_ACCEPTED);
}

/* Fresh, but of another make: it counts as live, and its content as nothing. */
static void test_bad_content(void **state)
{
	struct station a, b;
	struct letter letter;
	static const uint8_t critical[] = { 0xf0, 0, 0 };

	(void)state;
	pair_meet(&a, &b);
	letter = station_seal(&a);
	append(&letter, critical, sizeof(critical));
	now_ms += LIFE_MS / 2;
	assert_int_equal(station_receive(&b, &letter), VERDICT_BAD_CONTENT);
	assert_int_equal(b.link.malformed[MALFORMED_TLV_CRITICAL], 1);
	now_ms += LIFE_MS;
	assert_true(link_station_live(&b.link, a.link.member, now_ms));
}

static void test_verdict_names(void **state)
{
	struct station b;

	(void)state;
	station_init(&b, 0xb);
	for (int i = 0; i < VERDICT_ALL; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
				verdict_name((enum verdict)i), verdict_name((enum verdict)j));
		}
	}
	for (int i = 0; i < VERDICT_COUNT; i++) {
		link_count(&b.link, (enum verdict)i);
		assert_int_equal(b.link.received[i], 1);
	}
	assert_string_equal(verdict_name(VERDICT_ALL), "unknown");
	assert_string_equal(verdict_name(VERDICT_BAD_ICV), "bad-icv");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_handshake, keys_make),
		cmocka_unit_test_setup(test_order_of_checks, keys_make),
		cmocka_unit_test_setup(test_wrong_key_changes_nothing, keys_make),
		cmocka_unit_test_setup(test_every_bit, keys_make),
		cmocka_unit_test_setup(test_padding, keys_make),
		cmocka_unit_test_setup(test_restart_of_the_other, keys_make),
		cmocka_unit_test_setup(test_restart_of_this_one, keys_make),
		cmocka_unit_test_setup(test_replay_within_life, keys_make),
		cmocka_unit_test_setup(test_replay_after_life, keys_make),
		cmocka_unit_test_setup(test_listed_number_is_fresh, keys_make),
		cmocka_unit_test_setup(test_unlisted_live_station_dies, keys_make),
		cmocka_unit_test_setup(test_unproven_never_evict_live, keys_make),
		cmocka_unit_test_setup(test_table_full, keys_make),
		cmocka_unit_test_setup(test_bad_content, keys_make),
		cmocka_unit_test_setup(test_verdict_names, keys_make),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, keys_free);
}
