/* Key-IDs as older deployments show them: what is taken, what is refused, what is written. */
#include "keyidd/handover_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Of the published logs. */
#define ID "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"

static const struct ckn_rule prefix = { .kind = CKN_PREFIX, .prefix_len = 16 };
static const struct ckn_rule sha256 = { .kind = CKN_SHA256 };
static char reason[HANDOVER_TEXT_MAX];

static void assert_key_id(const struct ckn_rule *rule, const char *text)
{
	struct key_id key_id;

	assert_true(handover_text_key_id(rule, text, strlen(text), &key_id, reason));
	assert_string_equal(key_id.text, text);
	assert_int_equal(key_id.len, strlen(text));
}

static void assert_no_key_id(const struct ckn_rule *rule, const char *text, const char *why)
{
	struct key_id key_id;

	assert_false(handover_text_key_id(rule, text, strlen(text), &key_id, reason));
	assert_string_equal(reason, why);
}

static void test_key_ids(void **state)
{
	(void)state;
	char text[300];

	assert_key_id(&prefix, ID);
	assert_key_id(&prefix, "D9B6FA63-DD88-47D2-8AFE-94FCECF40D19");
	assert_key_id(&sha256, ID);
	assert_key_id(&sha256, "7");
	assert_no_key_id(&prefix, "", "empty, no key-ID");
	assert_no_key_id(&prefix, "ge-0/0/1", "\"ge-0/0/1\" is no key-ID");
	assert_no_key_id(&prefix, "eth1", "\"eth1\" is no UUID, which ckn: prefix needs");
	assert_no_key_id(&prefix, ID " ", "\"" ID " \" is no key-ID");
	assert_no_key_id(&prefix, " " ID, "\" " ID "\" is no key-ID");
	assert_no_key_id(&prefix, "key " ID, "\"key " ID "\" is no key-ID");
	assert_no_key_id(&prefix, ID "0", "\"" ID "0\" is no UUID, which ckn: prefix needs");
	assert_no_key_id(&prefix, "d9b6fa63dd8847d28afe94fcecf40d19",
		"\"d9b6fa63dd8847d28afe94fcecf40d19\" is no UUID, which ckn: prefix needs");
	assert_no_key_id(&sha256, "caf\xc3\xa9", "\"caf\xc3\xa9\" is no key-ID");
	memset(text, 'x', sizeof(text));
	text[KEY_ID_MAX] = '\0';
	assert_key_id(&sha256, text);
	text[KEY_ID_MAX] = 'x';
	text[255] = '\0';
	assert_false(handover_text_key_id(&sha256, text, 255, &(struct key_id){ 0 }, reason));
	assert_int_equal(strlen(reason), 80 + strlen("\"\" is no key-ID"));
}

static bool reads(const char *text, struct key_id *key_id)
{
	return handover_text_read(
		&prefix, "mx304-11", (const uint8_t *)text, strlen(text), key_id, reason);
}

static void assert_reads(const char *text)
{
	struct key_id key_id;

	assert_true(reads(text, &key_id));
	assert_string_equal(key_id.text, ID);
}

static void assert_refused(const char *text, const char *why)
{
	struct key_id key_id;

	assert_false(reads(text, &key_id));
	if (strncmp(reason, why, strlen(why)) != 0) {
		fail_msg("\"%s\" does not begin with \"%s\"", reason, why);
	}
}

/* json.dump() of the script, with and without indent; and what an editor makes of it. */
static void test_files(void **state)
{
	(void)state;
	assert_reads("{\"mx304-11\": \"" ID "\"}");
	assert_reads("{\n    \"mx304-11\": \"" ID "\"\n}");
	assert_reads("{\"mx304-11\": \"" ID "\"}\n");
	assert_reads("{\"mx304-11\":\"" ID "\"}");
}

static void test_other_files(void **state)
{
	(void)state;
	assert_refused("", "empty");
	assert_refused("{", "not JSON, or not all of it: line 1: ");
	assert_refused("{\"mx304-11\": \"" ID, "not JSON, or not all of it: line 1: ");
	assert_refused("{\"mx304-11\": \"" ID "\"", "not JSON, or not all of it");
	assert_refused("{\"mx304-11\": \"" ID "\"}}", "not JSON, or not all of it");
	assert_refused("{\"mx304-11\": \"" ID "\"}{}", "not JSON, or not all of it");
	assert_refused("{'mx304-11': '" ID "'}", "not JSON, or not all of it"); /* a dict printed */
	assert_refused("{\"mx304-11\": \"" ID "\", \"mx304-11\": \"" ID "\"}",
		"not JSON, or not all of it: line 1: duplicate object key");
	assert_refused("{\"mx304-11\": \"a\\u0000b\"}", "not JSON, or not all of it");
	assert_refused("{\"mx304-11\": \"\xff\"}", "not JSON, or not all of it");
	assert_refused("\"" ID "\"", "not JSON, or not all of it");
	assert_refused("null", "not JSON, or not all of it");
	assert_refused("[\"" ID "\"]", "not a JSON object");
	assert_refused("{}", "holds no key-ID");
	assert_refused(
		"{\"mx304-12\": \"" ID "\"}", "holds the key-ID of mx304-12, not of mx304-11");
	assert_refused(
		"{\"MX304-11\": \"" ID "\"}", "holds the key-ID of MX304-11, not of mx304-11");
	assert_refused(
		"{\"mx304-11\": \"" ID "\", \"a\": 1}", "holds more than the key-ID of mx304-11");
	assert_refused("{\"mx304-11\": 7}", "what it holds for mx304-11 is not a text");
	assert_refused("{\"mx304-11\": null}", "what it holds for mx304-11 is not a text");
	assert_refused("{\"mx304-11\": [\"" ID "\"]}", "what it holds for mx304-11 is not a text");
	assert_refused("{\"mx304-11\": \"\"}", "empty, no key-ID");
	assert_refused("{\"mx304-11\": \"eth1\"}", "\"eth1\" is no UUID");
}

static void test_octets_without_end(void **state)
{
	(void)state;
	static const char text[] = "{\"mx304-11\": \"" ID "\"}trailing";
	struct key_id key_id;

	assert_true(handover_text_read(&prefix, "mx304-11", (const uint8_t *)text,
		sizeof(text) - 1 - strlen("trailing"), &key_id, reason));
	assert_false(handover_text_read(
		&prefix, "mx304-11", (const uint8_t *)"\0\0\0", 3, &key_id, reason));
}

static void test_written(void **state)
{
	(void)state;
	char text[HANDOVER_JSON_MAX], device[256];
	struct key_id key_id, again;
	int len;

	assert_true(key_id_set(&key_id, ID, strlen(ID)));
	len = handover_text_write("mx304-11", &key_id, text);
	assert_int_equal(len, strlen("{\"mx304-11\": \"" ID "\"}"));
	assert_memory_equal(text, "{\"mx304-11\": \"" ID "\"}", (size_t)len);
	assert_true(handover_text_read(
		&prefix, "mx304-11", (const uint8_t *)text, (size_t)len, &again, reason));
	memset(device, 'd', sizeof(device));
	device[255] = '\0';
	len = handover_text_write(device, &key_id, text);
	assert_int_equal(len, 255 + 36 + strlen("{\"\": \"\"}"));
	assert_true(handover_text_read(
		&prefix, device, (const uint8_t *)text, (size_t)len, &again, reason));
	assert_int_equal(handover_text_write("\xff", &key_id, text), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_ids),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_octets_without_end),
		cmocka_unit_test(test_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
