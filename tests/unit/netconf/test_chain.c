/* A key-chain's documents, and what is seen of one. */
#include "netconf/junos_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/hex.h"
#include "netconf/rpc.h"
#include "tests/unit/netconf/document.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW INT64_C(1709164800) /* 2024-02-29T00:00:00Z */
#define CKN(n) "abcd1234abcd5678abcd1234abcd567800000000000000000000000000000" n
#define KEY(number, ckn, start)                                                                    \
	"<key><name>" number "</name><key-name>" ckn "</key-name><secret>$9$abc</secret>"          \
	"<start-time>" start "</start-time></key>"
#define CHAIN(keys) "<key-chain><name>KC</name>" keys "</key-chain>"

static struct junos_chain read_chain(const char *chains)
{
	struct junos_chain chain;
	char text[4096];
	xmlDoc *doc;

	snprintf(text, sizeof(text),
		"<rpc-reply " BASE "><configuration><security><authentication-key-chains>%s"
		"</authentication-key-chains></security></configuration></rpc-reply>",
		chains);
	doc = parse(text);
	assert_non_null(doc);
	junos_read_chain(doc, "KC", &chain);
	xmlFreeDoc(doc);
	return chain;
}

static void test_read(void **state)
{
	struct junos_chain chain = read_chain("<key-chain><name>OTHER</name>" KEY("1", CKN("001"),
		"2024-01-01.00:00:00 +0000") "</key-chain>"
					     "<key-chain><name>KC</name><description>x</"
					     "description><tolerance>5</tolerance>" KEY("0",
						     CKN("00a"),
						     "2000-1-1.00:01:00 +0000") KEY("63",
						     CKN("00B"),
						     "2024-2-28.17:00:00 -0700") "<key "
										 "inactive="
										 "\"inactive\"><"
										 "name>7</name></"
										 "key>"
										 "<key><name>8</"
										 "name><secret>$9$"
										 "x</"
										 "secret><start-"
										 "time>2024-02-28."
										 "00:00:00 +0000"
										 "</start-time></"
										 "key></"
										 "key-chain>");
	char ckn[2 * APPLIER_CKN_MAX + 1];

	(void)state;
	assert_false(chain.deactivated);
	assert_string_equal(chain.unreadable, "");
	assert_int_equal(chain.key_count, 4);
	assert_int_equal(chain.keys[0].number, 0);
	assert_int_equal(chain.keys[0].start, 946684860);
	assert_true(chain.keys[0].active);
	assert_int_equal(chain.keys[1].number, 63);
	assert_int_equal(chain.keys[1].start, NOW);
	assert_int_equal(chain.keys[1].zone_s, -7 * 3600);
	hex_encode(chain.keys[1].ckn, chain.keys[1].ckn_len, ckn);
	assert_string_equal(ckn, CKN("00b"));
	assert_false(chain.keys[2].active); /* takes its number all the same */
	assert_int_equal(chain.keys[3].ckn_len, 0);
}

static void test_read_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_chain("").key_count, 0);
	assert_int_equal(read_chain("<key-chain><name>KC2</name></key-chain>").key_count, 0);
	assert_int_equal(read_chain(CHAIN("")).key_count, 0);
	assert_true(read_chain("<key-chain inactive=\"inactive\"><name>KC</name></key-chain>")
			    .deactivated);
}

