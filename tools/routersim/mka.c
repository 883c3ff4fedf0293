#include "tools/routersim/mka.h"

#include <stdio.h>
#include <string.h>

#include "tools/routersim/chain.h"

/* The interface at the other end: the nth of the peer's towards us, for the nth of ours towards it.
 */
static struct router_interface *other_end(
	const struct router *router, size_t index, struct router *peer)
{
	size_t nth = 0;

	for (size_t i = 0; i < index; i++) {
		nth += router_same_dir(router->interfaces[i].peer, peer->dir);
	}
	for (size_t i = 0; i < peer->interface_count; i++) {
		if (router_same_dir(peer->interfaces[i].peer, router->dir) && nth-- == 0) {
			return &peer->interfaces[i];
		}
	}
	return NULL;
}

static int64_t later(const struct router_key *a, const struct router_key *b)
{
	return a->since_ms > b->since_ms ? a->since_ms : b->since_ms;
}

/* A pair of keys, one at each end, that would make a live session, and since when. */
static bool matches(
	const struct router_key *a, const struct router_key *b, int64_t delay_ms, int64_t now_ms)
{
	return router_key_equal(a, b) && now_ms >= later(a, b) + delay_ms;
}

static enum mka_live choose_mixed(const struct router_key *a_current,
	const struct router_key *a_preceding, const struct router_key *b_current,
	const struct router_key *b_preceding, bool a_leads, bool b_leads)
{
	if (a_leads && b_leads) {
		int64_t a_time = later(a_current, b_preceding);
		int64_t b_time = later(a_preceding, b_current);

		if (a_time != b_time) {
			return a_time > b_time ? MKA_CURRENT : MKA_PRECEDING;
		}
		return strcmp(a_current->ckn, b_current->ckn) > 0 ? MKA_CURRENT : MKA_PRECEDING;
	}
	return a_leads ? MKA_CURRENT : b_leads ? MKA_PRECEDING : MKA_NONE;
}

/* Which of a's keys is live. Asked from b, the answer names the same key. */
static enum mka_live live_key(const struct router *a, const struct router_interface *a_end,
	const struct router *b, const struct router_interface *b_end, int64_t now_ms)
{
	int64_t delay_ms = a->mka_delay_ms > b->mka_delay_ms ? a->mka_delay_ms : b->mka_delay_ms;
	enum mka_live live;

	if (matches(&a->current, &b->current, delay_ms, now_ms)) {
		return MKA_CURRENT;
	}
	live = choose_mixed(&a->current, &a_end->preceding, &b->current, &b_end->preceding,
		matches(&a->current, &b_end->preceding, delay_ms, now_ms),
		matches(&a_end->preceding, &b->current, delay_ms, now_ms));
	if (live == MKA_NONE && matches(&a_end->preceding, &b_end->preceding, delay_ms, now_ms)) {
		return MKA_PRECEDING;
	}
	return live;
}

static void look_at_link(
	const struct router *router, size_t index, struct router *peer, struct mka_link *link)
{
	const struct router_interface *end = &router->interfaces[index];
	const struct router_interface *far = peer ? other_end(router, index, peer) : NULL;

	memset(link, 0, sizeof(*link));
	snprintf(link->interface, sizeof(link->interface), "%s", end->name);
	link->current = router->current;
	link->preceding = end->preceding;
	if (!far) {
		return;
	}
	snprintf(link->peer_name, sizeof(link->peer_name), "%s", peer->name);
	link->live = live_key(router, end, peer, far, router_now_ms());
	link->waiting = link->live != MKA_CURRENT &&
			router_key_equal(&router->current, &peer->current);
	if (link->live == MKA_CURRENT) {
		memset(&link->preceding, 0, sizeof(link->preceding));
	}
}

int mka_look(const char *dir, struct mka_link *links)
{
	struct router router;
	int count;
	int rc = router_open(&router, dir);

	if (rc < 0) {
		return rc;
	}
	count = (int)router.interface_count;
	for (int i = 0; i < count; i++) {
		char peer_dir[PATH_MAX];
		struct router peer;
		bool has_peer;

		memcpy(peer_dir, router.interfaces[i].peer, sizeof(peer_dir));
		router_close(&router);
		rc = router_open_pair(&router, dir, &peer, peer_dir, &has_peer);
		if (rc < 0) {
			return rc;
		}
		look_at_link(&router, (size_t)i, has_peer ? &peer : NULL, &links[i]);
		if (has_peer) {
			router_close(&peer);
		}
	}
	router_close(&router);
	return count;
}

/* MKA drops the preceding key of a link once the current one is live there. */
static void drop_preceding(struct router_interface *end)
{
	secret_wipe_bytes(&end->preceding, sizeof(end->preceding));
}

static void move_on(struct router *router, size_t index, struct router *peer, bool changed)
{
	struct router_interface *end = &router->interfaces[index];
	struct router_interface *far = peer ? other_end(router, index, peer) : NULL;
	int64_t now_ms = router_now_ms();
	enum mka_live live = MKA_NONE;

	if (far) {
		live = live_key(router, end, peer, far, now_ms);
		if (live_key(peer, far, router, end, now_ms) == MKA_CURRENT) {
			drop_preceding(far);
			router_save(peer);
		}
	}
	if (changed && live != MKA_PRECEDING) {
		end->preceding = router->current;
	} else if (live == MKA_CURRENT) {
		drop_preceding(end);
	}
}

/*
 * A neighbour that committed since its link was settled has seen the key that we
 * give up now live on both ends, and has dropped what we kept of it.
 */
static void keep_preceding(struct router *router)
{
	for (size_t i = 0; i < router->interface_count; i++) {
		if (!router->interfaces[i].preceding.ckn[0]) {
			router->interfaces[i].preceding = router->current;
		}
	}
}

/* Settles link by link, for a link's two mutexes are all that is taken at once. */
int mka_commit(const char *dir, const struct router_key *key, const struct router_chain *chain)
{
	struct router router;
	size_t count;
	bool changed;
	int rc = router_open(&router, dir);

	if (rc < 0) {
		return rc;
	}
	count = router.interface_count;
	changed = !chain->name[0] && (strcmp(router.current.ckn, key->ckn) != 0 ||
					     strcmp(router.current.cak, key->cak) != 0);
	for (size_t i = 0; i < count; i++) {
		char peer_dir[PATH_MAX];
		struct router peer;
		bool has_peer;

		memcpy(peer_dir, router.interfaces[i].peer, sizeof(peer_dir));
		router_close(&router);
		rc = router_open_pair(&router, dir, &peer, peer_dir, &has_peer);
		if (rc < 0) {
			return rc;
		}
		move_on(&router, i, has_peer ? &peer : NULL, changed);
		rc = router_save(&router);
		if (has_peer) {
			router_close(&peer);
		}
	}
	chain_commit(&router, chain);
	if (changed) {
		keep_preceding(&router);
		router.current = *key;
		router.current.since_ms = router_now_ms();
	}
	router.commit_count++;
	rc = router_save(&router);
	router_close(&router);
	return rc;
}
