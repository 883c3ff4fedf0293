#include "keyidd/handover_step.h"

#include <string.h>

struct step {
	struct handover_machine *machine;
	struct handover_time now;
	struct handover_actions *actions;
};

bool handover_same_key_id(const struct key_id *a, const struct key_id *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool handover_is_stale(const struct handover_record *record, const struct key_id *key_id)
{
	return (record->stage != HANDOVER_NONE && handover_same_key_id(&record->key_id, key_id)) ||
	       (record->applied.len > 0 && handover_same_key_id(&record->applied, key_id));
}

bool handover_in_step(const struct handover_machine *machine)
{
	return machine->shown.len > 0 &&
	       handover_same_key_id(&machine->shown, &machine->record.applied);
}

static void note(struct step *step, enum handover_note what)
{
	if (step->actions->note_count < HANDOVER_NOTES_MAX) {
		step->actions->notes[step->actions->note_count++] = what;
	}
}

/* ---- times ----------------------------------------------------------------------------------- */

static uint32_t doubled(uint32_t pause_ms, uint32_t min_ms, uint32_t max_ms)
{
	return pause_ms == 0 ? min_ms : pause_ms < max_ms / 2 ? 2 * pause_ms : max_ms;
}

/*
 * The pause is that of the hand-over, not of a key-ID: whoever can show new ones
 * cannot make the KME be asked more often.
 */
static void try_later(struct step *step, enum handover_act act)
{
	struct handover_machine *m = step->machine;

	m->failed = act;
	m->retry_pause_ms = doubled(
		m->retry_pause_ms, HANDOVER_RETRY_MIN_MS, HANDOVER_RETRY_MAX_MS);
	m->retry_ms = step->now.mono_ms + m->retry_pause_ms;
	m->looked = false;
}

static void went_well(struct handover_machine *m)
{
	m->failed = HANDOVER_REST;
	m->retry_pause_ms = 0;
	m->retry_ms = 0;
}

/* A key that is in use is looked at seldom; one that is not yet, often at first. */
static void look_later(struct step *step)
{
	struct handover_machine *m = step->machine;

	m->look_pause_ms = m->view == HANDOVER_USES
				   ? HANDOVER_LOOK_MAX_MS
				   : doubled(m->look_pause_ms, HANDOVER_LOOK_MIN_MS,
					     HANDOVER_LOOK_MAX_MS);
	m->look_ms = step->now.mono_ms + m->look_pause_ms;
}

/* ---- what happened --------------------------------------------------------------------------- */

/* It comes again and again, as long as the other end shows it. */
static bool is_under_way(const struct handover_machine *m, const struct key_id *key_id)
{
	return handover_same_key_id(&m->seen, key_id) || handover_same_key_id(&m->held, key_id) ||
	       (m->doing == HANDOVER_FETCH && handover_same_key_id(&m->record.key_id, key_id));
}

static void on_seen(struct step *step, const struct key_id *key_id)
{
	struct handover_machine *m = step->machine;

	m->shown = *key_id;
	if (m->rules.master || is_under_way(m, key_id)) {
		return;
	}
	if (!m->rules.takes_stale && handover_is_stale(&m->record, key_id)) {
		m->seen.len = 0;
		note(step, HANDOVER_NOTE_STALE);
		return;
	}
	if (!handover_is_stale(&m->record, key_id)) {
		note(step, HANDOVER_NOTE_NEW);
	}
	m->seen = *key_id;
}

/* At the start: what the last one has left half done. */
static void take_stock(struct step *step, const struct handover_event *event)
{
	struct handover_machine *m = step->machine;

	if (m->rules.master && m->view != HANDOVER_HOLDS && m->view != HANDOVER_USES) {
		m->next_key_ms = step->now.mono_ms;
	}
	if (m->record.stage != HANDOVER_TAKEN) {
		return;
	}
	if (event->holds_last) {
		m->record.stage = HANDOVER_APPLIED;
		m->record.applied = m->record.key_id;
		m->record.applied_s = step->now.wall_s;
		m->view = HANDOVER_UNSEEN;
		step->actions->save = true;
		note(step, HANDOVER_NOTE_APPLIED);
	} else {
		note(step, HANDOVER_NOTE_INTERRUPTED);
	}
}

static void on_looked(struct step *step, const struct handover_event *event)
{
	struct handover_machine *m = step->machine;
	enum handover_view before = m->view;

	m->view = event->view;
	m->looked = true;
	if (!m->started) {
		m->started = true;
		take_stock(step, event);
	}
	if (m->view == HANDOVER_USES && before != HANDOVER_USES) {
		note(step, HANDOVER_NOTE_USED);
	} else if (m->view != HANDOVER_USES && before == HANDOVER_USES) {
		note(step, HANDOVER_NOTE_NOT_USED);
	}
	look_later(step);
	if (m->failed == HANDOVER_LOOK) {
		went_well(m);
	}
}

static void on_fetched(struct step *step, const struct key_id *key_id)
{
	struct handover_machine *m = step->machine;

	m->held = *key_id;
	if (m->rules.master) {
		m->next_key_ms = step->now.mono_ms + m->rules.interval_ms;
		note(step, HANDOVER_NOTE_NEW);
	}
	went_well(m);
}

static void on_applied(struct step *step)
{
	struct handover_machine *m = step->machine;

	m->record.key_id = m->held;
	m->record.applied = m->held;
	m->record.applied_s = step->now.wall_s;
	m->record.stage = m->rules.master && !m->rules.shows ? HANDOVER_SHOWN : HANDOVER_APPLIED;
	m->held.len = 0;
	m->view = HANDOVER_UNSEEN;
	m->look_pause_ms = 0;
	look_later(step);
	step->actions->wipe = true;
	step->actions->save = true;
	note(step, HANDOVER_NOTE_APPLIED);
	if (m->record.stage == HANDOVER_SHOWN) {
		note(step, HANDOVER_NOTE_SHOWN);
	}
	went_well(m);
}

static void on_done(struct step *step, enum handover_act act)
{
	struct handover_machine *m = step->machine;

	if (act == HANDOVER_APPLY) {
		on_applied(step);
	} else if (act == HANDOVER_SHOW) {
		m->record.stage = HANDOVER_SHOWN;
		step->actions->save = true;
		note(step, HANDOVER_NOTE_SHOWN);
		went_well(m);
	}
}

/* A KME delivers a key once: who has been asked, and has not delivered, will not. */
static void on_fetch_failed(struct step *step, const struct handover_event *event)
{
	struct handover_machine *m = step->machine;

	if (m->rules.master) {
		return;
	}
	if (event->unsent) {
		m->seen = m->seen.len > 0 ? m->seen : m->record.key_id;
		m->record = m->before;
		step->actions->save = true;
	} else {
		note(step, HANDOVER_NOTE_LOST);
	}
}

static void on_failed(struct step *step, enum handover_act act, const struct handover_event *event)
{
	struct handover_machine *m = step->machine;

	try_later(step, act);
	if (act == HANDOVER_FETCH) {
		on_fetch_failed(step, event);
	} else if (act == HANDOVER_APPLY && event->hopeless) {
		m->held.len = 0;
		step->actions->wipe = true;
		note(step, HANDOVER_NOTE_LOST);
		if (m->rules.master) {
			m->next_key_ms = m->retry_ms;
		}
	}
}

/*
 * The step that was dropped either begins an act, and is tried again later, or ends
 * one. Applying and showing may be done twice; a key that was fetched was not held on to.
 */
static void on_unsaved(struct step *step, enum handover_act act)
{
	try_later(step, act);
	if (act == HANDOVER_FETCH) {
		step->actions->wipe = true;
	}
}

static void take_event(struct step *step, const struct handover_event *event)
{
	struct handover_machine *m = step->machine;
	enum handover_act act = m->doing;

	switch (event->kind) {
	case HANDOVER_TIMER:
		return;
	case HANDOVER_SEEN:
		on_seen(step, &event->key_id);
		return;
	case HANDOVER_GONE:
		m->shown.len = 0;
		m->seen.len = 0;
		return;
	case HANDOVER_REKEY:
		m->next_key_ms = step->now.mono_ms;
		went_well(m);
		return;
	case HANDOVER_LOOKED:
		on_looked(step, event);
		break;
	case HANDOVER_FETCHED:
		on_fetched(step, &event->key_id);
		break;
	case HANDOVER_DONE:
		on_done(step, act);
		break;
	case HANDOVER_FAILED:
		on_failed(step, act, event);
		break;
	case HANDOVER_UNSAVED:
		on_unsaved(step, act);
		break;
	}
	m->doing = HANDOVER_REST;
}

/* ---- what to do ------------------------------------------------------------------------------ */

static bool wants_key(const struct handover_machine *m, uint64_t now_ms)
{
	return m->rules.master ? now_ms >= m->next_key_ms : m->seen.len > 0;
}

static bool is_to_show(const struct handover_machine *m)
{
	return m->rules.master && m->record.stage == HANDOVER_APPLIED && m->view != HANDOVER_OTHER;
}

/* A key that cannot be applied gives way to the next one that is seen. */
static void drop_superseded(struct step *step)
{
	struct handover_machine *m = step->machine;

	if (m->held.len > 0 && m->seen.len > 0 && m->doing == HANDOVER_REST) {
		m->held.len = 0;
		step->actions->wipe = true;
	}
}

/* A slave's key-ID goes to the disk before its key is asked for. */
static void begin_fetch(struct step *step)
{
	struct handover_machine *m = step->machine;

	m->looked = false;
	if (m->rules.master) {
		return;
	}
	m->before = m->record;
	m->record.key_id = m->seen;
	m->record.stage = HANDOVER_TAKEN;
	m->seen.len = 0;
	step->actions->save = true;
}

static enum handover_act choose(const struct handover_machine *m, uint64_t now_ms)
{
	bool may_try = now_ms >= m->retry_ms;

	if (!m->started) {
		return may_try ? HANDOVER_LOOK : HANDOVER_REST;
	}
	if (m->held.len > 0) {
		return may_try ? HANDOVER_APPLY : HANDOVER_REST;
	}
	/* No further key for who could not see this one. */
	if (is_to_show(m)) {
		return may_try ? HANDOVER_SHOW : HANDOVER_REST;
	}
	/* Nothing is taken from the KME for a device that cannot be reached. */
	if (wants_key(m, now_ms)) {
		return !may_try ? HANDOVER_REST : m->looked ? HANDOVER_FETCH : HANDOVER_LOOK;
	}
	return may_try && now_ms >= m->look_ms ? HANDOVER_LOOK : HANDOVER_REST;
}

static void decide(struct step *step)
{
	struct handover_machine *m = step->machine;

	drop_superseded(step);
	if (m->doing != HANDOVER_REST) {
		return;
	}
	m->doing = choose(m, step->now.mono_ms);
	if (m->doing == HANDOVER_FETCH) {
		begin_fetch(step);
	} else {
		m->looked = false;
	}
	step->actions->act = m->doing;
}

void handover_step(struct handover_machine *machine, struct handover_time now,
	const struct handover_event *event, struct handover_actions *actions)
{
	struct step step = { machine, now, actions };

	*actions = (struct handover_actions){ 0 };
	take_event(&step, event);
	decide(&step);
}

uint64_t handover_next_ms(const struct handover_machine *m)
{
	uint64_t due_ms = m->look_ms;

	if (m->doing != HANDOVER_REST) {
		return HANDOVER_NEVER;
	}
	if (!m->started || m->held.len > 0 || is_to_show(m) || m->seen.len > 0) {
		return m->retry_ms;
	}
	if (m->rules.master && m->next_key_ms < due_ms) {
		due_ms = m->next_key_ms;
	}
	return due_ms > m->retry_ms ? due_ms : m->retry_ms;
}

/* Of the wall clock, which may have jumped: never more than the interval from now. */
static uint64_t first_key_ms(const struct handover_machine *m, struct handover_time now)
{
	int64_t age_ms = (now.wall_s - m->record.applied_s) * 1000;

	if (m->record.applied.len == 0 || age_ms >= (int64_t)m->rules.interval_ms) {
		return now.mono_ms;
	}
	return now.mono_ms + m->rules.interval_ms - (uint64_t)(age_ms > 0 ? age_ms : 0);
}

void handover_init(struct handover_machine *machine, const struct handover_rules *rules,
	const struct handover_record *record, struct handover_time now)
{
	*machine = (struct handover_machine){ .rules = *rules };
	if (record) {
		machine->record = *record;
	}
	machine->next_key_ms = rules->master ? first_key_ms(machine, now) : HANDOVER_NEVER;
}
