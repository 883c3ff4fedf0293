/* What a hook's program may print for READ_BACK, and what not. */
#include "netconf/hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CKN_1 "aa01"
#define CKN_2 "bb02"
#define CKN_MAX "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static struct applier_view view;
static struct problem problem;

/* From a heap block of its own size, so that a sanitizer sees what is read beyond it. */
static int read_octets(const char *text, size_t len)
{
	char *octets = test_malloc(len > 0 ? len : 1);
	int rc;

	memcpy(octets, text, len);
	memset(&view, 0xff, sizeof(view));
	rc = hook_output_read(octets, len, &view, &problem);
	test_free(octets);
	return rc;
}

static int read_text(const char *text)
{
	return read_octets(text, strlen(text));
}

static void test_nothing(void **state)
{
	static const char *const texts[] = { "", "\n", "\n\n  \t\r\n", "# no key yet\n", "#" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i]), 0);
		assert_int_equal(view.key_count, 0);
		assert_int_equal(view.clock_s, 0);
	}
}

static void assert_key(size_t place, const char *words, int64_t start)
{
	const struct applier_seen_key *key = &view.keys[place];
	char seen[64];

	snprintf(seen, sizeof(seen), "%s%s%s%s", key->configured ? "c" : "-",
		key->usable ? "u" : "-", key->transmitting ? "t" : "-", key->future ? "f" : "-");
	assert_string_equal(seen, words);
	assert_int_equal(key->start, start);
}

static void test_static_keys(void **state)
{
	(void)state;
	assert_int_equal(read_text(CKN_1 " usable\n" CKN_2 " transmitting\n" CKN_MAX), 0);
	assert_int_equal(view.key_count, 3);
	assert_int_equal(view.clock_s, 0);
	assert_int_equal(view.keys[0].ckn_len, 2);
	assert_memory_equal(view.keys[0].ckn, "\xaa\x01", 2);
	assert_key(0, "cu--", 0);
	assert_key(1, "cut-", 0);
	assert_int_equal(view.keys[2].ckn_len, APPLIER_CKN_MAX);
	assert_key(2, "c---", 0);
}

static void test_starts(void **state)
{
	(void)state;
	assert_int_equal(read_text("clock=1764000000\n"
				   "AA01 start=1763990000\n"
				   "\tbb02  usable transmitting start=1763999999 \r\n"
				   "cc03 future start=1764003600\n"
				   "dd04 start=0 usable\n"),
		0);
	assert_int_equal(view.clock_s, 1764000000);
	assert_int_equal(view.key_count, 4);
	assert_memory_equal(view.keys[0].ckn, "\xaa\x01", 2);
	assert_key(0, "c---", 1763990000);
	assert_key(1, "cut-", 1763999999);
	assert_key(2, "c--f", 1764003600);
	assert_key(3, "cu--", 0);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "error: no such slot\n", "line 1: begins with neither a CKN" },
		{ "usable\n", "line 1: begins with neither a CKN" },
		{ "abc usable\n", "line 1: begins with neither a CKN" },
		{ CKN_MAX "00 usable\n", "line 1: begins with neither a CKN" },
		{ "start=5\n", "line 1: begins with neither a CKN" },
		{ CKN_1 " usabel\n", "line 1: a word that is none of usable, " },
		{ CKN_1 " usable,transmitting\n", "line 1: a word that is none of usable, " },
		{ CKN_1 " start\n", "line 1: a word that is none of usable, " },
		{ CKN_1 " clock=5\n", "line 1: a word that is none of usable, " },
		{ CKN_1 " start=\n", "line 1: start= needs seconds since the epoch" },
		{ CKN_1 " start=-5\n", "line 1: start= needs seconds since the epoch" },
		{ CKN_1 " start=2026-01-01\n", "line 1: start= needs seconds since the epoch" },
		{ CKN_1 " start=1234567890123\n", "line 1: start= needs seconds since the epoch" },
		{ CKN_1 " future\n", "line 1: a future key needs start=SECONDS" },
		{ CKN_1 " future usable start=5\n", "line 1: a key is either future or in use" },
		{ CKN_1 " transmitting future start=5\n",
			"line 1: a key is either future or in use" },
		{ "\n# twice\n" CKN_1 " usable\nAA01\n", "line 4: a CKN for the second time" },
		{ CKN_1 " transmitting\n" CKN_2 " transmitting\n",
			"line 2: a second key that is transmitting" },
		{ "clock=5\nclock=6\n", "line 2: a second clock=" },
		{ "clock=0\n", "line 1: clock= needs seconds since the epoch" },
		{ "clock=now\n", "line 1: clock= needs seconds since the epoch" },
		{ "clock=5 " CKN_1 "\n", "line 1: clock= has a line of its own" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(cases[i].text), -1);
		assert_int_equal(problem.error, APPLIER_ERROR_PROTOCOL);
		if (!strstr(problem.text, cases[i].problem)) {
			fail_msg("\"%s\": %s", cases[i].text, problem.text);
		}
	}
}

/* Neither ends the text early, nor is quoted: what a device shows may be a key. */
static void test_octets(void **state)
{
	static const char secret[] = "c0ffee00c0ffee00c0ffee00c0ffee00";

	(void)state;
	assert_int_equal(read_octets("aa01 usable\n\0", 13), -1);
	assert_int_equal(read_octets("aa01 usable\0", 12), -1);
	assert_int_equal(read_octets("aa01\xff", 5), -1);
	assert_int_equal(read_text("aa01 cak=c0ffee00c0ffee00c0ffee00c0ffee00\n"), -1);
	assert_null(strstr(problem.text, secret));
	assert_null(strstr(problem.text, "c0ffee"));
}

static size_t put_keys(char *text, size_t first, size_t count, const char *words)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		len += (size_t)sprintf(text + len, "%04zx %s\n", first + i, words);
	}
	return len;
}

/* Of too many keys, those that are past make room, whenever they come. */
static void test_many(void **state)
{
	char text[4096];
	size_t len;

	(void)state;
	len = put_keys(text, 0, APPLIER_USABLE_MAX, "");
	len += put_keys(text + len, 0x100, 2, "future start=5");
	len += put_keys(text + len, 0x200, 1, "transmitting");
	put_keys(text + len, 0x300, 5, "start=4");
	assert_int_equal(read_text(text), 0);
	assert_int_equal(view.key_count, APPLIER_USABLE_MAX);
	for (size_t i = 0; i < 3; i++) {
		assert_true(view.keys[i].usable || view.keys[i].future);
	}

	len = put_keys(text, 0, APPLIER_USABLE_MAX, "usable");
	assert_int_equal(read_text(text), 0);
	put_keys(text + len, 0x100, 1, "");
	assert_int_equal(read_text(text), 0);
	assert_int_equal(view.keys[APPLIER_USABLE_MAX - 1].ckn[1], APPLIER_USABLE_MAX - 1);
	put_keys(text + len, 0x100, 1, "future start=5");
	assert_int_equal(read_text(text), -1);
	assert_non_null(strstr(problem.text, "line 17: one usable or future key too many"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_static_keys),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
