/* The slave: follows its master's two slots (protocol.md section 5.3). */
#include "l2proto/exchange_private.h"

#include <string.h>

void slave_start(struct step *s)
{
	struct exchange *x = s->x;

	/* The KME may have delivered the key to the life before this one: never ask it twice. */
	if (x->record.stage == EXCHANGE_STAGE_FETCHING) {
		exchange_set_failed(s, proposal_ref(&x->record.staged), REASON_INTERRUPTED);
	}
}

static void conflict(struct step *s, const struct proposal *proposal)
{
	struct proposal_ref ref = proposal_ref(proposal);

	if (s->x->failed_reason == REASON_CONFLICT && ref_is(&s->x->failed, proposal)) {
		return;
	}
	s->x->failed = ref;
	s->x->failed_reason = REASON_CONFLICT;
	step_note(s, EXCHANGE_NOTE_CONFLICT, ref.generation, REASON_CONFLICT, NULL);
}

static bool same_digest(const struct proposal *a, const struct proposal *b)
{
	return memcmp(a->digest, b->digest, DIGEST_LEN) == 0;
}

/* A generation newer than any decided before: what is held for it is what the disk holds staged. */
static void decide(struct step *s, const struct proposal *proposal)
{
	struct exchange_record *record = &s->x->record;
	bool staged = record->stage == EXCHANGE_STAGE_HELD &&
		      record->staged.generation == proposal->generation &&
		      same_digest(&record->staged, proposal);

	if (proposal->generation > record->highest) {
		record->highest = proposal->generation;
	}
	exchange_commit(s, proposal, staged);
}

static uint64_t decided_generation(const struct exchange_record *record)
{
	return record->decision == SLOT_EMPTY ? 0 : record->committed.generation;
}

/* Does what was heard last: a new decision, or the present one with a later start. */
static void follow_committed(struct step *s)
{
	struct exchange *x = s->x;
	const struct proposal *proposal = &x->heard_committed.proposal;

	if (x->heard_committed.phase == SLOT_EMPTY) {
		return;
	}
	if (proposal->generation > decided_generation(&x->record)) {
		decide(s, proposal);
	} else if (proposal->generation == x->record.committed.generation &&
		   x->record.decision == SLOT_COMMIT &&
		   proposal->start > x->record.committed.start) {
		exchange_move_start(s, proposal->start);
	}
}

/*
 * Has the same proposal been heard further on, within LIFE? Where links form a
 * loop, its earlier phase would go round for ever otherwise.
 */
static bool went_back(const struct step *s, const struct slot *slot)
{
	const struct exchange *x = s->x;
	const struct slot *heard = &x->heard_committed;

	return heard->proposal.generation == slot->proposal.generation &&
	       s->now.mono_ms - x->heard_committed_ms <= x->config->life_ms &&
	       (slot->phase < heard->phase || slot->proposal.start < heard->proposal.start);
}

static void hear_committed(struct step *s, const struct slot *slot)
{
	struct exchange *x = s->x;
	const struct proposal *proposal = &slot->proposal;
	uint64_t known = decided_generation(&x->record);

	if (proposal->generation < known ||
		proposal->generation < x->heard_committed.proposal.generation) {
		return;
	}
	if (proposal->generation == known && !same_digest(&x->record.committed, proposal)) {
		conflict(s, proposal);
		return;
	}
	if (went_back(s, slot)) {
		return;
	}
	/* Also if its phase went back: then the master's records are old. */
	x->heard_committed = *slot;
	x->heard_committed_ms = s->now.mono_ms;
	if (proposal->generation == known && proposal->start < x->record.committed.start) {
		x->heard_committed.proposal.start = x->record.committed.start; /* only forward */
	}
}

/* The master has given up what was staged here. */
static void drop_staged(struct step *s)
{
	cleanup_dropped(s->x);
	s->x->record.stage = EXCHANGE_STAGE_ABORTED;
	step_save(s);
}

static void take_up(struct step *s, const struct proposal *proposal)
{
	struct exchange *x = s->x;

	x->record.stage = EXCHANGE_STAGE_FETCHING;
	x->record.staged = *proposal;
	x->record.highest = proposal->generation;
	x->prepared = false;
	x->failed.generation = 0;
	x->failed_reason = REASON_NONE;
	x->fetch_pending = true;
	x->fetch_pending_generation = proposal->generation;
	s->actions->fetch = EXCHANGE_FETCH_DEC_KEYS;
	s->actions->fetch_generation = proposal->generation;
	step_save(s);
	step_note(s, EXCHANGE_NOTE_PROPOSED, proposal->generation, REASON_NONE, NULL);
}

