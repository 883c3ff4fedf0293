#include "netconf/junos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/hex.h"
#include "netconf/rpc.h"
#include "tests/unit/netconf/document.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CKN "abcd1234abcd5678abcd1234abcd5678d9b6fa63dd8847d28afe94fcecf40d19"
#define CAK "9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f"

static void assert_document(xmlDoc *doc, const char *expected)
{
	struct octets text;
	char body[2048];

	assert_non_null(doc);
	assert_int_equal(rpc_set_message_id(doc, 5), 0);
	octets_init(&text, 4096);
	assert_int_equal(xml_write(doc, &text), 0);
	snprintf(body, sizeof(body), "<rpc " BASE " message-id=\"5\">%s</rpc>", expected);
	assert_int_equal(text.len, strlen(body));
	assert_memory_equal(text.bytes, body, text.len);
	octets_fini(&text);
	xmlFreeDoc(doc);
}

static void test_requests(void **state)
{
	(void)state;
	assert_document(junos_lock(), "<lock><target><candidate/></target></lock>");
	assert_document(junos_unlock(), "<unlock><target><candidate/></target></unlock>");
	assert_document(junos_discard(), "<discard-changes/>");
	assert_document(
		junos_commit_check(), "<commit-configuration><check/></commit-configuration>");
	assert_document(junos_commit(18446744073709551615u),
		"<commit-configuration><log>keyidd generation "
		"18446744073709551615</log></commit-configuration>");
	assert_document(junos_commit(0),
		"<commit-configuration><log>keyidd hand-over</log></commit-configuration>");
	assert_document(junos_get_mka_sessions(),
		"<get-mka-session-information><detail/></get-mka-session-information>");
	assert_document(junos_get_configuration("committed", "CA_basic", NULL),
		"<get-configuration database=\"committed\" inherit=\"inherit\" "
		"format=\"xml\"><configuration>"
		"<security><macsec><connectivity-association><name>CA_basic</name></"
		"connectivity-association>"
		"<interfaces/></macsec></security></configuration></get-configuration>");
}

/* CKN and CAK of the published log, in the hierarchy that it shows. */
static void test_load_key(void **state)
{
	struct applier_key key = { .ckn_len = 32 };
	uint8_t cak[32];

	(void)state;
	hex_decode(CKN, 64, key.ckn, sizeof(key.ckn));
	hex_decode(CAK, 64, cak, sizeof(cak));
	secret_set(&key.cak, cak, sizeof(cak));
	assert_document(junos_load_key("CA_basic", &key),
		"<load-configuration action=\"replace\" "
		"format=\"xml\"><configuration><security><macsec>"
		"<connectivity-association><name>CA_basic</name><pre-shared-key "
		"replace=\"replace\">"
		"<ckn>" CKN "</ckn><cak>" CAK "</cak></pre-shared-key></connectivity-association>"
		"</macsec></security></configuration></load-configuration>");
}

/* With the key, and alone where the key is in use already. */
static void test_description(void **state)
{
	(void)state;
	struct applier_key key = { .ckn_len = 1, .ckn = { 0xab } };

	secret_set(&key.cak, "\x01", 1);
	assert_document(junos_load_description(junos_load_key("CA_basic", &key), "et-0/0/9", "a<b"),
		"<load-configuration action=\"replace\" format=\"xml\"><configuration><security>"
		"<macsec><connectivity-association><name>CA_basic</name><pre-shared-key "
		"replace=\"replace\"><ckn>ab</ckn><cak>01</cak></pre-shared-key>"
		"</connectivity-association></macsec></security><interfaces><interface>"
		"<name>et-0/0/9</name><description>a&lt;b</description></interface></interfaces>"
		"</configuration></load-configuration>");
	assert_document(junos_load_description(NULL, "et-0/0/9", "x"),
		"<load-configuration action=\"replace\" format=\"xml\"><configuration><interfaces>"
		"<interface><name>et-0/0/9</name><description>x</description></interface>"
		"</interfaces></configuration></load-configuration>");
	assert_document(junos_get_description("et-0/0/9"),
		"<get-configuration database=\"committed\" inherit=\"inherit\" format=\"xml\">"
		"<configuration><interfaces><interface><name>et-0/0/9</name><description/>"
		"</interface></interfaces></configuration></get-configuration>");
}

static const char *read_description(const char *interfaces)
{
	static char text[16];
	char reply[2048];
	xmlDoc *doc;

	snprintf(reply, sizeof(reply),
		"<rpc-reply " BASE "><configuration>%s</configuration></rpc-reply>", interfaces);
	doc = parse(reply);
	assert_non_null(doc);
	if (!junos_read_description(doc, "et-0/0/9", text, sizeof(text))) {
		strcpy(text, "(cut)");
	}
	xmlFreeDoc(doc);
	return text;
}

