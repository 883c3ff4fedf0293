#include "keyidd/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_same.h"
#include "keyidd/engine.h"

static struct handover_time now(void)
{
	return (struct handover_time){ clock_mono_ms(), clock_wall_s() };
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int save(struct handover *handover, const struct handover_record *record)
{
	int rc = state_save_handover(
		handover->engine->state, handover->config->name, handover->config->role, record);
	uint32_t held_back;

	if (rc != 0 && log_limit_allow(&handover->save_limit, clock_mono_ms(), &held_back)) {
		handover_log(handover, LOG_LEVEL_ERROR,
			"the state cannot be written to %s: %s; nothing is done until it can (%u "
			"like this held back)",
			handover->engine->config.daemon.state_file, strerror(-rc), held_back);
	}
	return rc;
}

static void act(struct handover *handover, enum handover_act what)
{
	switch (what) {
	case HANDOVER_REST:
		break;
	case HANDOVER_LOOK:
		handover_look(handover);
		break;
	case HANDOVER_FETCH:
		handover_fetch(handover);
		break;
	case HANDOVER_APPLY:
		handover_apply(handover);
		break;
	case HANDOVER_SHOW:
		handover_show(handover);
		break;
	}
}

static void arm_timer(struct handover *handover)
{
	uint64_t at_ms = handover_next_ms(&handover->machine);

	if (at_ms == HANDOVER_NEVER) {
		loop_timer_stop(handover->engine->loop, &handover->timer);
	} else if (loop_timer_set(handover->engine->loop, &handover->timer, at_ms) != 0) {
		handover_log(handover, LOG_LEVEL_ERROR, "no memory for a timer");
		loop_stop(handover->engine->loop); /* better restarted than silent */
	}
}

void handover_event(struct handover *handover, const struct handover_event *event)
{
	struct handover_machine next = handover->machine;
	struct handover_event unsaved = { .kind = HANDOVER_UNSAVED };
	struct handover_actions actions;

	handover_step(&next, now(), event, &actions);
	if (actions.save && save(handover, &next.record) != 0) {
		handover_step(&handover->machine, now(), &unsaved, &actions);
	} else {
		handover->machine = next;
	}
	for (unsigned i = 0; i < actions.note_count; i++) {
		handover_tell(handover, actions.notes[i]);
	}
	if (actions.wipe) {
		secret_wipe(&handover->key);
	}
	arm_timer(handover);
	act(handover, actions.act);
}

static void on_timer(void *ctx)
{
	struct handover_event event = { .kind = HANDOVER_TIMER };

	handover_event(ctx, &event);
}

void handover_failed(struct handover *handover, bool unsent, bool hopeless)
{
	struct handover_event event = {
		.kind = HANDOVER_FAILED, .unsent = unsent, .hopeless = hopeless
	};

	handover_event(handover, &event);
}

void handover_heard(struct handover *handover, const struct key_id *key_id)
{
	struct handover_event event = { .kind = key_id ? HANDOVER_SEEN : HANDOVER_GONE };

	if (key_id) {
		handover->counters.seen++;
		event.key_id = *key_id;
	}
	handover_event(handover, &event);
	if (handover_in_step(&handover->machine)) {
		handover_clear_error(handover, HANDOVER_AT_KME); /* nothing is wanted of it */
	}
}

void handover_rekey(struct handover *handover)
{
	struct handover_event event = { .kind = HANDOVER_REKEY };

	handover_event(handover, &event);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int load(struct handover *handover, char error[static STATE_TEXT_MAX])
{
	const struct config_handover *config = handover->config;
	const struct handover_rules rules = {
		.master = config->role == EXCHANGE_MASTER,
		.shows = config->transport == CONFIG_HANDOVER_FILE,
		.takes_stale = config->takes_stale,
		.interval_ms = config->interval_ms,
	};
	struct handover_record record;
	int rc = state_load_handover(handover->engine->state, config->name, config->role, &record);

	if (rc < 0) {
		snprintf(error, STATE_TEXT_MAX, "its record in the state database: %s",
			strerror(-rc));
		return rc;
	}
	handover_init(&handover->machine, &rules, rc == 1 ? &record : NULL, now());
	return 0;
}

static int open_source(struct handover *handover, char error[static STATE_TEXT_MAX])
{
	if (handover->config->transport == CONFIG_HANDOVER_FILE) {
		return handover_file_open(handover, error);
	}
	return handover->config->role == EXCHANGE_SLAVE ? handover_lldp_open(handover, error) : 0;
}

struct handover *handover_new(struct engine *engine, const struct config_handover *config,
	char error[static STATE_TEXT_MAX])
{
	struct handover *handover = calloc(1, sizeof(*handover));
	struct handover_event start = { .kind = HANDOVER_TIMER };

	if (!handover) {
		snprintf(error, STATE_TEXT_MAX, "no memory");
		return NULL;
	}
	handover->engine = engine;
	handover->config = config;
	handover->kme = engine_kme(engine, config->kme);
	handover->timer.fn = on_timer;
	handover->timer.ctx = handover;
	if (load(handover, error) != 0 || handover_device_open(handover, error) != 0 ||
		open_source(handover, error) != 0) {
		handover_free(handover);
		return NULL;
	}
	handover_log(handover, LOG_LEVEL_NOTICE, "started as %s of %s, by %s",
		config->role == EXCHANGE_MASTER ? "master" : "slave", config->peer.text,
		config->transport == CONFIG_HANDOVER_FILE ? "file" : "LLDP Port Description");
	handover_event(handover, &start);
	return handover;
}

void handover_free(struct handover *handover)
{
	if (!handover) {
		return;
	}
	loop_timer_stop(handover->engine->loop, &handover->timer);
	if (handover->call) {
		kme_cancel(handover->call);
	}
	applier_close(handover->applier);
	handover_file_close(handover);
	handover_lldp_close(handover);
	secret_wipe(&handover->key);
	free(handover);
}

bool handover_reconfigure(struct handover *handover, const struct config_handover *config)
{
	if (!config_same_handover(handover->config, config) ||
		handover->kme != engine_kme(handover->engine, config->kme)) {
		return false;
	}
	handover->config = config;
	handover_lldp_rename(handover);
	return true;
}
