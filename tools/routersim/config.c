#include "tools/routersim/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "netconf/xml.h"
#include "tools/routersim/chain.h"
#include "tools/routersim/schema.h"

#define VALUE_MAX 256

int rpc_fail(struct rpc_failure *failure, const char *tag, const char *bad_element,
	const char *format, ...)
{
	va_list args;

	memset(failure, 0, sizeof(*failure));
	failure->tag = tag;
	snprintf(failure->bad_element, sizeof(failure->bad_element), "%s",
		bad_element ? bad_element : "");
	va_start(args, format);
	vsnprintf(failure->message, sizeof(failure->message), format, args);
	va_end(args);
	return -1;
}

int rpc_fail_internal(struct rpc_failure *failure)
{
	return rpc_fail(failure, "operation-failed", NULL, "internal error");
}

/* ---- load ------------------------------------------------------------------------------------ */

/* By local name: edit-config's operation has a namespace, Junos' attributes have none. */
static bool has_attribute(const xmlNode *node, const char *name, const char *value)
{
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
		if (strcmp((const char *)attribute->name, name) == 0 && attribute->children &&
			strcmp((const char *)attribute->children->content, value) == 0) {
			return true;
		}
	}
	return false;
}

static void remove_node(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* In its place, if it is there. */
static void set_leaf(xmlNode *parent, xmlNode *leaf, const xmlChar *name, const char *value)
{
	if (!leaf) {
		leaf = xmlNewChild(parent, NULL, name, NULL);
	}
	while (leaf->children) {
		remove_node(leaf->children);
	}
	xmlAddChild(leaf, xmlNewText((const xmlChar *)value));
}

/* The entry of a list that has this key, or the one statement of this name. */
static xmlNode *find_match(
	const xmlNode *parent, const xmlNode *like, const struct statement *statement)
{
	char wanted[VALUE_MAX];
	char name[VALUE_MAX];

	xml_child_text(like, "name", wanted, sizeof(wanted));
	for (xmlNode *node = xml_first(parent); node; node = xml_next(node)) {
		if (!xml_is(node, statement->name)) {
			continue;
		}
		xml_child_text(node, "name", name, sizeof(name));
		if (statement->kind != STATEMENT_LIST || strcmp(name, wanted) == 0) {
			return node;
		}
	}
	return NULL;
}

static int merge_children(xmlNode *target, const xmlNode *source,
	const struct statement *statements, enum config_action action, struct rpc_failure *failure);

static int merge_one(xmlNode *target, const xmlNode *node, const struct statement *statement,
	enum config_action action, struct rpc_failure *failure)
{
	xmlNode *match = find_match(target, node, statement);
	char value[VALUE_MAX];

	if (has_attribute(node, "delete", "delete") || has_attribute(node, "operation", "delete")) {
		if (!match) {
			return rpc_fail(
				failure, "data-missing", statement->name, "statement not found");
		}
		remove_node(match);
		return 0;
	}
	if (match &&
		(has_attribute(node, "operation", "replace") ||
			(action == CONFIG_REPLACE && has_attribute(node, "replace", "replace")))) {
		remove_node(match);
		match = NULL;
	}
	if (!xml_text(node, value, sizeof(value))) {
		return rpc_fail(failure, "invalid-value", statement->name, "value too long");
	}
	switch (statement->kind) {
	case STATEMENT_FLAG:
		if (!match) {
			xmlNewChild(target, NULL, node->name, NULL);
		}
		return 0;
	case STATEMENT_LEAF:
		if (!value[0]) {
			return rpc_fail(
				failure, "missing-element", statement->name, "missing argument");
		}
		set_leaf(target, match, node->name, value);
		return 0;
	case STATEMENT_LIST:
		xml_child_text(node, "name", value, sizeof(value));
		if (!value[0]) {
			return rpc_fail(
				failure, "missing-element", statement->name, "missing name");
		}
		break;
	case STATEMENT_CONTAINER:
		break;
	}
	if (!match) {
		match = xmlNewChild(target, NULL, node->name, NULL);
	}
	return merge_children(match, node, statement->children, action, failure);
}

static int merge_children(xmlNode *target, const xmlNode *source,
	const struct statement *statements, enum config_action action, struct rpc_failure *failure)
{
	for (xmlNode *node = xml_first(source); node; node = xml_next(node)) {
		const struct statement *statement = schema_find(
			statements, (const char *)node->name);

		if (!statement) {
			return rpc_fail(failure, "unknown-element", (const char *)node->name,
				"syntax error");
		}
		if (merge_one(target, node, statement, action, failure) < 0) {
			return -1;
		}
	}
	return 0;
}

int config_load(xmlDoc *doc, const xmlNode *configuration, enum config_action action,
	struct rpc_failure *failure)
{
	xmlNode *root = xmlDocGetRootElement(doc);

	if (action == CONFIG_OVERRIDE) {
		while (root->children) {
			remove_node(root->children);
		}
	}
	return merge_children(root, configuration, schema_top(), action, failure);
}

/* ---- set and delete lines -------------------------------------------------------------------- */

/* The next word, or quoted string, of *line; false at its end. */
static bool next_word(const char **line, char *out, size_t size)
{
	const char *p = *line;
	char end = ' ';
	size_t len = 0;

	while (isspace((unsigned char)*p)) {
		p++;
	}
	if (!*p) {
		return false;
	}
	if (*p == '"') {
		end = '"';
		p++;
	}
	while (*p && *p != end && len + 1 < size) {
		out[len++] = *p++;
	}
	*line = *p == '"' ? p + 1 : p;
	out[len] = '\0';
	return true;
}

/* Builds the elements that a line names; the attribute of a deletion goes on the last. */
static int build_path(xmlNode *parent, const char *line, bool deletes, struct rpc_failure *failure)
{
	const struct statement *statements = schema_top();
	char word[VALUE_MAX];

	while (next_word(&line, word, sizeof(word))) {
		const struct statement *statement = schema_find(statements, word);

		if (!statement) {
			return rpc_fail(failure, "unknown-element", word, "syntax error");
		}
		parent = xmlNewChild(parent, NULL, (const xmlChar *)statement->name, NULL);
		if (statement->kind == STATEMENT_LIST && next_word(&line, word, sizeof(word))) {
			xmlNewTextChild(
				parent, NULL, (const xmlChar *)"name", (const xmlChar *)word);
		}
		if (statement->kind == STATEMENT_LEAF && next_word(&line, word, sizeof(word))) {
			xmlNodeAddContent(parent, (const xmlChar *)word);
		}
		statements = statement->children;
	}
	if (deletes) {
		xmlNewProp(parent, (const xmlChar *)"delete", (const xmlChar *)"delete");
	}
	return 0;
}

static int load_line(xmlDoc *doc, const char *line, struct rpc_failure *failure)
{
	xmlNode *configuration;
	char verb[VALUE_MAX];
	int rc;

	if (!next_word(&line, verb, sizeof(verb))) {
		return 0;
	}
	if (strcmp(verb, "set") != 0 && strcmp(verb, "delete") != 0) {
		return rpc_fail(failure, "unknown-element", verb, "syntax error");
	}
	configuration = xmlNewNode(NULL, (const xmlChar *)"configuration");
	rc = build_path(configuration, line, strcmp(verb, "delete") == 0, failure);
	if (rc == 0) {
		rc = config_load(doc, configuration, CONFIG_MERGE, failure);
	}
	xmlFreeNode(configuration);
	return rc;
}

int config_load_set(xmlDoc *doc, const char *lines, struct rpc_failure *failure)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		char line[1024];

		if (len >= sizeof(line)) {
			return rpc_fail(failure, "too-big", NULL, "line too long");
		}
		memcpy(line, lines, len);
		line[len] = '\0';
		if (load_line(doc, line, failure) < 0) {
			return -1;
		}
		lines += lines[len] ? len + 1 : len;
	}
	return 0;
}