/* A chain of which a part cannot be read is not changed. */
static void test_unreadable(void **state)
{
	static const struct {
		const char *chains;
		const char *unreadable;
	} cases[] = {
		{ CHAIN(KEY("64", CKN("001"), "2024-01-01.00:00:00")), "a key's number" },
		{ CHAIN(KEY("-1", CKN("001"), "2024-01-01.00:00:00")), "a key's number" },
		{ CHAIN(KEY("256", CKN("001"), "2024-01-01.00:00:00")), "a key's number" },
		{ CHAIN(KEY("1000", CKN("001"), "2024-01-01.00:00:00")), "a key's number" },
		{ CHAIN(KEY("", CKN("001"), "2024-01-01.00:00:00")), "a key's number" },
		{ CHAIN(KEY("1", CKN("001"), "2024-01-01.00:00:00")
				  KEY("1", CKN("002"), "2024-01-02.00:00:00")),
			"a key's number" },
		{ CHAIN(KEY("5", CKN("001"), "tomorrow")), "start-time 'tomorrow' of key 5" },
		{ CHAIN(KEY("5", CKN("001"), "")), "start-time '' of key 5" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(read_chain(cases[i].chains).unreadable, cases[i].unreadable);
	}
}

/* ---- the load -------------------------------------------------------------------------------- */

static void make_key(struct applier_key *key, uint8_t last, int64_t start)
{
	memset(key, 0, sizeof(*key));
	key->ckn_len = APPLIER_CKN_MAX;
	key->ckn[0] = 0xab;
	key->ckn[APPLIER_CKN_MAX - 1] = last;
	memset(key->cak.bytes, last, 32);
	key->cak.len = 32;
	key->start = start;
}

static void test_load(void **state)
{
	static const char expected[] =
		"<rpc " BASE " message-id=\"5\"><load-configuration action=\"replace\" "
		"format=\"xml\"><configuration><security><authentication-key-chains><key-chain>"
		"<name>K&amp;C</name><key replace=\"replace\"><name>63</name><key-name>"
		"ab00000000000000000000000000000000000000000000000000000000000011</key-name>"
		"<secret>1111111111111111111111111111111111111111111111111111111111111111"
		"</secret><start-time>2024-02-29.00:00:00 +0000</start-time></key>"
		"<key delete=\"delete\"><name>7</name></key></key-chain>"
		"</authentication-key-chains></security></configuration></load-configuration>"
		"</rpc>";
	struct applier_key key;
	struct junos_plan plan = { .count = 2 };
	struct octets text;
	xmlDoc *doc;

	(void)state;
	make_key(&key, 0x11, 0);
	plan.edits[0] = (struct junos_edit){ .number = 63, .key = &key, .start = NOW };
	plan.edits[1] = (struct junos_edit){ .number = 7 };
	doc = junos_load_plan("K&C", &plan);
	assert_non_null(doc);
	assert_int_equal(rpc_set_message_id(doc, 5), 0);
	octets_init(&text, 4096);
	assert_int_equal(xml_write(doc, &text), 0);
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.len);
	octets_fini(&text);
	xmlFreeDoc(doc);
}

/* The candidate is what the device has made of it. */
static void test_check_plan(void **state)
{
	struct junos_plan plan = { .count = 2 };
	struct junos_chain chain = { .key_count = 1 };
	struct applier_key key;
	struct problem problem;

	(void)state;
	make_key(&key, 0x11, NOW);
	plan.edits[0] = (struct junos_edit){ .number = 3, .key = &key, .start = NOW };
	plan.edits[1] = (struct junos_edit){ .number = 7 };
	chain.keys[0] = (struct junos_chain_key){
		.number = 3, .active = true, .ckn_len = 32, .start = NOW
	};
	memcpy(chain.keys[0].ckn, key.ckn, 32);
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), 0);

	chain.keys[0].start = NOW + 3600;
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_REFUSED);
	assert_string_equal(problem.text,
		"the device reads the start-time of key 3 as 2024-02-29.01:00:00 +0000, "
		"not 2024-02-29.00:00:00 +0000");
	chain.keys[0].start = NOW;

	chain.keys[1] = (struct junos_chain_key){ .number = 7, .active = true };
	chain.key_count = 2;
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), -1);
	assert_string_equal(problem.text, "key 7 is still there after its deletion");
	chain.key_count = 1;

	chain.keys[0].ckn[31] ^= 1;
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), -1);
	assert_string_equal(problem.text, "key 3 is not there as it was loaded");
	chain.key_count = 0;
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), -1);

	strcpy(chain.unreadable, "a key's number");
	assert_int_equal(junos_check_plan(&chain, &plan, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_PROTOCOL);
}

/* ---- the view -------------------------------------------------------------------------------- */

static void add_key(struct junos_chain *chain, uint8_t last, int64_t start)
{
	struct junos_chain_key *key = &chain->keys[chain->key_count];

	memset(key, 0, sizeof(*key));
	key->number = (uint8_t)chain->key_count++;
	key->active = true;
	key->ckn_len = APPLIER_CKN_MAX;
	key->ckn[0] = 0xab;
	key->ckn[APPLIER_CKN_MAX - 1] = last;
	key->start = start;
}

