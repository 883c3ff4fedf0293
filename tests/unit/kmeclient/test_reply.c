#include "kmeclient/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A pair that a KME delivered, from the log of a deployment. */
#define ID_1 "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"
#define KEY_1                                                                                      \
	"nK45tzFFjDA42/1Ko5B6Hz2wi35gr72VsiHyVbMD9X9qxRbHOKe8D4NpHUy1nX96JeVF4xOp0qOiDLH9ldIb4Q=="
#define HEX_1                                                                                      \
	"9cae39b731458c3038dbfd4aa3907a1f3db08b7e60afbd95b221f255b303f57f"                         \
	"6ac516c738a7bc0f83691d4cb59d7f7a25e545e313a9d2a3a20cb1fd95d21be1"
#define ID_2 "a310923e-9de9-4ab1-bafe-806bcc2e62f9"
#define KEY_2                                                                                      \
	"E/n0dB6HY4PfpoYvJOuaEHba9PhB1/hz+zl1B6Wh71jkcBql9VayN1rFigJqw0R8IWiej8IxkDnDP/8Ofkw1rA=="
#define HEX_2                                                                                      \
	"13f9f4741e876383dfa6862f24eb9a1076daf4f841d7f873fb397507a5a1ef58"                         \
	"e4701aa5f556b2375ac58a026ac3447c21689e8fc2319039c33fff0e7e4c35ac"

#define ITEM(id, key) "{\"key_ID\":\"" id "\",\"key\":\"" key "\"}"
#define ONE "{\"keys\":[" ITEM(ID_1, KEY_1) "]}"
#define TWO "{\"keys\":[" ITEM(ID_1, KEY_1) "," ITEM(ID_2, KEY_2) "]}"

static struct kme_key keys[KME_KEYS_MAX];
static char text[KME_ERROR_TEXT_MAX];

static enum kme_error read_keys(
	const char *body, size_t count, size_t size_bits, const char *const *ids)
{
	struct kme_expected expected = { count, size_bits, ids };

	text[0] = '\0';
	return kme_reply_keys(body, strlen(body), &expected, keys, text);
}

static void assert_key(const struct kme_key *key, const char *id, const char *hex)
{
	char digits[2 * SECRET_MAX + 1];

	assert_string_equal(key->key_id, id);
	hex_encode(key->key.bytes, key->key.len, digits);
	assert_string_equal(digits, hex);
}

static void test_known_pairs(void **state)
{
	static const char *const ids[] = { ID_1 };

	(void)state;
	assert_int_equal(read_keys(ONE, 1, 512, NULL), KME_OK);
	assert_key(&keys[0], ID_1, HEX_1);
	assert_string_equal(text, "");
	assert_int_equal(read_keys(ONE, 1, 512, ids), KME_OK);
	assert_key(&keys[0], ID_1, HEX_1);
	assert_int_equal(read_keys(TWO, 2, 0, NULL), KME_OK);
	assert_key(&keys[0], ID_1, HEX_1);
	assert_key(&keys[1], ID_2, HEX_2);
}

static void test_dec_order_is_the_callers(void **state)
{
	static const char *const reversed[] = { ID_2, ID_1 };

	(void)state;
	assert_int_equal(read_keys(TWO, 2, 512, reversed), KME_OK);
	assert_key(&keys[0], ID_2, HEX_2);
	assert_key(&keys[1], ID_1, HEX_1);
}

static void test_tolerated(void **state)
{
	static const char *const upper[] = { "D9B6FA63-DD88-47D2-8AFE-94FCECF40D19" };
	static const char *const bodies[] = {
		"{\"Keys\":[" ITEM(ID_1, KEY_1) "]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":\"" KEY_1
		"\",\"key_ID_extension\":null,\"key_extension\":null}],"
		"\"key_container_extension\":null}",
		"{\"keys\":[{\"key_ID\":\"" ID_1
		"\",\"key_ID_extension\":{\"acme_x\":1},\"key\":\"" KEY_1
		"\",\"key_extension\":{},\"size\":512}],\"message\":\"ok\"}",
		" \r\n\t" ONE "\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(read_keys(bodies[i], 1, 512, upper), KME_OK);
		assert_key(&keys[0], ID_1, HEX_1);
	}
}

