#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES_MAX 8192

static char lines[LINES_MAX];

/* Standard error goes to a file while a test writes, and back when it looks. */
struct capture {
	FILE *file;
	int saved;
};

static struct capture capture_begin(void)
{
	struct capture capture = { tmpfile(), dup(STDERR_FILENO) };

	assert_non_null(capture.file);
	assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
	return capture;
}

static const char *capture_end(struct capture *capture)
{
	size_t len;

	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	rewind(capture->file);
	len = fread(lines, 1, sizeof(lines) - 1, capture->file);
	lines[len] = '\0';
	fclose(capture->file);
	return lines;
}

static void test_journal_prefix(void **state)
{
	struct capture capture = capture_begin();

	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_write(LOG_LEVEL_WARNING, "link", "%s: %d", "span-1", 7);
	assert_string_equal(capture_end(&capture), "<4>link: span-1: 7\n");
}

static void test_plain_prefix(void **state)
{
	struct capture capture = capture_begin();
	const char *line;
	char pattern[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_write(LOG_LEVEL_NOTICE, "exchange", "generation 7 confirmed");
	line = capture_end(&capture);
	for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
		if (pattern[i] == 'd') {
			assert_in_range(line[i], '0', '9');
		} else {
			assert_int_equal(line[i], pattern[i]);
		}
	}
	assert_string_equal(
		line + sizeof(pattern) - 1, "notice exchange: generation 7 confirmed\n");
}

/* What a peer or a device says cannot make a line of its own, nor drive a terminal. */
static void test_control_characters(void **state)
{
	struct capture capture = capture_begin();
	char expected[64] = "<6>link: ";
	char text[34];

	(void)state;
	for (int c = 1; c < 32; c++) {
		text[c - 1] = (char)c;
		strcat(expected, "?");
	}
	strcpy(text + 31, "\x7f"
			  "a");
	strcat(expected, "?a\n");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_write(LOG_LEVEL_INFO, "link", "%s", text);
	assert_string_equal(capture_end(&capture), expected);
}

static void test_long_lines_are_cut(void **state)
{
	struct capture capture = capture_begin();
	char text[3000];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_write(LOG_LEVEL_INFO, "link", "%s", text);
	log_write(LOG_LEVEL_INFO, text, "%s", text);
	capture_end(&capture);
	len = strcspn(lines, "\n");
	assert_in_range(len, 1000, 1024);
	assert_int_equal(lines[len], '\n');
	assert_in_range(strcspn(lines + len + 1, "\n"), 1000, 1024);
}

static void test_levels(void **state)
{
	struct capture capture = capture_begin();

	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_write(LOG_LEVEL_DEBUG, "a", "hidden");
	log_set_level(LOG_LEVEL_ERROR);
	log_write(LOG_LEVEL_WARNING, "a", "hidden");
	log_write(LOG_LEVEL_ERROR, "a", "shown");
	log_set_level(LOG_LEVEL_DEBUG);
	log_write(LOG_LEVEL_DEBUG, "a", "shown");
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(capture_end(&capture), "<3>a: shown\n<7>a: shown\n");
}

static void test_errno_is_kept(void **state)
{
	struct capture capture = capture_begin();
	int after;

	(void)state;
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_write(LOG_LEVEL_ERROR, "a", "to nobody");
	after = errno;
	capture_end(&capture);
	assert_int_equal(after, ENOSPC);
}

static void test_level_names(void **state)
{
	static const struct {
		const char *name;
		enum log_level level;
	} cases[] = {
		{ "error", LOG_LEVEL_ERROR },
		{ "warning", LOG_LEVEL_WARNING },
		{ "notice", LOG_LEVEL_NOTICE },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};
	enum log_level level;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(log_level_parse(cases[i].name, &level), 0);
		assert_int_equal(level, cases[i].level);
	}
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(log_level_parse("INFO", &level), -EINVAL);
}

static void test_limit(void **state)
{
	struct log_limit limit = { 0 };
	uint32_t suppressed = 99;

	(void)state;
	assert_true(log_limit_allow(&limit, 0, &suppressed));
	assert_int_equal(suppressed, 0);
	for (uint64_t now_ms = 0; now_ms < LOG_LIMIT_INTERVAL_MS; now_ms += 1000) {
		assert_false(log_limit_allow(&limit, now_ms, &suppressed));
	}
	assert_true(log_limit_allow(&limit, LOG_LIMIT_INTERVAL_MS, &suppressed));
	assert_int_equal(suppressed, LOG_LIMIT_INTERVAL_MS / 1000);
	assert_false(log_limit_allow(&limit, LOG_LIMIT_INTERVAL_MS + 1, &suppressed));
	assert_true(log_limit_allow(&limit, 10 * LOG_LIMIT_INTERVAL_MS, &suppressed));
	assert_int_equal(suppressed, 1);
	assert_true(log_limit_allow(&limit, 20 * LOG_LIMIT_INTERVAL_MS, &suppressed));
	assert_int_equal(suppressed, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_prefix),
		cmocka_unit_test(test_plain_prefix),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_errno_is_kept),
		cmocka_unit_test(test_level_names),
		cmocka_unit_test(test_limit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
