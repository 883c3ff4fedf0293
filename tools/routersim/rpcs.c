#include "tools/routersim/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netconf/xml.h"
#include "tools/routersim/candidate.h"
#include "tools/routersim/chain.h"
#include "tools/routersim/faults.h"
#include "tools/routersim/mka.h"

#define SET_LINES_MAX 65536
#define JUNOS_CONFIGURATION_NS "http://xml.juniper.net/xnm/1.1/xnm"

typedef int (*rpc_fn)(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure);

static bool attribute_is(const xmlNode *node, const char *name, const char *value)
{
	xmlChar *text = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);
	bool same = text && strcmp((const char *)text, value) == 0;

	xmlFree(text);
	return same;
}

/* ---- the lock ---------------------------------------------------------------------------------
 */

static int do_lock(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	struct router mutex;
	long session_id = 0;
	int rc;

	(void)operation;
	(void)reply;
	if (fault_take(server->dir, "lock-held", &session_id)) {
		return candidate_fail_locked(failure, (int)session_id);
	}
	if (router_create(&mutex, server->dir) < 0) {
		return rpc_fail_internal(failure);
	}
	rc = candidate_take_lock(server->dir, failure);
	router_close(&mutex);
	if (rc == 0 && fault_take(server->dir, "drop-after-lock", NULL)) {
		server->closing = true;
	}
	return rc;
}

static int do_unlock(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	struct router mutex;
	int rc = 0;

	(void)operation;
	(void)reply;
	if (router_create(&mutex, server->dir) < 0) {
		return rpc_fail_internal(failure);
	}
	if (claim_holder(server->dir, "lock") == getpid()) {
		claim_drop(server->dir, "lock");
	} else {
		rc = rpc_fail(failure, "operation-failed", NULL,
			"configuration database is not locked by you");
	}
	router_close(&mutex);
	return rc;
}

static int do_discard(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	struct router mutex;
	int rc;

	(void)operation;
	(void)reply;
	if (router_create(&mutex, server->dir) < 0) {
		return rpc_fail_internal(failure);
	}
	rc = candidate_check_lock(server->dir, failure);
	if (rc == 0) {
		candidate_drop(server->dir);
	}
	router_close(&mutex);
	return rc;
}

/* ---- load ------------------------------------------------------------------------------------ */

/* What a load brings: a <configuration>, or set lines. */
struct load {
	const xmlNode *configuration;
	const xmlNode *set_lines;
	enum config_action action;
};

static int apply_load(xmlDoc *doc, const struct load *load, struct rpc_failure *failure)
{
	char *lines;
	int rc;

	if (load->configuration) {
		return config_load(doc, load->configuration, load->action, failure);
	}
	lines = malloc(SET_LINES_MAX);
	if (!lines) {
		return rpc_fail_internal(failure);
	}
	rc = xml_text(load->set_lines, lines, SET_LINES_MAX)
		     ? config_load_set(doc, lines, failure)
		     : rpc_fail(failure, "too-big", NULL, "too many lines");
	secret_wipe_bytes(lines, SET_LINES_MAX);
	free(lines);
	return rc;
}

static int load_into_candidate(
	const char *dir, const struct load *load, struct rpc_failure *failure)
{
	struct router mutex;
	xmlDoc *doc = NULL;
	int rc;

	if (router_create(&mutex, dir) < 0) {
		return rpc_fail_internal(failure);
	}
	rc = candidate_check_lock(dir, failure);
	if (rc == 0) {
		doc = candidate_read(dir);
		rc = doc ? apply_load(doc, load, failure) : rpc_fail_internal(failure);
	}
	if (rc == 0 && (claim_write(dir, "candidate.owner") < 0 ||
			       router_write_config(dir, "candidate.xml", doc) < 0)) {
		rc = rpc_fail_internal(failure);
	}
	xmlFreeDoc(doc);
	router_close(&mutex);
	return rc;
}

static int quote_key(const xmlNode *operation, struct rpc_failure *failure)
{
	const xmlNode *node = xml_find(operation, "cak");
	char cak[ROUTER_HEX_MAX];

	node = node ? node : xml_find(operation, "secret");
	xml_text(node, cak, sizeof(cak));
	return rpc_fail(failure, "invalid-value", node ? (const char *)node->name : "cak",
		"invalid value '%s'", cak);
}

