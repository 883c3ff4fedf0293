/* The port of an interface, and the interface below it: opened, closed, up, down, replaced. */
#include "keyidd/iface_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"

#define REOPEN_INTERVAL_MS 2000 /* between attempts to open a port on an interface that is up */

/* ---- the port ------------------------------------------------------------------------------- */

static void close_port(struct iface *iface)
{
	loop_timer_stop(iface->set->loop, &iface->reopen);
	if (!iface->port) {
		return;
	}
	loop_watch_remove(iface->set->loop, &iface->watch);
	iface->dropped += port_dropped(iface->port);
	port_close(iface->port);
	iface->port = NULL;
}

/* Is there anything that lldpd does not do for us? */
static bool needs_port(const struct iface *iface)
{
	for (size_t i = 0; i < iface->link_count; i++) {
		if (!iface->set->lldpd || iface_uses(iface->links[i], CARRIER_RAW)) {
			return true;
		}
	}
	return false;
}

static bool any_has_own_lldp(const struct iface *iface)
{
	for (size_t i = 0; i < iface->link_count; i++) {
		if (iface_has_own_lldp(iface, iface->links[i])) {
			return true;
		}
	}
	return false;
}

static void join_group(struct iface *iface, const struct association_link *link,
	const uint8_t address[static ETHERNET_ADDRESS_LEN])
{
	int rc = port_join(iface->port, address);

	if (rc != 0) {
		log_write(LOG_LEVEL_WARNING, "port",
			"%s: cannot join the group address of link %s: %s", iface->name,
			iface_link_config(link)->name, strerror(-rc));
	}
}

static void join_groups_of(struct iface *iface, struct association_link *link)
{
	if (iface_uses(link, CARRIER_RAW)) {
		join_group(iface, link, iface_link_config(link)->destination);
	}
	if (iface_has_own_lldp(iface, link)) {
		join_group(iface, link, iface->set->transport.lldp_destination);
		iface_lldp_start(&link->lldp);
	}
}

static void join_groups(struct iface *iface)
{
	for (size_t i = 0; i < iface->link_count; i++) {
		join_groups_of(iface, iface->links[i]);
	}
}

/* What port_raw_open() says begins with the interface's name, as ours does not. */
static void note_failure(struct iface *iface, const char *text)
{
	size_t len = strlen(iface->name);

	if (strncmp(text, iface->name, len) == 0 && strncmp(text + len, ": ", 2) == 0) {
		text += len + 2;
	}
	iface->state = IFACE_STATE_NOT_OPEN;
	snprintf(iface->error, sizeof(iface->error), "%s", text);
	loop_timer_set(iface->set->loop, &iface->reopen, clock_mono_ms() + REOPEN_INTERVAL_MS);
}

static bool open_port(struct iface *iface)
{
	struct port_raw_config config = { iface->name, iface->set->transport.frame.raw,
		any_has_own_lldp(iface) };
	char error[PORT_ERROR_TEXT_MAX];

	iface->port_has_lldp = config.lldp;
	iface->port = port_raw_open(&config, error);
	if (!iface->port) {
		note_failure(iface, error);
		return false;
	}
	iface->watch.fd = port_fd(iface->port);
	if (loop_watch_add(iface->set->loop, &iface->watch, EPOLLIN) != 0) {
		close_port(iface);
		note_failure(iface, "no memory");
		return false;
	}
	join_groups(iface);
	return true;
}

/* ---- the interface -------------------------------------------------------------------------- */

