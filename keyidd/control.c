#include "keyidd/control_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

#define BACKLOG 16
#define ACCEPT_AGAIN_MS 1000

/* ---- clients -------------------------------------------------------------------------------- */

static struct control_client *free_place(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (!control->clients[i].used) {
			return &control->clients[i];
		}
	}
	return NULL;
}

/* A fresh socket has room for a line, so this is said or not, but never waits. */
static void refuse(struct control *control, int fd)
{
	static const char full[] =
		"{\"ok\": false, \"error\": \"too many clients; try again later\"}\n";
	uint32_t held_back;

	if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		/* it has gone already */
	}
	close(fd);
	if (log_limit_allow(&control->full_limit, clock_mono_ms(), &held_back)) {
		log_write(LOG_LEVEL_WARNING, "control",
			"more than %u clients at once (%u refused before)", CONTROL_CLIENTS_MAX,
			held_back);
	}
}

static void accept_again(void *ctx)
{
	struct control *control = ctx;

	loop_watch_change(control->engine->loop, &control->watch, EPOLLIN);
}

/* One client in a turn of the loop: epoll tells of the next one again. */
static void accept_client(void *ctx, uint32_t events)
{
	struct control *control = ctx;
	int fd = accept4(control->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *client;

	(void)events;
	if (fd < 0) {
		/* Out of descriptors or memory: the client stays in the queue, so look away for a
		 * while. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			loop_watch_change(control->engine->loop, &control->watch, 0);
			loop_timer_set(control->engine->loop, &control->accept_again,
				clock_mono_ms() + ACCEPT_AGAIN_MS);
		}
		return;
	}
	client = free_place(control);
	if (!client) {
		refuse(control, fd);
		return;
	}
	control_client_start(client, control, fd);
}

static void note(void *ctx, struct association *association, const struct exchange_note *what)
{
	struct control *control = ctx;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].wait) {
			control_wait_note(&control->clients[i], association, what);
		}
	}
}

static void gone(void *ctx, struct association *association)
{
	struct control *control = ctx;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].wait) {
			control_wait_gone(&control->clients[i], association);
		}
	}
}

/* ---- the socket ----------------------------------------------------------------------------- */

/* Does anybody listen there? 0, or what connecting fails with. */
static int try_connect(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 0;

	if (fd < 0) {
		return -errno;
	}
	/* A full queue (EAGAIN) has a listener behind it. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		errno != EAGAIN) {
		rc = -errno;
	}
	close(fd);
	return rc;
}

/* Makes room for the socket: only a socket that nobody listens on is removed. */
static int remove_stale(const struct sockaddr_un *address, char error[static CONTROL_ERROR_MAX])
{
	const char *path = address->sun_path;
	struct stat info;
	int rc;

	if (lstat(path, &info) != 0) {
		return 0; /* whatever else is wrong with the path, bind() will say it */
	}
	if (!S_ISSOCK(info.st_mode)) {
		snprintf(
			error, CONTROL_ERROR_MAX, "%s: is there and no socket; not replaced", path);
		return -EEXIST;
	}
	rc = try_connect(address);
	if (rc == 0) {
		snprintf(error, CONTROL_ERROR_MAX, "%s: another keyidd listens there", path);
		return -EADDRINUSE;
	}
	if (rc == -ECONNREFUSED && unlink(path) != 0) {
		rc = -errno;
	}
	if (rc != -ECONNREFUSED && rc != -ENOENT) {
		snprintf(error, CONTROL_ERROR_MAX, "%s: %s", path, strerror(-rc));
		return rc;
	}
	return 0;
}

/* On Linux the socket's mode at bind() is that of the descriptor: at no moment is it open to
 * others. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
	if (fchmod(fd, 0600) != 0 ||
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
		chmod(address->sun_path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
		return -errno;
	}
	return 0;
}

static int listen_at(struct control *control, char error[static CONTROL_ERROR_MAX])
{
	const char *path = control->address.sun_path;
	struct stat info;
	int rc = remove_stale(&control->address, error);

	if (rc != 0) {
		return rc;
	}
	control->watch.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = control->watch.fd < 0 ? -errno : bind_private(control->watch.fd, &control->address);
	if (rc == 0 && lstat(path, &info) != 0) {
		rc = -errno;
	}
	if (rc == 0) {
		control->device = info.st_dev;
		control->inode = info.st_ino;
		rc = loop_watch_add(control->engine->loop, &control->watch, EPOLLIN);
	}
	if (rc != 0) {
		snprintf(error, CONTROL_ERROR_MAX, "%s: cannot listen: %s%s", path, strerror(-rc),
			rc == -ENOENT ? "; make the folder, or set daemon.control-socket" : "");
	}
	return rc;
}

static bool set_path(
	struct control *control, const char *path, char error[static CONTROL_ERROR_MAX])
{
	if (strlen(path) >= sizeof(control->address.sun_path)) {
		snprintf(error, CONTROL_ERROR_MAX,
			"%.100s...: longer than a socket's path may be (%zu)", path,
			sizeof(control->address.sun_path) - 1);
		return false;
	}
	control->address.sun_family = AF_UNIX;
	memcpy(control->address.sun_path, path, strlen(path) + 1);
	return true;
}

struct control *control_new(struct engine *engine, char error[static CONTROL_ERROR_MAX])
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		snprintf(error, CONTROL_ERROR_MAX, "no memory");
		return NULL;
	}
	control->engine = engine;
	control->idle_ms = CONTROL_IDLE_MS;
	control->watch = (struct loop_watch){ .fd = -1, .ready = accept_client, .ctx = control };
	control->accept_again = (struct loop_timer){ .fn = accept_again, .ctx = control };
	if (!set_path(control, engine->config.daemon.control_socket, error) ||
		listen_at(control, error) != 0) {
		control_free(control);
		return NULL;
	}
	engine->listener = (struct engine_listener){ note, gone, control };
	return control;
}

/* Not if another one has been put in its place. */
static void remove_socket(const struct control *control)
{
	struct stat info;

	if (control->inode != 0 && lstat(control->address.sun_path, &info) == 0 &&
		info.st_dev == control->device && info.st_ino == control->inode) {
		unlink(control->address.sun_path);
	}
}

void control_free(struct control *control)
{
	if (!control) {
		return;
	}
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		control_client_close(&control->clients[i]);
	}
	if (control->engine->listener.ctx == control) {
		memset(&control->engine->listener, 0, sizeof(control->engine->listener));
	}
	remove_socket(control);
	loop_timer_stop(control->engine->loop, &control->accept_again);
	loop_watch_remove(control->engine->loop, &control->watch);
	if (control->watch.fd >= 0) {
		close(control->watch.fd);
	}
	free(control);
}

void control_set_idle_ms(struct control *control, uint64_t idle_ms)
{
	control->idle_ms = idle_ms;
}
