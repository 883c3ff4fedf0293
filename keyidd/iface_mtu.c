/* How long messages may be on an interface, whose MTU may be less than the longest needs. */
#include "keyidd/iface_private.h"

#define RAW_OVERHEAD 5 /* OUI and protocol ID, the first of an Ethernet frame's payload */

static size_t lldp_len(const struct association_link *link, size_t message_len)
{
	return iface_lldp_len(
		link->association->config->name, iface_link_config(link)->name, message_len);
}

/* The MTU that a message of this length needs, by the carriers of its link. */
static size_t mtu_for(const struct association_link *link, size_t message_len)
{
	size_t raw = iface_uses(link, CARRIER_RAW) ? RAW_OVERHEAD + message_len : 0;
	size_t lldp = iface_uses(link, CARRIER_LLDP) ? lldp_len(link, message_len) : 0;

	return raw > lldp ? raw : lldp;
}

/* What fits, by halving: mtu_for() grows with the length. */
static size_t longest_for(const struct association_link *link, uint32_t mtu, size_t max)
{
	size_t min = 0;

	while (min < max) {
		size_t middle = min + (max - min + 1) / 2;

		if (mtu_for(link, middle) <= mtu) {
			min = middle;
		} else {
			max = middle - 1;
		}
	}
	return min;
}

uint32_t iface_mtu(const struct iface *iface)
{
	return iface->netif.now.mtu;
}

static uint32_t wanted_by(const struct iface *iface, const struct association_link *link)
{
	uint32_t mtu = iface_mtu(iface);
	size_t wanted = mtu_for(link, iface_link_config(link)->message_worst);

	return mtu != 0 && wanted > mtu ? (uint32_t)wanted : 0;
}

uint32_t iface_mtu_wanted(const struct association_link *link)
{
	return wanted_by(link->iface, link);
}

uint32_t iface_fit_wanted(const struct iface *iface, const struct association_link **whose)
{
	uint32_t most = 0;

	for (size_t i = 0; i < iface->link_count; i++) {
		uint32_t wanted = wanted_by(iface, iface->links[i]);

		if (wanted > most) {
			most = wanted;
			*whose = iface->links[i];
		}
	}
	return most;
}

void iface_fit(struct iface *iface)
{
	uint32_t mtu = iface_mtu(iface);

	for (size_t i = 0; i < iface->link_count; i++) {
		struct association_link *link = iface->links[i];
		size_t max = config_message_max(&iface->set->transport, iface_link_config(link));

		link->link.config.message_max = mtu ? longest_for(link, mtu, max) : max;
	}
}
