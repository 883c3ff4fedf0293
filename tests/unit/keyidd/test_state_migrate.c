/* A database of version 1, which knew one SAE of an association: nothing of it is lost. */
#include "tests/unit/keyidd/test_state_fixture.h"

#include <sqlite3.h>

#include "keyidd/seal.h"

/* As version 1 made it. */
#define PROPOSAL_1(name)                                                                           \
	name "_generation INTEGER, " name "_digest TEXT, " name "_an INTEGER, " name               \
	     "_start INTEGER, " name "_spacing_s INTEGER, " name "_key_ids TEXT, "

/* clang-format off */
static const char schema_1[] =
	"PRAGMA application_id = 1803118948;"
	"PRAGMA user_version = 1;"
	"PRAGMA journal_mode = WAL;"
	"CREATE TABLE association (name TEXT NOT NULL PRIMARY KEY, "
	"role TEXT NOT NULL CHECK (role IN ('master', 'slave')), "
	"highest INTEGER NOT NULL CHECK (highest >= 0), "
	"stage TEXT NOT NULL CHECK (stage IN ('none', 'fetching', 'held', 'aborted')), "
	PROPOSAL_1("staged")
	"decision TEXT NOT NULL CHECK (decision IN ('none', 'commit', 'confirmed')), "
	PROPOSAL_1("committed")
	"committed_held INTEGER NOT NULL CHECK (committed_held IN (0, 1)), "
	"confirmed_at INTEGER NOT NULL, fetch_hour INTEGER NOT NULL, "
	"fetch_count INTEGER NOT NULL, saved_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE sealed_key ("
	"association TEXT NOT NULL REFERENCES association (name) ON DELETE CASCADE, "
	"generation INTEGER NOT NULL, idx INTEGER NOT NULL, key_id TEXT NOT NULL, "
	"sealed BLOB NOT NULL, PRIMARY KEY (association, generation, idx)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE history (id INTEGER PRIMARY KEY, association TEXT NOT NULL, "
	"at TEXT NOT NULL, at_ms INTEGER NOT NULL, event TEXT NOT NULL, "
	"generation INTEGER NOT NULL, reason TEXT NOT NULL, sae TEXT NOT NULL, "
	"key_id TEXT NOT NULL, ckn TEXT NOT NULL, elapsed_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX history_association ON history (association);";

/* Generation 4 CONFIRMED, generation 5 held: both with the keys of the fixture. */
static const char record_1[] =
	"INSERT INTO association VALUES ('span-1', 'slave', 5, 'held', 5,"
	" '05050505050505050505050505050505', NULL, 0, 0, '[\"d9b6fa63-dd88-47d2-8afe-000000050000\"]', 'confirmed', 4, '04040404040404040404040404040404', NULL, 0, 0,"
	" '[\"d9b6fa63-dd88-47d2-8afe-000000040000\"]', 1, 1700000004, 0, 0, 1700000005);"
	"INSERT INTO history VALUES (7, 'span-1', '2026-01-01T00:00:00Z', 1767225600000, 'ready', 5,"
	" '', '', '', '', 12);"
	"INSERT INTO history VALUES (8, 'span-9', '2026-01-01T00:00:00Z', 1767225600000, 'ready', 1,"
	" '', '', '', '', 12);";
/* clang-format on */

static void run(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
		fail_msg("%s: %s", sql, error);
	}
}

static void put_key_1(sqlite3 *db, uint64_t generation)
{
	struct proposal proposal = proposal_of(generation, 1);
	struct seal_label label = { SEAL_WITHOUT_SAE, SPAN, NULL, generation, EXCHANGE_SLAVE, 0,
		&proposal.keys[0] };
	struct secret key = key_of(generation, 0);
	struct seal *seal = seal_new(&state_key);
	uint8_t sealed[SEAL_MAX];
	int len = seal_close(seal, &label, &key, sealed);
	sqlite3_stmt *put;

	assert_true(len > 0);
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO sealed_key VALUES (?1, ?2, 0, ?3, ?4)",
				 -1, &put, NULL),
		SQLITE_OK);
	sqlite3_bind_text(put, 1, SPAN, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, (int64_t)generation);
	sqlite3_bind_text(put, 3, proposal.keys[0].text, -1, SQLITE_STATIC);
	sqlite3_bind_blob(put, 4, sealed, len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(put), SQLITE_DONE);
	sqlite3_finalize(put);
	seal_free(seal);
}

