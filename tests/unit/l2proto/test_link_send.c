/* Sending: when, signed with which key, and listing whom (protocol.md sections 4.4 and 4.5). */
#include "test_link_fixture.h"

#include <errno.h>

/* Sends what is due, when it is due; returns how long that took. */
static uint64_t wait_and_seal(struct station *station)
{
	uint64_t due_ms = link_next_due(&station->link);
	uint64_t waited_ms = due_ms > now_ms ? due_ms - now_ms : 0;

	now_ms += waited_ms;
	station_seal(station);
	return waited_ms;
}

static void test_alone_it_beats(void **state)
{
	struct station a;

	(void)state;
	station_init(&a, 0xa);
	assert_int_equal(wait_and_seal(&a), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(wait_and_seal(&a), HEARTBEAT_MS);
	}
}

static void test_numbers_grow(void **state)
{
	struct station a;

	(void)state;
	station_init(&a, 0xa);
	for (uint32_t i = 1; i < 10; i++) {
		struct letter letter = station_seal(&a);

		assert_int_equal(letter_header(&letter).number, i);
	}
}

/* A change goes out at once, then ever more slowly, until everybody has it. */
static void test_change_is_repeated_until_acknowledged(void **state)
{
	static const uint64_t intervals[] = { 0, 50, 100, 200, 400, 800, 1000, 1000 };
	struct station a, b;

	(void)state;
	pair_meet(&a, &b);
	link_changed(&a.link, now_ms);
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		b.link.prompt_ms = UINT64_MAX;
		assert_int_equal(wait_and_seal(&a), intervals[i]);
		if (i > 0 && now_ms < a.link.live[0].heard_ms + LIFE_MS) {
			assert_int_equal(link_unacknowledged_count(&a.link, now_ms), 1);
		}
	}

	stations_meet(&a, &b);
	link_changed(&a.link, now_ms);
	assert_int_equal(wait_and_seal(&a), 0);
	assert_int_equal(wait_and_seal(&a), 50);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	assert_int_equal(link_unacknowledged_count(&a.link, now_ms), 0);
	assert_int_equal(wait_and_seal(&a), HEARTBEAT_MS);
}

/* To have listed an older number is not to have the newest content. */
static void test_older_number_does_not_acknowledge(void **state)
{
	struct station a, b;

	(void)state;
	pair_meet(&a, &b);
	link_changed(&a.link, now_ms);
	station_seal(&a); /* lost */
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	assert_int_equal(link_unacknowledged_count(&a.link, now_ms), 1);
}

static void test_silent_stations_are_not_waited_for(void **state)
{
	struct station a, b;

	(void)state;
	pair_meet(&a, &b);
	now_ms += LIFE_MS + 1;
	link_changed(&a.link, now_ms);
	assert_int_equal(wait_and_seal(&a), 0);
	assert_int_equal(wait_and_seal(&a), HEARTBEAT_MS);
}

static void test_reply_flag(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	wait_and_seal(&b);
	letter = station_seal(&a);
	assert_false(letter_header(&letter).reply_wanted);
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
	assert_true(link_next_due(&b.link) > now_ms + 100);

	link_changed(&a.link, now_ms);
	letter = station_seal(&a);
	assert_true(letter_header(&letter).reply_wanted);
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
	assert_int_equal(link_next_due(&b.link), now_ms + 5);
}

/* However many strangers call, they trigger four advertisements a second. */
static void test_triggers_are_limited(void **state)
{
	struct station b;
	unsigned sent = 0;

	(void)state;
	station_init(&b, 0xb);
	station_seal(&b);
	for (unsigned i = 0; i < 1000; i++) {
		struct station stranger;

		station_init(&stranger, (uint8_t)(0x30 + i));
		station_tell(&stranger, &b);
		if (link_next_due(&b.link) <= now_ms) {
			station_seal(&b);
			sent++;
		}
		now_ms++;
	}
	assert_int_equal(sent, 4);
}

/* A stranger is answered within the gap, even if something else was sent in between. */
static void test_trigger_outlives_another_message(void **state)
{
	struct station b, first, second, third;

	(void)state;
	station_init(&b, 0xb);
	station_init(&first, 1);
	station_init(&second, 2);
	station_init(&third, 3);
	station_seal(&b);
	station_tell(&first, &b);
	station_seal(&b);
	now_ms += 100;
	station_tell(&second, &b); /* to be answered at 250 */
	now_ms += 50;
	link_changed(&b.link, now_ms);
	station_seal(&b);
	now_ms += 50;
	station_tell(&third, &b);
	assert_int_equal(link_next_due(&b.link), START_MS + 250);
}

