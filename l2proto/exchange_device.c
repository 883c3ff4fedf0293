/*
 * What the device of this SAE is asked to do next, and what its answers mean
 * (protocol.md section 5.5). Both roles do the same here.
 */
#include "l2proto/exchange_private.h"

#include <string.h>

/* ---- events --------------------------------------------------------------------------------- */

/* Takes the pending operation off; false if the answer is to an older one. */
static bool answered(struct step *s, const struct exchange_event *event)
{
	if (s->x->device_pending != event->device.op ||
		s->x->device_pending_generation != event->generation) {
		return false;
	}
	s->x->device_pending = EXCHANGE_DEVICE_NONE;
	return true;
}

static bool waits_for_device(const struct exchange *x)
{
	return !x->device_known || x->record.decision == SLOT_COMMIT;
}

/* Not at once again: each time later, up to the interval of an idle device's read-back. */
static void ask_again_later(struct step *s)
{
	struct exchange *x = s->x;

	x->device_retry_ms = s->now.mono_ms + x->device_backoff_ms;
	x->device_backoff_ms *= 2;
	if (x->device_backoff_ms > x->config->read_back_ms) {
		x->device_backoff_ms = x->config->read_back_ms;
	}
}

/* Applied but not live, or kept waiting by a neighbour: named after a while. */
static void name_delay(struct step *s, bool delayed, uint64_t since_ms, unsigned reason)
{
	struct exchange *x = s->x;

	if (delayed && x->device_reason == REASON_NONE &&
		s->now.mono_ms - since_ms > x->config->live_timeout_ms) {
		x->device_reason = reason;
		step_note(s, EXCHANGE_NOTE_DEVICE, x->record.committed.generation, reason, NULL);
	}
}

/* Soon, if something is to change; a key that waits for its start is left alone until then. */
static uint64_t until_read_back_ms(const struct step *s, bool applied)
{
	const struct exchange_config *config = s->x->config;
	uint64_t left_ms = (uint64_t)start_left_s(s) * 1000;

	if (!waits_for_device(s->x)) {
		return config->read_back_ms;
	}
	if (!applied || left_ms < config->verify_ms) {
		return config->verify_ms;
	}
	return left_ms < config->read_back_ms ? left_ms : config->read_back_ms;
}

static void take_view(struct exchange *x, const struct exchange_device_view *view)
{
	struct exchange_device_view before = x->view;

	x->view = *view;
	for (size_t i = 0; i < view->key_count; i++) {
		struct exchange_device_key *key = &x->view.keys[i];

		if (key->ckn.len > 0) {
			ckn_token(key->ckn.octets, key->ckn.len, key->token);
		}
	}
	secys_look_for_loss(x, &before);
}

static void read_back(struct step *s, const struct exchange_device_view *view)
{
	struct exchange *x = s->x;
	uint64_t generation = x->record.committed.generation;
	bool applied, live;

	take_view(x, view);
	x->told = false;
	cleanup_view(s, x->view_ms == 0);
	x->view_ms = s->now.mono_ms;
	x->device_known = true;
	start_check_clock(s);
	applied = device_applied(x);
	live = device_live(x);
	if (device_moved(x) || x->record.decision != SLOT_COMMIT) {
		x->device_backoff_ms = x->config->verify_ms;
	}
	if (applied && !x->was_applied) {
		x->applied_since_ms = s->now.mono_ms;
		step_note(s, EXCHANGE_NOTE_APPLIED, generation, REASON_NONE, NULL);
	}
	if (live && !x->was_live) {
		step_note(s, EXCHANGE_NOTE_LIVE, generation, REASON_NONE, NULL);
	}
	x->was_applied = applied;
	x->was_live = live;
	if (live || x->record.decision != SLOT_COMMIT ||
		(device_moved(x) && x->device_reason != REASON_DEVICE_NOT_LIVE)) {
		x->device_reason = REASON_NONE;
	}
	if (start_left_s(s) > 0) {
		x->applied_since_ms = s->now.mono_ms; /* not to be live yet */
	}
	name_delay(s, applied && !live, x->applied_since_ms, REASON_DEVICE_NOT_LIVE);
	x->read_back_due_ms = s->now.mono_ms +
			      (x->device_changed ? 0 : until_read_back_ms(s, applied));
}

