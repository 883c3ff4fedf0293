#include "tools/routersim/faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/routersim/router.h"

#define FAULTS_MAX 32
#define KIND_MAX 32

static const struct {
	const char *kind;
	const char *argument; /* NULL = none */
	const char *text;
} fault_kinds[] = {
	{ "slow-commit", "MS", "the next commit takes this long" },
	{ "slow-rpc", "MS", "the next RPC of any kind takes this long" },
	{ "lock-held", "SESSION", "the next request for the lock finds it held by this session" },
	{ "commit-refused", NULL, "the next commit fails, after a check that passed" },
	{ "check-refused", NULL, "the next commit check or validate fails" },
	{ "quote-key", NULL, "the next load fails, and the refusal quotes the CAK" },
	{ "start-shift", "S", "the next load reads start-times as later by so many seconds" },
	{ "warning", NULL, "a warning stands beside the next commit's success" },
	{ "drop-after-lock", NULL, "the session ends when the lock has been granted" },
	{ "drop-before-commit", NULL, "the session ends at the next commit, which is lost" },
	{ "drop-after-commit", NULL, "the session ends at the next commit, which took effect" },
	{ "garbage", NULL, "the next reply is no XML" },
	{ "no-hello", NULL, "the next session says nothing" },
};

#define KIND_COUNT (sizeof(fault_kinds) / sizeof(fault_kinds[0]))

struct fault {
	char kind[KIND_MAX];
	long argument;
	long left; /* 0 = until cleared */
};

bool fault_is_known(const char *kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(fault_kinds[i].kind, kind) == 0) {
			return true;
		}
	}
	return false;
}

bool fault_has_argument(const char *kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(fault_kinds[i].kind, kind) == 0) {
			return fault_kinds[i].argument;
		}
	}
	return false;
}

void fault_help(void)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		printf("  %-20s%-9s%s\n", fault_kinds[i].kind,
			fault_kinds[i].argument ? fault_kinds[i].argument : "",
			fault_kinds[i].text);
	}
}

static size_t read_all(const char *dir, struct fault faults[static FAULTS_MAX])
{
	char path[PATH_MAX];
	size_t count = 0;
	FILE *file;

	router_path(dir, "faults", path);
	file = fopen(path, "re");
	if (!file) {
		return 0;
	}
	while (count < FAULTS_MAX && fscanf(file, "%31s %ld %ld", faults[count].kind,
					     &faults[count].argument, &faults[count].left) == 3) {
		count++;
	}
	fclose(file);
	return count;
}

static int write_all(const char *dir, const struct fault *faults, size_t count)
{
	char text[FAULTS_MAX * 96];
	int len = 0;

	for (size_t i = 0; i < count; i++) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s %ld %ld\n",
			faults[i].kind, faults[i].argument, faults[i].left);
	}
	return router_write_file(dir, "faults", text, (size_t)len);
}

static bool use_up(const char *dir, struct fault *faults, size_t count, size_t used)
{
	if (faults[used].left == 1) {
		memmove(&faults[used], &faults[used + 1], (count - used - 1) * sizeof(faults[0]));
		write_all(dir, faults, count - 1);
	} else if (faults[used].left > 1) {
		faults[used].left--;
		write_all(dir, faults, count);
	}
	return true;
}

bool fault_take(const char *dir, const char *kind, long *argument)
{
	struct fault faults[FAULTS_MAX];
	struct router router;
	bool taken = false;
	size_t count;

	if (router_create(&router, dir) < 0) {
		return false;
	}
	count = read_all(dir, faults);
	for (size_t i = 0; i < count && !taken; i++) {
		if (strcmp(faults[i].kind, kind) == 0) {
			if (argument) {
				*argument = faults[i].argument;
			}
			taken = use_up(dir, faults, count, i);
		}
	}
	router_close(&router);
	return taken;
}

int fault_add(const char *dir, const char *kind, long argument, long count)
{
	struct fault faults[FAULTS_MAX];
	struct router router;
	size_t known;
	int rc;

	if (!fault_is_known(kind)) {
		return -EINVAL;
	}
	rc = router_create(&router, dir);
	if (rc < 0) {
		return rc;
	}
	known = read_all(dir, faults);
	if (known == FAULTS_MAX) {
		rc = -ENOSPC;
	} else {
		snprintf(faults[known].kind, KIND_MAX, "%s", kind);
		faults[known].argument = argument;
		faults[known].left = count;
		rc = write_all(dir, faults, known + 1);
	}
	router_close(&router);
	return rc;
}

int fault_clear(const char *dir)
{
	struct router router;
	int rc = router_create(&router, dir);

	if (rc == 0) {
		rc = router_write_file(dir, "faults", "", 0);
		router_close(&router);
	}
	return rc;
}