static void test_malformed(void **state)
{
	static const char *const bodies[] = {
		"",
		"garbage",
		"<html><body>502 Bad Gateway</body></html>",
		"null",
		"[]",
		"\"keys\"",
		"{",
		ONE "x",
		ONE ONE,
		"{}",
		"{\"keys\":null}",
		"{\"keys\":{}}",
		"{\"keys\":\"" KEY_1 "\"}",
		"{\"KEYS\":[" ITEM(ID_1, KEY_1) "]}",
		"{\"keys\":[" ITEM(ID_1, KEY_1) "],\"Keys\":[" ITEM(ID_2, KEY_2) "]}",
		"{\"keys\":[" ITEM(ID_1, KEY_1) "],\"keys\":[" ITEM(ID_2, KEY_2) "]}",
		"{\"keys\":[\"" KEY_1 "\"]}",
		"{\"keys\":[null]}",
		"{\"keys\":[{\"key\":\"" KEY_1 "\"}]}",
		"{\"keys\":[{\"key_ID\":7,\"key\":\"" KEY_1 "\"}]}",
		"{\"keys\":[{\"key_ID\":null,\"key\":\"" KEY_1 "\"}]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\"}]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":null}]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":[1,2,3]}]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":\"" KEY_1 "\",\"key\":\"" KEY_2
		"\"}]}",
		"{\"keys\":[" ITEM(ID_1, "nK45") ",]}",
		"{\"keys\":[" ITEM(ID_1, "nK45tz\\nFFjDA=") "]}",
		"{\"keys\":[" ITEM(ID_1, "nK45t") "]}",
		"{\"keys\":[" ITEM(ID_1, "nK-_") "]}",
		"{\"keys\":[" ITEM(ID_1, "9cae39b7=") "]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":\"\\ud800\"}]}",
		"{\"keys\":[{\"key_ID\":\"" ID_1 "\",\"key\":\"nK45\\u0000tzF\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		enum kme_error error = read_keys(bodies[i], 1, 0, NULL);

		if (error != KME_ERROR_REPLY_MALFORMED) {
			fail_msg("%s: %s", bodies[i], kme_error_name(error));
		}
		assert_string_not_equal(text, "");
	}
}

static void test_deep_nesting(void **state)
{
	static char body[KME_REPLY_MAX];
	struct kme_expected expected = { .count = 1 };

	(void)state;
	memset(body, '[', sizeof(body));
	assert_int_equal(kme_reply_keys(body, sizeof(body), &expected, keys, text),
		KME_ERROR_REPLY_MALFORMED);
}

static void test_count(void **state)
{
	(void)state;
	assert_int_equal(read_keys("{\"keys\":[]}", 1, 512, NULL), KME_ERROR_KEY_COUNT);
	assert_int_equal(read_keys(TWO, 1, 512, NULL), KME_ERROR_KEY_COUNT);
	assert_int_equal(read_keys(ONE, 2, 512, NULL), KME_ERROR_KEY_COUNT);
	assert_string_equal(text, "1 keys instead of 2");
}

/* More keys than there is room for, all of them good. */
static void test_most_keys(void **state)
{
	static char body[8192];
	size_t at = 0;

	(void)state;
	for (int i = 0; i <= KME_KEYS_MAX; i++) {
		at += (size_t)snprintf(body + at, sizeof(body) - at,
			"%s{\"key_ID\":\"k%d\",\"key\":\"AA%cA\"}", i ? "," : "{\"keys\":[", i,
			'A' + i);
		if (i == KME_KEYS_MAX - 1) {
			char whole[8192];

			snprintf(whole, sizeof(whole), "%s]}", body);
			assert_int_equal(read_keys(whole, KME_KEYS_MAX, 24, NULL), KME_OK);
			assert_string_equal(keys[KME_KEYS_MAX - 1].key_id, "k15");
		}
	}
	snprintf(body + at, sizeof(body) - at, "]}");
	assert_int_equal(read_keys(body, KME_KEYS_MAX, 24, NULL), KME_ERROR_KEY_COUNT);
}

