#include "tools/keyidd-lldpd/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "tools/keyidd-lldpd/agent_private.h"

/* ---- what the user is told ------------------------------------------------------------------- */

void agent_say(const struct agent *agent, enum log_level level, const char *format, ...)
{
	char line[AGENT_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	agent->user.said(agent->user.ctx, level, line);
}

void agent_report(struct agent *agent)
{
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		const char *error = agent->state == AGENT_STATE_UP ? port->error : agent->error;

		if (!port->is_closing && strcmp(error, port->reported) != 0) {
			snprintf(port->reported, sizeof(port->reported), "%s", error);
			agent->user.failed(agent->user.ctx, port->name, error);
		}
	}
}

/* ---- connections ----------------------------------------------------------------------------- */

static void close_both(struct agent *agent)
{
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		agent_port_forget(port);
	}
	conn_close(&agent->watcher);
	conn_close(&agent->setter);
	loop_timer_stop(agent->loop, &agent->work);
	loop_timer_stop(agent->loop, &agent->answer);
	loop_timer_stop(agent->loop, &agent->recheck);
	agent->state = AGENT_STATE_DOWN;
	agent->task = AGENT_TASK_NONE;
	agent->task_port = NULL;
}

void agent_fail(struct agent *agent, const char *format, ...)
{
	char error[AGENT_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	if (strcmp(error, agent->said) != 0) {
		memcpy(agent->said, error, sizeof(error));
		agent_say(agent, LOG_LEVEL_WARNING, "%s; trying again", error);
	}
	memcpy(agent->error, error, sizeof(error));
	close_both(agent);
	agent_report(agent);
	loop_timer_set(agent->loop, &agent->retry, clock_mono_ms() + agent->retry_ms);
	agent->retry_ms = 2 * agent->retry_ms < AGENT_RETRY_MAX_MS ? 2 * agent->retry_ms
								   : AGENT_RETRY_MAX_MS;
}

/* Nobody listens: what lldpd had of ours is gone with it. */
static void note_absence(struct agent *agent)
{
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		port->has_tlvs = false;
	}
	agent_sweep(agent);
}

/* One sentence for all ways of not being there, of which lldpd takes several as it restarts. */
void agent_lost(struct agent *agent, int error)
{
	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		note_absence(agent);
		/* fall through */
	case ECONNRESET:
	case EPIPE:
		agent_fail(agent, "lldpd does not listen at %s", agent->path);
		break;
	case EACCES:
		agent_fail(agent,
			"%s: permission denied; keyidd has to be in the group of this socket: "
			"SupplementaryGroups= in its unit",
			agent->path);
		break;
	case EAGAIN:
		agent_fail(agent, "lldpd at %s does not answer", agent->path);
		break;
	case EPROTO:
		agent_fail(agent, "lldpd at %s gives an answer that liblldpctl does not understand",
			agent->path);
		break;
	default:
		agent_fail(agent, "lldpd at %s: %s", agent->path, strerror(-error));
	}
}

static void lost(void *ctx, int error)
{
	agent_lost(ctx, error);
}

static void not_answered(void *ctx)
{
	agent_lost(ctx, -EAGAIN);
}

static void expect_answer(struct agent *agent)
{
	loop_timer_set(agent->loop, &agent->answer, clock_mono_ms() + AGENT_ANSWER_MS);
}

/* ---- the watcher ----------------------------------------------------------------------------- */

static void changed(
	lldpctl_change_t change, lldpctl_atom_t *interface, lldpctl_atom_t *neighbour, void *ctx)
{
	const char *name = lldpctl_atom_get_str(interface, lldpctl_k_interface_name);
	struct agent_port *port = name ? agent_find(ctx, name) : NULL;

	/* A neighbour that is gone has nothing new to say. */
	if (port && change != lldpctl_c_deleted) {
		agent_hear(port, neighbour);
	}
}

/* Subscribed before anything is read, so that nothing is missed between the two. */
static void subscribed(struct agent *agent)
{
	int rc;

	loop_timer_stop(agent->loop, &agent->answer);
	rc = conn_open(&agent->setter, agent->path);
	if (rc != 0) {
		agent_lost(agent, rc);
		return;
	}
	agent->state = AGENT_STATE_UP;
	agent->list_due = true;
	/* What came with the answer was nobody's to take. */
	while (lldpctl_process_conn_buffer(agent->watcher.ctl) == 0) {
	}
	agent_work(agent);
}

static void subscribe(struct agent *agent)
{
	int rc = lldpctl_watch_callback2(agent->watcher.ctl, changed, agent) == 0
			 ? 0
			 : conn_outcome(&agent->watcher);

	if (rc == 0) {
		subscribed(agent);
	} else if (rc != -EAGAIN) {
		agent_lost(agent, rc);
	}
}

/* Once it has subscribed, changes have been handed over as they came in. */
static void watcher_progress(void *ctx)
{
	struct agent *agent = ctx;

	if (agent->state == AGENT_STATE_SUBSCRIBING) {
		subscribe(agent);
	}
}

static void try_connect(void *ctx)
{
	struct agent *agent = ctx;
	int rc = conn_open(&agent->watcher, agent->path);

	if (rc != 0) {
		agent_lost(agent, rc);
		return;
	}
	agent->state = AGENT_STATE_SUBSCRIBING;
	expect_answer(agent);
	subscribe(agent);
}

/* ---- the setter ------------------------------------------------------------------------------ */

static void work(void *ctx)
{
	agent_work(ctx);
}

static void look_again(void *ctx)
{
	struct agent *agent = ctx;

	agent->list_due = true;
	agent_work(agent);
}

