/* What to change in a key-chain: see junos_chain.h. */
#include <string.h>

#include "netconf/junos_chain.h"
#include "netconf/junos_clock.h"

/* A plan in the making. */
struct draft {
	const struct junos_chain *chain;
	const struct applier_job *job;
	int64_t now_s;
	struct junos_plan *plan;
	bool touched[JUNOS_CHAIN_KEYS_MAX]; /* by key number: set anew, deleted, or newly taken */
};

static bool is_same(const struct junos_chain_key *there, const struct applier_key *key)
{
	return there->active && junos_same_ckn(there->ckn, there->ckn_len, key->ckn, key->ckn_len);
}

static void add_edit(
	struct draft *draft, uint8_t number, const struct applier_key *key, int64_t start)
{
	draft->plan->edits[draft->plan->count++] =
		(struct junos_edit){ .number = number, .key = key, .start = start };
	draft->touched[number] = true;
}

/* ---- starts ---------------------------------------------------------------------------------- */

/* The key that starts then, once the plan is carried out; -1 = none. */
static int starts_at(const struct draft *draft, int64_t start)
{
	for (size_t i = 0; i < draft->plan->count; i++) {
		if (draft->plan->edits[i].key && draft->plan->edits[i].start == start) {
			return draft->plan->edits[i].number;
		}
	}
	for (size_t i = 0; i < draft->chain->key_count; i++) {
		const struct junos_chain_key *key = &draft->chain->keys[i];

		if (key->start == start && !draft->touched[key->number]) {
			return key->number;
		}
	}
	return -1;
}

/* Is the key there as it should be? */
static bool is_right(const struct draft *draft, const struct junos_chain_key *there, int64_t start)
{
	if (start > 0) {
		return there->start == start;
	}
	return draft->job->op == APPLIER_PREPARE ||
	       there == junos_chain_current(draft->chain, draft->now_s);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* The entry to keep of those with this name: the one that is right, or else the first. */
static const struct junos_chain_key *find_entry(
	const struct draft *draft, const struct applier_key *key)
{
	const struct junos_chain_key *first = NULL;

	for (size_t i = 0; i < draft->chain->key_count; i++) {
		const struct junos_chain_key *there = &draft->chain->keys[i];

		if (!is_same(there, key)) {
			continue;
		}
		if (is_right(draft, there, key->start)) {
			return there;
		}
		first = first ? first : there;
	}
	return first;
}

static void delete_others(
	struct draft *draft, const struct applier_key *key, const struct junos_chain_key *kept)
{
	for (size_t i = 0; i < draft->chain->key_count; i++) {
		const struct junos_chain_key *there = &draft->chain->keys[i];

		if (there != kept && is_same(there, key)) {
			add_edit(draft, there->number, NULL, 0);
		}
	}
}

/* The lowest number that is free before and after; -1 = none. */
static int free_number(const struct draft *draft)
{
	bool taken[JUNOS_CHAIN_KEYS_MAX];

	memcpy(taken, draft->touched, sizeof(taken));
	for (size_t i = 0; i < draft->chain->key_count; i++) {
		taken[draft->chain->keys[i].number] = true;
	}
	for (int number = 0; number < JUNOS_CHAIN_KEYS_MAX; number++) {
		if (!taken[number]) {
			return number;
		}
	}
	return -1;
}

/* ---- a key ----------------------------------------------------------------------------------- */

/* Its number is settled first, for what it held before no longer has its start. */
static int set_key(
	struct draft *draft, const struct applier_key *key, int number, struct problem *problem)
{
	int64_t start = key->start > 0 ? key->start : draft->now_s;
	char text[JUNOS_START_TEXT_MAX];
	int other;

	draft->touched[number] = true;
	while ((other = starts_at(draft, start)) >= 0) {
		if (key->start > 0) {
			junos_write_start(start, text);
			return problem_set(problem, APPLIER_ERROR_REFUSED,
				"start-time %s is that of key %d already", text, other);
		}
		start++;
	}
	add_edit(draft, (uint8_t)number, key, start);
	return 0;
}

static int plan_key(struct draft *draft, const struct applier_key *key, struct problem *problem)
{
	const struct junos_chain_key *there = find_entry(draft, key);
	int number = there ? there->number : free_number(draft);

	if (number < 0) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"no room for another key: all of %d are taken", JUNOS_CHAIN_KEYS_MAX);
	}
	return there && is_right(draft, there, key->start) ? 0
							   : set_key(draft, key, number, problem);
}

/*
 * What is to be moved or deleted is known before any start is compared: keys of
 * one job may take each other's former starts.
 */
static void clear_the_way(struct draft *draft)
{
	for (size_t i = 0; i < draft->job->key_count; i++) {
		const struct applier_key *key = &draft->job->keys[i];
		const struct junos_chain_key *there = find_entry(draft, key);

		delete_others(draft, key, there);
		if (there && !is_right(draft, there, key->start)) {
			draft->touched[there->number] = true;
		}
	}
}

int junos_plan_keys(const struct junos_chain *chain, const struct applier_job *job, int64_t now_s,
	struct junos_plan *plan, struct problem *problem)
{
	struct draft draft = { .chain = chain, .job = job, .now_s = now_s, .plan = plan };

	plan->count = 0;
	clear_the_way(&draft);
	for (int with_start = 1; with_start >= 0; with_start--) {
		for (size_t i = 0; i < job->key_count; i++) {
			if ((job->keys[i].start > 0) == with_start &&
				plan_key(&draft, &job->keys[i], problem) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

/* ---- retiring -------------------------------------------------------------------------------- */

static bool is_listed(const struct applier_job *job, const struct junos_chain_key *there)
{
	for (size_t i = 0; i < job->key_count; i++) {
		if (is_same(there, &job->keys[i])) {
			return true;
		}
	}
	return false;
}

static bool is_live(const struct junos_mka *mka, const struct junos_chain_key *there)
{
	for (size_t i = 0; i < mka->count; i++) {
		if (mka->sessions[i].live &&
			junos_same_ckn(mka->sessions[i].ckn, mka->sessions[i].ckn_len, there->ckn,
				there->ckn_len)) {
			return true;
		}
	}
	return false;
}

/* Where no key has started, the one that will be first. */
static const struct junos_chain_key *find_first(const struct junos_chain *chain)
{
	const struct junos_chain_key *first = NULL;

	for (size_t i = 0; i < chain->key_count; i++) {
		const struct junos_chain_key *key = &chain->keys[i];

		if (key->active && key->ckn_len > 0 && (!first || key->start < first->start)) {
			first = key;
		}
	}
	return first;
}

static bool any_listed(const struct junos_chain *chain, const struct applier_job *job)
{
	for (size_t i = 0; i < chain->key_count; i++) {
		if (is_listed(job, &chain->keys[i])) {
			return true;
		}
	}
	return false;
}

void junos_plan_retire(const struct junos_chain *chain, const struct applier_job *job,
	int64_t now_s, const struct junos_mka *mka, struct junos_plan *plan)
{
	struct draft draft = { .chain = chain, .job = job, .now_s = now_s, .plan = plan };
	const struct junos_chain_key *kept = junos_chain_current(chain, now_s);

	plan->count = 0;
	if (!kept && !any_listed(chain, job)) {
		kept = find_first(chain);
	}
	for (size_t i = 0; i < chain->key_count; i++) {
		const struct junos_chain_key *there = &chain->keys[i];

		if (there != kept && there->active && there->ckn_len > 0 &&
			!is_listed(job, there) && !is_live(mka, there)) {
			add_edit(&draft, there->number, NULL, 0);
		}
	}
}
