/* Jobs, answers and closing, with a back end that does as it is told. */
#include "netconf/applier_private.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PATIENCE_MS 5000

/* Each job waits for a go, which interrupt() gives for ever. */
struct held_backend {
	struct applier_backend backend;
	sem_t started;
	sem_t go;
	bool signals_blocked;
};

static void held_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct held_backend *held = (struct held_backend *)backend;
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	held->signals_blocked = sigismember(&blocked, SIGTERM) == 1;
	sem_post(&held->started);
	sem_wait(&held->go);
	result->view.key_count = job->key_count;
}

static void held_interrupt(struct applier_backend *backend)
{
	sem_post(&((struct held_backend *)backend)->go);
}

static void held_free(struct applier_backend *backend)
{
	(void)backend; /* the test's own */
}

static const struct applier_backend_ops held_ops = { held_run, held_interrupt, held_free };

static void held_init(struct held_backend *held)
{
	memset(held, 0, sizeof(*held));
	held->backend.ops = &held_ops;
	sem_init(&held->started, 0, 0);
	sem_init(&held->go, 0, 0);
}

struct answers {
	size_t count;
	struct applier_result last;
	uint64_t generations[16];
	struct applier *close; /* in the callback */
};

static void note(void *ctx, const struct applier_result *result)
{
	struct answers *answers = ctx;

	answers->generations[answers->count++] = result->generation;
	answers->last = *result;
	if (answers->close) {
		applier_close(answers->close);
		answers->close = NULL;
	}
}

static void dispatch_until(struct applier_set *set, const struct answers *answers, size_t count)
{
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };

	while (answers->count < count) {
		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		applier_set_dispatch(set);
	}
}

static int submit(
	struct applier *applier, enum applier_op op, uint64_t generation, struct answers *answers)
{
	struct applier_job job = { .op = op, .generation = generation };

	if (op == APPLIER_PREPARE || op == APPLIER_COMMIT || op == APPLIER_RETIRE) {
		job.key_count = 1;
		job.keys[0].ckn_len = APPLIER_CKN_MAX;
		memset(job.keys[0].ckn, (int)generation, APPLIER_CKN_MAX);
	}
	return applier_submit(applier, &job, note, answers);
}

static size_t count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(tasks);
	while ((entry = readdir(tasks))) {
		count += entry->d_name[0] != '.';
	}
	closedir(tasks);
	return count;
}

static void test_order_and_limit(void **state)
{
	struct applier_set *set = applier_set_new();
	struct answers answers = { 0 };
	struct held_backend held;
	struct applier *applier;
	uint64_t accepted = 0;

	(void)state;
	held_init(&held);
	applier = applier_new(set, &held.backend);
	assert_int_equal(submit(applier, APPLIER_COMMIT, 0, &answers), 0);
	sem_wait(&held.started);
	while (submit(applier, APPLIER_COMMIT, accepted + 1, &answers) == 0) {
		accepted++;
		assert_true(accepted < 16);
	}
	assert_int_equal(submit(applier, APPLIER_COMMIT, 99, &answers), -EBUSY);
	applier_set_dispatch(set);
	assert_int_equal(answers.count, 0);
	for (uint64_t i = 0; i <= accepted; i++) {
		sem_post(&held.go);
	}
	dispatch_until(set, &answers, accepted + 1);
	for (uint64_t i = 0; i <= accepted; i++) {
		assert_int_equal(answers.generations[i], i);
	}
	assert_int_equal(answers.last.op, APPLIER_COMMIT);
	assert_int_equal(answers.last.view.key_count, 1);
	assert_true(held.signals_blocked);
	applier_close(applier);
	applier_set_free(set);
}

/* Neither the running job, nor those queued, nor one done and not yet dispatched call back. */
static void test_close_drops_jobs(void **state)
{
	struct applier_set *set = applier_set_new();
	struct answers answers = { 0 };
	struct held_backend held;
	struct applier *applier;

	(void)state;
	held_init(&held);
	applier = applier_new(set, &held.backend);
	submit(applier, APPLIER_COMMIT, 1, &answers);
	sem_wait(&held.started);
	sem_post(&held.go);
	submit(applier, APPLIER_COMMIT, 2, &answers);
	sem_wait(&held.started); /* so 1 is done */
	submit(applier, APPLIER_COMMIT, 3, &answers);
	applier_close(applier);
	applier_set_dispatch(set);
	assert_int_equal(answers.count, 0);
	applier_set_free(set);
}

