/*
 * The part of the Junos configuration hierarchy that this router knows, and
 * what can be done to it. Configurations are <configuration> documents without
 * namespaces.
 */
#ifndef ROUTERSIM_CONFIG_H
#define ROUTERSIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "tools/routersim/router.h"

/* An <rpc-error> to be (RFC 6241 clause 4.3). */
struct rpc_failure {
	const char *tag;
	char message[256];
	char bad_element[ROUTER_NAME_MAX];
	int session_id; /* of a lock's holder; 0 = none */
};

/* Sets it; always returns -1. */
int rpc_fail(struct rpc_failure *failure, const char *tag, const char *bad_element,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For what is no fault of the client's. */
int rpc_fail_internal(struct rpc_failure *failure);

enum config_action {
	CONFIG_MERGE,
	CONFIG_REPLACE,  /* merge, but elements marked replace="replace" replace */
	CONFIG_OVERRIDE, /* the whole configuration is replaced */
};

/*
 * Applies <configuration> to doc; delete="delete" and operation="delete" or
 * "replace" on elements do what they say. Statements that the hierarchy does
 * not have are refused. On failure doc may be half changed: throw it away.
 */
int config_load(xmlDoc *doc, const xmlNode *configuration, enum config_action action,
	struct rpc_failure *failure);

/* Applies "set ..." and "delete ..." lines. */
int config_load_set(xmlDoc *doc, const char *lines, struct rpc_failure *failure);

/* What commit check finds wrong. */
int config_validate(const xmlDoc *doc, struct rpc_failure *failure);

/* The static key of an association; an empty one if it has none. */
void config_get_key(const xmlDoc *doc, const char *association, struct router_key *key);

/*
 * Copies under parent what a subtree filter selects: an element without
 * children selects all below, <name> selects among several. No filter (NULL or
 * empty) selects all. CAKs and secrets appear only as $9$ stand-ins,
 * start-times in the time-zone of the configuration.
 */
void config_show(
	const xmlDoc *doc, const xmlNode *filter, const char *router_name, xmlNode *parent);

#endif
