#include "common/hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_every_octet(void **state)
{
	uint8_t octets[256], back[256];
	char text[513];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)i;
	}
	hex_encode(octets, sizeof(octets), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_int_equal(hex_decode(text, 512, back, sizeof(back)), 256);
	assert_memory_equal(back, octets, sizeof(octets));
}

static void test_empty(void **state)
{
	char text[1] = { 'x' };
	uint8_t octet;

	(void)state;
	hex_encode(NULL, 0, text);
	assert_string_equal(text, "");
	assert_int_equal(hex_decode("", 0, &octet, 0), 0);
}

static void test_either_case(void **state)
{
	uint8_t octets[3];

	(void)state;
	assert_int_equal(hex_decode("aBCdEf", 6, octets, sizeof(octets)), 3);
	assert_memory_equal(octets, "\xab\xcd\xef", 3);
}

static void test_refused(void **state)
{
	uint8_t octets[2];

	(void)state;
	assert_int_equal(hex_decode("abc", 3, octets, sizeof(octets)), -EINVAL);
	assert_int_equal(hex_decode("abcdef", 6, octets, sizeof(octets)), -EMSGSIZE);
	for (int c = 0; c < 256; c++) {
		char text[2] = { '0', (char)c };
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
			     (c >= 'A' && c <= 'F');

		assert_int_equal(hex_decode(text, 2, octets, 2), digit ? 1 : -EINVAL);
		text[1] = '0';
		text[0] = (char)c;
		assert_int_equal(hex_decode(text, 2, octets, 2), digit ? 1 : -EINVAL);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_either_case),
		cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
