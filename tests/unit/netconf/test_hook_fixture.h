/* What the tests of hook devices share: programs that they write, and how these are called. */
#ifndef TESTS_UNIT_NETCONF_TEST_HOOK_FIXTURE_H
#define TESTS_UNIT_NETCONF_TEST_HOOK_FIXTURE_H

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "netconf/deadline.h"
#include "netconf/hook.h"

#define PATIENCE_MS 10000
#define CKN_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define CAK_1 "a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0"

static char folder[] = "/tmp/test-hook-XXXXXX";
static char path[64]; /* of the program */
static struct applier_set *set;
static struct applier *applier;

static inline const char *in_folder(const char *name)
{
	static char out[128];

	snprintf(out, sizeof(out), "%s/%s", folder, name);
	return out;
}

/* Begins in the folder, so that scripts can write there. */
static inline void write_program(const char *script)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", folder, script);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
}

static inline void open_hook(uint32_t timeout_ms)
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

static inline void close_hook(void)
{
	applier_close(applier);
	applier = NULL;
}

struct answer {
	bool there;
	struct applier_result result;
};

static inline void note(void *ctx, const struct applier_result *result)
{
	struct answer *answer = ctx;

	answer->there = true;
	answer->result = *result;
}

/* One key, with a CAK where the operation has one. */
static inline struct applier_job make_job(enum applier_op op)
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

static inline struct applier_result run_job(const struct applier_job *job)
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

static inline struct applier_result run(enum applier_op op)
{
	const struct applier_job job = make_job(op);

	return run_job(&job);
}

/* The program once, with the default timeout. */
static inline struct applier_result call(const char *script, enum applier_op op)
{
	struct applier_result result;

	write_program(script);
	open_hook(0);
	result = run(op);
	close_hook();
	return result;
}

/* "" if there is no such file. */
static inline void read_file(const char *name, char *content, size_t size)
{
	FILE *file = fopen(name, "re");
	size_t len = file ? fread(content, 1, size - 1, file) : 0;

	content[len] = '\0';
	if (file) {
		fclose(file);
	}
}

static inline void assert_file(const char *name, const char *expected)
{
	char content[4096];

	read_file(in_folder(name), content, sizeof(content));
	assert_string_equal(content, expected);
}

static inline long read_number(const char *name)
{
	char text[32];

	read_file(in_folder(name), text, sizeof(text));
	return strtol(text, NULL, 10);
}

static inline void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000 };

	nanosleep(&pause, NULL);
}

/* Waits until the program has written a number there. */
static inline pid_t await_number(const char *name)
{
	uint64_t end_ms = deadline_now_ms() + PATIENCE_MS;

	while (read_number(name) == 0) {
		assert_true(deadline_now_ms() < end_ms);
		pause_ms(5);
	}
	return (pid_t)read_number(name);
}

/* Who is nobody's child here may be a zombie for a while. */
static inline bool is_gone(pid_t pid)
{
	char name[32], line[512];

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	read_file(name, line, sizeof(line));
	return !line[0] || strstr(line, ") Z ");
}

static inline void await_end(pid_t pid)
{
	uint64_t end_ms = deadline_now_ms() + PATIENCE_MS;

	while (!is_gone(pid)) {
		assert_true(deadline_now_ms() < end_ms);
		pause_ms(5);
	}
}

static inline int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/program", folder);
	signal(SIGPIPE, SIG_IGN); /* as keyidd does */
	set = applier_set_new();
	return set ? 0 : -1;
}

static inline int tear_down(void **state)
{
	DIR *files = opendir(folder);
	const struct dirent *file;

	(void)state;
	applier_set_free(set);
	while (files && (file = readdir(files))) {
		unlinkat(dirfd(files), file->d_name, 0);
	}
	closedir(files);
	return rmdir(folder);
}

#endif