static void test_length(void **state)
{
	(void)state;
	assert_int_equal(read_keys(ONE, 1, 256, NULL), KME_ERROR_KEY_LENGTH);
	assert_int_equal(read_keys(ONE, 1, 520, NULL), KME_ERROR_KEY_LENGTH);
	assert_int_equal(read_keys(ONE, 1, 0, NULL), KME_OK);
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM(ID_1, "") "]}", 1, 0, NULL), KME_ERROR_KEY_LENGTH);
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM(ID_1, "") "]}", 1, 512, NULL), KME_ERROR_KEY_LENGTH);
	/* Any length, but all keys of one. */
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM(ID_1, KEY_1) "," ITEM(ID_2, "nK45") "]}", 2, 0, NULL),
		KME_ERROR_KEY_LENGTH);
}

static void test_longest_key(void **state)
{
	char body[512];
	char key[180];

	(void)state;
	memset(key, 'A', sizeof(key));
	snprintf(body, sizeof(body), "{\"keys\":[{\"key_ID\":\"k\",\"key\":\"%.171s=\"}]}", key);
	assert_int_equal(read_keys(body, 1, 0, NULL), KME_OK);
	assert_int_equal(keys[0].key.len, SECRET_MAX);
	snprintf(body, sizeof(body), "{\"keys\":[{\"key_ID\":\"k\",\"key\":\"%.172s\"}]}", key);
	assert_int_equal(read_keys(body, 1, 0, NULL), KME_ERROR_KEY_LENGTH);
}

static void test_key_ids(void **state)
{
	static const char *const other[] = { ID_2 };
	static const char *const both[] = { ID_1, ID_2 };
	char body[512];

	(void)state;
	assert_int_equal(read_keys(ONE, 1, 512, other), KME_ERROR_KEY_ID);
	assert_string_equal(text, "key_ID " ID_1 ", which was not asked for");
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM(ID_1, KEY_1) "," ITEM("x", KEY_2) "]}", 2, 512, both),
		KME_ERROR_KEY_ID);
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM("", KEY_1) "]}", 1, 512, NULL), KME_ERROR_KEY_ID);
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM("../x", KEY_1) "]}", 1, 512, NULL), KME_ERROR_KEY_ID);
	assert_int_equal(
		read_keys("{\"keys\":[" ITEM("a\\nb", KEY_1) "]}", 1, 512, NULL), KME_ERROR_KEY_ID);
	snprintf(body, sizeof(body), "{\"keys\":[{\"key_ID\":\"%0*d\",\"key\":\"%s\"}]}",
		KME_KEY_ID_MAX, 0, KEY_1);
	assert_int_equal(read_keys(body, 1, 512, NULL), KME_OK);
	snprintf(body, sizeof(body), "{\"keys\":[{\"key_ID\":\"%0*d\",\"key\":\"%s\"}]}",
		KME_KEY_ID_MAX + 1, 0, KEY_1);
	assert_int_equal(read_keys(body, 1, 512, NULL), KME_ERROR_KEY_ID);
}

static void test_duplicates(void **state)
{
	static const char *const both[] = { ID_1, ID_2 };
	const char *same_id = "{\"keys\":[" ITEM(ID_1, KEY_1) "," ITEM(ID_1, KEY_2) "]}";
	const char *same_id_upper = "{\"keys\":[" ITEM(ID_1, KEY_1) "," ITEM(
		"D9B6FA63-DD88-47D2-8AFE-94FCECF40D19", KEY_2) "]}";
	const char *same_key = "{\"keys\":[" ITEM(ID_2, KEY_1) "," ITEM(ID_1, KEY_1) "]}";

	(void)state;
	assert_int_equal(read_keys(same_id, 2, 512, NULL), KME_ERROR_KEY_DUPLICATE);
	assert_int_equal(read_keys(same_id, 2, 512, both), KME_ERROR_KEY_DUPLICATE);
	assert_int_equal(read_keys(same_id_upper, 2, 512, NULL), KME_ERROR_KEY_DUPLICATE);
	assert_int_equal(read_keys(same_key, 2, 512, NULL), KME_ERROR_KEY_DUPLICATE);
	assert_int_equal(read_keys(same_key, 2, 512, both), KME_ERROR_KEY_DUPLICATE);
}

