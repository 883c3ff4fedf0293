/* What every Junos back end needs: see junos_router.h. */
#include "netconf/junos_router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "netconf/deadline.h"

#define LOG_NAME "netconf"
#define LOCK_RETRY_FIRST_MS 100
#define LOCK_RETRY_MAX_MS 2000

/* ---- one RPC --------------------------------------------------------------------------------- */

void junos_router_warn(struct applier_result *result, const char *warning)
{
	size_t len = strlen(result->text);

	if (warning[0]) {
		snprintf(result->text + len, sizeof(result->text) - len, "%s%s",
			len > 0 ? "; " : "", warning);
	}
}

int junos_router_order(struct junos_router *router, xmlDoc *rpc, const char *what,
	enum applier_error refused, struct applier_result *result, struct problem *problem)
{
	struct rpc_reply reply;
	int rc = 0;

	if (netconf_session_call(router->session, rpc, &reply, problem) < 0) {
		return -1;
	}
	junos_router_warn(result, reply.warnings);
	if (reply.failed) {
		rc = problem_set(problem, refused, "%s: %s", what, reply.error_text);
	} else if (!reply.ok) {
		rc = problem_set(
			problem, APPLIER_ERROR_PROTOCOL, "%s: neither ok nor an error", what);
		netconf_session_close(router->session);
	}
	rpc_reply_fini(&reply);
	return rc;
}

int junos_router_ask(struct junos_router *router, xmlDoc *rpc, const char *what,
	struct rpc_reply *reply, struct problem *problem)
{
	if (netconf_session_call(router->session, rpc, reply, problem) < 0) {
		return -1;
	}
	if (reply->failed) {
		problem_set(problem, APPLIER_ERROR_REFUSED, "%s: %s", what, reply->error_text);
		rpc_reply_fini(reply);
		return -1;
	}
	return 0;
}

/* ---- what is there --------------------------------------------------------------------------- */

int junos_router_configuration(struct junos_router *router, const char *database,
	struct junos_configuration *configuration, struct problem *problem)
{
	struct rpc_reply reply;

	if (junos_router_ask(router,
		    junos_get_configuration(database, router->association, router->key_chain),
		    "get-configuration", &reply, problem) < 0) {
		return -1;
	}
	junos_read_association(reply.doc, router->association, &configuration->association);
	if (router->key_chain) {
		junos_read_chain(reply.doc, router->key_chain, &configuration->chain);
	}
	rpc_reply_fini(&reply);
	return 0;
}

static int check_bindings(const struct junos_router *router,
	const struct junos_association *association, struct problem *problem)
{
	for (size_t i = 0; i < router->interface_count; i++) {
		size_t at = 0;

		while (at < association->interface_count &&
			strcmp(association->interfaces[at], router->interfaces[i]) != 0) {
			at++;
		}
		if (at == association->interface_count) {
			return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
				"interface %s is not bound to connectivity association %s",
				router->interfaces[i], router->association);
		}
	}
	return 0;
}

/* Where the association's keys are: with both kinds of them it is anybody's guess which count. */
static int check_kind(const struct junos_router *router,
	const struct junos_association *association, struct problem *problem)
{
	const char *wanted = router->key_chain ? router->key_chain : "";

	if (strcmp(association->key_chain, wanted) == 0) {
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
		"connectivity association %s uses %s%s on the device, %s%s here",
		router->association, association->key_chain[0] ? "key-chain " : "no key-chain",
		association->key_chain, wanted[0] ? "key-chain " : "no key-chain", wanted);
}

/* A load would silently create what is missing: an association that secures nothing. */
int junos_router_check(const struct junos_router *router,
	const struct junos_association *association, struct problem *problem)
{
	if (!association->found) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"no connectivity association %s on the device", router->association);
	}
	if (association->cipher_suite[0] &&
		strcmp(association->cipher_suite, router->cipher_suite) != 0) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"connectivity association %s has cipher suite %s on the device, %s here",
			router->association, association->cipher_suite, router->cipher_suite);
	}
	if (check_kind(router, association, problem) < 0) {
		return -1;
	}
	return check_bindings(router, association, problem);
}

static int connect_and_ask(struct junos_router *router, struct junos_configuration *configuration,
	struct problem *problem)
{
	if (!netconf_session_is_open(router->session) &&
		netconf_session_open(router->session, problem) < 0) {
		return -1;
	}
	return junos_router_configuration(router, "committed", configuration, problem);
}

