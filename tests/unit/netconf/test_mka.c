/* The routers' own words, and what is concluded from them. */
#include "netconf/junos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/netconf/document.h"

#define OLD "ABCD1234ABCD5678ABCD1234ABCD5678FF6A6454A59B4A11A3F267F397398BEF"
#define NEW "ABCD1234ABCD5678ABCD1234ABCD5678A310923E9DE94AB1BAFE806BCC2E62F9"
#define FALLBACK "C64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64CC64C"
#define SAK "<latest-sak-key-identifier>A2FC7A578AC21E943BF48DBC/3</latest-sak-key-identifier>"
#define NO_SAK "<latest-sak-key-identifier>000000000000000000000000/0</latest-sak-key-identifier>"
#define HEADING                                                                                    \
	"Interface    Member-ID                  Type        Status        Tx        Rx        "   \
	"CAK Name\n"

#define BLOCK(interface, state, ckn, more)                                                         \
	"<mka-session-information><interface-name>" interface "</"                                 \
	"interface-name><interface-"                                                               \
	"state>" state "</interface-state><member-identifier>64B9F944EC9D6A5022BD2D13</"           \
	"member-identifier><cak-name>" ckn "</cak-name>" more "</mka-session-information>"

/* Which of the three keys are configured, usable, transmitting: "cut" in this order, '-' for not.
 */
struct expected {
	const char *old_key;
	const char *new_key;
	const char *fallback;
};

static const struct applier_seen_key *find(const struct applier_view *view, const char *name)
{
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t len = junos_read_ckn(name, ckn);

	for (size_t i = 0; i < view->key_count; i++) {
		if (view->keys[i].ckn_len == len && memcmp(view->keys[i].ckn, ckn, len) == 0) {
			return &view->keys[i];
		}
	}
	return NULL;
}

static void assert_key(const struct applier_view *view, const char *name, const char *expected)
{
	const struct applier_seen_key *key = find(view, name);
	char got[4] = "---";

	if (key) {
		got[0] = key->configured ? 'c' : '-';
		got[1] = key->usable ? 'u' : '-';
		got[2] = key->transmitting ? 't' : '-';
	}
	assert_string_equal(got, expected);
}

static void read_view(const char *body, const char *const *interfaces, size_t interface_count,
	struct applier_view *view)
{
	struct junos_association association = { .found = true };
	static struct junos_mka mka;
	char text[8192];
	xmlDoc *doc;

	association.ckn_len = junos_read_ckn(NEW, association.ckn);
	association.interface_count = 2;
	strcpy(association.interfaces[0], "et-0/0/9");
	strcpy(association.interfaces[1], "xe-0/0/1:0");
	snprintf(text, sizeof(text), "<rpc-reply " BASE ">%s</rpc-reply>", body);
	doc = parse(text);
	assert_non_null(doc);
	junos_read_mka(doc, &mka);
	xmlFreeDoc(doc);
	junos_view(&association, &mka, interfaces, interface_count, view);
}

static void assert_view(const char *body, struct expected expected)
{
	struct applier_view view;

	read_view(body, NULL, 0, &view);
	assert_key(&view, OLD, expected.old_key);
	assert_key(&view, NEW, expected.new_key);
	assert_key(&view, FALLBACK, expected.fallback);
}

/* A router just after its commit, as published: two "primary" keys on two interfaces. */
static void test_published_table_in_progress(void **state)
{
	(void)state;
	assert_view("<output>\n" HEADING "et-0/0/9     F3793517620D59C1F98119D6   primary     live "
		    "         43        39        " OLD "\n"
		    "et-0/0/9     98DD8DE595C05146185D6C85   primary     in-progress   2         0 "
		    "        " NEW "\n"
		    "xe-0/0/1:0   08A726358F84ACB1F0C99FE0   primary     live          43        "
		    "36        " OLD "\n"
		    "xe-0/0/1:0   E6388930FE1A773944C09EBA   primary     in-progress   2         0 "
		    "        " NEW "\n"
		    "</output>",
		(struct expected){ "-ut", "cu-", "---" });
}

/* And as published when both ends have it: the old one is "preceding", and "active" still. */
static void test_published_table_live(void **state)
{
	(void)state;
	assert_view("<output>\n" HEADING "et-0/0/9     1F51BB9778BCB24D17F4BE68   primary     live "
		    "         34        3         " NEW "\n"
		    "et-0/0/9     D0AC8A5F4D5A39B5DD9F649B   preceding   active        97        "
		    "63        " OLD "\n"
		    "</output>",
		(struct expected){ "-u-", "cut", "---" });
}

static void test_one_interface_lags(void **state)
{
	(void)state;
	assert_view("<output>\n" HEADING "et-0/0/9     1F51BB9778BCB24D17F4BE68   primary     live "
		    "         34        3         " NEW "\n"
		    "xe-0/0/1:0   D0AC8A5F4D5A39B5DD9F649B   preceding   active        97        "
		    "63        " OLD "\n"
		    "xe-0/0/1:0   D0AC8A5F4D5A39B5DD9F649C   primary     in-progress   2         0 "
		    "        " NEW "\n"
		    "</output>",
		(struct expected){ "---", "cu-", "---" });
}

