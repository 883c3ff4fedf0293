#include "keyidd/lldpd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"
#include "keyidd/lldpd_packet.h"
#include "keyidd/lldpd_process.h"

#define RECEIVE_BUDGET 64 /* packets in a turn of the loop */

struct lldpd_port {
	struct lldpd *lldpd;
	struct lldpd_port *next;
	char name[IFNAMSIZ];
	struct lldpd_listener listener;
	bool open_due;   /* keyidd-lldpd does not know of it yet */
	bool is_closing; /* the same of its end; then it is freed */
	bool is_open;    /* by its word */
	char error[LLDPD_TEXT_MAX];
	uint8_t newest[MESSAGE_MAX_LLDPD];
	size_t newest_len; /* 0 = it has been handed over */
};

struct lldpd {
	struct loop *loop;
	struct lldpd_process process;
	struct loop_watch watch; /* of its channel, while it runs */
	bool is_full;            /* the channel is */
	struct loop_timer restart;
	uint64_t started_ms, retry_ms;
	char error[LLDPD_TEXT_MAX]; /* why it does not run; "" = it does, or need not */
	struct lldpd_port *ports;
};

/* ---- to keyidd-lldpd ------------------------------------------------------------------------- */

static int tell(struct lldpd *lldpd, enum lldpd_packet_type type, const char *interface,
	const uint8_t *octets, size_t len)
{
	struct lldpd_packet packet = lldpd_packet(type, interface);

	lldpd_packet_add(&packet, octets, len);
	return lldpd_packet_send(lldpd->watch.fd, &packet, MSG_DONTWAIT);
}

/* What cannot be said now is due still. */
static int tell_of(struct lldpd *lldpd, struct lldpd_port *port)
{
	int rc = 0;

	if (port->is_closing) {
		return tell(lldpd, LLDPD_PACKET_CLOSE, port->name, NULL, 0);
	}
	if (port->open_due) {
		rc = tell(lldpd, LLDPD_PACKET_OPEN, port->name, NULL, 0);
		port->open_due = rc != 0;
	}
	if (rc == 0 && port->newest_len > 0) {
		rc = tell(lldpd, LLDPD_PACKET_SEND, port->name, port->newest, port->newest_len);
		port->newest_len = rc != 0 ? port->newest_len : 0;
	}
	return rc;
}

/* If it cannot take all now, the loop says when; if it has ended, the channel does. */
static void tell_news(struct lldpd *lldpd)
{
	struct lldpd_port **at = &lldpd->ports;
	int rc = 0;

	if (!lldpd->watch.added) {
		return;
	}
	while (*at && rc == 0) {
		struct lldpd_port *port = *at;

		rc = tell_of(lldpd, port);
		if (rc == 0 && port->is_closing) {
			*at = port->next;
			free(port);
		} else {
			at = &port->next;
		}
	}
	if (lldpd->is_full != (rc == -EAGAIN)) {
		lldpd->is_full = rc == -EAGAIN;
		loop_watch_change(
			lldpd->loop, &lldpd->watch, lldpd->is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
	}
}

/* ---- from keyidd-lldpd ----------------------------------------------------------------------- */

static struct lldpd_port *find(const struct lldpd *lldpd, const char *interface)
{
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		if (strcmp(port->name, interface) == 0) {
			return port;
		}
	}
	return NULL;
}

static void note_error(struct lldpd_port *port, const struct lldpd_packet *packet)
{
	lldpd_packet_text(packet, 0, port->error);
	if (port->error[0]) {
		port->is_open = false;
		port->newest_len = 0;
	}
}

static void log_line(const struct lldpd_packet *packet)
{
	char text[LLDPD_TEXT_MAX];
	unsigned level = packet->len > 0 ? packet->octets[0] : LOG_LEVEL_DEBUG;

	lldpd_packet_text(packet, 1, text);
	log_write(level < LOG_LEVEL_ERROR   ? LOG_LEVEL_ERROR
		  : level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG
					    : level,
		"lldpd", "%s", text);
}

/* Returns 0, or -EPROTO for a packet that only we may send. */
static int take(struct lldpd *lldpd, const struct lldpd_packet *packet)
{
	struct lldpd_port *port = find(lldpd, packet->interface);

	if (packet->type == LLDPD_PACKET_LOG) {
		log_line(packet);
		return 0;
	}
	if (!port || port->is_closing) {
		return 0; /* said before it knew */
	}
	switch (packet->type) {
	case LLDPD_PACKET_HEARD:
		port->listener.heard(port->listener.ctx, packet->octets, packet->len);
		return 0;
	case LLDPD_PACKET_OPENED:
		port->is_open = true;
		port->listener.opened(port->listener.ctx);
		return 0;
	case LLDPD_PACKET_ERROR:
		note_error(port, packet);
		return 0;
	case LLDPD_PACKET_OPEN:
	case LLDPD_PACKET_CLOSE:
	case LLDPD_PACKET_SEND:
	case LLDPD_PACKET_LOG:
	case LLDPD_PACKET_TYPES:
		break;
	}
	return -EPROTO;
}

/* Returns 0, or why there will be no more. */
static int receive(struct lldpd *lldpd)
{
	struct lldpd_packet packet;
	int rc = 0;

	for (int i = 0; i < RECEIVE_BUDGET && rc == 0; i++) {
		rc = lldpd_packet_receive(lldpd->watch.fd, &packet);
		rc = rc == 0 ? take(lldpd, &packet) : rc;
	}
	return rc == -EAGAIN ? 0 : rc;
}

/* ---- its life -------------------------------------------------------------------------------- */

