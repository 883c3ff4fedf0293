/*
 * The keys of one connectivity association on a Junos router that uses a
 * key-chain: hitless, for both ends take the same key into use at the same time,
 * its start-time.
 *
 *   READ_BACK   configuration, MKA sessions, clock
 *   PREPARE     configuration, clock; lock; the same; load, candidate, commit
 *               check; discard, unlock
 *   COMMIT      the same, with a commit instead of the discard
 *   RETIRE      the same with deletions, and the MKA sessions before
 *
 * What is to be changed is decided under the lock, on what is committed then; if
 * there is nothing to change, the lock is not asked for.
 *
 * From published sources: that the newest start-time that has passed counts; that
 * key-chain roll-overs are hitless where both ends hold the same keys, and that
 * the sessions are lost from the start on where they do not; that start-times are
 * shown in the device's zone. No router was at hand: junos_chain.c, junos_clock.c
 * and junos_mka.c say what is inferred.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/junos_clock.h"
#include "netconf/junos_router.h"

/* What a job is decided on. */
struct sight {
	struct junos_configuration configuration;
	struct junos_clock clock;
};

/* ---- looking --------------------------------------------------------------------------------- */

static int get_clock(
	struct junos_router *router, struct junos_clock *clock, struct problem *problem)
{
	struct rpc_reply reply;

	if (junos_router_ask(router, junos_get_clock(), "get-system-uptime-information", &reply,
		    problem) < 0) {
		return -1;
	}
	junos_read_clock(reply.doc, clock);
	rpc_reply_fini(&reply);
	return clock->now_s > 0
		       ? 0
		       : problem_set(problem, APPLIER_ERROR_PROTOCOL,
				 "get-system-uptime-information: no time that can be read");
}

static int check_chain(
	const struct junos_router *router, const struct junos_chain *chain, struct problem *problem)
{
	if (chain->deactivated) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"key-chain %s is deactivated on the device", router->key_chain);
	}
	if (chain->unreadable[0]) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"key-chain %s: %s is not to be read", router->key_chain, chain->unreadable);
	}
	return 0;
}

/* "" if the device is in UTC, by its clock and by the start-times that it shows. */
static void describe_zone(const struct sight *sight, char out[static APPLIER_ERROR_TEXT_MAX])
{
	const struct junos_chain *chain = &sight->configuration.chain;

	out[0] = '\0';
	if (!sight->clock.utc) {
		snprintf(out, APPLIER_ERROR_TEXT_MAX, "the device's time-zone is %s, not UTC",
			sight->clock.zone[0] ? sight->clock.zone : "unknown");
		return;
	}
	for (size_t i = 0; i < chain->key_count; i++) {
		if (chain->keys[i].active && chain->keys[i].zone_s != 0) {
			snprintf(out, APPLIER_ERROR_TEXT_MAX,
				"the device shows the start-time of key %d in another time-zone "
				"than UTC",
				chain->keys[i].number);
			return;
		}
	}
}

/* The first look of a job may take a new session; a look with the lock may not. */
static int look(
	struct junos_router *router, bool locked, struct sight *sight, struct problem *problem)
{
	struct junos_configuration *seen = &sight->configuration;
	int rc;

	if (locked) {
		rc = junos_router_configuration(router, "committed", seen, problem);
		if (rc == 0) {
			rc = junos_router_check(router, &seen->association, problem);
		}
	} else {
		rc = junos_router_begin(router, seen, problem);
	}
	if (rc < 0 || check_chain(router, &seen->chain, problem) < 0) {
		return -1;
	}
	return get_clock(router, &sight->clock, problem);
}

static int read_back(
	struct junos_router *router, struct applier_result *result, struct problem *problem)
{
	char zone[APPLIER_ERROR_TEXT_MAX];
	struct sight sight;
	struct junos_mka *mka;

	if (junos_router_begin(router, &sight.configuration, problem) < 0 ||
		check_chain(router, &sight.configuration.chain, problem) < 0) {
		return -1;
	}
	mka = junos_router_mka(router, problem);
	if (!mka || get_clock(router, &sight.clock, problem) < 0) {
		free(mka);
		return -1;
	}
	describe_zone(&sight, zone);
	junos_router_warn(result, zone);
	junos_chain_view(&sight.configuration.association, &sight.configuration.chain,
		sight.clock.now_s, mka, (const char *const *)router->interfaces,
		router->interface_count, &result->view);
	free(mka);
	return 0;
}

/* ---- deciding -------------------------------------------------------------------------------- */

static bool same_name(const struct applier_key *a, const struct applier_key *b)
{
	return junos_same_ckn(a->ckn, a->ckn_len, b->ckn, b->ckn_len);
}

static int check_pair(
	const struct applier_key *key, const struct applier_key *earlier, struct problem *problem)
{
	if (same_name(key, earlier)) {
		return problem_set(
			problem, APPLIER_ERROR_UNSUITABLE_KEY, "two keys have the same name");
	}
	if (key->start == earlier->start && key->start > 0) {
		return problem_set(
			problem, APPLIER_ERROR_UNSUITABLE_KEY, "two keys have the same start");
	}
	return 0;
}