/* No text for people may carry a key, whatever was wrong with the reply. */
static void test_texts_hold_no_key(void **state)
{
	static const char *const bodies[] = { ONE "x", "{\"keys\":\"" KEY_1 "\"}", "\"" KEY_1 "\"",
		"{\"keys\":[\"" KEY_1 "\"]}", "{\"keys\":[{\"key\":\"" KEY_1 "\"}]}",
		"{\"keys\":[" ITEM(ID_1, KEY_1 "=") "]}", "{\"" KEY_1 "\":1,\"" KEY_1 "\":2}" };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_not_equal(read_keys(bodies[i], 1, 512, NULL), KME_OK);
		assert_null(strstr(text, "nK45"));
	}
	assert_int_not_equal(read_keys(ONE, 1, 256, NULL), KME_OK);
	assert_null(strstr(text, "nK45"));
}

/* ---- status ------------------------------------------------------------------------------- */

static enum kme_error read_status(const char *body, struct kme_status *status)
{
	text[0] = '\0';
	return kme_reply_status(body, strlen(body), status, text);
}

/* The example of clause 6.1. */
static void test_status(void **state)
{
	struct kme_status status;

	(void)state;
	assert_int_equal(read_status("{\"source_KME_ID\":\"AAAABBBBCCCCDDDD\","
				     "\"target_KME_ID\":\"EEEEFFFFGGGGHHHH\","
				     "\"master_SAE_ID\":\"IIIIJJJJKKKKLLLL\","
				     "\"slave_SAE_ID\":\"MMMMNNNNOOOOPPPP\","
				     "\"key_size\":352,\"stored_key_count\":25000,"
				     "\"max_key_count\":100000,\"max_key_per_request\":128,"
				     "\"max_key_size\":1024,\"min_key_size\":64,"
				     "\"max_SAE_ID_count\":0}",
				 &status),
		KME_OK);
	assert_string_equal(status.source_kme_id, "AAAABBBBCCCCDDDD");
	assert_string_equal(status.target_kme_id, "EEEEFFFFGGGGHHHH");
	assert_string_equal(status.master_sae_id, "IIIIJJJJKKKKLLLL");
	assert_string_equal(status.slave_sae_id, "MMMMNNNNOOOOPPPP");
	assert_int_equal(status.key_size_bits, 352);
	assert_int_equal(status.stored_key_count, 25000);
	assert_int_equal(status.max_key_count, 100000);
	assert_int_equal(status.max_key_per_request, 128);
	assert_int_equal(status.max_key_size_bits, 1024);
	assert_int_equal(status.min_key_size_bits, 64);
	assert_int_equal(status.max_sae_id_count, 0);
}

static void test_status_tolerated(void **state)
{
	struct kme_status status;

	(void)state;
	assert_int_equal(read_status("{\"key_size\":256,\"max_key_count\":null,"
				     "\"source_KME_ID\":null,\"slave_SAE_ID\":\"a\\nb\","
				     "\"status_extension\":{\"acme_x\":[]}}",
				 &status),
		KME_OK);
	assert_int_equal(status.key_size_bits, 256);
	assert_int_equal(status.max_key_count, 0);
	assert_string_equal(status.source_kme_id, "");
	assert_string_equal(status.slave_sae_id, "a?b");
}

/* One octet more than KME_SAE_ID_MAX. */
#define LONG_ID "0123456789012345678901234567890123456789012345678901234567890123x"

static void test_status_malformed(void **state)
{
	static const char *const bodies[] = { "", "[]", "{", "{}", "{\"keys\":[]}",
		"{\"key_size\":null}", "{\"key_size\":\"256\"}", "{\"key_size\":256.5}",
		"{\"key_size\":-1}", "{\"key_size\":99999999999999999999}", "{\"key_size\":true}",
		"{\"key_size\":256,\"key_size\":512}", "{\"source_KME_ID\":7}",
		"{\"key_size\":256,\"slave_SAE_ID\":\"" LONG_ID "\"}" };
	struct kme_status status;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(read_status(bodies[i], &status), KME_ERROR_REPLY_MALFORMED);
		assert_string_not_equal(text, "");
	}
}

/* ---- errors ------------------------------------------------------------------------------- */

static enum kme_error read_error(long http_status, const char *body, bool key_ids_asked)
{
	return kme_reply_error(http_status, body, strlen(body), key_ids_asked, text);
}

