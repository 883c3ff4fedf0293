/*
 * The state under SIGKILL, and under someone who reads the disk: after a kill at
 * any moment the record and its keys are those of one save, and no octet of a key
 * was ever written in clear.
 */
#include "test_state_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "common/hex.h"

#define KILLS 60

/* The step-th save of an endless series of rotations: staged, committed, confirmed, next. */
static struct exchange_record record_at(uint64_t step)
{
	uint64_t generation = step / 3 + 1;
	struct exchange_record record = record_of(generation - 1, generation, 1 + generation % 3);

	if (step % 3 > 0) {
		record = record_of(generation, generation, 1 + generation % 3);
		record.decision = step % 3 == 1 ? SLOT_COMMIT : SLOT_CONFIRMED;
	}
	if (record.committed_held) {
		record.committed = proposal_of(record.committed.generation,
			(uint8_t)(1 + record.committed.generation % 3));
	}
	record.fetch_hour = (int64_t)step;
	return record;
}

static void save_for_ever(uint64_t step, int reports)
{
	char text[STATE_TEXT_MAX];
	struct state *state = state_open(path, &state_key, text);

	for (; state && text[0] == '\0'; step++) {
		struct exchange_record record = record_at(step);
		struct held_keys keys = keys_of(&record);

		if (state_save(state, &span, EXCHANGE_SLAVE, &record, &keys) < 0 ||
			write(reports, &step, sizeof(step)) != sizeof(step)) {
			break;
		}
		if (step % 7 == 0) {
			state_idle(state);
		}
	}
	_exit(1);
}

/* Lets a child save, kills it, and returns the last step that it said was saved. */
static uint64_t run_and_kill(uint64_t first, unsigned delay_us, bool *reported)
{
	uint64_t step = 0, last = 0;
	int reports[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(reports), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(reports[0]);
		save_for_ever(first, reports[1]);
	}
	close(reports[1]);
	nanosleep(&(struct timespec){ .tv_nsec = (long)delay_us * 1000 }, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	*reported = false;
	while (read(reports[0], &step, sizeof(step)) == sizeof(step)) {
		last = step;
		*reported = true;
	}
	close(reports[0]);
	return last;
}

static void test_sigkill(void **unused)
{
	(void)unused;
	unsigned seed = (unsigned)time(NULL);
	uint64_t next = 0;
	size_t kills_while_saving = 0;

	print_message("# seed %u\n", seed);
	for (size_t i = 0; i < KILLS; i++) {
		char text[STATE_TEXT_MAX];
		struct exchange_record record, expected;
		struct held_keys keys;
		bool reported;
		uint64_t last = run_and_kill(next, (unsigned)rand_r(&seed) % 40000, &reported);
		struct state *state = open_quietly();
		int found = state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text);

		state_close(state);
		assert_string_equal(text, "");
		if (found == 0) {
			assert_false(reported);
			continue;
		}
		assert_int_equal(found, 1);
		expected = record_at((uint64_t)record.fetch_hour);
		assert_record(&record, &expected);
		assert_keys(&keys, &expected);
		if (reported) {
			assert_true((uint64_t)record.fetch_hour >= last);
			assert_true((uint64_t)record.fetch_hour <= last + 1);
			kills_while_saving++;
		}
		next = (uint64_t)record.fetch_hour + 1;
	}
	assert_true(kills_while_saving > KILLS / 4);
}

/* ---- what is on the disk ----------------------------------------------------------------------
 */

static uint8_t disk[1 << 22];
static size_t disk_len;

/* Every file of the folder, one behind the other. */
static void read_disk(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	disk_len = 0;
	while ((entry = readdir(dir))) {
		char name[PATH_MAX];
		ssize_t len;
		int fd;

		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		fd = open(name, O_RDONLY);
		len = entry->d_name[0] == '.' ? 0
					      : read(fd, disk + disk_len, sizeof(disk) - disk_len);
		assert_true(len >= 0);
		disk_len += (size_t)len;
		close(fd);
	}
	closedir(dir);
	assert_true(disk_len < sizeof(disk));
}

static bool on_disk(const void *octets, size_t len)
{
	return memmem(disk, disk_len, octets, len) != NULL;
}

/* Any 8 octets of the key, as they are; or the whole in hex or base64. */
static void assert_not_on_disk(const struct secret *key)
{
	char text[2 * SECRET_MAX + 1];

	for (size_t i = 0; i + 8 <= key->len; i += 8) {
		assert_false(on_disk(key->bytes + i, 8));
		hex_encode(key->bytes + i, 8, text);
		assert_false(on_disk(text, 16));
		for (char *c = text; *c; c++) {
			*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
		}
		assert_false(on_disk(text, 16));
	}
	for (size_t i = 0; i + 12 <= key->len; i += 12) {
		EVP_EncodeBlock((unsigned char *)text, key->bytes + i, 12);
		assert_false(on_disk(text, 16));
	}
}

static void assert_no_secret(uint64_t highest)
{
	read_disk();
	assert_true(disk_len > 4096);
	assert_not_on_disk(&state_key);
	for (uint64_t generation = 1; generation <= highest; generation++) {
		for (uint8_t index = 0; index < 3; index++) {
			struct secret key = key_of(generation, index);

			assert_not_on_disk(&key);
		}
	}
}

static void test_no_key_in_clear(void **unused)
{
	(void)unused;
	struct state *state = open_quietly();
	const uint64_t steps = 30;

	for (uint64_t step = 0; step < steps; step++) {
		struct exchange_record record = record_at(step);

		save(state, &record);
		assert_no_secret(steps / 3);
	}
	assert_int_equal(state_idle(state), 0);
	assert_no_secret(steps / 3);
	state_close(state);
	assert_no_secret(steps / 3);
}

/* Ciphertext, past the nonce, of the keys that are on the disk now. */
static size_t sealed_keys(uint8_t out[][16], size_t max)
{
	sqlite3_stmt *get;
	size_t count = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT substr(sealed, 13, 16) FROM sealed_key", -1, &get, NULL);
	while (count < max && sqlite3_step(get) == SQLITE_ROW) {
		assert_int_equal(sqlite3_column_bytes(get, 0), 16);
		memcpy(out[count++], sqlite3_column_blob(get, 0), 16);
	}
	sqlite3_finalize(get);
	sqlite3_close(db);
	return count;
}

/* Not even the ciphertext of a deleted key stays, once there was time for it. */
static void test_deleted_ciphertext_goes(void **unused)
{
	(void)unused;
	static uint8_t sealed[200][16];
	struct exchange_record record;
	struct state *state = open_quietly();
	size_t count = 0;

	for (uint64_t generation = 1; generation < 20; generation++) {
		record = record_of(generation, generation + 1, 3);
		save(state, &record);
		count += sealed_keys(sealed + count, sizeof(sealed) / sizeof(sealed[0]) - count);
	}
	assert_true(count > 60);
	read_disk();
	assert_true(on_disk(sealed[count - 1], 16));
	assert_true(on_disk(sealed[0], 16)); /* in the WAL: else this test sees nothing */

	record.stage = EXCHANGE_STAGE_NONE;
	record.committed_held = false;
	save(state, &record);
	assert_int_equal(state_idle(state), 0);
	read_disk();
	for (size_t i = 0; i < count; i++) {
		assert_false(on_disk(sealed[i], 16));
	}
	state_close(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, fixture_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_sigkill),
		TEST(test_no_key_in_clear),
		TEST(test_deleted_ciphertext_goes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
