/*
 * A datagram of the kernel about network interfaces, as news and as the answer to the
 * request that its first message names; then what watchers of two names are told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "keyidd/netif_table.h"
#include "tests/fuzz/lib/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watcher {
	struct netif_watch watch;
	unsigned index; /* that it was told of last */
	unsigned count;
};

static void changed(void *ctx, unsigned changes)
{
	struct watcher *watcher = ctx;
	const struct netif *now = &watcher->watch.now;

	check(changes != 0);
	check(watcher->count++ > 0 || changes & NETIF_CHANGE_IDENTITY);
	check(now->index == watcher->index || changes & NETIF_CHANGE_IDENTITY);
	check(now->index != 0 || (!now->is_up && now->mtu == 0 && !now->has_address));
	check(now->is_up || !now->has_carrier);
	watcher->index = now->index;
}

static void take(void *ctx, const struct netif_message *message)
{
	check(message->index > 0 && message->index <= INT32_MAX);
	check(message->is_deleted || message->name[0] != '\0');
	check(memchr(message->name, '\0', sizeof(message->name)) != NULL);
	netif_table_take(ctx, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netif_table table = { 0 };
	struct watcher watchers[] = { { .watch.name = "eth1" }, { .watch.name = "lo" } };
	struct nlmsghdr *datagram = malloc(size > 0 ? size : 1);
	uint32_t sequence = 0, port_id = 0;

	for (size_t i = 0; i < 2; i++) {
		watchers[i].watch.changed = changed;
		watchers[i].watch.ctx = &watchers[i];
		netif_table_add(&table, &watchers[i].watch);
	}
	if (size > 0) {
		memcpy(datagram, data, size);
	}
	if (size >= sizeof(*datagram)) {
		sequence = datagram->nlmsg_seq;
		port_id = datagram->nlmsg_pid;
	}
	netif_read_datagram(datagram, size, 0, 0, take, &table);
	netif_table_tell(&table);
	netif_table_lost(&table);
	netif_table_asked(&table);
	if (netif_read_datagram(datagram, size, sequence, port_id, take, &table) ==
		NETIF_ANSWER_WHOLE) {
		netif_table_answered(&table);
		netif_table_tell(&table);
		check(watchers[0].count > 0 && watchers[1].count > 0);
	}
	netif_table_tell(&table);
	free(datagram);
	return 0;
}
