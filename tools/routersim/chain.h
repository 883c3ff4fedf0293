/*
 * The key-chain of a router's association: which keys, from when on. Starts are by
 * the router's own clock, which may differ from this machine's.
 */
#ifndef ROUTERSIM_CHAIN_H
#define ROUTERSIM_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <libxml/tree.h>

#include "tools/routersim/router.h"

/* The chain that the association uses, and its keys; an empty name if it uses none. */
void chain_from_config(const xmlDoc *doc, const char *association, struct router_chain *chain);

/* Takes over the keys of a commit; those that were there before keep the time they came. */
void chain_commit(struct router *router, const struct router_chain *chain);

/*
 * The key whose turn it is: the newest start that has passed. Its since_ms is when
 * it came if that was after its start, or else 0: nobody has to wait for it. An
 * empty key if there is none.
 */
void chain_current(const struct router *router, int64_t now_ms, struct router_key *key);

json_t *chain_to_json(const struct router_chain *chain);
void chain_from_json(const json_t *object, struct router_chain *chain);

/*
 * A start-time in seconds since the epoch. Without a zone it is in the router's
 * ("" = UTC). Returns false if it is none.
 */
bool chain_read_start(const char *text, const char *time_zone, int64_t *start_s);

/* As Junos shows it: in the router's zone, month and day without leading zeros. */
void chain_write_start(int64_t start_s, const char *time_zone, char *out, size_t size);

/* Of a configuration, "" if it says none. */
void chain_time_zone(const xmlDoc *doc, char out[static ROUTER_NAME_MAX]);

/* Moves every start-time below the node. */
void chain_shift_starts(xmlNode *node, long seconds);

#endif
