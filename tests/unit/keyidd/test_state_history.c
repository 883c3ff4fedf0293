/* The history: order, bounds, and when it reaches the disk. */
#include "test_state_fixture.h"

#include <sqlite3.h>

struct seen {
	size_t count;
	size_t stop_after;
	uint64_t generations[2 * STATE_HISTORY_PENDING_MAX];
	char first[512];
};

static bool see(void *ctx, const struct state_event *event)
{
	struct seen *seen = ctx;

	if (seen->count == 0) {
		snprintf(seen->first, sizeof(seen->first),
			"%s|%" PRId64 "|%s|%" PRIu64 "|%s|%s|%s|%s|%u", event->owner.association,
			event->at_ms, event->event, event->generation, event->reason, event->sae,
			event->key_id, event->ckn, event->elapsed_ms);
	}
	if (seen->count < sizeof(seen->generations) / sizeof(seen->generations[0])) {
		seen->generations[seen->count] = event->generation;
	}
	return ++seen->count != seen->stop_after;
}

static void add(struct state *state, const char *association, uint64_t generation)
{
	struct state_event event = {
		.owner = { association, SAE },
		.at_ms = 1700000000123 + (int64_t)generation,
		.event = "committed",
		.generation = generation,
	};

	assert_int_equal(state_add_history(state, &event), 0);
}

static void test_every_field(void **unused)
{
	(void)unused;
	struct state_event event = {
		.owner = span,
		.at_ms = 1700000000123,
		.event = "member-failed",
		.generation = 7,
		.reason = "kme-unavailable",
		.sae = "mx304-12",
		.key_id = "d9b6fa63-dd88-47d2-8afe-94fcecf40d19",
		.ckn = "abcd",
		.elapsed_ms = 1234,
	};
	struct seen seen = { 0 };
	struct state *state = open_quietly();

	assert_int_equal(state_add_history(state, &event), 0);
	assert_true(state_wants_idle(state));
	assert_int_equal(state_history(state, NULL, 10, see, &seen), 1);
	assert_string_equal(seen.first,
		"span-1|1700000000123|member-failed|7|kme-unavailable|mx304-12|"
		"d9b6fa63-dd88-47d2-8afe-94fcecf40d19|abcd|1234");
	assert_false(state_wants_idle(state));
	state_close(state);
}

static void test_null_and_long_texts(void **unused)
{
	(void)unused;
	char text[300];
	struct state_event event = { .owner = { text, text },
		.event = text,
		.reason = text,
		.sae = text,
		.key_id = text,
		.ckn = text };
	struct seen seen = { 0 };
	struct state *state = open_quietly();

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(state_add_history(state, &event), 0);
	event = (struct state_event){ .owner = span };
	assert_int_equal(state_add_history(state, &event), 0);
	assert_int_equal(state_history(state, NULL, 10, see, &seen), 2);
	assert_string_equal(seen.first, "span-1|0||0|||||0");
	state_close(state);
}

static void test_newest_first(void **unused)
{
	(void)unused;
	struct seen seen = { 0 }, few = { 0 }, other = { 0 }, stopped = { .stop_after = 3 };
	struct state *state = open_quietly();

	for (uint64_t generation = 1; generation <= 20; generation++) {
		add(state, generation % 2 ? SPAN : "span-2", generation);
	}
	assert_int_equal(state_history(state, NULL, 100, see, &seen), 20);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(seen.generations[i], 20 - i);
	}
	assert_int_equal(state_history(state, &span, 4, see, &few), 4);
	assert_int_equal(few.generations[0], 19);
	assert_int_equal(few.generations[3], 13);
	assert_int_equal(
		state_history(state, &(struct state_owner){ "span-3", SAE }, 4, see, &other), 0);
	assert_int_equal(
		state_history(state, &(struct state_owner){ SPAN, "mx304-11" }, 4, see, &other), 0);
	assert_int_equal(state_history(state, NULL, 100, see, &stopped), 3);
	assert_int_equal(state_history(state, NULL, 0, see, &other), 0);
	state_close(state);
}

