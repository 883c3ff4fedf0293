#include "kmeclient/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int decode(const char *text, uint8_t *out, size_t max)
{
	return kme_base64_decode(text, strlen(text), out, max);
}

/* RFC 4648 clause 10. */
static void test_vectors(void **state)
{
	static const struct {
		const char *text;
		const char *octets;
	} vectors[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint8_t out[8];
		size_t len = strlen(vectors[i].octets);

		assert_int_equal(decode(vectors[i].text, out, sizeof(out)), len);
		assert_memory_equal(out, vectors[i].octets, len);
	}
}

static void test_every_octet(void **state)
{
	uint8_t octets[256];
	uint8_t out[256];
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (uint8_t)(i * 167);
	}
	for (int len = 0; len <= (int)sizeof(octets); len++) {
		int text_len = EVP_EncodeBlock((unsigned char *)text, octets, len);

		assert_int_equal(kme_base64_decode(text, (size_t)text_len, out, sizeof(out)), len);
		assert_memory_equal(out, octets, (size_t)len);
	}
}

static void test_refused(void **state)
{
	static const char *const refused[] = { "Z", "Zg", "Zg=", "Zg===", "=",
		"==", "====", "Z===", "Zg==Zg==", "Zg=v", "=g==", "Zm9v\n", "Zm9v\r\n\r\n", " m9v",
		"Zm9 ", "Zm-v", "Zm_v", "Zm9v====", "Zm9v!m9v", "Zm\x80v",
		"Zh==", "Zm9=", "Zm9v, Zm9" };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		uint8_t out[16];

		assert_int_equal(decode(refused[i], out, sizeof(out)), -EINVAL);
	}
	assert_int_equal(kme_base64_decode("Zm\0v", 4, (uint8_t[4]){ 0 }, 4), -EINVAL);
}

static void test_bound(void **state)
{
	uint8_t out[4] = { 0, 0, 0, 0xA5 };

	(void)state;
	assert_int_equal(decode("Zm9v", out, 3), 3);
	assert_int_equal(decode("Zm9v", out, 2), -EMSGSIZE);
	assert_int_equal(decode("Zm9vYg==", out, 3), -EMSGSIZE);
	assert_int_equal(decode("Zm9vYg=v", out, 3), -EINVAL);
	assert_int_equal(out[3], 0xA5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
