#include "l2proto/exchange.h"

#include <string.h>

#include "l2proto/exchange_private.h"
#include "l2proto/message_tlv.h"

#define SAVE_RETRY_MS 1000
#define TICK_MS 1000      /* the timer of last resort: nothing waits for it, so nothing can stop */
#define CONTENT_MAX 20480 /* octets of the fullest content */

static const char *const note_names[EXCHANGE_NOTE_COUNT] = {
	[EXCHANGE_NOTE_PROPOSED] = "proposed",
	[EXCHANGE_NOTE_READY] = "ready",
	[EXCHANGE_NOTE_MEMBER_READY] = "member-ready",
	[EXCHANGE_NOTE_COMMITTED] = "committed",
	[EXCHANGE_NOTE_RETIMED] = "retimed",
	[EXCHANGE_NOTE_APPLIED] = "applied",
	[EXCHANGE_NOTE_LIVE] = "live",
	[EXCHANGE_NOTE_CONFIRMED] = "confirmed",
	[EXCHANGE_NOTE_ABORTED] = "aborted",
	[EXCHANGE_NOTE_FAILED] = "failed",
	[EXCHANGE_NOTE_MEMBER_FAILED] = "member-failed",
	[EXCHANGE_NOTE_LOST] = "lost",
	[EXCHANGE_NOTE_CONFLICT] = "conflict",
	[EXCHANGE_NOTE_DUPLICATE_SAE] = "duplicate-sae",
	[EXCHANGE_NOTE_LOOP] = "loop",
	[EXCHANGE_NOTE_HELD] = "held",
	[EXCHANGE_NOTE_DEVICE] = "device",
	[EXCHANGE_NOTE_MEMBER_DEVICE] = "member-device",
	[EXCHANGE_NOTE_REKEY_WANTED] = "rekey-wanted",
};

const char *exchange_note_name(enum exchange_note_kind kind)
{
	return kind < EXCHANGE_NOTE_COUNT ? note_names[kind] : "unknown";
}

bool exchange_holds_key(const struct exchange_record *record, uint64_t generation)
{
	return (record->stage == EXCHANGE_STAGE_HELD && record->staged.generation == generation) ||
	       (record->committed_held && record->committed.generation == generation);
}

/* A key_ID that gives no CKN was refused before; a damaged record's is taken for an empty one. */
static void derive_tokens(struct exchange *x)
{
	const struct proposal *committed = &x->record.committed;

	memset(x->committed_tokens, 0, sizeof(x->committed_tokens));
	for (size_t i = 0; i < BATCH_MAX && (i < committed->key_count || i == 0); i++) {
		struct ckn ckn = { 0 };

		ckn_from_key_id(&x->config->ckn, &committed->keys[i], &ckn);
		ckn_token(ckn.octets, ckn.len, x->committed_tokens[i]);
	}
}

void exchange_init(struct exchange *exchange, const struct exchange_config *config,
	const struct exchange_record *record)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->config = config;
	exchange->hop = sae_id_hop(&config->sae);
	if (record) {
		exchange->record = *record;
	}
	derive_tokens(exchange);
	exchange->rekey_due_ms = NEVER_MS;
	exchange->backoff_ms = config->backoff_min_ms;
	exchange->device_backoff_ms = config->verify_ms;
}

/* ---- what the parts share ------------------------------------------------------------------- */

void step_note(struct step *s, enum exchange_note_kind kind, uint64_t generation, unsigned reason,
	const struct sae_id *sae)
{
	struct exchange_note *note;

	if (s->actions->note_count == EXCHANGE_NOTES_MAX) {
		return; /* notes inform; nothing depends on them */
	}
	note = &s->actions->notes[s->actions->note_count++];
	memset(note, 0, sizeof(*note));
	note->kind = kind;
	note->generation = generation;
	note->reason = reason;
	if (sae) {
		note->sae = *sae;
	}
}

void step_save(struct step *s)
{
	s->actions->save = true;
}

bool step_may_save(const struct step *s)
{
	return s->now.mono_ms >= s->x->save_retry_ms;
}

struct proposal_ref proposal_ref(const struct proposal *proposal)
{
	struct proposal_ref ref = { .generation = proposal->generation };

	memcpy(ref.digest, proposal->digest, DIGEST_LEN);
	return ref;
}

bool ref_is(const struct proposal_ref *ref, const struct proposal *proposal)
{
	return ref->generation != 0 && ref->generation == proposal->generation &&
	       memcmp(ref->digest, proposal->digest, DIGEST_LEN) == 0;
}

bool exchange_undecided(const struct exchange_record *record)
{
	return (record->stage == EXCHANGE_STAGE_FETCHING || record->stage == EXCHANGE_STAGE_HELD) &&
	       record->staged.generation > record->committed.generation;
}

void exchange_set_failed(struct step *s, struct proposal_ref ref, unsigned reason)
{
	s->x->failed = ref;
	s->x->failed_reason = reason;
	step_note(s, EXCHANGE_NOTE_FAILED, ref.generation, reason, NULL);
}