static void test_read_description(void **state)
{
	(void)state;
	assert_string_equal(read_description("<interfaces><interface><name>et-0/0/8</name>"
					     "<description>no</description></interface><interface>"
					     "<name>et-0/0/9</name><description>yes</description>"
					     "</interface></interfaces>"),
		"yes");
	assert_string_equal(read_description(""), "");
	assert_string_equal(read_description("<interfaces><interface><name>et-0/0/9</name>"
					     "</interface></interfaces>"),
		"");
	assert_string_equal(
		read_description("<interfaces><interface><name>et-0/0/9</name><description "
				 "inactive=\"inactive\">no</description></interface></interfaces>"),
		"");
	assert_string_equal(read_description("<interfaces inactive=\"inactive\"><interface>"
					     "<name>et-0/0/9</name><description>no</description>"
					     "</interface></interfaces>"),
		"");
	assert_string_equal(
		read_description("<interfaces><interface><name>et-0/0/9</name><description>"
				 "0123456789abcdef</description></interface></interfaces>"),
		"(cut)");
}

static void test_names_are_escaped(void **state)
{
	(void)state;
	assert_document(junos_get_configuration("candidate", "A&B<C>", NULL),
		"<get-configuration database=\"candidate\" inherit=\"inherit\" "
		"format=\"xml\"><configuration>"
		"<security><macsec><connectivity-association><name>A&amp;B&lt;C&gt;</name>"
		"</connectivity-association><interfaces/></macsec></security></configuration></"
		"get-configuration>");
}

/* ---- the configuration ----------------------------------------------------------------------- */

static struct junos_association read_association(const char *macsec)
{
	struct junos_association association;
	char text[4096];
	xmlDoc *doc;

	snprintf(text, sizeof(text),
		"<rpc-reply " BASE
		"><configuration xmlns=\"http://xml.juniper.net/xnm/1.1/xnm\"><security>%s"
		"</security></configuration></rpc-reply>",
		macsec);
	doc = parse(text);
	assert_non_null(doc);
	junos_read_association(doc, "CA_basic", &association);
	xmlFreeDoc(doc);
	return association;
}

static void test_association(void **state)
{
	struct junos_association association = read_association(
		"<macsec><connectivity-association><name>CA_other</name><pre-shared-key><ckn>00</"
		"ckn>"
		"</pre-shared-key></connectivity-association>"
		"<connectivity-association><name>CA_basic</name><cipher-suite>gcm-aes-xpn-256</"
		"cipher-suite>"
		"<security-mode>static-cak</security-mode><pre-shared-key><ckn>" CKN "</ckn>"
		"<cak>$9$abc</cak></pre-shared-key></connectivity-association>"
		"<interfaces><name>et-0/0/9</name><connectivity-association>CA_basic</"
		"connectivity-association>"
		"</interfaces><interfaces><name>et-0/0/8</name><connectivity-association>CA_other"
		"</connectivity-association></interfaces><interfaces "
		"inactive=\"inactive\"><name>et-0/0/7</name>"
		"<connectivity-association>CA_basic</connectivity-association></interfaces></"
		"macsec>");
	char ckn[65];

	(void)state;
	assert_true(association.found);
	assert_string_equal(association.cipher_suite, "gcm-aes-xpn-256");
	hex_encode(association.ckn, association.ckn_len, ckn);
	assert_string_equal(ckn, CKN);
	assert_int_equal(association.interface_count, 1);
	assert_string_equal(association.interfaces[0], "et-0/0/9");
}

static void test_association_missing(void **state)
{
	static const char *const texts[] = {
		"",
		"<macsec/>",
		"<macsec><connectivity-association><name>CA_basic2</name></"
		"connectivity-association></macsec>",
		"<macsec inactive=\"inactive\"><connectivity-association><name>CA_basic</name>"
		"</connectivity-association></macsec>",
		"<macsec><connectivity-association inactive=\"inactive\"><name>CA_basic</name>"
		"</connectivity-association></macsec>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(read_association(texts[i]).found);
	}
}

static void test_association_without_key(void **state)
{
	static const char *const keys[] = {
		"",
		"<pre-shared-key/>",
		"<pre-shared-key><ckn>123</ckn></pre-shared-key>",
		"<pre-shared-key><ckn>xy</ckn></pre-shared-key>",
		"<pre-shared-key><ckn>" CKN "00</ckn></pre-shared-key>",
		"<pre-shared-key inactive=\"inactive\"><ckn>" CKN "</ckn></pre-shared-key>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct junos_association association;
		char text[512];

		snprintf(text, sizeof(text),
			"<macsec><connectivity-association><name>CA_basic</name>%s</"
			"connectivity-association></macsec>",
			keys[i]);
		association = read_association(text);
		assert_true(association.found);
		assert_int_equal(association.ckn_len, 0);
	}
}

static void test_same_ckn(void **state)
{
	uint8_t full[32] = { 1, 2 };
	uint8_t half[16] = { 1, 2 };

	(void)state;
	assert_true(junos_same_ckn(full, 32, full, 32));
	assert_true(junos_same_ckn(half, 16, full, 32)); /* padded with zeros */
	assert_true(junos_same_ckn(full, 32, half, 16));
	assert_false(junos_same_ckn(half, 8, half, 16)); /* padded to less than 32 by nobody */
	assert_false(junos_same_ckn(full, 0, full, 0));
	full[31] = 1;
	assert_false(junos_same_ckn(half, 16, full, 32)); /* a common prefix is not the same name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_load_key),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_read_description),
		cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_association),
		cmocka_unit_test(test_association_missing),
		cmocka_unit_test(test_association_without_key),
		cmocka_unit_test(test_same_ckn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
