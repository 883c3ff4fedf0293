/*
 * A Junos router that keys are applied to: the state of the back ends, and what
 * they do alike. Every function here returns 0, or -1 with the problem, if
 * nothing else is said.
 *
 * The session is kept for the next job; the first question of a job is one that
 * changes nothing, and is asked again on a new session if the old one has died.
 */
#ifndef NETCONF_JUNOS_ROUTER_H
#define NETCONF_JUNOS_ROUTER_H

#include "netconf/applier_private.h"
#include "netconf/junos.h"
#include "netconf/junos_chain.h"
#include "netconf/session.h"

struct junos_router {
	struct applier_backend backend;
	char *host;
	char *user;
	char *private_key_file;
	char *known_hosts_file;
	char *association;
	char *key_chain; /* NULL = a static key */
	char *cipher_suite;
	size_t cak_len;
	char *description_interface; /* NULL = none's description is set */
	char **interfaces;
	size_t interface_count;
	uint32_t lock_wait_ms;
	int wake_fd; /* readable once interrupted, and so for ever */
	struct netconf_session *session;
};

/* Do one job, see applier_backend_ops.run. */
int junos_psk_do(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem);
int junos_keychain_do(struct junos_router *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem);

/* ---- asking ---------------------------------------------------------------------------------- */

struct junos_configuration {
	struct junos_association association;
	struct junos_chain chain; /* if the router has one */
};

/*
 * Begins a job: connects if need be, reads the committed configuration, and checks
 * that the association is there, as it is said to be, and bound to the interfaces.
 */
int junos_router_begin(struct junos_router *router, struct junos_configuration *configuration,
	struct problem *problem);

/*
 * The "committed" or "candidate" configuration, unchecked, on the session that is
 * open: with the lock held, a new one would be without it.
 */
int junos_router_configuration(struct junos_router *router, const char *database,
	struct junos_configuration *configuration, struct problem *problem);

/* What junos_router_begin() checks. */
int junos_router_check(const struct junos_router *router,
	const struct junos_association *association, struct problem *problem);

/* The MKA sessions, to be freed by the caller; NULL with the problem. */
struct junos_mka *junos_router_mka(struct junos_router *router, struct problem *problem);

/* Asks for data; the caller frees the reply. */
int junos_router_ask(struct junos_router *router, xmlDoc *rpc, const char *what,
	struct rpc_reply *reply, struct problem *problem);

/* ---- changing -------------------------------------------------------------------------------- */

int junos_router_check_key(
	const struct junos_router *router, const struct applier_key *key, struct problem *problem);

/*
 * Takes the lock, trying for as long as the configuration says. It is granted only
 * while the candidate equals what is committed (RFC 6241 clause 7.5), so nothing
 * of somebody else's is committed or discarded.
 */
int junos_router_lock(struct junos_router *router, struct problem *problem);

/*
 * Asks for a change and demands a success. A refusal becomes the given error,
 * and the device's warnings go into the result.
 */
int junos_router_order(struct junos_router *router, xmlDoc *rpc, const char *what,
	enum applier_error refused, struct applier_result *result, struct problem *problem);

/* Adds to the result's text what is no failure. */
void junos_router_warn(struct applier_result *result, const char *warning);

/*
 * Gives the lock back, and up what is uncommitted: if that fails, by ending the
 * session, upon which a router drops both.
 */
void junos_router_unlock(struct junos_router *router, bool discard);

#endif
