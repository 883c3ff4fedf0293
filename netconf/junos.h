/*
 * Junos' own documents: requests built and replies read, without I/O.
 *
 * From Juniper's documentation: the configuration hierarchy "security macsec",
 * load-configuration, commit-configuration, get-configuration, and the RPC name
 * get-mka-session-information with the elements interface-name,
 * interface-state, member-identifier, cak-name and latest-sak-key-identifier.
 * What is inferred is said where it is used.
 */
#ifndef NETCONF_JUNOS_H
#define NETCONF_JUNOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "netconf/applier.h"

#define JUNOS_INTERFACES_MAX 64

/* ---- requests; each returns a whole <rpc>, NULL out of memory -------------------------------- */

xmlDoc *junos_lock(void);
xmlDoc *junos_unlock(void);
xmlDoc *junos_discard(void);

/*
 * The static key of an association. Everything else of the configuration is
 * merged with what is there; the pre-shared-key element is replaced as a whole,
 * so that CKN and CAK never mix with the old ones.
 */
xmlDoc *junos_load_key(const char *association, const struct applier_key *key);

xmlDoc *junos_commit_check(void);

/* The comment is what "show system commit" shows: "keyidd generation N", or of 0 "keyidd
 * hand-over". */
xmlDoc *junos_commit(uint64_t generation);

/*
 * Of the "committed" or the "candidate" database, groups expanded: the association
 * with the interfaces bound to any, and the key-chain if one is named.
 */
xmlDoc *junos_get_configuration(
	const char *database, const char *association, const char *key_chain);

xmlDoc *junos_get_mka_sessions(void);

/* ---- junos_description.c: what an interface is called ---------------------------------------- */

/*
 * Adds an interface's description to a <load-configuration>, or to a new one if load
 * is NULL. Takes load over; NULL out of memory.
 */
xmlDoc *junos_load_description(xmlDoc *load, const char *interface, const char *description);

/* Of the committed configuration, groups expanded: an interface's description. */
xmlDoc *junos_get_description(const char *interface);

/* Reads the reply to it: "" for none, and false if there is more than fits. */
bool junos_read_description(const xmlDoc *reply, const char *interface, char *out, size_t size);

/* ---- the configuration of an association ----------------------------------------------------- */

struct junos_association {
	bool found;
	char cipher_suite[32]; /* "" = not said */
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len;                   /* 0 = no static key, or none in use */
	char key_chain[APPLIER_NAME_MAX]; /* "" = it uses none */
	size_t interface_count;
	char interfaces[JUNOS_INTERFACES_MAX][APPLIER_NAME_MAX]; /* bound to the association */
};

/* Reads a reply to junos_get_configuration(). */
void junos_read_association(
	const xmlDoc *reply, const char *name, struct junos_association *association);

/* ---- MKA sessions ---------------------------------------------------------------------------- */

#define JUNOS_MKA_SESSIONS_MAX 256

enum junos_cak_type {
	JUNOS_CAK_UNKNOWN,
	JUNOS_CAK_PRIMARY,
	JUNOS_CAK_PRECEDING,
	JUNOS_CAK_FALLBACK,
};

/* One key on one interface. */
struct junos_mka_session {
	char interface[APPLIER_NAME_MAX];
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len;
	enum junos_cak_type type;
	bool live; /* has a live peer */
};

struct junos_mka {
	size_t count;
	struct junos_mka_session sessions[JUNOS_MKA_SESSIONS_MAX];
};

/* Reads a reply to junos_get_mka_sessions(), as XML or as the CLI's table in <output>. */
void junos_read_mka(const xmlDoc *reply, struct junos_mka *mka);

/*
 * Reads a CKN as hex digits of either case. Returns its length in octets, or 0
 * if it is none.
 */
size_t junos_read_ckn(const char *text, uint8_t ckn[static APPLIER_CKN_MAX]);

/*
 * True if both name the same key: equal, or equal but for the zeros that some
 * platforms pad a name to 32 octets with. A name that a platform shows cut short
 * matches nothing: names with a common prefix would be taken for one another.
 */
bool junos_same_ckn(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/*
 * An association with a static key: which keys the device holds and uses. The relevant interfaces
 * are those listed; if none are, those bound to the association that show a session (or, when the
 * configuration shows no binding, those with a session of its key).
 *
 * A key is usable if it is configured or has a session, in whatever state, on
 * every relevant interface; transmitting if it secures each of them.
 */
void junos_view(const struct junos_association *association, const struct junos_mka *mka,
	const char *const *interfaces, size_t interface_count, struct applier_view *view);

/*
 * The same for any keys that are configured, given with all that the configuration
 * says about them: usable, future and start. If there are more keys than a view
 * holds, those that are in use, the last one to start and the next ones to start
 * are in it.
 */
void junos_view_keys(const struct junos_association *association,
	const struct applier_seen_key *configured, size_t configured_count,
	const struct junos_mka *mka, const char *const *interfaces, size_t interface_count,
	struct applier_view *view);

/* False for a statement that an operator has deactivated, and for NULL. */
bool junos_is_active(const xmlNode *node);

/* Hex digits as an element's text; NULL out of memory. */
xmlNode *junos_add_hex(xmlNode *parent, const char *name, const uint8_t *bytes, size_t len);

/* A <load-configuration> that merges all but the elements marked replace="replace". */
xmlDoc *junos_load(xmlNode **configuration);

/* A <get-configuration> of a database, groups expanded; what is wanted is to be added. */
xmlDoc *junos_get(xmlNode **configuration, const char *database);

/* doc if last, the last element added to it, is one; or else NULL, and doc is freed. */
xmlDoc *junos_complete(xmlDoc *doc, const xmlNode *last);

#endif
