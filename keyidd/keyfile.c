#include "keyidd/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hex.h"

#define HEX_LEN (2 * KEYFILE_KEY_LEN)
#define CONTENT_MAX (HEX_LEN + 2) /* and CR LF */

#define SAY(error, ...) snprintf(error, KEYFILE_ERROR_TEXT_MAX, __VA_ARGS__)

static bool is_credential(const char *path)
{
	return strncmp(path, KEYFILE_CREDENTIAL, strlen(KEYFILE_CREDENTIAL)) == 0;
}

static int locate(const char *path, char out[static PATH_MAX], char *error)
{
	const char *name = path + strlen(KEYFILE_CREDENTIAL);
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	int len;

	if (!is_credential(path)) {
		len = snprintf(out, PATH_MAX, "%s", path);
	} else if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
		SAY(error, "%s: not the name of a credential; write credential:NAME", path);
		return -EINVAL;
	} else if (!folder) {
		SAY(error, "%s: no credentials here; add LoadCredential=%s:PATH to the unit", path,
			name);
		return -EINVAL;
	} else {
		len = snprintf(out, PATH_MAX, "%s/%s", folder, name);
	}
	if (len >= PATH_MAX) {
		SAY(error, "%.100s...: path too long", path);
		return -EINVAL;
	}
	return 0;
}

static int check_file(const char *path, int fd, bool guarded, char *error)
{
	mode_t forbidden = is_credential(path) ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
	struct stat st;

	if (fstat(fd, &st) < 0) {
		SAY(error, "%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	if (!S_ISREG(st.st_mode)) {
		SAY(error, "%s: not a regular file", path);
		return -EINVAL;
	}
	if (!guarded) {
		return 0;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		SAY(error, "%s: belongs to user %u; chown it to the user that keyidd runs as", path,
			(unsigned)st.st_uid);
		return -EINVAL;
	}
	if (st.st_mode & forbidden) {
		SAY(error,
			"%s: mode %04o lets others at the key; chmod 600 it, and replace the key",
			path, (unsigned)(st.st_mode & 07777));
		return -EINVAL;
	}
	return 0;
}

/* Returns the octets read, at most size, or -errno. */
static ssize_t read_all(int fd, uint8_t *buffer, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buffer + len, size - len);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -errno;
		}
		if (got == 0) {
			break;
		}
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static size_t without_line_end(const uint8_t *content, size_t len)
{
	if (len > HEX_LEN && content[len - 1] == '\n') {
		len--;
	}
	if (len > HEX_LEN && content[len - 1] == '\r') {
		len--;
	}
	return len;
}

static bool all_zero(const struct secret *key)
{
	uint8_t any = 0;

	for (size_t i = 0; i < key->len; i++) {
		any |= key->bytes[i];
	}
	return any == 0;
}

static int take_key(
	const char *path, const uint8_t *content, size_t len, struct secret *key, char *error)
{
	size_t text_len = without_line_end(content, len);

	if (len == KEYFILE_KEY_LEN) {
		secret_set(key, content, len);
	} else if (text_len != HEX_LEN) {
		SAY(error, "%s: %s%zu octets; a key is %d octets, or %d hexadecimal digits", path,
			len > CONTENT_MAX ? "more than " : "",
			len > CONTENT_MAX ? (size_t)CONTENT_MAX : len, KEYFILE_KEY_LEN, HEX_LEN);
		return -EINVAL;
	} else if (hex_decode((const char *)content, HEX_LEN, key->bytes, KEYFILE_KEY_LEN) < 0) {
		SAY(error,
			"%s: %d octets that are not all hexadecimal digits; a key is %d octets, or "
			"%d digits",
			path, HEX_LEN, KEYFILE_KEY_LEN, HEX_LEN);
		return -EINVAL;
	} else {
		key->len = KEYFILE_KEY_LEN;
	}
	if (all_zero(key)) {
		SAY(error, "%s: holds nothing but zeros; make a key with `openssl rand -hex %d`",
			path, KEYFILE_KEY_LEN);
		return -EINVAL;
	}
	return 0;
}

static int read_file(const char *path, bool guarded, struct secret *key, char *error)
{
	char real[PATH_MAX];
	uint8_t content[CONTENT_MAX + 1];
	ssize_t len;
	int result = -EINVAL;
	int fd;

	secret_wipe(key);
	if (locate(path, real, error) < 0) {
		return -EINVAL;
	}
	/* Without O_NONBLOCK, a FIFO of that name would hold the daemon up. */
	fd = open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		SAY(error, "%s: %s%s", path, strerror(errno),
			errno == ENOENT ? "; make a key with `openssl rand -hex 32`, mode 600"
					: "");
		return -EINVAL;
	}
	if (check_file(path, fd, guarded, error) < 0) {
		goto out;
	}
	len = read_all(fd, content, sizeof(content));
	if (len < 0) {
		SAY(error, "%s: %s", path, strerror((int)-len));
		goto out;
	}
	result = take_key(path, content, (size_t)len, key, error);
out:
	close(fd);
	secret_wipe_bytes(content, sizeof(content));
	if (result < 0) {
		secret_wipe(key);
	}
	return result;
}

int keyfile_read(const char *path, struct secret *key, char error[static KEYFILE_ERROR_TEXT_MAX])
{
	return read_file(path, true, key, error);
}

int keyfile_read_disclosed(
	const char *path, struct secret *key, char error[static KEYFILE_ERROR_TEXT_MAX])
{
	return read_file(path, false, key, error);
}