static void test_close_in_callback(void **state)
{
	struct applier_set *set = applier_set_new();
	struct answers answers = { 0 };

	(void)state;
	answers.close = applier_open_dry_run(set, "dry");
	submit(answers.close, APPLIER_READ_BACK, 1, &answers);
	submit(answers.close, APPLIER_READ_BACK, 2, &answers);
	dispatch_until(set, &answers, 1);
	applier_set_dispatch(set);
	assert_int_equal(answers.count, 1);
	applier_set_free(set);
}

/* A device that never waits needs no thread: hundreds of them cost little more than memory. */
static void test_dry_run_has_no_thread(void **state)
{
	struct applier_set *set = applier_set_new();
	size_t before = count_threads();
	struct applier *appliers[64];
	struct answers answers = { 0 };

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		appliers[i] = applier_open_dry_run(set, "dry");
	}
	assert_int_equal(count_threads(), before);
	submit(appliers[63], APPLIER_COMMIT, 1, &answers);
	assert_int_equal(answers.count, 0); /* never from inside the call */
	dispatch_until(set, &answers, 1);
	for (size_t i = 0; i < 64; i++) {
		applier_close(appliers[i]);
	}
	applier_set_free(set);
}

struct repeat {
	struct applier *applier;
	size_t count;
};

static void submit_again(void *ctx, const struct applier_result *result)
{
	const struct applier_job job = { .op = APPLIER_READ_BACK };
	struct repeat *repeat = ctx;

	(void)result;
	repeat->count++;
	applier_submit(repeat->applier, &job, submit_again, repeat);
}

/* Who asks anew in each callback does not keep the loop from its other work. */
static void test_dispatch_ends(void **state)
{
	const struct applier_job job = { .op = APPLIER_READ_BACK };
	struct applier_set *set = applier_set_new();
	struct repeat repeat = { .applier = applier_open_dry_run(set, "dry") };
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };

	(void)state;
	applier_submit(repeat.applier, &job, submit_again, &repeat);
	for (size_t round = 1; round <= 3; round++) {
		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		applier_set_dispatch(set);
		assert_int_equal(repeat.count, round);
	}
	applier_close(repeat.applier);
	applier_set_free(set);
}

static void test_bad_jobs(void **state)
{
	struct applier_set *set = applier_set_new();
	struct applier *applier = applier_open_dry_run(set, "dry");
	struct applier_job job = { .op = APPLIER_COMMIT };

	(void)state;
	assert_int_equal(applier_submit(applier, &job, note, NULL), -EINVAL);
	job.op = APPLIER_PREPARE;
	assert_int_equal(applier_submit(applier, &job, note, NULL), -EINVAL);
	job.key_count = APPLIER_KEYS_MAX + 1;
	assert_int_equal(applier_submit(applier, &job, note, NULL), -EINVAL);
	job.key_count = 1;
	job.keys[0].ckn_len = APPLIER_CKN_MAX + 1;
	assert_int_equal(applier_submit(applier, &job, note, NULL), -EINVAL);
	applier_close(applier);
	applier_close(NULL);
	applier_set_free(set);
	applier_set_free(NULL);
}

static void test_dry_run(void **state)
{
	struct applier_set *set = applier_set_new();
	struct applier *applier = applier_open_dry_run(set, "dry");
	struct answers answers = { 0 };
	const struct applier_view *view = &answers.last.view;

	(void)state;
	submit(applier, APPLIER_PREPARE, 1, &answers);
	submit(applier, APPLIER_READ_BACK, 1, &answers);
	dispatch_until(set, &answers, 2);
	assert_int_equal(view->key_count, 0);
	submit(applier, APPLIER_COMMIT, 1, &answers);
	submit(applier, APPLIER_COMMIT, 2, &answers);
	submit(applier, APPLIER_COMMIT, 2, &answers);
	submit(applier, APPLIER_READ_BACK, 2, &answers);
	dispatch_until(set, &answers, 6);
	assert_int_equal(view->key_count, 2);
	assert_int_equal(view->keys[0].ckn[0], 1);
	assert_true(view->keys[0].usable);
	assert_false(view->keys[0].transmitting);
	assert_int_equal(view->keys[1].ckn[0], 2);
	assert_true(view->keys[1].configured && view->keys[1].usable && view->keys[1].transmitting);
	submit(applier, APPLIER_RETIRE, 2, &answers);
	submit(applier, APPLIER_READ_BACK, 2, &answers);
	dispatch_until(set, &answers, 8);
	assert_int_equal(view->key_count, 1);
	assert_int_equal(view->keys[0].ckn[0], 2);
	applier_close(applier);
	applier_set_free(set);
}

static void submit_key(
	struct applier *applier, uint8_t name, int64_t start, struct answers *answers)
{
	struct applier_job job = { .op = APPLIER_COMMIT, .generation = name, .key_count = 1 };

