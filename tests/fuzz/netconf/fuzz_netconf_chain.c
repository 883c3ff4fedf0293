/*
 * A device's key-chain and clock as it shows them, and what would be changed on
 * the strength of that: whatever is there, the plan carried out leaves each key of
 * the job once, with its start, and the rest as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/junos_chain.h"
#include "netconf/junos_clock.h"
#include "netconf/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1709164800)

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool is_same(const struct junos_chain_key *there, const struct applier_key *key)
{
	return there->active && junos_same_ckn(there->ckn, there->ckn_len, key->ckn, key->ckn_len);
}

static void remove_number(struct junos_chain *chain, uint8_t number)
{
	for (size_t i = 0; i < chain->key_count; i++) {
		if (chain->keys[i].number == number) {
			memmove(&chain->keys[i], &chain->keys[i + 1],
				(--chain->key_count - i) * sizeof(chain->keys[0]));
			return;
		}
	}
}

/* What a device does with it. */
static void carry_out(struct junos_chain *chain, const struct junos_plan *plan)
{
	bool seen[JUNOS_CHAIN_KEYS_MAX] = { false };

	demand(plan->count <= JUNOS_CHAIN_KEYS_MAX);
	for (size_t i = 0; i < plan->count; i++) {
		const struct junos_edit *edit = &plan->edits[i];

		demand(edit->number < JUNOS_CHAIN_KEYS_MAX && !seen[edit->number]);
		seen[edit->number] = true;
		remove_number(chain, edit->number);
	}
	for (size_t i = 0; i < plan->count; i++) {
		const struct junos_edit *edit = &plan->edits[i];
		struct junos_chain_key *key = &chain->keys[chain->key_count];

		if (edit->key) {
			demand(chain->key_count++ < JUNOS_CHAIN_KEYS_MAX);
			*key = (struct junos_chain_key){
				.number = edit->number, .active = true, .start = edit->start
			};
			memcpy(key->ckn, edit->key->ckn, edit->key->ckn_len);
			key->ckn_len = edit->key->ckn_len;
		}
	}
}

static size_t count_start(const struct junos_chain *chain, int64_t start)
{
	size_t count = 0;

	for (size_t i = 0; i < chain->key_count; i++) {
		count += chain->keys[i].start == start;
	}
	return count;
}

static size_t count_name(const struct junos_chain *chain, const struct applier_key *key)
{
	size_t count = 0;

	for (size_t i = 0; i < chain->key_count; i++) {
		count += is_same(&chain->keys[i], key);
	}
	return count;
}

/* Does one key of the device stay another's, and as it was? */
static void check_others(const struct junos_chain *before, const struct junos_chain *after,
	const struct applier_job *job)
{
	for (size_t i = 0; i < before->key_count; i++) {
		const struct junos_chain_key *old = &before->keys[i];
		bool ours = false;
		bool kept = false;

		for (size_t j = 0; j < job->key_count; j++) {
			ours |= is_same(old, &job->keys[j]);
		}
		for (size_t j = 0; j < after->key_count; j++) {
			kept |= after->keys[j].number == old->number &&
				after->keys[j].start == old->start &&
				after->keys[j].ckn_len == old->ckn_len;
		}
		demand(ours || kept);
	}
}

static bool waits_at_once(const struct applier_job *job, const struct junos_plan *plan)
{
	const struct junos_edit *last = plan->count > 0 ? &plan->edits[plan->count - 1] : NULL;

	return job->op == APPLIER_COMMIT && job->keys[0].start == 0 && last && last->key &&
	       last->start > NOW;
}

