#include "tools/routersim/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/xml.h"
#include "tools/routersim/chain.h"

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

static xmlNode *chains_of(const xmlDoc *doc)
{
	return xml_child(
		xml_child(xmlDocGetRootElement(doc), "security"), "authentication-key-chains");
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

static const xmlNode *find_chain(const xmlDoc *doc, const char *name)
{
	char text[VALUE_MAX];

	for (const xmlNode *node = xml_first(chains_of(doc)); node; node = xml_next(node)) {
		xml_child_text(node, "name", text, sizeof(text));
		if (strcmp(text, name) == 0) {
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

/* What MACsec asks of a key-chain beyond what a key-chain asks. */
static int check_used_chain(
	const xmlNode *association, size_t cak_digits, struct rpc_failure *failure)
{
	char name[VALUE_MAX];
	char text[VALUE_MAX];
	const xmlNode *chain;

	xml_child_text(association, "pre-shared-key-chain", name, sizeof(name));
	if (!name[0]) {
		return 0;
	}
	chain = find_chain(association->doc, name);
	if (!chain) {
		return rpc_fail(failure, "data-missing", "pre-shared-key-chain",
			"key-chain '%s' is not defined", name);
	}
	for (const xmlNode *key = xml_first(chain); key; key = xml_next(key)) {
		xml_child_text(key, "secret", text, sizeof(text));
		if (xml_is(key, "key") && (!is_hex(text) || strlen(text) != cak_digits)) {
			return rpc_fail(failure, "invalid-value", "secret",
				"secret must be %zu hexadecimal digits", cak_digits);
		}
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
	if (check_used_chain(node, cak_digits, failure) < 0) {
		return -1;
	}
	return check_key_pair(xml_child(node, "fallback-key"), cak_digits, failure);
}

/* ---- key-chains ------------------------------------------------------------------------------ */

static int check_mandatory(const xmlNode *key, struct rpc_failure *failure)
{
	static const char *const names[] = { "secret", "start-time" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!xml_child(key, names[i])) {
			return rpc_fail(failure, "missing-element", names[i],
				"Missing mandatory statement: '%s'", names[i]);
		}
	}
	return 0;
}

static int check_number_and_name(const xmlNode *key, struct rpc_failure *failure)
{
	char text[VALUE_MAX];
	char *end;
	long number;

	xml_child_text(key, "name", text, sizeof(text));
	number = strtol(text, &end, 10);
	if (!text[0] || *end || number < 0 || number >= ROUTER_CHAIN_KEYS_MAX) {
		return rpc_fail(failure, "invalid-value", "key",
			"Value %s is not within range (0..%d)", text, ROUTER_CHAIN_KEYS_MAX - 1);
	}
	xml_child_text(key, "key-name", text, sizeof(text));
	if (!is_hex(text) || strlen(text) % 2 != 0 || strlen(text) > CKN_DIGITS_MAX) {
		return rpc_fail(failure, "invalid-value", "key-name",
			"key-name must be an even number of hexadecimal digits, at most %d",
			CKN_DIGITS_MAX);
	}
	return 0;
}

static bool read_start(const xmlNode *key, int64_t *start_s)
{
	char time_zone[ROUTER_NAME_MAX];
	char text[VALUE_MAX];

	chain_time_zone(key->doc, time_zone);
	xml_child_text(key, "start-time", text, sizeof(text));
	return chain_read_start(text, time_zone, start_s);
}

static int check_start(const xmlNode *key, struct rpc_failure *failure)
{
	int64_t start_s;
	int64_t other_s;

	if (!read_start(key, &start_s)) {
		return rpc_fail(failure, "invalid-value", "start-time", "invalid start-time");
	}
	for (const xmlNode *other = xml_next(key); other; other = xml_next(other)) {
		if (xml_is(other, "key") && read_start(other, &other_s) && other_s == start_s) {
			return rpc_fail(failure, "invalid-value", "start-time",
				"start-time must be unique within the key-chain");
		}
	}
	return 0;
}

static int check_chain(const xmlNode *chain, struct rpc_failure *failure)
{
	bool any = false;

	for (const xmlNode *key = xml_first(chain); key; key = xml_next(key)) {
		if (!xml_is(key, "key")) {
			continue;
		}
		any = true;
		if (check_mandatory(key, failure) < 0 || check_number_and_name(key, failure) < 0 ||
			check_start(key, failure) < 0) {
			return -1;
		}
	}
	return any ? 0
		   : rpc_fail(failure, "missing-element", "key",
			     "Missing mandatory statement: 'key'");
}

static int check_chains(const xmlDoc *doc, struct rpc_failure *failure)
{
	for (const xmlNode *node = xml_first(chains_of(doc)); node; node = xml_next(node)) {
		if (check_chain(node, failure) < 0) {
			return -1;
		}
	}
	return 0;
}

int config_validate(const xmlDoc *doc, struct rpc_failure *failure)
{
	char name[VALUE_MAX];

	if (check_chains(doc, failure) < 0) {
		return -1;
	}

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
