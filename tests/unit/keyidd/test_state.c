/* The state: what is saved comes back, and what cannot be right does not. */
#include "test_state_fixture.h"

#include <sqlite3.h>

/* Changes the database behind the module's back. */
static void sql(const char *text)
{
	sqlite3 *db;
	char *error = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) {
		fail_msg("%s: %s", text, error);
	}
	sqlite3_close(db);
}

static void test_first_start(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX] = "x";
	struct exchange_record record, nothing = { 0 };
	struct held_keys keys;
	struct state *state = open_quietly();

	memset(&record, 0xff, sizeof(record));
	memset(&keys, 0xff, sizeof(keys));
	assert_int_equal(state_load(state, &span, EXCHANGE_MASTER, &record, &keys, text), 0);
	assert_memory_equal(&record, &nothing, sizeof(record));
	assert_int_equal(keys.count, 0);
	assert_string_equal(text, "");
	state_close(state);
}

static void test_save_and_load(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t committed, staged;
		uint8_t keys;
	} cases[] = { { 0, 0, 1 }, { 0, 1, 1 }, { 1, 1, 1 }, { 1, 2, 1 }, { 2, 0, 1 },
		{ 3, 4, BATCH_MAX }, { INT64_MAX - 1, INT64_MAX, 2 } };
	struct state *state = open_quietly();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct exchange_record record = record_of(
			cases[i].committed, cases[i].staged, cases[i].keys);

		save(state, &record);
		assert_loads(state, &record);
		state_close(state);
		state = open_quietly();
		assert_loads(state, &record);
	}
	state_close(state);
}

static void test_every_field(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(7, 9, 3);
	struct state *state = open_quietly();

	record.highest = 1000;
	record.decision = SLOT_COMMIT;
	record.staged.an = 3;
	record.staged.start = 4102444800;
	record.staged.spacing_s = UINT32_MAX;
	record.committed.an = 0;
	record.committed.start = -1;
	record.fetch_hour = 1700003600;
	record.fetch_count = UINT32_MAX;
	key_id_set(&record.staged.keys[1], "uuid", 4);
	save(state, &record);
	assert_loads(state, &record);
	state_close(state);
}

/* A master that is about to ask the KME knows a generation and nothing else. */
static void test_fetching(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(3, 0, 1);
	struct state *state = open_quietly();

	record.stage = EXCHANGE_STAGE_FETCHING;
	record.staged = (struct proposal){ .generation = 4, .an = AN_NONE };
	record.highest = 4;
	save(state, &record);
	assert_loads(state, &record);
	record.stage = EXCHANGE_STAGE_ABORTED;
	save(state, &record);
	assert_loads(state, &record);
	state_close(state);
}

/* Keys may be left out of a later save; those no longer held go. */
static void test_keys_follow_the_record(void **unused)
{
	(void)unused;
	struct held_keys none = { 0 };
	struct exchange_record record = record_of(1, 2, 2);
	struct state *state = open_quietly();

	save(state, &record);
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &record, &none), 0);
	assert_loads(state, &record);
	record.committed = record.staged;
	record.decision = SLOT_COMMIT;
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &record, &none), 0);
	assert_loads(state, &record);
	assert_true(state_wants_idle(state));
	record.stage = EXCHANGE_STAGE_NONE;
	record.committed_held = false;
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &record, &none), 0);
	assert_loads(state, &record);
	assert_int_equal(state_idle(state), 0);
	assert_false(state_wants_idle(state));
	state_close(state);
}

/* Never a record that claims a key which is not on the disk; the old one stays. */
static void test_missing_key_is_refused(void **unused)
{
	(void)unused;
	struct exchange_record before = record_of(1, 0, 2), after = record_of(1, 2, 2);
	struct held_keys keys;
	struct state *state = open_quietly();

	save(state, &before);
	keys = keys_of(&after);
	keys.count = 1;
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &after, &keys), -ENOKEY);
	assert_loads(state, &before);
	keys = keys_of(&after);
	key_id_set(&keys.keys[1].key_id, "another", 7);
	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &after, &keys), -ENOKEY);
	assert_loads(state, &before);
	save(state, &after);
	assert_loads(state, &after);
	state_close(state);
}

static void test_associations_are_apart(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	static const struct state_owner other = { "span-2", SAE };
	struct exchange_record one = record_of(1, 2, 1), two = record_of(5, 0, 1), record;
	struct held_keys keys, two_keys = keys_of(&two);
	struct state *state = open_quietly();

	save(state, &one);
	assert_int_equal(state_save(state, &other, EXCHANGE_MASTER, &two, &two_keys), 0);
	assert_loads(state, &one);
	assert_int_equal(state_load(state, &other, EXCHANGE_MASTER, &record, &keys, text), 1);
	assert_record(&record, &two);
	assert_keys(&keys, &two);
	state_close(state);
}

static void test_other_role(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct exchange_record record = record_of(6, 7, 1);
	struct exchange_record expected = { .highest = 7 };
	struct held_keys keys;
	struct state *state = open_quietly();

	save(state, &record);
	assert_int_equal(state_load(state, &span, EXCHANGE_MASTER, &record, &keys, text), 1);
	assert_non_null(strstr(text, "other role"));
	assert_record(&record, &expected);
	assert_int_equal(keys.count, 0);
	state_close(state);
}

