/* Channel keys and HMACs (protocol.md section 2.3). */
#include "l2proto/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static struct secret channel_key_of(uint8_t first)
{
	struct secret key = { .len = CHANNEL_KEY_LEN };

	for (size_t i = 0; i < CHANNEL_KEY_LEN; i++) {
		key.bytes[i] = (uint8_t)(first + i);
	}
	return key;
}

static struct auth *new_auth(const char *association, const char *link, uint16_t number)
{
	struct secret key = channel_key_of(0);
	struct auth *auth = auth_new(&key, association, link, number);

	assert_non_null(auth);
	return auth;
}

static void hmac(const uint8_t *key, size_t key_len, const uint8_t *octets, size_t len,
	uint8_t out[static AUTH_HMAC_LEN])
{
	unsigned out_len = AUTH_HMAC_LEN;

	assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, octets, len, out, &out_len));
}

/* RFC 5869 clauses 2.2 and 2.3 spelt out: extract with a salt of zeros, expand to one block. */
static void test_derivation_is_rfc_5869(void **state)
{
	static const uint8_t info[] =
		"keyidd channel 1\0span-1\0link-a\0\x01\x02\x01"; /* T(1)'s counter */
	static const uint8_t octets[] = "what is signed";
	static const uint8_t salt[32];
	struct secret channel_key = channel_key_of(0);
	struct auth *auth = new_auth("span-1", "link-a", 0x0102);
	uint8_t pseudorandom[32], key[32], expected[AUTH_HMAC_LEN], signed_with[AUTH_HMAC_LEN];

	(void)state;
	hmac(salt, sizeof(salt), channel_key.bytes, channel_key.len, pseudorandom);
	hmac(pseudorandom, sizeof(pseudorandom), info, sizeof(info) - 1, key);
	hmac(key, sizeof(key), octets, sizeof(octets), expected);
	assert_true(auth_sign(auth, octets, sizeof(octets), signed_with));
	assert_memory_equal(signed_with, expected, AUTH_HMAC_LEN);
	auth_free(auth);
}

static void test_every_part_separates(void **state)
{
	static const struct {
		const char *association, *link;
		uint16_t number;
	} cases[] = {
		{ "span-1", "link-a", 1 },
		{ "span-2", "link-a", 1 },
		{ "span-1", "link-b", 1 },
		{ "span-1", "link-a", 2 },
		{ "span-1", "link-a", 256 },
		{ "span-1link", "-a", 1 }, /* the parts do not run into one another */
		{ "", "span-1link-a", 1 },
	};
	uint8_t hmacs[sizeof(cases) / sizeof(cases[0])][AUTH_HMAC_LEN];
	static const uint8_t octets[] = "what is signed";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct auth *auth = new_auth(cases[i].association, cases[i].link, cases[i].number);

		assert_true(auth_sign(auth, octets, sizeof(octets), hmacs[i]));
		for (size_t j = 0; j < i; j++) {
			assert_memory_not_equal(hmacs[i], hmacs[j], AUTH_HMAC_LEN);
			assert_false(auth_verify(auth, octets, sizeof(octets), hmacs[j]));
		}
		auth_free(auth);
	}
}

/* One wrong bit, in any octet of what was signed or of the HMAC itself. */
static void test_every_bit_counts(void **state)
{
	struct auth *auth = new_auth("span-1", "link-a", 1);
	uint8_t octets[150], signature[AUTH_HMAC_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)(i * 7);
	}
	assert_true(auth_sign(auth, octets, sizeof(octets), signature));
	for (size_t bit = 0; bit < 8 * sizeof(octets); bit++) {
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(auth_verify(auth, octets, sizeof(octets), signature));
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(auth_verify(auth, octets, sizeof(octets), signature));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_false(auth_verify(auth, octets, sizeof(octets) - 1, signature));
	assert_true(auth_verify(auth, octets, sizeof(octets), signature));
	auth_free(auth);
}

/* The context is used again and again, also after a message that did not verify. */
static void test_context_is_reusable(void **state)
{
	struct auth *auth = new_auth("span-1", "link-a", 1);
	uint8_t first[AUTH_HMAC_LEN], again[AUTH_HMAC_LEN];
	static const uint8_t octets[] = "what is signed";

	(void)state;
	assert_true(auth_sign(auth, octets, sizeof(octets), first));
	for (int i = 0; i < 100; i++) {
		assert_false(auth_verify(auth, octets, 3, first));
		assert_true(auth_sign(auth, octets, sizeof(octets), again));
		assert_memory_equal(first, again, AUTH_HMAC_LEN);
	}
	auth_free(auth);
}

static void test_refused_keys(void **state)
{
	struct secret key = channel_key_of(0);
	char name[600];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(auth_new(&key, name, "link-a", 1));
	assert_null(auth_new(&key, "span-1", name, 1));
	for (key.len = 0; key.len <= SECRET_MAX; key.len++) {
		struct auth *auth = auth_new(&key, "span-1", "link-a", 1);

		assert_int_equal(auth != NULL, key.len == CHANNEL_KEY_LEN);
		auth_free(auth);
	}
	auth_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derivation_is_rfc_5869),
		cmocka_unit_test(test_every_part_separates),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_context_is_reusable),
		cmocka_unit_test(test_refused_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
