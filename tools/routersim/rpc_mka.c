/* get-mka-session-information, in the forms that Junos is known to answer it. */
#include "tools/routersim/serve.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/hex.h"
#include "netconf/xml.h"
#include "tools/routersim/mka.h"

#define MEMBER_ID_LEN 12
#define TABLE_MAX (2 * ROUTER_INTERFACES_MAX * 160 + 160)

static const char no_sak[] = "000000000000000000000000/0";

/* One key on one link. */
struct session {
	const struct mka_link *link;
	const struct router_key *key;
	const char *type;
	bool live;
	char member[2 * MEMBER_ID_LEN + 1];
	char ckn[ROUTER_HEX_MAX];
};

static xmlNode *add(xmlNode *parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static void to_upper(char *text)
{
	for (; *text; text++) {
		*text = (char)toupper((unsigned char)*text);
	}
}

/* Random in a router; here the same for each key and interface, so that it can be followed. */
static void make_member_id(const char *dir, struct session *session)
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	char text[PATH_MAX + ROUTER_NAME_MAX + ROUTER_HEX_MAX];

	snprintf(text, sizeof(text), "%s %s %s", dir, session->link->interface, session->key->ckn);
	EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
	hex_encode(digest, MEMBER_ID_LEN, session->member);
	to_upper(session->member);
}

static size_t list_sessions(
	const char *dir, const struct mka_link *link, struct session sessions[static 2])
{
	const struct session all[2] = {
		{ .link = link,
			.key = &link->current,
			.type = "primary",
			.live = link->live == MKA_CURRENT },
		{ .link = link,
			.key = &link->preceding,
			.type = "preceding",
			.live = link->live == MKA_PRECEDING },
	};
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		if (all[i].key->ckn[0]) {
			sessions[count] = all[i];
			make_member_id(dir, &sessions[count]);
			snprintf(sessions[count].ckn, ROUTER_HEX_MAX, "%s", all[i].key->ckn);
			to_upper(sessions[count].ckn);
			count++;
		}
	}
	return count;
}

static const char *state_of(const struct mka_link *link)
{
	switch (link->live) {
	case MKA_CURRENT:
		return "Secured - Primary";
	case MKA_PRECEDING:
		return "Secured - Preceding";
	case MKA_NONE:
		break;
	}
	return "Unsecured";
}

static xmlNode *add_block(xmlNode *parent, const struct session *session)
{
	xmlNode *block = xmlNewChild(
		parent, NULL, (const xmlChar *)"mka-session-information", NULL);
	char sak[sizeof(no_sak) + 8];

	snprintf(sak, sizeof(sak), "%s/1", session->member);
	add(block, "interface-name", session->link->interface);
	add(block, "interface-state", state_of(session->link));
	add(block, "member-identifier", session->member);
	add(block, "cak-name", session->ckn);
	add(block, "cak-type", session->type);
	add(block, "latest-sak-key-identifier", session->live ? sak : no_sak);
	return block;
}

static void answer_blocks(const struct session *sessions, size_t count, xmlNode *parent)
{
	for (size_t i = 0; i < count; i++) {
		add_block(parent, &sessions[i]);
	}
}

static void add_nested(xmlNode *block, const char *name, const struct session *session)
{
	xmlNode *nested = xmlNewChild(block, NULL, (const xmlChar *)name, NULL);

	add(nested, "cak-name", session->ckn);
	add(nested, "cak-type", session->type);
	add(nested, "member-identifier", session->member);
}

/* One block an interface, about the key in use; the keys with a live peer and all keys nested in
 * it. */
static void answer_detail(const struct session *sessions, size_t count, xmlNode *parent)
{
	xmlNode *block;

	if (count == 0) {
		return;
	}
	block = add_block(parent, count == 2 && sessions[1].live ? &sessions[1] : &sessions[0]);
	for (size_t i = 0; i < count; i++) {
		if (sessions[i].live) {
			add_nested(block, "session-live", &sessions[i]);
		}
	}
	for (size_t i = 0; i < count; i++) {
		add_nested(block, "session-cak", &sessions[i]);
	}
}

static void answer_table(const struct session *sessions, size_t count, char *table)
{
	size_t len = strlen(table);

	for (size_t i = 0; i < count; i++) {
		const struct session *s = &sessions[i];
		bool preceding = strcmp(s->type, "preceding") == 0;

		len += (size_t)snprintf(table + len, TABLE_MAX - len,
			"%-12s %-26s %-11s %-13s %-9d %-9d %s\n", s->link->interface, s->member,
			s->type,
			!s->live    ? "in-progress"
			: preceding ? "active"
				    : "live",
			2, s->live ? 2 : 0, s->ckn);
	}
}

static enum router_mka_form choose_form(const char *dir, const xmlNode *operation)
{
	enum router_mka_form form = ROUTER_MKA_BLOCKS;
	struct router router;

	if (xml_child(operation, "detail")) {
		form = ROUTER_MKA_DETAIL;
	} else if (xml_child(operation, "summary")) {
		form = ROUTER_MKA_TABLE;
	}
	if (router_open(&router, dir) == 0) {
		if (router.mka_form != ROUTER_MKA_AS_ASKED) {
			form = router.mka_form;
		}
		router_close(&router);
	}
	return form;
}

static void answer_link(const char *dir, const struct mka_link *link, enum router_mka_form form,
	xmlNode *reply, char *table)
{
	struct session sessions[2];
	size_t count = list_sessions(dir, link, sessions);

	switch (form) {
	case ROUTER_MKA_DETAIL:
		answer_detail(sessions, count, reply);
		break;
	case ROUTER_MKA_TABLE:
		answer_table(sessions, count, table);
		break;
	case ROUTER_MKA_AS_ASKED:
	case ROUTER_MKA_BLOCKS:
		answer_blocks(sessions, count, reply);
		break;
	}
}

int rpc_get_mka(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	char table[TABLE_MAX] =
		"\nInterface    Member-ID                  Type        Status        Tx        "
		"Rx        CAK Name\n";
	struct mka_link links[ROUTER_INTERFACES_MAX];
	enum router_mka_form form = choose_form(server->dir, operation);
	char wanted[ROUTER_NAME_MAX];
	int count = mka_look(server->dir, links);

	if (count < 0) {
		return rpc_fail_internal(failure);
	}
	xml_child_text(operation, "interface-name", wanted, sizeof(wanted));
	for (int i = 0; i < count; i++) {
		if (!wanted[0] || strcmp(wanted, links[i].interface) == 0) {
			answer_link(server->dir, &links[i], form, reply, table);
		}
	}
	if (form == ROUTER_MKA_TABLE) {
		add(reply, "output", table);
	} else if (!reply->children) {
		xmlNewChild(reply, NULL, (const xmlChar *)"mka-session-information", NULL);
	}
	secret_wipe_bytes(links, sizeof(links));
	return 0;
}
