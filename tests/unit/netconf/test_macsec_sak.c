/*
 * Keys of MACsec's secure associations. The expected octets come from Python alone:
 *
 *     import hashlib, hmac, struct
 *     def hkdf(key, info, n):  # RFC 5869, no salt, up to 32 octets
 *         prk = hmac.new(bytes(32), key, hashlib.sha256).digest()
 *         return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:n]
 *     key = bytes(range(48))
 *     tail = (bytes.fromhex("02000000000a0001") + struct.pack(">Q", 0x0102030405060708)
 *             + bytes.fromhex("a0a1a2a3a4a5a6a7"))
 *     print(hkdf(key, b"keyidd sak 1" + tail, 32).hex())
 *     print(hkdf(key, b"keyidd salt 1" + tail, 12).hex())
 *     print(hashlib.sha256(bytes(range(32))).hexdigest()[:16])
 */
#include "netconf/macsec_sak.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"

#define SAK "6bba20e98ec7eccd7d08ca63cd599e8be2d5b781486ce58dfd82fcb3325a5b5a"
#define SALT "95d3f8af95a52f6e7ea64def"
#define TOKEN "630dcd2966c43366"
#define GENERATION UINT64_C(0x0102030405060708)

static const struct macsec_sci sci = { { 0x02, 0, 0, 0, 0, 0x0a, 0, 1 } };
static const uint8_t nonce[MACSEC_NONCE_LEN] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7 };

static struct secret make_key(size_t len)
{
	struct secret key = { .len = len };

	for (size_t i = 0; i < len; i++) {
		key.bytes[i] = (uint8_t)i;
	}
	return key;
}

static void assert_octets(const struct secret *secret, const char *digits, size_t len)
{
	char text[2 * SECRET_MAX + 1];

	assert_int_equal(secret->len, len);
	hex_encode(secret->bytes, secret->len, text);
	assert_memory_equal(text, digits, 2 * len);
}

static void test_known_answers(void **state)
{
	static const struct {
		const char *name;
		enum macsec_suite suite;
		size_t key_len, salt_len;
	} cases[] = {
		{ "gcm-aes-128", MACSEC_SUITE_GCM_AES_128, 16, 0 },
		{ "gcm-aes-256", MACSEC_SUITE_GCM_AES_256, 32, 0 },
		{ "gcm-aes-xpn-128", MACSEC_SUITE_GCM_AES_XPN_128, 16, 12 },
		{ "gcm-aes-xpn-256", MACSEC_SUITE_GCM_AES_XPN_256, 32, 12 },
	};
	struct secret key = make_key(48);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum macsec_suite suite;
		struct macsec_sak sak;

		assert_int_equal(macsec_suite_parse(cases[i].name, &suite), 0);
		assert_int_equal(suite, cases[i].suite);
		assert_string_equal(macsec_suite_name(suite), cases[i].name);
		assert_int_equal(macsec_suite_key_len(suite), cases[i].key_len);
		assert_int_equal(macsec_suite_is_extended(suite), cases[i].salt_len > 0);
		assert_int_equal(macsec_sak_derive(&key, suite, &sci, GENERATION, nonce, &sak), 0);
		assert_octets(&sak.key, SAK, cases[i].key_len);
		assert_octets(&sak.salt, SALT, cases[i].salt_len);
		macsec_sak_wipe(&sak);
		assert_int_equal(sak.key.len, 0);
		assert_int_equal(sak.key.bytes[0], 0);
	}
}

/* One bit of any input, and another SAK and Salt. */
static void test_every_input_counts(void **state)
{
	enum macsec_suite suite = MACSEC_SUITE_GCM_AES_XPN_256;
	struct macsec_sak saks[6];
	struct secret keys[6];
	struct macsec_sci scis[6];
	uint64_t generations[6];
	uint8_t nonces[6][MACSEC_NONCE_LEN];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		keys[i] = make_key(32);
		scis[i] = sci;
		generations[i] = GENERATION;
		memcpy(nonces[i], nonce, sizeof(nonce));
	}
	keys[1].bytes[31] ^= 1;
	scis[2].octets[0] ^= 0x80;
	scis[3].octets[7] ^= 1;
	generations[4] ^= UINT64_C(1) << 63;
	nonces[5][7] ^= 1;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(macsec_sak_derive(&keys[i], suite, &scis[i], generations[i],
					 nonces[i], &saks[i]),
			0);
		for (size_t j = 0; j < i; j++) {
			assert_false(secret_equal(&saks[i].key, &saks[j].key));
			assert_false(secret_equal(&saks[i].salt, &saks[j].salt));
		}
	}
}

static void test_short_key(void **state)
{
	struct secret key = make_key(31);
	struct macsec_sak sak;

	(void)state;
	assert_int_equal(
		macsec_sak_derive(&key, MACSEC_SUITE_GCM_AES_256, &sci, 1, nonce, &sak), -EINVAL);
	assert_int_equal(sak.key.len, 0);
	assert_int_equal(
		macsec_sak_derive(&key, MACSEC_SUITE_GCM_AES_128, &sci, 1, nonce, &sak), 0);
	key.len = 15;
	assert_int_equal(
		macsec_sak_derive(&key, MACSEC_SUITE_GCM_AES_128, &sci, 1, nonce, &sak), -EINVAL);
}

static void test_unknown_suites(void **state)
{
	static const char *const names[] = { "", "gcm-aes", "gcm-aes-1280", "GCM-AES-128" };
	enum macsec_suite suite;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(macsec_suite_parse(names[i], &suite), -EINVAL);
	}
}

static void test_key_id(void **state)
{
	struct secret ckn = make_key(32);
	struct macsec_key_id a, b;
	uint8_t token[MACSEC_TOKEN_LEN];

	(void)state;
	assert_int_equal(hex_decode(TOKEN, strlen(TOKEN), token, sizeof(token)), 8);
	assert_int_equal(macsec_key_id_make(ckn.bytes, ckn.len, nonce, &a), 0);
	assert_memory_equal(a.token, token, sizeof(token));
	assert_memory_equal(a.nonce, nonce, sizeof(nonce));
	assert_int_equal(macsec_key_id_make(ckn.bytes, ckn.len, nonce, &b), 0);
	assert_true(macsec_key_id_equal(&a, &b));
	b.nonce[7] ^= 1;
	assert_false(macsec_key_id_equal(&a, &b));
}

static void test_nonces_differ(void **state)
{
	uint8_t a[MACSEC_NONCE_LEN], b[MACSEC_NONCE_LEN];

	(void)state;
	assert_int_equal(macsec_nonce_draw(a), 0);
	assert_int_equal(macsec_nonce_draw(b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_every_input_counts),
		cmocka_unit_test(test_short_key),
		cmocka_unit_test(test_unknown_suites),
		cmocka_unit_test(test_key_id),
		cmocka_unit_test(test_nonces_differ),
	};

	return cmocka_run_group_tests_name("macsec_sak", tests, NULL, NULL);
}