static void test_http_statuses(void **state)
{
	static const struct {
		long status;
		enum kme_error error;
	} cases[] = {
		{ 400, KME_ERROR_BAD_REQUEST },
		{ 401, KME_ERROR_UNAUTHORIZED },
		{ 403, KME_ERROR_UNAUTHORIZED },
		{ 503, KME_ERROR_UNAVAILABLE },
		{ 100, KME_ERROR_HTTP_STATUS },
		{ 201, KME_ERROR_HTTP_STATUS },
		{ 204, KME_ERROR_HTTP_STATUS },
		{ 302, KME_ERROR_HTTP_STATUS },
		{ 405, KME_ERROR_HTTP_STATUS },
		{ 413, KME_ERROR_HTTP_STATUS },
		{ 500, KME_ERROR_HTTP_STATUS },
		{ 502, KME_ERROR_HTTP_STATUS },
		{ 504, KME_ERROR_HTTP_STATUS },
	};
	char expected[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_error(cases[i].status, "", true), cases[i].error);
		snprintf(expected, sizeof(expected), "HTTP %ld", cases[i].status);
		assert_string_equal(text, expected);
	}
	assert_int_equal(read_error(404, "", true), KME_ERROR_KEY_NOT_FOUND);
	assert_int_equal(read_error(404, "", false), KME_ERROR_HTTP_STATUS);
}

static void test_key_not_found(void **state)
{
	(void)state;
	assert_int_equal(
		read_error(400, "{\"message\":\"one or more keys specified are not found on KME\"}",
			true),
		KME_ERROR_KEY_NOT_FOUND);
	assert_string_equal(text, "HTTP 400: one or more keys specified are not found on KME");
	assert_int_equal(
		read_error(400,
			"{\"message\":\"One or more keys specified are not found on KME.\"}", true),
		KME_ERROR_KEY_NOT_FOUND);
	assert_int_equal(read_error(400, "{\"message\":\"size shall be a multiple of 8\"}", true),
		KME_ERROR_BAD_REQUEST);
	assert_string_equal(text, "HTTP 400: size shall be a multiple of 8");
	assert_int_equal(
		read_error(503, "{\"message\":\"one or more keys specified are not found on KME\"}",
			true),
		KME_ERROR_UNAVAILABLE);
}

static void test_where_the_message_is(void **state)
{
	static const struct {
		const char *body;
		const char *text;
	} cases[] = {
		{ "{\"message\":\"no keys\",\"details\":[{\"x\":1}]}", "HTTP 400: no keys" },
		{ "{\"detail\":\"no keys\"}", "HTTP 400: no keys" },
		{ "{\"detail\":{\"message\":\"no keys\"}}", "HTTP 400: no keys" },
		{ "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"no keys\"}]}", "HTTP 400: no keys" },
		{ "{\"detail\":[]}", "HTTP 400" },
		{ "{\"detail\":[7]}", "HTTP 400" },
		{ "{\"message\":null}", "HTTP 400" },
		{ "{\"message\":{\"message\":\"x\"}}", "HTTP 400" },
		{ "{}", "HTTP 400" },
		{ "[]", "HTTP 400" },
		{ "\"no keys\"", "HTTP 400" },
		{ "<html>no keys</html>", "HTTP 400" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_error(400, cases[i].body, false), KME_ERROR_BAD_REQUEST);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_message_is_bounded_and_clean(void **state)
{
	char body[2 * KME_ERROR_TEXT_MAX];

	(void)state;
	read_error(503, "{\"message\":\"a\\nb\\u001b[31m\\u0000c\xc3\xa9\"}", false);
	assert_string_equal(text, "HTTP 503"); /* a zero octet: jansson refuses the string */
	read_error(503, "{\"message\":\"a\\nb\\u001b[31mc\xc3\xa9\"}", false);
	assert_string_equal(text, "HTTP 503: a?b?[31mc??");
	snprintf(body, sizeof(body), "{\"message\":\"%0*d\"}", KME_ERROR_TEXT_MAX + 50, 0);
	read_error(503, body, false);
	assert_int_equal(strlen(text), KME_ERROR_TEXT_MAX - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_pairs),
		cmocka_unit_test(test_dec_order_is_the_callers),
		cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_most_keys),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_longest_key),
		cmocka_unit_test(test_key_ids),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_texts_hold_no_key),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_tolerated),
		cmocka_unit_test(test_status_malformed),
		cmocka_unit_test(test_http_statuses),
		cmocka_unit_test(test_key_not_found),
		cmocka_unit_test(test_where_the_message_is),
		cmocka_unit_test(test_message_is_bounded_and_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
