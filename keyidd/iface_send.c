/* Sending: each message by every carrier of its link. */
#include "keyidd/iface_private.h"

#include <errno.h>

#define ASK_INTERVAL_MS 1000 /* between questions, as long as sending fails */

/* Without a carrier it is tried all the same: of its return the kernel tells up to 1 s late. */
static bool can_try(const struct iface *iface)
{
	return iface->netif.now.is_up;
}

static int send_raw(
	struct iface *iface, struct association_link *link, const uint8_t *message, size_t len)
{
	const struct config_link *config = iface_link_config(link);

	if (!iface->port || !can_try(iface)) {
		return -ENETDOWN;
	}
	return port_send(iface->port, config->destination, config->vlan, message, len);
}

static int send_lldp(
	struct iface *iface, struct association_link *link, const uint8_t *message, size_t len)
{
	int rc = -ENETDOWN;

	if (iface->lldpd && can_try(iface)) {
		rc = lldpd_port_send(iface->lldpd, message, len);
	} else if (iface->port && can_try(iface)) {
		rc = iface_lldp_send(iface->port, &iface->set->transport, iface->netif.now.mtu,
			link->association->config->name, iface_link_config(link)->name, message,
			len);
	}
	iface_lldp_sent(&link->lldp, rc, clock_mono_ms());
	return rc;
}

void iface_stop_lldp(struct iface *iface, struct association_link *link)
{
	if (iface->lldpd) {
		lldpd_port_close(iface->lldpd); /* no other link of it has LLDP */
		iface->lldpd = NULL;
	} else if (iface->port) {
		send_lldp(iface, link, NULL, 0);
	}
}

static bool lldp_due(const struct association_link *link, bool is_idle)
{
	return iface_lldp_due(&link->lldp, &link->iface->set->transport,
		link->association->config->heartbeat_ms, is_idle, clock_mono_ms());
}

/*
 * After a failure the interface is looked at, and the port too if that says it is gone; not
 * now, for the port may be in the middle of handing over a frame.
 */
static void note_failure(struct iface *iface, int rc)
{
	uint64_t now_ms = clock_mono_ms();

	if (rc == -ENODEV) {
		loop_timer_set(iface->set->loop, &iface->reopen, now_ms);
	}
	if ((rc == -ENETDOWN || rc == -ENOBUFS) && iface->netif.now.has_carrier &&
		now_ms - iface->asked_ms >= ASK_INTERVAL_MS) {
		iface->asked_ms = now_ms;
		netif_ask(iface->set->netifs);
	}
}

/* The first failure counts, and what went out is counted by carrier. */
static int send_by(struct association_link *link, enum carrier carrier, const uint8_t *message,
	size_t len, int so_far)
{
	int rc = carrier == CARRIER_RAW ? send_raw(link->iface, link, message, len)
					: send_lldp(link->iface, link, message, len);

	link->sent_by[carrier] += rc == 0;
	note_failure(link->iface, rc);
	if (rc != 0 && !link->iface->netif.now.has_carrier) {
		rc = -ENETDOWN;
	}
	return so_far != 0 ? so_far : rc;
}

int iface_send(struct association_link *link, const uint8_t *message, size_t len, bool is_idle)
{
	int rc = 0;

	if (link->iface->hub) {
		return hub_send(link->iface->hub, link, message, len);
	}
	if (iface_uses(link, CARRIER_RAW)) {
		rc = send_by(link, CARRIER_RAW, message, len, rc);
	}
	if (iface_uses(link, CARRIER_LLDP) && lldp_due(link, is_idle)) {
		rc = send_by(link, CARRIER_LLDP, message, len, rc);
	}
	return rc;
}
