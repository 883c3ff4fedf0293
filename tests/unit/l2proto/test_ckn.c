/* From key_IDs to CKNs (protocol.md section 6), and names of reasons. */
#include "l2proto/ckn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "common/hex.h"
#include "l2proto/reason.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CAK_LEN 32

static struct key_id key_id(const char *text)
{
	struct key_id id;

	assert_true(key_id_set(&id, text, strlen(text)));
	return id;
}

static struct ckn_rule prefix_rule(const char *prefix)
{
	struct ckn_rule rule = { .kind = CKN_PREFIX };
	int len = hex_decode(prefix, strlen(prefix), rule.prefix, sizeof(rule.prefix));

	assert_true(len >= 0);
	rule.prefix_len = (size_t)len;
	return rule;
}

static void assert_ckn(const struct ckn *ckn, const char *expected)
{
	char text[2 * CKN_MAX + 1];

	hex_encode(ckn->octets, ckn->len, text);
	assert_string_equal(text, expected);
}

/* Two keys as routers have been given them: key_ID and key from the KME, CKN and CAK in the router.
 */
static void test_known_routers(void **state)
{
	static const struct {
		const char *key_id, *key, *ckn, *cak;
	} cases[] = {
		{ "d9b6fa63-dd88-47d2-8afe-94fcecf40d19",
			"nK45tzFFjDA42/1Ko5B6Hz2wi35gr72VsiHyVbMD9X9q"
			"xRbHOKe8D4NpHUy1nX96JeVF4xOp0qOiDLH9ldIb4Q==",
			"abcd1234abcd5678abcd1234abcd5678d9b6fa63dd8847d28afe94fcecf40d19",
			"9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f" },
		{ "a310923e-9de9-4ab1-bafe-806bcc2e62f9",
			"E/n0dB6HY4PfpoYvJOuaEHba9PhB1/hz+zl1B6Wh71jk"
			"cBql9VayN1rFigJqw0R8IWiej8IxkDnDP/8Ofkw1rA==",
			"abcd1234abcd5678abcd1234abcd5678a310923e9de94ab1bafe806bcc2e62f9",
			"13f9f4741e876383dfa6862f24eb9a1076daf4f841d7f873fb397507a5a1ef58" },
	};
	struct ckn_rule rule = prefix_rule("abcd1234abcd5678abcd1234abcd5678");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key_id id = key_id(cases[i].key_id);
		struct ckn ckn;
		uint8_t key[66]; /* 64 octets, and what stands for the padding */
		char cak[2 * CAK_LEN + 1];

		assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), 0);
		assert_ckn(&ckn, cases[i].ckn);
		assert_int_equal(EVP_DecodeBlock(key, (const uint8_t *)cases[i].key,
					 (int)strlen(cases[i].key)),
			sizeof(key));
		hex_encode(key, CAK_LEN, cak);
		assert_string_equal(cak, cases[i].cak);
	}
}

static void test_prefix_takes_uuids_only(void **state)
{
	static const char *const refused[] = {
		"7",
		"d9b6fa63dd8847d28afe94fcecf40d19",
		"d9b6fa63-dd88-47d2-8afe-94fcecf40d1",
		"d9b6fa63-dd88-47d2-8afe-94fcecf40d190",
		"d9b6fa63-dd88-47d2-8afe-94fcecf40d1g",
		"d9b6fa63-dd88-47d2-8afe94-fcecf40d19",
		"d9b6fa63add88-47d2-8afe-94fcecf40d19",
		"------------------------------------",
	};
	struct ckn_rule rule = prefix_rule("abcd1234abcd5678abcd1234abcd5678");
	struct ckn ckn;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct key_id id = key_id(refused[i]);

		assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), -EINVAL);
	}
	/* any 8-4-4-4-12 hex digits will do, in either case */
	struct key_id id = key_id("EB54C2CC-4419-BF37-0000-00000000000f");
	assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), 0);
	assert_ckn(&ckn, "abcd1234abcd5678abcd1234abcd5678eb54c2cc4419bf37000000000000000f");
}

static void test_prefix_lengths(void **state)
{
	struct ckn_rule rule = prefix_rule("");
	struct key_id id = key_id("d9b6fa63-dd88-47d2-8afe-94fcecf40d19");
	struct ckn ckn;

	(void)state;
	assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), 0);
	assert_ckn(&ckn, "d9b6fa63dd8847d28afe94fcecf40d19");
	rule.prefix_len = 17;
	assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), -EMSGSIZE);
}

/* FIPS 180-2 example B.1: any key_ID will do. */
static void test_sha256(void **state)
{
	struct ckn_rule rule = { .kind = CKN_SHA256 };
	struct key_id id = key_id("abc");
	struct ckn ckn;

	(void)state;
	assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), 0);
	assert_ckn(&ckn, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_token(void **state)
{
	uint8_t token[CKN_TOKEN_LEN];
	char text[2 * CKN_TOKEN_LEN + 1];

	(void)state;
	ckn_token((const uint8_t *)"abc", 3, token);
	hex_encode(token, sizeof(token), text);
	assert_string_equal(text, "ba7816bf8f01cfea");
}

static void test_equal(void **state)
{
	struct ckn a = { .len = 2, .octets = { 1, 2, 9 } };
	struct ckn same = { .len = 2, .octets = { 1, 2, 7 } }; /* what follows does not count */
	struct ckn other = { .len = 2, .octets = { 1, 3 } };
	struct ckn longer = { .len = 3, .octets = { 1, 2, 9 } };

	(void)state;
	assert_true(ckn_equal(&a, &same));
	assert_false(ckn_equal(&a, &other));
	assert_false(ckn_equal(&a, &longer));
	assert_false(ckn_equal(&longer, &a));
}

static void test_reason_names(void **state)
{
	(void)state;
	assert_string_equal(reason_name(REASON_NONE), "none");
	assert_string_equal(reason_name(REASON_KME_KEY_NOT_FOUND), "kme-key-not-found");
	assert_string_equal(reason_name(REASON_GENERATION_LIMIT), "generation-limit");
	assert_string_equal(reason_name(31), "unknown");
	assert_string_equal(reason_name(0xffff), "unknown");
	for (unsigned i = 0; i < 200; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (strcmp(reason_name(i), "unknown") != 0) {
				assert_string_not_equal(reason_name(i), reason_name(j));
			}
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_routers),
		cmocka_unit_test(test_prefix_takes_uuids_only),
		cmocka_unit_test(test_prefix_lengths),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_reason_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
