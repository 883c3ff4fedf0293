/*
 * Junos' documents about a key-chain: requests built and replies read, and what
 * to change in one. Without I/O.
 *
 * The chain is "security authentication-key-chains key-chain NAME", and a
 * connectivity association uses it by "pre-shared-key-chain NAME". Of its keys,
 * numbered 0..63, the one with the newest start-time that has passed is in use;
 * older ones are useless then. Start-times are unique in a chain; there is no end
 * time.
 */
#ifndef NETCONF_JUNOS_CHAIN_H
#define NETCONF_JUNOS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "netconf/junos.h"
#include "netconf/problem.h"

#define JUNOS_CHAIN_KEYS_MAX 64

/* ---- what is there --------------------------------------------------------------------------- */

struct junos_chain_key {
	uint8_t number; /* below JUNOS_CHAIN_KEYS_MAX */
	bool active;    /* not deactivated by an operator */
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len; /* 0 = no key-name, or none that can be read: nothing that MACsec uses */
	int64_t start;  /* seconds since the epoch */
	int32_t zone_s; /* seconds east of UTC of the zone that it is shown in */
};

struct junos_chain {
	bool deactivated; /* the chain as a whole */
	size_t key_count; /* every number that is taken */
	struct junos_chain_key keys[JUNOS_CHAIN_KEYS_MAX];
	char unreadable[64]; /* what of an active key is not to be read; "" = nothing */
};

/* Reads a reply to junos_get_configuration(). A chain that is not there has no keys. */
void junos_read_chain(const xmlDoc *reply, const char *name, struct junos_chain *chain);

/* The key in use at that time: the newest start that has passed. NULL = none yet. */
const struct junos_chain_key *junos_chain_current(const struct junos_chain *chain, int64_t now_s);

/* ---- what to change -------------------------------------------------------------------------- */

/* One key number: set as a whole, or deleted. */
struct junos_edit {
	uint8_t number;
	const struct applier_key *key; /* borrowed from the job; NULL = delete */
	int64_t start;
};

struct junos_plan {
	size_t count; /* 0 = all is as it should be */
	struct junos_edit edits[JUNOS_CHAIN_KEYS_MAX];
};

/*
 * What makes the chain hold the keys of a PREPARE or COMMIT job with their
 * starts. A key that is there with that start stays as it is, one with another
 * start is set anew in its number, others take free numbers, lowest first; a
 * second key of the same name is deleted. Keys of other names stay.
 *
 * Start 0 in a COMMIT is now, or as soon after as no other key starts; a key that
 * is in use already has started. In a PREPARE it is not chosen yet: any will do.
 *
 * Returns 0, or -1 with the problem: no room, or a start that is another key's.
 */
int junos_plan_keys(const struct junos_chain *chain, const struct applier_job *job, int64_t now_s,
	struct junos_plan *plan, struct problem *problem);

/*
 * What deletes every key but those of the job, the one in use, those with a live
 * MKA session, and those without a name to know them by. The chain's last key
 * stays in any case.
 */
void junos_plan_retire(const struct junos_chain *chain, const struct applier_job *job,
	int64_t now_s, const struct junos_mka *mka, struct junos_plan *plan);

/* The <rpc> that loads it; NULL out of memory. */
xmlDoc *junos_load_plan(const char *key_chain, const struct junos_plan *plan);

/*
 * Does the candidate hold what was planned, start-times by its own reading
 * included? Returns 0, or -1 with the problem.
 */
int junos_check_plan(const struct junos_chain *candidate, const struct junos_plan *plan,
	struct problem *problem);

/* ---- what is said about it ------------------------------------------------------------------- */

/*
 * As junos_view(), of an association that uses this chain, at that time: usable is
 * the key in use alone. If there are more keys than a view holds, those that are
 * in use, the last one to start and the next ones to start are in it.
 */
void junos_chain_view(const struct junos_association *association, const struct junos_chain *chain,
	int64_t now_s, const struct junos_mka *mka, const char *const *interfaces,
	size_t interface_count, struct applier_view *view);

#endif