int junos_router_begin(struct junos_router *router, struct junos_configuration *configuration,
	struct problem *problem)
{
	bool warm = netconf_session_is_open(router->session);
	int rc = connect_and_ask(router, configuration, problem);

	if (rc < 0 && warm && problem->error == APPLIER_ERROR_CONNECTION_LOST) {
		log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: %s; connecting again", router->host,
			problem->text);
		rc = connect_and_ask(router, configuration, problem);
	}
	return rc < 0 ? -1 : junos_router_check(router, &configuration->association, problem);
}

struct junos_mka *junos_router_mka(struct junos_router *router, struct problem *problem)
{
	struct rpc_reply reply;
	struct junos_mka *mka;

	if (junos_router_ask(router, junos_get_mka_sessions(), "get-mka-session-information",
		    &reply, problem) < 0) {
		return NULL;
	}
	mka = malloc(sizeof(*mka));
	if (mka) {
		junos_read_mka(reply.doc, mka);
	} else {
		problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
	}
	rpc_reply_fini(&reply);
	return mka;
}

/* ---- the lock -------------------------------------------------------------------------------- */

/* RFC 6241 says lock-denied; Junos says "locked by" or "database modified" under a general tag. */
static bool is_held(const struct rpc_reply *reply)
{
	return strcmp(reply->error_tag, "lock-denied") == 0 ||
	       strcmp(reply->error_tag, "in-use") == 0 || strcasestr(reply->error_text, "locked") ||
	       strcasestr(reply->error_text, "modified");
}

static int judge_lock(const struct rpc_reply *reply, struct problem *problem)
{
	if (!reply->failed) {
		return 0;
	}
	if (!is_held(reply)) {
		return problem_set(problem, APPLIER_ERROR_REFUSED, "lock: %s", reply->error_text);
	}
	if (reply->session_id[0]) {
		return problem_set(problem, APPLIER_ERROR_LOCKED,
			"configuration locked by session %s: %s", reply->session_id,
			reply->error_text);
	}
	return problem_set(
		problem, APPLIER_ERROR_LOCKED, "configuration locked: %s", reply->error_text);
}

static int try_lock(struct junos_router *router, struct problem *problem)
{
	struct rpc_reply reply;
	int rc;

	if (netconf_session_call(router->session, junos_lock(), &reply, problem) < 0) {
		return -1;
	}
	rc = judge_lock(&reply, problem);
	rpc_reply_fini(&reply);
	return rc;
}

int junos_router_lock(struct junos_router *router, struct problem *problem)
{
	uint64_t deadline_ms = deadline_now_ms() + router->lock_wait_ms;
	uint64_t pause_ms = LOCK_RETRY_FIRST_MS;

	while (try_lock(router, problem) < 0) {
		uint64_t now = deadline_now_ms();
		uint64_t until = now + pause_ms < deadline_ms ? now + pause_ms : deadline_ms;

		if (problem->error != APPLIER_ERROR_LOCKED || now >= deadline_ms) {
			return -1;
		}
		if (deadline_wait_fd(-1, 0, router->wake_fd, until) < 0) {
			return -1;
		}
		pause_ms = pause_ms * 2 < LOCK_RETRY_MAX_MS ? pause_ms * 2 : LOCK_RETRY_MAX_MS;
	}
	return 0;
}

void junos_router_unlock(struct junos_router *router, bool discard)
{
	struct applier_result ignored = { 0 };
	struct problem problem;

	if (!netconf_session_is_open(router->session)) {
		return;
	}
	if ((discard && junos_router_order(router, junos_discard(), "discard-changes",
				APPLIER_ERROR_REFUSED, &ignored, &problem) < 0) ||
		junos_router_order(router, junos_unlock(), "unlock", APPLIER_ERROR_REFUSED,
			&ignored, &problem) < 0) {
		log_write(LOG_LEVEL_WARNING, LOG_NAME, "%s: %s; ending the session instead",
			router->host, problem.text);
		netconf_session_close(router->session);
	}
}

/* ---- keys ------------------------------------------------------------------------------------ */

int junos_router_check_key(
	const struct junos_router *router, const struct applier_key *key, struct problem *problem)
{
	if (key->ckn_len != APPLIER_CKN_MAX) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CKN has %zu octets, not %d", key->ckn_len, APPLIER_CKN_MAX);
	}
	if (key->cak.len != router->cak_len) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CAK has %zu octets; %s needs %zu", key->cak.len, router->cipher_suite,
			router->cak_len);
	}
	return 0;
}
