/* Sending: each message by every carrier of its link. */
#include "keyidd/iface_private.h"

#include <errno.h>

static int send_lldp(
	struct iface *iface, struct association_link *link, const uint8_t *message, size_t len)
{
	if (!iface->port && !iface->lldpd) {
		return -ENETDOWN;
	}
	iface_lldp_sent(&link->lldp, clock_mono_ms());
	if (iface->lldpd) {
		return lldpd_port_send(iface->lldpd, message, len);
	}
	return iface_lldp_send(iface->port, &iface->set->transport, link->association->config->name,
		iface_link_config(link)->name, message, len);
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

int iface_send(struct association_link *link, const uint8_t *message, size_t len, bool is_idle)
{
	struct iface *iface = link->iface;
	const struct config_link *config = iface_link_config(link);
	int rc = 0, lldp_rc = 0;

	if (iface->hub) {
		return hub_send(iface->hub, link, message, len);
	}
	if (iface_uses(link, CARRIER_RAW)) {
		rc = iface->port ? port_send(iface->port, config->destination, config->vlan,
					   message, len)
				 : -ENETDOWN;
	}
	if (iface_uses(link, CARRIER_LLDP) && lldp_due(link, is_idle)) {
		lldp_rc = send_lldp(iface, link, message, len);
	}
	if (rc == -ENODEV || lldp_rc == -ENODEV) {
		/* Not now: the port may be in the middle of handing over a frame. */
		loop_timer_set(iface->set->loop, &iface->reopen, clock_mono_ms());
	}
	return rc != 0 ? rc : lldp_rc;
}