static sqlite3 *open_1(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void make_1(void)
{
	sqlite3 *db = open_1();

	run(db, schema_1);
	run(db, record_1);
	put_key_1(db, 4);
	put_key_1(db, 5);
	sqlite3_close(db);
}

static bool count(void *ctx, const struct state_event *event)
{
	(void)event;
	++*(int *)ctx;
	return true;
}

static int events_of(struct state *state, const struct state_owner *owner)
{
	int seen = 0;
	int told = state_history(state, owner, 100, count, &seen);

	assert_int_equal(told, seen);
	return seen;
}

static void test_taken_over(void **unused)
{
	(void)unused;
	struct exchange_record expected = record_of(4, 5, 1);
	struct state *state;

	make_1();
	for (int round = 0; round < 3; round++) {
		state = open_quietly();
		assert_loads(state, &expected);
		assert_int_equal(events_of(state, &span), 1);
		assert_int_equal(events_of(state, NULL), 2);
		state_close(state);
	}
	state = open_quietly();
	expected = record_of(5, 6, 1); /* goes on, with a key of each form */
	save(state, &expected);
	assert_loads(state, &expected);
	state_close(state);
}

static void test_belongs_to_the_first_of_its_role(void **unused)
{
	(void)unused;
	static const struct state_owner other = { SPAN, "mx304-13" };
	struct exchange_record record, expected = record_of(4, 5, 1);
	struct held_keys keys;
	char text[STATE_TEXT_MAX];
	struct state *state;

	make_1();
	state = open_quietly();
	assert_int_equal(state_load(state, &other, EXCHANGE_MASTER, &record, &keys, text), 1);
	assert_int_equal(record.highest, 5);
	assert_int_equal(record.decision, SLOT_EMPTY);
	assert_int_equal(keys.count, 0);
	assert_non_null(strstr(text, "go on after 5"));
	assert_loads(state, &expected);
	assert_int_equal(state_load(state, &other, EXCHANGE_SLAVE, &record, &keys, text), 0);
	assert_loads(state, &expected);
	state_close(state);
}

/* The key of another state key is not lost until something is saved. */
static void test_with_another_state_key(void **unused)
{
	(void)unused;
	struct exchange_record record, expected = record_of(4, 5, 1);
	struct held_keys keys;
	struct secret right = state_key;
	char text[STATE_TEXT_MAX];
	struct state *state;

	make_1();
	state_key.bytes[0] ^= 1;
	state = open_quietly();
	state_key = right;
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 1);
	assert_int_equal(keys.count, 0);
	assert_non_null(strstr(text, "does not open with this state key"));
	state_close(state);
	state = open_quietly();
	assert_loads(state, &expected);
	state_close(state);
}

/* Two SAEs of one association have records and keys of their own. */
static void test_two_owners(void **unused)
{
	(void)unused;
	static const struct state_owner other = { SPAN, "mx304-11" };
	struct exchange_record one = record_of(4, 5, 1), two = record_of(7, 9, 2), record;
	struct held_keys keys = keys_of(&two);
	char text[STATE_TEXT_MAX];
	struct state *state = open_quietly();

	save(state, &one);
	assert_int_equal(state_save(state, &other, EXCHANGE_MASTER, &two, &keys), 0);
	assert_loads(state, &one);
	assert_int_equal(state_load(state, &other, EXCHANGE_MASTER, &record, &keys, text), 1);
	assert_string_equal(text, "");
	assert_record(&record, &two);
	assert_keys(&keys, &two);
	state_close(state);
}

static void test_damaged(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct state *state;
	sqlite3 *db;

	make_1();
	db = open_1();
	run(db, "ALTER TABLE history DROP COLUMN ckn");
	sqlite3_close(db);
	state = state_open(path, &state_key, text);
	assert_non_null(state);
	assert_non_null(strstr(text, "set aside"));
	state_close(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_taken_over, fixture_clean),
		cmocka_unit_test_teardown(test_belongs_to_the_first_of_its_role, fixture_clean),
		cmocka_unit_test_teardown(test_with_another_state_key, fixture_clean),
		cmocka_unit_test_teardown(test_two_owners, fixture_clean),
		cmocka_unit_test_teardown(test_damaged, fixture_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
