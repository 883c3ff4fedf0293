/* Sealing: the form on the disk, and that nothing but the same label and key opens it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"
#include "keyidd/seal.h"

/*
 * Made with Python's cryptography 3.4 from the description in seal.h: state key
 * 00..1f, nonce a0..ab, key 40..5f, and the label of label() below.
 */
static const char vector[] =
	"a0a1a2a3a4a5a6a7a8a9aaabe0e2e9ccf8c28ec65318b9c4ccad91ec352e11d3933123fe3519221"
	"40c9e39ad7476f9735bace467b92cfbb7d2f13b41";

static struct key_id key_id;

static struct seal_label label(void)
{
	assert_true(key_id_set(&key_id, "d9b6fa63-dd88-47d2-8afe-94fcecf40d19", 36));
	return (struct seal_label){ SEAL_WITH_SAE, "span-1", "mx304-12", 7, EXCHANGE_SLAVE, 3,
		&key_id };
}

static struct secret counting(uint8_t first, size_t len)
{
	struct secret secret = { .len = len };

	for (size_t i = 0; i < len; i++) {
		secret.bytes[i] = (uint8_t)(first + i);
	}
	return secret;
}

static struct seal *new_seal(uint8_t first)
{
	struct secret state_key = counting(first, 32);
	struct seal *seal = seal_new(&state_key);

	assert_non_null(seal);
	return seal;
}

static void test_known_answer(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();
	struct secret expected = counting(0x40, 32);
	struct secret key;
	uint8_t sealed[SEAL_MAX];
	int len = hex_decode(vector, strlen(vector), sealed, sizeof(sealed));

	span.form = SEAL_WITHOUT_SAE; /* what version 1 has left on disks */
	assert_int_equal(len, 32 + SEAL_OVERHEAD);
	assert_int_equal(seal_open(seal, &span, sealed, (size_t)len, &key), 0);
	assert_true(secret_equal(&key, &expected));
	seal_free(seal);
}

static void test_every_length(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();

	for (size_t key_len = 1; key_len <= SECRET_MAX; key_len++) {
		struct secret key = counting(1, key_len);
		struct secret back;
		uint8_t sealed[SEAL_MAX];
		int len = seal_close(seal, &span, &key, sealed);

		assert_int_equal(len, key_len + SEAL_OVERHEAD);
		assert_int_equal(seal_open(seal, &span, sealed, (size_t)len, &back), 0);
		assert_true(secret_equal(&key, &back));
	}
	seal_free(seal);
}

static void test_nonce_is_new(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();
	struct secret key = counting(1, 32);
	uint8_t one[SEAL_MAX], two[SEAL_MAX];

	seal_close(seal, &span, &key, one);
	seal_close(seal, &span, &key, two);
	assert_memory_not_equal(one, two, SEAL_NONCE_LEN);
	assert_memory_not_equal(one + SEAL_NONCE_LEN, two + SEAL_NONCE_LEN, 32);
	seal_free(seal);
}

static void test_label_binds(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();
	struct secret key = counting(1, 32), back;
	struct key_id other_id;
	uint8_t sealed[SEAL_MAX];
	size_t len = (size_t)seal_close(seal, &span, &key, sealed);
	struct seal_label others[7];

	assert_true(key_id_set(&other_id, "d9b6fa63-dd88-47d2-8afe-94fcecf40d1a", 36));
	for (size_t i = 0; i < 7; i++) {
		others[i] = span;
	}
	others[0].association = "span-2";
	others[1].generation = 8;
	others[2].role = EXCHANGE_MASTER;
	others[3].index = 4;
	others[4].key_id = &other_id;
	others[5].sae = "mx304-13";
	others[6].form = SEAL_WITHOUT_SAE;
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(seal_open(seal, &others[i], sealed, len, &back), -EBADMSG);
		assert_int_equal(back.len, 0);
	}
	seal_free(seal);
}

static void test_every_octet_counts(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();
	struct secret key = counting(1, 32), back;
	struct secret nothing = { 0 };
	uint8_t sealed[SEAL_MAX];
	size_t len = (size_t)seal_close(seal, &span, &key, sealed);

	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 1;
		assert_int_equal(seal_open(seal, &span, sealed, len, &back), -EBADMSG);
		assert_memory_equal(&back, &nothing, sizeof(back));
		sealed[i] ^= 1;
	}
	for (size_t shorter = 0; shorter < len; shorter++) {
		assert_int_equal(seal_open(seal, &span, sealed, shorter, &back), -EBADMSG);
	}
	assert_int_equal(seal_open(seal, &span, sealed, SEAL_MAX + 1, &back), -EBADMSG);
	assert_int_equal(seal_open(seal, &span, sealed, len, &back), 0);
	seal_free(seal);
}

static void test_other_state_key(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0), *other = new_seal(1);
	struct seal_label span = label();
	struct secret key = counting(1, 32), back;
	uint8_t sealed[SEAL_MAX];
	size_t len = (size_t)seal_close(seal, &span, &key, sealed);

	assert_int_equal(seal_open(other, &span, sealed, len, &back), -EBADMSG);
	seal_free(seal);
	seal_free(other);
}

static void test_bounds(void **state)
{
	(void)state;
	struct seal *seal = new_seal(0);
	struct seal_label span = label();
	struct secret empty = { 0 }, key = counting(1, 32);
	uint8_t sealed[SEAL_MAX];
	char name[300];

	assert_int_equal(seal_close(seal, &span, &empty, sealed), -EINVAL);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	span.association = name;
	assert_int_equal(seal_close(seal, &span, &key, sealed), -EINVAL);
	assert_int_equal(seal_open(seal, &span, sealed, 60, &key), -EINVAL);
	span.association = "span-1";
	span.sae = name;
	assert_int_equal(seal_close(seal, &span, &key, sealed), -EINVAL);
	seal_free(seal);
	seal_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answer),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_nonce_is_new),
		cmocka_unit_test(test_label_binds),
		cmocka_unit_test(test_every_octet_counts),
		cmocka_unit_test(test_other_state_key),
		cmocka_unit_test(test_bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
