/*
 * Taking keys out of the device again: what was staged and will not be committed,
 * what is older than what is confirmed, and what belongs to nothing on record
 * (protocol.md section 5.5).
 *
 * What was staged stays on record until a DISCARD has taken it out: where keys are
 * installed by association number, PREPARE has installed it, and a key that is
 * forgotten there is one of four numbers lost. What is lost all the same, with a
 * disk or because a neighbour still sends with it, is found among what is seen.
 */
#include "l2proto/exchange_private.h"

#include <string.h>

#define AN_ALL 0x0f

bool cleanup_holds_undecided(const struct exchange *x)
{
	return x->record.stage == EXCHANGE_STAGE_HELD && exchange_undecided(&x->record);
}

/* Also if this life has not prepared it: an earlier one may have. */
void cleanup_dropped(struct exchange *x)
{
	x->discard_due = x->discard_due || cleanup_holds_undecided(x);
	x->prepared = false;
}

void cleanup_start(struct exchange *x)
{
	x->retire_due = x->record.decision == SLOT_CONFIRMED;
	x->discard_due = x->record.stage == EXCHANGE_STAGE_ABORTED;
	x->discard_backoff_ms = x->config->verify_ms;
}

/* When a neighbour used an older key for the last time nobody may have seen; not later than now. */
void cleanup_confirmed(struct step *s)
{
	struct exchange *x = s->x;
	uint64_t rest_ms = s->now.mono_ms + x->config->retire_hold_ms;

	x->retire_due = true;
	x->retire_retry_ms = rest_ms;
	x->purge_retry_ms = x->purge_retry_ms > rest_ms ? x->purge_retry_ms : rest_ms;
}

bool cleanup_comes_first(const struct exchange *x)
{
	return x->discard_due; /* until it is done */
}

/* ---- what is, or has lately been, in use ------------------------------------------------- */

static bool sends(const struct exchange_device_key *key)
{
	return key->transmitting || key->sending;
}

/* What an earlier life has left may have been used just before. */
void cleanup_view(struct step *s, bool first)
{
	struct exchange *x = s->x;
	struct exchange_use before[USABLE_MAX];

	memcpy(before, x->uses, sizeof(before));
	memset(x->uses, 0, sizeof(x->uses));
	for (size_t i = 0; i < x->view.key_count; i++) {
		struct exchange_use *use = &x->uses[i];

		memcpy(use->token, x->view.keys[i].token, CKN_TOKEN_LEN);
		use->used_ms = first ? s->now.mono_ms : 0;
		for (size_t j = 0; j < USABLE_MAX; j++) {
			if (before[j].used_ms != 0 &&
				memcmp(before[j].token, use->token, CKN_TOKEN_LEN) == 0) {
				use->used_ms = before[j].used_ms;
			}
		}
	}
}

void cleanup_look_at_uses(struct step *s)
{
	struct exchange *x = s->x;

	for (size_t i = 0; i < x->view.key_count && x->config->uses_an; i++) {
		if (sends(&x->view.keys[i]) || neighbours_use(s, x->view.keys[i].token)) {
			x->uses[i].used_ms = s->now.mono_ms;
		}
	}
	if (!neighbours_heard(s)) {
		x->silent_ms = s->now.mono_ms;
	}
}

/* Who was silent may have used any key just before. */
static bool all_are_heard(const struct step *s)
{
	return s->x->silent_ms == 0 ||
	       s->now.mono_ms - s->x->silent_ms >= s->x->config->retire_hold_ms;
}

/* Frames under a key that nobody uses any more may still be on their way. */
static bool at_rest(const struct step *s, size_t i)
{
	const struct exchange_use *use = &s->x->uses[i];

	return use->used_ms == 0 || s->now.mono_ms - use->used_ms >= s->x->config->retire_hold_ms;
}

/* ---- what a DISCARD takes away -------------------------------------------------------------- */