static int read_action(const xmlNode *operation, struct load *load, struct rpc_failure *failure)
{
	load->configuration = xml_child(operation, "configuration");
	load->set_lines = xml_child(operation, "configuration-set");
	if (attribute_is(operation, "action", "replace")) {
		load->action = CONFIG_REPLACE;
	} else if (attribute_is(operation, "action", "override") ||
		   attribute_is(operation, "action", "update")) {
		load->action = CONFIG_OVERRIDE;
	}
	if (load->set_lines && !attribute_is(operation, "action", "set")) {
		return rpc_fail(failure, "bad-attribute", NULL,
			"set lines need action=\"set\" and format=\"text\"");
	}
	if (!load->configuration && !load->set_lines) {
		return rpc_fail(failure, "operation-not-supported", NULL,
			"only XML and set lines are understood here");
	}
	return 0;
}

static int do_load(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	struct load load = { .action = CONFIG_MERGE };
	long seconds;

	if (fault_take(server->dir, "quote-key", NULL)) {
		return quote_key(operation, failure);
	}
	if (fault_take(server->dir, "start-shift", &seconds)) {
		chain_shift_starts((xmlNode *)operation, seconds);
	}
	if (read_action(operation, &load, failure) < 0 ||
		load_into_candidate(server->dir, &load, failure) < 0) {
		return -1;
	}
	xmlNewChild(xmlNewChild(reply, NULL, (const xmlChar *)"load-configuration-results", NULL),
		NULL, (const xmlChar *)"load-success", NULL);
	return 0;
}

static int do_edit_config(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	struct load load = { .action = CONFIG_MERGE };
	char text[16];

	(void)reply;
	xml_child_text(operation, "default-operation", text, sizeof(text));
	if (!xml_child(xml_child(operation, "target"), "candidate") ||
		(text[0] && strcmp(text, "merge") != 0)) {
		return rpc_fail(
			failure, "operation-not-supported", NULL, "only merge into the candidate");
	}
	load.configuration = xml_child(xml_child(operation, "config"), "configuration");
	if (!load.configuration) {
		return rpc_fail(failure, "missing-element", "configuration", "no configuration");
	}
	return load_into_candidate(server->dir, &load, failure);
}

/* ---- validate and commit --------------------------------------------------------------------- */

/* Reads the candidate, if this session may commit it. */
static int read_valid_candidate(const char *dir, xmlDoc **doc, struct rpc_failure *failure)
{
	struct router mutex;
	int rc;

	*doc = NULL;
	if (router_create(&mutex, dir) < 0) {
		return rpc_fail_internal(failure);
	}
	rc = candidate_check_lock(dir, failure);
	if (rc == 0) {
		*doc = candidate_read(dir);
		rc = *doc ? config_validate(*doc, failure) : rpc_fail_internal(failure);
	}
	router_close(&mutex);
	if (rc < 0) {
		xmlFreeDoc(*doc);
		*doc = NULL;
	}
	return rc;
}

static int check_candidate(struct server *server, struct rpc_failure *failure)
{
	xmlDoc *doc;

	if (fault_take(server->dir, "check-refused", NULL)) {
		return rpc_fail(
			failure, "operation-failed", NULL, "configuration check-out failed");
	}
	if (read_valid_candidate(server->dir, &doc, failure) < 0) {
		return -1;
	}
	xmlFreeDoc(doc);
	return 0;
}

static int do_validate(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	(void)operation;
	(void)reply;
	return check_candidate(server, failure);
}

/* Takes its time, but no longer than the client stays. */
static void dawdle(const char *dir, const char *fault)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = 0 };
	long ms;

	if (fault_take(dir, fault, &ms)) {
		poll(&input, 1, (int)ms);
	}
}

static void log_commit(const char *dir, const char *comment, const struct router_key *key,
	const struct router_chain *chain)
{
	const char *gap = comment[0] ? ", " : "";

	if (chain->name[0]) {
		router_log(dir, "commits.log", "session %d: %s%skey-chain %s, %zu keys",
			(int)getpid(), comment, gap, chain->name, chain->key_count);
	} else {
		router_log(dir, "commits.log", "session %d: %s%sCKN %s", (int)getpid(), comment,
			gap, key->ckn[0] ? key->ckn : "none");
	}
}

static int land_commit(const char *dir, const char *comment, struct rpc_failure *failure)
{
	struct router_chain chain;
	struct router router;
	struct router_key key;
	xmlDoc *doc;
	int rc;

	if (read_valid_candidate(dir, &doc, failure) < 0) {
		return -1;
	}
	rc = router_open(&router, dir);
	if (rc == 0) {
		config_get_key(doc, router.association, &key);
		chain_from_config(doc, router.association, &chain);
		rc = router_write_config(dir, "running.xml", doc);
		candidate_drop(dir);
		router_close(&router);
	}
	if (rc == 0) {
		rc = mka_commit(dir, &key, &chain);
		log_commit(dir, comment, &key, &chain);
	}
	secret_wipe_bytes(&chain, sizeof(chain));
	secret_wipe_bytes(&key, sizeof(key));
	xmlFreeDoc(doc);
	return rc < 0 ? rpc_fail_internal(failure) : 0;
}

