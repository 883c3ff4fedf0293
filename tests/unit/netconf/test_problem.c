#include "netconf/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_error_names(void **state)
{
	(void)state;
	assert_string_equal(applier_error_name(APPLIER_OK), "ok");
	assert_string_equal(applier_error_name(APPLIER_ERROR_LOCKED), "device-locked");
	assert_string_equal(applier_error_name(APPLIER_ERROR_COUNT), "device-unknown");
	for (int i = 0; i < APPLIER_ERROR_COUNT; i++) {
		assert_string_not_equal(
			applier_error_name((enum applier_error)i), "device-unknown");
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(applier_error_name((enum applier_error)i),
				applier_error_name((enum applier_error)j));
		}
	}
}

static void assert_clean(const char *text, const char *expected)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	problem_clean(copy);
	assert_string_equal(copy, expected);
}

static void test_clean(void **state)
{
	(void)state;
	assert_clean("", "");
	assert_clean("\n  commit\t\tfailed \r\n", "commit failed");
	assert_clean("a\x1b[31mb\x7f", "a?[31mb?");
	assert_clean("caf\xc3\xa9 \xff \xc3", "caf\xc3\xa9 ? ?");
}

static void assert_redacted(const char *text, const char *expected)
{
	char copy[APPLIER_ERROR_TEXT_MAX];
	uint8_t bytes[16];
	struct secret key = { 0 };

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(0xa0 + i);
	}
	secret_set(&key, bytes, sizeof(bytes));
	snprintf(copy, sizeof(copy), "%s", text);
	problem_redact(copy, &key);
	assert_string_equal(copy, expected);
}

#define KEY "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"

static void test_redact(void **state)
{
	(void)state;
	assert_redacted("", "");
	assert_redacted("invalid value '" KEY "' here", "invalid value '[key]' here");
	assert_redacted("A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", "[key]");
	assert_redacted("cut a0a1a2a3a4a5a6a7a8", "cut [key]");
	assert_redacted("00" KEY "00 " KEY, "[key] [key]");
	assert_redacted(
		"session a0a1a2, ffffffffffffffffffff", "session a0a1a2, ffffffffffffffffffff");
}

/* A text that fills its buffer stays within it. */
static void test_redact_full(void **state)
{
	char text[APPLIER_ERROR_TEXT_MAX];
	struct secret key = { 0 };

	(void)state;
	secret_set(&key, "\x11\x11\x11\x11\x11\x11\x11\x11", 8);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	problem_redact(text, &key);
	assert_string_equal(text, "[key]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_names),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_redact_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
