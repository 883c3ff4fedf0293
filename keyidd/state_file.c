/* The database as a file: whose it is, setting it aside, beginning a new one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keyidd/state_private.h"

/* The database header, https://www.sqlite.org/fileformat2.html section 1.3. */
#define HEADER_LEN 100
#define HEADER_USER_VERSION 60
#define HEADER_APPLICATION_ID 68
static const char header_magic[16] = "SQLite format 3";

/* What SQLite keeps beside a database. */
static const char *const companions[] = { "-wal", "-journal", "-shm" };
#define JOURNAL_COUNT 2 /* the first ones: they hold data */
#define COMPANION_COUNT (sizeof(companions) / sizeof(companions[0]))

int state_file_lock(const char *path, char text[static STATE_TEXT_MAX])
{
	char name[PATH_MAX];
	int fd;

	if (strlen(path) > STATE_PATH_MAX) {
		snprintf(text, STATE_TEXT_MAX, "%.100s...: path longer than %d octets", path,
			STATE_PATH_MAX);
		return -ENAMETOOLONG;
	}
	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		fd = -errno;
		snprintf(text, STATE_TEXT_MAX, "%.400s: %s", name, strerror(-fd));
		return fd;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = -errno;

		if (error == -EWOULDBLOCK) {
			snprintf(text, STATE_TEXT_MAX,
				"%s: in use by another keyidd; stop that one, or give this one a "
				"state file of its own",
				path);
		} else {
			snprintf(text, STATE_TEXT_MAX, "%.400s: %s", name, strerror(-error));
		}
		close(fd);
		return error;
	}
	return fd;
}

static uint32_t header_number(const uint8_t *header, size_t offset)
{
	const uint8_t *p = header + offset;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int judge_header(const uint8_t *header, ssize_t len, const char **reason)
{
	if (len < HEADER_LEN || memcmp(header, header_magic, sizeof(header_magic)) != 0) {
		*reason = "not an SQLite database";
	} else if (header_number(header, HEADER_APPLICATION_ID) != STATE_APPLICATION_ID) {
		*reason = "another program's database";
	} else if (header_number(header, HEADER_USER_VERSION) > STATE_VERSION) {
		return -ENOTSUP;
	} else if (header_number(header, HEADER_USER_VERSION) < STATE_VERSION_OLDEST) {
		*reason = "of no version that keyidd knows";
	} else {
		return 1;
	}
	return -EBADMSG;
}

/*
 * A WAL or journal without its database must not meet a new one: SQLite would
 * play it back into that.
 */
static bool journal_left(const char *path)
{
	char name[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < JOURNAL_COUNT; i++) {
		snprintf(name, sizeof(name), "%s%s", path, companions[i]);
		if (stat(name, &st) == 0 && st.st_size > 0) {
			return true;
		}
	}
	return false;
}

int state_file_inspect(const char *path, const char **reason)
{
	uint8_t header[HEADER_LEN];
	struct stat st;
	ssize_t len;
	int result;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT) {
		return -errno;
	}
	if (fd < 0) {
		st.st_size = 0;
	} else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	if (st.st_size == 0) {
		result = journal_left(path) ? -EBADMSG : 0;
		*reason = "a journal without its database";
	} else {
		len = pread(fd, header, sizeof(header), 0);
		result = len < 0 ? -errno : judge_header(header, len, reason);
	}
	if (fd >= 0) {
		close(fd);
	}
	return result;
}

static int rename_if_there(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 && errno != ENOENT) {
		return -errno;
	}
	return 0;
}

int state_file_set_aside(const char *path, char aside[static STATE_TEXT_MAX])
{
	char from[PATH_MAX], to[PATH_MAX], stamp[32];
	time_t now = time(NULL);
	struct tm utc;
	int error = -EEXIST;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	for (int n = 1; n < 100 && error == -EEXIST; n++) {
		if (n == 1) {
			snprintf(aside, STATE_TEXT_MAX, "%s.damaged-%s", path, stamp);
		} else {
			snprintf(aside, STATE_TEXT_MAX, "%s.damaged-%s-%d", path, stamp, n);
		}
		error = rename_if_there(path, aside);
	}
	for (size_t i = 0; i < COMPANION_COUNT && error == 0; i++) {
		snprintf(from, sizeof(from), "%s%s", path, companions[i]);
		snprintf(to, sizeof(to), "%s%s", aside, companions[i]);
		error = rename_if_there(from, to);
	}
	return error;
}

/* Makes a rename in the folder of path survive a crash. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;
	int error = 0;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash) {
		slash[slash == folder ? 1 : 0] = '\0';
	}
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0) {
		error = -errno;
	}
	if (fd >= 0) {
		close(fd);
	}
	return error;
}

static int write_schema(const char *name)
{
	char pragmas[128];
	sqlite3 *db;
	int error;
	int result = sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	snprintf(pragmas, sizeof(pragmas),
		"PRAGMA synchronous = FULL; PRAGMA application_id = %d; PRAGMA user_version = %d;",
		STATE_APPLICATION_ID, STATE_VERSION);
	if (result == SQLITE_OK) {
		result = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
	}
	if (result == SQLITE_OK) {
		result = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	}
	error = state_errno(result);
	if (error == 0) {
		error = state_schema_create(db);
	}
	if (error == 0) {
		error = state_errno(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	}
	sqlite3_close(db);
	return error;
}

int state_file_create(const char *path)
{
	char name[PATH_MAX], journal[PATH_MAX + 16];
	int error;
	int fd;

	snprintf(name, sizeof(name), "%s.new", path);
	/* What a crash left of an earlier attempt: it was never in use. */
	snprintf(journal, sizeof(journal), "%s-journal", name);
	unlink(journal);
	unlink(name);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	close(fd);
	error = write_schema(name);
	if (error == 0 && rename(name, path) < 0) {
		error = -errno;
	}
	if (error < 0) {
		unlink(name);
		return error;
	}
	return sync_folder(path);
}
