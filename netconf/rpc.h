/* NETCONF messages (RFC 6241): hello, rpc and rpc-reply, built and read, without I/O. */
#ifndef NETCONF_RPC_H
#define NETCONF_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "netconf/applier.h"

#define RPC_NAMESPACE "urn:ietf:params:xml:ns:netconf:base:1.0"
#define RPC_CAPABILITY_BASE_1_0 "urn:ietf:params:netconf:base:1.0"
#define RPC_CAPABILITY_BASE_1_1 "urn:ietf:params:netconf:base:1.1"

/* The client's hello, with base:1.0 and base:1.1 (clause 8.1). NULL out of memory. */
xmlDoc *rpc_hello(void);

struct rpc_hello {
	bool base_1_0;
	bool base_1_1;
	uint32_t session_id;
};

/* Reads a server's hello. Returns 0, or -EBADMSG if it is none, lacks a session-id or any base. */
int rpc_read_hello(const xmlDoc *doc, struct rpc_hello *hello);

/* An <rpc> with one empty operation, to be filled by the caller. NULL out of memory. */
xmlDoc *rpc_new(const char *operation, xmlNode **operation_node);

/* The name of the operation in it, for logs. */
const char *rpc_operation(const xmlDoc *doc);

/* Children of the operation; NULL parent accepted. Return NULL out of memory. */
xmlNode *rpc_add(xmlNode *parent, const char *name);
xmlNode *rpc_add_text(xmlNode *parent, const char *name, const char *text);

int rpc_set_message_id(xmlDoc *doc, uint32_t message_id);

enum rpc_kind {
	RPC_REPLY,    /* the reply with this message-id */
	RPC_NOTICE,   /* a notification: not asked for, no reply */
	RPC_UNRELATED /* a reply to something else, or no NETCONF message */
};

enum rpc_kind rpc_classify(const xmlDoc *doc, uint32_t message_id);

/*
 * What a reply says. Devices report one outcome in several ways: <ok/>, or
 * Junos' <load-success/>, <commit-success/> and <commit-check-success/>; and
 * Junos, when it is not in RFC-compliant mode, sends <rpc-error> of severity
 * "warning" beside them: only severity "error" is a failure.
 */
struct rpc_reply {
	xmlDoc *doc; /* owned */
	bool ok;     /* says so */
	bool failed; /* has an error, or <load-error-count> above 0 */
	char error_tag[64];
	char error_text[APPLIER_ERROR_TEXT_MAX]; /* of the first error */
	char session_id[16]; /* of <error-info>, when the lock is held; "" = not said */
	char warnings[APPLIER_ERROR_TEXT_MAX]; /* joined by "; " */
};

/* Takes over the document. */
void rpc_read_reply(xmlDoc *doc, struct rpc_reply *reply);
void rpc_reply_fini(struct rpc_reply *reply);

#endif