static bool prepares_staged(const struct exchange *x, const struct exchange_event *event)
{
	return event->generation == x->record.staged.generation && cleanup_holds_undecided(x);
}

static bool restores_committed(const struct exchange *x, const struct exchange_event *event)
{
	return event->generation == x->record.committed.generation &&
	       x->record.decision == SLOT_COMMIT;
}

void device_done(struct step *s, const struct exchange_event *event)
{
	struct exchange *x = s->x;

	if (!answered(s, event)) {
		return;
	}
	switch (event->device.op) {
	case EXCHANGE_DEVICE_PREPARE:
		if (prepares_staged(x, event)) {
			x->prepared = true;
			x->read_back_due_ms = x->config->uses_an ? s->now.mono_ms
								 : x->read_back_due_ms;
		}
		if (!restores_committed(x, event)) {
			break;
		}
		/* fallthrough */
	case EXCHANGE_DEVICE_COMMIT:
		x->read_back_due_ms = s->now.mono_ms;
		ask_again_later(s); /* unless the read-back shows that it is there */
		break;
	case EXCHANGE_DEVICE_READ_BACK:
		read_back(s, event->device.view);
		break;
	case EXCHANGE_DEVICE_DISCARD:
	case EXCHANGE_DEVICE_RETIRE:
		cleanup_done(s, event->device.op);
		break;
	case EXCHANGE_DEVICE_NONE:
		break;
	}
}

void device_failed(struct step *s, const struct exchange_event *event)
{
	struct exchange *x = s->x;

	if (!answered(s, event)) {
		return;
	}
	switch (event->device.op) {
	case EXCHANGE_DEVICE_PREPARE:
		if (prepares_staged(x, event) && !x->prepared) {
			exchange_set_failed(s, proposal_ref(&x->record.staged), event->reason);
		}
		/* One that only follows a neighbour's nonce is asked again: keys are scarce. */
		if (!restores_committed(x, event) && !(prepares_staged(x, event) && x->prepared)) {
			return;
		}
		x->read_back_due_ms = s->now.mono_ms;
		break;
	case EXCHANGE_DEVICE_READ_BACK:
		x->device_known = false;
		x->look_failed_ms = s->now.mono_ms;
		break;
	case EXCHANGE_DEVICE_COMMIT:
		x->read_back_due_ms = s->now.mono_ms; /* it may have taken effect all the same */
		break;
	case EXCHANGE_DEVICE_DISCARD:
	case EXCHANGE_DEVICE_RETIRE:
		cleanup_failed(s, event->device.op, event->reason);
		return;
	case EXCHANGE_DEVICE_NONE:
		return;
	}
	if (x->device_reason != event->reason) {
		step_note(s, EXCHANGE_NOTE_DEVICE, event->generation, event->reason, NULL);
	}
	x->device_reason = event->reason;
	ask_again_later(s);
}

/* A look that fails may have been the change: it is not repeated at once. */
void device_changed(struct step *s)
{
	struct exchange *x = s->x;
	uint64_t retry_ms = x->device_known ? 0 : x->look_failed_ms + x->config->verify_ms;

	x->device_changed = true;
	x->read_back_due_ms = s->now.mono_ms;
	x->device_retry_ms = x->device_retry_ms < retry_ms ? x->device_retry_ms : retry_ms;
}

/* ---- what to do next ------------------------------------------------------------------------ */

static void ask(struct step *s, enum exchange_device_op op, uint64_t generation)
{
	if (op == EXCHANGE_DEVICE_READ_BACK) {
		s->x->device_changed = false;
	}
	if (op == EXCHANGE_DEVICE_COMMIT) {
		s->x->told = true;
		memcpy(s->x->told_token, s->x->committed_tokens[0], CKN_TOKEN_LEN);
	}
	s->x->device_pending = op;
	s->x->device_pending_generation = generation;
	s->actions->device = op;
	s->actions->device_generation = generation;
}

/*
 * Kernel SAs: also if one could be made that could not be made before, or that has
 * vanished, as was seen since it was asked for last.
 */
static bool lacks_staged(const struct step *s)
{
	const struct exchange *x = s->x;
	struct exchange_key_name key;

	return x->config->uses_an && x->device_known && s->now.mono_ms >= x->prepare_retry_ms &&
	       s->now.mono_ms < x->read_back_due_ms && device_staged_key(x, 0, &key) &&
	       secys_lack(x, key.token);
}

