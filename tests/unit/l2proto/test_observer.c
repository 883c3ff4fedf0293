/* What an observer says of a record is what the stations said when they received. */
#include "test_link_fixture.h"

#include <stdlib.h>

#include "l2proto/observer.h"

#define STATIONS 3
#define ROUNDS 4000

static struct observer *observer;
static struct observation observation;
static struct message_content content;

static const char *const saes[STATIONS] = { "alpha", "bravo", "charlie" };

static int set_up(void **state)
{
	observer = calloc(1, sizeof(*observer));
	assert_non_null(observer);
	return keys_make(state);
}

static int tear_down(void **state)
{
	(void)state;
	free(observer);
	return 0;
}

static struct sae_id sae(const char *text)
{
	struct sae_id id;

	assert_true(sae_id_set(&id, text, strlen(text)));
	return id;
}

static void observe_as(const char *view)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };
	struct link_key held = { 1, keys[1] };
	struct sae_id id;

	association_id("span-1", config.association);
	if (view) {
		id = sae(view);
	}
	observer_init(observer, &config, view ? &id : NULL, now_ms);
	observer_set_keys(observer, &held, 1);
}

/* Station number i: SAE, and an identifier that changes with each start. */
static void start(struct station *station, int i)
{
	static uint8_t starts;

	station_init(station, (uint8_t)(0x10 * (i + 1)));
	station->link.member[1] = ++starts;
	station->content.status_count = 1;
	station->content.status[0].sae = sae(saes[i]);
}

static struct frame frame_of(const struct letter *letter, uint8_t source)
{
	struct frame frame = { .message = letter->octets,
		.ethernet.source = { 2, 0, 0, 0, 0, source } };

	assert_int_equal(
		message_read_header(letter->octets, letter->len, &frame.header, &frame.len),
		MALFORMED_NOT);
	return frame;
}

static enum verdict observe(const struct letter *letter, int source)
{
	struct frame frame = frame_of(letter, (uint8_t)source);

	return observer_receive(observer, now_ms, &frame, true, &observation, &content);
}

/* ---- against stations that really receive ---------------------------------------------------- */

struct world {
	struct station stations[STATIONS];
	struct letter sent[64]; /* the latest ones, for who plays them again */
	int sender[64];
	size_t sent_count;
	unsigned counts[VERDICT_ALL];
};

static void deliver(struct world *world, int receiver, const struct letter *letter, int source)
{
	enum verdict expected = station_receive(&world->stations[receiver], letter);

	assert_int_equal(observe(letter, source), expected);
	world->counts[expected]++;
}

static struct letter send(struct world *world, int i)
{
	size_t place = world->sent_count++ % 64;

	world->sent[place] = station_seal(&world->stations[i]);
	world->sender[place] = i;
	return world->sent[place];
}

static struct letter any_sent(const struct world *world, int *sender)
{
	size_t kept = world->sent_count < 64 ? world->sent_count : 64;
	size_t place = (size_t)rand() % kept;

	*sender = world->sender[place];
	return world->sent[place];
}

/* One thing that happens at the interface of station 0, whose view it is. */
static void something(struct world *world)
{
	struct letter letter;
	int i = rand() % STATIONS, sender;

	now_ms += (uint64_t)rand() % (HEARTBEAT_MS / 4);
	switch (rand() % 24) {
	case 0:
		now_ms += LIFE_MS;
		break;
	case 1:
		start(&world->stations[i], i);
		letter = send(world, i);
		if (i == 0) {
			assert_int_equal(observe(&letter, 0), VERDICT_SENT);
		}
		break;
	case 2:
	case 3:
	case 4:
		letter = any_sent(world, &sender); /* a stranger, who lives elsewhere */
		letter.octets[letter.len - 1] ^= rand() % 8 == 0;
		deliver(world, 0, &letter, 9);
		break;
	default:
		letter = send(world, i);
		if (i == 0) {
			assert_int_equal(observe(&letter, 0), VERDICT_SENT);
		}
		for (int j = 0; j < STATIONS; j++) {
			if (j != i && j != 0 && rand() % 4 != 0) {
				station_receive(&world->stations[j], &letter);
			}
		}
		if (i != 0 && rand() % 4 != 0) {
			deliver(world, 0, &letter, i);
		}
	}
}

