/* What the setter is asked, one thing after the other. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "keyidd/lldpd_private.h"

static void set_port_error(struct lldpd_port *port, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void set_port_error(struct lldpd_port *port, const char *format, ...)
{
	char error[LLDPD_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	if (strcmp(error, port->error) != 0 && !port->is_closing) {
		log_write(LOG_LEVEL_WARNING, "lldpd", "%s: %s; looking again", port->name, error);
	}
	memcpy(port->error, error, sizeof(error));
}

static void look_again_later(struct lldpd *lldpd)
{
	if (lldpd->recheck.place == 0) {
		loop_timer_set(lldpd->loop, &lldpd->recheck, clock_mono_ms() + LLDPD_RECHECK_MS);
	}
}

/* ---- which interfaces lldpd manages ---------------------------------------------------------- */

static void note_listed(void *ctx, lldpctl_atom_t *interface)
{
	const char *name = lldpctl_atom_get_str(interface, lldpctl_k_interface_name);
	struct lldpd_port *port = name ? lldpd_find(ctx, name) : NULL;

	if (port && !port->listed) {
		lldpctl_atom_inc_ref(interface);
		port->listed = interface;
	}
}

static int do_list(struct lldpd *lldpd)
{
	lldpctl_atom_t *list = lldpctl_get_interfaces(lldpd->setter.ctl);

	if (!list) {
		return lldpd_conn_outcome(&lldpd->setter);
	}
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		lldpctl_atom_dec_ref(port->listed);
		port->listed = NULL;
	}
	lldpd_for_each(list, note_listed, lldpd);
	lldpctl_atom_dec_ref(list);
	for (struct lldpd_port *port = lldpd->ports; port; port = port->next) {
		port->read_due |= port->listed && !port->atom;
		if (!port->listed) {
			set_port_error(port, "lldpd does not manage this interface");
			lldpctl_atom_dec_ref(port->atom);
			port->atom = NULL;
			port->has_tlvs = false;
			look_again_later(lldpd);
		}
	}
	lldpd->list_due = false;
	return 0;
}

/* ---- a port ---------------------------------------------------------------------------------- */

void lldpd_hear(struct lldpd_port *port, lldpctl_atom_t *neighbour)
{
	uint8_t message[MESSAGE_MAX_RAW];
	size_t len;

	if (!port->is_closing && lldpd_join(&port->lldpd->format, neighbour, message, &len)) {
		port->listener.heard(port->listener.ctx, message, len);
	}
}

static void hear(void *ctx, lldpctl_atom_t *neighbour)
{
	lldpd_hear(ctx, neighbour);
}

/* As it should be, until somebody has changed it with lldpcli. */
static bool sends_and_receives(struct lldpd_port *port)
{
	const char *status = lldpctl_atom_get_str(port->atom, lldpctl_k_port_status);

	if (status && strcmp(status, "RX and TX") == 0) {
		return true;
	}
	set_port_error(port, "the status of this interface in lldpd is \"%.40s\", not rx-and-tx",
		status ? status : "");
	return false;
}

static int do_read(struct lldpd_port *port)
{
	lldpctl_atom_t *atom = lldpctl_get_port(port->listed), *neighbours;

	if (!atom) {
		return lldpd_conn_outcome(&port->lldpd->setter);
	}
	lldpctl_atom_dec_ref(port->atom);
	port->atom = atom;
	port->read_due = false;
	if (port->is_closing) {
		return 0;
	}
	if (!sends_and_receives(port)) {
		lldpctl_atom_dec_ref(port->atom);
		port->atom = NULL;
		look_again_later(port->lldpd);
		return 0;
	}
	if (port->error[0]) {
		port->error[0] = '\0';
		log_write(LOG_LEVEL_NOTICE, "lldpd", "%s: lldpd manages it again", port->name);
	}
	neighbours = lldpctl_atom_get(port->atom, lldpctl_k_port_neighbors);
	lldpd_for_each(neighbours, hear, port);
	lldpctl_atom_dec_ref(neighbours);
	port->listener.opened(port->listener.ctx);
	return 0;
}

/* ---- our TLVs -------------------------------------------------------------------------------- */

static size_t part_len(const struct lldpd_port *port)
{
	size_t left = port->sending_len - port->sent_len;

	return left < LLDP_PART_MAX ? left : LLDP_PART_MAX;
}