static void add_session(struct junos_mka *mka, const char *interface, uint8_t last, bool live)
{
	struct junos_mka_session *session = &mka->sessions[mka->count++];

	memset(session, 0, sizeof(*session));
	strcpy(session->interface, interface);
	session->ckn_len = APPLIER_CKN_MAX;
	session->ckn[0] = 0xab;
	session->ckn[APPLIER_CKN_MAX - 1] = last;
	session->type = JUNOS_CAK_PRIMARY;
	session->live = live;
}

/* "3cut+60": the last octet of the CKN, configured, usable, transmitting, future, start. */
static const char *describe(const struct applier_view *view)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *key = &view->keys[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d%s%s%s%s%+d",
			i > 0 ? " " : "", key->ckn[APPLIER_CKN_MAX - 1], key->configured ? "c" : "",
			key->usable ? "u" : "", key->transmitting ? "t" : "",
			key->future ? "f" : "", key->start > 0 ? (int)(key->start - NOW) : 0);
	}
	return text;
}

static void test_view(void **state)
{
	static struct junos_mka mka;
	struct junos_association association = { .found = true, .interface_count = 1 };
	struct junos_chain chain = { 0 };
	struct applier_view view;

	(void)state;
	strcpy(association.interfaces[0], "et-0/0/0");
	add_key(&chain, 1, NOW - 60);
	add_key(&chain, 2, NOW + 60);
	add_key(&chain, 3, NOW + 30);
	add_key(&chain, 4, NOW - 90);
	mka.count = 0;
	add_session(&mka, "et-0/0/0", 1, true);
	junos_chain_view(&association, &chain, NOW, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "1cut-60 3cf+30 2cf+60 4c-90");
	assert_int_equal(view.clock_s, NOW);

	/* A second before the start, and at it; the session follows. */
	junos_chain_view(&association, &chain, NOW + 29, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "1cut-60 3cf+30 2cf+60 4c-90");
	junos_chain_view(&association, &chain, NOW + 30, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "3cu+30 1ct-60 2cf+60 4c-90");

	mka.count = 0; /* nothing is live: what is configured counts all the same */
	junos_chain_view(&association, &chain, NOW, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "1cu-60 3cf+30 2cf+60 4c-90");

	add_session(&mka, "et-0/0/0", 9, true); /* a fallback key */
	junos_chain_view(&association, &chain, NOW, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "1cu-60 9ut+0 3cf+30 2cf+60 4c-90");
}

/* What an operator deactivated, and what MACsec cannot use, is nothing. */
static void test_view_leaves_out(void **state)
{
	static struct junos_mka mka;
	struct junos_association association = { .found = true };
	struct junos_chain chain = { 0 };
	struct applier_view view;

	(void)state;
	add_key(&chain, 1, NOW - 60);
	add_key(&chain, 2, NOW - 30);
	add_key(&chain, 3, NOW - 10);
	chain.keys[1].active = false;
	chain.keys[2].ckn_len = 0;
	junos_chain_view(&association, &chain, NOW, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view), "1cu-60");
}

/* Of a full chain a view holds the key in use, the next ones and the last one. */
static void test_view_of_many(void **state)
{
	static struct junos_mka mka;
	struct junos_association association = { .found = true };
	struct junos_chain chain = { 0 };
	struct applier_view view;

	(void)state;
	for (int i = 0; i < JUNOS_CHAIN_KEYS_MAX; i++) {
		add_key(&chain, (uint8_t)(i + 1), NOW - 300 + 10 * i);
	}
	junos_chain_view(&association, &chain, NOW, &mka, NULL, 0, &view);
	assert_string_equal(describe(&view),
		"31cu+0 32cf+10 33cf+20 34cf+30 35cf+40 36cf+50 37cf+60 38cf+70 39cf+80 40cf+90 "
		"41cf+100 42cf+110 43cf+120 44cf+130 45cf+140 64cf+330");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_nothing),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_check_plan),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_view_leaves_out),
		cmocka_unit_test(test_view_of_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
