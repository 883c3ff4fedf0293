/*
 * "rekey": a new generation is asked for, and who wants to wait hears what
 * becomes of it. The generation waited for is any after the last one decided when
 * the request came: one that is under way already serves as well, as it does for
 * the exchange itself.
 */
#include "keyidd/control_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

struct entry {
	struct association *association;
	uint64_t after;         /* the last generation decided */
	uint64_t held_until_ms; /* held; an answer if it still is then. 0 = not held */
	const char *outcome;    /* NULL = not known yet */
	json_t *result;
	char text[CONTROL_TEXT_MAX]; /* why not, with the association's name; "" if confirmed */
};

struct control_wait {
	uint64_t begun_ms, end_ms;
	json_int_t timeout_s;
	bool starting; /* the request is still being looked at */
	size_t count;
	struct entry entries[];
};

/* ---- outcomes ------------------------------------------------------------------------------- */

static json_t *keys_of(const struct entry *entry, uint64_t generation)
{
	const struct proposal *committed = &entry->association->exchange.record.committed;

	return committed->generation == generation ? control_keys(entry->association, committed)
						   : json_array();
}

/* Settles an entry; text says why if it is not confirmed. */
static void settle(const struct control_wait *wait, struct entry *entry, const char *outcome,
	const struct exchange_note *note, const char *text)
{
	const struct config_association *config = entry->association->config;
	uint64_t generation = note ? note->generation : 0;
	bool confirmed = text[0] == '\0';

	entry->outcome = outcome;
	if (!confirmed) {
		snprintf(entry->text, sizeof(entry->text), "%s: %s", config->label, text);
	}
	entry->result = json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"association", control_text(config->name), "own_sae",
		control_sae(&config->exchange.sae), "label", config->label, "outcome", outcome,
		"generation", control_generation(generation), "reason",
		control_reason(note ? note->reason : REASON_NONE), "sae",
		note ? control_sae(&note->sae) : json_null(), "text", control_text_or_null(text),
		"elapsed_ms", control_number(clock_mono_ms() - wait->begun_ms), "keys",
		confirmed ? keys_of(entry, generation) : json_array());
}

static void confirmed(
	const struct control_wait *wait, struct entry *entry, const struct exchange_note *note)
{
	settle(wait, entry, "confirmed", note, "");
}

/* "mx304-12: device-refused": what another SAE says of its failure of this generation. */
static void say_peer_failure(
	const struct exchange *x, const struct sae_id *sae, uint64_t generation, char *text)
{
	const struct exchange_peer *peer = exchange_find_peer(x, sae);

	if (peer && peer->status.failed.generation == generation) {
		control_append(text, CONTROL_TEXT_MAX, " %s: %s", sae->text,
			reason_name(peer->status.failed_reason));
	} else {
		control_append(text, CONTROL_TEXT_MAX, " %s", sae->text);
	}
}

static void aborted(
	const struct control_wait *wait, struct entry *entry, const struct exchange_note *note)
{
	const struct exchange *x = &entry->association->exchange;
	uint64_t now_ms = clock_mono_ms();
	bool named = note->sae.len > 0;
	char text[CONTROL_TEXT_MAX] = "";
	char age[CONTROL_AGE_TEXT];

	control_append(
		text, sizeof(text), "generation %" PRIu64 " was given up:", note->generation);
	if (note->reason == REASON_MEMBER_FAILED) {
		say_peer_failure(x, &note->sae, note->generation, text);
	} else if (note->reason != REASON_NONE) {
		control_append(text, sizeof(text), " %s%s%s%s", reason_name(note->reason),
			named ? " (" : "", note->sae.text, named ? ")" : "");
	} else {
		/* ABORT carries no reason: the master's own status has it. */
		say_peer_failure(x, &x->config->master, note->generation, text);
	}
	if (x->config->role == EXCHANGE_MASTER && x->retry_due_ms > now_ms) {
		control_append(text, sizeof(text), "; the next one in %s",
			control_age(x->retry_due_ms - now_ms, age));
	}
	settle(wait, entry, "aborted", note, text);
}

static void failed(
	const struct control_wait *wait, struct entry *entry, const struct exchange_note *note)
{
	char text[CONTROL_TEXT_MAX] = "";

	control_append(
		text, sizeof(text), "generation %" PRIu64 " failed here: ", note->generation);
	control_failure(
		entry->association, note->reason, text + strlen(text), sizeof(text) - strlen(text));
	settle(wait, entry, "failed", note, text);
}

