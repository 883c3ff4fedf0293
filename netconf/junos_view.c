#include "netconf/junos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/junos_chain.h"

/* Before the choice of those that a view holds. */
#define LIST_MAX (JUNOS_CHAIN_KEYS_MAX + APPLIER_USABLE_MAX)

struct list {
	size_t count;
	struct applier_seen_key keys[LIST_MAX];
};

struct interfaces {
	size_t count;
	char names[JUNOS_INTERFACES_MAX][APPLIER_NAME_MAX];
};

static void add_interface(struct interfaces *interfaces, const char *name)
{
	for (size_t i = 0; i < interfaces->count; i++) {
		if (strcmp(interfaces->names[i], name) == 0) {
			return;
		}
	}
	if (interfaces->count < JUNOS_INTERFACES_MAX) {
		snprintf(interfaces->names[interfaces->count++], APPLIER_NAME_MAX, "%s", name);
	}
}

static bool is_bound(const struct junos_association *association, const char *interface)
{
	for (size_t i = 0; i < association->interface_count; i++) {
		if (strcmp(association->interfaces[i], interface) == 0) {
			return true;
		}
	}
	return false;
}

static struct applier_seen_key *find_key(struct list *list, const uint8_t *ckn, size_t ckn_len)
{
	for (size_t i = 0; i < list->count; i++) {
		if (junos_same_ckn(list->keys[i].ckn, list->keys[i].ckn_len, ckn, ckn_len)) {
			return &list->keys[i];
		}
	}
	return NULL;
}

static bool belongs(const struct junos_association *association, struct list *configured,
	const struct junos_mka_session *session)
{
	if (association->interface_count > 0) {
		return is_bound(association, session->interface);
	}
	return find_key(configured, session->ckn, session->ckn_len);
}

static void find_relevant(const struct junos_association *association, struct list *configured,
	const struct junos_mka *mka, const char *const *listed, size_t listed_count,
	struct interfaces *relevant)
{
	relevant->count = 0;
	for (size_t i = 0; i < listed_count; i++) {
		add_interface(relevant, listed[i]);
	}
	for (size_t i = 0; listed_count == 0 && i < mka->count; i++) {
		if (belongs(association, configured, &mka->sessions[i])) {
			add_interface(relevant, mka->sessions[i].interface);
		}
	}
}

/* While several keys have a live peer, the primary one is used, then the preceding, then the
 * fallback. */
static int preference(enum junos_cak_type type)
{
	switch (type) {
	case JUNOS_CAK_PRIMARY:
		return 4;
	case JUNOS_CAK_PRECEDING:
		return 3;
	case JUNOS_CAK_UNKNOWN:
		return 2;
	case JUNOS_CAK_FALLBACK:
		return 1;
	}
	return 0;
}

static const struct junos_mka_session *securing(const struct junos_mka *mka, const char *interface)
{
	const struct junos_mka_session *best = NULL;

	for (size_t i = 0; i < mka->count; i++) {
		const struct junos_mka_session *session = &mka->sessions[i];

		if (session->live && strcmp(session->interface, interface) == 0 &&
			(!best || preference(session->type) > preference(best->type))) {
			best = session;
		}
	}
	return best;
}

static bool has_session(
	const struct junos_mka *mka, const char *interface, const struct applier_seen_key *key)
{
	for (size_t i = 0; i < mka->count; i++) {
		const struct junos_mka_session *session = &mka->sessions[i];

		if (strcmp(session->interface, interface) == 0 &&
			junos_same_ckn(session->ckn, session->ckn_len, key->ckn, key->ckn_len)) {
			return true;
		}
	}
	return false;
}

