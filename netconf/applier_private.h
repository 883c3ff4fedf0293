/* What stands behind an applier: the back ends' side of applier.h. */
#ifndef NETCONF_APPLIER_PRIVATE_H
#define NETCONF_APPLIER_PRIVATE_H

#include "netconf/applier.h"
#include "netconf/problem.h"

/*
 * Of an applier's thread: many devices mean many threads. NETCONF jobs with their
 * SSH handshake were seen to use 36 KiB, 44 with AddressSanitizer.
 */
#define APPLIER_STACK_SIZE (256 * 1024)

struct applier_backend {
	const struct applier_backend_ops *ops;
};

struct applier_backend_ops {
	/*
	 * Does one job, in the applier's own thread, taking what time it takes and
	 * no more than APPLIER_STACK_SIZE of stack.
	 * The result comes zeroed but for op and generation.
	 */
	void (*run)(struct applier_backend *backend, const struct applier_job *job,
		struct applier_result *result);
	/*
	 * Called from another thread: makes run() return soon, now and ever after.
	 * NULL for a back end whose run() never waits: it gets no thread, and runs
	 * inside applier_submit().
	 */
	void (*interrupt)(struct applier_backend *backend);
	void (*free)(struct applier_backend *backend);
};

/* Takes over the back end; frees it and returns NULL if it cannot start a thread. */
struct applier *applier_new(struct applier_set *set, struct applier_backend *backend);

/* Puts a failure into a result. */
void applier_fail(struct applier_result *result, const struct problem *problem);

#endif
