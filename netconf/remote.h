/*
 * One small file on another host, over SFTP in SSH: read as a whole, or replaced as
 * a whole. Host key and login are as NETCONF's: one known_hosts file, one private
 * key, nothing else.
 *
 * A remote has a thread that does one job at a time; each job answers exactly once,
 * from remote_dispatch(), never from inside the call that asked for it.
 */
#ifndef NETCONF_REMOTE_H
#define NETCONF_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/applier.h"

#define REMOTE_FILE_MAX (64 * 1024) /* octets of a file */
#define REMOTE_PATH_MAX 255

/* All strings are borrowed for the call of remote_open() only. */
struct remote_config {
	const char *host;
	uint16_t port; /* 0 = 22 */
	const char *user;
	const char *private_key_file; /* OpenSSH or PEM, without passphrase, closed to others */
	const char *known_hosts_file; /* must hold the host's key */
	uint32_t timeout_ms;          /* of one job with its login; 0 = 30,000 */
};

/* Valid during the callback only. */
struct remote_result {
	enum applier_error error;
	char text[APPLIER_ERROR_TEXT_MAX]; /* for people; "" if OK without warning */
	uint32_t elapsed_ms;
	size_t len; /* of a file that was read */
	const uint8_t *bytes;
};

/* What an error is called where it is about a file: "file-not-found", "file-host-key", ... */
const char *remote_error_name(enum applier_error error);

typedef void (*remote_done_fn)(void *ctx, const struct remote_result *result);

struct remote;

/* Returns NULL and writes one line to error if something is wrong; connects later, when needed. */
struct remote *remote_open(
	const struct remote_config *config, char error[static APPLIER_ERROR_TEXT_MAX]);

/*
 * Ends the session at once, whatever it waits for; a job not done is dropped
 * without calling back. May be called from a callback. NULL accepted.
 */
void remote_close(struct remote *remote);

int remote_fd(const struct remote *remote); /* poll it for reading */
void remote_dispatch(struct remote *remote);

/*
 * Paths are relative to the login's folder unless they begin with a slash.
 * Return 0, or -EBUSY while another job is under way or its callback runs, -EINVAL
 * for a path or a content that is too long, -ENOMEM; the callback then never comes.
 */
int remote_read(struct remote *remote, const char *path, remote_done_fn done, void *ctx);

/*
 * In one step where the server can (OpenSSH's posix-rename); elsewhere the name is
 * without a file for a moment, and the result's text says so.
 */
int remote_write(struct remote *remote, const char *path, const uint8_t *bytes, size_t len,
	remote_done_fn done, void *ctx);

#endif
