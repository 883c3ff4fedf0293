/* One NETCONF session: hello, then one RPC at a time (RFC 6241 clauses 4 and 8.1). */
#ifndef NETCONF_SESSION_H
#define NETCONF_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "netconf/rpc.h"
#include "netconf/transport.h"

/* Replies to no question (notifications) that are read past before one RPC's reply. */
#define SESSION_NOTICES_MAX 64

struct netconf_session;

/* The config's strings must outlive the session. Connects nothing yet. NULL out of memory. */
struct netconf_session *netconf_session_new(
	const struct transport_config *config, uint32_t timeout_ms);

/* Ends what is open; NULL accepted. */
void netconf_session_free(struct netconf_session *session);

bool netconf_session_is_open(const struct netconf_session *session);

/* Connects and says hello, within one timeout. Returns 0, or -1 with the problem. */
int netconf_session_open(struct netconf_session *session, struct problem *problem);

/* Says <close-session/> without waiting for an answer, then disconnects. */
void netconf_session_close(struct netconf_session *session);

/*
 * Sends an rpc, which it frees, and reads the reply to it. Returns 0 and the
 * reply, to be freed by rpc_reply_fini(), whatever it says; or -1 with the
 * problem, and then the session is closed: after a reply missed or garbled no
 * later one can be trusted.
 */
int netconf_session_call(struct netconf_session *session, xmlDoc *rpc, struct rpc_reply *reply,
	struct problem *problem);

#endif