static void give_up(struct step *s, const struct proposal *proposal)
{
	drop_staged(s);
	s->x->record.staged = *proposal;
	s->x->record.highest = proposal->generation;
	step_note(s, EXCHANGE_NOTE_ABORTED, proposal->generation, REASON_NONE, NULL);
}

/* Decided or superseded already: an ABORT is too late, a PREPARE is old. */
static bool is_past(const struct exchange_record *record, const struct proposal *proposal)
{
	return proposal->generation < record->highest ||
	       (record->decision != SLOT_EMPTY &&
		       proposal->generation <= record->committed.generation);
}

static bool is_staged(const struct exchange_record *record, const struct proposal *proposal)
{
	return record->stage != EXCHANGE_STAGE_NONE &&
	       record->staged.generation == proposal->generation;
}

/* What a device keeps from being taken up, and not for a moment only, the master need not wait for.
 */
static void refuse_meanwhile(struct step *s, const struct slot *slot)
{
	const struct exchange *x = s->x;

	if (slot->phase == SLOT_PREPARE && x->discard_reason != REASON_NONE &&
		x->discard_backoff_ms > 2 * x->config->verify_ms &&
		!ref_is(&x->failed, &slot->proposal)) {
		exchange_set_failed(s, proposal_ref(&slot->proposal), x->discard_reason);
	}
}

/* Does what was heard last; later, if what came before it must be out of the device first. */
static void follow_proposed(struct step *s)
{
	struct exchange *x = s->x;
	const struct slot *slot = &x->heard_proposed;
	const struct proposal *proposal = &slot->proposal;
	bool known = is_staged(&x->record, proposal);

	if (slot->phase == SLOT_EMPTY || is_past(&x->record, proposal) ||
		(known && (slot->phase == SLOT_PREPARE ||
				  x->record.stage == EXCHANGE_STAGE_ABORTED))) {
		return;
	}
	if (!known && exchange_undecided(&x->record)) {
		drop_staged(s);
	}
	if (cleanup_comes_first(x)) {
		refuse_meanwhile(s, slot);
		return;
	}
	if (slot->phase == SLOT_ABORT) {
		give_up(s, proposal);
	} else if (!ref_is(&x->failed, proposal)) { /* refused is refused */
		take_up(s, proposal);
	}
}

/* Whether or not it is on record yet: ABORT comes after PREPARE, and the next one after both. */
static bool went_back_proposed(const struct exchange *x, const struct slot *slot)
{
	const struct slot *heard = &x->heard_proposed;

	return slot->proposal.generation < heard->proposal.generation ||
	       (slot->proposal.generation == heard->proposal.generation &&
		       same_digest(&slot->proposal, &heard->proposal) &&
		       slot->phase < heard->phase);
}

static void hear_proposed(struct step *s, const struct slot *slot)
{
	struct exchange *x = s->x;
	const struct proposal *proposal = &slot->proposal;
	bool known = is_staged(&x->record, proposal);

	if (is_past(&x->record, proposal) || went_back_proposed(x, slot)) {
		return;
	}
	if (known && !same_digest(&x->record.staged, proposal)) {
		conflict(s, proposal);
		return;
	}
	x->heard_proposed = *slot;
}

void slave_hear(struct step *s, const struct message_content *content)
{
	if (content->master.len == 0 || !sae_id_equal(&content->master, &s->x->config->master)) {
		return;
	}
	if (content->committed.phase != SLOT_EMPTY) {
		hear_committed(s, &content->committed);
	}
	if (content->proposed.phase != SLOT_EMPTY) {
		hear_proposed(s, &content->proposed);
	}
}

/* Which keys came is the caller's business: they were asked for by key-ID. */
void slave_keys(struct step *s)
{
	struct exchange_record *record = &s->x->record;

	record->stage = EXCHANGE_STAGE_HELD;
	if (record->decision == SLOT_COMMIT &&
		record->committed.generation == record->staged.generation) {
		record->committed_held = same_digest(&record->committed, &record->staged);
	}
	step_save(s);
}

void slave_keys_failed(struct step *s, unsigned reason)
{
	exchange_set_failed(s, proposal_ref(&s->x->record.staged), reason);
}

/*
 * In the order in which the master decided: what is committed, that every member
 * is live on it, and only then what is proposed.
 */
void slave_settle(struct step *s)
{
	struct exchange *x = s->x;

	follow_committed(s);
	if (x->record.decision == SLOT_COMMIT && x->heard_committed.phase == SLOT_CONFIRMED &&
		x->heard_committed.proposal.generation == x->record.committed.generation &&
		device_live(x)) {
		exchange_confirm(s);
	}
	follow_proposed(s);
}
