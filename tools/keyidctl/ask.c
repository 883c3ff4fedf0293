#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/keyidctl/ctl.h"

#define ANSWER_S 10 /* the daemon answers within milliseconds, unless it is asked to wait */
#define ANSWER_MAX (64 * 1024 * 1024)

/* An argument that is no UTF-8 names no association: let the daemon say so. */
static void add_name(json_t *request, const char *member, const char *name)
{
	if (name) {
		json_t *text = json_string(name);

		json_object_set_new(request, member, text ? text : json_string("?"));
	}
}

json_t *ctl_request(const struct ctl *ctl, const char *command)
{
	json_t *request = json_pack("{s:s}", "command", command);

	add_name(request, "association", ctl->association);
	add_name(request, "sae", ctl->sae);
	return request;
}

static int unreachable(const char *path, int error)
{
	switch (error) {
	case ENOENT:
		complain("keyidd is not running: no socket at %s", path);
		break;
	case ECONNREFUSED:
		complain("keyidd is not running: nobody listens at %s", path);
		break;
	case EACCES:
	case EPERM:
		complain("permission denied at %s: run as root", path);
		break;
	default:
		complain("%s: %s", path, strerror(error));
		break;
	}
	return CTL_UNREACHABLE;
}

/* Returns the descriptor, or -1 with errno set. */
static int open_socket(const char *path, int wait_s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_S + wait_s };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/*
 * Sends the request as a line. If that fails, the daemon may have said why before
 * it hung up: receiving tells.
 */
static void send_request(int fd, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);

	if (line) {
		size_t len = strlen(line);
		ssize_t sent;

		line[len] = '\n'; /* in place of the terminator */
		sent = send(fd, line, len + 1, MSG_NOSIGNAL);
		(void)sent;
	}
	free(line);
}

/* Reads up to the newline. Returns the answer, or NULL with *error set, 0 for an end too early. */
static json_t *receive_answer(int fd, int *error)
{
	size_t len = 0, max = 65536;
	char *text = malloc(max);
	json_t *answer = NULL;
	ssize_t got = 0;

	while (text && len < ANSWER_MAX && (len == 0 || text[len - 1] != '\n')) {
		if (len == max) {
			char *more = realloc(text, max *= 2);

			if (!more) {
				break;
			}
			text = more;
		}
		got = recv(fd, text + len, max - len, 0);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			break;
		}
		len += (size_t)got;
	}
	*error = got < 0 ? errno : 0;
	if (text && len > 0 && text[len - 1] == '\n') {
		answer = json_loadb(text, len, 0, NULL);
	}
	free(text);
	return answer;
}

static int no_answer(const char *path, int error)
{
	if (error == EAGAIN) {
		complain("keyidd does not answer at %s", path);
	} else if (error == 0 || error == ECONNRESET) {
		complain("keyidd has closed the connection without an answer");
	} else {
		complain("%s: %s", path, strerror(error));
	}
	return CTL_UNREACHABLE;
}

int ctl_ask(const struct ctl *ctl, json_t *request, int wait_s, json_t **result)
{
	int fd = open_socket(ctl->socket, wait_s);
	int status = CTL_OK, error = errno;
	json_t *answer;

	*result = NULL;
	if (fd < 0) {
		json_decref(request);
		return unreachable(ctl->socket, error);
	}
	send_request(fd, request);
	json_decref(request);
	answer = receive_answer(fd, &error);
	close(fd);
	if (!json_is_boolean(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return no_answer(ctl->socket, error);
	}
	*result = json_incref(json_object_get(answer, "result"));
	if (!json_is_true(json_object_get(answer, "ok"))) {
		complain("%s", text_of(answer, "error"));
		status = CTL_NO;
	}
	json_decref(answer);
	return status;
}

int ctl_show(
	const struct ctl *ctl, json_t *request, int wait_s, void (*print)(const json_t *result))
{
	json_t *result;
	int status = ctl_ask(ctl, request, wait_s, &result);

	if (result && ctl->json) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (result) {
		print(result);
	}
	json_decref(result);
	return status;
}
