#include "common/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool all_zero(const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++) {
		if (at[i] != 0) {
			return false;
		}
	}
	return true;
}

static void test_set(void **state)
{
	struct secret secret;
	uint8_t long_one[SECRET_MAX + 1];

	(void)state;
	memset(&secret, 0x55, sizeof(secret));
	assert_int_equal(secret_set(&secret, "abc", 3), 0);
	assert_int_equal(secret.len, 3);
	assert_memory_equal(secret.bytes, "abc", 3);
	assert_true(all_zero(secret.bytes + 3, SECRET_MAX - 3)); /* nothing of an older one stays */

	memset(long_one, 0x77, sizeof(long_one));
	assert_int_equal(secret_set(&secret, long_one, sizeof(long_one)), -EMSGSIZE);
	assert_memory_equal(secret.bytes, "abc", 3);
	assert_int_equal(secret_set(&secret, long_one, SECRET_MAX), 0);
	assert_int_equal(secret.len, SECRET_MAX);
	assert_int_equal(secret_set(&secret, NULL, 0), 0);
	assert_int_equal(secret.len, 0);
}

static void test_wipe(void **state)
{
	struct secret secret;
	uint8_t octets[5] = "12345";

	(void)state;
	assert_int_equal(secret_set(&secret, "abc", 3), 0);
	secret_wipe(&secret);
	assert_true(all_zero(&secret, sizeof(secret)));
	secret_wipe(NULL);
	secret_wipe_bytes(octets, sizeof(octets));
	assert_true(all_zero(octets, sizeof(octets)));
}

static void test_equal(void **state)
{
	struct secret a, b;

	(void)state;
	memset(&a, 0x11, sizeof(a));
	memset(&b, 0x22, sizeof(b));
	secret_set(&a, "abcd", 4);
	secret_set(&b, "abcd", 4);
	assert_true(secret_equal(&a, &b));
	secret_set(&b, "abcx", 4);
	assert_false(secret_equal(&a, &b));
	secret_set(&b, "abc", 3);
	assert_false(secret_equal(&a, &b));
	secret_wipe(&a);
	secret_wipe(&b);
	assert_true(secret_equal(&a, &b));
}

/* printf 'keyidd fingerprintabc' | sha256sum */
static void test_fingerprint(void **state)
{
	struct secret secret;
	char text[SECRET_FINGERPRINT_LEN], other[SECRET_FINGERPRINT_LEN];

	(void)state;
	secret_set(&secret, "abc", 3);
	secret_fingerprint(&secret, text);
	assert_string_equal(text, "8014b9e0");
	secret_set(&secret, "abd", 3);
	secret_fingerprint(&secret, other);
	assert_string_not_equal(text, other);
}

/* What was there stays there through every size, down as well as up; NULL is a block too. */
static void test_wiping_realloc(void **state)
{
	uint8_t *block = NULL;

	(void)state;
	for (size_t size = 1; size <= 5000; size += 7) {
		block = secret_realloc(block, size);
		assert_non_null(block);
		for (size_t i = 0; i + 7 < size; i++) {
			assert_int_equal(block[i], (uint8_t)(i * 31));
		}
		for (size_t i = 0; i < size; i++) {
			block[i] = (uint8_t)(i * 31);
		}
	}
	block = secret_realloc(block, 10);
	assert_int_equal(block[9], (uint8_t)(9 * 31));
	secret_free(block);
	secret_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_wiping_realloc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
