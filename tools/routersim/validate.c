#include "tools/routersim/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "netconf/xml.h"

#define VALUE_MAX 256
#define CKN_DIGITS_MAX 64

static const struct {
	const char *name;
	size_t cak_digits;
} suites[] = {
	{ "gcm-aes-128", 32 },
	{ "gcm-aes-xpn-128", 32 },
	{ "gcm-aes-256", 64 },
	{ "gcm-aes-xpn-256", 64 },
};

static xmlNode *macsec_of(const xmlDoc *doc)
{
	return xml_child(xml_child(xmlDocGetRootElement(doc), "security"), "macsec");
}

static xmlNode *find_association(const xmlDoc *doc, const char *name)
{
	char text[VALUE_MAX];

	for (xmlNode *node = xml_first(macsec_of(doc)); node; node = xml_next(node)) {
		xml_child_text(node, "name", text, sizeof(text));
		if (xml_is(node, "connectivity-association") && strcmp(text, name) == 0) {
			return node;
		}
	}
	return NULL;
}

static bool is_hex(const char *text)
{
	for (; *text; text++) {
		if (!isxdigit((unsigned char)*text)) {
			return false;
		}
	}
	return true;
}

/* Junos' default suite is gcm-aes-128. Returns 0 for one that it does not have. */
static size_t cak_digits_of(const xmlNode *association)
{
	char suite[VALUE_MAX];

	xml_child_text(association, "cipher-suite", suite, sizeof(suite));
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (strcmp(suites[i].name, suite[0] ? suite : "gcm-aes-128") == 0) {
			return suites[i].cak_digits;
		}
	}
	return 0;
}

static int check_key_pair(const xmlNode *pair, size_t cak_digits, struct rpc_failure *failure)
{
	char ckn[VALUE_MAX];
	char cak[VALUE_MAX];

	if (!pair) {
		return 0;
	}
	xml_child_text(pair, "ckn", ckn, sizeof(ckn));
	xml_child_text(pair, "cak", cak, sizeof(cak));
	if (!ckn[0] || !cak[0]) {
		return rpc_fail(failure, "missing-element", ckn[0] ? "cak" : "ckn",
			"Missing mandatory statement: '%s'", ckn[0] ? "cak" : "ckn");
	}
	if (!is_hex(ckn) || strlen(ckn) % 2 != 0 || strlen(ckn) > CKN_DIGITS_MAX) {
		return rpc_fail(failure, "invalid-value", "ckn",
			"ckn must be an even number of hexadecimal digits, at most %d",
			CKN_DIGITS_MAX);
	}
	if (!is_hex(cak) || strlen(cak) != cak_digits) {
		return rpc_fail(failure, "invalid-value", "cak",
			"cak must be %zu hexadecimal digits", cak_digits);
	}
	return 0;
}

static int check_association(const xmlNode *node, struct rpc_failure *failure)
{
	size_t cak_digits = cak_digits_of(node);
	char mode[VALUE_MAX];

	if (cak_digits == 0) {
		return rpc_fail(failure, "invalid-value", "cipher-suite", "unknown cipher suite");
	}
	xml_child_text(node, "security-mode", mode, sizeof(mode));
	if (strcmp(mode, "static-cak") != 0) {
		return rpc_fail(failure, "invalid-value", "security-mode",
			"security-mode must be static-cak");
	}
	if (check_key_pair(xml_child(node, "pre-shared-key"), cak_digits, failure) < 0) {
		return -1;
	}
	return check_key_pair(xml_child(node, "fallback-key"), cak_digits, failure);
}

int config_validate(const xmlDoc *doc, struct rpc_failure *failure)
{
	char name[VALUE_MAX];

	for (xmlNode *node = xml_first(macsec_of(doc)); node; node = xml_next(node)) {
		if (xml_is(node, "connectivity-association") &&
			check_association(node, failure) < 0) {
			return -1;
		}
		xml_child_text(node, "connectivity-association", name, sizeof(name));
		if (xml_is(node, "interfaces") && !find_association(doc, name)) {
			return rpc_fail(failure, "data-missing", "connectivity-association",
				"connectivity-association '%s' is not defined", name);
		}
	}
	return 0;
}

static void copy_lower(const xmlNode *parent, const char *name, char out[static ROUTER_HEX_MAX])
{
	xml_child_text(parent, name, out, ROUTER_HEX_MAX);
	for (char *p = out; *p; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
}

void config_get_key(const xmlDoc *doc, const char *association, struct router_key *key)
{
	const xmlNode *pair = xml_child(find_association(doc, association), "pre-shared-key");

	memset(key, 0, sizeof(*key));
	copy_lower(pair, "ckn", key->ckn);
	copy_lower(pair, "cak", key->cak);
}