static void judge(struct applier_seen_key *key, const struct junos_mka *mka,
	const struct interfaces *relevant)
{
	size_t sessions = 0;
	size_t secured = 0;

	for (size_t i = 0; i < relevant->count; i++) {
		const struct junos_mka_session *used = securing(mka, relevant->names[i]);

		sessions += has_session(mka, relevant->names[i], key);
		secured += used && junos_same_ckn(used->ckn, used->ckn_len, key->ckn, key->ckn_len);
	}
	/* A fallback key, or one that has been taken out of the configuration. */
	if (!key->configured) {
		key->usable = relevant->count > 0 && sessions == relevant->count;
	}
	key->transmitting = relevant->count > 0 && secured == relevant->count;
}

static void add_key(struct list *list, const uint8_t *ckn, size_t ckn_len)
{
	struct applier_seen_key *key;

	if (list->count == LIST_MAX || find_key(list, ckn, ckn_len)) {
		return;
	}
	key = &list->keys[list->count++];
	memset(key, 0, sizeof(*key));
	memcpy(key->ckn, ckn, ckn_len);
	key->ckn_len = ckn_len;
}

static bool is_relevant(const struct interfaces *relevant, const char *name)
{
	for (size_t i = 0; i < relevant->count; i++) {
		if (strcmp(relevant->names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* In use first, then those that wait, then what else would be accepted, then the rest. */
static int rank(const struct applier_seen_key *key)
{
	if (key->transmitting || (key->configured && key->usable)) {
		return 0;
	}
	return key->future ? 1 : key->usable ? 2 : 3;
}

/* Those that wait in the order of their starts; of those that are past, the newest first. */
static int compare(const void *a_key, const void *b_key)
{
	const struct applier_seen_key *a = a_key;
	const struct applier_seen_key *b = b_key;
	int order = (a->start > b->start) - (a->start < b->start);

	if (rank(a) != rank(b)) {
		return rank(a) - rank(b);
	}
	if (order == 0) {
		return memcmp(a->ckn, b->ckn, APPLIER_CKN_MAX);
	}
	return a->future ? order : -order;
}

/* The start of the last key decides when the next one may start: it is always shown. */
static void choose(struct list *list, struct applier_view *view)
{
	size_t last;

	qsort(list->keys, list->count, sizeof(list->keys[0]), compare);
	for (last = list->count; last > APPLIER_USABLE_MAX; last--) {
		if (list->keys[last - 1].future) {
			list->keys[APPLIER_USABLE_MAX - 1] = list->keys[last - 1];
			break;
		}
	}
	view->key_count = list->count < APPLIER_USABLE_MAX ? list->count : APPLIER_USABLE_MAX;
	memcpy(view->keys, list->keys, view->key_count * sizeof(view->keys[0]));
}

void junos_view_keys(const struct junos_association *association,
	const struct applier_seen_key *configured, size_t configured_count,
	const struct junos_mka *mka, const char *const *interfaces, size_t interface_count,
	struct applier_view *view)
{
	struct interfaces relevant;
	struct list list;

	list.count = configured_count < JUNOS_CHAIN_KEYS_MAX ? configured_count
							     : JUNOS_CHAIN_KEYS_MAX;
	memcpy(list.keys, configured, list.count * sizeof(list.keys[0]));
	find_relevant(association, &list, mka, interfaces, interface_count, &relevant);
	for (size_t i = 0; i < mka->count; i++) {
		if (is_relevant(&relevant, mka->sessions[i].interface)) {
			add_key(&list, mka->sessions[i].ckn, mka->sessions[i].ckn_len);
		}
	}
	for (size_t i = 0; i < list.count; i++) {
		judge(&list.keys[i], mka, &relevant);
	}
	memset(view, 0, sizeof(*view));
	choose(&list, view);
}

void junos_view(const struct junos_association *association, const struct junos_mka *mka,
	const char *const *interfaces, size_t interface_count, struct applier_view *view)
{
	struct applier_seen_key key = {
		.ckn_len = association->ckn_len, .configured = true, .usable = true
	};

	memcpy(key.ckn, association->ckn, sizeof(key.ckn));
	junos_view_keys(association, &key, association->ckn_len > 0, mka, interfaces,
		interface_count, view);
}
