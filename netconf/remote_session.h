/*
 * One SFTP session: a small file read, or replaced, one request at a time. Made
 * when it is needed and kept; a job that finds it dead is done again on a new one,
 * since either may be done twice.
 */
#ifndef NETCONF_REMOTE_SESSION_H
#define NETCONF_REMOTE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "netconf/octets.h"
#include "netconf/transport.h"

struct remote_session;

/* The config's strings must outlive the session. Connects nothing yet. NULL out of memory. */
struct remote_session *remote_session_new(
	const struct transport_config *config, uint32_t timeout_ms);
void remote_session_free(struct remote_session *session); /* NULL accepted */

/* Appends the file to out, whose limit is the file's. Returns 0, or -1 with the problem. */
int remote_session_read(struct remote_session *session, const char *path, struct octets *out,
	struct problem *problem);

/*
 * Writes a file beside it, and gives that its name. *atomic: nobody could see
 * less than the old content or the new one; without OpenSSH's extension the name
 * is without a file for a moment. Returns 0, or -1 with the problem.
 */
int remote_session_write(struct remote_session *session, const char *path, const uint8_t *bytes,
	size_t len, bool *atomic, struct problem *problem);

#endif
