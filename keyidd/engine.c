#include "keyidd/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"
#include "keyidd/config_same.h"

#define HOUSEKEEPING_MS 2000

/* ---- KMEs ----------------------------------------------------------------------------------- */

/* A client of before the reload whose configuration has not changed; taken out of the old list. */
static struct kme *take_kme(
	struct engine_kme *old, size_t old_count, const struct config_kme *config)
{
	for (size_t i = 0; i < old_count; i++) {
		if (old[i].kme && config_same_kme(old[i].config, config)) {
			struct kme *kme = old[i].kme;

			old[i].kme = NULL;
			return kme;
		}
	}
	return NULL;
}

static void close_kmes(struct engine_kme *kmes, size_t count)
{
	for (size_t i = 0; kmes && i < count; i++) {
		kme_close(kmes[i].kme);
	}
	free(kmes);
}

/* A client for each KME of the configuration: an old one that is still the same, or a new one. */
static void open_kmes(struct engine *engine, struct engine_kme *old, size_t old_count)
{
	const struct config *config = &engine->config;
	struct engine_kme *kmes = calloc(config->kme_count ? config->kme_count : 1, sizeof(*kmes));
	char text[KME_ERROR_TEXT_MAX];

	for (size_t i = 0; kmes && i < config->kme_count; i++) {
		kmes[i].config = &config->kmes[i];
		kmes[i].kme = take_kme(old, old_count, kmes[i].config);
		if (!kmes[i].kme) {
			kmes[i].kme = kme_open(engine->kmes_multi, &kmes[i].config->client, text);
		}
		if (!kmes[i].kme) {
			log_write(LOG_LEVEL_ERROR, "kme",
				"KME %s: %s; its associations keep the key they have",
				kmes[i].config->name, text);
		}
	}
	engine->kmes = kmes;
	engine->kme_count = kmes ? config->kme_count : 0;
}

struct kme *engine_kme(const struct engine *engine, const struct config_kme *config)
{
	for (size_t i = 0; i < engine->kme_count; i++) {
		if (engine->kmes[i].config == config) {
			return engine->kmes[i].kme;
		}
	}
	return NULL;
}

/* ---- associations --------------------------------------------------------------------------- */

/* One that cannot start is reported and left out; the others run. */
static void start_association(struct engine *engine, const struct config_association *config)
{
	char error[STATE_TEXT_MAX];
	struct association *association = NULL;

	if (engine_kme(engine, config->kme)) {
		association = association_new(engine, config, error);
	} else {
		snprintf(error, sizeof(error), "KME %s cannot be used", config->kme->name);
	}
	if (association) {
		engine->associations[engine->association_count++] = association;
	} else {
		log_write(LOG_LEVEL_ERROR, "engine",
			"%s: not started: %s; the link keeps the key it has", config->label, error);
	}
}

static void stop_association(struct engine *engine, struct association *association)
{
	if (engine->listener.gone) {
		engine->listener.gone(engine->listener.ctx, association);
	}
	association_free(association);
}

struct association *engine_find(
	const struct engine *engine, const struct config_association *config)
{
	for (size_t i = 0; i < engine->association_count; i++) {
		if (engine->associations[i]->config == config) {
			return engine->associations[i];
		}
	}
	return NULL;
}