static void test_lists_who_is_heard(void **state)
{
	struct station a, b, stranger;
	struct letter letter;
	struct station_heard heard;

	(void)state;
	pair_meet(&a, &b);
	station_init(&stranger, 0xc);
	station_tell(&stranger, &b);
	letter = station_seal(&b);
	assert_int_equal(letter_header(&letter).station_count, 2);
	heard = message_station(letter.octets, 0);
	assert_memory_equal(heard.member, a.link.member, MEMBER_ID_LEN);
	assert_int_equal(heard.number, a.link.number);
	heard = message_station(letter.octets, 1);
	assert_memory_equal(heard.member, stranger.link.member, MEMBER_ID_LEN);
	assert_int_equal(heard.number, 1);
	now_ms += LIFE_MS;
	letter = station_seal(&b);
	assert_int_equal(letter_header(&letter).station_count, 2);
	now_ms++;
	letter = station_seal(&b);
	assert_int_equal(letter_header(&letter).station_count, 0);
}

/* What is too long goes without the strangers; without the neighbours it does not go. */
static void test_list_shrinks(void **state)
{
	struct station a, b;
	struct letter letter;
	uint8_t octets[MESSAGE_MAX_RAW];

	(void)state;
	pair_meet(&a, &b);
	for (uint8_t i = 0; i < 5; i++) {
		struct station stranger;

		station_init(&stranger, (uint8_t)(0x30 + i));
		station_tell(&stranger, &b);
	}
	for (size_t room = 0; room <= 5; room++) {
		b.link.config.message_max = MESSAGE_MIN + (1 + room) * MESSAGE_STATION_LEN + 7;
		letter = station_seal(&b);
		assert_int_equal(letter_header(&letter).station_count, 1 + room);
		assert_int_equal(station_receive(&a, &letter), VERDICT_ACCEPTED);
	}
	b.link.config.message_max = MESSAGE_MIN + MESSAGE_STATION_LEN - 1;
	assert_int_equal(link_seal(&b.link, now_ms, &b.content, octets, sizeof(octets)), -EMSGSIZE);
	b.link.config.message_max = MESSAGE_MAX_RAW;
	assert_int_equal(link_seal(&b.link, now_ms, &b.content, octets, MESSAGE_MIN), -EMSGSIZE);
	assert_true(link_next_due(&b.link) > now_ms); /* and is not tried again at once */
}

static void test_last_number(void **state)
{
	struct station a, b;
	uint8_t octets[MESSAGE_MAX_RAW];
	uint8_t member[MEMBER_ID_LEN] = { 0xaa };

	(void)state;
	pair_meet(&a, &b);
	a.link.number = UINT32_MAX - 1;
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	assert_int_equal(
		link_seal(&a.link, now_ms, &a.content, octets, sizeof(octets)), -EOVERFLOW);
	link_renew(&a.link, member, now_ms);
	assert_int_equal(link_next_due(&a.link) <= now_ms, true);
	stations_meet(&a, &b);
	assert_true(a.link.number < 10);
}

static void test_no_channel_key(void **state)
{
	static const struct link_key none[LINK_KEYS_MAX];
	struct station a;
	uint8_t octets[MESSAGE_MAX_RAW];

	(void)state;
	station_init(&a, 0xa);
	link_set_keys(&a.link, none, LINK_KEYS_MAX);
	assert_int_equal(link_seal(&a.link, now_ms, &a.content, octets, sizeof(octets)), -ENOKEY);
	assert_int_equal(link_next_due(&a.link), now_ms + HEARTBEAT_MS);
}

static uint16_t signs_with(struct station *station)
{
	struct letter letter = station_seal(station);

	return letter_header(&letter).key_number;
}

/* From key 1 to key 2, one station after the other, and nobody is lost on the way. */
static void test_channel_key_roll_over(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	station_set_keys(&a, 1, 2);
	letter = station_seal(&a);
	assert_int_equal(letter_header(&letter).key_number, 1);
	assert_int_equal(letter_header(&letter).newest_key_number, 2);
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	assert_int_equal(signs_with(&a), 1); /* b does not hold 2 yet */

	station_set_keys(&b, 2, 1);
	assert_int_equal(signs_with(&b), 2); /* a was heard to hold it */
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	assert_int_equal(signs_with(&a), 2);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);

	station_set_keys(&a, 2, 0);
	station_set_keys(&b, 2, 0);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	assert_int_equal(station_tell(&b, &a), VERDICT_ACCEPTED);
	letter.octets[13] = 1;
	assert_int_equal(station_receive(&b, &letter), VERDICT_UNKNOWN_CHANNEL_KEY);
}