static bool prepare_due(const struct step *s)
{
	const struct exchange *x = s->x;

	return cleanup_holds_undecided(x) && (!x->prepared || lacks_staged(s)) &&
	       x->failed.generation != x->record.staged.generation &&
	       (!x->config->uses_start || x->device_known);
}

/* Where keys start by the device's clock, that must be the one that everybody goes by. */
static void prepare(struct step *s)
{
	struct exchange *x = s->x;
	const struct proposal *staged = &x->record.staged;

	if (x->clock_wrong) {
		exchange_set_failed(s, proposal_ref(staged), REASON_DEVICE_CLOCK);
	} else if (secys_differ(x)) {
		exchange_set_failed(s, proposal_ref(staged), REASON_DEVICE_CIPHER_SUITE);
	} else {
		x->prepare_retry_ms = s->now.mono_ms + x->config->verify_ms;
		ask(s, EXCHANGE_DEVICE_PREPARE, staged->generation);
	}
}

/* All of it, or what a neighbour has made anew. */
static bool lacks_committed(const struct exchange *x)
{
	return !device_find_key(x, x->committed_tokens[0]) || secys_lack(x, x->committed_tokens[0]);
}

/* Kernel SAs that the device has lost: to receive only, and so whatever the neighbours have. */
static bool restore_due(const struct step *s)
{
	const struct exchange *x = s->x;

	return x->config->uses_an && x->record.decision == SLOT_COMMIT &&
	       x->record.committed_held && x->device_known && lacks_committed(x) &&
	       !device_number_taken(x) && s->now.mono_ms >= x->device_retry_ms;
}

static bool commit_due(const struct step *s)
{
	const struct exchange *x = s->x;

	return x->record.decision == SLOT_COMMIT && x->record.committed_held && x->device_known &&
	       !device_moved(x) && (device_applied(x) || !x->config->uses_an) &&
	       s->now.mono_ms >= x->device_retry_ms &&
	       !(x->config->role == EXCHANGE_MASTER && peers_ahead(x)) && x->waiting_since_ms == 0;
}

/* Looked at before anything is committed: the device may hold it already. */
static bool read_back_due(const struct step *s)
{
	const struct exchange *x = s->x;

	return s->now.mono_ms >= x->read_back_due_ms &&
	       (x->device_known || s->now.mono_ms >= x->device_retry_ms);
}

/* Sets waiting_since_ms, which commit_due() goes by. */
static void look_at_neighbours(struct step *s)
{
	struct exchange *x = s->x;
	bool waiting = x->record.decision == SLOT_COMMIT && x->record.committed_held &&
		       !device_moved(x) && !x->config->uses_start && !neighbours_allow(s);

	if (!waiting) {
		x->waiting_since_ms = 0;
		x->device_reason = x->device_reason == REASON_DEVICE_WAITS ? REASON_NONE
									   : x->device_reason;
		return;
	}
	if (x->waiting_since_ms == 0) {
		x->waiting_since_ms = s->now.mono_ms;
	}
	name_delay(s, true, x->waiting_since_ms, REASON_DEVICE_WAITS);
}

void device_settle(struct step *s)
{
	struct exchange *x = s->x;
	const struct exchange_record *record = &x->record;

	look_at_neighbours(s);
	cleanup_look_at_uses(s);
	if (x->device_pending != EXCHANGE_DEVICE_NONE) {
		return;
	}
	if (prepare_due(s)) {
		prepare(s);
	} else if (read_back_due(s)) {
		ask(s, EXCHANGE_DEVICE_READ_BACK, 0);
	} else if (cleanup_take_discard(s)) {
		ask(s, EXCHANGE_DEVICE_DISCARD, x->discard_due ? record->staged.generation : 0);
	} else if (restore_due(s)) {
		ask(s, EXCHANGE_DEVICE_PREPARE, record->committed.generation);
	} else if (commit_due(s)) {
		ask(s, EXCHANGE_DEVICE_COMMIT, record->committed.generation);
	} else if (cleanup_retire_due(s)) {
		ask(s, EXCHANGE_DEVICE_RETIRE, record->committed.generation);
	}
}