static bool is_committed(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < x->record.committed.key_count; i++) {
		if (memcmp(x->committed_tokens[i], token, CKN_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_staged(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	struct exchange_key_name key;

	for (size_t i = 0; i < x->record.staged.key_count; i++) {
		if (device_staged_key(x, i, &key) && memcmp(key.token, token, CKN_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

bool cleanup_on_record(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	return (x->record.decision != SLOT_EMPTY && is_committed(x, token)) ||
	       (cleanup_holds_undecided(x) && is_staged(x, token));
}

static bool device_uses(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct exchange_device_key *key = device_find_key(x, token);

	return key && sends(key);
}

/* Of kernel SAs it may be in use all the same, if the master's records are lost, or old. */
static void drop_aborted(struct step *s)
{
	struct exchange *x = s->x;
	const struct proposal *staged = &x->record.staged;

	for (size_t i = 0; i < staged->key_count && x->record.stage == EXCHANGE_STAGE_ABORTED;
		i++) {
		struct exchange_key_name key;

		if (device_staged_key(x, i, &key) && !cleanup_on_record(x, key.token) &&
			!device_uses(x, key.token) && !neighbours_use(s, key.token)) {
			x->drop[x->drop_count++] = key;
		}
	}
}

/* Of records that were lost: only what neither we nor any neighbour uses, by fresh word of all. */
static void drop_unused(struct step *s)
{
	struct exchange *x = s->x;

	for (size_t i = 0; i < x->view.key_count; i++) {
		const struct exchange_device_key *key = &x->view.keys[i];

		if (!sends(key) && !cleanup_on_record(x, key->token) && at_rest(s, i) &&
			neighbours_use_none(s, key->token)) {
			struct exchange_key_name *drop = &x->drop[x->drop_count++];

			drop->ckn = key->ckn;
			memcpy(drop->token, key->token, CKN_TOKEN_LEN);
		}
	}
}

/*
 * For what is to come a number must be free at all stations. Not so if all are
 * used here, or if what was decided last cannot be had any more; perhaps not, if
 * the device does not use what is confirmed, or keys are staged beside it, and nothing
 * has happened for long.
 */
static bool needs_number(const struct step *s)
{
	const struct exchange *x = s->x;
	bool settled = x->record.decision == SLOT_CONFIRMED && device_live(x) &&
		       !cleanup_holds_undecided(x);
	bool standstill = s->now.mono_ms - x->record_ms > 2ull * x->config->live_timeout_ms;

	return x->config->uses_an && x->device_known &&
	       (x->view.an_in_use == AN_ALL || device_lost(x) || (!settled && standstill));
}

bool cleanup_take_discard(struct step *s)
{
	struct exchange *x = s->x;

	x->drop_count = 0;
	if (s->now.mono_ms < x->discard_retry_ms) {
		return false;
	}
	if (x->discard_due) {
		drop_aborted(s);
		x->discard_due = x->drop_count > 0;
	} else if (s->now.mono_ms >= x->purge_retry_ms && needs_number(s) && all_are_heard(s)) {
		drop_unused(s);
	}
	x->purging = !x->discard_due;
	if (x->drop_count == 0) {
		x->discard_reason = REASON_NONE;
	}
	return x->drop_count > 0;
}

/* ---- RETIRE --------------------------------------------------------------------------------- */

static bool has_orphans(const struct exchange *x)
{
	return x->config->uses_an && x->device_known &&
	       x->view.key_count > x->record.committed.key_count;
}

/* A device may have gone back to an older key, and say so: kernel SAs are kept for it. */
static bool neighbours_have_done(const struct step *s)
{
	const struct exchange *x = s->x;

	for (size_t i = 0; i < x->view.key_count && x->config->uses_an; i++) {
		const uint8_t *token = x->view.keys[i].token;

		if (!cleanup_on_record(x, token) && (neighbours_use(s, token) || !at_rest(s, i))) {
			return false;
		}
	}
	return true;
}

/*
 * Not once the next one is decided, or may be; nor if the device has gone back
 * behind our back: then an older key is the one in use.
 */
bool cleanup_retire_due(const struct step *s)
{
	const struct exchange *x = s->x;

	return x->record.decision == SLOT_CONFIRMED && (x->retire_due || has_orphans(x)) &&
	       device_live(x) && !cleanup_holds_undecided(x) &&
	       s->now.mono_ms >= x->retire_retry_ms && neighbours_have_done(s);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* What is there all the same is not asked away again at once. */
void cleanup_done(struct step *s, enum exchange_device_op op)
{
	struct exchange *x = s->x;

	if (op == EXCHANGE_DEVICE_RETIRE) {
		x->retire_due = false;
		x->retire_retry_ms = s->now.mono_ms + x->config->read_back_ms;
	} else {
		if (x->purging) {
			x->purge_retry_ms = s->now.mono_ms + x->config->read_back_ms;
		} else {
			x->discard_due = false;
		}
		x->discard_retry_ms = 0;
		x->discard_reason = REASON_NONE;
		x->discard_backoff_ms = x->config->verify_ms;
	}
	if (x->config->uses_an) {
		x->read_back_due_ms = s->now.mono_ms; /* numbers are chosen by what is in use */
	}
}

static void discard_failed(struct step *s, unsigned reason)
{
	struct exchange *x = s->x;

	if (x->discard_reason != reason) {
		step_note(s, EXCHANGE_NOTE_DEVICE, x->record.staged.generation, reason, NULL);
	}
	x->discard_reason = reason;
	x->discard_retry_ms = s->now.mono_ms + x->discard_backoff_ms;
	x->discard_backoff_ms = x->discard_backoff_ms > x->config->read_back_ms / 2
					? x->config->read_back_ms
					: x->discard_backoff_ms * 2;
}

/*
 * Nothing waits for what is old to go, though at last it must; the next proposal
 * waits for what was aborted.
 */
void cleanup_failed(struct step *s, enum exchange_device_op op, unsigned reason)
{
	uint64_t later_ms = s->now.mono_ms + s->x->config->read_back_ms;

	if (op == EXCHANGE_DEVICE_RETIRE) {
		s->x->retire_retry_ms = later_ms;
	} else if (s->x->purging) {
		s->x->purge_retry_ms = later_ms;
	} else {
		discard_failed(s, reason);
	}
}
