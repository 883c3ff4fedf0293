/*
 * MACsec Key Agreement as two linked routers would show it, computed from what
 * each has committed. Both ends compute the same: the live key of a link is a
 * function that does not depend on which end asks.
 *
 * A router with a key-chain has one key, whose turn it is by the router's clock: a
 * link is live while both ends have the same, and changes key without a gap if both
 * had it before its start.
 */
#ifndef ROUTERSIM_MKA_H
#define ROUTERSIM_MKA_H

#include "tools/routersim/router.h"

enum mka_live {
	MKA_NONE,
	MKA_CURRENT,   /* the committed key is live */
	MKA_PRECEDING, /* the one before it still is */
};

/* How one interface of a router stands now. */
struct mka_link {
	char interface[ROUTER_NAME_MAX];
	char peer_name[ROUTER_NAME_MAX]; /* "" = nobody there */
	struct router_key current;
	struct router_key preceding;
	enum mka_live live;
	bool waiting; /* both ends have the current key and will be live when the delay has passed
		       */
};

/* Fills links[ROUTER_INTERFACES_MAX]; returns how many, or -errno. Takes the mutexes it needs. */
int mka_look(const char *dir, struct mka_link *links);

/*
 * Commits a static key ("" = none) or a chain to the association. Of a key: on every interface the
 * key that is live, or else the current one, becomes the preceding one; ends that no longer need
 * their preceding key drop it. Takes the mutexes it needs.
 */
int mka_commit(const char *dir, const struct router_key *key, const struct router_chain *chain);

#endif