static void test_secured_block(void **state)
{
	(void)state;
	assert_view(BLOCK("et-0/0/9", "Secured - Primary", NEW, SAK),
		(struct expected){ "---", "cut", "---" });
	assert_view(BLOCK("et-0/0/9", "Secured-Suspended - Primary", NEW, SAK),
		(struct expected){ "---", "cut", "---" });
	assert_view(
		BLOCK("et-0/0/9", "Unsecured", NEW, SAK), (struct expected){ "---", "cu-", "---" });
	assert_view(BLOCK("et-0/0/9", "Secured - Primary", NEW, NO_SAK),
		(struct expected){ "---", "cu-", "---" });
}

/* One block a session; the state is the interface's and stands in each. */
static void test_blocks_of_types(void **state)
{
	(void)state;
	assert_view(BLOCK("et-0/0/9", "Secured - Preceding", NEW, "<cak-type>primary</cak-type>")
			    BLOCK("et-0/0/9", "Secured - Preceding", OLD,
				    "<cak-type>preceding</cak-type>"),
		(struct expected){ "-ut", "cu-", "---" });
	assert_view(BLOCK("et-0/0/9", "Secured - Preceding", NEW, NO_SAK)
			    BLOCK("et-0/0/9", "Secured - Preceding", OLD, SAK),
		(struct expected){ "-ut", "cu-", "---" });
	assert_view(BLOCK("et-0/0/9", "Secured - Fallback", FALLBACK, SAK),
		(struct expected){ "---", "cu-", "-ut" });
}

#define NESTED(name, ckn, type) "<" name "><cak-name>" ckn "</cak-name>" type "</" name ">"

/* With <detail/>: the keys with a live peer, and all keys, nested. A fallback key is live all
 * along. */
static void test_nested(void **state)
{
	(void)state;
	assert_view(
		BLOCK("et-0/0/9", "Secured - Primary", NEW,
			SAK NESTED("session-live", NEW, "<cak-type>primary</cak-type>")
				NESTED("session-cak", NEW, "<cak-type>primary</cak-type>") NESTED(
					"session-cak", FALLBACK, "<cak-type>fallback</cak-type>")),
		(struct expected){ "---", "cut", "-u-" });
	assert_view(
		BLOCK("et-0/0/9", "Secured - Preceding", OLD,
			SAK NESTED("session-live", OLD, "<cak-type>preceding</cak-type>") NESTED(
				"session-live", FALLBACK, "<cak-type>fallback</cak-type>")
				NESTED("session-cak", NEW, "<cak-type>primary</cak-type>") NESTED(
					"session-cak", OLD, "<cak-type>preceding</cak-type>")),
		(struct expected){ "-ut", "cu-", "-u-" });
}

static void test_prefix_and_wrapping(void **state)
{
	(void)state;
	assert_view(
		"<m:mka xmlns:m=\"urn:x\"><m:mka-session-information><m:interface-name>\net-0/0/9\n"
		"</m:interface-name><m:interface-state>\nSecured - Primary\n</m:interface-state>"
		"<m:cak-name>\nabcd1234abcd5678abcd1234abcd5678a310923e9de94ab1bafe806bcc2e62f9\n</"
		"m:cak-name>"
		"</m:mka-session-information></m:mka>",
		(struct expected){ "---", "cut", "---" });
}

/* A session of another association says nothing about this one. */
static void test_other_interfaces_do_not_count(void **state)
{
	(void)state;
	assert_view(BLOCK("et-0/0/5", "Secured - Primary", OLD, SAK)
			    BLOCK("et-0/0/9", "Secured - Primary", NEW, SAK),
		(struct expected){ "---", "cut", "---" });
}

static void test_nothing_to_see(void **state)
{
	(void)state;
	assert_view("<mka-session-information/>", (struct expected){ "---", "cu-", "---" });
	assert_view("<output>\n" HEADING "</output>", (struct expected){ "---", "cu-", "---" });
	assert_view(BLOCK("et-0/0/9", "Secured - Primary", "not-hex", SAK),
		(struct expected){ "---", "cu-", "---" });
}

/* An interface that is listed must show a session. */
static void test_listed_interfaces(void **state)
{
	static const char *const both[] = { "et-0/0/9", "et-0/0/8" };
	struct applier_view view;

	(void)state;
	read_view(BLOCK("et-0/0/9", "Secured - Primary", OLD, SAK), both, 1, &view);
	assert_key(&view, OLD, "-ut");
	read_view(BLOCK("et-0/0/9", "Secured - Primary", OLD, SAK), both, 2, &view);
	assert_key(&view, OLD, "---");
	assert_key(&view, NEW, "cu-");
}

static void test_many_keys_are_bounded(void **state)
{
	static char text[65536];
	struct applier_view view;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		len += (size_t)snprintf(text + len, 8000 - len,
			"<x><interface-name>et-0/0/9</interface-name>"
			"<cak-name>%064x</cak-name></x>",
			i + 1);
	}
	read_view(text, NULL, 0, &view);
	assert_int_equal(view.key_count, APPLIER_USABLE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_table_in_progress),
		cmocka_unit_test(test_published_table_live),
		cmocka_unit_test(test_one_interface_lags),
		cmocka_unit_test(test_secured_block),
		cmocka_unit_test(test_blocks_of_types),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_prefix_and_wrapping),
		cmocka_unit_test(test_other_interfaces_do_not_count),
		cmocka_unit_test(test_nothing_to_see),
		cmocka_unit_test(test_listed_interfaces),
		cmocka_unit_test(test_many_keys_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
