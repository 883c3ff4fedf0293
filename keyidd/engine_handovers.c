/* The hand-overs of an engine: started, stopped, and carried over a reload. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "keyidd/engine.h"

static void start(struct engine *engine, const struct config_handover *config)
{
	char error[STATE_TEXT_MAX];
	struct handover *handover = NULL;

	if (engine_kme(engine, config->kme)) {
		handover = handover_new(engine, config, error);
	} else {
		snprintf(error, sizeof(error), "KME %s cannot be used", config->kme->name);
	}
	if (handover) {
		engine->handovers[engine->handover_count++] = handover;
	} else {
		log_write(LOG_LEVEL_ERROR, "engine",
			"%s [%s]: not started: %s; the link keeps the key it has", config->name,
			handover_mark(config), error);
	}
}

int engine_start_handovers(struct engine *engine)
{
	engine->handovers = calloc(engine->config.handover_count + 1, sizeof(*engine->handovers));
	if (!engine->handovers) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < engine->config.handover_count; i++) {
		start(engine, &engine->config.handovers[i]);
	}
	return 0;
}

void engine_stop_handovers(struct engine *engine)
{
	for (size_t i = 0; i < engine->handover_count; i++) {
		handover_free(engine->handovers[i]);
	}
	free(engine->handovers);
}

/* ---- reload --------------------------------------------------------------------------------- */

static struct handover *carry_over(
	struct handover **old, size_t old_count, const struct config_handover *config)
{
	for (size_t i = 0; i < old_count; i++) {
		struct handover *handover = old[i];

		if (handover && strcmp(handover->config->name, config->name) == 0 &&
			handover_reconfigure(handover, config)) {
			old[i] = NULL;
			return handover;
		}
	}
	return NULL;
}

void engine_exchange_handovers(struct engine *engine, struct handover **next)
{
	struct handover **old = engine->handovers;
	size_t old_count = engine->handover_count;

	for (size_t i = 0; i < engine->config.handover_count; i++) {
		next[i] = carry_over(old, old_count, &engine->config.handovers[i]);
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i]) {
			handover_log(old[i], LOG_LEVEL_NOTICE, "stopped by the reload");
			handover_free(old[i]);
		}
	}
	engine->handovers = next;
	engine->handover_count = 0;
	for (size_t i = 0; i < engine->config.handover_count; i++) {
		/* Those before it that could not be started leave no gap. */
		struct handover *carried = next[i];

		if (carried) {
			next[engine->handover_count++] = carried;
		} else {
			start(engine, &engine->config.handovers[i]);
		}
	}
	free(old);
}
