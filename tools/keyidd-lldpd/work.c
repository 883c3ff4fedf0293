/* What the setter is asked, one thing after the other. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/keyidd-lldpd/agent_private.h"

static void set_port_error(struct agent_port *port, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void set_port_error(struct agent_port *port, const char *format, ...)
{
	char error[AGENT_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	if (strcmp(error, port->error) != 0 && !port->is_closing) {
		agent_say(
			port->agent, LOG_LEVEL_WARNING, "%s: %s; looking again", port->name, error);
	}
	memcpy(port->error, error, sizeof(error));
}

static void look_again_later(struct agent *agent)
{
	if (agent->recheck.place == 0) {
		loop_timer_set(agent->loop, &agent->recheck, clock_mono_ms() + AGENT_RECHECK_MS);
	}
}

/* Until lldpd manages it, or sends there: then from the beginning. */
static void close_port(struct agent_port *port)
{
	lldpctl_atom_dec_ref(port->atom);
	port->atom = NULL;
	port->newest_len = 0;
	port->sending_len = 0;
	look_again_later(port->agent);
}

/* ---- which interfaces lldpd manages ---------------------------------------------------------- */

static void note_listed(void *ctx, lldpctl_atom_t *interface)
{
	const char *name = lldpctl_atom_get_str(interface, lldpctl_k_interface_name);
	struct agent_port *port = name ? agent_find(ctx, name) : NULL;

	if (port && !port->listed) {
		lldpctl_atom_inc_ref(interface);
		port->listed = interface;
	}
}

static int do_list(struct agent *agent)
{
	lldpctl_atom_t *list = lldpctl_get_interfaces(agent->setter.ctl);

	if (!list) {
		return conn_outcome(&agent->setter);
	}
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		lldpctl_atom_dec_ref(port->listed);
		port->listed = NULL;
	}
	atom_for_each(list, note_listed, agent);
	lldpctl_atom_dec_ref(list);
	for (struct agent_port *port = agent->ports; port; port = port->next) {
		port->read_due |= port->listed && !port->atom;
		if (!port->listed) {
			set_port_error(port, "lldpd does not manage this interface");
			port->has_tlvs = false;
			close_port(port);
		}
	}
	agent->list_due = false;
	return 0;
}

/* ---- a port ---------------------------------------------------------------------------------- */

void agent_hear(struct agent_port *port, lldpctl_atom_t *neighbour)
{
	const struct agent *agent = port->agent;
	uint8_t message[MESSAGE_MAX_RAW];
	size_t len;

	if (!port->is_closing && tlv_join(&agent->format, neighbour, message, &len)) {
		agent->user.heard(agent->user.ctx, port->name, message, len);
	}
}

static void hear(void *ctx, lldpctl_atom_t *neighbour)
{
	agent_hear(ctx, neighbour);
}

/* As it should be, until somebody has changed it with lldpcli. */
static bool sends_and_receives(struct agent_port *port)
{
	const char *status = lldpctl_atom_get_str(port->atom, lldpctl_k_port_status);

	if (status && strcmp(status, "RX and TX") == 0) {
		return true;
	}
	set_port_error(port, "the status of this interface in lldpd is \"%.40s\", not rx-and-tx",
		status ? status : "");
	return false;
}

static int do_read(struct agent_port *port)
{
	lldpctl_atom_t *atom = lldpctl_get_port(port->listed), *neighbours;

	if (!atom) {
		return conn_outcome(&port->agent->setter);
	}
	lldpctl_atom_dec_ref(port->atom);
	port->atom = atom;
	port->read_due = false;
	if (port->is_closing) {
		return 0;
	}
	if (!sends_and_receives(port)) {
		close_port(port);
		return 0;
	}
	if (port->error[0]) {
		port->error[0] = '\0';
		agent_say(port->agent, LOG_LEVEL_NOTICE, "%s: lldpd manages it again", port->name);
	}
	neighbours = lldpctl_atom_get(port->atom, lldpctl_k_port_neighbors);
	atom_for_each(neighbours, hear, port);
	lldpctl_atom_dec_ref(neighbours);
	port->agent->user.opened(port->agent->user.ctx, port->name);
	return 0;
}

/* ---- our TLVs -------------------------------------------------------------------------------- */

static size_t part_len(const struct agent_port *port)
{
	size_t left = port->sending_len - port->sent_len;

	return left < LLDP_PART_MAX ? left : LLDP_PART_MAX;
}