static void test_view_of_a_station(void **state)
{
	static struct world world;
	static const enum verdict seen[] = { VERDICT_ACCEPTED, VERDICT_REFLECTED, VERDICT_BAD_ICV,
		VERDICT_DUPLICATE, VERDICT_REPLAYED, VERDICT_NOT_LISTED };
	struct letter first;

	(void)state;
	srand(1);
	observe_as("alpha");
	for (int i = 0; i < STATIONS; i++) {
		start(&world.stations[i], i);
	}
	first = send(&world, 0);
	assert_int_equal(observe(&first, 0), VERDICT_SENT);
	for (int i = 0; i < ROUNDS; i++) {
		something(&world);
	}
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		assert_true(world.counts[seen[i]] >= 10);
	}
}

/* Two stations and nothing lost: what the other one says is the verdict of who only listens. */
static void test_view_of_nobody(void **state)
{
	static struct world world;

	(void)state;
	srand(2);
	observe_as(NULL);
	start(&world.stations[0], 0);
	start(&world.stations[1], 1);
	for (int i = 0; i < ROUNDS; i++) {
		int sender = rand() % 2;
		struct letter letter;
		enum verdict expected;

		if (rand() % 64 == 0) {
			start(&world.stations[sender], sender); /* and speaks at once */
		}
		now_ms += (uint64_t)rand() % HEARTBEAT_MS;
		letter = send(&world, sender);
		expected = station_receive(&world.stations[!sender], &letter);
		assert_int_equal(observe(&letter, sender), expected);
		world.counts[expected]++;
	}
	assert_true(world.counts[VERDICT_ACCEPTED] > ROUNDS / 2);
	assert_true(world.counts[VERDICT_NOT_LISTED] > 10);
}

/* ---- what cannot be known -------------------------------------------------------------------- */

static struct station a, b;

/* Two stations that have known each other for long before the record begins. */
static void acquaint(void)
{
	start(&a, 0);
	start(&b, 1);
	for (int i = 0; i < 3; i++) {
		struct letter letter = station_seal(&a);

		station_receive(&b, &letter);
		letter = station_seal(&b);
		station_receive(&a, &letter);
		now_ms += HEARTBEAT_MS;
	}
}

static void test_record_begins_in_the_middle(void **state)
{
	struct letter letter;

	(void)state;
	acquaint();
	observe_as(NULL);
	letter = station_seal(&a);
	assert_int_equal(observe(&letter, 0), VERDICT_UNKNOWN_FRESHNESS);
	/* b has not heard it yet: it lists a number of before the record */
	letter = station_seal(&b);
	assert_int_equal(observe(&letter, 1), VERDICT_UNKNOWN_FRESHNESS);
	letter = station_seal(&a);
	assert_int_equal(station_receive(&b, &letter), VERDICT_ACCEPTED);
	assert_int_equal(observe(&letter, 0), VERDICT_UNKNOWN_FRESHNESS);
	letter = station_seal(&b);
	assert_int_equal(observe(&letter, 1), VERDICT_ACCEPTED);
}

static void test_unknown_no_longer_than_life(void **state)
{
	struct letter old, letter;

	(void)state;
	acquaint();
	old = station_seal(&a);
	observe_as("bravo");
	letter = station_seal(&b);
	assert_int_equal(observe(&old, 0), VERDICT_UNKNOWN_FRESHNESS); /* is b there? */
	assert_int_equal(observe(&letter, 1), VERDICT_SENT);
	old = station_seal(&a);
	assert_int_equal(observe(&old, 0), VERDICT_UNKNOWN_FRESHNESS);
	now_ms += LIFE_MS;
	old = station_seal(&a); /* it has forgotten b, and lists nobody */
	assert_int_equal(observe(&old, 0), VERDICT_NOT_LISTED);
}

static void test_record_of_one_direction(void **state)
{
	(void)state;
	acquaint();
	observe_as(NULL);
	for (int i = 0; i < 10; i++) {
		struct letter letter = station_seal(&a);

		assert_int_equal(observe(&letter, 0), VERDICT_UNKNOWN_FRESHNESS);
		station_receive(&b, &letter);
		station_tell(&b, &a);
		now_ms += HEARTBEAT_MS;
	}
}

/* ---- keys, and what is shown ----------------------------------------------------------------- */

