/* How a hook's program is ended: by time, by applier_close(), and whoever it leaves behind. */
#include "test_hook_fixture.h"

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

#define MANY 24

/* Threads that start programs at the same time: each has its own keys, and ends by itself. */
static void test_many_at_once(void **state)
{
	const struct applier_hook_config config = { .program = path, .association = "many" };
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };
	struct applier *appliers[MANY];
	struct answer answers[MANY] = { 0 };
	char error[APPLIER_ERROR_TEXT_MAX], expected[16];
	size_t there = 0;

	(void)state;
	write_program("read -r ckn cak start <&3; echo $3 $start $(ls /proc/self/fd | wc -l) >&2");
	for (size_t i = 0; i < MANY; i++) {
		struct applier_job job = make_job(APPLIER_COMMIT);

		job.generation = job.keys[0].start = (int64_t)i;
		appliers[i] = applier_open_hook(set, &config, error);
		assert_non_null(appliers[i]);
		assert_int_equal(applier_submit(appliers[i], &job, note, &answers[i]), 0);
	}
	while (there < MANY) {
		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		applier_set_dispatch(set);
		there = 0;
		for (size_t i = 0; i < MANY; i++) {
			there += answers[i].there;
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "%zu %zu 5", i, i);
		assert_int_equal(answers[i].result.error, APPLIER_OK);
		assert_string_equal(answers[i].result.text, expected);
		applier_close(appliers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_timeout_kills),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_many_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
