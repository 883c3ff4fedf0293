/*
 * The interfaces of a device of type macsec. When they come or go, the device is looked at. And
 * a macsec device that is down takes keys as any other: nothing but this tells that none is used.
 */
#include "keyidd/association.h"
#include "keyidd/engine.h"

static bool is_down(const struct netif_watch *device)
{
	return device->is_known && device->now.index != 0 && !device->now.is_up;
}

static void say_state(struct association_macsec *macsec)
{
	const struct config_association *config = macsec->association->config;
	const char *name = macsec->device.name;

	if (is_down(&macsec->device) == macsec->is_down) {
		return;
	}
	macsec->is_down = !macsec->is_down;
	if (macsec->is_down) {
		log_write(LOG_LEVEL_WARNING, "device",
			"%s: %s: %s is down, and nothing passes: ip link set dev %s up",
			config->label, config->device->name, name, name);
	} else {
		log_write(LOG_LEVEL_NOTICE, "device", "%s: %s: %s is not down any more",
			config->label, config->device->name, name);
	}
}

static void changed(void *ctx, unsigned changes)
{
	struct association_macsec *macsec = ctx;
	struct exchange_event event = { .kind = EXCHANGE_DEVICE_CHANGED };

	say_state(macsec);
	if (changes & NETIF_CHANGE_IDENTITY) {
		association_event(macsec->association, &event);
	}
}

static void watch(struct association_macsec *macsec, struct netif_watch *watch, const char *name)
{
	watch->name = name;
	watch->changed = changed;
	watch->ctx = macsec;
	netif_watch_add(macsec->association->engine->netifs, watch);
}

void association_netif_watch(struct association *association)
{
	const struct applier_macsec_config *config = &association->config->macsec;

	for (size_t i = 0; i < config->link_count; i++) {
		struct association_macsec *macsec = &association->macsecs[i];

		macsec->association = association;
		watch(macsec, &macsec->parent, config->links[i].parent);
		watch(macsec, &macsec->device, config->links[i].name);
	}
}

void association_netif_end(struct association *association)
{
	for (size_t i = 0; i < EXCHANGE_LINKS_MAX; i++) {
		struct association_macsec *macsec = &association->macsecs[i];

		netif_watch_remove(association->engine->netifs, &macsec->parent);
		netif_watch_remove(association->engine->netifs, &macsec->device);
	}
}

const char *association_netif_down(const struct association *association, size_t link)
{
	const struct netif_watch *device = &association->macsecs[link].device;

	return is_down(device) ? device->name : NULL;
}
