/*
 * What this host's own MACsec has to do for a job of an applier: decided from what the kernel's
 * device holds, without touching it. netconf/applier.h (applier_open_macsec()) is the contract.
 *
 * A plan is a list of steps, in their order; what is there already takes none. It
 * is made whole before the first step of any link is done, so that a job which cannot be done
 * is refused with nothing changed.
 */
#ifndef NETCONF_MACSEC_PLAN_H
#define NETCONF_MACSEC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/macsec.h"
#include "netconf/problem.h"

enum macsec_step_kind {
	MACSEC_STEP_DELETE_RECEIVE,
	MACSEC_STEP_ADD_CHANNEL, /* or activate it */
	MACSEC_STEP_ADD_RECEIVE,
	MACSEC_STEP_ACTIVATE_RECEIVE,
	MACSEC_STEP_ADD_TRANSMIT,
	MACSEC_STEP_DELETE_TRANSMIT,
	MACSEC_STEP_DELETE_CHANNEL, /* which is empty by then */
};

struct macsec_step {
	enum macsec_step_kind kind;
	struct macsec_sci sci;       /* of the neighbour; unset for transmit SAs */
	uint8_t an;                  /* unset for channels */
	struct macsec_key_id key_id; /* the same; of ADD_TRANSMIT only the token */
};

/* At most: every SA deleted and every channel; or a channel and an SA for each neighbour. */
#define MACSEC_STEPS_MAX (MACSEC_CHANNELS_MAX * (MACSEC_AN_COUNT + 1) + MACSEC_AN_COUNT)

struct macsec_plan {
	size_t count;
	struct macsec_step steps[MACSEC_STEPS_MAX];
};

/* What is planned for: one link of a job. */
struct macsec_task {
	const char *device; /* its name, for problems */
	const struct macsec_view *view;
	const struct applier_job *job;
	size_t link;
};

/* The SA that it sends with, or would but for its packet numbers; NULL if there is none. */
const struct macsec_sa *macsec_sa_in_use(const struct macsec_view *view);

/* Is it sent with now? */
bool macsec_encodes(const struct macsec_view *view, uint8_t an);

/*
 * These two return 0, or -1 with the problem, if
 *     APPLIER_ERROR_REFUSED        another key stands where this one should, or this one
 *                                  elsewhere; or what is told of the neighbours cannot be
 *     APPLIER_ERROR_COMMIT_FAILED  there is no transmit SA of the key to commit
 */
int macsec_plan_prepare(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem);
int macsec_plan_commit(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem);

/* A key that encodes on the link keeps its SAs there, to receive with, too. */
void macsec_plan_discard(const struct macsec_task *task, struct macsec_plan *plan);
void macsec_plan_retire(const struct macsec_task *task, struct macsec_plan *plan);

#endif