/* From here on the only way is forward. held: the keys are sealed on the disk. */
void exchange_commit(struct step *s, const struct proposal *proposal, bool held)
{
	struct exchange *x = s->x;

	x->record.committed = *proposal;
	derive_tokens(x);
	x->record.committed_held = held;
	x->record.decision = SLOT_COMMIT;
	x->rekey_wanted = false;
	x->was_applied = false;
	x->was_live = false;
	x->device_retry_ms = 0;
	x->held_ms = 0;
	step_save(s);
	step_note(s, EXCHANGE_NOTE_COMMITTED, proposal->generation, REASON_NONE, NULL);
}

/* The same keys, later: what the device holds of them has another start now, and is to be replaced.
 */
void exchange_move_start(struct step *s, int64_t start)
{
	struct exchange *x = s->x;

	x->record.committed.start = start;
	x->was_applied = false;
	x->was_live = false;
	x->device_retry_ms = 0;
	x->held_ms = 0;
	step_save(s);
	step_note(s, EXCHANGE_NOTE_RETIMED, x->record.committed.generation, REASON_NONE, NULL);
}

/* Everybody uses the committed keys: only now may older ones go, and the sealed copy be wiped. */
void exchange_confirm(struct step *s)
{
	struct exchange_record *record = &s->x->record;

	record->decision = SLOT_CONFIRMED;
	record->committed_held = false;
	record->confirmed_at = s->now.wall_s;
	s->x->confirmed_ms = s->now.mono_ms;
	if (record->staged.generation <= record->committed.generation) {
		record->stage = EXCHANGE_STAGE_NONE;
	}
	cleanup_confirmed(s);
	s->x->failed.generation = 0;
	s->x->failed_reason = REASON_NONE;
	s->x->device_reason = REASON_NONE;
	step_save(s);
	step_note(s, EXCHANGE_NOTE_CONFIRMED, record->committed.generation, REASON_NONE, NULL);
}

/* ---- events --------------------------------------------------------------------------------- */

static void start(struct step *s)
{
	s->x->started_ms = s->now.mono_ms;
	s->x->record_ms = s->now.mono_ms;
	s->x->read_back_due_ms = s->now.mono_ms;
	cleanup_start(s->x);
	if (s->x->config->role == EXCHANGE_MASTER) {
		master_start(s);
	} else {
		slave_start(s);
	}
}

static void message(struct step *s, const struct exchange_event *event)
{
	const struct exchange_config *config = s->x->config;

	if (event->message.link >= config->link_count) {
		return;
	}
	peers_hear(s, event->message.link, event->message.member, event->message.content);
	secys_hear(s, event->message.link, event->message.content);
	if (config->role == EXCHANGE_SLAVE &&
		config->links[event->message.link].direction == EXCHANGE_UP) {
		slave_hear(s, event->message.content);
	}
}

/* Answers to what was asked for in an earlier life, or has been given up, find nobody waiting. */
static bool fetch_awaited(struct step *s, const struct exchange_event *event)
{
	struct exchange *x = s->x;

	if (!x->fetch_pending || event->generation != x->fetch_pending_generation) {
		return false;
	}
	x->fetch_pending = false;
	return x->record.stage == EXCHANGE_STAGE_FETCHING &&
	       x->record.staged.generation == event->generation;
}

static void keys(struct step *s, const struct exchange_event *event)
{
	if (!fetch_awaited(s, event)) {
		return;
	}
	if (s->x->config->role == EXCHANGE_MASTER) {
		master_keys(s, event);
	} else {
		slave_keys(s);
	}
}

static void keys_failed(struct step *s, const struct exchange_event *event)
{
	if (!fetch_awaited(s, event)) {
		return;
	}
	if (s->x->config->role == EXCHANGE_MASTER) {
		master_keys_failed(s, event->reason);
	} else {
		slave_keys_failed(s, event->reason);
	}
}

static void interval_changed(struct step *s)
{
	if (s->x->config->role == EXCHANGE_MASTER) {
		master_schedule(s);
	}
}

/*
 * The step was dropped, and its event with it: what it answered is no longer
 * awaited, and will be found out again. Keys that could not be sealed are lost.
 */
