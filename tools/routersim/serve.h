/* A NETCONF session on standard input and output, as sshd starts it. */
#ifndef ROUTERSIM_SERVE_H
#define ROUTERSIM_SERVE_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "netconf/framing.h"
#include "tools/routersim/config.h"

struct server {
	const char *dir;
	struct framing_reader reader;
	enum framing_mode mode;
	bool chunked; /* both ends have base:1.1 */
	bool rfc_compliant;
	bool closing;  /* after this reply */
	bool vanished; /* without this reply */
};

/* Returns the process' exit status. */
int serve(const char *dir);

/*
 * Does what <rpc>'s operation asks; fills the reply, which is empty then. An
 * empty reply becomes <ok/>. Returns 0, or -1 with the failure.
 */
int rpc_do(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure);

/* Adds a warning (<rpc-error> of severity warning) to a reply. */
void rpc_add_warning(xmlNode *reply, const char *message);

/* <get-mka-session-information> (rpc_mka.c). */
int rpc_get_mka(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure);

/* <get-system-uptime-information> (rpc_clock.c). */
int rpc_get_clock(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure);

#endif
