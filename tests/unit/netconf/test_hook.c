/* How a hook's program is called, and what becomes of what it says. */
#include "test_hook_fixture.h"

#include <fcntl.h>

/* ---- how it is called ------------------------------------------------------------------------ */

static void test_arguments(void **state)
{
	static const char *const names[] = { "prepare", "commit", "discard", "retire",
		"read-back" };
	char expected[256];

	(void)state;
	write_program("echo \"$0 $*\" >arguments; cat <&3 >keys");
	open_hook(0);
	for (int op = APPLIER_PREPARE; op <= APPLIER_READ_BACK; op++) {
		assert_int_equal(run((enum applier_op)op).error, APPLIER_OK);
		snprintf(expected, sizeof(expected), "%s %s span-1 7%s\n", path, names[op],
			op == APPLIER_READ_BACK ? "" : " " CKN_1);
		assert_file("arguments", expected);
		assert_file("keys", op == APPLIER_PREPARE     ? CKN_1 " " CAK_1 " 0\n"
				    : op == APPLIER_COMMIT    ? CKN_1 " " CAK_1 " 1764000000\n"
				    : op == APPLIER_READ_BACK ? ""
							      : CKN_1 " - 0\n");
	}
	close_hook();
}

static void test_several_keys(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);

	(void)state;
	job.key_count = APPLIER_KEYS_MAX;
	for (size_t i = 1; i < APPLIER_KEYS_MAX; i++) {
		job.keys[i] = job.keys[0];
		job.keys[i].ckn[0] = (uint8_t)(i + 1);
		job.keys[i].cak.len = SECRET_MAX;
		job.keys[i].start = INT64_MAX;
	}
	write_program("echo $# >count; while read -r ckn cak start; do\n"
		      "echo ${#ckn} ${#cak} $start; done <&3 >keys");
	open_hook(0);
	assert_int_equal(run_job(&job).error, APPLIER_OK);
	close_hook();
	assert_file("count", "19\n");
	assert_file("keys", "64 64 1764000000\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n64 256 9223372036854775807\n"
			    "64 256 9223372036854775807\n");
}

static void test_environment(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);

	(void)state;
	setenv("KEYIDD_UNIT_TEST", "leaks", 1);
	snprintf(job.description, sizeof(job.description), "d9b6fa63");
	write_program("tr '\\0' '\\n' </proc/$$/environ >all");
	open_hook(0);
	assert_int_equal(run_job(&job).error, APPLIER_OK);
	close_hook();
	assert_file("all", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			   "LC_ALL=C\nKEYIDD_DEVICE=switch-7\nKEYIDD_SAE=mx304-11\n"
			   "KEYIDD_DESCRIPTION=d9b6fa63\n");
	unsetenv("KEYIDD_UNIT_TEST");
}

/* Descriptor 4 is the folder that ls reads. */
static void test_descriptors(void **state)
{
	int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library may do */
	int more = fcntl(leak, F_DUPFD, 100);

	(void)state;
	call("ls /proc/self/fd | xargs >fds; readlink /proc/self/fd/0 >in", APPLIER_COMMIT);
	assert_file("fds", "0 1 2 3 4\n");
	assert_file("in", "/dev/null\n");
	close(leak);
	close(more);
}

/* None of the daemon's is taken over when one of them is closed there. */
static void test_closed_descriptors(void **state)
{
	int saved[3];
	struct applier_result result;

	(void)state;
	write_program("cat <&3 >keys; ls /proc/self/fd | xargs >fds; echo said >&2");
	open_hook(0);
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 50);
		close(i);
	}
	result = run(APPLIER_RETIRE);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	close_hook();
	assert_int_equal(result.error, APPLIER_OK);
	assert_string_equal(result.text, "said");
	assert_file("keys", CKN_1 " - 0\n");
	assert_file("fds", "0 1 2 3 4\n");
}