static void save_failed(struct step *s, const struct exchange_event *event)
{
	struct exchange *x = s->x;

	x->save_retry_ms = s->now.mono_ms + SAVE_RETRY_MS;
	if ((event->dropped == EXCHANGE_KEYS || event->dropped == EXCHANGE_KEYS_FAILED) &&
		event->generation == x->fetch_pending_generation) {
		x->fetch_pending = false;
		x->failed = proposal_ref(&x->record.staged);
	}
	if ((event->dropped == EXCHANGE_DEVICE_DONE || event->dropped == EXCHANGE_DEVICE_FAILED) &&
		event->device.op == x->device_pending &&
		event->generation == x->device_pending_generation) {
		x->device_pending = EXCHANGE_DEVICE_NONE;
		x->read_back_due_ms = s->now.mono_ms;
	}
	if (event->dropped == EXCHANGE_DEVICE_CHANGED) {
		device_changed(s);
	}
	if (event->dropped == EXCHANGE_REKEY) {
		x->rekey_wanted = true;
	}
	if (event->dropped == EXCHANGE_INTERVAL) {
		interval_changed(s);
	}
	if (x->failed_reason != REASON_STATE) {
		step_note(s, EXCHANGE_NOTE_FAILED, x->record.highest, REASON_STATE, NULL);
	}
	x->failed_reason = REASON_STATE;
}

static void handle(struct step *s, const struct exchange_event *event)
{
	switch (event->kind) {
	case EXCHANGE_START:
	case EXCHANGE_TIMER:
		break;
	case EXCHANGE_MESSAGE:
		message(s, event);
		break;
	case EXCHANGE_KEYS:
		keys(s, event);
		break;
	case EXCHANGE_KEYS_FAILED:
		keys_failed(s, event);
		break;
	case EXCHANGE_DEVICE_DONE:
		device_done(s, event);
		break;
	case EXCHANGE_DEVICE_FAILED:
		device_failed(s, event);
		break;
	case EXCHANGE_REKEY:
		s->x->rekey_wanted = true;
		break;
	case EXCHANGE_INTERVAL:
		interval_changed(s);
		break;
	case EXCHANGE_DEVICE_CHANGED:
		device_changed(s);
		break;
	case EXCHANGE_SAVE_FAILED:
		save_failed(s, event);
		break;
	}
}

/* FNV-1a, 64 bits: not for security, only to see whether the content has changed. */
static uint64_t hash(const uint8_t *octets, size_t len)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++) {
		value = (value ^ octets[i]) * 0x100000001b3u;
	}
	return value;
}

static void mark_changed_links(struct step *s)
{
	struct exchange *x = s->x;
	struct message_content content;
	uint8_t octets[CONTENT_MAX];

	for (size_t i = 0; i < x->config->link_count; i++) {
		struct wire_writer writer = { octets, 0, sizeof(octets), false };
		uint64_t value;

		exchange_compose(x, s->now, i, &content);
		message_write_tlvs(&writer, &content);
		value = hash(octets, writer.len);
		if (value != x->content_hash[i]) {
			x->content_hash[i] = value;
			s->actions->advertise |= 1u << i;
		}
	}
}

void exchange_step(struct exchange *exchange, struct exchange_time now,
	const struct exchange_event *event, struct exchange_actions *actions)
{
	struct step s = { exchange, now, actions };

	memset(actions, 0, sizeof(*actions));
	exchange->last_ms = now.mono_ms;
	if (exchange->started_ms == 0 && event->kind != EXCHANGE_SAVE_FAILED && step_may_save(&s)) {
		start(&s);
	}
	handle(&s, event);
	device_note_ready(&s);
	if (step_may_save(&s)) {
		if (exchange->config->role == EXCHANGE_MASTER) {
			master_settle(&s);
		} else {
			slave_settle(&s);
		}
	}
	device_settle(&s);
	if (actions->save) {
		exchange->record_ms = now.mono_ms;
	}
	mark_changed_links(&s);
}

static void consider(uint64_t *next, uint64_t last_ms, uint64_t deadline_ms)
{
	/* A deadline that has passed was acted upon, or waits for something else than time. */
	if (deadline_ms > last_ms && deadline_ms < *next) {
		*next = deadline_ms;
	}
}

uint64_t exchange_next_timer(const struct exchange *x)
{
	uint64_t next = x->last_ms + TICK_MS;

	consider(&next, x->last_ms, x->prepare_deadline_ms);
	consider(&next, x->last_ms, x->rekey_due_ms);
	consider(&next, x->last_ms, x->retry_due_ms);
	consider(&next, x->last_ms, x->save_retry_ms);
	consider(&next, x->last_ms, x->device_retry_ms);
	consider(&next, x->last_ms, x->prepare_retry_ms);
	consider(&next, x->last_ms, x->retire_retry_ms);
	consider(&next, x->last_ms, x->discard_retry_ms);
	consider(&next, x->last_ms, x->purge_retry_ms);
	consider(&next, x->last_ms, x->read_back_due_ms);
	consider(&next, x->last_ms, x->silent_ms + x->config->retire_hold_ms);
	for (size_t i = 0; i < x->view.key_count; i++) {
		consider(&next, x->last_ms, x->uses[i].used_ms + x->config->retire_hold_ms);
	}
	for (size_t i = 0; i < SAES_MAX; i++) {
		if (x->peers[i].status.sae.len > 0) {
			consider(&next, x->last_ms, x->peers[i].heard_ms + x->config->life_ms + 1);
		}
	}
	return next;
}
