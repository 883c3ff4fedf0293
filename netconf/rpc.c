#include "netconf/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/problem.h"
#include "netconf/xml.h"

static xmlDoc *message_new(const char *name, xmlNode **root)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *node = doc ? xmlNewDocNode(doc, NULL, (const xmlChar *)name, NULL) : NULL;
	xmlNs *ns = node ? xmlNewNs(node, (const xmlChar *)RPC_NAMESPACE, NULL) : NULL;

	if (!ns) {
		xmlFreeNode(node);
		xmlFreeDoc(doc);
		return NULL;
	}
	xmlSetNs(node, ns);
	xmlDocSetRootElement(doc, node);
	*root = node;
	return doc;
}

/* A NULL namespace here means: the parent's. */
xmlNode *rpc_add(xmlNode *parent, const char *name)
{
	return parent ? xmlNewChild(parent, NULL, (const xmlChar *)name, NULL) : NULL;
}

xmlNode *rpc_add_text(xmlNode *parent, const char *name, const char *text)
{
	return parent ? xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text)
		      : NULL;
}

xmlDoc *rpc_hello(void)
{
	xmlNode *root;
	xmlDoc *doc = message_new("hello", &root);
	xmlNode *list = doc ? rpc_add(root, "capabilities") : NULL;

	if (!rpc_add_text(list, "capability", RPC_CAPABILITY_BASE_1_0) ||
		!rpc_add_text(list, "capability", RPC_CAPABILITY_BASE_1_1)) {
		xmlFreeDoc(doc);
		return NULL;
	}
	return doc;
}

static uint32_t parse_session_id(const char *text)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9') {
		return 0;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	return *end == '\0' && errno == 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

int rpc_read_hello(const xmlDoc *doc, struct rpc_hello *hello)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	char text[128];

	*hello = (struct rpc_hello){ 0 };
	if (!xml_is(root, "hello")) {
		return -EBADMSG;
	}
	for (xmlNode *node = xml_first(xml_child(root, "capabilities")); node;
		node = xml_next(node)) {
		if (!xml_is(node, "capability") || !xml_text(node, text, sizeof(text))) {
			continue;
		}
		hello->base_1_0 |= strcmp(text, RPC_CAPABILITY_BASE_1_0) == 0;
		hello->base_1_1 |= strcmp(text, RPC_CAPABILITY_BASE_1_1) == 0;
	}
	xml_child_text(root, "session-id", text, sizeof(text));
	hello->session_id = parse_session_id(text);
	return hello->session_id > 0 && (hello->base_1_0 || hello->base_1_1) ? 0 : -EBADMSG;
}

xmlDoc *rpc_new(const char *operation, xmlNode **operation_node)
{
	xmlNode *root;
	xmlDoc *doc = message_new("rpc", &root);

	*operation_node = doc ? rpc_add(root, operation) : NULL;
	if (!*operation_node) {
		xmlFreeDoc(doc);
		return NULL;
	}
	return doc;
}

const char *rpc_operation(const xmlDoc *doc)
{
	const xmlNode *operation = xml_first(xmlDocGetRootElement(doc));

	return operation ? (const char *)operation->name : "?";
}

int rpc_set_message_id(xmlDoc *doc, uint32_t message_id)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", message_id);
	return xmlSetProp(xmlDocGetRootElement(doc), (const xmlChar *)"message-id",
		       (const xmlChar *)text)
		       ? 0
		       : -ENOMEM;
}

enum rpc_kind rpc_classify(const xmlDoc *doc, uint32_t message_id)
{
	xmlNode *root = xmlDocGetRootElement(doc);
	char expected[16];
	xmlChar *id;
	bool same;

	if (xml_is(root, "notification")) {
		return RPC_NOTICE;
	}
	if (!xml_is(root, "rpc-reply")) {
		return RPC_UNRELATED;
	}
	snprintf(expected, sizeof(expected), "%u", message_id);
	id = xmlGetNoNsProp(root, (const xmlChar *)"message-id");
	same = id && strcmp((const char *)id, expected) == 0;
	xmlFree(id);
	return same ? RPC_REPLY : RPC_UNRELATED;
}

