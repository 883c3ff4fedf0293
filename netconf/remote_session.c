#include "netconf/remote_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "netconf/deadline.h"
#include "netconf/sftp.h"

#define LOG_NAME "sftp"
#define BESIDE ".keyidd-new" /* after the name of the file that is to be replaced */
#define PATH_LIMIT 1024

struct remote_session {
	struct transport_config config;
	uint32_t timeout_ms;
	uint64_t deadline_ms;        /* of the present job */
	struct transport *transport; /* NULL = not connected */
	bool posix_rename;
	uint32_t last_id;
	struct octets out;
	uint8_t packet[SFTP_PACKET_MAX]; /* the last reply, which points into it */
};

struct remote_session *remote_session_new(
	const struct transport_config *config, uint32_t timeout_ms)
{
	struct remote_session *session = calloc(1, sizeof(*session));

	if (session) {
		session->config = *config;
		session->timeout_ms = timeout_ms;
		octets_init(&session->out, SFTP_PREFIX_LEN + SFTP_PACKET_MAX);
	}
	return session;
}

static void disconnect(struct remote_session *session)
{
	transport_close(session->transport);
	session->transport = NULL;
}

void remote_session_free(struct remote_session *session)
{
	if (!session) {
		return;
	}
	disconnect(session);
	octets_fini(&session->out);
	free(session);
}

/* ---- one request ----------------------------------------------------------------------------- */

static int read_exactly(
	struct remote_session *session, uint8_t *to, size_t len, struct problem *problem)
{
	size_t got = 0;

	while (got < len) {
		int rc = transport_read(
			session->transport, to + got, len - got, session->deadline_ms, problem);

		if (rc < 0) {
			return -1;
		}
		got += (size_t)rc;
	}
	return 0;
}

static int read_packet(
	struct remote_session *session, struct sftp_reply *reply, struct problem *problem)
{
	uint8_t prefix[SFTP_PREFIX_LEN];
	int len;

	if (read_exactly(session, prefix, sizeof(prefix), problem) < 0) {
		return -1;
	}
	len = sftp_packet_len(prefix);
	if (len < 0) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"not SFTP: a packet of no length or of more than %d octets",
			SFTP_PACKET_MAX);
	}
	if (read_exactly(session, session->packet, (size_t)len, problem) < 0) {
		return -1;
	}
	if (sftp_read_reply(session->packet, (size_t)len, reply) < 0) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "not an SFTP reply");
	}
	return 0;
}

/*
 * Sends what is in session->out, built with session->last_id, and reads the reply.
 * After -1 the session is closed: no later reply could be trusted.
 */
static int ask(struct remote_session *session, int built, enum sftp_kind expected,
	struct sftp_reply *reply, struct problem *problem)
{
	int rc = built == 0 ? transport_write(session->transport, session->out.bytes,
				      session->out.len, session->deadline_ms, problem)
			    : problem_set(problem, APPLIER_ERROR_INTERNAL,
				      "cannot write a request: %s", strerror(-built));

	octets_clear(&session->out);
	if (rc == 0) {
		rc = read_packet(session, reply, problem);
	}
	if (rc == 0 && (reply->id != session->last_id ||
			       (reply->kind != expected && reply->kind != SFTP_IS_STATUS))) {
		rc = problem_set(
			problem, APPLIER_ERROR_PROTOCOL, "an SFTP reply to something else");
	}
	if (rc < 0) {
		disconnect(session);
	}
	return rc;
}

static int refuse(
	const struct sftp_reply *reply, const char *what, const char *path, struct problem *problem)
{
	return problem_set(problem,
		reply->status == SFTP_NO_SUCH_FILE ? APPLIER_ERROR_NOT_CONFIGURED
						   : APPLIER_ERROR_REFUSED,
		"%s %s: %s", what, path, sftp_status_text(reply));
}

/* For requests that are answered by a status alone. */
static int ask_status(struct remote_session *session, int built, const char *what, const char *path,
	struct problem *problem)
{
	struct sftp_reply reply;

	if (ask(session, built, SFTP_IS_STATUS, &reply, problem) < 0) {
		return -1;
	}
	return reply.status == SFTP_OK ? 0 : refuse(&reply, what, path, problem);
}

/* ---- the session ----------------------------------------------------------------------------- */

static int connect_now(struct remote_session *session, struct problem *problem)
{
	struct sftp_reply reply;

	session->transport = transport_open(&session->config, session->deadline_ms, problem);
	if (!session->transport) {
		return -1;
	}
	session->last_id = 0;
	if (ask(session, sftp_put_init(&session->out), SFTP_IS_VERSION, &reply, problem) < 0) {
		return -1;
	}
	if (reply.kind != SFTP_IS_VERSION || reply.version < SFTP_VERSION) {
		disconnect(session);
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"the server does not speak SFTP version %d", SFTP_VERSION);
	}
	session->posix_rename = reply.posix_rename;
	log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: SFTP session", session->config.host);
	return 0;
}

static int open_file(struct remote_session *session, const char *path, bool writing,
	struct sftp_handle *handle, struct problem *problem)
{
	struct sftp_reply reply;
	int built = sftp_put_open(&session->out, ++session->last_id, path, writing);

	if (ask(session, built, SFTP_IS_HANDLE, &reply, problem) < 0) {
		return -1;
	}
	if (reply.kind != SFTP_IS_HANDLE) {
		return refuse(&reply, writing ? "writing" : "reading", path, problem);
	}
	*handle = reply.handle;
	return 0;
}

