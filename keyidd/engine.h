/*
 * The daemon without its process: everything that a configuration brings to
 * life, on one loop.
 */
#ifndef KEYIDD_ENGINE_H
#define KEYIDD_ENGINE_H

#include <stddef.h>

#include "keyidd/association.h"
#include "keyidd/config.h"
#include "keyidd/handover.h"
#include "keyidd/iface.h"
#include "keyidd/loop.h"
#include "keyidd/state.h"

#define ENGINE_ERROR_MAX 1024

struct engine;

/* What other parts want to hear of, e.g. clients of the control socket that wait. */
struct engine_listener {
	void (*note)(void *ctx, struct association *association, const struct exchange_note *note);
	/* an association is about to be freed: forget it */
	void (*gone)(void *ctx, struct association *association);
	void *ctx;
};

struct engine {
	struct loop *loop;
	struct config config;
	const char *config_path; /* borrowed */
	struct state *state;
	struct kme_multi *kmes_multi;
	struct applier_set *appliers;
	struct netifs *netifs;
	struct iface_set *ifaces;

	size_t kme_count;
	struct engine_kme {
		const struct config_kme *config;
		struct kme *kme;
	} * kmes;

	size_t association_count;
	struct association **associations; /* in the order of the configuration */

	size_t handover_count;
	struct handover **handovers; /* the same */

	struct engine_listener listener;
	struct loop_watch kmes_watch, appliers_watch;
	struct loop_timer housekeeping;
	uint64_t started_ms; /* monotonic */
	uint64_t reloads, reload_failures;
};

/*
 * Takes over the configuration, opens the state and all else, and starts every
 * association. Returns NULL with one line in error if the daemon cannot run at all.
 */
struct engine *engine_new(struct loop *loop, const char *config_path, struct config *config,
	char error[static ENGINE_ERROR_MAX]);
void engine_free(struct engine *engine); /* NULL accepted */

/*
 * Reads the configuration again (SIGHUP). A wrong one changes nothing and is
 * logged. Associations that differ only in channel keys and times, and hand-overs that
 * do not differ, go on without interruption; others are stopped and started again,
 * which is always safe.
 */
void engine_reload(struct engine *engine);

/* The client of a configured KME; NULL if it could not be opened. */
struct kme *engine_kme(const struct engine *engine, const struct config_kme *config);

/* The association of an entry of engine->config; NULL if it could not be started. */
struct association *engine_find(
	const struct engine *engine, const struct config_association *config);

/* ---- engine_handovers.c, for engine.c ---- */

/* Starts those of the configuration; one that cannot start is reported and left out. -ENOMEM or 0.
 */
int engine_start_handovers(struct engine *engine);
void engine_stop_handovers(struct engine *engine);

/*
 * After a reload: those that have not changed go on, the others are stopped and
 * started. next has a place, still empty, for each that is configured, and is taken over.
 */
void engine_exchange_handovers(struct engine *engine, struct handover **next);

/* Is any client or history interested? Called by association_note(). */
void engine_note(
	struct engine *engine, struct association *association, const struct exchange_note *note);

#endif
