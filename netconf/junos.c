#include "netconf/junos.h"

#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/secret.h"
#include "netconf/rpc.h"
#include "netconf/xml.h"

xmlDoc *junos_complete(xmlDoc *doc, const xmlNode *last)
{
	if (!last) {
		xmlFreeDoc(doc);
		return NULL;
	}
	return doc;
}

static bool set_attribute(xmlNode *node, const char *name, const char *value)
{
	return node && xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static xmlDoc *on_candidate(const char *operation)
{
	xmlNode *node = NULL;
	xmlDoc *doc = rpc_new(operation, &node);

	return junos_complete(doc, rpc_add(rpc_add(node, "target"), "candidate"));
}

/* RFC 6241 clauses 7.5, 7.6 and 8.3.4.2; Junos takes them beside its own. */
xmlDoc *junos_lock(void)
{
	return on_candidate("lock");
}

xmlDoc *junos_unlock(void)
{
	return on_candidate("unlock");
}

xmlDoc *junos_discard(void)
{
	xmlNode *node;

	return rpc_new("discard-changes", &node);
}

xmlNode *junos_add_hex(xmlNode *parent, const char *name, const uint8_t *bytes, size_t len)
{
	char hex[2 * SECRET_MAX + 1];
	xmlNode *node;

	hex_encode(bytes, len, hex);
	node = rpc_add_text(parent, name, hex);
	secret_wipe_bytes(hex, sizeof(hex));
	return node;
}

static xmlNode *add_association(xmlNode *security, const char *name)
{
	xmlNode *macsec = rpc_add(security, "macsec");
	xmlNode *association = rpc_add(macsec, "connectivity-association");

	return rpc_add_text(association, "name", name) ? association : NULL;
}

xmlDoc *junos_load(xmlNode **configuration)
{
	xmlNode *load = NULL;
	xmlDoc *doc = rpc_new("load-configuration", &load);

	if (!set_attribute(load, "action", "replace") || !set_attribute(load, "format", "xml")) {
		return junos_complete(doc, NULL);
	}
	*configuration = rpc_add(load, "configuration");
	return junos_complete(doc, *configuration);
}

xmlDoc *junos_load_key(const char *association, const struct applier_key *key)
{
	xmlNode *configuration = NULL;
	xmlDoc *doc = junos_load(&configuration);
	xmlNode *psk = rpc_add(
		add_association(rpc_add(configuration, "security"), association), "pre-shared-key");

	if (!set_attribute(psk, "replace", "replace") ||
		!junos_add_hex(psk, "ckn", key->ckn, key->ckn_len)) {
		return junos_complete(doc, NULL);
	}
	return junos_complete(doc, junos_add_hex(psk, "cak", key->cak.bytes, key->cak.len));
}

xmlDoc *junos_commit_check(void)
{
	xmlNode *node = NULL;
	xmlDoc *doc = rpc_new("commit-configuration", &node);

	return junos_complete(doc, rpc_add(node, "check"));
}

xmlDoc *junos_commit(uint64_t generation)
{
	char comment[64];
	xmlNode *node = NULL;
	xmlDoc *doc = rpc_new("commit-configuration", &node);

	if (generation > 0) {
		snprintf(comment, sizeof(comment), "keyidd generation %llu",
			(unsigned long long)generation);
	} else {
		snprintf(comment, sizeof(comment), "keyidd hand-over");
	}
	return junos_complete(doc, rpc_add_text(node, "log", comment));
}

static xmlNode *add_chain(xmlNode *security, const char *name)
{
	xmlNode *chains = rpc_add(security, "authentication-key-chains");

	return rpc_add_text(rpc_add(chains, "key-chain"), "name", name);
}

/* inherit shows what comes from configuration groups in its place. */
xmlDoc *junos_get(xmlNode **configuration, const char *database)
{
	xmlNode *get = NULL;
	xmlDoc *doc = rpc_new("get-configuration", &get);

	if (!set_attribute(get, "database", database) ||
		!set_attribute(get, "inherit", "inherit") || !set_attribute(get, "format", "xml")) {
		return junos_complete(doc, NULL);
	}
	*configuration = rpc_add(get, "configuration");
	return junos_complete(doc, *configuration);
}

xmlDoc *junos_get_configuration(
	const char *database, const char *association, const char *key_chain)
{
	xmlNode *configuration = NULL;
	xmlDoc *doc = junos_get(&configuration, database);
	xmlNode *security = rpc_add(configuration, "security");
	xmlNode *wanted = add_association(security, association);

	if (!wanted || (key_chain && !add_chain(security, key_chain))) {
		return junos_complete(doc, NULL);
	}
	return junos_complete(doc, rpc_add(wanted->parent, "interfaces"));
}

/* Not <summary/>: the names of its elements are not documented. */
xmlDoc *junos_get_mka_sessions(void)
{
	xmlNode *node = NULL;
	xmlDoc *doc = rpc_new("get-mka-session-information", &node);

	return junos_complete(doc, rpc_add(node, "detail"));
}

/* ---- replies --------------------------------------------------------------------------------- */

size_t junos_read_ckn(const char *text, uint8_t ckn[static APPLIER_CKN_MAX])
{
	int len = hex_decode(text, strlen(text), ckn, APPLIER_CKN_MAX);

	return len > 0 ? (size_t)len : 0;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

bool junos_same_ckn(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t common = a_len < b_len ? a_len : b_len;

	if (common == 0 || memcmp(a, b, common) != 0) {
		return false;
	}
	return a_len == b_len ||
	       (a_len == APPLIER_CKN_MAX && all_zero(a + common, a_len - common)) ||
	       (b_len == APPLIER_CKN_MAX && all_zero(b + common, b_len - common));
}

/* What is deactivated is shown, and has no effect. */
bool junos_is_active(const xmlNode *node)
{
	return node && !xmlHasProp(node, (const xmlChar *)"inactive");
}

static bool is_named(const xmlNode *node, const char *element, const char *name)
{
	char text[APPLIER_NAME_MAX];

	return xml_is(node, element) && junos_is_active(node) &&
	       xml_child_text(node, "name", text, sizeof(text)) && strcmp(text, name) == 0;
}

static void read_statements(const xmlNode *node, struct junos_association *association)
{
	const xmlNode *psk = xml_child(node, "pre-shared-key");
	char ckn[2 * APPLIER_CKN_MAX + 1];

	association->found = true;
	xml_child_text(
		node, "cipher-suite", association->cipher_suite, sizeof(association->cipher_suite));
	if (junos_is_active(psk) && xml_child_text(psk, "ckn", ckn, sizeof(ckn))) {
		association->ckn_len = junos_read_ckn(ckn, association->ckn);
	}
	if (junos_is_active(xml_child(node, "pre-shared-key-chain"))) {
		xml_child_text(node, "pre-shared-key-chain", association->key_chain,
			sizeof(association->key_chain));
	}
}

static void read_binding(
	const xmlNode *node, const char *name, struct junos_association *association)
{
	char bound[APPLIER_NAME_MAX];

	if (!xml_is(node, "interfaces") || !junos_is_active(node) ||
		association->interface_count == JUNOS_INTERFACES_MAX ||
		!xml_child_text(node, "connectivity-association", bound, sizeof(bound)) ||
		strcmp(bound, name) != 0) {
		return;
	}
	if (xml_child_text(node, "name", association->interfaces[association->interface_count],
		    APPLIER_NAME_MAX)) {
		association->interface_count++;
	}
}

void junos_read_association(
	const xmlDoc *reply, const char *name, struct junos_association *association)
{
	const xmlNode *configuration = xml_find(xmlDocGetRootElement(reply), "configuration");
	const xmlNode *macsec = xml_child(xml_child(configuration, "security"), "macsec");

	memset(association, 0, sizeof(*association));
	if (macsec && !junos_is_active(macsec)) {
		return;
	}
	for (xmlNode *node = xml_first(macsec); node; node = xml_next(node)) {
		if (is_named(node, "connectivity-association", name)) {
			read_statements(node, association);
		} else {
			read_binding(node, name, association);
		}
	}
}
