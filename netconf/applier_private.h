/* What stands behind an applier: the back ends' side of applier.h. */
#ifndef NETCONF_APPLIER_PRIVATE_H
#define NETCONF_APPLIER_PRIVATE_H

#include "netconf/applier.h"
#include "netconf/problem.h"

struct applier_backend {
	const struct applier_backend_ops *ops;
};

struct applier_backend_ops {
	/*
	 * Does one job, in the applier's own thread, taking what time it takes.
	 * The result comes zeroed but for op and generation.
	 */
	void (*run)(struct applier_backend *backend, const struct applier_job *job,
		struct applier_result *result);
	/* Called from another thread: makes run() return soon, now and ever after. */
	void (*interrupt)(struct applier_backend *backend);
	void (*free)(struct applier_backend *backend);
};

/* Takes over the back end; frees it and returns NULL if it cannot start a thread. */
struct applier *applier_new(struct applier_set *set, struct applier_backend *backend);

/* Puts a failure into a result. */
void applier_fail(struct applier_result *result, const struct problem *problem);

#endif
