/* What happened, for people: the log, the history, the last errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "keyidd/engine.h"
#include "keyidd/handover.h"

const char *handover_mark(const struct config_handover *config)
{
	switch (config->transport) {
	case CONFIG_HANDOVER_LLDP:
		return "insecure";
	case CONFIG_HANDOVER_FILE:
		return "ssh-protected";
	}
	return "";
}

static void write_line(
	const struct handover *handover, enum log_level level, const char *format, va_list args)
{
	char text[HANDOVER_TEXT_MAX + 160];

	vsnprintf(text, sizeof(text), format, args);
	log_write(level, "handover", "%s [%s]: %s", handover->config->name,
		handover_mark(handover->config), text);
}

void handover_log(const struct handover *handover, enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(handover, level, format, args);
	va_end(args);
}

/* ---- errors --------------------------------------------------------------------------------- */

/* What the other end shows can differ each time it is looked at. */
static bool may_say(struct handover *handover, enum handover_part part)
{
	uint32_t held_back;

	return part != HANDOVER_AT_SOURCE ||
	       log_limit_allow(&handover->source_limit, clock_mono_ms(), &held_back);
}

void handover_set_error(struct handover *handover, enum handover_part part, const char *reason,
	const char *format, ...)
{
	struct handover_error *error = &handover->errors[part];
	struct handover_error before = *error;
	va_list args;

	snprintf(error->reason, sizeof(error->reason), "%s", reason);
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	if (strcmp(before.reason, error->reason) == 0 && strcmp(before.text, error->text) == 0) {
		return;
	}
	error->since_s = clock_wall_s();
	if (may_say(handover, part)) {
		error->said = true;
		handover_log(handover, LOG_LEVEL_WARNING, "%s: %s", error->reason, error->text);
	}
}

void handover_clear_error(struct handover *handover, enum handover_part part)
{
	static const char *const parts[] = {
		[HANDOVER_AT_SOURCE] = "the other end's key-ID",
		[HANDOVER_AT_KME] = "the KME",
		[HANDOVER_AT_DEVICE] = "the device",
	};
	struct handover_error *error = &handover->errors[part];

	if (error->said) {
		handover_log(handover, LOG_LEVEL_INFO, "no trouble with %s any more", parts[part]);
	}
	*error = (struct handover_error){ 0 };
}

/* ---- notes ---------------------------------------------------------------------------------- */

/* How each kind of note is told, after the key-ID: to a master, and to a slave. */
static const struct {
	enum log_level level;
	bool limited;      /* the other end can bring it about */
	const char *event; /* in the history; NULL = not there */
	const char *master, *slave;
} tellings[HANDOVER_NOTE_COUNT] = {
	[HANDOVER_NOTE_NEW] = { LOG_LEVEL_INFO, true, "taken-up", "made by the KME",
		"new at the other end" },
	[HANDOVER_NOTE_STALE] = { LOG_LEVEL_DEBUG, true, NULL, "", "stale, not taken up again" },
	[HANDOVER_NOTE_INTERRUPTED] = { LOG_LEVEL_WARNING, false, "interrupted", "",
		"keyidd ended while its key was on its way: it is lost here, and another key-ID is "
		"waited for" },
	[HANDOVER_NOTE_LOST] = { LOG_LEVEL_WARNING, true, "lost",
		"the device will never take this key; another one follows",
		"its key will not come; another key-ID is waited for" },
	[HANDOVER_NOTE_APPLIED] = { LOG_LEVEL_NOTICE, false, "applied", "the device has its key",
		"the device has its key" },
	[HANDOVER_NOTE_SHOWN] = { LOG_LEVEL_NOTICE, false, "shown", "shown to the other end", "" },
	[HANDOVER_NOTE_USED] = { LOG_LEVEL_NOTICE, false, "live", "the device uses its key",
		"the device uses its key" },
	[HANDOVER_NOTE_NOT_USED] = { LOG_LEVEL_WARNING, false, "not-live",
		"the device does not use its key any more",
		"the device does not use its key any more" },
};

/* Which key-ID a note is about. */
static const struct key_id *noted_key_id(const struct handover *handover, enum handover_note note)
{
	static const struct key_id none;
	const struct handover_machine *machine = &handover->machine;

	switch (note) {
	case HANDOVER_NOTE_NEW:
		return machine->rules.master   ? &machine->held
		       : machine->seen.len > 0 ? &machine->seen
					       : &machine->record.key_id;
	case HANDOVER_NOTE_LOST:
		return machine->rules.master ? &none : &machine->record.key_id;
	case HANDOVER_NOTE_STALE:
	case HANDOVER_NOTE_INTERRUPTED:
		return &machine->record.key_id;
	case HANDOVER_NOTE_APPLIED:
	case HANDOVER_NOTE_SHOWN:
	case HANDOVER_NOTE_USED:
	case HANDOVER_NOTE_NOT_USED:
	case HANDOVER_NOTE_COUNT:
		break;
	}
	return &machine->record.applied;
}

static void tell_history(
	struct handover *handover, enum handover_note note, const struct key_id *key_id)
{
	const struct config_handover *config = handover->config;
	char ckn_hex[2 * CKN_MAX + 1] = "";
	struct ckn ckn;
	struct state_event event = {
		.owner = { config->name, config->sae.text },
		.at_ms = clock_wall_ms(),
		.event = tellings[note].event,
		.reason = "",
		.sae = config->peer.text,
		.key_id = key_id->text,
		.ckn = ckn_hex,
	};

	if (key_id->len > 0 && ckn_from_key_id(&config->ckn, key_id, &ckn) == 0) {
		hex_encode(ckn.octets, ckn.len, ckn_hex);
	}
	state_add_history(handover->engine->state, &event);
}

void handover_tell(struct handover *handover, enum handover_note note)
{
	const struct key_id *key_id = noted_key_id(handover, note);
	uint32_t held_back = 0;

	handover->counters.stale += note == HANDOVER_NOTE_STALE;
	handover->counters.shown += note == HANDOVER_NOTE_SHOWN;
	if (tellings[note].limited && handover->config->role == EXCHANGE_SLAVE &&
		!log_limit_allow(&handover->note_limits[note], clock_mono_ms(), &held_back)) {
		return;
	}
	handover_log(handover, tellings[note].level, "%s%s%s%s", key_id->len > 0 ? "key-ID " : "",
		key_id->text, key_id->len > 0 ? ": " : "",
		handover->config->role == EXCHANGE_MASTER ? tellings[note].master
							  : tellings[note].slave);
	if (tellings[note].event) {
		tell_history(handover, note, key_id);
	}
}