void engine_note(
	struct engine *engine, struct association *association, const struct exchange_note *note)
{
	if (engine->listener.note) {
		engine->listener.note(engine->listener.ctx, association, note);
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static void kmes_ready(void *ctx, uint32_t events)
{
	struct engine *engine = ctx;

	(void)events;
	kme_multi_dispatch(engine->kmes_multi);
}

static void appliers_ready(void *ctx, uint32_t events)
{
	struct engine *engine = ctx;

	(void)events;
	applier_set_dispatch(engine->appliers);
}

static void keep_house(void *ctx)
{
	struct engine *engine = ctx;

	for (size_t i = 0; i < engine->association_count; i++) {
		association_check_age(engine->associations[i]);
	}
	if (state_wants_idle(engine->state)) {
		state_flush(engine->state);
		state_idle(engine->state);
	}
	loop_timer_set(engine->loop, &engine->housekeeping, clock_mono_ms() + HOUSEKEEPING_MS);
}

static int open_state(struct engine *engine, char error[static ENGINE_ERROR_MAX])
{
	const struct config_daemon *config = &engine->config.daemon;
	char text[STATE_TEXT_MAX];

	engine->state = state_open(config->state_file, &config->state_key, text);
	if (!engine->state) {
		snprintf(error, ENGINE_ERROR_MAX, "%s", text);
		return -1;
	}
	if (text[0]) {
		log_write(LOG_LEVEL_WARNING, "state", "%s", text);
	}
	return 0;
}

static int open_parts(struct engine *engine)
{
	engine->kmes_multi = kme_multi_new();
	engine->appliers = applier_set_new();
	engine->ifaces = iface_set_new(engine->loop, engine->netifs, &engine->config.transport);
	/* One more, since calloc(0) may say NULL. */
	engine->associations = calloc(
		engine->config.association_count + 1, sizeof(*engine->associations));
	if (!engine->kmes_multi || !engine->appliers || !engine->ifaces || !engine->associations) {
		return -1;
	}
	engine->kmes_watch.fd = kme_multi_fd(engine->kmes_multi);
	engine->kmes_watch.ready = kmes_ready;
	engine->kmes_watch.ctx = engine;
	engine->appliers_watch.fd = applier_set_fd(engine->appliers);
	engine->appliers_watch.ready = appliers_ready;
	engine->appliers_watch.ctx = engine;
	engine->housekeeping.fn = keep_house;
	engine->housekeeping.ctx = engine;
	return loop_watch_add(engine->loop, &engine->kmes_watch, EPOLLIN) ||
	       loop_watch_add(engine->loop, &engine->appliers_watch, EPOLLIN) ||
	       loop_timer_set(
		       engine->loop, &engine->housekeeping, clock_mono_ms() + HOUSEKEEPING_MS);
}

struct engine *engine_new(struct loop *loop, const char *config_path, struct config *config,
	char error[static ENGINE_ERROR_MAX])
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		snprintf(error, ENGINE_ERROR_MAX, "no memory");
		return NULL;
	}
	engine->loop = loop;
	engine->config_path = config_path;
	engine->started_ms = clock_mono_ms();
	engine->config = *config;
	memset(config, 0, sizeof(*config));
	if (open_state(engine, error) != 0) {
		engine_free(engine);
		return NULL;
	}
	engine->netifs = netifs_new(loop, error);
	if (!engine->netifs) {
		engine_free(engine);
		return NULL;
	}
	if (open_parts(engine) != 0) {
		snprintf(error, ENGINE_ERROR_MAX, "no memory or no descriptors");
		engine_free(engine);
		return NULL;
	}
	open_kmes(engine, NULL, 0);
	for (size_t i = 0; i < engine->config.association_count; i++) {
		start_association(engine, &engine->config.associations[i]);
	}
	if (engine_start_handovers(engine) != 0) {
		snprintf(error, ENGINE_ERROR_MAX, "no memory");
		engine_free(engine);
		return NULL;
	}
	if (engine->association_count == 0 && engine->handover_count == 0) {
		snprintf(error, ENGINE_ERROR_MAX, "no %s could be started",
			engine->config.association_count > 0 ? "association" : "hand-over");
		engine_free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine) {
		return;
	}
	for (size_t i = 0; i < engine->association_count; i++) {
		stop_association(engine, engine->associations[i]);
	}
	free(engine->associations);
	engine_stop_handovers(engine);
	close_kmes(engine->kmes, engine->kme_count);
	loop_watch_remove(engine->loop, &engine->kmes_watch);
	loop_watch_remove(engine->loop, &engine->appliers_watch);
	loop_timer_stop(engine->loop, &engine->housekeeping);
	kme_multi_free(engine->kmes_multi);
	applier_set_free(engine->appliers);
	iface_set_free(engine->ifaces);
	netifs_free(engine->netifs);
	state_close(engine->state);
	config_free(&engine->config);
	free(engine);
}