/* ---- show ------------------------------------------------------------------------------------ */

/*
 * Looks like Junos' obfuscation, which anybody can turn back; this one is a
 * digest, so that a captured reply of the simulator gives nothing away.
 */
static void obfuscate(const char *router_name, const char *value, char *out, size_t size)
{
	static const char digits[] =
		"QzF3n6/9CAtpu0O1BIREhcSyrleKvMW8LXx7N-dVbwsY2g4oaJZGUDjiHkq.mPf5T";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	char text[VALUE_MAX + ROUTER_NAME_MAX];
	size_t len = (size_t)snprintf(out, size, "$9$");

	snprintf(text, sizeof(text), "%s %s", router_name, value);
	EVP_Digest(text, strlen(text), digest, &digest_len, EVP_sha512(), NULL);
	for (unsigned i = 0; i < digest_len && len + 1 < size; i++) {
		out[len++] = digits[digest[i] % 64];
	}
	out[len] = '\0';
	secret_wipe_bytes(text, sizeof(text));
}

static bool is_selected(const xmlNode *node, const xmlNode *filter)
{
	char wanted[VALUE_MAX];
	char name[VALUE_MAX];

	if (!xml_is(node, (const char *)filter->name)) {
		return false;
	}
	xml_child_text(filter, "name", wanted, sizeof(wanted));
	xml_child_text(node, "name", name, sizeof(name));
	return !wanted[0] || strcmp(wanted, name) == 0;
}