/* Who restarts in the middle begins with the oldest key, and finds the newest. */
static void test_roll_over_with_a_restart(void **state)
{
	struct station a, b;

	(void)state;
	pair_meet(&a, &b);
	station_set_keys(&a, 1, 2);
	station_set_keys(&b, 2, 0); /* already done with key 1 */
	station_init(&a, 0xaa);
	station_set_keys(&a, 1, 2);
	now_ms += LIFE_MS + 1;
	assert_int_equal(signs_with(&a), 1);
	assert_int_equal(station_tell(&a, &b), VERDICT_UNKNOWN_CHANNEL_KEY);
	assert_int_equal(station_tell(&b, &a), VERDICT_NOT_LISTED);
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED); /* signed with 2 */
	stations_meet(&a, &b);
}

/* A stranger without the new key is a station heard, too. */
static void test_unproven_station_holds_the_roll_over(void **state)
{
	struct station a, b, c;

	(void)state;
	pair_meet(&a, &b);
	station_set_keys(&a, 1, 2);
	station_set_keys(&b, 1, 2);
	station_tell(&a, &b);
	station_tell(&b, &a);
	assert_int_equal(signs_with(&a), 2);
	station_init(&c, 0xc);
	assert_int_equal(station_tell(&c, &a), VERDICT_NOT_LISTED);
	assert_int_equal(signs_with(&a), 1);
	for (uint64_t waited = 0; waited <= LIFE_MS; waited += HEARTBEAT_MS) {
		assert_int_equal(signs_with(&a), 1);
		now_ms += HEARTBEAT_MS;
		station_tell(&a, &b);
		station_tell(&b, &a);
	}
	assert_int_equal(signs_with(&a), 2); /* it has not been heard for LIFE */
}

/* Content that comes back as another change each time must not keep the wire busy. */
static void test_changes_have_a_rate(void **state)
{
	struct station a;
	uint64_t start_ms = now_ms;

	(void)state;
	station_init(&a, 0xa);
	station_seal(&a);
	for (int i = 0; i < 15; i++) {
		link_changed(&a.link, now_ms);
		assert_int_equal(wait_and_seal(&a), 0); /* a rotation has fewer */
	}
	start_ms = now_ms;
	for (int i = 0; i < 1000; i++) {
		link_changed(&a.link, now_ms);
		wait_and_seal(&a);
	}
	assert_in_range(now_ms - start_ms, 9900, 10100); /* 100 a second */
	for (int i = 0; i < 1000; i++) {                 /* what goes with replies leaves no debt */
		link_changed(&a.link, now_ms);
		station_seal(&a);
	}
	link_changed(&a.link, now_ms);
	assert_true(wait_and_seal(&a) <= 20);
	now_ms += 1000;
	link_changed(&a.link, now_ms);
	assert_int_equal(wait_and_seal(&a), 0);
}

/* Idle is a heartbeat that nobody waits for: a slower carrier may leave it out. */
static void test_idle(void **state)
{
	struct station a, b;
	struct letter letter;

	(void)state;
	pair_meet(&a, &b);
	wait_and_seal(&a);
	assert_true(a.link.is_idle);
	link_changed(&a.link, now_ms);
	wait_and_seal(&a);
	assert_false(a.link.is_idle);
	wait_and_seal(&a); /* not acknowledged: a repetition */
	assert_false(a.link.is_idle);
	station_tell(&a, &b);
	station_tell(&b, &a);
	wait_and_seal(&a);
	assert_true(a.link.is_idle);

	link_changed(&b.link, now_ms);
	letter = station_seal(&b); /* wants a reply */
	now_ms = a.link.repeat_ms;
	station_receive(&a, &letter);
	station_seal(&a); /* which goes with the heartbeat */
	assert_false(a.link.is_idle);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_idle, keys_make),
		cmocka_unit_test_setup(test_alone_it_beats, keys_make),
		cmocka_unit_test_setup(test_numbers_grow, keys_make),
		cmocka_unit_test_setup(test_change_is_repeated_until_acknowledged, keys_make),
		cmocka_unit_test_setup(test_changes_have_a_rate, keys_make),
		cmocka_unit_test_setup(test_older_number_does_not_acknowledge, keys_make),
		cmocka_unit_test_setup(test_silent_stations_are_not_waited_for, keys_make),
		cmocka_unit_test_setup(test_reply_flag, keys_make),
		cmocka_unit_test_setup(test_triggers_are_limited, keys_make),
		cmocka_unit_test_setup(test_trigger_outlives_another_message, keys_make),
		cmocka_unit_test_setup(test_lists_who_is_heard, keys_make),
		cmocka_unit_test_setup(test_list_shrinks, keys_make),
		cmocka_unit_test_setup(test_last_number, keys_make),
		cmocka_unit_test_setup(test_no_channel_key, keys_make),
		cmocka_unit_test_setup(test_channel_key_roll_over, keys_make),
		cmocka_unit_test_setup(test_roll_over_with_a_restart, keys_make),
		cmocka_unit_test_setup(test_unproven_station_holds_the_roll_over, keys_make),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, keys_free);
}
