#include "netconf/wpa_control.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netconf/deadline.h"

/* ---- the socket ------------------------------------------------------------------------------ */

static int explain_connect(const struct wpa_control *control, int error, struct problem *problem)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return problem_set(problem, APPLIER_ERROR_UNREACHABLE,
			"%s is not there: start wpa_supplicant on that interface, with "
			"ctrl_interface= that folder",
			control->path);
	case ECONNREFUSED:
		return problem_set(problem, APPLIER_ERROR_UNREACHABLE,
			"%s: wpa_supplicant has ended: start it", control->path);
	case EACCES:
	case EPERM:
		return problem_set(problem, APPLIER_ERROR_LOGIN,
			"%s: may not be used: run keyidd in the group of its ctrl_interface",
			control->path);
	case EPROTOTYPE:
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s: not wpa_supplicant's control socket", control->path);
	default:
		return problem_set(problem, APPLIER_ERROR_UNREACHABLE, "%s: %s", control->path,
			strerrordesc_np(error));
	}
}

/* wpa_supplicant's folder is of its group, and may be written by it: by root's, if none was named.
 */
static int check_owner(const struct wpa_control *control, const char *path, struct problem *problem)
{
	struct stat status;
	bool shared, group_trusted;

	if (stat(path, &status) < 0) {
		return 0; /* connect(2) says why */
	}
	shared = S_ISSOCK(status.st_mode) || status.st_mode & S_ISVTX;
	group_trusted = status.st_gid == 0 || status.st_gid == getegid();
	if ((status.st_uid == 0 || status.st_uid == geteuid()) &&
		(shared || (!(status.st_mode & S_IWOTH) &&
				   (group_trusted || !(status.st_mode & S_IWGRP))))) {
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: others than root may replace %s, and would be given the keys: chown it, or "
		"chmod go-w",
		control->path, path);
}

/* Who can put a socket at this path can have the keys. */
static int check_path(const struct wpa_control *control, struct problem *problem)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash = path;

	snprintf(path, sizeof(path), "%s", control->path);
	while (check_owner(control, path, problem) == 0) {
		slash = strrchr(path, '/');
		if (slash == path && path[1] == '\0') {
			return 0;
		}
		slash[slash == path ? 1 : 0] = '\0';
	}
	return -1;
}

/*
 * The kernel gives the socket a name that is no file (unix(7), autobind), by which
 * wpa_supplicant answers, and which goes with it.
 */
static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0) {
		return errno;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

int wpa_control_open(struct wpa_control *control, struct problem *problem)
{
	int error;

	if (check_path(control, problem) < 0) {
		return -1;
	}
	control->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->fd < 0) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "socket: %m");
	}
	error = connect_to(control->fd, control->path);
	if (error != 0) {
		wpa_control_close(control);
		return explain_connect(control, error, problem);
	}
	return 0;
}

void wpa_control_close(struct wpa_control *control)
{
	if (control->fd >= 0) {
		close(control->fd);
	}
	control->fd = -1;
}

/* ---- a request ------------------------------------------------------------------------------- */

static int explain_lost(
	const struct wpa_control *control, const char *what, int error, struct problem *problem)
{
	if (error == ECANCELED) {
		return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST, "interrupted");
	}
	if (error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN || error == EPIPE) {
		return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST,
			"%s: wpa_supplicant has ended before it answered %s", control->path, what);
	}
	return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST, "%s: %s: %s", control->path,
		what, strerrordesc_np(error));
}

static int wait_for(struct wpa_control *control, const char *what, short events,
	uint64_t deadline_ms, struct problem *problem)
{
	int rc = deadline_wait_fd(control->fd, events, control->wake_fd, deadline_ms);

	if (rc < 0) {
		return explain_lost(control, what, -rc, problem);
	}
	return rc > 0 ? 0
		      : problem_set(problem, APPLIER_ERROR_TIMEOUT,
				"%s: no answer to %s within %u ms", control->path, what,
				control->timeout_ms);
}

/* Its queue is full while wpa_supplicant is busy, or hangs. */
static int send_request(struct wpa_control *control, const char *what, const char *request,
	uint64_t deadline_ms, struct problem *problem)
{
	while (send(control->fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			return explain_lost(control, what, errno, problem);
		}
		if (wait_for(control, what, POLLOUT, deadline_ms, problem) < 0) {
			return -1;
		}
	}
	return 0;
}

/* What wpa_supplicant tells of its own accord begins with its level: "<3>CTRL-EVENT-...". */
static bool is_event(const struct wpa_reply *reply)
{
	return reply->text[0] == '<' && isdigit((unsigned char)reply->text[1]);
}

static int check_reply(const struct wpa_control *control, const char *what, size_t len,
	struct wpa_reply *reply, struct problem *problem)
{
	if (len > WPA_REPLY_MAX) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"%s: %zu octets in answer to %s, more than %d", control->path, len, what,
			WPA_REPLY_MAX);
	}
	reply->len = len;
	reply->text[len] = '\0';
	if (len == 0 || strlen(reply->text) != len) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"%s: an answer to %s that is no text", control->path, what);
	}
	return 0;
}

/* Waits before each: what has no end must not outlast its time. */
static int receive(struct wpa_control *control, const char *what, uint64_t deadline_ms,
	struct wpa_reply *reply, struct problem *problem)
{
	ssize_t len;

	do {
		if (wait_for(control, what, POLLIN, deadline_ms, problem) < 0) {
			return -1;
		}
		len = recv(control->fd, reply->text, WPA_REPLY_MAX, MSG_TRUNC);
	} while (len < 0 && (errno == EAGAIN || errno == EINTR));
	return len < 0 ? explain_lost(control, what, errno, problem)
		       : check_reply(control, what, (size_t)len, reply, problem);
}

int wpa_control_ask(struct wpa_control *control, const char *what, const char *request,
	struct wpa_reply *reply, struct problem *problem)
{
	uint64_t deadline_ms = deadline_now_ms() + control->timeout_ms;

	if (send_request(control, what, request, deadline_ms, problem) < 0) {
		return -1;
	}
	do {
		if (receive(control, what, deadline_ms, reply, problem) < 0) {
			return -1;
		}
	} while (is_event(reply));
	return 0;
}

int wpa_control_order(
	struct wpa_control *control, const char *what, const char *request, struct problem *problem)
{
	struct wpa_reply reply;

	if (wpa_control_ask(control, what, request, &reply, problem) < 0) {
		return -1;
	}
	if (strcmp(reply.text, "OK\n") == 0) {
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_REFUSED, "%s: wpa_supplicant answers %s by %.*s",
		control->path, what, (int)strcspn(reply.text, "\n"), reply.text);
}

int wpa_control_pause(struct wpa_control *control, uint32_t ms, struct problem *problem)
{
	int rc = deadline_wait_fd(-1, 0, control->wake_fd, deadline_now_ms() + ms);

	return rc < 0 ? explain_lost(control, "a pause", -rc, problem) : 0;
}