static void test_keys(void **state)
{
	struct link_key held[] = { { 1, NULL }, { 2, keys[2] } };
	struct letter letter;

	(void)state;
	start(&a, 0);
	observe_as(NULL);
	observer_set_keys(observer, held, 2);
	letter = station_seal(&a);
	letter.octets[letter.len - 1] ^= 1;
	assert_int_equal(observe(&letter, 0), VERDICT_UNVERIFIED);
	assert_false(observation.authentic);
	assert_true(observation.readable);
	assert_string_equal(observation.sae.text, "alpha");
	station_set_keys(&a, 2, 0);
	letter = station_seal(&a);
	assert_int_equal(observe(&letter, 0), VERDICT_NOT_LISTED);
	assert_true(observation.authentic && observation.station_new);
	letter.octets[letter.len - 1] ^= 1;
	assert_int_equal(observe(&letter, 0), VERDICT_BAD_ICV);
	assert_false(observation.readable);
	station_set_keys(&a, 3, 0);
	letter = station_seal(&a);
	assert_int_equal(observe(&letter, 0), VERDICT_UNKNOWN_CHANNEL_KEY);
	assert_false(observation.readable);
}

/* Who plays the station's own old messages to it does not become the station. */
static void test_stranger_is_not_the_station(void **state)
{
	struct letter before, letter;

	(void)state;
	start(&a, 0);
	observe_as("alpha");
	before = station_seal(&a);
	assert_int_equal(observe(&before, 0), VERDICT_SENT);
	assert_int_equal(observe(&before, 9), VERDICT_REFLECTED);
	start(&a, 0);
	letter = station_seal(&a);
	assert_int_equal(observe(&letter, 0), VERDICT_SENT);
	assert_int_equal(observe(&before, 0), VERDICT_NOT_LISTED); /* even from its address */
	start(&a, 0);
	letter = station_seal(&a);
	assert_int_equal(observe(&letter, 9), VERDICT_NOT_LISTED);
}

/* One old message, played from the station's own address, is no restart of it for long. */
static void test_pretender(void **state)
{
	static const char *const views[] = { NULL, "alpha", "bravo" };
	struct letter old, letter;

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		keys_make(state);
		start(&a, 0);
		old = station_seal(&a);
		start(&a, 0);
		start(&b, 1);
		stations_meet(&a, &b);
		observe_as(views[i]);
		for (int j = 0; j < 20; j++) {
			enum verdict expected;

			letter = station_seal(&a);
			expected = station_receive(&b, &letter);
			if (j > 8) { /* soon after the pretender, all is as before */
				assert_int_equal(
					observe(&letter, 0), i == 1 ? VERDICT_SENT : expected);
			} else {
				observe(&letter, 0);
			}
			letter = station_seal(&b);
			expected = station_receive(&a, &letter);
			if (j > 8) {
				assert_int_equal(
					observe(&letter, 1), i == 2 ? VERDICT_SENT : expected);
			} else {
				observe(&letter, 1);
			}
			if (j == 6) {
				observe(&old, 0);
			}
			now_ms += HEARTBEAT_MS / 4;
		}
	}
}

/* Each message by both carriers: the station's own are sent twice, and reflected after that. */
static void test_two_carriers(void **state)
{
	struct letter letter;
	struct frame frame;

	(void)state;
	start(&a, 0);
	observe_as("alpha");
	for (int i = 0; i < 3; i++) {
		letter = station_seal(&a);
		frame = frame_of(&letter, 0);
		for (int carrier = CARRIER_RAW; carrier <= CARRIER_LLDP; carrier++) {
			frame.carrier = carrier;
			assert_int_equal(observer_receive(observer, now_ms, &frame, true,
						 &observation, &content),
				VERDICT_SENT);
		}
		assert_int_equal(observe(&letter, 0), VERDICT_REFLECTED);
	}
}

/* More identifiers than there is room for: the newest are kept, and the view's own always. */
static void test_crowd(void **state)
{
	struct letter letter;

	(void)state;
	start(&b, 1);
	observe_as("bravo");
	letter = station_seal(&b);
	assert_int_equal(observe(&letter, 1), VERDICT_SENT);
	for (int i = 0; i < 3 * OBSERVER_STATIONS_MAX; i++) {
		start(&a, 0);
		letter = station_seal(&a);
		assert_int_equal(observe(&letter, 0), VERDICT_NOT_LISTED);
		now_ms++;
	}
	assert_int_equal(observe(&letter, 0), VERDICT_NOT_LISTED); /* nor could b remember */
	letter = station_seal(&b);
	assert_int_equal(observe(&letter, 1), VERDICT_SENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_view_of_a_station),
		TEST(test_view_of_nobody),
		TEST(test_record_begins_in_the_middle),
		TEST(test_unknown_no_longer_than_life),
		TEST(test_record_of_one_direction),
		TEST(test_keys),
		TEST(test_stranger_is_not_the_station),
		TEST(test_pretender),
		TEST(test_two_carriers),
		TEST(test_crowd),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, keys_free);
}
