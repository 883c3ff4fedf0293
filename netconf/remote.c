#include "netconf/remote.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netconf/applier_private.h"
#include "netconf/deadline.h"
#include "netconf/remote_session.h"

#define DEFAULT_PORT 22
#define DEFAULT_TIMEOUT_MS 30000

enum remote_stage { REMOTE_IDLE, REMOTE_ASKED, REMOTE_DONE };

struct remote {
	char *host, *user, *private_key_file, *known_hosts_file;
	int wake_fd; /* readable once it is closing, and so for ever */
	int done_fd;
	struct remote_session *session; /* the thread's */
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t mutex; /* of stage and closing; the job belongs to whom stage says */
	pthread_cond_t changed;
	bool closing;
	enum remote_stage stage;

	char path[REMOTE_PATH_MAX + 1];
	bool writing;
	struct octets content;
	struct remote_result result;
	remote_done_fn done;
	void *ctx;
	bool *closed; /* set by remote_close() from inside a callback */
};

const char *remote_error_name(enum applier_error error)
{
	switch (error) {
	case APPLIER_OK:
		return "ok";
	case APPLIER_ERROR_UNREACHABLE:
		return "file-unreachable";
	case APPLIER_ERROR_HOST_KEY:
		return "file-host-key";
	case APPLIER_ERROR_LOGIN:
		return "file-login";
	case APPLIER_ERROR_PROTOCOL:
		return "file-protocol";
	case APPLIER_ERROR_TIMEOUT:
		return "file-timeout";
	case APPLIER_ERROR_CONNECTION_LOST:
		return "file-connection-lost";
	case APPLIER_ERROR_NOT_CONFIGURED:
		return "file-not-found";
	case APPLIER_ERROR_REFUSED:
		return "file-refused";
	case APPLIER_ERROR_LOCKED: /* none of these happens to a file */
	case APPLIER_ERROR_COMMIT_FAILED:
	case APPLIER_ERROR_UNSUITABLE_KEY:
	case APPLIER_ERROR_INTERNAL:
	case APPLIER_ERROR_COUNT:
		break;
	}
	return "file-internal";
}

/* ---- whose the job is ------------------------------------------------------------------------ */

static enum remote_stage stage_of(struct remote *remote)
{
	enum remote_stage stage;

	pthread_mutex_lock(&remote->mutex);
	stage = remote->stage;
	pthread_mutex_unlock(&remote->mutex);
	return stage;
}

static void set_stage(struct remote *remote, enum remote_stage stage)
{
	pthread_mutex_lock(&remote->mutex);
	remote->stage = stage;
	pthread_cond_signal(&remote->changed);
	pthread_mutex_unlock(&remote->mutex);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void run_job(struct remote *remote)
{
	struct remote_result *result = &remote->result;
	uint64_t start_ms = deadline_now_ms();
	struct problem problem;
	bool atomic = true;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = remote->writing
		     ? remote_session_write(remote->session, remote->path, remote->content.bytes,
			       remote->content.len, &atomic, &problem)
		     : remote_session_read(
			       remote->session, remote->path, &remote->content, &problem);
	if (rc < 0) {
		result->error = problem.error;
		snprintf(result->text, sizeof(result->text), "%s", problem.text);
	} else if (!atomic) {
		snprintf(result->text, sizeof(result->text),
			"the server has no posix-rename: while it is replaced there is no %.150s",
			remote->path);
	}
	if (rc == 0 && !remote->writing) {
		result->bytes = remote->content.bytes;
		result->len = remote->content.len;
	}
	result->elapsed_ms = (uint32_t)(deadline_now_ms() - start_ms);
}

static bool wait_for_job(struct remote *remote)
{
	bool more;

	pthread_mutex_lock(&remote->mutex);
	while (!remote->closing && remote->stage != REMOTE_ASKED) {
		pthread_cond_wait(&remote->changed, &remote->mutex);
	}
	more = !remote->closing;
	pthread_mutex_unlock(&remote->mutex);
	return more;
}

static void *remote_thread(void *ctx)
{
	struct remote *remote = ctx;

	while (wait_for_job(remote)) {
		run_job(remote);
		set_stage(remote, REMOTE_DONE);
		eventfd_write(remote->done_fd, 1);
	}
	return NULL;
}

/* Signals are the loop's business. */
static bool start_thread(struct remote *remote)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, APPLIER_STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	remote->has_thread = pthread_create(&remote->thread, &attributes, remote_thread, remote) ==
			     0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return remote->has_thread;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static bool make_session(struct remote *remote, const struct remote_config *config)
{
	const struct transport_config transport = {
		.host = remote->host,
		.port = config->port > 0 ? config->port : DEFAULT_PORT,
		.user = remote->user,
		.private_key_file = remote->private_key_file,
		.known_hosts_file = remote->known_hosts_file,
		.subsystem = "sftp",
		.wake_fd = remote->wake_fd,
	};

	remote->session = remote_session_new(
		&transport, config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS);
	return remote->session;
}

static bool copy_config(struct remote *remote, const struct remote_config *config)
{
	remote->host = strdup(config->host);
	remote->user = strdup(config->user);
	remote->private_key_file = strdup(config->private_key_file);
	remote->known_hosts_file = strdup(config->known_hosts_file);
	return remote->host && remote->user && remote->private_key_file && remote->known_hosts_file;
}

static struct remote *remote_new(const struct remote_config *config)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote) {
		return NULL;
	}
	pthread_mutex_init(&remote->mutex, NULL);
	pthread_cond_init(&remote->changed, NULL);
	octets_init(&remote->content, REMOTE_FILE_MAX);
	remote->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	remote->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (remote->wake_fd < 0 || remote->done_fd < 0 || !copy_config(remote, config) ||
		!make_session(remote, config) || !start_thread(remote)) {
		remote_close(remote);
		return NULL;
	}
	return remote;
}

