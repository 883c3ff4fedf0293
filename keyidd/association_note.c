/* What happened, for people: the log and the history; and the age of the key. */
#include "keyidd/association.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "keyidd/engine.h"

/* How each kind of note is told. NULL: not worth a line. */
static const struct {
	enum log_level level;
	bool in_history;
	const char *text;
} tellings[EXCHANGE_NOTE_COUNT] = {
	[EXCHANGE_NOTE_PROPOSED] = { LOG_LEVEL_INFO, true, "proposed" },
	[EXCHANGE_NOTE_READY] = { LOG_LEVEL_INFO, true,
		"ready: the key is held, the device would take it" },
	[EXCHANGE_NOTE_MEMBER_READY] = { LOG_LEVEL_INFO, true, "ready at a member" },
	[EXCHANGE_NOTE_COMMITTED] = { LOG_LEVEL_INFO, true, "committed: every member is ready" },
	[EXCHANGE_NOTE_RETIMED] = { LOG_LEVEL_WARNING, true,
		"starts later than was decided: a member does not have it yet" },
	[EXCHANGE_NOTE_APPLIED] = { LOG_LEVEL_INFO, true, "applied: the device holds the key" },
	[EXCHANGE_NOTE_LIVE] = { LOG_LEVEL_INFO, true, "live: the device uses the key" },
	[EXCHANGE_NOTE_CONFIRMED] = { LOG_LEVEL_NOTICE, true,
		"confirmed: every member uses the key" },
	[EXCHANGE_NOTE_ABORTED] = { LOG_LEVEL_WARNING, true, "aborted, the old key stays in use" },
	[EXCHANGE_NOTE_FAILED] = { LOG_LEVEL_WARNING, true, "failed here" },
	[EXCHANGE_NOTE_MEMBER_FAILED] = { LOG_LEVEL_WARNING, true, "failed at another SAE" },
	[EXCHANGE_NOTE_LOST] = { LOG_LEVEL_ERROR, true, "committed, but the key is lost" },
	[EXCHANGE_NOTE_CONFLICT] = { LOG_LEVEL_ERROR, true,
		"the master proposes two different sets of keys for it" },
	[EXCHANGE_NOTE_DUPLICATE_SAE] = { LOG_LEVEL_ERROR, true,
		"two stations speak for one SAE; rotation held" },
	[EXCHANGE_NOTE_LOOP] = { LOG_LEVEL_WARNING, true,
		"a status came round in a loop; check the cabling" },
	[EXCHANGE_NOTE_HELD] = { LOG_LEVEL_WARNING, true, "is due but cannot start" },
	[EXCHANGE_NOTE_DEVICE] = { LOG_LEVEL_WARNING, true,
		"the device does not follow; trying on" },
	[EXCHANGE_NOTE_MEMBER_DEVICE] = { LOG_LEVEL_WARNING, true,
		"the device of another SAE does not follow" },
	[EXCHANGE_NOTE_REKEY_WANTED] = { LOG_LEVEL_INFO, true, "a new key is wanted" },
};

static const struct proposal *noted_proposal(
	const struct exchange_record *record, uint64_t generation)
{
	if (generation != 0 && record->committed.generation == generation) {
		return &record->committed;
	}
	return generation != 0 && record->staged.generation == generation ? &record->staged : NULL;
}

static uint32_t elapsed_ms(struct association *association, const struct exchange_note *note)
{
	struct association_rotation *rotation = &association->rotation;

	if (note->kind == EXCHANGE_NOTE_PROPOSED) {
		rotation->generation = note->generation;
		rotation->begun_ms = clock_mono_ms();
	}
	return rotation->begun_ms != 0 && rotation->generation == note->generation
		       ? (uint32_t)(clock_mono_ms() - rotation->begun_ms)
		       : 0;
}

/* ", starts at ..." where that has been decided, or decided anew. */
static void say_start(
	const struct proposal *committed, enum exchange_note_kind kind, char *out, size_t size)
{
	char at[CLOCK_UTC_TEXT];

	if (committed->start != 0 &&
		(kind == EXCHANGE_NOTE_COMMITTED || kind == EXCHANGE_NOTE_RETIMED)) {
		snprintf(out, size, ", starts at %s", clock_utc(committed->start, at));
	}
}

static void tell_log(const struct association *association, const struct exchange_note *note,
	const char *key_id, uint32_t elapsed)
{
	char generation[40] = "";
	char time[64] = "";
	char start[64] = "";

	if (note->generation != 0) {
		snprintf(generation, sizeof(generation), "generation %" PRIu64 " ",
			note->generation);
	}
	if (elapsed != 0) {
		snprintf(time, sizeof(time), ", %u ms after it was proposed", elapsed);
	}
	say_start(&association->exchange.record.committed, note->kind, start, sizeof(start));
	log_write(tellings[note->kind].level, "exchange", "%s: %s%s%s%s%s%s%s%s%s%s%s",
		association->config->label, generation, tellings[note->kind].text, start,
		note->reason ? ": " : "", note->reason ? reason_name(note->reason) : "",
		note->sae.len ? " (" : "", note->sae.text, note->sae.len ? ")" : "",
		key_id[0] ? ", key-ID " : "", key_id, time);
}

void association_note(struct association *association, const struct exchange_note *note)
{
	const struct proposal *proposal = noted_proposal(
		&association->exchange.record, note->generation);
	uint32_t elapsed = elapsed_ms(association, note);
	char ckn_hex[2 * CKN_MAX + 1] = "";
	const char *key_id = proposal && proposal->key_count ? proposal->keys[0].text : "";
	struct ckn ckn;
	struct state_event event = {
		.owner = association_owner(association),
		.at_ms = clock_wall_ms(),
		.event = exchange_note_name(note->kind),
		.generation = note->generation,
		.reason = note->reason ? reason_name(note->reason) : "",
		.sae = note->sae.text,
		.key_id = key_id,
		.ckn = ckn_hex,
		.elapsed_ms = elapsed,
	};

	if (key_id[0] && ckn_from_key_id(&association->config->exchange.ckn, &proposal->keys[0],
				 &ckn) == 0) {
		hex_encode(ckn.octets, ckn.len, ckn_hex);
	}
	tell_log(association, note, note->kind == EXCHANGE_NOTE_PROPOSED ? key_id : "", elapsed);
	if (tellings[note->kind].in_history) {
		state_add_history(association->engine->state, &event);
	}
	engine_note(association->engine, association, note);
}

void association_check_age(struct association *association)
{
	uint64_t alarm_ms = association->config->key_age_alarm_ms;
	int64_t age_s = association_key_age_s(association);
	bool old = alarm_ms != 0 && age_s >= 0 && (uint64_t)age_s * 1000 > alarm_ms;

	if (old && !association->age_alarm) {
		log_write(LOG_LEVEL_ERROR, "exchange",
			"%s: the key in use is %" PRId64 " s old; see keyidctl status",
			association->config->label, age_s);
	} else if (!old && association->age_alarm) {
		log_write(LOG_LEVEL_NOTICE, "exchange", "%s: the key is fresh again",
			association->config->label);
	}
	association->age_alarm = old;
}