static void test_bounded(void **unused)
{
	(void)unused;
	struct seen seen = { 0 }, other = { 0 };
	struct state *state = open_quietly();

	state_set_history_max(state, 10);
	add(state, "span-2", 1);
	for (uint64_t generation = 1; generation <= 300; generation++) {
		add(state, SPAN, generation);
	}
	assert_int_equal(state_history(state, &span, 1000, see, &seen), 10);
	assert_int_equal(seen.generations[0], 300);
	assert_int_equal(seen.generations[9], 291);
	assert_int_equal(
		state_history(state, &(struct state_owner){ "span-2", SAE }, 1000, see, &other), 1);
	state_close(state);
}

/* What the disk holds, seen from outside. */
static size_t on_disk(void)
{
	sqlite3_stmt *count;
	sqlite3 *db;
	int rows;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT count(*) FROM history", -1, &count, NULL);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	rows = sqlite3_column_int(count, 0);
	sqlite3_finalize(count);
	sqlite3_close(db);
	return (size_t)rows;
}

static void test_written_with_the_next_save(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(1, 2, 1);
	struct state *state = open_quietly();

	add(state, SPAN, 1);
	add(state, SPAN, 2);
	assert_int_equal(on_disk(), 0);
	save(state, &record);
	assert_int_equal(on_disk(), 2);
	add(state, SPAN, 3);
	assert_int_equal(on_disk(), 2);
	assert_int_equal(state_flush(state), 0);
	assert_int_equal(on_disk(), 3);
	add(state, SPAN, 4);
	state_close(state);
	assert_int_equal(on_disk(), 4);
}

static void test_kept_when_a_save_fails(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(1, 2, 1);
	struct held_keys none = { 0 };
	struct seen seen = { 0 };
	struct state *state = open_quietly();

	add(state, SPAN, 1);
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &record, &none), -ENOKEY);
	assert_int_equal(on_disk(), 0);
	assert_int_equal(state_history(state, &span, 10, see, &seen), 1);
	state_close(state);
}

static void test_pending_is_bounded(void **unused)
{
	(void)unused;
	struct state *state = open_quietly();

	for (uint64_t i = 0; i < STATE_HISTORY_PENDING_MAX; i++) {
		add(state, SPAN, i);
	}
	assert_int_equal(on_disk(), 0);
	add(state, SPAN, STATE_HISTORY_PENDING_MAX);
	assert_int_equal(on_disk(), STATE_HISTORY_PENDING_MAX);
	state_close(state);
}

/* While the disk cannot be written, people still see what has just happened, the newest first. */
static void test_shown_while_nothing_can_be_written(void **unused)
{
	(void)unused;
	struct state *state = open_quietly();
	struct seen seen = { 0 };
	sqlite3 *db;

	add(state, SPAN, 1);
	assert_int_equal(state_flush(state), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	add(state, SPAN, 2);
	add(state, "span-2", 3);
	add(state, SPAN, 4);
	assert_int_equal(state_history(state, &span, 10, see, &seen), 3);
	assert_int_equal(seen.generations[0], 4);
	assert_int_equal(seen.generations[1], 2);
	assert_int_equal(seen.generations[2], 1);
	seen = (struct seen){ .stop_after = 2 };
	assert_int_equal(state_history(state, NULL, 10, see, &seen), 2);
	seen = (struct seen){ 0 };
	assert_int_equal(state_history(state, NULL, 1, see, &seen), 1);
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	seen = (struct seen){ 0 };
	assert_int_equal(state_history(state, NULL, 10, see, &seen), 4);
	assert_false(state_wants_idle(state));
	state_close(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_every_field),
		TEST(test_shown_while_nothing_can_be_written),
		TEST(test_null_and_long_texts),
		TEST(test_newest_first),
		TEST(test_bounded),
		TEST(test_written_with_the_next_save),
		TEST(test_kept_when_a_save_fails),
		TEST(test_pending_is_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
