/* A connection to lldpd that never waits. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/keyidd-lldpd/agent_private.h"

#define READ_MAX 16384 /* octets in a turn of the loop */

/* ---- what liblldpctl calls ------------------------------------------------------------------- */

static int flush(struct conn *conn)
{
	bool was_full = conn->is_full;

	conn->is_full = false;
	while (conn->out_len > 0 && !conn->is_full) {
		ssize_t sent = send(
			conn->watch.fd, conn->out, conn->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno != EAGAIN) {
			return -errno;
		}
		conn->is_full = sent < 0;
		conn->out_len -= sent < 0 ? 0 : (size_t)sent;
		memmove(conn->out, conn->out + (sent < 0 ? 0 : sent), conn->out_len);
	}
	if (conn->is_full == was_full) {
		return 0;
	}
	return loop_watch_change(
		conn->loop, &conn->watch, conn->is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* A request fits, for the one before has been answered. */
static ssize_t take(lldpctl_conn_t *ctl, const uint8_t *octets, size_t len, void *ctx)
{
	struct conn *conn = ctx;

	(void)ctl;
	if (len > sizeof(conn->out) - conn->out_len) {
		return LLDPCTL_ERR_CALLBACK_FAILURE;
	}
	memcpy(conn->out + conn->out_len, octets, len);
	conn->out_len += len;
	return flush(conn) == 0 ? (ssize_t)len : LLDPCTL_ERR_CALLBACK_FAILURE;
}

/* What comes in is handed over as it comes: lldpctl_recv(). */
static ssize_t give_nothing(lldpctl_conn_t *ctl, const uint8_t *octets, size_t len, void *ctx)
{
	(void)ctl;
	(void)octets;
	(void)len;
	(void)ctx;
	return LLDPCTL_ERR_WOULDBLOCK;
}

/* ---- what the loop calls --------------------------------------------------------------------- */

/* Returns 0, -EAGAIN if there is nothing after all, or another -errno. */
static int receive(struct conn *conn)
{
	uint8_t octets[READ_MAX];
	ssize_t len = recv(conn->watch.fd, octets, sizeof(octets), MSG_DONTWAIT);
	ssize_t kept;

	if (len < 0) {
		return -errno;
	}
	if (len == 0) {
		return -ECONNRESET;
	}
	kept = lldpctl_recv(conn->ctl, octets, (size_t)len);
	return kept < 0 ? -ENOMEM : kept > AGENT_INPUT_MAX ? -EPROTO : 0;
}

void conn_ready(struct conn *conn, uint32_t events)
{
	int rc = events & EPOLLOUT ? flush(conn) : 0;

	if (rc == 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		rc = receive(conn);
		if (rc == 0) {
			conn->progress(conn->ctx);
			return;
		}
	}
	if (rc != 0 && rc != -EAGAIN && rc != -EINTR) {
		conn->lost(conn->ctx, rc);
	}
}

static void ready(void *ctx, uint32_t events)
{
	conn_ready(ctx, events);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Of a Unix socket: done at once, or refused; -EAGAIN if lldpd does not accept the ones before. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0) {
		return -errno;
	}
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		return fd;
	}
	rc = -errno;
	close(fd);
	return rc;
}

int conn_open(struct conn *conn, const char *path)
{
	int fd = connect_to(path);

	if (fd < 0) {
		return fd;
	}
	conn->watch = (struct loop_watch){ .fd = fd, .ready = ready, .ctx = conn };
	conn->is_full = false;
	conn->out_len = 0;
	conn->ctl = lldpctl_new_name(path, take, give_nothing, conn);
	if (conn->ctl && loop_watch_add(conn->loop, &conn->watch, EPOLLIN) == 0) {
		return 0;
	}
	lldpctl_release(conn->ctl);
	conn->ctl = NULL;
	close(fd);
	return -ENOMEM;
}

void conn_close(struct conn *conn)
{
	if (!conn->ctl) {
		return;
	}
	loop_watch_remove(conn->loop, &conn->watch);
	close(conn->watch.fd);
	lldpctl_release(conn->ctl);
	conn->ctl = NULL;
}

int conn_outcome(const struct conn *conn)
{
	switch (lldpctl_last_error(conn->ctl)) {
	case LLDPCTL_NO_ERROR:
		return 0;
	case LLDPCTL_ERR_WOULDBLOCK:
		return -EAGAIN;
	case LLDPCTL_ERR_NOMEM:
		return -ENOMEM;
	case LLDPCTL_ERR_CALLBACK_FAILURE: /* in sending */
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}