	job.keys[0].ckn_len = APPLIER_CKN_MAX;
	memset(job.keys[0].ckn, name, APPLIER_CKN_MAX);
	job.keys[0].start = start;
	assert_int_equal(applier_submit(applier, &job, note, answers), 0);
}

/* With starts it is a key-chain: one key's turn at a time. */
static void test_dry_run_with_starts(void **state)
{
	struct applier_set *set = applier_set_new();
	struct applier *applier = applier_open_dry_run(set, "dry");
	struct answers answers = { 0 };
	const struct applier_view *view = &answers.last.view;
	int64_t now_s = time(NULL);

	(void)state;
	submit_key(applier, 1, now_s - 100, &answers);
	submit_key(applier, 2, now_s + 1000, &answers);
	submit_key(applier, 3, now_s - 10, &answers);
	submit(applier, APPLIER_READ_BACK, 0, &answers);
	dispatch_until(set, &answers, 4);
	assert_int_equal(view->key_count, 3);
	assert_in_range(view->clock_s, now_s, now_s + 60);
	assert_false(view->keys[0].usable || view->keys[0].transmitting || view->keys[0].future);
	assert_true(view->keys[0].configured);
	assert_true(view->keys[1].future && !view->keys[1].usable);
	assert_int_equal(view->keys[1].start, now_s + 1000);
	assert_true(view->keys[2].usable && view->keys[2].transmitting && !view->keys[2].future);

	submit_key(applier, 2, now_s - 5, &answers);
	submit(applier, APPLIER_RETIRE, 3, &answers);
	submit(applier, APPLIER_READ_BACK, 0, &answers);
	dispatch_until(set, &answers, 7);
	assert_int_equal(view->key_count, 2);
	assert_int_equal(view->keys[0].ckn[0], 3);
	assert_false(view->keys[0].usable);
	assert_int_equal(view->keys[1].ckn[0], 2);
	assert_true(view->keys[1].transmitting);
	applier_close(applier);
	applier_set_free(set);
}

/* When there is no room, the key in use is the last to go. */
static void test_dry_run_is_bounded(void **state)
{
	struct applier_set *set = applier_set_new();
	struct applier *applier = applier_open_dry_run(set, "dry");
	struct answers answers = { 0 };
	const struct applier_view *view = &answers.last.view;
	int64_t now_s = time(NULL);

	(void)state;
	submit_key(applier, 1, now_s - 1, &answers);
	for (int i = 0; i < APPLIER_USABLE_MAX; i++) {
		submit_key(applier, (uint8_t)(2 + i), now_s + 1000 + i, &answers);
		applier_set_dispatch(set);
		answers.count = 0;
	}
	submit(applier, APPLIER_READ_BACK, 0, &answers);
	dispatch_until(set, &answers, 1);
	assert_int_equal(view->key_count, APPLIER_USABLE_MAX);
	assert_int_equal(view->keys[0].ckn[0], 1);
	assert_true(view->keys[0].transmitting);
	assert_int_equal(view->keys[1].ckn[0], 3);
	applier_close(applier);
	applier_set_free(set);
}

/* What is wrong with a configuration is said when it is opened, in one line. */
static void test_open_junos_refuses(void **state)
{
	struct applier_set *set = applier_set_new();
	struct applier_junos_config config = {
		.host = "192.0.2.1",
		.user = "keyidd",
		.private_key_file = "/dev/null",
		.known_hosts_file = "/nonexistent/known_hosts",
		.connectivity_association = "CA",
		.cipher_suite = "gcm-aes-512",
	};
	char error[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	assert_null(applier_open_junos(set, &config, error));
	assert_string_equal(error, "missing or unknown cipher suite");
	config.key_chain = "";
	assert_null(applier_open_junos(set, &config, error));
	assert_string_equal(error, "missing or unknown key-chain");
	config.key_chain = "KC";
	config.cipher_suite = "gcm-aes-256";
	assert_null(applier_open_junos(set, &config, error));
	assert_string_equal(error, "/nonexistent/known_hosts: No such file or directory");
	config.known_hosts_file = "/dev/null";
	assert_null(applier_open_junos(set, &config, error));
	assert_non_null(strstr(error, "/dev/null: others can read or write this private key"));
	config.user = "";
	assert_null(applier_open_junos(set, &config, error));
	assert_string_equal(error, "missing or unknown user");
	applier_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_limit),
		cmocka_unit_test(test_close_drops_jobs),
		cmocka_unit_test(test_close_in_callback),
		cmocka_unit_test(test_dry_run_has_no_thread),
		cmocka_unit_test(test_dispatch_ends),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_dry_run_with_starts),
		cmocka_unit_test(test_dry_run_is_bounded),
		cmocka_unit_test(test_open_junos_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