/* The TLV is kept until it has been taken: liblldpctl knows a request by it. */
static int give(struct agent_port *port, enum tlv_op op, const uint8_t *octets, size_t len)
{
	struct agent *agent = port->agent;

	if (!port->tlv.item && !tlv_make(&port->tlv, port->atom, &agent->format, op, octets, len)) {
		return -ENOMEM;
	}
	if (!lldpctl_atom_set(port->atom, lldpctl_k_custom_tlv, port->tlv.item)) {
		return conn_outcome(&agent->setter);
	}
	tlv_free(&port->tlv);
	agent->retry_ms = AGENT_RETRY_MIN_MS;
	if (agent->said[0]) {
		agent->said[0] = '\0';
		agent_say(agent, LOG_LEVEL_NOTICE, "lldpd at %s takes our TLVs again", agent->path);
	}
	return 0;
}

static int do_set(struct agent_port *port)
{
	size_t len = part_len(port);
	int rc = give(port, port->sent_len == 0 ? TLV_REPLACE : TLV_ADD,
		port->sending + port->sent_len, len);

	if (rc == 0) {
		port->sent_len += len;
		port->sending_len = port->sent_len < port->sending_len ? port->sending_len : 0;
	}
	return rc;
}

static int do_remove(struct agent_port *port)
{
	int rc = give(port, TLV_REMOVE, NULL, 0);

	if (rc == 0) {
		port->has_tlvs = false;
		port->sending_len = 0;
	}
	return rc;
}

/* A message that has been begun is finished, so that one gets through however many there are. */
static void take_newest(struct agent_port *port)
{
	if (port->sending_len == 0) {
		memcpy(port->sending, port->newest, port->newest_len);
		port->sending_len = port->newest_len;
		port->sent_len = 0;
		port->newest_len = 0;
	}
	port->has_tlvs = true;
}

/* ---- one after the other --------------------------------------------------------------------- */

static enum agent_task wanted(const struct agent_port *port)
{
	if (port->listed && port->read_due) {
		return AGENT_TASK_READ;
	}
	if (!port->atom) {
		return AGENT_TASK_NONE;
	}
	if (port->is_closing) {
		return AGENT_TASK_REMOVE;
	}
	return port->sending_len + port->newest_len > 0 ? AGENT_TASK_SET : AGENT_TASK_NONE;
}

static void move_to_end(struct agent *agent, struct agent_port *port)
{
	struct agent_port **at = &agent->ports;

	while (*at) {
		if (*at == port) {
			*at = port->next;
		} else {
			at = &(*at)->next;
		}
	}
	port->next = NULL;
	*at = port;
}

/* Each port in its turn. */
static struct agent_port *next_port(const struct agent *agent)
{
	struct agent_port *port = agent->ports;

	while (port && wanted(port) == AGENT_TASK_NONE) {
		port = port->next;
	}
	return port;
}

static bool begin(struct agent *agent)
{
	struct agent_port *port = agent->list_due ? NULL : next_port(agent);

	if (!port && !agent->list_due) {
		return false;
	}
	agent->task = port ? wanted(port) : AGENT_TASK_LIST;
	agent->task_port = port;
	if (agent->task == AGENT_TASK_SET) {
		take_newest(port);
	}
	loop_timer_set(agent->loop, &agent->answer, clock_mono_ms() + AGENT_ANSWER_MS);
	return true;
}

static int go_on(struct agent *agent)
{
	switch (agent->task) {
	case AGENT_TASK_LIST:
		return do_list(agent);
	case AGENT_TASK_READ:
		return do_read(agent->task_port);
	case AGENT_TASK_SET:
		return do_set(agent->task_port);
	case AGENT_TASK_REMOVE:
		return do_remove(agent->task_port);
	case AGENT_TASK_NONE:
		break;
	}
	return 0;
}

static void end(struct agent *agent)
{
	if (agent->task_port) {
		move_to_end(agent, agent->task_port);
	}
	agent->task = AGENT_TASK_NONE;
	agent->task_port = NULL;
	loop_timer_stop(agent->loop, &agent->answer);
	agent_sweep(agent);
	agent_report(agent);
}

/* liblldpctl cannot tell a refusal from an answer of another kind, and goes no further. */
static void refused(struct agent *agent, int error)
{
	if (error == -EPROTO && agent->task_port) {
		agent_fail(agent, "lldpd at %s refuses what it is asked of %s", agent->path,
			agent->task_port->name);
	} else {
		agent_lost(agent, error);
	}
}

/* Ends, for every task needs an answer, which has not come when it is begun. */
void agent_work(struct agent *agent)
{
	while (agent->state == AGENT_STATE_UP && (agent->task || begin(agent))) {
		int rc = go_on(agent);

		if (rc == -EAGAIN) {
			return;
		}
		if (rc != 0) {
			refused(agent, rc);
			return;
		}
		end(agent);
	}
}
