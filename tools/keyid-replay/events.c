#include "tools/keyid-replay/events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "l2proto/reason.h"

static void add(struct event_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct event_list *list, const char *format, ...)
{
	va_list args;

	if (list->count == EVENTS_MAX) {
		return;
	}
	va_start(args, format);
	vsnprintf(list->text[list->count++], EVENT_TEXT_MAX, format, args);
	va_end(args);
}

void events_station(struct event_list *list, const struct sae_id *sae)
{
	add(list, "station %s", sae->len > 0 ? sae->text : "unknown");
}

/* ---- the master's decisions ------------------------------------------------------------------ */

static const char *phase_event(enum slot_phase phase)
{
	static const char *const names[] = { [SLOT_EMPTY] = "nothing",
		[SLOT_PREPARE] = "proposed",
		[SLOT_ABORT] = "aborted",
		[SLOT_COMMIT] = "committed",
		[SLOT_CONFIRMED] = "confirmed" };

	return names[phase];
}

/* Phases of a slot, and generations, only go up: whatever is lower is a late copy. */
static void slot_events(struct slot_seen *seen, const struct slot *slot, struct event_list *list)
{
	const struct proposal *proposal = &slot->proposal;

	if (slot->phase == SLOT_EMPTY || proposal->generation < seen->generation ||
		(proposal->generation == seen->generation && slot->phase < seen->phase)) {
		return;
	}
	if (proposal->generation > seen->generation || slot->phase > seen->phase) {
		add(list, "%s %" PRIu64, phase_event(slot->phase), proposal->generation);
		if (proposal->generation > seen->generation) {
			seen->start = proposal->start;
		}
	}
	if (proposal->start > seen->start) {
		add(list, "start of %" PRIu64 " moved by %" PRId64 " s", proposal->generation,
			proposal->start - seen->start);
	}
	seen->generation = proposal->generation;
	seen->phase = slot->phase;
	seen->start = proposal->start;
}

/* ---- what is said of an SAE ------------------------------------------------------------------ */

static struct sae_seen *find_sae(struct history *history, const struct sae_id *sae)
{
	for (size_t i = 0; i < history->sae_count; i++) {
		if (sae_id_equal(&history->saes[i].sae, sae)) {
			return &history->saes[i];
		}
	}
	if (history->sae_count == SAES_MAX) {
		return NULL;
	}
	history->saes[history->sae_count].sae = *sae;
	return &history->saes[history->sae_count++];
}

static void reference_event(uint64_t *seen, uint64_t generation, const char *sae, const char *event,
	struct event_list *list)
{
	if (generation > *seen) {
		*seen = generation;
		add(list, "%s %s %" PRIu64, sae, event, generation);
	}
}

static void failed_event(
	struct sae_seen *seen, const struct sae_status *status, struct event_list *list)
{
	if (status->failed.generation > seen->failed) {
		seen->failed = status->failed.generation;
		add(list, "%s failed %" PRIu64 " (%s)", status->sae.text, seen->failed,
			reason_name(status->failed_reason));
	}
}

static void device_event(
	struct sae_seen *seen, const struct sae_status *status, struct event_list *list)
{
	if (status->device_reason == seen->device_reason) {
		return;
	}
	seen->device_reason = status->device_reason;
	add(list, "%s device: %s", status->sae.text,
		seen->device_reason ? reason_name(seen->device_reason) : "works");
}

static void status_events(
	struct history *history, const struct sae_status *status, struct event_list *list)
{
	struct sae_seen *seen = find_sae(history, &status->sae);

	if (!seen) {
		return;
	}
	reference_event(&seen->staged, status->staged.generation, seen->sae.text, "ready", list);
	reference_event(
		&seen->applied, status->applied.generation, seen->sae.text, "applied", list);
	reference_event(&seen->live, status->live ? status->applied.generation : 0, seen->sae.text,
		"live", list);
	reference_event(&seen->lost, status->lost.generation, seen->sae.text, "lost", list);
	failed_event(seen, status, list);
	device_event(seen, status, list);
	if (status->rekey_wanted && !seen->rekey_wanted) {
		add(list, "%s wants a rekey", seen->sae.text);
	}
	seen->rekey_wanted = status->rekey_wanted;
}

void events_of(
	struct history *history, const struct message_content *content, struct event_list *list)
{
	slot_events(&history->committed, &content->committed, list);
	slot_events(&history->proposed, &content->proposed, list);
	for (size_t i = 0; i < content->status_count; i++) {
		status_events(history, &content->status[i], list);
	}
}
