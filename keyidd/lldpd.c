#include "keyidd/lldpd.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"
#include "keyidd/lldpd_private.h"

/* ---- connections ----------------------------------------------------------------------------- */

static void close_both(struct lldpd *lldpd)
{
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		lldpd_port_forget(port);
	}
	lldpd_conn_close(&lldpd->watcher);
	lldpd_conn_close(&lldpd->setter);
	loop_timer_stop(lldpd->loop, &lldpd->work);
	loop_timer_stop(lldpd->loop, &lldpd->answer);
	loop_timer_stop(lldpd->loop, &lldpd->recheck);
	lldpd->state = LLDPD_STATE_DOWN;
	lldpd->task = LLDPD_TASK_NONE;
	lldpd->task_port = NULL;
}

void lldpd_fail(struct lldpd *lldpd, const char *format, ...)
{
	char error[LLDPD_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	if (strcmp(error, lldpd->error) != 0) {
		log_write(LOG_LEVEL_WARNING, "lldpd", "%s; trying again", error);
		memcpy(lldpd->error, error, sizeof(error));
	}
	close_both(lldpd);
	loop_timer_set(lldpd->loop, &lldpd->retry, clock_mono_ms() + lldpd->retry_ms);
	lldpd->retry_ms = 2 * lldpd->retry_ms < LLDPD_RETRY_MAX_MS ? 2 * lldpd->retry_ms
								   : LLDPD_RETRY_MAX_MS;
}

/* Nobody listens: what lldpd had of ours is gone with it. */
static void note_absence(struct lldpd *lldpd)
{
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		port->has_tlvs = false;
	}
	lldpd_sweep(lldpd);
}

/* One sentence for all ways of not being there, of which lldpd takes several as it restarts. */
void lldpd_lost(struct lldpd *lldpd, int error)
{
	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		note_absence(lldpd);
		/* fall through */
	case ECONNRESET:
	case EPIPE:
		lldpd_fail(lldpd, "lldpd does not listen at %s", lldpd->path);
		break;
	case EACCES:
		lldpd_fail(lldpd,
			"%s: permission denied; keyidd has to be in the group of this socket: "
			"SupplementaryGroups= in its unit",
			lldpd->path);
		break;
	case EAGAIN:
		lldpd_fail(lldpd, "lldpd at %s does not answer", lldpd->path);
		break;
	case EPROTO:
		lldpd_fail(lldpd, "lldpd at %s gives an answer that liblldpctl does not understand",
			lldpd->path);
		break;
	default:
		lldpd_fail(lldpd, "lldpd at %s: %s", lldpd->path, strerror(-error));
	}
}

static void lost(void *ctx, int error)
{
	lldpd_lost(ctx, error);
}

static void not_answered(void *ctx)
{
	lldpd_lost(ctx, -EAGAIN);
}

static void expect_answer(struct lldpd *lldpd)
{
	loop_timer_set(lldpd->loop, &lldpd->answer, clock_mono_ms() + LLDPD_ANSWER_MS);
}

/* ---- the watcher ----------------------------------------------------------------------------- */

static void changed(
	lldpctl_change_t change, lldpctl_atom_t *interface, lldpctl_atom_t *neighbour, void *ctx)
{
	const char *name = lldpctl_atom_get_str(interface, lldpctl_k_interface_name);
	struct lldpd_port *port = name ? lldpd_find(ctx, name) : NULL;

	/* A neighbour that is gone has nothing new to say. */
	if (port && change != lldpctl_c_deleted) {
		lldpd_hear(port, neighbour);
	}
}

/* Subscribed before anything is read, so that nothing is missed between the two. */
static void subscribed(struct lldpd *lldpd)
{
	int rc;

	loop_timer_stop(lldpd->loop, &lldpd->answer);
	rc = lldpd_conn_open(&lldpd->setter, lldpd->path);
	if (rc != 0) {
		lldpd_lost(lldpd, rc);
		return;
	}
	lldpd->state = LLDPD_STATE_UP;
	lldpd->list_due = true;
	/* What came with the answer was nobody's to take. */
	while (lldpctl_process_conn_buffer(lldpd->watcher.ctl) == 0) {
	}
	lldpd_work(lldpd);
}

