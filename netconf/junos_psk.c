/*
 * The static pre-shared key of one connectivity association on a Junos router, and
 * the description of an interface, if there is one that is to be set with it.
 *
 * MKA on the router keeps the preceding key in use until the new one has a live
 * peer, so the two ends may commit one after the other; and it drops the
 * preceding key by itself, so that there is nothing to retire.
 *
 *   READ_BACK   get-configuration, get-mka-session-information
 *   PREPARE     get-configuration; lock, load, commit check; discard, unlock
 *   COMMIT      get-configuration; lock, load, commit check, commit; unlock
 *               (key and description in one commit: neither is seen without the other)
 */
#include <stdlib.h>
#include <string.h>

#include "netconf/junos_router.h"

static int get_view(struct junos_router *router, const struct junos_association *association,
	struct applier_view *view, struct problem *problem)
{
	struct junos_mka *mka = junos_router_mka(router, problem);

	if (!mka) {
		return -1;
	}
	junos_view(association, mka, (const char *const *)router->interfaces,
		router->interface_count, view);
	free(mka);
	return 0;
}

static int read_back(
	struct junos_router *router, struct applier_result *result, struct problem *problem)
{
	struct junos_configuration configuration;

	if (junos_router_begin(router, &configuration, problem) < 0) {
		return -1;
	}
	return get_view(router, &configuration.association, &result->view, problem);
}

/* ---- changes --------------------------------------------------------------------------------- */

static int check_keys(
	const struct junos_router *router, const struct applier_job *job, struct problem *problem)
{
	if (job->key_count != 1) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"a static pre-shared key is one key, not %zu", job->key_count);
	}
	return junos_router_check_key(router, &job->keys[0], problem);
}

/* What is to be different: NULL for what is to stay. */
struct change {
	const struct applier_key *key;
	const char *description;
};

static xmlDoc *load_of(const struct junos_router *router, const struct change *change)
{
	xmlDoc *load = change->key ? junos_load_key(router->association, change->key) : NULL;

	if ((change->key && !load) || !change->description) {
		return load;
	}
	return junos_load_description(load, router->description_interface, change->description);
}

static int load_and_check(struct junos_router *router, const struct change *change,
	struct applier_result *result, struct problem *problem)
{
	if (junos_router_order(router, load_of(router, change), "load-configuration",
		    APPLIER_ERROR_REFUSED, result, problem) < 0) {
		return -1;
	}
	return junos_router_order(router, junos_commit_check(), "commit check",
		APPLIER_ERROR_REFUSED, result, problem);
}

static int prepare(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	const struct change change = { .key = &job->keys[0] };
	struct junos_configuration configuration;
	int rc;

	if (check_keys(router, job, problem) < 0 ||
		junos_router_begin(router, &configuration, problem) < 0 ||
		junos_router_lock(router, problem) < 0) {
		return -1;
	}
	rc = load_and_check(router, &change, result, problem);
	junos_router_unlock(router, true);
	return rc;
}

/* A key that is in use is left alone: loading it again might start its sessions anew. */
static bool is_in_use(struct junos_router *router, const struct junos_association *association,
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

/* Not being able to ask is no answer: then it is set again. */
static bool is_described(struct junos_router *router, const char *description)
{
	char shown[APPLIER_DESCRIPTION_MAX + 1];
	struct rpc_reply reply;
	struct problem ignored;
	bool same;

	if (!netconf_session_is_open(router->session) ||
		junos_router_ask(router, junos_get_description(router->description_interface),
			"get-configuration", &reply, &ignored) < 0) {
		return false;
	}
	same = junos_read_description(
		       reply.doc, router->description_interface, shown, sizeof(shown)) &&
	       strcmp(shown, description) == 0;
	rpc_reply_fini(&reply);
	return same;
}

/* What of the job is not so already. */
static struct change find_change(struct junos_router *router,
	const struct junos_association *association, const struct applier_job *job)
{
	struct change change = { 0 };

	if (!is_in_use(router, association, &job->keys[0])) {
		change.key = &job->keys[0];
	}
	if (router->description_interface && job->description[0] &&
		!is_described(router, job->description)) {
		change.description = job->description;
	}
	return change;
}

static int commit(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	struct junos_configuration configuration;
	struct change change;
	int rc;

	if (check_keys(router, job, problem) < 0 ||
		junos_router_begin(router, &configuration, problem) < 0) {
		return -1;
	}
	change = find_change(router, &configuration.association, job);
	if (!change.key && !change.description) {
		return 0;
	}
	if (!netconf_session_is_open(router->session) &&
		netconf_session_open(router->session, problem) < 0) {
		return -1;
	}
	if (junos_router_lock(router, problem) < 0) {
		return -1;
	}
	rc = load_and_check(router, &change, result, problem);
	if (rc == 0) {
		rc = junos_router_order(router, junos_commit(job->generation), "commit",
			APPLIER_ERROR_COMMIT_FAILED, result, problem);
	}
	junos_router_unlock(router, rc < 0);
	return rc;
}

int junos_psk_do(struct junos_router *router, const struct applier_job *job,
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