struct remote *remote_open(
	const struct remote_config *config, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct problem problem;
	struct remote *remote;

	if (transport_check_files(config->private_key_file, config->known_hosts_file, &problem) <
		0) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "%s", problem.text);
		return NULL;
	}
	remote = remote_new(config);
	if (!remote) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory, descriptors or threads");
	}
	return remote;
}

static void end_thread(struct remote *remote)
{
	pthread_mutex_lock(&remote->mutex);
	remote->closing = true;
	pthread_cond_signal(&remote->changed);
	pthread_mutex_unlock(&remote->mutex);
	eventfd_write(remote->wake_fd, 1);
	pthread_join(remote->thread, NULL);
}

void remote_close(struct remote *remote)
{
	if (!remote) {
		return;
	}
	if (remote->has_thread) {
		end_thread(remote);
	}
	if (remote->closed) {
		*remote->closed = true;
	}
	remote_session_free(remote->session);
	octets_fini(&remote->content);
	if (remote->wake_fd >= 0) {
		close(remote->wake_fd);
	}
	if (remote->done_fd >= 0) {
		close(remote->done_fd);
	}
	pthread_cond_destroy(&remote->changed);
	pthread_mutex_destroy(&remote->mutex);
	free(remote->known_hosts_file);
	free(remote->private_key_file);
	free(remote->user);
	free(remote->host);
	free(remote);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

int remote_fd(const struct remote *remote)
{
	return remote->done_fd;
}

void remote_dispatch(struct remote *remote)
{
	bool closed = false;
	eventfd_t count;

	if (eventfd_read(remote->done_fd, &count) < 0 || stage_of(remote) != REMOTE_DONE) {
		return;
	}
	remote->closed = &closed;
	remote->done(remote->ctx, &remote->result);
	if (!closed) {
		remote->closed = NULL;
		set_stage(remote, REMOTE_IDLE);
	}
}

static int begin(struct remote *remote, const char *path, remote_done_fn done, void *ctx)
{
	size_t len = strlen(path);

	if (stage_of(remote) != REMOTE_IDLE) {
		return -EBUSY;
	}
	if (len == 0 || len > REMOTE_PATH_MAX) {
		return -EINVAL;
	}
	memcpy(remote->path, path, len + 1);
	remote->done = done;
	remote->ctx = ctx;
	return 0;
}

int remote_read(struct remote *remote, const char *path, remote_done_fn done, void *ctx)
{
	int rc = begin(remote, path, done, ctx);

	if (rc == 0) {
		remote->writing = false;
		set_stage(remote, REMOTE_ASKED);
	}
	return rc;
}

int remote_write(struct remote *remote, const char *path, const uint8_t *bytes, size_t len,
	remote_done_fn done, void *ctx)
{
	int rc = begin(remote, path, done, ctx);

	if (rc < 0) {
		return rc;
	}
	octets_clear(&remote->content);
	rc = octets_append(&remote->content, bytes, len);
	if (rc < 0) {
		return rc == -EMSGSIZE ? -EINVAL : rc;
	}
	remote->writing = true;
	set_stage(remote, REMOTE_ASKED);
	return 0;
}