static void subscribe(struct lldpd *lldpd)
{
	int rc = lldpctl_watch_callback2(lldpd->watcher.ctl, changed, lldpd) == 0
			 ? 0
			 : lldpd_conn_outcome(&lldpd->watcher);

	if (rc == 0) {
		subscribed(lldpd);
	} else if (rc != -EAGAIN) {
		lldpd_lost(lldpd, rc);
	}
}

/* Once it has subscribed, changes have been handed over as they came in. */
static void watcher_progress(void *ctx)
{
	struct lldpd *lldpd = ctx;

	if (lldpd->state == LLDPD_STATE_SUBSCRIBING) {
		subscribe(lldpd);
	}
}

static void try_connect(void *ctx)
{
	struct lldpd *lldpd = ctx;
	int rc = lldpd_conn_open(&lldpd->watcher, lldpd->path);

	if (rc != 0) {
		lldpd_lost(lldpd, rc);
		return;
	}
	lldpd->state = LLDPD_STATE_SUBSCRIBING;
	expect_answer(lldpd);
	subscribe(lldpd);
}

/* ---- the setter ------------------------------------------------------------------------------ */

static void work(void *ctx)
{
	lldpd_work(ctx);
}

static void look_again(void *ctx)
{
	struct lldpd *lldpd = ctx;

	lldpd->list_due = true;
	lldpd_work(lldpd);
}

/* ---- ports ----------------------------------------------------------------------------------- */

struct lldpd_port *lldpd_find(const struct lldpd *lldpd, const char *interface)
{
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		if (strcmp(port->name, interface) == 0) {
			return port;
		}
	}
	return NULL;
}

void lldpd_port_forget(struct lldpd_port *port)
{
	lldpd_tlv_free(&port->tlv);
	lldpctl_atom_dec_ref(port->atom);
	lldpctl_atom_dec_ref(port->listed);
	port->atom = NULL;
	port->listed = NULL;
	port->read_due = true;
	port->newest_len = 0;
	port->sending_len = 0;
	port->sent_len = 0;
}

void lldpd_sweep(struct lldpd *lldpd)
{
	struct lldpd_port **at = &lldpd->ports;

	while (*at) {
		struct lldpd_port *port = *at;

		if (port->is_closing && !port->has_tlvs && port != lldpd->task_port) {
			*at = port->next;
			lldpd_port_forget(port);
			free(port);
		} else {
			at = &port->next;
		}
	}
}

static struct lldpd_port *add_port(struct lldpd *lldpd, const char *interface)
{
	struct lldpd_port *port = calloc(1, sizeof(*port));

	if (port) {
		port->lldpd = lldpd;
		strncpy(port->name, interface, sizeof(port->name) - 1);
		port->next = lldpd->ports;
		lldpd->ports = port;
	}
	return port;
}

/* One that is being closed is opened again, after a reload. */
struct lldpd_port *lldpd_port_open(
	struct lldpd *lldpd, const char *interface, const struct lldpd_listener *listener)
{
	struct lldpd_port *port = lldpd_find(lldpd, interface);

	port = port ? port : add_port(lldpd, interface);
	if (!port) {
		return NULL;
	}
	port->listener = *listener;
	port->is_closing = false;
	port->read_due = true;
	if (lldpd->state != LLDPD_STATE_DOWN) {
		lldpd->list_due = true;
		loop_timer_set(lldpd->loop, &lldpd->work, clock_mono_ms());
	} else if (lldpd->retry.place == 0) {
		loop_timer_set(lldpd->loop, &lldpd->retry, clock_mono_ms());
	}
	return port;
}

