#include "tools/routersim/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netconf/rpc.h"
#include "netconf/xml.h"
#include "tools/routersim/candidate.h"
#include "tools/routersim/faults.h"

#define HELLO_PATIENCE_MS 600000

static int write_all(const struct octets *octets)
{
	size_t done = 0;

	while (done < octets->len) {
		ssize_t written = write(STDOUT_FILENO, octets->bytes + done, octets->len - done);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		done += written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int send_text(const struct server *server, const uint8_t *text, size_t len)
{
	struct octets framed;
	int rc;

	octets_init(&framed, 2 * FRAMING_MESSAGE_MAX);
	rc = framing_encode(server->mode, text, len, &framed);
	if (rc == 0) {
		rc = write_all(&framed);
	}
	octets_fini(&framed);
	return rc;
}

static int send_doc(const struct server *server, const xmlDoc *doc)
{
	struct octets text;
	int rc;

	octets_init(&text, FRAMING_MESSAGE_MAX);
	rc = xml_write(doc, &text);
	if (rc == 0) {
		rc = send_text(server, text.bytes, text.len);
	}
	octets_fini(&text);
	return rc;
}

/* Returns 0 with a message in the reader, or -1 when there will be none. */
static int read_message(struct server *server, uint8_t *pending, size_t *pending_len)
{
	framing_reader_next(&server->reader, server->mode);
	for (;;) {
		enum framing_status status;
		size_t taken;
		ssize_t got;

		status = framing_feed(&server->reader, pending, *pending_len, &taken);
		memmove(pending, pending + taken, *pending_len - taken);
		*pending_len -= taken;
		if (status == FRAMING_MESSAGE) {
			return 0;
		}
		if (status != FRAMING_NEED_MORE) {
			return -1;
		}
		got = read(STDIN_FILENO, pending, BUFSIZ);
		if (got == 0 || (got < 0 && errno != EINTR)) {
			return -1;
		}
		*pending_len = got > 0 ? (size_t)got : 0;
	}
}

/* ---- hello ----------------------------------------------------------------------------------- */

static xmlNode *add(xmlNode *parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static xmlDoc *make_hello(const struct router *router)
{
	static const char *const capabilities[] = {
		"urn:ietf:params:netconf:capability:candidate:1.0",
		"urn:ietf:params:netconf:capability:validate:1.0",
		"http://xml.juniper.net/netconf/junos/1.0",
		"http://xml.juniper.net/dmi/system/1.0",
	};
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *root = xmlNewDocNode(doc, NULL, (const xmlChar *)"hello", NULL);
	char session_id[16];
	xmlNode *list;

	xmlDocSetRootElement(doc, root);
	xmlSetNs(root, xmlNewNs(root, (const xmlChar *)RPC_NAMESPACE, NULL));
	list = xmlNewChild(root, NULL, (const xmlChar *)"capabilities", NULL);
	add(list, "capability", RPC_CAPABILITY_BASE_1_0);
	if (router->base_1_1) {
		add(list, "capability", RPC_CAPABILITY_BASE_1_1);
	}
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		add(list, "capability", capabilities[i]);
	}
	snprintf(session_id, sizeof(session_id), "%d", (int)getpid());
	add(root, "session-id", session_id);
	return doc;
}

static bool client_has_base_1_1(const xmlDoc *doc)
{
	const xmlNode *list = xml_child(xmlDocGetRootElement(doc), "capabilities");
	char text[128];

	for (xmlNode *node = xml_first(list); node; node = xml_next(node)) {
		xml_text(node, text, sizeof(text));
		if (strcmp(text, RPC_CAPABILITY_BASE_1_1) == 0) {
			return true;
		}
	}
	return false;
}

static int exchange_hello(struct server *server, uint8_t *pending, size_t *pending_len)
{
	struct router router;
	xmlDoc *doc;
	int rc;

	if (router_open(&router, server->dir) < 0) {
		return -1;
	}
	server->chunked = router.base_1_1;
	server->rfc_compliant = router.rfc_compliant;
	doc = make_hello(&router);
	router_close(&router);
	rc = send_doc(server, doc);
	xmlFreeDoc(doc);
	if (rc < 0 || read_message(server, pending, pending_len) < 0) {
		return -1;
	}
	doc = xml_parse(server->reader.message.bytes, server->reader.message.len);
	if (!doc || !xml_is(xmlDocGetRootElement(doc), "hello")) {
		xmlFreeDoc(doc);
		return -1;
	}
	server->chunked = server->chunked && client_has_base_1_1(doc);
	xmlFreeDoc(doc);
	return 0;
}

/* ---- replies --------------------------------------------------------------------------------- */

static xmlNode *add_rpc_error(
	xmlNode *parent, const char *severity, const char *tag, const char *message)
{
	xmlNode *error = xmlNewChild(parent, NULL, (const xmlChar *)"rpc-error", NULL);

	add(error, "error-type", "application");
	add(error, "error-tag", tag);
	add(error, "error-severity", severity);
	add(error, "error-message", message);
	return error;
}

void rpc_add_warning(xmlNode *reply, const char *message)
{
	add_rpc_error(reply, "warning", "operation-failed", message);
}

static void add_failure(xmlNode *reply, const struct rpc_failure *failure)
{
	xmlNode *error = add_rpc_error(reply, "error", failure->tag, failure->message);
	xmlNode *info;
	char session_id[16];

	if (!failure->bad_element[0] && failure->session_id == 0) {
		return;
	}
	info = xmlNewChild(error, NULL, (const xmlChar *)"error-info", NULL);
	if (failure->bad_element[0]) {
		add(info, "bad-element", failure->bad_element);
	}
	if (failure->session_id > 0) {
		snprintf(session_id, sizeof(session_id), "%d", failure->session_id);
		add(info, "session-id", session_id);
	}
}

/* Clause 4.2: the attributes of <rpc> come back in <rpc-reply>. */
static xmlDoc *make_reply(const struct server *server, const xmlNode *rpc)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *root = xmlNewDocNode(doc, NULL, (const xmlChar *)"rpc-reply", NULL);

	xmlDocSetRootElement(doc, root);
	xmlSetNs(root, xmlNewNs(root, (const xmlChar *)RPC_NAMESPACE,
			       server->rfc_compliant ? (const xmlChar *)"nc" : NULL));
	for (const xmlAttr *attribute = rpc->properties; attribute; attribute = attribute->next) {
		xmlChar *value = xmlGetNoNsProp((xmlNode *)rpc, attribute->name);

		if (value) {
			xmlNewProp(root, attribute->name, value);
		}
		xmlFree(value);
	}
	return doc;
}

static xmlDoc *answer(struct server *server, const xmlNode *rpc)
{
	const xmlNode *operation = xml_first(rpc);
	xmlDoc *doc = make_reply(server, rpc);
	xmlNode *root = xmlDocGetRootElement(doc);
	struct rpc_failure failure = { 0 };
	const char *name = operation ? (const char *)operation->name : "nothing";
	int rc;

	router_log(server->dir, "rpc.log", "%d begin %s", (int)getpid(), name);
	if (!operation) {
		rc = rpc_fail(&failure, "missing-element", NULL, "no operation");
	} else {
		rc = rpc_do(server, operation, root, &failure);
	}
	if (server->vanished) {
		router_log(
			server->dir, "rpc.log", "%d end %s: session dropped", (int)getpid(), name);
		xmlFreeDoc(doc);
		return NULL;
	}
	if (rc < 0) {
		add_failure(root, &failure);
	} else if (!root->children || xml_is(root->last, "rpc-error")) {
		xmlNewChild(root, NULL, (const xmlChar *)"ok", NULL);
	}
	router_log(server->dir, "rpc.log", "%d end %s: %s", (int)getpid(), name,
		rc < 0 ? failure.tag : "ok");
	return doc;
}

/* Returns 0, or -1 to end the session. */
static int answer_message(struct server *server)
{
	static const char garbage[] = "%%% mgd: bus error";
	xmlDoc *doc = xml_parse(server->reader.message.bytes, server->reader.message.len);
	xmlNode *rpc = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlDoc *reply = NULL;
	int rc = -1;

	if (xml_is(rpc, "rpc")) {
		reply = answer(server, rpc);
	}
	if (reply && fault_take(server->dir, "garbage", NULL)) {
		rc = send_text(server, (const uint8_t *)garbage, sizeof(garbage) - 1);
	} else if (reply) {
		rc = send_doc(server, reply);
	}
	xmlFreeDoc(reply);
	xmlFreeDoc(doc);
	return rc < 0 || server->closing ? -1 : 0;
}

/* Says nothing until the client has had enough. */
static void stay_silent(void)
{
	uint8_t ignored[256];
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (poll(&input, 1, HELLO_PATIENCE_MS) > 0 &&
		read(STDIN_FILENO, ignored, sizeof(ignored)) > 0) {
	}
}

int serve(const char *dir)
{
	static uint8_t pending[BUFSIZ];
	struct server server = { .dir = dir, .mode = FRAMING_END_OF_MESSAGE };
	size_t pending_len = 0;

	signal(SIGPIPE, SIG_IGN);
	xml_init();
	framing_reader_init(&server.reader);
	if (fault_take(dir, "no-hello", NULL)) {
		stay_silent();
	} else if (exchange_hello(&server, pending, &pending_len) == 0) {
		server.mode = server.chunked ? FRAMING_CHUNKED : FRAMING_END_OF_MESSAGE;
		while (read_message(&server, pending, &pending_len) == 0 &&
			answer_message(&server) == 0) {
		}
	}
	candidate_end_session(dir);
	framing_reader_fini(&server.reader);
	secret_wipe_bytes(pending, sizeof(pending));
	return 0;
}