static int close_file(struct remote_session *session, const struct sftp_handle *handle,
	const char *path, struct problem *problem)
{
	int built = sftp_put_close(&session->out, ++session->last_id, handle);

	return ask_status(session, built, "closing", path, problem);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Returns 1 at the end of the file. */
static int read_chunk(struct remote_session *session, const struct sftp_handle *handle,
	const char *path, struct octets *out, struct problem *problem)
{
	struct sftp_reply reply;
	int built = sftp_put_read(
		&session->out, ++session->last_id, handle, out->len, SFTP_CHUNK_MAX);
	int rc;

	if (ask(session, built, SFTP_IS_DATA, &reply, problem) < 0) {
		return -1;
	}
	if (reply.kind == SFTP_IS_STATUS) {
		return reply.status == SFTP_EOF ? 1 : refuse(&reply, "reading", path, problem);
	}
	/* Without this, a server that sends nothing would keep us for the whole time allowed. */
	if (reply.data_len == 0) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "an SFTP reply without data");
	}
	rc = octets_append(out, reply.data, reply.data_len);
	if (rc < 0) {
		return problem_set(
			problem, APPLIER_ERROR_REFUSED, "%s: more than %zu octets", path, out->max);
	}
	return 0;
}

static int read_now(struct remote_session *session, const char *path, struct octets *out,
	struct problem *problem)
{
	struct sftp_handle handle;
	struct problem ignored;
	int rc;

	octets_clear(out);
	if (open_file(session, path, false, &handle, problem) < 0) {
		return -1;
	}
	do {
		rc = read_chunk(session, &handle, path, out, problem);
	} while (rc == 0);
	if (session->transport) {
		close_file(session, &handle, path, rc < 0 ? &ignored : problem);
	}
	return rc < 0 ? -1 : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_all(struct remote_session *session, const struct sftp_handle *handle,
	const char *path, const uint8_t *bytes, size_t len, struct problem *problem)
{
	for (size_t at = 0; at < len;) {
		size_t portion = len - at < SFTP_CHUNK_MAX ? len - at : SFTP_CHUNK_MAX;
		int built = sftp_put_write(&session->out, ++session->last_id, handle, at,
			bytes + at, (uint32_t)portion);

		if (ask_status(session, built, "writing", path, problem) < 0) {
			return -1;
		}
		at += portion;
	}
	return 0;
}

static int write_beside(struct remote_session *session, const char *path, const uint8_t *bytes,
	size_t len, struct problem *problem)
{
	struct sftp_handle handle;
	struct problem ignored;
	int rc;

	if (open_file(session, path, true, &handle, problem) < 0) {
		return -1;
	}
	rc = write_all(session, &handle, path, bytes, len, problem);
	if (session->transport &&
		close_file(session, &handle, path, rc < 0 ? &ignored : problem) < 0) {
		rc = -1;
	}
	return rc;
}

static int rename_file(
	struct remote_session *session, const char *from, const char *to, struct problem *problem)
{
	struct problem ignored;

	if (!session->posix_rename) {
		/* What is not there need not be removed; what cannot be, fails the rename. */
		ask_status(session, sftp_put_remove(&session->out, ++session->last_id, to),
			"removing", to, &ignored);
		if (!session->transport) {
			*problem = ignored;
			return -1;
		}
	}
	return ask_status(session,
		sftp_put_rename(&session->out, ++session->last_id, from, to, session->posix_rename),
		"replacing", to, problem);
}

static int write_now(struct remote_session *session, const char *path, const uint8_t *bytes,
	size_t len, struct problem *problem)
{
	char beside[PATH_LIMIT];
	struct problem ignored;
	int rc;

	if (snprintf(beside, sizeof(beside), "%s" BESIDE, path) >= (int)sizeof(beside)) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "%s: too long", path);
	}
	rc = write_beside(session, beside, bytes, len, problem);
	if (rc == 0) {
		rc = rename_file(session, beside, path, problem);
	}
	if (rc < 0 && session->transport) {
		ask_status(session, sftp_put_remove(&session->out, ++session->last_id, beside),
			"removing", beside, &ignored);
	}
	return rc;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

struct job {
	const char *path;
	struct octets *in;    /* of a file that is read */
	const uint8_t *bytes; /* of one that is written */
	size_t len;
};

static int do_now(struct remote_session *session, const struct job *job, struct problem *problem)
{
	if (!session->transport && connect_now(session, problem) < 0) {
		return -1;
	}
	return job->in ? read_now(session, job->path, job->in, problem)
		       : write_now(session, job->path, job->bytes, job->len, problem);
}

static int do_job(struct remote_session *session, const struct job *job, struct problem *problem)
{
	bool warm = session->transport;
	int rc;

	session->deadline_ms = deadline_now_ms() + session->timeout_ms;
	rc = do_now(session, job, problem);
	if (rc < 0 && warm && problem->error == APPLIER_ERROR_CONNECTION_LOST) {
		log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: %s; connecting again",
			session->config.host, problem->text);
		rc = do_now(session, job, problem);
	}
	return rc;
}

int remote_session_read(struct remote_session *session, const char *path, struct octets *out,
	struct problem *problem)
{
	const struct job job = { .path = path, .in = out };

	return do_job(session, &job, problem);
}

int remote_session_write(struct remote_session *session, const char *path, const uint8_t *bytes,
	size_t len, bool *atomic, struct problem *problem)
{
	const struct job job = { .path = path, .bytes = bytes, .len = len };
	int rc = do_job(session, &job, problem);

	*atomic = session->posix_rename;
	return rc;
}