static void check_keys(const struct junos_chain *chain, const struct applier_job *job)
{
	static struct junos_chain after;
	static struct junos_plan plan;
	struct problem problem;

	if (junos_plan_keys(chain, job, NOW, &plan, &problem) < 0) {
		demand(problem.error == APPLIER_ERROR_REFUSED);
		return;
	}
	after = *chain;
	carry_out(&after, &plan);
	check_others(chain, &after, job);
	demand(junos_check_plan(&after, &plan, &problem) == 0);
	for (size_t i = 0; i < job->key_count; i++) {
		demand(count_name(&after, &job->keys[i]) == 1);
	}
	for (size_t i = 0; i < plan.count; i++) {
		demand(!plan.edits[i].key || count_start(&after, plan.edits[i].start) == 1);
	}
	/* A key for which now was taken waits for its start, and asked for again starts anew. */
	if (!waits_at_once(job, &plan)) {
		demand(junos_plan_keys(&after, job, NOW, &plan, &problem) == 0 && plan.count == 0);
	}
}

static void check_retire(const struct junos_chain *chain, const struct applier_job *job)
{
	static const struct junos_mka none;
	static struct junos_chain after;
	static struct junos_plan plan;
	const struct junos_chain_key *current = junos_chain_current(chain, NOW);
	const struct junos_chain_key *still;

	junos_plan_retire(chain, job, NOW, &none, &plan);
	after = *chain;
	carry_out(&after, &plan);
	still = junos_chain_current(&after, NOW);
	demand(!current == !still);
	demand(!current || current->start == still->start);
	demand(chain->key_count == 0 || after.key_count > 0);
	for (size_t i = 0; i < job->key_count; i++) {
		demand(count_name(&after, &job->keys[i]) == count_name(chain, &job->keys[i]));
	}
	junos_plan_retire(&after, job, NOW, &none, &plan);
	demand(plan.count == 0);
}

static void check_view(const struct junos_chain *chain)
{
	static const struct junos_association association;
	static const struct junos_mka none;
	struct applier_view view;
	size_t usable = 0;

	junos_chain_view(&association, chain, NOW, &none, NULL, 0, &view);
	demand(view.key_count <= APPLIER_USABLE_MAX);
	for (size_t i = 0; i < view.key_count; i++) {
		usable += view.keys[i].usable;
		demand(!view.keys[i].usable || !view.keys[i].future);
	}
	demand(usable == (junos_chain_current(chain, NOW) != NULL));
}

/* Three keys, of which the corpus' chains hold some. */
static void make_job(struct applier_job *job, enum applier_op op, bool with_starts)
{
	memset(job, 0, sizeof(*job));
	job->op = op;
	job->key_count = op == APPLIER_COMMIT && !with_starts ? 1 : 3;
	for (size_t i = 0; i < job->key_count; i++) {
		job->keys[i].ckn_len = APPLIER_CKN_MAX;
		memset(job->keys[i].ckn, (int)(i + 2), APPLIER_CKN_MAX);
		job->keys[i].start = with_starts ? NOW + 600 * (int64_t)i : 0;
	}
}

static void check_chain(const struct junos_chain *chain)
{
	static const enum applier_op ops[] = { APPLIER_PREPARE, APPLIER_COMMIT };
	struct applier_job job;

	for (size_t i = 0; i < 4; i++) {
		make_job(&job, ops[i / 2], i % 2 == 0);
		check_keys(chain, &job);
	}
	make_job(&job, APPLIER_RETIRE, false);
	check_retire(chain, &job);
	check_view(chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct junos_chain chain;
	struct junos_clock clock;
	xmlDoc *doc;

	xml_init();
	doc = xml_parse(data, size);
	if (!doc) {
		return 0;
	}
	junos_read_clock(doc, &clock);
	demand(clock.now_s >= 0 && clock.now_s <= JUNOS_START_MAX);
	demand(memchr(clock.zone, '\0', sizeof(clock.zone)));
	junos_read_chain(doc, "KC", &chain);
	demand(chain.key_count <= JUNOS_CHAIN_KEYS_MAX);
	if (!chain.unreadable[0] && !chain.deactivated) {
		check_chain(&chain);
	}
	xmlFreeDoc(doc);
	return 0;
}