/* ---- ports ----------------------------------------------------------------------------------- */

struct agent_port *agent_find(const struct agent *agent, const char *interface)
{
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		if (strcmp(port->name, interface) == 0) {
			return port;
		}
	}
	return NULL;
}

void agent_port_forget(struct agent_port *port)
{
	tlv_free(&port->tlv);
	lldpctl_atom_dec_ref(port->atom);
	lldpctl_atom_dec_ref(port->listed);
	port->atom = NULL;
	port->listed = NULL;
	port->read_due = true;
	port->newest_len = 0;
	port->sending_len = 0;
	port->sent_len = 0;
}

void agent_sweep(struct agent *agent)
{
	struct agent_port **at = &agent->ports;

	while (*at) {
		struct agent_port *port = *at;

		if (port->is_closing && !port->has_tlvs && port != agent->task_port) {
			*at = port->next;
			agent_port_forget(port);
			free(port);
		} else {
			at = &port->next;
		}
	}
}

/* Opened or not: that is for the caller to say. */
static struct agent_port *find_or_add(struct agent *agent, const char *interface)
{
	struct agent_port *port = agent_find(agent, interface);

	if (port) {
		return port;
	}
	port = calloc(1, sizeof(*port));
	if (port) {
		port->agent = agent;
		snprintf(port->name, sizeof(port->name), "%s", interface);
		port->read_due = true;
		port->next = agent->ports;
		agent->ports = port;
	}
	return port;
}

/* Connects, or has the setter look whether lldpd manages what is new. */
static void look_soon(struct agent *agent)
{
	if (agent->state != AGENT_STATE_DOWN) {
		agent->list_due = true;
		loop_timer_set(agent->loop, &agent->work, clock_mono_ms());
	} else if (agent->retry.place == 0) {
		loop_timer_set(agent->loop, &agent->retry, clock_mono_ms());
	}
}

/* Whoever opens it, perhaps again, is to hear everything. */
int agent_open(struct agent *agent, const char *interface)
{
	struct agent_port *port = find_or_add(agent, interface);

	if (!port) {
		return -ENOMEM;
	}
	port->is_closing = false;
	port->read_due = true;
	port->reported[0] = '\0';
	agent_report(agent);
	look_soon(agent);
	return 0;
}

int agent_close(struct agent *agent, const char *interface)
{
	struct agent_port *port = agent_find(agent, interface);
	bool is_unknown = !port;

	port = find_or_add(agent, interface);
	if (!port) {
		return -ENOMEM;
	}
	port->has_tlvs |= is_unknown;
	port->is_closing = true;
	port->newest_len = 0;
	agent_sweep(agent);
	look_soon(agent);
	return 0;
}

void agent_send(struct agent *agent, const char *interface, const uint8_t *message, size_t len)
{
	struct agent_port *port = agent_find(agent, interface);

	if (!port || port->is_closing || !port->atom || len == 0 || len > sizeof(port->newest)) {
		return;
	}
	memcpy(port->newest, message, len);
	port->newest_len = len;
	/* Not here: who sends may be in the middle of hearing something from liblldpctl. */
	loop_timer_set(agent->loop, &agent->work, clock_mono_ms());
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What goes wrong is said here in other words. */
static void ignore_library(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

struct agent *agent_new(struct loop *loop, const char *path, const struct lldp_format *format,
	const struct agent_user *user)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent) {
		return NULL;
	}
	lldpctl_log_callback(ignore_library);
	agent->loop = loop;
	agent->format = *format;
	agent->user = *user;
	snprintf(agent->path, sizeof(agent->path), "%s", path);
	agent->retry_ms = AGENT_RETRY_MIN_MS;
	agent->watcher = (struct conn){
		.loop = loop, .progress = watcher_progress, .lost = lost, .ctx = agent
	};
	agent->setter = (struct conn){ .loop = loop, .progress = work, .lost = lost, .ctx = agent };
	agent->retry = (struct loop_timer){ .fn = try_connect, .ctx = agent };
	agent->work = (struct loop_timer){ .fn = work, .ctx = agent };
	agent->answer = (struct loop_timer){ .fn = not_answered, .ctx = agent };
	agent->recheck = (struct loop_timer){ .fn = look_again, .ctx = agent };
	return agent;
}

/* The loop has stopped: this is what is left of it. */
static void wait_for_removal(struct agent *agent)
{
	uint64_t end_ms = clock_mono_ms() + AGENT_STOP_MS, now_ms;

	agent_work(agent);
	while (agent->state == AGENT_STATE_UP && agent->ports &&
		(now_ms = clock_mono_ms()) < end_ms) {
		struct pollfd fd = { .fd = agent->setter.watch.fd,
			.events = agent->setter.is_full ? POLLIN | POLLOUT : POLLIN };

		if (poll(&fd, 1, (int)(end_ms - now_ms)) > 0) {
			conn_ready(&agent->setter, (uint32_t)fd.revents);
		}
	}
}

void agent_free(struct agent *agent)
{
	if (!agent) {
		return;
	}
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		port->is_closing = true;
	}
	agent_sweep(agent);
	if (agent->ports && agent->state == AGENT_STATE_UP) {
		wait_for_removal(agent);
	}
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		agent_say(agent, LOG_LEVEL_WARNING, "%s: lldpd may still have our TLV", port->name);
		port->has_tlvs = false;
	}
	close_both(agent);
	loop_timer_stop(agent->loop, &agent->retry);
	agent_sweep(agent);
	free(agent);
}