/* A filter of nothing but a <name> has chosen an entry and wants all of it. */
static bool wants_all(const xmlNode *filter)
{
	const xmlNode *first = xml_first(filter);

	return !first || (xml_is(first, "name") && !xml_next(first));
}

static const xmlNode *filter_for(const xmlNode *node, const xmlNode *filter)
{
	for (xmlNode *child = xml_first(filter); child; child = xml_next(child)) {
		if (is_selected(node, child)) {
			return child;
		}
	}
	return NULL;
}

/* A value as it is shown, in place. */
static void dress_value(const xmlNode *node, const char *router_name, char value[static VALUE_MAX])
{
	char time_zone[ROUTER_NAME_MAX];
	char shown[80];
	int64_t start_s;

	if (xml_is(node, "cak") || xml_is(node, "secret")) {
		obfuscate(router_name, value, shown, sizeof(shown));
		snprintf(value, VALUE_MAX, "%s", shown);
	} else if (xml_is(node, "start-time")) {
		chain_time_zone(node->doc, time_zone);
		if (chain_read_start(value, time_zone, &start_s)) {
			chain_write_start(start_s, time_zone, value, VALUE_MAX);
		}
	}
}

static void show_node(
	const xmlNode *node, const xmlNode *filter, const char *router_name, xmlNode *parent)
{
	bool all = wants_all(filter);
	char value[VALUE_MAX];
	xmlNode *copy;

	if (!xml_first(node)) {
		xml_text(node, value, sizeof(value));
		dress_value(node, router_name, value);
		xmlNewTextChild(parent, NULL, node->name, (const xmlChar *)value);
		return;
	}
	copy = xmlNewChild(parent, NULL, node->name, NULL);
	for (xmlNode *child = xml_first(node); child; child = xml_next(child)) {
		const xmlNode *wanted = all ? NULL : filter_for(child, filter);

		if (all || wanted || xml_is(child, "name")) {
			show_node(child, wanted, router_name, copy);
		}
	}
}

void config_show(const xmlDoc *doc, const xmlNode *filter, const char *router_name, xmlNode *parent)
{
	bool all = wants_all(filter);

	for (xmlNode *node = xml_first(xmlDocGetRootElement(doc)); node; node = xml_next(node)) {
		const xmlNode *wanted = all ? NULL : filter_for(node, filter);

		if (all || wanted) {
			show_node(node, wanted, router_name, parent);
		}
	}
}
