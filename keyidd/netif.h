/*
 * The host's network interfaces as they come, change and go (rtnetlink(7), RTNLGRP_LINK).
 *
 *     static void changed(void *ctx, unsigned changes) { ... mine->watch.now.is_up ... }
 *
 *     mine->watch = (struct netif_watch){ .name = "eth1", .changed = changed, .ctx = mine };
 *     netif_watch_add(engine->netifs, &mine->watch);
 *
 * The name is the identity: who watches "eth1" hears of whatever interface has that name
 * now. One that is renamed is gone; one that takes the name on is there, as if it had been
 * made. Alternative names (ip link property) do not count.
 *
 * Nothing is polled and no privilege is needed. News is told from the loop, all of a turn
 * at once: an interface that was deleted and made again meanwhile is one change. Where the
 * kernel had to drop messages (a burst overran the socket), everything is asked anew, and
 * each watcher is told that its interface is another one, since nobody knows.
 */
#ifndef KEYIDD_NETIF_H
#define KEYIDD_NETIF_H

#include "keyidd/loop.h"
#include "keyidd/netif_message.h"

struct netifs;

struct netif {
	unsigned index;          /* 0 = no interface has the name; then the rest is unset, but: */
	char taken_on[IFNAMSIZ]; /* what it is called now; "" = it was deleted, or never was */
	bool is_up;              /* as an administrator wants it */
	bool has_carrier;        /* and a frame could leave it: never true unless is_up */
	bool has_address;        /* of 6 octets */
	uint8_t address[ETHERNET_ADDRESS_LEN];
	uint32_t mtu; /* 0 = not said */
};

/* What has changed, perhaps there and back again. */
enum netif_change {
	NETIF_CHANGE_IDENTITY = 1 << 0, /* none has the name now, or one, or another one */
	NETIF_CHANGE_STATE = 1 << 1,    /* is_up or has_carrier */
	NETIF_CHANGE_ADDRESS = 1 << 2,
	NETIF_CHANGE_MTU = 1 << 3,
};

/*
 * In the owner's storage; name, changed and ctx are set by the owner, the rest is zero.
 * changed() is called soon after netif_watch_add() with NETIF_CHANGE_IDENTITY, whether there
 * is such an interface or not, and then whenever something changes. It may add and remove
 * any watch. Several watches of one name are told each.
 */
struct netif_watch {
	const char *name;                             /* borrowed */
	void (*changed)(void *ctx, unsigned changes); /* enum netif_change, one or more */
	void *ctx;
	struct netif now;
	bool is_known; /* whether there is one: changed() has been called, or is about to be */

	/* of netif_table.c */
	struct netif_watch *next;
	unsigned changes; /* not told yet */
	bool is_doubtful; /* messages were lost since */
	bool is_named;    /* in the present answer, or in news since that began */
	bool is_added;
};

/* Returns NULL, with one line in error, if the kernel cannot be asked. */
#define NETIF_ERROR_MAX 128
struct netifs *netifs_new(struct loop *loop, char error[static NETIF_ERROR_MAX]);
void netifs_free(struct netifs *netifs); /* after every watch was removed; NULL accepted */

void netif_watch_add(struct netifs *netifs, struct netif_watch *watch);
void netif_watch_remove(struct netifs *netifs, struct netif_watch *watch); /* not added: nothing */

/* Something suggests that there is news: of a lost carrier the kernel tells up to 1 s late. */
void netif_ask(struct netifs *netifs);

#endif