static void test_session_and_signals(void **state)
{
	(void)state;
	call("read -r pid name state parent group session rest </proc/$$/stat\n"
	     "[ $group = $pid ] && [ $session = $pid ] && echo own >session\n"
	     /* but for 32 and 33, which are libc's own, as they came */
	     "while read -r name mask; do case $name in SigBlk:|SigIgn:)\n"
	     "echo $name $((0x$mask & ~0x180000000)) ;; esac; done </proc/self/status >signals",
		APPLIER_COMMIT);
	assert_file("session", "own\n");
	assert_file("signals", "SigBlk: 0\nSigIgn: 0\n");
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

static void test_statuses(void **state)
{
	static const struct {
		int status;
		enum applier_error prepare, commit;
	} cases[] = {
		{ 0, APPLIER_OK, APPLIER_OK },
		{ 1, APPLIER_ERROR_REFUSED, APPLIER_ERROR_COMMIT_FAILED },
		{ 65, APPLIER_ERROR_UNSUITABLE_KEY, APPLIER_ERROR_UNSUITABLE_KEY },
		{ 68, APPLIER_ERROR_UNREACHABLE, APPLIER_ERROR_UNREACHABLE },
		{ 69, APPLIER_ERROR_UNREACHABLE, APPLIER_ERROR_UNREACHABLE },
		{ 75, APPLIER_ERROR_LOCKED, APPLIER_ERROR_LOCKED },
		{ 76, APPLIER_ERROR_PROTOCOL, APPLIER_ERROR_PROTOCOL },
		{ 77, APPLIER_ERROR_LOGIN, APPLIER_ERROR_LOGIN },
		{ 78, APPLIER_ERROR_NOT_CONFIGURED, APPLIER_ERROR_NOT_CONFIGURED },
		{ 127, APPLIER_ERROR_REFUSED, APPLIER_ERROR_COMMIT_FAILED },
		{ 255, APPLIER_ERROR_UNREACHABLE, APPLIER_ERROR_UNREACHABLE },
	};
	char script[64], expected[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct applier_result result;

		snprintf(script, sizeof(script), "exit %d", cases[i].status);
		result = call(script, APPLIER_PREPARE);
		assert_int_equal(result.error, cases[i].prepare);
		snprintf(expected, sizeof(expected),
			"exit status %d, and nothing on standard error", cases[i].status);
		assert_string_equal(result.text, i == 0 ? "" : expected);
		assert_int_equal(call(script, APPLIER_COMMIT).error, cases[i].commit);
	}
}

static void test_words(void **state)
{
	struct applier_result result;

	(void)state;
	result = call(
		"printf '\\n \\t\\nslot 3\\tis\\001 full\\nmore\\n' >&2; exit 1", APPLIER_COMMIT);
	assert_string_equal(result.text, "slot 3 is? full");
	result = call("echo 'commit took long' >&2", APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_OK);
	assert_string_equal(result.text, "commit took long");
	result = call("printf 'a\\0b' >&2; exit 1", APPLIER_COMMIT);
	assert_string_equal(result.text, "a?b");
	result = call("printf '%01000d' 0 | tr 0 x >&2; exit 1", APPLIER_COMMIT);
	assert_int_equal(strlen(result.text), APPLIER_ERROR_TEXT_MAX - 1);
	/* One line of more than is kept: it could have been cut within a key. */
	result = call("printf '%09000d' 0 | tr 0 x >&2; exit 1", APPLIER_COMMIT);
	assert_string_equal(result.text, "exit status 1, and nothing on standard error");
}

/* Told of a key by mistake, as `set -x` does. */
static void test_words_hide_keys(void **state)
{
	struct applier_result result;
	char script[256];

	(void)state;
	result = call("read -r ckn cak start <&3; set -x; cak=$cak; exit 1", APPLIER_COMMIT);
	assert_string_equal(result.text, "+ cak=[key]");
	result = call("read -r ckn cak start <&3; echo \"bad: ${cak%????????????}\" >&2; exit 1",
		APPLIER_COMMIT);
	assert_string_equal(result.text, "bad: [key]");
	/* Another job's. */
	snprintf(script, sizeof(script), "echo 'key is %.32s, really' >&2", CAK_1);
	result = call(script, APPLIER_READ_BACK);
	assert_string_equal(result.text, "key is [hex], really");
	/* At the end of what is shown of a long line. */
	result = call("read -r ckn cak start <&3; printf '%0240d%s\\n' 0 $cak | sed 's/0/./g' >&2",
		APPLIER_COMMIT);
	assert_null(strstr(result.text, "a1a"));
}

static void test_read_back(void **state)
{
	struct applier_result result;

	(void)state;
	result = call("echo clock=1764000000; echo aa01 transmitting; echo careful >&2",
		APPLIER_READ_BACK);
	assert_int_equal(result.error, APPLIER_OK);
	assert_string_equal(result.text, "careful");
	assert_int_equal(result.view.clock_s, 1764000000);
	assert_int_equal(result.view.key_count, 1);
	assert_true(result.view.keys[0].transmitting);

	result = call("echo aa01 transmitting; echo bb02 sleepy", APPLIER_READ_BACK);
	assert_int_equal(result.error, APPLIER_ERROR_PROTOCOL);
	assert_non_null(strstr(result.text, "what it printed, line 2: "));
	assert_int_equal(result.view.key_count, 0);
	/* What others print means nothing, and what a failed one has. */
	assert_int_equal(call("echo hello", APPLIER_COMMIT).error, APPLIER_OK);
	result = call("echo aa01; exit 69", APPLIER_READ_BACK);
	assert_int_equal(result.error, APPLIER_ERROR_UNREACHABLE);
	assert_int_equal(result.view.key_count, 0);
}

/* Nobody is kept waiting by a full pipe, and nothing grows. */
static void test_much_output(void **state)
{
	struct applier_result result;

	(void)state;
	result = call("yes '# nothing' | head -c 16384", APPLIER_READ_BACK);
	assert_int_equal(result.error, APPLIER_OK);
	result = call("yes '# nothing' | head -c 16385", APPLIER_READ_BACK);
	assert_int_equal(result.error, APPLIER_ERROR_PROTOCOL);
	assert_string_equal(result.text, "it printed more than 16384 octets");
	result = call("head -c 1000000 /dev/zero; echo it was much >&2; "
		      "yes | head -c 1000000 >&2",
		APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_OK);
	assert_string_equal(result.text, "it was much");
	result = call("exec yes", APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_PROTOCOL);
	assert_string_equal(result.text, "it printed more than 1048576 octets, and was ended");
	result = call("exec >&- 2>&-; head -c 10 <&3 >first; sleep 0.1", APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_OK);
	assert_file("first", "0101010101");
}

static void test_signal(void **state)
{
	struct applier_result result;

	(void)state;
	result = call("echo half-way >&2; kill -KILL $$", APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_CONNECTION_LOST);
	assert_string_equal(result.text, "ended by signal 9 (KILL): half-way");
}

static void test_not_started(void **state)
{
	struct applier_result result;

	(void)state;
	write_program("exit 0");
	open_hook(0);
	unlink(path);
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_NOT_CONFIGURED);
	assert_non_null(strstr(result.text, "No such file or directory"));
	write_program("exit 0");
	chmod(path, 0722);
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_NOT_CONFIGURED);
	assert_non_null(strstr(result.text, "mode 0722 lets others write it"));
	close(open(path,
		O_WRONLY | O_TRUNC | O_CLOEXEC)); /* empty: no program that the kernel knows */
	chmod(path, 0700);
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_INTERNAL);
	assert_non_null(strstr(result.text, "cannot be called: Exec format error"));
	write_program("exit 0");
	assert_int_equal(run(APPLIER_COMMIT).error, APPLIER_OK);
	close_hook();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_several_keys),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_closed_descriptors),
		cmocka_unit_test(test_session_and_signals),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_hide_keys),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_not_started),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