static void test_wrong_state_key(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct exchange_record saved = record_of(1, 2, 1), record;
	struct secret wrong_key = state_key;
	struct held_keys keys;
	struct state *state = open_quietly();

	save(state, &saved);
	state_close(state);
	wrong_key.bytes[0] ^= 1;
	state = state_open(path, &wrong_key, text);
	assert_non_null(state);
	assert_string_equal(text, "");
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 1);
	assert_non_null(strstr(text, "does not open with this state key"));
	assert_int_equal(keys.count, 0);
	assert_int_equal(record.stage, EXCHANGE_STAGE_ABORTED);
	assert_false(record.committed_held);
	assert_int_equal(record.highest, 2);
	assert_proposal(&record.staged, &saved.staged);
	assert_int_equal(record.decision, SLOT_CONFIRMED);
	assert_proposal(&record.committed, &saved.committed);
	state_close(state);

	/* Nothing was written: the right key still opens them. */
	state = open_quietly();
	assert_loads(state, &saved);
	state_close(state);
}

static void test_lost_key(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct exchange_record saved = record_of(1, 2, 2), record;
	struct held_keys keys;
	struct state *state = open_quietly();

	save(state, &saved);
	sql("DELETE FROM sealed_key WHERE generation = 1 AND idx = 1");
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 1);
	assert_string_equal(
		text, "the key of generation 1 is not in the database: it counts as lost");
	saved.committed_held = false;
	assert_record(&record, &saved);
	assert_keys(&keys, &saved);
	state_close(state);
}

/* A sealed key does not open in another's place. */
static void test_swapped_keys(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct exchange_record saved = record_of(1, 2, 1), record;
	struct held_keys keys;
	struct state *state = open_quietly();

	save(state, &saved);
	sql("UPDATE sealed_key SET sealed = (SELECT sealed FROM sealed_key WHERE generation = 1)"
	    " WHERE generation = 2");
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 1);
	assert_int_equal(record.stage, EXCHANGE_STAGE_ABORTED);
	assert_true(record.committed_held);
	assert_int_equal(keys.count, 1);
	state_close(state);
}

static void test_impossible_to_save(void **unused)
{
	(void)unused;
	struct exchange_record good = record_of(1, 2, 1), bad[12];
	struct held_keys keys = keys_of(&good);
	struct state *state = open_quietly();
	size_t n = 0;

	save(state, &good);
	for (size_t i = 0; i < 12; i++) {
		bad[i] = good;
	}
	bad[n++].highest = (uint64_t)INT64_MAX + 1;
	bad[n++].highest = 1;
	bad[n++].stage = (enum exchange_stage)4;
	bad[n++].decision = SLOT_PREPARE;
	bad[n++].decision = SLOT_EMPTY;
	bad[n++].staged.generation = 0;
	bad[n++].staged.key_count = 0;
	bad[n++].committed.key_count = BATCH_MAX + 1;
	bad[n++].committed.an = 4;
	bad[n++].staged.keys[0].len = 0;
	bad[n++].confirmed_at = -1;
	bad[n++].fetch_hour = -1;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, &bad[i], &keys), -ERANGE);
	}
	assert_loads(state, &good);
	state_close(state);
}

static void test_impossible_to_load(void **unused)
{
	(void)unused;
	static const char *const changes[] = {
		"highest = 1",
		"staged_generation = 0",
		"staged_generation = -5",
		"staged_generation = NULL",
		"staged_digest = 'abcd'",
		"staged_digest = NULL",
		"staged_digest = 'zz020202020202020202020202020202'",
		"staged_an = 4",
		"staged_an = -1",
		"staged_spacing_s = -1",
		"staged_spacing_s = 4294967296",
		"staged_key_ids = '[]'",
		"staged_key_ids = '[\"a b\"]'",
		"staged_key_ids = '[1]'",
		"staged_key_ids = '{}'",
		"staged_key_ids = 'rubbish'",
		"staged_key_ids = NULL",
		"decision = 'none'",
		"committed_generation = 3",
		"confirmed_at = -1",
		"fetch_count = 4294967296",
	};
	struct exchange_record good = record_of(1, 2, 1), nothing = { 0 }, record;
	struct state *state = open_quietly();
	struct held_keys keys;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char change[200], text[STATE_TEXT_MAX];

		save(state, &good);
		assert_loads(state, &good);
		snprintf(change, sizeof(change), "UPDATE association SET %s", changes[i]);
		sql(change);
		assert_int_equal(
			state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), -EBADMSG);
		assert_non_null(strstr(text, "cannot be right"));
		assert_memory_equal(&record, &nothing, sizeof(record));
		assert_int_equal(keys.count, 0);
	}
	state_close(state);
}

/* What an operator sees with sqlite3. */
static void test_readable_columns(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(1, 2, 1);
	struct state *state = open_quietly();
	sqlite3_stmt *get;
	sqlite3 *db;

	save(state, &record);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
			"SELECT role || ' ' || stage || ' ' || staged_generation || ' ' ||"
			" staged_digest || ' ' || staged_key_ids || ' ' || decision || ' ' ||"
			" committed_held FROM association WHERE name = 'span-1'",
			-1, &get, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(get), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(get, 0),
		"slave held 2 02020202020202020202020202020202 "
		"[\"d9b6fa63-dd88-47d2-8afe-000000020000\"] confirmed 1");
	sqlite3_finalize(get);
	sqlite3_close(db);
	state_close(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_first_start),
		TEST(test_save_and_load),
		TEST(test_every_field),
		TEST(test_fetching),
		TEST(test_keys_follow_the_record),
		TEST(test_missing_key_is_refused),
		TEST(test_associations_are_apart),
		TEST(test_other_role),
		TEST(test_wrong_state_key),
		TEST(test_lost_key),
		TEST(test_swapped_keys),
		TEST(test_impossible_to_save),
		TEST(test_impossible_to_load),
		TEST(test_readable_columns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
