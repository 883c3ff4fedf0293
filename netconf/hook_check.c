/* May this program be called? As sshd(8) judges the files that it trusts. */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netconf/hook.h"

#define REFUSE(...) (problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED, __VA_ARGS__))

static int check_owner(const char *path, const struct stat *status, struct problem *problem)
{
	bool shared_folder = S_ISDIR(status->st_mode) && status->st_mode & S_ISVTX;

	if (status->st_uid != 0 && status->st_uid != geteuid()) {
		return REFUSE("%s: belongs to user %u; chown it to root, or to the user that "
			      "keyidd runs as",
			path, (unsigned)status->st_uid);
	}
	if (status->st_mode & (S_IWGRP | S_IWOTH) && !shared_folder) {
		return REFUSE("%s: mode %04o lets others write it; chmod go-w it", path,
			(unsigned)(status->st_mode & 07777));
	}
	return 0;
}

static int check_file(const char *path, struct problem *problem)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		return REFUSE("%s: %m", path);
	}
	if (!S_ISREG(status.st_mode)) {
		return REFUSE("%s: not a regular file", path);
	}
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		return REFUSE("%s: not executable: %m; chmod u+x it", path);
	}
	return check_owner(path, &status, problem);
}

/* Who can write a folder can replace what is in it. */
static int check_folders(char *path, struct problem *problem)
{
	struct stat status;
	char *slash;

	do {
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
		if (stat(path, &status) < 0) {
			return REFUSE("%s: %m", path);
		}
		if (check_owner(path, &status, problem) < 0) {
			return -1;
		}
	} while (slash != path);
	return 0;
}

static int check(const char *path, struct problem *problem)
{
	char real[PATH_MAX];

	if (path[0] != '/') {
		return REFUSE("%s: not an absolute path", path);
	}
	if (!realpath(path, real)) {
		return REFUSE("%s: %m", path);
	}
	return check_file(real, problem) < 0 ? -1 : check_folders(real, problem);
}

int hook_check_program(const char *path, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct problem problem;

	if (check(path, &problem) < 0) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "%s", problem.text);
		return -1;
	}
	return 0;
}
