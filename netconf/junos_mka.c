/*
 * What "get-mka-session-information" says.
 *
 * Known from published scripts and Juniper's command reference: the reply holds
 * <mka-session-information> elements, each with interface-name, interface-state
 * ("Secured - Primary", "- Fallback" or "- Preceding"; else not secured),
 * member-identifier, cak-name, a CAK type, latest-sak-key-identifier (all zeros
 * before the slash: no SAK yet); with <detail/> also nested session-live and
 * session-cak elements that hold a cak-name each: the keys with a live peer, and
 * all keys held. The CLI's summary is a table whose Status is live, active or
 * in-progress.
 *
 * Inferred: that the type and the status are in elements whose names end in
 * "type" and "status"; that further nested "session-" elements with a cak-name
 * are keys held; that while the interface state names a type, the key of that
 * type secures the traffic. Right after a commit a router was seen to show two
 * "primary" keys, the old one live and the new one in progress, and later the
 * new one live beside the old one "preceding" and "active": both are understood.
 */
#include "netconf/junos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "netconf/xml.h"

#define TEXT_MAX 96
#define OUTPUT_MAX 65536

enum tristate {
	UNSAID,
	NO,
	YES,
};

static enum junos_cak_type type_from_text(const char *text)
{
	if (strcasecmp(text, "primary") == 0) {
		return JUNOS_CAK_PRIMARY;
	}
	if (strcasecmp(text, "preceding") == 0) {
		return JUNOS_CAK_PRECEDING;
	}
	return strcasecmp(text, "fallback") == 0 ? JUNOS_CAK_FALLBACK : JUNOS_CAK_UNKNOWN;
}

static enum tristate live_from_status(const char *text)
{
	if (strcasecmp(text, "live") == 0 || strcasecmp(text, "active") == 0) {
		return YES;
	}
	return strcasecmp(text, "in-progress") == 0 || strcasecmp(text, "in progress") == 0
		       ? NO
		       : UNSAID;
}