/* A hold may be over in a moment, as when a peer has just started: it gets the time of LIFE. */
static void held(
	const struct control_wait *wait, struct entry *entry, const struct exchange_note *note)
{
	(void)wait;
	(void)note;
	if (entry->held_until_ms == 0) {
		entry->held_until_ms = clock_mono_ms() +
				       entry->association->exchange.config->life_ms;
	}
}

static bool is_held(const struct exchange *x)
{
	return x->config->role == EXCHANGE_MASTER && x->hold_reason != REASON_NONE &&
	       !exchange_undecided(&x->record) && x->record.decision != SLOT_COMMIT;
}

static void still_held(const struct control_wait *wait, struct entry *entry)
{
	const struct exchange *x = &entry->association->exchange;
	struct exchange_note note = {
		.kind = EXCHANGE_NOTE_HELD, .reason = x->hold_reason, .sae = x->hold_sae
	};
	char text[CONTROL_TEXT_MAX] = "no new key can be made now: ";

	control_hold(entry->association, text + strlen(text), sizeof(text) - strlen(text));
	control_append(text, sizeof(text), "; it is made once that is over");
	settle(wait, entry, "held", &note, text);
}

static void timed_out(const struct control_wait *wait, struct entry *entry)
{
	struct exchange_time now = { clock_mono_ms(), clock_wall_s() };
	char text[CONTROL_TEXT_MAX] = "";
	struct control_state state;

	control_describe(entry->association, now, &state);
	control_append(text, sizeof(text), "not confirmed within %" JSON_INTEGER_FORMAT " s: %s",
		wait->timeout_s, state.name);
	if (state.detail[0]) {
		control_append(text, sizeof(text), ": %s", state.detail);
	}
	settle(wait, entry, "timeout", NULL, text);
}

/* ---- the end of a wait ---------------------------------------------------------------------- */

static bool all_settled(const struct control_wait *wait)
{
	for (size_t i = 0; i < wait->count; i++) {
		if (!wait->entries[i].outcome) {
			return false;
		}
	}
	return true;
}

/* The result, and into error what is not confirmed. */
static json_t *result_of(struct control_wait *wait, char error[static CONTROL_TEXT_MAX])
{
	json_t *list = json_array();

	for (size_t i = 0; i < wait->count; i++) {
		struct entry *entry = &wait->entries[i];

		json_array_append(list, entry->result);
		if (entry->text[0]) {
			control_append(
				error, CONTROL_TEXT_MAX, "%s%s", error[0] ? "; " : "", entry->text);
		}
	}
	return json_pack("{s:o}", "associations", list);
}

static void arm(struct control_client *client)
{
	const struct control_wait *wait = client->wait;
	uint64_t at_ms = wait->end_ms;

	for (size_t i = 0; i < wait->count; i++) {
		const struct entry *entry = &wait->entries[i];

		if (!entry->outcome && entry->held_until_ms != 0 && entry->held_until_ms < at_ms) {
			at_ms = entry->held_until_ms;
		}
	}
	loop_timer_set(client->control->engine->loop, &client->timer, at_ms);
}

/* Answers if everything is settled, and else waits on. */
static void go_on(struct control_client *client)
{
	struct control_wait *wait = client->wait;
	char error[CONTROL_TEXT_MAX] = "";
	json_t *result;

	if (wait->starting) {
		return;
	}
	if (!all_settled(wait)) {
		arm(client);
		return;
	}
	result = result_of(wait, error);
	client->wait = NULL;
	control_wait_free(wait);
	control_client_reply(client, result, error[0] ? error : NULL);
}

void control_wait_free(struct control_wait *wait)
{
	for (size_t i = 0; wait && i < wait->count; i++) {
		json_decref(wait->entries[i].result);
	}
	free(wait);
}

/* ---- what happens meanwhile ----------------------------------------------------------------- */

static struct entry *find_entry(struct control_wait *wait, const struct association *association)
{
	for (size_t i = 0; i < wait->count; i++) {
		if (wait->entries[i].association == association && !wait->entries[i].outcome) {
			return &wait->entries[i];
		}
	}
	return NULL;
}

/* Which notes settle a wait; not after: those of older generations too. */
static const struct {
	enum exchange_note_kind kind;
	bool any_generation;
	void (*settle)(const struct control_wait *wait, struct entry *entry,
		const struct exchange_note *note);
} endings[] = {
	{ EXCHANGE_NOTE_CONFIRMED, false, confirmed },
	{ EXCHANGE_NOTE_ABORTED, false, aborted },
	{ EXCHANGE_NOTE_FAILED, false, failed },
	{ EXCHANGE_NOTE_CONFLICT, true, failed },
	{ EXCHANGE_NOTE_HELD, true, held },
};

