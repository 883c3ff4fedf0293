#include "kmeclient/kme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_error_names(void **state)
{
	(void)state;
	assert_string_equal(kme_error_name(KME_OK), "ok");
	assert_string_equal(kme_error_name(KME_ERROR_UNREACHABLE), "kme-unreachable");
	assert_string_equal(kme_error_name(KME_ERROR_INTERNAL), "kme-internal");
	assert_string_equal(kme_error_name(KME_ERROR_COUNT), "kme-unknown");
	assert_string_equal(kme_error_name((enum kme_error) - 1), "kme-unknown");
	for (int i = 0; i < KME_ERROR_COUNT; i++) {
		assert_non_null(kme_error_name(i));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(kme_error_name(i), kme_error_name(j));
		}
	}
}

static void test_key_id_valid(void **state)
{
	static const char *const valid[] = {
		"d9b6fa63-dd88-47d2-8afe-94fcecf40d19",
		"eb54c2cc-4419-bf37-0000-000000000000", /* no RFC 4122 variant */
		"7",
		"key:2024#12.3~(a)%20",
	};
	static const char *const invalid[] = { "", " ", "a b", "a\tb", "a\nb", "a\x7f",
		"caf\xc3\xa9", "a\"b", "a'b", "a\\b", "a/b" };

	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		assert_true(kme_key_id_valid(valid[i], strlen(valid[i])));
	}
	for (size_t i = 0; i < COUNT(invalid); i++) {
		assert_false(kme_key_id_valid(invalid[i], strlen(invalid[i])));
	}
	assert_false(kme_key_id_valid("a\0b", 3));
}

static void test_key_id_length(void **state)
{
	char id[KME_KEY_ID_MAX + 1];

	(void)state;
	memset(id, 'k', sizeof(id));
	assert_true(kme_key_id_valid(id, KME_KEY_ID_MAX));
	assert_false(kme_key_id_valid(id, KME_KEY_ID_MAX + 1));
}

static void test_key_id_equal(void **state)
{
	const char *lower = "d9b6fa63-dd88-47d2-8afe-94fcecf40d19";

	(void)state;
	assert_true(kme_key_id_equal(lower, lower));
	assert_true(kme_key_id_equal(lower, "D9B6FA63-DD88-47D2-8AFE-94FCECF40D19"));
	assert_false(kme_key_id_equal(lower, "d9b6fa63-dd88-47d2-8afe-94fcecf40d18"));
	assert_false(kme_key_id_equal(lower, "d9b6fa63-dd88-47d2-8afe-94fcecf40d1"));
	assert_true(kme_key_id_equal("Key-1", "Key-1"));
	assert_false(kme_key_id_equal("Key-1", "key-1"));
	/* 36 characters, but no UUID: a digit where a dash belongs, and a letter that is no digit.
	 */
	assert_false(kme_key_id_equal(
		"A9b6fa630dd88-47d2-8afe-94fcecf40d19", "a9b6fa630dd88-47d2-8afe-94fcecf40d19"));
	assert_false(kme_key_id_equal(
		"G9b6fa63-dd88-47d2-8afe-94fcecf40d19", "g9b6fa63-dd88-47d2-8afe-94fcecf40d19"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_names),
		cmocka_unit_test(test_key_id_valid),
		cmocka_unit_test(test_key_id_length),
		cmocka_unit_test(test_key_id_equal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
