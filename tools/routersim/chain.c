#include "tools/routersim/chain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netconf/xml.h"

#define VALUE_MAX 128

/* ---- time ------------------------------------------------------------------------------------ */

static void enter_zone(const char *time_zone)
{
	setenv("TZ", time_zone[0] ? time_zone : "UTC", 1);
	tzset();
}

/* What follows "YYYY-MM-DD.HH:MM:SS": white space, a zone, or nothing. */
static bool read_zone(const char *text, const char *time_zone, struct tm *tm, int64_t *start_s)
{
	struct tm zone = { 0 };
	int month = tm->tm_mon;
	const char *end;

	while (isspace((unsigned char)*text)) {
		text++;
	}
	if (!*text) {
		enter_zone(time_zone);
		tm->tm_isdst = -1;
		*start_s = mktime(tm);
		return tm->tm_mon == month;
	}
	end = strptime(text, "%z", &zone);
	*start_s = timegm(tm) - zone.tm_gmtoff;
	return end && !*end && tm->tm_mon == month;
}

bool chain_read_start(const char *text, const char *time_zone, int64_t *start_s)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d.%H:%M:%S", &tm);

	return rest && read_zone(rest, time_zone, &tm, start_s);
}

void chain_write_start(int64_t start_s, const char *time_zone, char *out, size_t size)
{
	time_t seconds = (time_t)start_s;
	struct tm tm;

	enter_zone(time_zone);
	localtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%-m-%-d.%H:%M:%S %z", &tm);
}

void chain_time_zone(const xmlDoc *doc, char out[static ROUTER_NAME_MAX])
{
	xml_child_text(
		xml_child(xmlDocGetRootElement(doc), "system"), "time-zone", out, ROUTER_NAME_MAX);
}

void chain_shift_starts(xmlNode *node, long seconds)
{
	char text[VALUE_MAX];
	int64_t start_s;

	for (xmlNode *child = xml_first(node); child; child = xml_next(child)) {
		chain_shift_starts(child, seconds);
	}
	if (xml_is(node, "start-time") && xml_text(node, text, sizeof(text)) &&
		chain_read_start(text, "", &start_s)) {
		chain_write_start(start_s + seconds, "", text, sizeof(text));
		xmlNodeSetContent(node, (const xmlChar *)text);
	}
}

/* ---- the configuration ----------------------------------------------------------------------- */

static const xmlNode *find_named(const xmlNode *parent, const char *element, const char *name)
{
	char text[VALUE_MAX];

	for (const xmlNode *node = xml_first(parent); node; node = xml_next(node)) {
		xml_child_text(node, "name", text, sizeof(text));
		if (xml_is(node, element) && strcmp(text, name) == 0) {
			return node;
		}
	}
	return NULL;
}

static void copy_lower(const xmlNode *parent, const char *name, char out[static ROUTER_HEX_MAX])
{
	xml_child_text(parent, name, out, ROUTER_HEX_MAX);
	for (char *p = out; *p; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
}

void chain_from_config(const xmlDoc *doc, const char *association, struct router_chain *chain)
{
	const xmlNode *security = xml_child(xmlDocGetRootElement(doc), "security");
	const xmlNode *user = find_named(
		xml_child(security, "macsec"), "connectivity-association", association);
	char time_zone[ROUTER_NAME_MAX];
	char text[VALUE_MAX];
	const xmlNode *list;

	memset(chain, 0, sizeof(*chain));
	xml_child_text(user, "pre-shared-key-chain", chain->name, sizeof(chain->name));
	if (!chain->name[0]) {
		return;
	}
	chain_time_zone(doc, time_zone);
	list = find_named(
		xml_child(security, "authentication-key-chains"), "key-chain", chain->name);
	for (const xmlNode *node = xml_first(list); node; node = xml_next(node)) {
		struct router_chain_key *key = &chain->keys[chain->key_count];

		if (!xml_is(node, "key") || chain->key_count == ROUTER_CHAIN_KEYS_MAX) {
			continue;
		}
		xml_child_text(node, "name", text, sizeof(text));
		key->number = atoi(text);
		copy_lower(node, "key-name", key->key.ckn);
		copy_lower(node, "secret", key->key.cak);
		xml_child_text(node, "start-time", text, sizeof(text));
		if (chain_read_start(text, time_zone, &key->start_s)) {
			chain->key_count++;
		}
	}
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

void chain_commit(struct router *router, const struct router_chain *chain)
{
	struct router_chain before = router->chain;

	router->chain = *chain;
	for (size_t i = 0; i < chain->key_count; i++) {
		struct router_key *key = &router->chain.keys[i].key;

		key->since_ms = router_now_ms();
		for (size_t j = 0; j < before.key_count; j++) {
			if (router_key_equal(key, &before.keys[j].key)) {
				key->since_ms = before.keys[j].key.since_ms;
			}
		}
	}
	secret_wipe_bytes(&before, sizeof(before));
}

void chain_current(const struct router *router, int64_t now_ms, struct router_key *key)
{
	const struct router_chain_key *current = NULL;
	int64_t start_ms;

	memset(key, 0, sizeof(*key));
	for (size_t i = 0; i < router->chain.key_count; i++) {
		const struct router_chain_key *candidate = &router->chain.keys[i];

		if (candidate->start_s <= now_ms / 1000 + router->clock_offset_s &&
			(!current || candidate->start_s > current->start_s)) {
			current = candidate;
		}
	}
	if (!current) {
		return;
	}
	*key = current->key;
	start_ms = (current->start_s - router->clock_offset_s) * 1000;
	if (key->since_ms <= start_ms) {
		key->since_ms = 0;
	}
}

/* ---- state.json ------------------------------------------------------------------------------ */

json_t *chain_to_json(const struct router_chain *chain)
{
	json_t *list = json_array();

	for (size_t i = 0; i < chain->key_count; i++) {
		const struct router_chain_key *key = &chain->keys[i];

		json_array_append_new(
			list, json_pack("{s:i, s:s, s:s, s:I, s:I}", "number", key->number, "ckn",
				      key->key.ckn, "cak", key->key.cak, "since_ms",
				      (json_int_t)key->key.since_ms, "start_s",
				      (json_int_t)key->start_s));
	}
	return json_pack("{s:s, s:o}", "name", chain->name, "keys", list);
}

static void copy_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	snprintf(out, size, "%s", text ? text : "");
}

void chain_from_json(const json_t *object, struct router_chain *chain)
{
	const json_t *item;
	size_t i;

	copy_text(object, "name", chain->name, sizeof(chain->name));
	json_array_foreach(json_object_get(object, "keys"), i, item)
	{
		struct router_chain_key *key = &chain->keys[chain->key_count];

		if (chain->key_count++ == ROUTER_CHAIN_KEYS_MAX) {
			chain->key_count = ROUTER_CHAIN_KEYS_MAX;
			break;
		}
		key->number = (int)json_integer_value(json_object_get(item, "number"));
		key->start_s = json_integer_value(json_object_get(item, "start_s"));
		key->key.since_ms = json_integer_value(json_object_get(item, "since_ms"));
		copy_text(item, "ckn", key->key.ckn, sizeof(key->key.ckn));
		copy_text(item, "cak", key->key.cak, sizeof(key->key.cak));
	}
}
