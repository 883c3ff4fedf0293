/* Hook devices with programs that this test writes: how they are called, and what becomes of it. */
#include "netconf/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "netconf/deadline.h"

#define PATIENCE_MS 10000
#define CKN_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define CAK_1 "a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0"

static char folder[] = "/tmp/test-hook-XXXXXX";
static char path[64]; /* of the program */
static struct applier_set *set;
static struct applier *applier;

/* ---- tools ----------------------------------------------------------------------------------- */

static const char *in_folder(const char *name)
{
	static char out[128];

	snprintf(out, sizeof(out), "%s/%s", folder, name);
	return out;
}

/* Begins in the folder, so that scripts can write there. */
static void write_program(const char *script)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", folder, script);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
}

static void open_hook(uint32_t timeout_ms)
{
	const struct applier_hook_config config = {
		.program = path,
		.association = "span-1",
		.device = "switch-7",
		.sae = "mx304-11",
		.timeout_ms = timeout_ms,
	};
	char error[APPLIER_ERROR_TEXT_MAX] = "";

	applier = applier_open_hook(set, &config, error);
	if (!applier) {
		fail_msg("%s", error);
	}
}

static void close_hook(void)
{
	applier_close(applier);
	applier = NULL;
}

struct answer {
	bool there;
	struct applier_result result;
};

static void note(void *ctx, const struct applier_result *result)
{
	struct answer *answer = ctx;

	answer->there = true;
	answer->result = *result;
}

/* One key, with a CAK where the operation has one. */
static struct applier_job make_job(enum applier_op op)
{
	struct applier_job job = { .op = op, .generation = 7, .key_count = 1 };

	job.keys[0].ckn_len = APPLIER_CKN_MAX;
	memset(job.keys[0].ckn, 1, APPLIER_CKN_MAX);
	job.keys[0].start = op == APPLIER_COMMIT ? 1764000000 : 0;
	for (uint8_t i = 0; i < 32 && op <= APPLIER_COMMIT; i++) {
		job.keys[0].cak.bytes[i] = (uint8_t)(0xa1 + i);
		job.keys[0].cak.len = i + 1u;
	}
	job.key_count = op == APPLIER_READ_BACK ? 0 : 1;
	return job;
}

static struct applier_result run_job(const struct applier_job *job)
{
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };
	struct answer answer = { 0 };

	assert_int_equal(applier_submit(applier, job, note, &answer), 0);
	while (!answer.there) {
		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		applier_set_dispatch(set);
	}
	return answer.result;
}

static struct applier_result run(enum applier_op op)
{
	const struct applier_job job = make_job(op);

	return run_job(&job);
}

/* The program once, with the default timeout. */
static struct applier_result call(const char *script, enum applier_op op)
{
	struct applier_result result;

	write_program(script);
	open_hook(0);
	result = run(op);
	close_hook();
	return result;
}

/* "" if there is no such file. */
static void read_file(const char *name, char *content, size_t size)
{
	FILE *file = fopen(name, "re");
	size_t len = file ? fread(content, 1, size - 1, file) : 0;

	content[len] = '\0';
	if (file) {
		fclose(file);
	}
}

static void assert_file(const char *name, const char *expected)
{
	char content[4096];

	read_file(in_folder(name), content, sizeof(content));
	assert_string_equal(content, expected);
}

static long read_number(const char *name)
{
	char text[32];

	read_file(in_folder(name), text, sizeof(text));
	return strtol(text, NULL, 10);
}

static void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000 };

	nanosleep(&pause, NULL);
}

/* Waits until the program has written a number there. */
static pid_t await_number(const char *name)
{
	uint64_t end_ms = deadline_now_ms() + PATIENCE_MS;

	while (read_number(name) == 0) {
		assert_true(deadline_now_ms() < end_ms);
		pause_ms(5);
	}
	return (pid_t)read_number(name);
}