static void add_warning(struct rpc_reply *reply, const char *text)
{
	size_t len = strlen(reply->warnings);

	snprintf(reply->warnings + len, sizeof(reply->warnings) - len, "%s%s", len > 0 ? "; " : "",
		text);
}

static void add_error(struct rpc_reply *reply, const xmlNode *node, const char *text)
{
	reply->failed = true;
	if (reply->error_text[0]) {
		return;
	}
	snprintf(reply->error_text, sizeof(reply->error_text), "%s", text);
	xml_child_text(node, "error-tag", reply->error_tag, sizeof(reply->error_tag));
	xml_child_text(xml_child(node, "error-info"), "session-id", reply->session_id,
		sizeof(reply->session_id));
	problem_clean(reply->session_id);
}

/* "text (element)", or the tag where a device gives no message. */
static void describe(const xmlNode *node, const char *message_name, char *out, size_t size)
{
	char message[APPLIER_ERROR_TEXT_MAX];
	char element[64];

	xml_child_text(node, message_name, message, sizeof(message));
	if (!message[0]) {
		xml_child_text(node, "error-tag", message, sizeof(message));
	}
	xml_child_text(xml_child(node, "error-info"), "bad-element", element, sizeof(element));
	if (element[0] && !strstr(message, element)) {
		snprintf(out, size, "%.160s (%s)", message, element);
	} else {
		snprintf(out, size, "%s", message[0] ? message : "no reason given");
	}
	problem_clean(out);
}

/* RFC 6241 clause 4.3. A severity that is missing or unknown counts as an error. */
static void read_rpc_error(struct rpc_reply *reply, const xmlNode *node)
{
	char severity[16];
	char text[APPLIER_ERROR_TEXT_MAX];

	describe(node, "error-message", text, sizeof(text));
	xml_child_text(node, "error-severity", severity, sizeof(severity));
	if (strcmp(severity, "warning") == 0) {
		add_warning(reply, text);
	} else {
		add_error(reply, node, text);
	}
}

/* <xnm:error> and <xnm:warning> of the Junos XML protocol, as commit results carry them. */
static bool read_junos_error(struct rpc_reply *reply, const xmlNode *node)
{
	char text[APPLIER_ERROR_TEXT_MAX];

	if ((!xml_is(node, "error") && !xml_is(node, "warning")) || !xml_child(node, "message")) {
		return false;
	}
	describe(node, "message", text, sizeof(text));
	if (xml_is(node, "warning")) {
		add_warning(reply, text);
	} else {
		add_error(reply, node, text);
	}
	return true;
}

static bool says_success(const xmlNode *node)
{
	return xml_is(node, "ok") || xml_is(node, "load-success") ||
	       xml_is(node, "commit-success") || xml_is(node, "commit-check-success");
}

static void read_outcome(struct rpc_reply *reply, const xmlNode *parent)
{
	char count[16];

	for (xmlNode *node = xml_first(parent); node; node = xml_next(node)) {
		if (xml_is(node, "rpc-error")) {
			read_rpc_error(reply, node);
		} else if (read_junos_error(reply, node)) {
			continue;
		} else if (says_success(node)) {
			reply->ok = true;
		} else if (xml_is(node, "load-error-count")) {
			xml_text(node, count, sizeof(count));
			reply->failed |= strcmp(count, "0") != 0;
		} else if (!xml_is(node, "configuration") && !xml_is(node, "data")) {
			read_outcome(reply, node);
		}
	}
}

void rpc_read_reply(xmlDoc *doc, struct rpc_reply *reply)
{
	*reply = (struct rpc_reply){ .doc = doc };
	read_outcome(reply, xmlDocGetRootElement(doc));
	if (reply->failed && !reply->error_text[0]) {
		snprintf(reply->error_text, sizeof(reply->error_text), "no reason given");
	}
}

void rpc_reply_fini(struct rpc_reply *reply)
{
	xmlFreeDoc(reply->doc);
	reply->doc = NULL;
}
