/* The database as a file: who may open it, and what is done with one that is not right. */
#include "test_state_fixture.h"

#include <sqlite3.h>
#include <sys/wait.h>

static void write_file(const char *name, const void *content, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	close(fd);
}

static size_t read_file(const char *name, uint8_t *content, size_t size)
{
	int fd = open(name, O_RDONLY);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, content, size);
	assert_true(len >= 0);
	close(fd);
	return (size_t)len;
}

/* The name under which a database was set aside; "" if none was, a failure if several were. */
static void find_aside(char out[PATH_MAX])
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	out[0] = '\0';
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (strncmp(entry->d_name, "keyidd.db.damaged-", 18) == 0 &&
			entry->d_name[len - 1] == 'Z') {
			assert_string_equal(out, "");
			snprintf(out, PATH_MAX, "%s/%s", folder, entry->d_name);
		}
	}
	closedir(dir);
}

/* Opens; the old database is set aside for this reason, unchanged, and the new one is empty. */
static void assert_set_aside(const char *reason)
{
	static uint8_t before[1 << 20], after[1 << 20];
	char text[STATE_TEXT_MAX], aside[PATH_MAX];
	struct exchange_record record;
	struct held_keys keys;
	struct state *state;
	size_t len = read_file(path, before, sizeof(before));

	state = state_open(path, &state_key, text);
	if (!state || !strstr(text, reason)) {
		fail_msg("\"%s\" does not say \"%s\"", text, reason);
	}
	find_aside(aside);
	assert_non_null(strstr(text, aside));
	assert_int_equal(read_file(aside, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 0);
	record = record_of(1, 2, 1);
	save(state, &record);
	assert_loads(state, &record);
	state_close(state);
	state = open_quietly();
	assert_loads(state, &record);
	state_close(state);
	clean_folder();
}

static void test_mode(void **unused)
{
	(void)unused;
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	mode_t mask = umask(0);
	struct exchange_record record = record_of(1, 2, 1);
	struct state *state = open_quietly();
	struct stat st;

	save(state, &record);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[PATH_MAX];

		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	state_close(state);

	assert_int_equal(chmod(path, 0644), 0);
	state_close(open_quietly());
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	umask(mask);
}

static void test_second_opener(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX];
	struct state *state = open_quietly();
	int status;
	pid_t child;

	assert_null(state_open(path, &state_key, text));
	assert_non_null(strstr(text, "in use by another keyidd"));
	child = fork();
	if (child == 0) {
		_exit(state_open(path, &state_key, text) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	state_close(state);
	state_close(open_quietly());
}

static void test_no_folder(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX], name[STATE_PATH_MAX + 10];

	assert_null(state_open("/nowhere/at/all/keyidd.db", &state_key, text));
	assert_non_null(strstr(text, "No such file"));
	assert_null(state_open(folder, &state_key, text));
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_null(state_open(name, &state_key, text));
	assert_non_null(strstr(text, "path longer than"));
	snprintf(name, sizeof(name), "%s.lock", folder);
	unlink(name);
}

static void test_not_a_database(void **unused)
{
	(void)unused;
	uint8_t content[8192];

	write_file(path, "rubbish", 7);
	assert_set_aside("not an SQLite database");
	memset(content, 0, sizeof(content));
	write_file(path, content, sizeof(content));
	assert_set_aside("not an SQLite database");
	memcpy(content, "SQLite format 3", 16);
	write_file(path, content, sizeof(content));
	assert_set_aside("another program's database");
}

static void make_database(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_foreign(void **unused)
{
	(void)unused;
	make_database("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');");
	assert_set_aside("another program's database");
	make_database("CREATE TABLE association (name TEXT); PRAGMA application_id = 0x6b796964;"
		      "PRAGMA user_version = 1;");
	assert_set_aside("damaged");
}

static void test_other_version(void **unused)
{
	(void)unused;
	state_close(open_quietly());
	make_database("PRAGMA user_version = 0");
	assert_set_aside("of no version that keyidd knows");
}

/* Its records are good: to go on without them would be to lose them. */
static void test_newer_version(void **unused)
{
	(void)unused;
	static uint8_t before[1 << 20], after[1 << 20];
	char text[STATE_TEXT_MAX];
	size_t len;

	state_close(open_quietly());
	make_database("PRAGMA user_version = 4");
	len = read_file(path, before, sizeof(before));
	assert_null(state_open(path, &state_key, text));
	assert_non_null(strstr(text, "of a newer version of keyidd: run that one"));
	assert_int_equal(read_file(path, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
}

/* What is wrong shows only in the WAL: that goes with its database, neither of them touched. */
static void test_wal_goes_along(void **unused)
{
	(void)unused;
	char text[STATE_TEXT_MAX], aside[PATH_MAX], name[PATH_MAX + 8];
	static uint8_t before[1 << 20], after[1 << 20];
	size_t len;
	struct stat st;
	sqlite3 *db;

	state_close(open_quietly());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 0", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	len = read_file(path, before, sizeof(before));

	state_close(state_open(path, &state_key, text));
	find_aside(aside);
	assert_non_null(strstr(text, aside));
	assert_int_equal(read_file(aside, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	snprintf(name, sizeof(name), "%s-wal", aside);
	assert_int_equal(stat(name, &st), 0);
	assert_true(st.st_size > 0);
	state_close(open_quietly());
}

static size_t filled_database(uint8_t *content, size_t size)
{
	struct state *state = open_quietly();

	for (uint64_t generation = 1; generation < 60; generation++) {
		struct exchange_record record = record_of(generation, generation + 1, BATCH_MAX);
		char name[32];
		struct held_keys keys = keys_of(&record);

		snprintf(name, sizeof(name), "span-%u", (unsigned)generation);
		assert_int_equal(state_save(state, &(struct state_owner){ name, SAE },
					 EXCHANGE_SLAVE, &record, &keys),
			0);
	}
	state_close(state);
	return read_file(path, content, size);
}

static void test_truncated(void **unused)
{
	(void)unused;
	static uint8_t content[1 << 20];
	size_t len = filled_database(content, sizeof(content));

	clean_folder();
	for (size_t cut = 1; cut <= 8; cut++) {
		write_file(path, content, len * cut / 9);
		assert_set_aside("damaged");
	}
	write_file(path, content, 99);
	assert_set_aside("not an SQLite database");
}

static void test_overwritten_pages(void **unused)
{
	(void)unused;
	static uint8_t content[1 << 20];
	size_t len = filled_database(content, sizeof(content));
	static const size_t page = 4096;

	clean_folder();
	for (size_t i = 1; i < len / page; i += 3) {
		uint8_t kept[16];

		memcpy(kept, content + i * page, sizeof(kept));
		memset(content + i * page, 0xa5, sizeof(kept));
		write_file(path, content, len);
		assert_set_aside("damaged");
		memcpy(content + i * page, kept, sizeof(kept));
	}
}

/* A WAL that outlived its database must not be played back into the new one. */
static void test_journal_without_database(void **unused)
{
	(void)unused;
	static uint8_t wal[1 << 20];
	char name[PATH_MAX], text[STATE_TEXT_MAX], aside[PATH_MAX];
	struct exchange_record record = record_of(1, 2, 1);
	struct held_keys keys;
	struct state *state = open_quietly();
	size_t len;

	save(state, &record);
	snprintf(name, sizeof(name), "%s-wal", path);
	len = read_file(name, wal, sizeof(wal));
	assert_true(len > 0);
	state_close(state);
	clean_folder();
	write_file(name, wal, len);

	state = state_open(path, &state_key, text);
	assert_non_null(state);
	assert_non_null(strstr(text, "a journal without its database"));
	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 0);
	state_close(state);
	find_aside(aside);
	assert_string_equal(aside, ""); /* there was no database, only the WAL */
}

static void test_empty_file_is_none(void **unused)
{
	(void)unused;
	write_file(path, "", 0);
	state_close(open_quietly());
}

static void test_leftover_of_creation(void **unused)
{
	(void)unused;
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s.new", path);
	write_file(name, "half", 4);
	state_close(open_quietly());
	assert_int_equal(access(name, F_OK), -1);
}

/* Two in the same second: the second overwrites nothing. */
static void test_set_aside_twice(void **unused)
{
	(void)unused;
	char first[STATE_TEXT_MAX], second[STATE_TEXT_MAX];
	struct state *state;

	write_file(path, "one", 3);
	state = state_open(path, &state_key, first);
	assert_non_null(state);
	state_close(state);
	write_file(path, "two", 3);
	state = state_open(path, &state_key, second);
	assert_non_null(state);
	state_close(state);
	assert_string_not_equal(first, second);
}

/* An operator's sqlite3 may look on; the truncation waits for it. */
static void test_reader(void **unused)
{
	(void)unused;
	struct exchange_record record = record_of(1, 2, 1);
	struct state *state = open_quietly();
	sqlite3_stmt *get;
	sqlite3 *db;

	save(state, &record);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT name FROM association", -1, &get, NULL);
	assert_int_equal(sqlite3_step(get), SQLITE_ROW);
	record = record_of(2, 3, 1);
	save(state, &record);
	assert_int_equal(state_idle(state), -EBUSY);
	assert_true(state_wants_idle(state));
	sqlite3_finalize(get);
	sqlite3_close(db);
	assert_int_equal(state_idle(state), 0);
	assert_loads(state, &record);
	state_close(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_mode),
		TEST(test_second_opener),
		TEST(test_no_folder),
		TEST(test_not_a_database),
		TEST(test_foreign),
		TEST(test_other_version),
		TEST(test_newer_version),
		TEST(test_wal_goes_along),
		TEST(test_truncated),
		TEST(test_overwritten_pages),
		TEST(test_journal_without_database),
		TEST(test_empty_file_is_none),
		TEST(test_leftover_of_creation),
		TEST(test_set_aside_twice),
		TEST(test_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