/* Who is nobody's child here may be a zombie for a while. */
static bool is_gone(pid_t pid)
{
	char name[32], line[512];

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	read_file(name, line, sizeof(line));
	return !line[0] || strstr(line, ") Z ");
}

static void await_end(pid_t pid)
{
	uint64_t end_ms = deadline_now_ms() + PATIENCE_MS;

	while (!is_gone(pid)) {
		assert_true(deadline_now_ms() < end_ms);
		pause_ms(5);
	}
}

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
	     "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t' >signals",
		APPLIER_COMMIT);
	assert_file("session", "own\n");
	assert_file("signals", "SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
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

/* ---- how it is ended ------------------------------------------------------------------------- */

static void test_timeout(void **state)
{
	struct applier_result result;

	(void)state;
	write_program("echo $$ >pid; echo waiting >&2; sleep 300 & echo $! >child; wait");
	open_hook(300);
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_TIMEOUT);
	assert_string_equal(result.text, "not done within 300 ms, and ended: waiting");
	assert_in_range(result.elapsed_ms, 300, 1900); /* SIGTERM was enough */
	assert_true(is_gone(await_number("pid")));
	await_end(await_number("child"));
	close_hook();
}

/* One that ignores SIGTERM; and one that uses it to clear up, which is no success. */
static void test_timeout_kills(void **state)
{
	struct applier_result result;

	(void)state;
	unlink(in_folder("pid"));
	write_program("trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done");
	open_hook(100);
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_TIMEOUT);
	assert_in_range(result.elapsed_ms, 2100, 9000);
	assert_true(is_gone(await_number("pid")));
	write_program("trap 'echo cleared >clear; exit 0' TERM; while :; do sleep 0.02; done");
	result = run(APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_ERROR_TIMEOUT);
	assert_file("clear", "cleared\n");
	close_hook();
}

/* What it leaves behind holds its output open, and is not waited for. */
static void test_left_behind(void **state)
{
	struct applier_result result;
	pid_t pid;

	(void)state;
	result = call("sleep 300 & echo $! >child", APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_OK);
	assert_in_range(result.elapsed_ms, 0, 5000);
	await_end(await_number("child"));
	/* Who leaves the session too is on its own. */
	unlink(in_folder("child"));
	result = call("setsid sh -c 'echo $$ >child; exec sleep 300' &\n"
		      "while ! [ -s child ]; do sleep 0.01; done",
		APPLIER_COMMIT);
	assert_int_equal(result.error, APPLIER_OK);
	pid = await_number("child");
	assert_false(is_gone(pid));
	kill(pid, SIGKILL);
}

/* However deaf the program is. */
static void test_close(void **state)
{
	const struct applier_job job = make_job(APPLIER_COMMIT);
	struct answer answer = { 0 };
	uint64_t start_ms;

	(void)state;
	unlink(in_folder("pid"));
	write_program("trap '' TERM; echo $$ >pid; sleep 300");
	open_hook(0);
	assert_int_equal(applier_submit(applier, &job, note, &answer), 0);
	await_number("pid");
	start_ms = deadline_now_ms();
	close_hook();
	assert_in_range(deadline_now_ms() - start_ms, 0, 1000);
	assert_true(is_gone(await_number("pid")));
	applier_set_dispatch(set);
	assert_false(answer.there);
}

/* ---- which programs -------------------------------------------------------------------------- */

static void assert_refused(const char *program, const char *reason)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	assert_int_equal(hook_check_program(program, error), -1);
	if (!strstr(error, reason)) {
		fail_msg("%s: %s", program, error);
	}
}

