/*
 * Published: the hierarchy, key-name and secret as hex digits, the range of the
 * numbers, that start-times are unique and that the newest one which has passed
 * counts (Juniper's statement reference; configurations shown by operators); that
 * a secret is shown obfuscated, "$9$...", and so never compared here.
 *
 * Inferred: that replace="replace" on a <key> replaces this key alone, and
 * delete="delete" deletes it, as they do elsewhere in the configuration; that a
 * key with another start-time does not disturb the session of the one in use.
 */
#include "netconf/junos_chain.h"

#include <stdio.h>
#include <string.h>

#include "netconf/junos_clock.h"
#include "netconf/rpc.h"
#include "netconf/xml.h"

#define TEXT_MAX 64

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_named(const xmlNode *node, const char *element, const char *name)
{
	char text[APPLIER_NAME_MAX];

	return xml_is(node, element) && xml_child_text(node, "name", text, sizeof(text)) &&
	       strcmp(text, name) == 0;
}

static const xmlNode *find_chain(const xmlNode *chains, const char *name)
{
	const xmlNode *node = xml_first(chains);

	while (node && !is_named(node, "key-chain", name)) {
		node = xml_next(node);
	}
	return node;
}

static bool read_key_number(const xmlNode *node, uint8_t *number)
{
	char text[4];
	unsigned value = 0;

	if (!xml_child_text(node, "name", text, sizeof(text)) || !text[0]) {
		return false;
	}
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9') {
			return false;
		}
		value = value * 10 + (unsigned)(*p - '0');
	}
	*number = (uint8_t)value;
	return value < JUNOS_CHAIN_KEYS_MAX;
}

static bool is_taken(const struct junos_chain *chain, uint8_t number)
{
	for (size_t i = 0; i < chain->key_count; i++) {
		if (chain->keys[i].number == number) {
			return true;
		}
	}
	return false;
}

static void note_unreadable(struct junos_chain *chain, const char *what)
{
	if (!chain->unreadable[0]) {
		snprintf(chain->unreadable, sizeof(chain->unreadable), "%s", what);
	}
}

static void read_key(const xmlNode *node, struct junos_chain *chain)
{
	struct junos_chain_key key = { .active = junos_is_active(node) };
	char ckn[2 * APPLIER_CKN_MAX + 1];
	char start[TEXT_MAX];
	char what[TEXT_MAX];

	if (!read_key_number(node, &key.number) || is_taken(chain, key.number)) {
		note_unreadable(chain, "a key's number");
		return;
	}
	if (xml_child_text(node, "key-name", ckn, sizeof(ckn))) {
		key.ckn_len = junos_read_ckn(ckn, key.ckn);
	}
	xml_child_text(node, "start-time", start, sizeof(start));
	if (!junos_read_start(start, &key.start, &key.zone_s) && key.active) {
		snprintf(what, sizeof(what), "start-time '%.32s' of key %d", start, key.number);
		note_unreadable(chain, what);
	}
	chain->keys[chain->key_count++] = key;
}

void junos_read_chain(const xmlDoc *reply, const char *name, struct junos_chain *chain)
{
	const xmlNode *configuration = xml_find(xmlDocGetRootElement(reply), "configuration");
	const xmlNode *chains = xml_child(
		xml_child(configuration, "security"), "authentication-key-chains");
	const xmlNode *node = find_chain(chains, name);

	memset(chain, 0, sizeof(*chain));
	if (!node) {
		return;
	}
	chain->deactivated = !junos_is_active(chains) || !junos_is_active(node);
	for (const xmlNode *key = xml_first(node); key; key = xml_next(key)) {
		if (xml_is(key, "key")) {
			read_key(key, chain);
		}
	}
}

const struct junos_chain_key *junos_chain_current(const struct junos_chain *chain, int64_t now_s)
{
	const struct junos_chain_key *current = NULL;

	for (size_t i = 0; i < chain->key_count; i++) {
		const struct junos_chain_key *key = &chain->keys[i];

		if (key->active && key->ckn_len > 0 && key->start <= now_s &&
			(!current || key->start > current->start)) {
			current = key;
		}
	}
	return current;
}