/* The TLV is kept until it has been taken: liblldpctl knows a request by it. */
static int give(struct lldpd_port *port, enum lldpd_tlv_op op, const uint8_t *octets, size_t len)
{
	struct lldpd *lldpd = port->lldpd;

	if (!port->tlv.item &&
		!lldpd_tlv_make(&port->tlv, port->atom, &lldpd->format, op, octets, len)) {
		return -ENOMEM;
	}
	if (!lldpctl_atom_set(port->atom, lldpctl_k_custom_tlv, port->tlv.item)) {
		return lldpd_conn_outcome(&lldpd->setter);
	}
	lldpd_tlv_free(&port->tlv);
	lldpd->retry_ms = LLDPD_RETRY_MIN_MS;
	if (lldpd->error[0]) {
		lldpd->error[0] = '\0';
		log_write(
			LOG_LEVEL_NOTICE, "lldpd", "lldpd at %s takes our TLVs again", lldpd->path);
	}
	return 0;
}

static int do_set(struct lldpd_port *port)
{
	size_t len = part_len(port);
	int rc = give(port, port->sent_len == 0 ? LLDPD_TLV_REPLACE : LLDPD_TLV_ADD,
		port->sending + port->sent_len, len);

	if (rc == 0) {
		port->sent_len += len;
		port->sending_len = port->sent_len < port->sending_len ? port->sending_len : 0;
	}
	return rc;
}

static int do_remove(struct lldpd_port *port)
{
	int rc = give(port, LLDPD_TLV_REMOVE, NULL, 0);

	if (rc == 0) {
		port->has_tlvs = false;
		port->sending_len = 0;
	}
	return rc;
}

/* A message that has been begun is finished, so that one gets through however many there are. */
static void take_newest(struct lldpd_port *port)
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

static enum lldpd_task wanted(const struct lldpd_port *port)
{
	if (port->listed && port->read_due) {
		return LLDPD_TASK_READ;
	}
	if (!port->atom) {
		return LLDPD_TASK_NONE;
	}
	if (port->is_closing) {
		return LLDPD_TASK_REMOVE;
	}
	return port->sending_len + port->newest_len > 0 ? LLDPD_TASK_SET : LLDPD_TASK_NONE;
}

static void move_to_end(struct lldpd *lldpd, struct lldpd_port *port)
{
	struct lldpd_port **at = &lldpd->ports;

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
static struct lldpd_port *next_port(const struct lldpd *lldpd)
{
	struct lldpd_port *port = lldpd->ports;

	while (port && wanted(port) == LLDPD_TASK_NONE) {
		port = port->next;
	}
	return port;
}

static bool begin(struct lldpd *lldpd)
{
	struct lldpd_port *port = lldpd->list_due ? NULL : next_port(lldpd);

	if (!port && !lldpd->list_due) {
		return false;
	}
	lldpd->task = port ? wanted(port) : LLDPD_TASK_LIST;
	lldpd->task_port = port;
	if (lldpd->task == LLDPD_TASK_SET) {
		take_newest(port);
	}
	loop_timer_set(lldpd->loop, &lldpd->answer, clock_mono_ms() + LLDPD_ANSWER_MS);
	return true;
}

static int go_on(struct lldpd *lldpd)
{
	switch (lldpd->task) {
	case LLDPD_TASK_LIST:
		return do_list(lldpd);
	case LLDPD_TASK_READ:
		return do_read(lldpd->task_port);
	case LLDPD_TASK_SET:
		return do_set(lldpd->task_port);
	case LLDPD_TASK_REMOVE:
		return do_remove(lldpd->task_port);
	case LLDPD_TASK_NONE:
		break;
	}
	return 0;
}

static void end(struct lldpd *lldpd)
{
	if (lldpd->task_port) {
		move_to_end(lldpd, lldpd->task_port);
	}
	lldpd->task = LLDPD_TASK_NONE;
	lldpd->task_port = NULL;
	loop_timer_stop(lldpd->loop, &lldpd->answer);
	lldpd_sweep(lldpd);
}

/* liblldpctl cannot tell a refusal from an answer of another kind, and goes no further. */
static void refused(struct lldpd *lldpd, int error)
{
	if (error == -EPROTO && lldpd->task_port) {
		lldpd_fail(lldpd, "lldpd at %s refuses what it is asked of %s", lldpd->path,
			lldpd->task_port->name);
	} else {
		lldpd_lost(lldpd, error);
	}
}

/* Ends, for every task needs an answer, which has not come when it is begun. */
void lldpd_work(struct lldpd *lldpd)
{
	while (lldpd->state == LLDPD_STATE_UP && (lldpd->task || begin(lldpd))) {
		int rc = go_on(lldpd);

		if (rc == -EAGAIN) {
			return;
		}
		if (rc != 0) {
			refused(lldpd, rc);
			return;
		}
		end(lldpd);
	}
}
