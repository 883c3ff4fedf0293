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

/* The comment is what "show system commit" shows: "keyidd generation N". */
xmlDoc *junos_commit(uint64_t generation);

/* The committed "security macsec" hierarchy, groups expanded. */
xmlDoc *junos_get_macsec_configuration(const char *association);

xmlDoc *junos_get_mka_sessions(void);

/* ---- the configuration of an association ----------------------------------------------------- */

struct junos_association {
	bool found;
	char cipher_suite[32]; /* "" = not said */
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len; /* 0 = no static key, or none in use */
	size_t interface_count;
	char interfaces[JUNOS_INTERFACES_MAX][APPLIER_NAME_MAX]; /* bound to the association */
};

/* Reads a reply to junos_get_macsec_configuration(). */
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
 * Which keys the device holds and uses. The relevant interfaces are those
 * listed; if none are, those bound to the association that show a session (or,
 * when the configuration shows no binding, those with a session of its key).
 *
 * A key is usable if it is configured or has a session, in whatever state, on
 * every relevant interface; transmitting if it secures each of them.
 */
void junos_view(const struct junos_association *association, const struct junos_mka *mka,
	const char *const *interfaces, size_t interface_count, struct applier_view *view);

#endif
