/*
 * The static pre-shared key of one connectivity association on a Junos router.
 *
 * MKA on the router keeps the preceding key in use until the new one has a live
 * peer, so the two ends may commit one after the other; and it drops the
 * preceding key by itself, so that there is nothing to retire.
 *
 *   READ_BACK   get-configuration, get-mka-session-information
 *   PREPARE     get-configuration; lock, load, commit check; discard, unlock
 *   COMMIT      get-configuration; lock, load, commit check, commit; unlock
 *
 * The session is kept for the next job; the first question of a job is one that
 * changes nothing, and is asked again on a new session if the old one has died.
 */
#include "netconf/junos_psk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "netconf/deadline.h"
#include "netconf/junos.h"

#define LOG_NAME "netconf"
#define LOCK_RETRY_FIRST_MS 100
#define LOCK_RETRY_MAX_MS 2000
#define CKN_LEN 32

/* ---- one RPC --------------------------------------------------------------------------------- */

static void add_warning(struct applier_result *result, const char *warning)
{
	size_t len = strlen(result->text);

	if (warning[0]) {
		snprintf(result->text + len, sizeof(result->text) - len, "%s%s",
			len > 0 ? "; " : "", warning);
	}
}

/*
 * Asks for a change and demands a success. A refusal becomes the given error,
 * and the device's warnings go into the result.
 */
static int order(struct junos_psk *router, xmlDoc *rpc, const char *what,
	enum applier_error refused, struct applier_result *result, struct problem *problem)
{
	struct rpc_reply reply;
	int rc = 0;

	if (netconf_session_call(router->session, rpc, &reply, problem) < 0) {
		return -1;
	}
	add_warning(result, reply.warnings);
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

/* Asks for data; the caller frees the reply. */
static int question(struct junos_psk *router, xmlDoc *rpc, const char *what,
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

static int ask_configuration(
	struct junos_psk *router, struct junos_association *association, struct problem *problem)
{
	struct rpc_reply reply;

	if (!netconf_session_is_open(router->session) &&
		netconf_session_open(router->session, problem) < 0) {
		return -1;
	}
	if (question(router, junos_get_macsec_configuration(router->association),
		    "get-configuration", &reply, problem) < 0) {
		return -1;
	}
	junos_read_association(reply.doc, router->association, association);
	rpc_reply_fini(&reply);
	return 0;
}

static int check_bindings(const struct junos_psk *router,
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

/* A load would silently create what is missing: an association that secures nothing. */
static int check_association(const struct junos_psk *router,
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
	return check_bindings(router, association, problem);
}

static int get_association(
	struct junos_psk *router, struct junos_association *association, struct problem *problem)
{
	bool warm = netconf_session_is_open(router->session);
	int rc = ask_configuration(router, association, problem);

	if (rc < 0 && warm && problem->error == APPLIER_ERROR_CONNECTION_LOST) {
		log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: %s; connecting again", router->host,
			problem->text);
		rc = ask_configuration(router, association, problem);
	}
	return rc < 0 ? -1 : check_association(router, association, problem);
}

static int get_view(struct junos_psk *router, const struct junos_association *association,
	struct applier_view *view, struct problem *problem)
{
	struct rpc_reply reply;
	struct junos_mka *mka;

	if (question(router, junos_get_mka_sessions(), "get-mka-session-information", &reply,
		    problem) < 0) {
		return -1;
	}
	mka = malloc(sizeof(*mka));
	if (mka) {
		junos_read_mka(reply.doc, mka);
		junos_view(association, mka, (const char *const *)router->interfaces,
			router->interface_count, view);
		free(mka);
	}
	rpc_reply_fini(&reply);
	return mka ? 0 : problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
}

static int read_back(
	struct junos_psk *router, struct applier_result *result, struct problem *problem)
{
	struct junos_association association;

	if (get_association(router, &association, problem) < 0) {
		return -1;
	}
	return get_view(router, &association, &result->view, problem);
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

static int try_lock(struct junos_psk *router, struct problem *problem)
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

/*
 * The lock is granted only while the candidate equals what is committed
 * (RFC 6241 clause 7.5), so nothing of somebody else's is committed or discarded.
 */
static int lock(struct junos_psk *router, struct problem *problem)
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

/* ---- changes --------------------------------------------------------------------------------- */

/* "Short CKNs and CAKs are refused: vendors pad differently"; so is what a single key cannot hold.
 */
static int check_keys(
	const struct junos_psk *router, const struct applier_job *job, struct problem *problem)
{
	const struct applier_key *key = &job->keys[0];

	if (job->key_count != 1) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"a static pre-shared key is one key, not %zu", job->key_count);
	}
	if (key->ckn_len != CKN_LEN) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CKN has %zu octets, not %d", key->ckn_len, CKN_LEN);
	}
	if (key->cak.len != router->cak_len) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CAK has %zu octets; %s needs %zu", key->cak.len, router->cipher_suite,
			router->cak_len);
	}
	return 0;
}

