/* The interfaces under a device of type macsec: when they come or go, the device is looked at. */
#include "keyidd/association.h"
#include "keyidd/engine.h"

static void changed(void *ctx, unsigned changes)
{
	struct association *association = ctx;
	struct exchange_event event = { .kind = EXCHANGE_DEVICE_CHANGED };

	if (changes & NETIF_CHANGE_IDENTITY) {
		association_event(association, &event);
	}
}

static void watch(struct association *association, struct netif_watch *watch, const char *name)
{
	watch->name = name;
	watch->changed = changed;
	watch->ctx = association;
	netif_watch_add(association->engine->netifs, watch);
}

void association_netif_watch(struct association *association)
{
	const struct applier_macsec_config *macsec = &association->config->macsec;

	for (size_t i = 0; i < macsec->link_count; i++) {
		watch(association, &association->parents[i], macsec->links[i].parent);
		watch(association, &association->macsecs[i], macsec->links[i].name);
	}
}

void association_netif_end(struct association *association)
{
	for (size_t i = 0; i < EXCHANGE_LINKS_MAX; i++) {
		netif_watch_remove(association->engine->netifs, &association->parents[i]);
		netif_watch_remove(association->engine->netifs, &association->macsecs[i]);
	}
}
