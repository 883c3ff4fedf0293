/* The records of hand-overs in the database. */
#include "tests/unit/keyidd/test_state_fixture.h"

#include <sqlite3.h>

#define ID_1 "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"
#define ID_2 "a310923e-9de9-4ab1-bafe-806bcc2e62f9"

static struct key_id id(const char *text)
{
	struct key_id key_id;

	assert_true(key_id_set(&key_id, text, strlen(text)));
	return key_id;
}

static struct handover_record handover(
	enum handover_stage stage, const char *key_id, const char *applied, int64_t applied_s)
{
	struct handover_record record = { .stage = stage, .applied_s = applied_s };

	record.key_id = id(key_id);
	if (applied) {
		record.applied = id(applied);
	}
	return record;
}

static void save_handover(
	struct state *state, const char *name, const struct handover_record *record)
{
	assert_int_equal(state_save_handover(state, name, EXCHANGE_SLAVE, record), 0);
}

static void assert_handover(
	struct state *state, const char *name, const struct handover_record *expected)
{
	struct handover_record record;

	assert_int_equal(state_load_handover(state, name, EXCHANGE_SLAVE, &record), 1);
	assert_int_equal(record.stage, expected->stage);
	assert_string_equal(record.key_id.text, expected->key_id.text);
	assert_int_equal(record.key_id.len, expected->key_id.len);
	assert_string_equal(record.applied.text, expected->applied.text);
	assert_int_equal(record.applied.len, expected->applied.len);
	assert_int_equal(record.applied_s, expected->applied_s);
}

static void assert_none(struct state *state, const char *name, enum exchange_role role)
{
	struct handover_record record, empty = { 0 };

	memset(&record, 0xff, sizeof(record));
	assert_int_equal(state_load_handover(state, name, role, &record), 0);
	assert_memory_equal(&record, &empty, sizeof(empty));
}

static void test_kept(void **unused)
{
	(void)unused;
	struct handover_record taken = handover(HANDOVER_TAKEN, ID_1, NULL, 0);
	struct handover_record again = handover(HANDOVER_TAKEN, ID_2, ID_1, 1767225600);
	struct handover_record applied = handover(HANDOVER_APPLIED, ID_2, ID_2, 1767225601);
	struct handover_record shown = handover(HANDOVER_SHOWN, ID_2, ID_2, 1767225601);
	struct state *state = open_quietly();

	assert_none(state, "span-9", EXCHANGE_SLAVE);
	save_handover(state, "span-9", &taken);
	save_handover(state, "span-8", &shown);
	assert_handover(state, "span-9", &taken);
	save_handover(state, "span-9", &again);
	assert_handover(state, "span-9", &again);
	save_handover(state, "span-9", &applied);
	state_close(state);
	state = open_quietly();
	assert_handover(state, "span-9", &applied);
	assert_handover(state, "span-8", &shown);
	assert_none(state, "span-9", EXCHANGE_MASTER);
	state_close(state);
}

static void test_cannot_be_right(void **unused)
{
	(void)unused;
	struct handover_record record = handover(HANDOVER_APPLIED, ID_1, ID_2, 1);
	struct state *state = open_quietly();

	assert_int_equal(state_save_handover(state, "a", EXCHANGE_SLAVE, &record), -ERANGE);
	record = handover(HANDOVER_NONE, ID_1, NULL, 1);
	assert_int_equal(state_save_handover(state, "a", EXCHANGE_SLAVE, &record), -ERANGE);
	record = handover(HANDOVER_TAKEN, ID_1, NULL, 1);
	record.key_id.len = 0;
	assert_int_equal(state_save_handover(state, "a", EXCHANGE_SLAVE, &record), -ERANGE);
	assert_none(state, "a", EXCHANGE_SLAVE);
	state_close(state);
}

static void run(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_damaged(void **unused)
{
	(void)unused;
	static const char *const damages[] = { "UPDATE handover SET key_id = 'no key ID'",
		"UPDATE handover SET applied = ''", "UPDATE handover SET applied = '" ID_2 "'",
		"UPDATE handover SET key_id = '', stage = 'taken'" };
	struct handover_record good = handover(HANDOVER_APPLIED, ID_1, ID_1, 1), record;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct state *state = open_quietly();

		save_handover(state, "a", &good);
		state_close(state);
		run(damages[i]);
		state = open_quietly();
		assert_int_equal(
			state_load_handover(state, "a", EXCHANGE_SLAVE, &record), -EBADMSG);
		assert_int_equal(record.stage, HANDOVER_NONE);
		save_handover(state, "a", &good); /* the way out */
		assert_handover(state, "a", &good);
		state_close(state);
	}
}

/* One transaction: the history that waits goes along, and neither is there without the other. */
static void test_with_history(void **unused)
{
	(void)unused;
	struct handover_record record = handover(HANDOVER_TAKEN, ID_1, NULL, 0);
	struct state_event event = { .owner = span, .event = "x" };
	struct state *state = open_quietly();

	assert_int_equal(state_add_history(state, &event), 0);
	assert_true(state_wants_idle(state));
	save_handover(state, "a", &record);
	assert_false(state_wants_idle(state));
	run("DROP TABLE history");
	assert_int_equal(state_add_history(state, &event), 0);
	record = handover(HANDOVER_APPLIED, ID_1, ID_1, 9);
	assert_true(state_save_handover(state, "a", EXCHANGE_SLAVE, &record) < 0);
	record = handover(HANDOVER_TAKEN, ID_1, NULL, 0);
	assert_handover(state, "a", &record);
	assert_true(state_wants_idle(state));
	state_close(state);
}

/* Version 2 had everything but this table. */
static void test_taken_over(void **unused)
{
	(void)unused;
	struct handover_record record = handover(HANDOVER_APPLIED, ID_1, ID_1, 1);
	struct exchange_record expected = record_of(4, 5, 1);
	struct state *state = open_quietly();

	save(state, &expected);
	state_close(state);
	run("DROP TABLE handover; PRAGMA user_version = 2");
	for (int round = 0; round < 2; round++) {
		state = open_quietly();
		assert_loads(state, &expected);
		if (round == 0) {
			assert_none(state, "a", EXCHANGE_SLAVE);
			save_handover(state, "a", &record);
		}
		assert_handover(state, "a", &record);
		state_close(state);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_kept, fixture_clean),
		cmocka_unit_test_teardown(test_cannot_be_right, fixture_clean),
		cmocka_unit_test_teardown(test_damaged, fixture_clean),
		cmocka_unit_test_teardown(test_with_history, fixture_clean),
		cmocka_unit_test_teardown(test_taken_over, fixture_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
