/*
 * The configuration lock and the uncommitted changes, which belong to sessions,
 * that is: to processes. What a dead one held is free. All but
 * candidate_end_session() need the router's mutex.
 */
#ifndef ROUTERSIM_CANDIDATE_H
#define ROUTERSIM_CANDIDATE_H

#include "tools/routersim/config.h"

/* The failure that names a lock's holder; always -1. */
int candidate_fail_locked(struct rpc_failure *failure, int holder);

/* Fails if another session holds the lock. */
int candidate_check_lock(const char *dir, struct rpc_failure *failure);

/* Takes the lock; fails if it is held, or if another session has changed the candidate. */
int candidate_take_lock(const char *dir, struct rpc_failure *failure);

/* What a commit would commit; NULL if it cannot be read. */
xmlDoc *candidate_read(const char *dir);

/* Forgets uncommitted changes. */
void candidate_drop(const char *dir);

/* Gives back what the calling session holds. */
void candidate_end_session(const char *dir);

#endif