/* "Secured - Preceding", "Secured-Suspended - Primary"; anything else is not secured. */
static bool read_state(const char *state, enum junos_cak_type *type)
{
	const char *last = strrchr(state, ' ');

	*type = type_from_text(last ? last + 1 : state);
	return strncasecmp(state, "Secured", 7) == 0;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* "000000000000000000000000/0" = no SAK yet. */
static enum tristate read_sak(const xmlNode *block)
{
	char text[TEXT_MAX];

	xml_child_text(block, "latest-sak-key-identifier", text, sizeof(text));
	if (!text[0]) {
		return UNSAID;
	}
	return text[strspn(text, "0")] == '/' || text[strspn(text, "0")] == '\0' ? NO : YES;
}

/* A key that is listed twice, as held and as live, is one session. */
static void add_session(struct junos_mka *mka, const struct junos_mka_session *session)
{
	for (size_t i = 0; i < mka->count; i++) {
		struct junos_mka_session *seen = &mka->sessions[i];

		if (strcmp(seen->interface, session->interface) == 0 &&
			junos_same_ckn(seen->ckn, seen->ckn_len, session->ckn, session->ckn_len)) {
			seen->live |= session->live;
			if (seen->type == JUNOS_CAK_UNKNOWN) {
				seen->type = session->type;
			}
			return;
		}
	}
	if (mka->count < JUNOS_MKA_SESSIONS_MAX) {
		mka->sessions[mka->count++] = *session;
	}
}

static bool read_cak_name(const xmlNode *node, struct junos_mka_session *session)
{
	char ckn[2 * APPLIER_CKN_MAX + 1];

	if (!xml_child_text(node, "cak-name", ckn, sizeof(ckn))) {
		return false;
	}
	session->ckn_len = junos_read_ckn(ckn, session->ckn);
	return session->ckn_len > 0;
}

static void read_type_and_status(
	const xmlNode *parent, struct junos_mka_session *session, enum tristate *live)
{
	char text[TEXT_MAX];

	*live = UNSAID;
	for (xmlNode *node = xml_first(parent); node; node = xml_next(node)) {
		xml_text(node, text, sizeof(text));
		if (session->type == JUNOS_CAK_UNKNOWN &&
			ends_with((const char *)node->name, "type")) {
			session->type = type_from_text(text);
		}
		if (*live == UNSAID && ends_with((const char *)node->name, "status")) {
			*live = live_from_status(text);
		}
	}
}

static void read_nested(const xmlNode *node, const char *interface, struct junos_mka *mka)
{
	struct junos_mka_session session = { 0 };
	enum tristate live;

	if (strncmp((const char *)node->name, "session-", 8) != 0 ||
		!read_cak_name(node, &session)) {
		return;
	}
	read_type_and_status(node, &session, &live);
	session.live = live == YES || (live == UNSAID && xml_is(node, "session-live"));
	snprintf(session.interface, sizeof(session.interface), "%s", interface);
	add_session(mka, &session);
}

static void read_block(const xmlNode *block, struct junos_mka *mka)
{
	struct junos_mka_session session = { 0 };
	enum junos_cak_type securing = JUNOS_CAK_UNKNOWN;
	char state[TEXT_MAX];
	enum tristate live;
	bool secured;

	if (!xml_child_text(
		    block, "interface-name", session.interface, sizeof(session.interface))) {
		return;
	}
	xml_child_text(block, "interface-state", state, sizeof(state));
	secured = read_state(state, &securing);
	if (read_cak_name(block, &session)) {
		read_type_and_status(block, &session, &live);
		if (session.type == JUNOS_CAK_UNKNOWN) {
			session.type = securing;
		}
		if (live == UNSAID) {
			live = secured && read_sak(block) != NO &&
					       (securing == JUNOS_CAK_UNKNOWN ||
						       securing == session.type)
				       ? YES
				       : NO;
		}
		session.live = live == YES;
		add_session(mka, &session);
	}
	for (xmlNode *node = xml_first(block); node; node = xml_next(node)) {
		read_nested(node, session.interface, mka);
	}
}

/* Interface, Member-ID, Type, Status, Tx, Rx, CAK Name; the heading's CAK name is no hex. */
static void read_table_line(char *line, struct junos_mka *mka)
{
	struct junos_mka_session session = { 0 };
	char *columns[7];
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " \t\r", &rest); word;
		word = strtok_r(NULL, " \t\r", &rest)) {
		if (count == 7) {
			return;
		}
		columns[count++] = word;
	}
	if (count != 7 || strlen(columns[0]) >= sizeof(session.interface)) {
		return;
	}
	session.ckn_len = junos_read_ckn(columns[6], session.ckn);
	session.type = type_from_text(columns[2]);
	session.live = live_from_status(columns[3]) == YES;
	snprintf(session.interface, sizeof(session.interface), "%s", columns[0]);
	if (session.ckn_len > 0) {
		add_session(mka, &session);
	}
}

static void read_table(const xmlNode *output, struct junos_mka *mka)
{
	char *text = malloc(OUTPUT_MAX);
	char *rest = NULL;

	if (!text) {
		return;
	}
	xml_text(output, text, OUTPUT_MAX);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		read_table_line(line, mka);
	}
	free(text);
}

static void read_element(const xmlNode *parent, struct junos_mka *mka)
{
	for (xmlNode *node = xml_first(parent); node; node = xml_next(node)) {
		if (xml_is(node, "output")) {
			read_table(node, mka);
		} else if (xml_child(node, "interface-name")) {
			read_block(node, mka);
		} else {
			read_element(node, mka);
		}
	}
}

void junos_read_mka(const xmlDoc *reply, struct junos_mka *mka)
{
	mka->count = 0;
	read_element(xmlDocGetRootElement(reply), mka);
}
