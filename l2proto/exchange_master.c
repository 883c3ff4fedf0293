/* The master: aborts, commits, confirms what it has proposed (protocol.md section 5.2). */
#include "l2proto/exchange_private.h"

#include <string.h>

/* ---- members -------------------------------------------------------------------------------- */

static bool is_ready(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->staged, &x->record.staged);
}

static bool uses_committed(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->applied, &x->record.committed) && status->live;
}

static bool has_failed(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->failed, &x->record.staged);
}

/* ---- giving up ------------------------------------------------------------------------------ */

/* A generation that was proposed, or might have been, will never be committed. */
static void give_up(struct step *s, unsigned reason, const struct sae_id *sae)
{
	struct exchange *x = s->x;

	cleanup_dropped(x);
	x->record.stage = EXCHANGE_STAGE_ABORTED;
	x->prepare_deadline_ms = 0;
	if (x->failed.generation != x->record.staged.generation) {
		x->failed = proposal_ref(&x->record.staged);
		x->failed_reason = reason;
	}
	step_save(s);
	step_note(s, EXCHANGE_NOTE_ABORTED, x->record.staged.generation, reason, sae);
	propose_back_off(s);
}

void master_schedule(struct step *s)
{
	struct exchange *x = s->x;
	int64_t age = s->now.wall_s - x->record.confirmed_at;
	uint64_t interval_ms = x->config->rekey_interval_ms;

	if (interval_ms == 0) {
		x->rekey_due_ms = NEVER_MS;
	} else if (x->record.confirmed_at == 0 || age < 0 || (uint64_t)age * 1000 >= interval_ms) {
		x->rekey_due_ms = s->now.mono_ms;
	} else {
		x->rekey_due_ms = s->now.mono_ms + interval_ms - (uint64_t)age * 1000;
	}
}

void master_start(struct step *s)
{
	struct exchange *x = s->x;

	if (x->record.stage != EXCHANGE_STAGE_NONE && x->record.staged.key_count == 0) {
		proposal_digest(&x->record.staged, x->config->association, &x->config->master,
			x->record.staged.digest); /* records of old have none */
	}
	if (exchange_undecided(&x->record)) {
		give_up(s, REASON_RESTARTED, NULL);
	}
	x->decided_lead_s = x->config->lead_s;
	master_schedule(s);
}

void master_keys_failed(struct step *s, unsigned reason)
{
	exchange_set_failed(s, proposal_ref(&s->x->record.staged), reason);
	give_up(s, reason, NULL);
}

void master_keys(struct step *s, const struct exchange_event *event)
{
	struct exchange *x = s->x;
	struct proposal *staged = &x->record.staged;
	struct ckn ckn;

	if (event->keys.count == 0 || event->keys.count > BATCH_MAX) {
		master_keys_failed(s, REASON_KME_KEY_UNUSABLE);
		return;
	}
	for (size_t i = 0; i < event->keys.count; i++) {
		if (ckn_from_key_id(&x->config->ckn, &event->keys.ids[i], &ckn) != 0) {
			master_keys_failed(s, REASON_KME_KEY_UNUSABLE);
			return;
		}
		staged->keys[i] = event->keys.ids[i];
	}
	staged->key_count = (uint8_t)event->keys.count;
	proposal_digest(staged, x->config->association, &x->config->master, staged->digest);
	x->record.stage = EXCHANGE_STAGE_HELD;
	x->prepare_deadline_ms = s->now.mono_ms + x->config->prepare_timeout_ms;
	x->failed.generation = 0;
	x->failed_reason = REASON_NONE;
	step_save(s);
	step_note(s, EXCHANGE_NOTE_PROPOSED, staged->generation, REASON_NONE, NULL);
}

/* ---- deciding ------------------------------------------------------------------------------- */

static void commit(struct step *s)
{
	struct exchange *x = s->x;
	struct proposal decided = x->record.staged;

	x->committed_ms = s->now.mono_ms;
	x->decided_lead_s = start_lead_s(s);
	decided.start = start_choose(s);
	x->prepare_deadline_ms = 0;
	exchange_commit(s, &decided, true);
}

static void decide(struct step *s)
{
	struct exchange *x = s->x;
	const struct sae_id *sae = NULL;

	if (peers_conflict(s, &sae)) {
		give_up(s, REASON_DUPLICATE_SAE, sae);
	} else if (x->failed.generation == x->record.staged.generation) {
		give_up(s, x->failed_reason, NULL);
	} else if (members_any(s, has_failed, &sae)) {
		give_up(s, REASON_MEMBER_FAILED, sae);
	} else if (start_clock_wrong(s, &sae)) {
		give_up(s, REASON_DEVICE_CLOCK, sae);
	} else if (start_too_far(s, &sae)) {
		give_up(s, REASON_START_TOO_FAR, sae);
	} else if (device_ready(x) && members_all(s, is_ready, &sae)) {
		commit(s);
	} else if (s->now.mono_ms >= x->prepare_deadline_ms) {
		give_up(s, REASON_NOT_READY, sae);
	}
}

static void confirm(struct step *s)
{
	struct exchange *x = s->x;

	exchange_confirm(s);
	x->backoff_ms = x->config->backoff_min_ms;
	x->retry_due_ms = 0;
	x->rekey_due_ms = x->config->rekey_interval_ms
				  ? s->now.mono_ms + x->config->rekey_interval_ms
				  : NEVER_MS;
	x->committed_ms = 0;
	propose_hold(s, REASON_NONE, NULL);
}

/*
 * A member knows a generation that our records do not: they are older than what
 * we have decided since. What they call committed is past, and must not come back.
 */
static void forget_outdated(struct step *s)
{
	struct exchange *x = s->x;
	struct exchange_record *record = &x->record;

	if (record->decision != SLOT_COMMIT || exchange_undecided(record) || x->fetch_pending ||
		!peers_ahead(x)) {
		return;
	}
	record->highest = propose_next_generation(x) - 1;
	if (record->stage != EXCHANGE_STAGE_ABORTED) { /* that may still have to be discarded */
		record->stage = EXCHANGE_STAGE_NONE;
		memset(&record->staged, 0, sizeof(record->staged));
	}
	record->decision = SLOT_EMPTY;
	record->committed_held = false;
	memset(&record->committed, 0, sizeof(record->committed));
	x->rekey_wanted = true;
	step_save(s);
}

void master_settle(struct step *s)
{
	struct exchange *x = s->x;
	const struct sae_id *sae;

	forget_outdated(s);
	start_measure(s);
	if (x->record.decision == SLOT_COMMIT && device_live(x) &&
		members_all(s, uses_committed, &sae)) {
		confirm(s);
	}
	propose_look_at_holders(s);
	start_settle(s);
	if (exchange_undecided(&x->record)) {
		if (x->record.stage == EXCHANGE_STAGE_HELD) {
			decide(s);
		} else if (!x->fetch_pending) {
			give_up(s, REASON_STATE, NULL); /* the keys came but could not be sealed */
		}
	}
	propose_if_due(s);
}