static void set_state(struct iface *iface, enum iface_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set_state(struct iface *iface, enum iface_state state, const char *format, ...)
{
	va_list args;

	iface->state = state;
	va_start(args, format);
	vsnprintf(iface->error, sizeof(iface->error), format, args);
	va_end(args);
}

static void set_missing(struct iface *iface)
{
	const char *taken_on = iface->netif.now.taken_on;

	set_state(iface, IFACE_STATE_MISSING, "no such interface%s%s%s",
		taken_on[0] ? "; what had the name is " : "", taken_on, taken_on[0] ? " now" : "");
}

/*
 * The state that follows from what the kernel says and from whether the port opens. A port
 * is opened as soon as the interface is up, and stays open from then on while it has the
 * name: it works again by itself after a time down.
 */
static void look(struct iface *iface)
{
	const struct netif *now = &iface->netif.now;

	if (now->index == 0) {
		set_missing(iface);
	} else if (!now->is_up) {
		set_state(iface, IFACE_STATE_DOWN,
			"the interface is down; bring it up: ip link set dev %s up", iface->name);
	} else if (needs_port(iface) && !iface->port && !open_port(iface)) {
		return;
	} else if (!now->has_carrier) {
		set_state(iface, IFACE_STATE_NO_CARRIER, "no carrier");
	} else {
		set_state(iface, IFACE_STATE_OPEN, "%s", "");
	}
}

/* Nobody waits until the time for the next message has come, which may have grown long. */
static void resume(struct iface *iface)
{
	for (size_t i = 0; i < iface->link_count; i++) {
		if (iface_has_own_lldp(iface, iface->links[i])) {
			iface_lldp_start(&iface->links[i]->lldp);
		}
	}
	if (iface->lldpd && iface->log.was_open) {
		iface_open_at_lldpd(iface);
	}
	iface->log.was_open = true;
	iface_wake_links(iface);
}

static void note_outage(struct iface *iface)
{
	iface->counters.outages++;
	iface->log.outages++;
}

/* has_resumed: it was not there for a moment at least, even if it was before and is now. */
static void look_and_say(struct iface *iface, bool has_resumed)
{
	bool was_open = iface->state == IFACE_STATE_OPEN, is_open;

	look(iface);
	is_open = iface->state == IFACE_STATE_OPEN;
	if (was_open && (has_resumed || !is_open)) {
		note_outage(iface);
	}
	if (is_open && (has_resumed || !was_open)) {
		resume(iface);
	}
	iface_say_soon(iface);
}

/* Neighbours' agents know us by the address: what they have of the old one is to end. */
static void take_address(struct iface *iface)
{
	const struct netif *now = &iface->netif.now;

	if (!iface->port || !now->has_address ||
		memcmp(port_address(iface->port), now->address, ETHERNET_ADDRESS_LEN) == 0) {
		return;
	}
	for (size_t i = 0; i < iface->link_count; i++) {
		if (iface_has_own_lldp(iface, iface->links[i])) {
			iface_stop_lldp(iface, iface->links[i]);
			iface_lldp_start(&iface->links[i]->lldp);
		}
	}
	port_set_address(iface->port, now->address);
	iface_wake_links(iface);
}

static void changed(void *ctx, unsigned changes)
{
	struct iface *iface = ctx;

	if (changes & NETIF_CHANGE_IDENTITY) {
		close_port(iface);
	}
	if (changes & NETIF_CHANGE_ADDRESS) {
		take_address(iface);
	}
	if (changes & (NETIF_CHANGE_IDENTITY | NETIF_CHANGE_MTU)) {
		iface_fit(iface);
		iface_say_mtu(iface);
	}
	look_and_say(iface, changes & (NETIF_CHANGE_IDENTITY | NETIF_CHANGE_STATE));
}

/* A port that is still there is gone by its own word. */
static void retry(void *ctx)
{
	struct iface *iface = ctx;

	close_port(iface);
	look_and_say(iface, false);
}

/* ---- for the other parts -------------------------------------------------------------------- */

void iface_start(struct iface *iface)
{
	iface->watch.ready = iface_receive;
	iface->watch.ctx = iface;
	iface->reopen.fn = retry;
	iface->reopen.ctx = iface;
	iface->log.timer.fn = iface_say;
	iface->log.timer.ctx = iface;
	set_state(iface, IFACE_STATE_NOT_OPEN, "not looked at yet");
	iface->netif.name = iface->name;
	iface->netif.changed = changed;
	iface->netif.ctx = iface;
	netif_watch_add(iface->set->netifs, &iface->netif);
}

void iface_stop(struct iface *iface)
{
	close_port(iface);
	loop_timer_stop(iface->set->loop, &iface->log.timer);
	netif_watch_remove(iface->set->netifs, &iface->netif);
}

void iface_open_for(struct iface *iface, struct association_link *link)
{
	if (iface->port && iface_has_own_lldp(iface, link) && !iface->port_has_lldp) {
		close_port(iface); /* to be opened again, for LLDPDUs too */
	} else if (iface->port) {
		join_groups_of(iface, link);
	}
	if (iface->netif.is_known && !iface->port) {
		look_and_say(iface, false);
	}
}

/* Gone, most likely: the kernel tells in a moment. */
void iface_port_failed(struct iface *iface, int rc)
{
	close_port(iface);
	if (iface->state == IFACE_STATE_OPEN) {
		note_outage(iface);
	}
	note_failure(iface, strerror(-rc));
	iface_say_soon(iface);
}
