#include "keyidd/association.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "keyidd/config_same.h"
#include "keyidd/engine.h"

static struct exchange_time now(void)
{
	return (struct exchange_time){ clock_mono_ms(), clock_wall_s() };
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void log_save_failure(struct association *association, int rc)
{
	uint32_t held_back;

	if (log_limit_allow(&association->save_limit, clock_mono_ms(), &held_back)) {
		log_write(LOG_LEVEL_ERROR, "state",
			"%s: the state cannot be written to %s: %s; nothing is done until it can "
			"(%u like this held back)",
			association->config->label, association->engine->config.daemon.state_file,
			strerror(-rc), held_back);
	}
}

struct state_owner association_owner(const struct association *association)
{
	return (struct state_owner){ association->config->name,
		association->config->exchange.sae.text };
}

/* Makes the disk equal to the record; on success, memory follows. */
static int save(struct association *association, const struct exchange_record *record)
{
	struct state_owner owner = association_owner(association);
	int rc = state_save(association->engine->state, &owner, association->config->exchange.role,
		record, &association->keys);

	if (rc != 0) {
		log_save_failure(association, rc);
	}
	return rc;
}

static void do_actions(struct association *association, const struct exchange_actions *actions)
{
	uint64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < actions->note_count; i++) {
		association_note(association, &actions->notes[i]);
	}
	for (size_t i = 0; i < association->config->exchange.link_count; i++) {
		if (actions->advertise & 1u << i) {
			link_changed(&association->links[i].link, now_ms);
		}
	}
	association_send_due(association); /* peers wait for this; KME and device take longer */
	if (actions->fetch != EXCHANGE_FETCH_NONE) {
		association_fetch(association, actions->fetch);
	}
	if (actions->device != EXCHANGE_DEVICE_NONE) {
		association_device_do(association, actions->device, actions->device_generation);
	}
}

static void arm_timer(struct association *association)
{
	uint64_t at_ms = exchange_next_timer(&association->exchange);
	uint64_t link_ms = association_links_next_due(association);

	if (loop_timer_set(association->engine->loop, &association->timer,
		    link_ms < at_ms ? link_ms : at_ms) != 0) {
		log_write(LOG_LEVEL_ERROR, "loop", "%s: no memory for a timer",
			association->config->label);
		loop_stop(association->engine->loop); /* better restarted than silent */
	}
}

void association_event(struct association *association, const struct exchange_event *event)
{
	struct exchange next = association->exchange;
	struct exchange_actions actions;

	exchange_step(&next, now(), event, &actions);
	if (actions.save && save(association, &next.record) != 0) {
		struct exchange_event failed = *event;

		failed.kind = EXCHANGE_SAVE_FAILED;
		failed.dropped = event->kind;
		exchange_step(&association->exchange, now(), &failed, &actions);
	} else {
		association->exchange = next;
		association_drop_keys(association);
	}
	do_actions(association, &actions);
	arm_timer(association);
}

static void on_timer(void *ctx)
{
	struct association *association = ctx;
	struct exchange_event event = { .kind = EXCHANGE_TIMER };

	if (exchange_next_timer(&association->exchange) <= clock_mono_ms()) {
		association_event(association, &event);
		return;
	}
	association_send_due(association);
	arm_timer(association);
}

void association_rekey(struct association *association)
{
	struct exchange_event event = { .kind = EXCHANGE_REKEY };

	association_event(association, &event);
}

int64_t association_key_age_s(const struct association *association)
{
	const struct exchange_record *record = &association->exchange.record;
	int64_t age = clock_wall_s() - record->confirmed_at;

	if (record->confirmed_at == 0) {
		return -1;
	}
	return age > 0 ? age : 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int load(struct association *association, char error[static STATE_TEXT_MAX])
{
	const struct config_association *config = association->config;
	struct exchange_record record;
	char text[STATE_TEXT_MAX];
	struct state_owner owner = association_owner(association);
	int rc = state_load(association->engine->state, &owner, config->exchange.role, &record,
		&association->keys, text);

	if (rc < 0) {
		snprintf(error, STATE_TEXT_MAX, "%s", text[0] ? text : strerror(-rc));
		return rc;
	}
	if (text[0]) {
		log_write(LOG_LEVEL_WARNING, "state", "%s: %s", config->label, text);
	}
	exchange_init(&association->exchange, &config->exchange, rc == 1 ? &record : NULL);
	return 0;
}

struct association *association_new(struct engine *engine, const struct config_association *config,
	char error[static STATE_TEXT_MAX])
{
	struct association *association = calloc(1, sizeof(*association));
	struct exchange_event start = { .kind = EXCHANGE_START };

	if (!association) {
		snprintf(error, STATE_TEXT_MAX, "no memory");
		return NULL;
	}
	association->engine = engine;
	association->config = config;
	association->kme = engine_kme(engine, config->kme);
	association->timer.fn = on_timer;
	association->timer.ctx = association;
	if (load(association, error) != 0 || association_device_open(association, error) != 0 ||
		association_links_open(association, error) != 0) {
		association_free(association);
		return NULL;
	}
	association_netif_watch(association);
	association_event(association, &start);
	return association;
}

void association_free(struct association *association)
{
	if (!association) {
		return;
	}
	loop_timer_stop(association->engine->loop, &association->timer);
	if (association->call) {
		kme_cancel(association->call);
	}
	association_netif_end(association);
	applier_close(association->applier);
	association_links_close(association);
	held_keys_wipe(&association->keys);
	free(association);
}

/* ---- reload --------------------------------------------------------------------------------- */

bool association_reconfigure(
	struct association *association, const struct config_association *config)
{
	struct kme *kme = engine_kme(association->engine, config->kme);
	const struct config_association *before = association->config;
	struct exchange_event interval = { .kind = EXCHANGE_INTERVAL };

	if (!config_same_association(before, config) || association->kme != kme) {
		return false;
	}
	association->config = config;
	association->exchange.config = &config->exchange;
	association_netif_end(association); /* the names were the old configuration's */
	association_netif_watch(association);
	if (association_links_set_keys(association) != 0) {
		log_write(LOG_LEVEL_ERROR, "link", "%s: no memory for the channel keys",
			config->label);
	}
	if (before->exchange.rekey_interval_ms != config->exchange.rekey_interval_ms) {
		association_event(association, &interval);
	}
	return true;
}
