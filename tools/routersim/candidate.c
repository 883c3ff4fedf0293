#include "tools/routersim/candidate.h"

#include <unistd.h>

int candidate_fail_locked(struct rpc_failure *failure, int holder)
{
	rpc_fail(failure, "lock-denied", NULL, "configuration database locked by session %d",
		holder);
	failure->session_id = holder;
	return -1;
}

/* A session that has died takes its changes with it. Needs the mutex. */
static pid_t candidate_owner(const char *dir)
{
	pid_t owner = claim_holder(dir, "candidate.owner");

	if (owner == 0) {
		claim_drop(dir, "candidate.xml");
	}
	return owner;
}

void candidate_drop(const char *dir)
{
	claim_drop(dir, "candidate.xml");
	claim_drop(dir, "candidate.owner");
}

int candidate_check_lock(const char *dir, struct rpc_failure *failure)
{
	pid_t holder = claim_holder(dir, "lock");

	return holder != 0 && holder != getpid() ? candidate_fail_locked(failure, holder) : 0;
}

int candidate_take_lock(const char *dir, struct rpc_failure *failure)
{
	pid_t holder = claim_holder(dir, "lock");
	pid_t owner = candidate_owner(dir);

	if (holder != 0) {
		return candidate_fail_locked(failure, holder);
	}
	if (owner != 0 && owner != getpid()) {
		return rpc_fail(
			failure, "operation-failed", NULL, "configuration database modified");
	}
	return claim_write(dir, "lock") < 0 ? rpc_fail_internal(failure) : 0;
}

void candidate_end_session(const char *dir)
{
	struct router mutex;

	if (router_create(&mutex, dir) < 0) {
		return;
	}
	if (claim_holder(dir, "candidate.owner") == getpid()) {
		candidate_drop(dir);
	}
	if (claim_holder(dir, "lock") == getpid()) {
		claim_drop(dir, "lock");
	}
	router_close(&mutex);
}

xmlDoc *candidate_read(const char *dir)
{
	xmlDoc *doc = candidate_owner(dir) ? router_read_config(dir, "candidate.xml") : NULL;

	return doc ? doc : router_read_config(dir, "running.xml");
}
