#include "keyidd/iface_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVE_BUDGET 64 /* frames per interface and turn of the loop */

/* ---- receiving ------------------------------------------------------------------------------ */

static void hand_over(struct iface *iface, enum carrier carrier, uint16_t vlan,
	const struct message_header *header, const uint8_t *message, size_t len)
{
	struct association_link *link = iface_find_link(iface, vlan, header);

	if (!link) {
		iface->counters.unknown_association++;
		return;
	}
	if (!iface_uses(link, carrier)) {
		iface->counters.not_ours++;
		return;
	}
	association_receive(link, carrier, message, len);
}

static void sort(void *ctx, const uint8_t *octets, size_t len)
{
	struct iface *iface = ctx;
	struct frame frame;
	enum verdict verdict = frame_read(&iface->set->transport.frame, octets, len, &frame);

	iface->counters.frames++;
	if (!iface->netif.now.has_carrier) {
		netif_ask(iface->set->netifs); /* it has one */
	}
	if (verdict != VERDICT_ACCEPTED) {
		iface->counters.not_ours += verdict == VERDICT_NOT_OURS;
		iface->counters.malformed += verdict == VERDICT_MALFORMED;
		return;
	}
	hand_over(
		iface, frame.carrier, frame.ethernet.vlan, &frame.header, frame.message, frame.len);
}

void iface_receive(void *ctx, uint32_t events)
{
	struct iface *iface = ctx;
	int count = port_receive(iface->port, RECEIVE_BUDGET, sort, iface);

	(void)events;
	if (count == RECEIVE_BUDGET) {
		iface->counters.deferred++; /* the rest in the next turn: timers come first */
	}
	if (count < 0 && count != -ENETDOWN) {
		iface_port_failed(iface, count);
	}
}

/* ---- lldpd ---------------------------------------------------------------------------------- */

/* lldpd has read the LLDPDU; what it gives is judged like what a frame brings. */
static void heard_by_lldpd(void *ctx, const uint8_t *message, size_t len)
{
	struct iface *iface = ctx;
	struct message_header header;
	size_t message_len;

	iface->counters.frames++;
	if (message_read_header(message, len, &header, &message_len) != MALFORMED_NOT) {
		iface->counters.malformed++;
		return;
	}
	hand_over(iface, CARRIER_LLDP, 0, &header, message, message_len);
}

void iface_wake_links(struct iface *iface)
{
	for (size_t i = 0; i < iface->link_count; i++) {
		struct association *association = iface->links[i]->association;

		link_changed(&iface->links[i]->link, clock_mono_ms());
		if (association->timer.place != 0) {
			loop_timer_set(iface->set->loop, &association->timer, clock_mono_ms());
		}
	}
}

static void opened_by_lldpd(void *ctx)
{
	struct iface *iface = ctx;

	for (size_t i = 0; i < iface->link_count; i++) {
		iface_lldp_start(&iface->links[i]->lldp);
	}
	iface_wake_links(iface);
}

bool iface_open_at_lldpd(struct iface *iface)
{
	struct lldpd_listener listener = { heard_by_lldpd, opened_by_lldpd, iface };

	iface->lldpd = lldpd_port_open(iface->set->lldpd, iface->name, &listener);
	return iface->lldpd != NULL;
}

/* ---- links ---------------------------------------------------------------------------------- */

static struct iface *find_iface(const struct iface_set *set, const char *name)
{
	for (struct iface *iface = set->first; iface; iface = iface->next) {
		if (strcmp(iface->name, name) == 0) {
			return iface;
		}
	}
	return NULL;
}

static struct iface *add_iface(struct iface_set *set, const char *name)
{
	struct iface *iface = calloc(1, sizeof(*iface));

	if (!iface) {
		return NULL;
	}
	iface->name = strdup(name);
	if (!iface->name) {
		free(iface);
		return NULL;
	}
	iface->set = set;
	iface->next = set->first;
	set->first = iface;
	return iface;
}

static void remove_iface(struct iface *iface)
{
	struct iface **at = &iface->set->first;

	while (*at != iface) {
		at = &(*at)->next;
	}
	*at = iface->next;
	iface_stop(iface);
	lldpd_port_close(iface->lldpd);
	hub_free(iface->hub);
	free(iface->links);
	free(iface->buckets);
	free(iface->name);
	free(iface);
}

/* ---- inside ---------------------------------------------------------------------------------- */

static void deliver(void *ctx, const void *from, const uint8_t *message, size_t len)
{
	struct iface *iface = ctx;

	iface->counters.frames++;
	for (size_t i = 0; i < iface->link_count; i++) {
		if (iface->links[i] != from) {
			association_receive(iface->links[i], CARRIER_RAW, message, len);
		}
	}
}