static int load_and_check(struct junos_psk *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	if (order(router, junos_load_key(router->association, &job->keys[0]), "load-configuration",
		    APPLIER_ERROR_REFUSED, result, problem) < 0) {
		return -1;
	}
	return order(router, junos_commit_check(), "commit check", APPLIER_ERROR_REFUSED, result,
		problem);
}

/*
 * Leaves the device as if the session had not been: if that fails, ending the
 * session does it, for a router then drops its lock and its uncommitted changes.
 */
static void clean_up(struct junos_psk *router, bool discard)
{
	struct applier_result ignored = { 0 };
	struct problem problem;

	if (!netconf_session_is_open(router->session)) {
		return;
	}
	if ((discard && order(router, junos_discard(), "discard-changes", APPLIER_ERROR_REFUSED,
				&ignored, &problem) < 0) ||
		order(router, junos_unlock(), "unlock", APPLIER_ERROR_REFUSED, &ignored, &problem) <
			0) {
		log_write(LOG_LEVEL_WARNING, LOG_NAME, "%s: %s; ending the session instead",
			router->host, problem.text);
		netconf_session_close(router->session);
	}
}

static int prepare(struct junos_psk *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	struct junos_association association;
	int rc;

	if (check_keys(router, job, problem) < 0 ||
		get_association(router, &association, problem) < 0 || lock(router, problem) < 0) {
		return -1;
	}
	rc = load_and_check(router, job, result, problem);
	clean_up(router, true);
	return rc;
}

/* A key that is in use is left alone: loading it again might start its sessions anew. */
static bool is_in_use(struct junos_psk *router, const struct junos_association *association,
	const struct applier_key *key)
{
	struct applier_view view;
	struct problem ignored;

	if (!junos_same_ckn(association->ckn, association->ckn_len, key->ckn, key->ckn_len) ||
		get_view(router, association, &view, &ignored) < 0) {
		return false;
	}
	for (size_t i = 0; i < view.key_count; i++) {
		if (view.keys[i].configured) {
			return view.keys[i].transmitting;
		}
	}
	return false;
}

static int commit(struct junos_psk *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	struct junos_association association;
	int rc;

	if (check_keys(router, job, problem) < 0 ||
		get_association(router, &association, problem) < 0) {
		return -1;
	}
	if (is_in_use(router, &association, &job->keys[0])) {
		return 0;
	}
	if (!netconf_session_is_open(router->session) &&
		netconf_session_open(router->session, problem) < 0) {
		return -1;
	}
	if (lock(router, problem) < 0) {
		return -1;
	}
	rc = load_and_check(router, job, result, problem);
	if (rc == 0) {
		rc = order(router, junos_commit(job->generation), "commit",
			APPLIER_ERROR_COMMIT_FAILED, result, problem);
	}
	clean_up(router, rc < 0);
	return rc;
}

int junos_psk_do(struct junos_psk *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	switch (job->op) {
	case APPLIER_PREPARE:
		return prepare(router, job, result, problem);
	case APPLIER_COMMIT:
		return commit(router, job, result, problem);
	case APPLIER_READ_BACK:
		return read_back(router, result, problem);
	case APPLIER_DISCARD: /* PREPARE left nothing behind */
	case APPLIER_RETIRE:  /* MKA has dropped, or will drop, the preceding key */
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "unknown operation");
}
