#include "netconf/junos.h"

#include <stdio.h>
#include <string.h>

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

static bool belongs(
	const struct junos_association *association, const struct junos_mka_session *session)
{
	if (association->interface_count > 0) {
		return is_bound(association, session->interface);
	}
	return junos_same_ckn(
		association->ckn, association->ckn_len, session->ckn, session->ckn_len);
}

static void find_relevant(const struct junos_association *association, const struct junos_mka *mka,
	const char *const *listed, size_t listed_count, struct interfaces *relevant)
{
	relevant->count = 0;
	for (size_t i = 0; i < listed_count; i++) {
		add_interface(relevant, listed[i]);
	}
	for (size_t i = 0; listed_count == 0 && i < mka->count; i++) {
		if (belongs(association, &mka->sessions[i])) {
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
	key->usable = key->configured || (relevant->count > 0 && sessions == relevant->count);
	key->transmitting = relevant->count > 0 && secured == relevant->count;
}

static struct applier_seen_key *add_key(
	struct applier_view *view, const uint8_t *ckn, size_t ckn_len)
{
	struct applier_seen_key *key;

	for (size_t i = 0; i < view->key_count; i++) {
		if (junos_same_ckn(view->keys[i].ckn, view->keys[i].ckn_len, ckn, ckn_len)) {
			return &view->keys[i];
		}
	}
	if (view->key_count == APPLIER_USABLE_MAX) {
		return NULL;
	}
	key = &view->keys[view->key_count++];
	memcpy(key->ckn, ckn, ckn_len);
	key->ckn_len = ckn_len;
	return key;
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

void junos_view(const struct junos_association *association, const struct junos_mka *mka,
	const char *const *interfaces, size_t interface_count, struct applier_view *view)
{
	struct interfaces relevant;

	memset(view, 0, sizeof(*view));
	find_relevant(association, mka, interfaces, interface_count, &relevant);
	if (association->ckn_len > 0) {
		add_key(view, association->ckn, association->ckn_len)->configured = true;
	}
	for (size_t i = 0; i < mka->count; i++) {
		if (is_relevant(&relevant, mka->sessions[i].interface)) {
			add_key(view, mka->sessions[i].ckn, mka->sessions[i].ckn_len);
		}
	}
	for (size_t i = 0; i < view->key_count; i++) {
		judge(&view->keys[i], mka, &relevant);
	}
}