/* Says so, once for each reason, and starts it again later. */
static void not_running(struct lldpd *lldpd, const char *why)
{
	if (strcmp(lldpd->error, why) != 0) {
		log_write(LOG_LEVEL_ERROR, "lldpd", "%s; trying again", why);
		snprintf(lldpd->error, sizeof(lldpd->error), "%s", why);
	}
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		port->open_due = true;
		port->is_open = false;
		port->error[0] = '\0';
		port->newest_len = 0;
	}
	loop_timer_set(lldpd->loop, &lldpd->restart, clock_mono_ms() + lldpd->retry_ms);
	lldpd->retry_ms = 2 * lldpd->retry_ms < LLDPD_RETRY_MAX_MS ? 2 * lldpd->retry_ms
								   : LLDPD_RETRY_MAX_MS;
}

static void stop(struct lldpd *lldpd, char why[static LLDPD_TEXT_MAX])
{
	loop_watch_remove(lldpd->loop, &lldpd->watch);
	lldpd_process_stop(&lldpd->process, why);
}

/* For this -errno: -EPROTO if it is we who end it. */
static void ended(struct lldpd *lldpd, int error)
{
	char why[LLDPD_TEXT_MAX];

	if (clock_mono_ms() - lldpd->started_ms > 2 * LLDPD_RETRY_MAX_MS) {
		lldpd->retry_ms = LLDPD_RETRY_MIN_MS;
		lldpd->error[0] = '\0';
	}
	stop(lldpd, why);
	not_running(lldpd, error == -EPROTO ? "keyidd-lldpd says what makes no sense" : why);
}

static void ready(void *ctx, uint32_t events)
{
	struct lldpd *lldpd = ctx;
	int rc = events & ~(uint32_t)EPOLLOUT ? receive(lldpd) : 0;

	if (rc != 0) {
		ended(lldpd, rc);
	} else if (events & EPOLLOUT) {
		tell_news(lldpd);
	}
}

static void start(void *ctx)
{
	struct lldpd *lldpd = ctx;
	char why[LLDPD_TEXT_MAX];

	if (lldpd_process_start(&lldpd->process, why) != 0) {
		not_running(lldpd, why);
		return;
	}
	lldpd->started_ms = clock_mono_ms();
	lldpd->watch.fd = lldpd->process.fd;
	lldpd->is_full = false;
	if (loop_watch_add(lldpd->loop, &lldpd->watch, EPOLLIN) != 0) {
		lldpd_process_stop(&lldpd->process, why);
		not_running(lldpd, "no memory");
		return;
	}
	tell_news(lldpd);
}

struct lldpd *lldpd_new(struct loop *loop, const struct lldpd_config *config)
{
	struct lldpd *lldpd = calloc(1, sizeof(*lldpd));

	if (!lldpd) {
		return NULL;
	}
	lldpd->loop = loop;
	lldpd_process_init(&lldpd->process, config);
	lldpd->watch = (struct loop_watch){ .ready = ready, .ctx = lldpd };
	lldpd->restart = (struct loop_timer){ .fn = start, .ctx = lldpd };
	lldpd->retry_ms = LLDPD_RETRY_MIN_MS;
	return lldpd;
}

void lldpd_free(struct lldpd *lldpd)
{
	uint64_t end_ms = clock_mono_ms() + LLDPD_STOP_MS;
	char why[LLDPD_TEXT_MAX];

	if (!lldpd) {
		return;
	}
	loop_timer_stop(lldpd->loop, &lldpd->restart);
	while (lldpd->ports) {
		struct lldpd_port *next = lldpd->ports->next;

		free(lldpd->ports);
		lldpd->ports = next;
	}
	if (lldpd->watch.added) {
		/* It has to remove what is left, and may have to say why it cannot. */
		lldpd_process_finish(&lldpd->process);
		while (lldpd_process_wait(&lldpd->process, end_ms) && receive(lldpd) == 0) {
		}
		stop(lldpd, why);
	}
	free(lldpd);
}

/* ---- ports ----------------------------------------------------------------------------------- */

struct lldpd_port *lldpd_port_open(
	struct lldpd *lldpd, const char *interface, const struct lldpd_listener *listener)
{
	struct lldpd_port *port = find(lldpd, interface);

	if (!port) {
		port = calloc(1, sizeof(*port));
		if (!port) {
			return NULL;
		}
		port->lldpd = lldpd;
		snprintf(port->name, sizeof(port->name), "%s", interface);
		port->next = lldpd->ports;
		lldpd->ports = port;
	}
	port->listener = *listener;
	port->is_closing = false;
	port->is_open = false;
	port->error[0] = '\0';
	port->open_due = true;
	if (!lldpd->watch.added && lldpd->restart.place == 0) {
		loop_timer_set(lldpd->loop, &lldpd->restart, clock_mono_ms());
	}
	tell_news(lldpd);
	return port;
}

void lldpd_port_close(struct lldpd_port *port)
{
	if (port) {
		port->is_closing = true;
		tell_news(port->lldpd);
	}
}

int lldpd_port_send(struct lldpd_port *port, const uint8_t *message, size_t len)
{
	if (len > sizeof(port->newest)) {
		return -EMSGSIZE;
	}
	if (!port->is_open) {
		return -ENETDOWN;
	}
	memcpy(port->newest, message, len);
	port->newest_len = len;
	tell_news(port->lldpd);
	return 0;
}

const char *lldpd_port_error(const struct lldpd_port *port)
{
	if (port->lldpd->error[0] && !port->lldpd->watch.added) {
		return port->lldpd->error;
	}
	if (port->error[0]) {
		return port->error;
	}
	return port->is_open ? "" : "lldpd has not answered yet";
}