static struct iface *add_hub(struct iface_set *set, const char *name)
{
	struct iface *iface = add_iface(set, name);

	if (iface) {
		iface->hub = hub_new(set->loop, deliver, iface);
	}
	if (iface && !iface->hub) {
		remove_iface(iface);
		return NULL;
	}
	return iface;
}

/* ---- joining and leaving --------------------------------------------------------------------- */

static struct iface *add_netif(struct iface_set *set, const char *name)
{
	struct iface *iface = add_iface(set, name);

	if (iface) {
		iface_start(iface);
	}
	return iface;
}

static struct iface *find_or_add(struct iface_set *set, const struct association_link *link)
{
	const struct config_link *config = iface_link_config(link);
	char inside[sizeof("inside:,") + 2 * CONFIG_NAME_MAX];
	const char *name = config->inside ? inside : config->interface;
	struct iface *iface;

	/* No name has a comma in it, but it may have slashes. */
	snprintf(inside, sizeof(inside), "inside:%s,%s", link->association->config->name,
		config->name);
	iface = find_iface(set, name);
	if (iface) {
		return iface;
	}
	return config->inside ? add_hub(set, name) : add_netif(set, name);
}

struct iface *iface_join(struct iface_set *set, struct association_link *link)
{
	struct iface *iface = find_or_add(set, link);
	bool asks_lldpd = set->lldpd && iface_uses(link, CARRIER_LLDP);

	if (!iface) {
		return NULL;
	}
	if (!iface_table_grow(iface) ||
		(asks_lldpd && !iface->lldpd && !iface_open_at_lldpd(iface))) {
		if (iface->link_count == 0) {
			remove_iface(iface);
		}
		return NULL;
	}
	link->iface_place = iface->link_count;
	iface->links[iface->link_count++] = link;
	iface_table_put(iface, link);
	if (!iface->hub) {
		iface_fit(iface);
		iface_say_mtu(iface);
		iface_open_for(iface, link);
	}
	return iface;
}

void iface_leave(struct iface *iface, struct association_link *link)
{
	if (!iface) {
		return;
	}
	iface_table_take(iface, link);
	if (iface_uses(link, CARRIER_LLDP)) {
		iface_stop_lldp(iface, link);
	}
	iface->links[link->iface_place] = iface->links[--iface->link_count];
	iface->links[link->iface_place]->iface_place = link->iface_place;
	if (iface->hub) {
		hub_forget(iface->hub, link);
	} else {
		iface_fit(iface);
	}
	if (iface->link_count == 0) {
		remove_iface(iface);
	}
}

const char *iface_name(const struct iface *iface)
{
	return iface->name;
}

enum iface_state iface_state(const struct iface *iface)
{
	if (iface->state == IFACE_STATE_OPEN && iface_error(iface)[0]) {
		return IFACE_STATE_NOT_OPEN;
	}
	return iface->state;
}

bool iface_known(const struct iface *iface)
{
	return iface->hub || iface->netif.is_known;
}

bool iface_open(const struct iface *iface)
{
	return iface_state(iface) == IFACE_STATE_OPEN;
}

const char *iface_error(const struct iface *iface)
{
	if (iface->error[0] || !iface->lldpd) {
		return iface->error;
	}
	return lldpd_port_error(iface->lldpd);
}

const struct iface_counters *iface_counters(const struct iface *iface)
{
	return &iface->counters;
}

uint64_t iface_dropped(const struct iface *iface)
{
	return iface->dropped + (iface->port ? port_dropped(iface->port) : 0);
}

struct iface_set *iface_set_new(
	struct loop *loop, struct netifs *netifs, const struct config_transport *transport)
{
	struct iface_set *set = calloc(1, sizeof(*set));

	if (!set) {
		return NULL;
	}
	set->loop = loop;
	set->netifs = netifs;
	set->transport = *transport;
	set->transport.frame.reads_lldp = true; /* what is heard is for each port to say */
	if (transport->lldp_agent == CONFIG_LLDP_LLDPD) {
		struct lldpd_config config = { transport->lldpd_socket, transport->frame.lldp,
			NULL };

		set->lldpd = lldpd_new(loop, &config);
	}
	if (transport->lldp_agent == CONFIG_LLDP_LLDPD && !set->lldpd) {
		free(set);
		return NULL;
	}
	return set;
}

void iface_set_free(struct iface_set *set)
{
	while (set && set->first) {
		remove_iface(set->first);
	}
	if (set) {
		lldpd_free(set->lldpd);
	}
	free(set);
}