void lldpd_port_close(struct lldpd_port *port)
{
	if (!port) {
		return;
	}
	port->is_closing = true;
	port->newest_len = 0;
	loop_timer_set(port->lldpd->loop, &port->lldpd->work, clock_mono_ms());
	lldpd_sweep(port->lldpd);
}

int lldpd_port_send(struct lldpd_port *port, const uint8_t *message, size_t len)
{
	if (len > sizeof(port->newest)) {
		return -EMSGSIZE;
	}
	if (!port->atom) {
		return -ENETDOWN;
	}
	memcpy(port->newest, message, len);
	port->newest_len = len;
	/* Not here: who sends may be in the middle of hearing something from liblldpctl. */
	return loop_timer_set(port->lldpd->loop, &port->lldpd->work, clock_mono_ms());
}

const char *lldpd_port_error(const struct lldpd_port *port)
{
	const struct lldpd *lldpd = port->lldpd;

	if (lldpd->state == LLDPD_STATE_UP && port->error[0]) {
		return port->error;
	}
	if (lldpd->error[0]) {
		return lldpd->error;
	}
	return port->atom ? "" : "lldpd has not answered yet";
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What goes wrong is said here in other words; that is for who looks for the reason. */
static void log_library(int severity, const char *text)
{
	if (severity <= (int)LOG_LEVEL_WARNING) {
		log_write(LOG_LEVEL_DEBUG, "lldpd", "liblldpctl: %s", text);
	}
}

struct lldpd *lldpd_new(struct loop *loop, const char *path, const struct lldp_format *format)
{
	struct lldpd *lldpd = calloc(1, sizeof(*lldpd));

	if (!lldpd) {
		return NULL;
	}
	lldpctl_log_callback(log_library);
	lldpd->loop = loop;
	lldpd->format = *format;
	strncpy(lldpd->path, path, sizeof(lldpd->path) - 1);
	lldpd->retry_ms = LLDPD_RETRY_MIN_MS;
	lldpd->watcher = (struct lldpd_conn){
		.loop = loop, .progress = watcher_progress, .lost = lost, .ctx = lldpd
	};
	lldpd->setter =
		(struct lldpd_conn){ .loop = loop, .progress = work, .lost = lost, .ctx = lldpd };
	lldpd->retry = (struct loop_timer){ .fn = try_connect, .ctx = lldpd };
	lldpd->work = (struct loop_timer){ .fn = work, .ctx = lldpd };
	lldpd->answer = (struct loop_timer){ .fn = not_answered, .ctx = lldpd };
	lldpd->recheck = (struct loop_timer){ .fn = look_again, .ctx = lldpd };
	return lldpd;
}

/* The loop has stopped: this is what is left of it. */
static void wait_for_removal(struct lldpd *lldpd)
{
	uint64_t end_ms = clock_mono_ms() + LLDPD_STOP_MS, now_ms;

	lldpd_work(lldpd);
	while (lldpd->state == LLDPD_STATE_UP && lldpd->ports &&
		(now_ms = clock_mono_ms()) < end_ms) {
		struct pollfd fd = { .fd = lldpd->setter.watch.fd,
			.events = lldpd->setter.is_full ? POLLIN | POLLOUT : POLLIN };

		if (poll(&fd, 1, (int)(end_ms - now_ms)) > 0) {
			lldpd_conn_ready(&lldpd->setter, (uint32_t)fd.revents);
		}
	}
}

void lldpd_free(struct lldpd *lldpd)
{
	if (!lldpd) {
		return;
	}
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		port->is_closing = true;
	}
	lldpd_sweep(lldpd);
	if (lldpd->ports && lldpd->state == LLDPD_STATE_UP) {
		wait_for_removal(lldpd);
	}
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		log_write(
			LOG_LEVEL_WARNING, "lldpd", "%s: lldpd may still have our TLV", port->name);
		port->has_tlvs = false;
	}
	close_both(lldpd);
	loop_timer_stop(lldpd->loop, &lldpd->retry);
	lldpd_sweep(lldpd);
	free(lldpd);
}