static void test_check_program(void **state)
{
	char error[APPLIER_ERROR_TEXT_MAX];
	char sub[96], file[128];

	(void)state;
	write_program("exit 0");
	assert_int_equal(hook_check_program(path, error), 0);
	assert_int_equal(hook_check_program("/bin/sh", error), 0);
	assert_refused("program", "not an absolute path");
	assert_refused("", "not an absolute path");
	assert_refused("/nonexistent/program", "No such file or directory");
	assert_refused(folder, "not a regular file");
	assert_refused("/dev/null", "not a regular file");
	chmod(path, 0600);
	assert_refused(path, "not executable");
	chmod(path, 0770);
	assert_refused(path, "mode 0770 lets others write it");
	chmod(path, 0702);
	assert_refused(path, "mode 0702 lets others write it");

	snprintf(sub, sizeof(sub), "%s/sub", folder);
	snprintf(file, sizeof(file), "%s/program", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	chmod(path, 0755);
	assert_int_equal(rename(path, file), 0);
	assert_int_equal(hook_check_program(file, error), 0);
	chmod(sub, 0777);
	assert_refused(file, "/sub: mode 0777 lets others write it");
	assert_int_equal(symlink(file, path), 0); /* what is behind it counts */
	assert_refused(path, "/sub: mode 0777 lets others write it");
	chmod(sub, 0755);
	assert_int_equal(hook_check_program(path, error), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 65534, 65534), 0);
		assert_refused(file, "belongs to user 65534");
	}
	unlink(path);
	unlink(file);
	rmdir(sub);
}

static void test_open_refuses(void **state)
{
	const struct applier_hook_config config = { .program = path, .association = "a" };
	char error[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	write_program("exit 0");
	chmod(path, 0600);
	assert_null(applier_open_hook(set, &config, error));
	assert_non_null(strstr(error, "not executable"));
	chmod(path, 0700);
	signal(SIGCHLD, SIG_IGN);
	assert_null(applier_open_hook(set, &config, error));
	assert_non_null(strstr(error, "SIGCHLD is ignored"));
	signal(SIGCHLD, SIG_DFL);
}

/* ---- the keys -------------------------------------------------------------------------------- */

static void test_keys_are_sealed_and_wiped(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);
	struct hook_keys keys;
	char octets[256] = "", name[64];
	int copy, other;

	(void)state;
	assert_int_equal(hook_keys_open(&job, &keys), 0);
	copy = dup(keys.fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", keys.fd);
	other = open(name, O_RDWR | O_CLOEXEC);
	assert_true(copy >= 0 && other >= 0);
	assert_int_equal(read(keys.fd, octets, sizeof(octets)), (ssize_t)keys.len);
	assert_string_equal(octets, CKN_1 " " CAK_1 " 1764000000\n");

	assert_int_equal(pwrite(copy, "x", 1, 0), -1);
	assert_int_equal(pwrite(other, "x", 1, 0), -1);
	assert_int_equal(ftruncate(copy, 0), -1);
	assert_int_equal(ftruncate(copy, 10000), -1);
	assert_ptr_equal(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, other, 0), MAP_FAILED);

	hook_keys_wipe(&keys);
	memset(octets, 'x', sizeof(octets));
	assert_true(pread(other, octets, sizeof(octets), 0) > 64);
	for (size_t i = 0; octets[i] != 'x'; i++) {
		assert_int_equal(octets[i], 0);
	}
	close(copy);
	close(other);

	job.key_count = 0;
	assert_int_equal(hook_keys_open(&job, &keys), 0);
	assert_int_equal(read(keys.fd, octets, sizeof(octets)), 0);
	hook_keys_wipe(&keys);
}

/* ---------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/program", folder);
	signal(SIGPIPE, SIG_IGN); /* as keyidd does */
	set = applier_set_new();
	return set ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const files[] = { "program", "arguments", "keys", "count", "all", "fds",
		"in", "session", "signals", "first", "pid", "child", "clear" };

	(void)state;
	applier_set_free(set);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		unlink(in_folder(files[i]));
	}
	return rmdir(folder);
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
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_timeout_kills),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_check_program),
		cmocka_unit_test(test_open_refuses),
		cmocka_unit_test(test_keys_are_sealed_and_wiped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
