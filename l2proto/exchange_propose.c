/*
 * The master's next generation: when it is due, what keeps it from starting, and
 * what it is (protocol.md section 5.2, rules 1, 2 and 6).
 */
#include "l2proto/exchange_private.h"

#include <string.h>

#define HOUR_S 3600

/* ---- does what is committed fail? ----------------------------------------------------------- */

/* A member that holds another proposal of this generation can no more apply it than one that lost
 * it. */
static bool has_lost(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->lost, &x->record.committed) ||
	       (ref_is(&status->failed, &x->record.committed) &&
		       status->failed_reason == REASON_CONFLICT);
}

static bool holds_committed(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->applied, &x->record.committed);
}

/* Sets held_ms. A key that waits for its start is not to be live yet. */
void propose_look_at_holders(struct step *s)
{
	struct exchange *x = s->x;
	const struct sae_id *which;

	if (x->record.decision != SLOT_COMMIT || !device_applied(x) || start_left_s(s) > 0 ||
		!members_all(s, holds_committed, &which)) {
		x->held_ms = 0;
	} else if (x->held_ms == 0) {
		x->held_ms = s->now.mono_ms;
	}
}

/* It has taken what is committed, and uses another key. */
static bool uses_older(const struct exchange *x, const struct sae_status *status)
{
	bool hindered = status->device_reason != REASON_NONE &&
			status->device_reason != REASON_DEVICE_NOT_LIVE;

	(void)x;
	for (size_t i = 0; i < status->usable_count && !status->live && !hindered; i++) {
		if (status->usable[i].transmitting) {
			return true;
		}
	}
	return false;
}

static bool wants_rekey(const struct exchange *x, const struct sae_status *status)
{
	(void)x;
	return status->rekey_wanted;
}

/* By our operator, or a member. */
static bool asked_for(const struct step *s)
{
	const struct sae_id *which;

	return s->x->rekey_wanted || device_used_up(s->x) || members_any(s, wants_rekey, &which);
}

/*
 * Every device holds what is committed, and not all come to use it. If one uses an
 * older key, the wire is there, and it is the keys that differ. If none does, the
 * wire may be cut: then another key is tried as often as it would be anyway.
 */
static bool committed_differs(const struct step *s)
{
	const struct exchange *x = s->x;
	uint64_t held_ms = x->held_ms ? s->now.mono_ms - x->held_ms : 0;
	uint64_t interval_ms = x->config->rekey_interval_ms;
	const struct sae_id *which;
	struct sae_status own;

	if (held_ms <= x->config->live_timeout_ms) {
		return false;
	}
	exchange_own_status(x, &own);
	return uses_older(x, &own) || members_any(s, uses_older, &which) || asked_for(s) ||
	       (interval_ms && held_ms > interval_ms);
}

/*
 * What is committed will never be CONFIRMED: only then may the next one be decided
 * before that. Once so, it remains so: also for who has put back an older copy of
 * the records, in which the next one is on its way.
 */
static bool committed_fails(const struct step *s)
{
	const struct exchange_record *record = &s->x->record;
	const struct sae_id *which;

	return record->decision == SLOT_COMMIT &&
	       (record->staged.generation > record->committed.generation || device_lost(s->x) ||
		       members_any(s, has_lost, &which) || committed_differs(s));
}

/* ---- what to propose ------------------------------------------------------------------------ */

uint64_t propose_next_generation(const struct exchange *x)
{
	uint64_t highest = x->record.highest;

	for (size_t i = 0; i < SAES_MAX; i++) {
		if (x->peers[i].status.sae.len > 0 && x->peers[i].status.highest > highest) {
			highest = x->peers[i].status.highest;
		}
	}
	return highest + 1;
}

/* An association number that nobody reports in use; AN_NONE if the devices have no use for one. */
static bool choose_an(const struct step *s, uint8_t *an)
{
	const struct exchange *x = s->x;
	uint8_t in_use = x->view.an_in_use;
	uint8_t after = x->record.committed.an;

	*an = AN_NONE;
	if (!x->config->uses_an) {
		return true;
	}
	if (x->record.decision != SLOT_EMPTY) {
		in_use |= (uint8_t)(1u << (after & 3));
	}
	for (size_t i = 0; i < SAES_MAX; i++) {
		if (exchange_peer_live(x, &x->peers[i], s->now)) {
			in_use |= x->peers[i].status.an_in_use;
		}
	}
	for (unsigned i = 1; i <= 4; i++) {
		uint8_t candidate = (uint8_t)((after + i) & 3);

		if (!(in_use & 1u << candidate)) {
			*an = candidate;
			return true;
		}
	}
	return false;
}

static bool key_budget_left(struct step *s)
{
	const struct exchange_record *record = &s->x->record;
	int64_t age = s->now.wall_s - record->fetch_hour;

	return s->x->config->keys_per_hour == 0 || age < 0 || age >= HOUR_S ||
	       record->fetch_count < s->x->config->keys_per_hour;
}

static void spend_key_budget(struct step *s)
{
	struct exchange_record *record = &s->x->record;
	int64_t age = s->now.wall_s - record->fetch_hour;

	if (age < 0 || age >= HOUR_S) {
		record->fetch_hour = s->now.wall_s;
		record->fetch_count = 0;
	}
	record->fetch_count++;
}