void control_wait_note(struct control_client *client, struct association *association,
	const struct exchange_note *note)
{
	struct entry *entry = find_entry(client->wait, association);

	for (size_t i = 0; entry && i < sizeof(endings) / sizeof(endings[0]); i++) {
		/* What cannot be saved fails whatever generation comes next. */
		bool any = endings[i].any_generation || note->reason == REASON_STATE;

		if (endings[i].kind == note->kind && (any || note->generation > entry->after)) {
			endings[i].settle(client->wait, entry, note);
			go_on(client);
			return;
		}
	}
}

void control_wait_gone(struct control_client *client, struct association *association)
{
	struct entry *entry = find_entry(client->wait, association);

	if (entry) {
		settle(client->wait, entry, "stopped", NULL, "stopped by a new configuration");
		go_on(client);
	}
}

void control_wait_time_out(struct control_client *client)
{
	struct control_wait *wait = client->wait;
	uint64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < wait->count; i++) {
		struct entry *entry = &wait->entries[i];
		bool hold_over = entry->held_until_ms != 0 && entry->held_until_ms <= now_ms;

		if (entry->outcome) {
			continue;
		}
		if (hold_over && is_held(&entry->association->exchange)) {
			still_held(wait, entry);
		} else if (now_ms >= wait->end_ms) {
			timed_out(wait, entry);
		} else if (hold_over) {
			entry->held_until_ms = 0;
		}
	}
	go_on(client);
}

/* ---- the request ---------------------------------------------------------------------------- */

static void ask(struct association *association)
{
	log_write(LOG_LEVEL_NOTICE, "control", "%s: a new key is asked for by keyidctl",
		association->config->label);
	association_rekey(association);
}

static json_t *ask_only(struct control_request *request)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->engine->association_count; i++) {
		struct association *association = request->engine->associations[i];
		struct control_state state;

		if (!control_request_wants(request, association)) {
			continue;
		}
		ask(association);
		control_describe(association, request->now, &state);
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:s, s:s, s:o}", "association",
				      control_text(association->config->name), "own_sae",
				      control_sae(&association->exchange.config->sae), "label",
				      association->config->label, "outcome", "asked", "state",
				      state.name, "detail", control_text_or_null(state.detail)));
	}
	return json_pack("{s:o}", "associations", list);
}

static struct control_wait *new_wait(const struct control_request *request, json_int_t timeout_s)
{
	const struct engine *engine = request->engine;
	struct control_wait *wait = calloc(
		1, sizeof(*wait) + engine->association_count * sizeof(wait->entries[0]));

	if (!wait) {
		return NULL;
	}
	wait->begun_ms = request->now.mono_ms;
	wait->end_ms = request->now.mono_ms + (uint64_t)timeout_s * 1000;
	wait->timeout_s = timeout_s;
	for (size_t i = 0; i < engine->association_count; i++) {
		struct association *association = engine->associations[i];
		const struct exchange_record *record = &association->exchange.record;

		if (control_request_wants(request, association)) {
			wait->entries[wait->count++] = (struct entry){ .association = association,
				.after = record->decision == SLOT_EMPTY
						 ? 0
						 : record->committed.generation };
		}
	}
	return wait;
}

/* Asks; what happens at once comes by control_wait_note() before this returns. */
static json_t *ask_and_wait(struct control_request *request, json_int_t timeout_s)
{
	struct control_client *client = request->client;
	struct control_wait *wait = new_wait(request, timeout_s);
	json_t *result;

	if (!wait) {
		return NULL;
	}
	client->wait = wait;
	wait->starting = true;
	for (size_t i = 0; i < wait->count; i++) {
		struct entry *entry = &wait->entries[i];

		ask(entry->association);
		if (!entry->outcome && is_held(&entry->association->exchange)) {
			held(wait, entry, NULL); /* it was before, so nobody noted it */
		}
	}
	wait->starting = false;
	if (!all_settled(wait)) {
		arm(client);
		return NULL;
	}
	result = result_of(wait, request->error);
	client->wait = NULL;
	control_wait_free(wait);
	return result;
}

json_t *control_rekey(struct control_request *request)
{
	json_int_t timeout_s = CONTROL_WAIT_S;
	bool wait = false;

	if (!control_request_flag(request, "wait", &wait) ||
		!control_request_number(request, "timeout", 1, CONTROL_WAIT_MAX_S, &timeout_s)) {
		return NULL;
	}
	if (request->only_handover) {
		return control_handover_rekey(request, wait);
	}
	if (request->only && !engine_find(request->engine, request->only)) {
		snprintf(request->error, sizeof(request->error),
			"%s: could not be started; the log of keyidd says why",
			request->only->label);
		return NULL;
	}
	return wait ? ask_and_wait(request, timeout_s) : ask_only(request);
}
