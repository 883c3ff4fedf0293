#include "keyidd/control_private.h"

#include <stdio.h>
#include <string.h>

static bool add_event(void *ctx, const struct state_event *event)
{
	json_t *list = ctx;

	json_array_append_new(
		list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "association",
			      control_text(event->owner.association), "own_sae",
			      control_text_or_null(event->owner.sae), "at",
			      control_time_ms(event->at_ms), "event", control_text(event->event),
			      "generation", control_generation(event->generation), "reason",
			      control_text_or_null(event->reason), "sae",
			      control_text_or_null(event->sae), "key_id",
			      control_text_or_null(event->key_id), "ckn",
			      control_text_or_null(event->ckn), "elapsed_ms",
			      event->elapsed_ms ? control_number(event->elapsed_ms) : json_null()));
	return true;
}

json_t *control_history(struct control_request *request)
{
	json_int_t limit = CONTROL_HISTORY;
	const struct config_association *only = request->only;
	const struct config_handover *handover = request->only_handover;
	struct state_owner owner = { only ? only->name : "", only ? only->exchange.sae.text : "" };
	json_t *events;
	int count;

	if (!control_request_number(request, "limit", 1, CONTROL_HISTORY_MAX, &limit)) {
		return NULL;
	}
	if (handover) {
		owner = (struct state_owner){ handover->name, handover->sae.text };
	}
	events = json_array();
	count = state_history(request->engine->state, only || handover ? &owner : NULL,
		(size_t)limit, add_event, events);
	if (count < 0) {
		snprintf(request->error, sizeof(request->error), "the history cannot be read: %s",
			strerror(-count));
		json_decref(events);
		return NULL;
	}
	return json_pack("{s:o}", "events", events);
}