void junos_chain_view(const struct junos_association *association, const struct junos_chain *chain,
	int64_t now_s, const struct junos_mka *mka, const char *const *interfaces,
	size_t interface_count, struct applier_view *view)
{
	const struct junos_chain_key *current = junos_chain_current(chain, now_s);
	struct applier_seen_key keys[JUNOS_CHAIN_KEYS_MAX] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < chain->key_count; i++) {
		const struct junos_chain_key *key = &chain->keys[i];

		if (!key->active || key->ckn_len == 0) {
			continue;
		}
		memcpy(keys[count].ckn, key->ckn, key->ckn_len);
		keys[count].ckn_len = key->ckn_len;
		keys[count].configured = true;
		keys[count].usable = key == current;
		keys[count].future = key->start > now_s;
		keys[count].start = key->start;
		count++;
	}
	junos_view_keys(association, keys, count, mka, interfaces, interface_count, view);
	view->clock_s = now_s;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool mark(xmlNode *node, const char *action)
{
	return node && xmlNewProp(node, (const xmlChar *)action, (const xmlChar *)action);
}

static xmlNode *add_edit(xmlNode *chain, const struct junos_edit *edit)
{
	xmlNode *node = rpc_add(chain, "key");
	char text[JUNOS_START_TEXT_MAX];

	snprintf(text, sizeof(text), "%d", edit->number);
	if (!mark(node, edit->key ? "replace" : "delete") || !rpc_add_text(node, "name", text)) {
		return NULL;
	}
	if (!edit->key) {
		return node;
	}
	junos_write_start(edit->start, text);
	if (!junos_add_hex(node, "key-name", edit->key->ckn, edit->key->ckn_len) ||
		!junos_add_hex(node, "secret", edit->key->cak.bytes, edit->key->cak.len)) {
		return NULL;
	}
	return rpc_add_text(node, "start-time", text);
}

/* The chain itself is merged, never replaced: it is wiped otherwise. */
xmlDoc *junos_load_plan(const char *key_chain, const struct junos_plan *plan)
{
	xmlNode *configuration = NULL;
	xmlDoc *doc = junos_load(&configuration);
	xmlNode *chains = rpc_add(rpc_add(configuration, "security"), "authentication-key-chains");
	xmlNode *chain = rpc_add(chains, "key-chain");
	const xmlNode *last = rpc_add_text(chain, "name", key_chain);

	for (size_t i = 0; last && i < plan->count; i++) {
		last = add_edit(chain, &plan->edits[i]);
	}
	return junos_complete(doc, last);
}

static const struct junos_chain_key *find_number(const struct junos_chain *chain, uint8_t number)
{
	for (size_t i = 0; i < chain->key_count; i++) {
		if (chain->keys[i].number == number) {
			return &chain->keys[i];
		}
	}
	return NULL;
}

static int check_edit(
	const struct junos_chain *candidate, const struct junos_edit *edit, struct problem *problem)
{
	const struct junos_chain_key *seen = find_number(candidate, edit->number);
	char wanted[JUNOS_START_TEXT_MAX];
	char got[JUNOS_START_TEXT_MAX];

	if (!edit->key) {
		return !seen ? 0
			     : problem_set(problem, APPLIER_ERROR_REFUSED,
				       "key %d is still there after its deletion", edit->number);
	}
	if (!seen || !seen->active ||
		!junos_same_ckn(seen->ckn, seen->ckn_len, edit->key->ckn, edit->key->ckn_len)) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"key %d is not there as it was loaded", edit->number);
	}
	if (seen->start != edit->start) {
		junos_write_start(edit->start, wanted);
		junos_write_start(seen->start, got);
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"the device reads the start-time of key %d as %s, not %s", edit->number,
			got, wanted);
	}
	return 0;
}

int junos_check_plan(
	const struct junos_chain *candidate, const struct junos_plan *plan, struct problem *problem)
{
	if (candidate->unreadable[0]) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "%s is not to be read",
			candidate->unreadable);
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (check_edit(candidate, &plan->edits[i], problem) < 0) {
			return -1;
		}
	}
	return 0;
}
