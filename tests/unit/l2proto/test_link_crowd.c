/* Many stations on one link: how much they send, and whom strangers can keep out
 * (sections 4.3, 4.4). */
#include "test_link_fixture.h"

#define CROWD 8
/* Former identifiers whose messages are replayed: more than the table holds. */
#define RECORDED 16

/* One millisecond of a segment: who is due sends, and all others hear it. Returns the messages
 * sent. */
static size_t tick(struct station *stations, size_t count)
{
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		struct letter letter;

		if (link_next_due(&stations[i].link) > now_ms) {
			continue;
		}
		letter = station_seal(&stations[i]);
		sent++;
		for (size_t j = 0; j < count; j++) {
			if (j != i) {
				station_receive(&stations[j], &letter);
			}
		}
	}
	now_ms++;
	return sent;
}

/* Started at the same time, and nothing left to be told. */
static void gather(struct station *stations, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		station_init(&stations[i], (uint8_t)(i + 1));
	}
	while (now_ms < START_MS + 5000) {
		tick(stations, count);
	}
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(link_live_count(&stations[i].link, now_ms), count - 1);
		assert_int_equal(link_unacknowledged_count(&stations[i].link, now_ms), 0);
	}
}

/*
 * A station that died cannot acknowledge: that must not keep the rest talking.
 * In LIFE each sends its change and six repetitions (after 50, 100, ... 1000 ms),
 * and answers those of the others once for each.
 */
static void test_a_dead_station_makes_no_storm(void **state)
{
	static struct station stations[CROWD];
	size_t sent = 0;

	(void)state;
	gather(stations, CROWD);
	for (size_t i = 0; i < CROWD - 1; i++) {
		link_changed(&stations[i].link, now_ms);
	}
	for (uint64_t end_ms = now_ms + LIFE_MS; now_ms < end_ms;) {
		sent += tick(stations, CROWD - 1);
	}
	assert_in_range(sent, (CROWD - 1) * 3, (CROWD - 1) * 2 * 7);
}

static void test_an_answer_asks_for_none(void **state)
{
	struct station stations[3], *a = &stations[0], *b = &stations[1];
	struct letter letter;
	uint64_t due_ms;

	(void)state;
	gather(stations, 3);
	link_changed(&a->link, now_ms);
	letter = station_seal(a);
	assert_true(letter_header(&letter).reply_wanted);
	due_ms = link_next_due(&a->link);

	link_changed(&b->link, now_ms);
	letter = station_seal(b);
	assert_int_equal(station_receive(a, &letter), VERDICT_ACCEPTED);
	assert_int_equal(link_next_due(&a->link), now_ms + 5);
	now_ms += 5;
	letter = station_seal(a); /* nobody has the change of a yet, but this is an answer to b */
	assert_int_equal(link_unacknowledged_count(&a->link, now_ms), 2);
	assert_false(letter_header(&letter).reply_wanted);
	assert_int_equal(link_next_due(&a->link), due_ms); /* and leaves the timetable of a alone */
	now_ms = due_ms;
	letter = station_seal(a);
	assert_true(letter_header(&letter).reply_wanted);
}

/* ---- replays of a station's many former identifiers -------------------------------------------
 */

static void record(struct letter *recorded)
{
	for (uint8_t i = 0; i < RECORDED; i++) {
		struct station former;

		station_init(&former, (uint8_t)(0x30 + i));
		recorded[i] = station_seal(&former);
	}
}

/* b restarts while both are flooded at a pace; how long until they have proven each other? */
static uint64_t time_to_prove(unsigned interval_ms)
{
	static struct letter recorded[RECORDED];
	struct station ab[2];
	uint64_t start_ms;
	size_t next = 0;

	record(recorded);
	station_init(&ab[0], 0xa);
	for (int i = 0; i < 2000; i++) {
		if (now_ms % interval_ms == 0) {
			station_receive(&ab[0], &recorded[next++ % RECORDED]);
		}
		tick(ab, 1);
	}
	station_init(&ab[1], 0xb);
	start_ms = now_ms;
	while (!link_live_count(&ab[0].link, now_ms) || !link_live_count(&ab[1].link, now_ms)) {
		assert_true(now_ms < start_ms + 10 * LIFE_MS);
		if (now_ms % interval_ms == 0) {
			station_receive(&ab[0], &recorded[next % RECORDED]);
			station_receive(&ab[1], &recorded[next++ % RECORDED]);
		}
		tick(ab, 2);
	}
	return now_ms - start_ms;
}

static void test_a_flood_of_strangers_keeps_nobody_out(void **state)
{
	(void)state;
	assert_in_range(time_to_prove(50), 0, LIFE_MS);
	assert_in_range(time_to_prove(5), 0, LIFE_MS);
}

static void flood(struct station *station, const struct letter *recorded)
{
	for (size_t i = 0; i < RECORDED; i++) {
		station_receive(station, &recorded[i]);
	}
}

/* One sends if it is due, the other hears it, and right behind it all that was ever recorded. */
static void talk_in_a_flood(struct station *from, struct station *to, const struct letter *recorded)
{
	if (link_next_due(&from->link) <= now_ms) {
		station_tell(from, to);
		flood(to, recorded);
	}
}

static void test_a_reactive_flood_keeps_nobody_out(void **state)
{
	static struct letter recorded[RECORDED];
	struct station a, b;
	uint64_t start_ms;

	(void)state;
	record(recorded);
	station_init(&a, 0xa);
	station_seal(&a);
	now_ms += 500;
	flood(&a, recorded);
	station_init(&b, 0xb);
	start_ms = now_ms;
	while (!link_live_count(&a.link, now_ms) || !link_live_count(&b.link, now_ms)) {
		assert_true(now_ms < start_ms + 10 * LIFE_MS);
		talk_in_a_flood(&a, &b, recorded);
		talk_in_a_flood(&b, &a, recorded);
		now_ms++;
	}
	assert_in_range(now_ms - start_ms, 0, LIFE_MS);
}

/* Who has sent nothing within LIFE can be listed by nobody with a fresh number, not even the last
 * one. */
static void test_nothing_sent_nothing_fresh(void **state)
{
	struct station a, b;
	struct letter late;

	(void)state;
	pair_meet(&a, &b);
	a.link.number = UINT32_MAX - 1;
	assert_int_equal(station_tell(&a, &b), VERDICT_ACCEPTED);
	late = station_seal(&b);
	now_ms += 2 * LIFE_MS;
	assert_int_equal(station_receive(&a, &late), VERDICT_NOT_LISTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_dead_station_makes_no_storm, keys_make),
		cmocka_unit_test_setup(test_an_answer_asks_for_none, keys_make),
		cmocka_unit_test_setup(test_a_flood_of_strangers_keeps_nobody_out, keys_make),
		cmocka_unit_test_setup(test_a_reactive_flood_keeps_nobody_out, keys_make),
		cmocka_unit_test_setup(test_nothing_sent_nothing_fresh, keys_make),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, keys_free);
}