static int check_keys(
	const struct junos_router *router, const struct applier_job *job, struct problem *problem)
{
	for (size_t i = 0; i < job->key_count; i++) {
		const struct applier_key *key = &job->keys[i];

		if (junos_router_check_key(router, key, problem) < 0) {
			return -1;
		}
		if (key->start < 0 || key->start > JUNOS_START_MAX) {
			return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
				"a start that no calendar has: %lld", (long long)key->start);
		}
		if (key->start == 0 && job->key_count > 1 && job->op == APPLIER_COMMIT) {
			return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
				"%zu keys cannot all start at once", job->key_count);
		}
		for (size_t j = 0; j < i; j++) {
			if (check_pair(key, &job->keys[j], problem) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

static int plan_keys(const struct junos_router *router, const struct applier_job *job,
	const struct sight *sight, struct junos_plan *plan, struct problem *problem)
{
	char zone[APPLIER_ERROR_TEXT_MAX];

	describe_zone(sight, zone);
	if (zone[0]) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%.160s: set system time-zone UTC", zone);
	}
	if (junos_plan_keys(&sight->configuration.chain, job, sight->clock.now_s, plan, problem) <
		0) {
		char text[APPLIER_ERROR_TEXT_MAX];

		snprintf(text, sizeof(text), "%s", problem->text);
		return problem_set(
			problem, problem->error, "key-chain %s: %.180s", router->key_chain, text);
	}
	return 0;
}

/* Deletions say nothing of time-zones: they are made in any. */
static int plan_retire(struct junos_router *router, const struct applier_job *job,
	const struct sight *sight, struct junos_plan *plan, struct problem *problem)
{
	struct junos_mka *mka = junos_router_mka(router, problem);

	if (!mka) {
		return -1;
	}
	junos_plan_retire(&sight->configuration.chain, job, sight->clock.now_s, mka, plan);
	free(mka);
	return 0;
}

static int look_and_plan(struct junos_router *router, bool locked, const struct applier_job *job,
	struct junos_plan *plan, struct problem *problem)
{
	struct sight sight;

	if (look(router, locked, &sight, problem) < 0) {
		return -1;
	}
	return job->op == APPLIER_RETIRE ? plan_retire(router, job, &sight, plan, problem)
					 : plan_keys(router, job, &sight, plan, problem);
}

/* ---- changing -------------------------------------------------------------------------------- */

/* What the device has made of the start-times is compared before anything is committed. */
static int load_and_check(struct junos_router *router, const struct junos_plan *plan,
	struct applier_result *result, struct problem *problem)
{
	struct junos_configuration candidate;

	if (junos_router_order(router, junos_load_plan(router->key_chain, plan),
		    "load-configuration", APPLIER_ERROR_REFUSED, result, problem) < 0 ||
		junos_router_configuration(router, "candidate", &candidate, problem) < 0 ||
		junos_check_plan(&candidate.chain, plan, problem) < 0) {
		return -1;
	}
	return junos_router_order(router, junos_commit_check(), "commit check",
		APPLIER_ERROR_REFUSED, result, problem);
}

/* With the lock: what was seen before it may be past. */
static int change(struct junos_router *router, const struct applier_job *job, bool *committed,
	struct applier_result *result, struct problem *problem)
{
	struct junos_plan plan;
	int rc = look_and_plan(router, true, job, &plan, problem);

	if (rc < 0 || plan.count == 0) {
		return rc;
	}
	rc = load_and_check(router, &plan, result, problem);
	if (rc < 0 || job->op == APPLIER_PREPARE) {
		return rc;
	}
	if (junos_router_order(router, junos_commit(job->generation), "commit",
		    APPLIER_ERROR_COMMIT_FAILED, result, problem) < 0) {
		return -1;
	}
	*committed = true;
	return 0;
}

static int change_keys(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	struct junos_plan plan;
	bool committed = false;
	int rc = look_and_plan(router, false, job, &plan, problem);

	if (rc < 0 || plan.count == 0) {
		return rc;
	}
	if (junos_router_lock(router, problem) < 0) {
		return -1;
	}
	rc = change(router, job, &committed, result, problem);
	junos_router_unlock(router, !committed);
	return rc;
}

int junos_keychain_do(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem)
{
	switch (job->op) {
	case APPLIER_PREPARE:
	case APPLIER_COMMIT:
		if (check_keys(router, job, problem) < 0) {
			return -1;
		}
		return change_keys(router, job, result, problem);
	case APPLIER_RETIRE:
		return change_keys(router, job, result, problem);
	case APPLIER_READ_BACK:
		return read_back(router, result, problem);
	case APPLIER_DISCARD: /* PREPARE left nothing behind */
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "unknown operation");
}