static void propose(struct step *s, uint8_t an)
{
	struct exchange *x = s->x;
	struct exchange_record *record = &x->record;

	record->highest = propose_next_generation(x);
	memset(&record->staged, 0, sizeof(record->staged));
	record->staged.generation = record->highest;
	record->staged.an = an;
	record->staged.spacing_s = x->config->batch > 1 ? x->config->spacing_s : 0;
	proposal_digest(
		&record->staged, x->config->association, &x->config->master, record->staged.digest);
	record->stage = EXCHANGE_STAGE_FETCHING;
	spend_key_budget(s);
	x->prepared = false;
	x->fetch_pending = true;
	x->fetch_pending_generation = record->highest;
	s->actions->fetch = EXCHANGE_FETCH_ENC_KEYS;
	s->actions->fetch_generation = record->highest;
	step_save(s);
}

/* ---- when to propose ------------------------------------------------------------------------ */

/* Is a new generation due? */
static bool rekey_due(struct step *s)
{
	const struct exchange *x = s->x;

	return s->now.mono_ms >= x->rekey_due_ms || asked_for(s) || device_wants_key(x) ||
	       peers_ahead(x) || committed_fails(s);
}

static bool knows_device(const struct exchange *x, const struct sae_status *status)
{
	(void)x;
	return status->device_known;
}

/* A device that cannot be looked at, for whatever reason. */
static unsigned device_trouble(unsigned reason)
{
	return reason != REASON_NONE ? reason : REASON_DEVICE_UNREACHABLE;
}

/* Why a rotation that is due may not start now; REASON_NONE if it may. */
static unsigned hold_reason(struct step *s, const struct sae_id **sae, uint8_t *an)
{
	*sae = NULL;
	if (peers_conflict(s, sae)) {
		return REASON_DUPLICATE_SAE;
	}
	if (!s->x->device_known) {
		return device_trouble(s->x->device_reason);
	}
	if (!members_all(s, member_heard, sae)) {
		return REASON_MEMBER_SILENT;
	}
	if (!members_all(s, knows_device, sae)) {
		return device_trouble(exchange_find_peer(s->x, *sae)->status.device_reason);
	}
	if (propose_next_generation(s->x) > GENERATION_MAX) {
		return REASON_GENERATION_LIMIT;
	}
	if (!choose_an(s, an)) {
		return REASON_NO_FREE_AN;
	}
	if (start_clock_wrong(s, sae)) {
		return REASON_DEVICE_CLOCK;
	}
	if (start_too_far(s, sae)) {
		return REASON_START_TOO_FAR;
	}
	return key_budget_left(s) ? REASON_NONE : REASON_KEY_BUDGET;
}

void propose_hold(struct step *s, unsigned reason, const struct sae_id *sae)
{
	struct exchange *x = s->x;
	bool news = reason != x->hold_reason || (sae && !sae_id_equal(sae, &x->hold_sae));

	if (reason != REASON_NONE && news) {
		step_note(s, EXCHANGE_NOTE_HELD, x->record.highest + 1, reason, sae);
	}
	x->hold_reason = reason;
	memset(&x->hold_sae, 0, sizeof(x->hold_sae));
	if (sae) {
		x->hold_sae = *sae;
	}
}

/* At the start nobody has been heard and the device not looked at yet: that is no news. */
static bool just_started(const struct step *s, unsigned reason)
{
	return (reason == REASON_MEMBER_SILENT || reason == REASON_DEVICE_UNREACHABLE) &&
	       s->x->device_reason == REASON_NONE &&
	       s->now.mono_ms - s->x->started_ms <= s->x->config->life_ms;
}

void propose_back_off(struct step *s)
{
	struct exchange *x = s->x;

	x->retry_due_ms = s->now.mono_ms + x->backoff_ms;
	x->backoff_ms = x->backoff_ms > x->config->backoff_max_ms / 2 ? x->config->backoff_max_ms
								      : x->backoff_ms * 2;
	if (x->rekey_due_ms > x->retry_due_ms) {
		x->rekey_due_ms = x->retry_due_ms;
	}
}

void propose_if_due(struct step *s)
{
	struct exchange *x = s->x;
	const struct sae_id *sae = NULL;
	unsigned reason;
	uint8_t an = AN_NONE;

	if (!rekey_due(s)) {
		propose_hold(s, REASON_NONE, NULL);
		return;
	}
	if (exchange_undecided(&x->record) || x->fetch_pending ||
		(x->record.decision == SLOT_COMMIT && !committed_fails(s)) ||
		s->now.mono_ms < x->retry_due_ms) {
		return;
	}
	if (cleanup_comes_first(x)) {
		propose_hold(s, x->discard_reason, NULL);
		return;
	}
	reason = hold_reason(s, &sae, &an);
	if (just_started(s, reason)) {
		return;
	}
	propose_hold(s, reason, sae);
	if (reason != REASON_NONE) {
		return;
	}
	if (x->record.decision == SLOT_COMMIT) {
		propose_back_off(s); /* it may fail in the same way, and keys are scarce */
	}
	propose(s, an);
}