/* ---- reload --------------------------------------------------------------------------------- */

static void log_errors(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		log_write(LOG_LEVEL_ERROR, "config", "%s", errors->list[i].text);
	}
}

/* The present association of this name and SAE, if it can go on under the new configuration. */
static struct association *carry_over(
	struct association **old, size_t old_count, const struct config_association *config)
{
	for (size_t i = 0; i < old_count; i++) {
		struct association *association = old[i];

		if (association && strcmp(association->config->name, config->name) == 0 &&
			association_reconfigure(association, config)) {
			old[i] = NULL;
			return association;
		}
	}
	return NULL;
}

/*
 * Every association that goes on is carried over before any other is stopped or
 * started. next has a place, still empty, for each that is configured.
 */
static void exchange_associations(struct engine *engine, struct association **next)
{
	struct association **old = engine->associations;
	size_t old_count = engine->association_count;

	for (size_t i = 0; i < engine->config.association_count; i++) {
		next[i] = carry_over(old, old_count, &engine->config.associations[i]);
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i]) {
			log_write(LOG_LEVEL_NOTICE, "engine", "%s: stopped by the reload",
				old[i]->config->label);
			stop_association(engine, old[i]);
		}
	}
	engine->associations = next;
	engine->association_count = 0;
	for (size_t i = 0; i < engine->config.association_count; i++) {
		/* Those before it that could not be started leave no gap. */
		struct association *carried = next[i];

		if (carried) {
			next[engine->association_count++] = carried;
		} else {
			start_association(engine, &engine->config.associations[i]);
		}
	}
	free(old);
}

static void take_over(struct engine *engine, struct config *config, struct association **next,
	struct handover **next_handovers)
{
	struct config before = engine->config;
	struct engine_kme *old_kmes = engine->kmes;
	size_t old_count = engine->kme_count;

	engine->config = *config;
	open_kmes(engine, old_kmes, old_count);
	exchange_associations(engine, next);
	engine_exchange_handovers(engine, next_handovers);
	close_kmes(old_kmes, old_count);
	config_free(&before);
}

static void refuse_reload(struct engine *engine, const char *reason)
{
	engine->reload_failures++;
	log_write(LOG_LEVEL_ERROR, "config", "%s: %s; going on with the configuration of before",
		engine->config_path, reason);
}

/* The configuration of the file, if keyidd can change over to it. */
static bool load_other(struct engine *engine, struct config *config)
{
	struct config_errors errors = { 0 };
	bool loaded = config_load(engine->config_path, config, &errors) == 0;

	if (!loaded) {
		log_errors(&errors);
		refuse_reload(engine, "it is wrong");
	} else if (!config_same_process(&engine->config, config)) {
		refuse_reload(engine, "daemon (but for log-level) and transport cannot change "
				      "while running: restart keyidd");
		config_free(config);
		loaded = false;
	}
	config_errors_free(&errors);
	return loaded;
}

void engine_reload(struct engine *engine)
{
	struct config config;
	struct association **next;
	struct handover **next_handovers;

	if (!load_other(engine, &config)) {
		return;
	}
	next = calloc(config.association_count + 1, sizeof(*next));
	next_handovers = calloc(config.handover_count + 1, sizeof(*next_handovers));
	if (!next || !next_handovers) {
		refuse_reload(engine, "no memory");
		free(next);
		free(next_handovers);
		config_free(&config);
		return;
	}
	engine->reloads++;
	take_over(engine, &config, next, next_handovers);
	log_write(LOG_LEVEL_NOTICE, "config", "%s reloaded", engine->config_path);
}