static int commit(
	struct server *server, const char *comment, xmlNode *reply, struct rpc_failure *failure)
{
	dawdle(server->dir, "slow-commit");
	if (fault_take(server->dir, "drop-before-commit", NULL)) {
		server->vanished = true;
		return 0;
	}
	if (fault_take(server->dir, "commit-refused", NULL)) {
		return rpc_fail(
			failure, "operation-failed", NULL, "commit failed: daemon dot1xd refuses");
	}
	if (land_commit(server->dir, comment, failure) < 0) {
		return -1;
	}
	if (fault_take(server->dir, "drop-after-commit", NULL)) {
		server->vanished = true;
		return 0;
	}
	if (fault_take(server->dir, "warning", NULL)) {
		rpc_add_warning(reply, "MACsec licence not installed");
	}
	return 0;
}

static int do_commit(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	char comment[128];

	if (xml_child(operation, "confirmed") || xml_child(operation, "confirm-timeout")) {
		return rpc_fail(failure, "operation-not-supported", "confirmed",
			"confirmed commit is not simulated");
	}
	if (xml_child(operation, "check")) {
		return check_candidate(server, failure);
	}
	xml_child_text(operation, "log", comment, sizeof(comment));
	return commit(server, comment, reply, failure);
}

/* ---- get ------------------------------------------------------------------------------------- */

static int show_config(const char *dir, bool committed, const xmlNode *filter, xmlNode *parent,
	struct rpc_failure *failure)
{
	struct router router;
	xmlNode *configuration;
	xmlDoc *doc;

	if (router_open(&router, dir) < 0) {
		return rpc_fail_internal(failure);
	}
	doc = committed ? router_read_config(dir, "running.xml") : candidate_read(dir);
	if (doc) {
		configuration = xmlNewChild(parent, NULL, (const xmlChar *)"configuration", NULL);
		xmlSetNs(configuration,
			xmlNewNs(configuration, (const xmlChar *)JUNOS_CONFIGURATION_NS, NULL));
		config_show(doc, filter, router.name, configuration);
	}
	router_close(&router);
	xmlFreeDoc(doc);
	return doc ? 0 : rpc_fail_internal(failure);
}

static int do_get_configuration(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	return show_config(server->dir, attribute_is(operation, "database", "committed"),
		xml_child(operation, "configuration"), reply, failure);
}

static int do_get_config(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	xmlNode *data = xmlNewChild(reply, NULL, (const xmlChar *)"data", NULL);

	return show_config(server->dir, xml_child(xml_child(operation, "source"), "running"),
		xml_child(xml_child(operation, "filter"), "configuration"), data, failure);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static int do_close_session(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	(void)operation;
	(void)reply;
	(void)failure;
	server->closing = true;
	return 0;
}

static int do_kill_session(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	char file[64];
	char text[16];
	pid_t pid;

	(void)reply;
	xml_child_text(operation, "session-id", text, sizeof(text));
	snprintf(file, sizeof(file), "session.%ld", strtol(text, NULL, 10));
	pid = claim_holder(server->dir, file);
	if (pid == 0 || pid == getpid()) {
		return rpc_fail(failure, "invalid-value", "session-id", "no such other session");
	}
	kill(pid, SIGTERM);
	return 0;
}

static const struct {
	const char *name;
	rpc_fn run;
} rpcs[] = {
	{ "lock", do_lock },
	{ "lock-configuration", do_lock },
	{ "unlock", do_unlock },
	{ "unlock-configuration", do_unlock },
	{ "load-configuration", do_load },
	{ "edit-config", do_edit_config },
	{ "validate", do_validate },
	{ "commit", do_commit },
	{ "commit-configuration", do_commit },
	{ "discard-changes", do_discard },
	{ "get-configuration", do_get_configuration },
	{ "get-config", do_get_config },
	{ "get-mka-session-information", rpc_get_mka },
	{ "get-system-uptime-information", rpc_get_clock },
	{ "close-session", do_close_session },
	{ "kill-session", do_kill_session },
};

int rpc_do(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	dawdle(server->dir, "slow-rpc");
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++) {
		if (xml_is(operation, rpcs[i].name)) {
			return rpcs[i].run(server, operation, reply, failure);
		}
	}
	return rpc_fail(
		failure, "operation-not-supported", (const char *)operation->name, "syntax error");
}
