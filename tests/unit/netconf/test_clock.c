/* Clocks and start-times, as devices are known to write them and as they might. */
#include "netconf/junos_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/netconf/document.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define JUNOS "xmlns:junos=\"http://xml.juniper.net/junos/23.2R0/junos\""
#define LEAP_DAY INT64_C(1709164800) /* 2024-02-29T00:00:00Z */

static void test_read_start(void **state)
{
	static const struct {
		const char *text;
		int64_t start;
		int32_t zone_s;
	} cases[] = {
		{ "2024-02-29.00:00:00 +0000", LEAP_DAY, 0 },
		{ "2024-02-29.00:00:00+0000", LEAP_DAY, 0 },
		{ "2024-02-29.00:00:00", LEAP_DAY, 0 },
		{ "2024-02-29.00:00", LEAP_DAY, 0 },
		{ "2024-2-29.0:0:0 UTC", LEAP_DAY, 0 },
		{ "2024-02-29.00:00:00Z", LEAP_DAY, 0 },
		{ "2024-02-29.00:00:59 +00:00", LEAP_DAY + 59, 0 },
		{ "2024-2-28.17:00:00 -0700", LEAP_DAY, -7 * 3600 },
		{ "2024-02-29.05:45:00 +0545", LEAP_DAY, 5 * 3600 + 45 * 60 },
		{ "2024-02-29.14:00:00 +14:00", LEAP_DAY, 14 * 3600 },
		/* as published */
		{ "2000-1-1.00:01:00 +0000", 946684860, 0 },
		{ "2026-10-6.04:58:34 -0700", 1791287914, -7 * 3600 },
		{ "1970-01-01.00:00:00 +0000", 0, 0 },
		{ "9999-12-31.23:59:59 +0000", JUNOS_START_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t start = -1;
		int32_t zone_s = -1;

		assert_true(junos_read_start(cases[i].text, &start, &zone_s));
		assert_int_equal(start, cases[i].start);
		assert_int_equal(zone_s, cases[i].zone_s);
	}
}

static void test_read_start_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		"now",
		"2024-02-30.00:00:00 +0000",
		"2023-02-29.00:00:00 +0000",
		"2024-13-01.00:00:00 +0000",
		"2024-00-01.00:00:00 +0000",
		"2024-04-00.00:00:00 +0000",
		"2024-04-31.00:00:00 +0000",
		"2024-04-01.24:00:00 +0000",
		"2024-04-01.00:60:00 +0000",
		"2024-04-01.00:00:60 +0000",
		"2024-04-01 00:00:00 +0000",
		"2024-04-01.00:00: +0000",
		"2024-04-01.00 +0000",
		"24-04-01.00:00:00 +0000",
		"02024-04-01.00:00:00 +0000",
		"2024-004-01.00:00:00 +0000",
		"2024-04-01.00:00:00 +00",
		"2024-04-01.00:00:00 +00000",
		"2024-04-01.00:00:00 0000",
		"2024-04-01.00:00:00 +1500",
		"2024-04-01.00:00:00 +0060",
		"2024-04-01.00:00:00 PDT",
		"2024-04-01.00:00:00 +0000 x",
		"2024-04-01.00:00:00 +0000 +0100",
		"-2024-04-01.00:00:00",
		"1969-12-31.23:59:59 +0000",
		"1970-01-01.00:00:00 +0100",
		"9999-12-31.23:59:59 -0001",
		"99999999999999999999-1-1.0:0:0",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t start;
		int32_t zone_s;

		if (junos_read_start(texts[i], &start, &zone_s)) {
			fail_msg("'%s' read as %lld", texts[i], (long long)start);
		}
	}
}

/* What is written is read the same, month ends and leap years among it. */
static void test_write_start(void **state)
{
	char text[JUNOS_START_TEXT_MAX];

	(void)state;
	junos_write_start(LEAP_DAY - 1, text);
	assert_string_equal(text, "2024-02-28.23:59:59 +0000");
	junos_write_start(JUNOS_START_MAX, text);
	assert_string_equal(text, "9999-12-31.23:59:59 +0000");
	for (int64_t start = 0; start < INT64_C(8000000000); start += 12345679) {
		int64_t read = -1;
		int32_t zone_s = -1;

		junos_write_start(start, text);
		assert_true(junos_read_start(text, &read, &zone_s));
		assert_int_equal(read, start);
		assert_int_equal(zone_s, 0);
	}
}

/* ---- the clock ------------------------------------------------------------------------------- */

static struct junos_clock read_clock(const char *body)
{
	struct junos_clock clock;
	char text[2048];
	xmlDoc *doc;

	snprintf(text, sizeof(text), "<rpc-reply " BASE " " JUNOS ">%s</rpc-reply>", body);
	doc = parse(text);
	assert_non_null(doc);
	junos_read_clock(doc, &clock);
	xmlFreeDoc(doc);
	return clock;
}

static struct junos_clock read_date_time(const char *attribute, const char *text)
{
	char body[512];

	snprintf(body, sizeof(body),
		"<system-uptime-information><current-time><date-time%s>%s</date-time>"
		"</current-time></system-uptime-information>",
		attribute, text);
	return read_clock(body);
}

#define SECONDS " junos:seconds=\"1702553555\""

static void test_clock(void **state)
{
	static const struct {
		const char *attribute;
		const char *text;
		int64_t now_s;
		bool utc;
		const char *zone;
	} cases[] = {
		{ SECONDS, "2023-12-14 11:32:35 UTC", 1702553555, true, "UTC" }, /* as published */
		{ SECONDS, "\n2023-12-14 11:32:34 UTC\n", 1702553555, true, "UTC" },
		{ "", "2023-12-14 11:32:35 UTC", 1702553555, true, "UTC" },
		{ SECONDS, "2023-12-14 14:32:35 MSK", 1702553555, false, "MSK" },
		/* called UTC, and is not; is the same now, and is not in summer */
		{ SECONDS, "2023-12-14 14:32:35 UTC", 1702553555, false, "UTC" },
		{ SECONDS, "2023-12-14 11:32:35 GMT", 1702553555, false, "GMT" },
		{ SECONDS, "2023-12-14 11:32:35", 1702553555, false, "" },
		{ SECONDS, "11:32AM", 1702553555, false, "" },
		{ "", "2023-12-14 14:32:35 MSK", 0, false, "MSK" },
		{ "", "1702553555", 0, false, "" },
		{ "", "", 0, false, "" },
		{ " seconds=\"17o2553555\"", "", 0, false, "" },
		{ " seconds=\"-1\"", "", 0, false, "" },
		{ " seconds=\"99999999999999999999999\"", "", 0, false, "" },
		{ " seconds=\"253402300800\"", "", 0, false, "" },
		{ "", "1969-12-31 23:59:59 UTC", 0, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct junos_clock clock = read_date_time(cases[i].attribute, cases[i].text);

		assert_int_equal(clock.now_s, cases[i].now_s);
		assert_int_equal(clock.utc, cases[i].utc);
		assert_string_equal(clock.zone, cases[i].zone);
	}
}

/* Not the boot time, nor when a user logged in; and of two routing engines, the first. */
static void test_clock_among_other_times(void **state)
{
	struct junos_clock clock;

	(void)state;
	clock = read_clock("<multi-routing-engine-results><multi-routing-engine-item>"
			   "<re-name>re0</re-name><system-uptime-information>"
			   "<current-time><date-time" SECONDS ">2023-12-14 11:32:35 UTC</date-time>"
			   "</current-time><system-booted-time><date-time seconds=\"1\">x"
			   "</date-time></system-booted-time></system-uptime-information>"
			   "</multi-routing-engine-item><multi-routing-engine-item>"
			   "<system-uptime-information><current-time><date-time seconds=\"2\">x"
			   "</date-time></current-time></system-uptime-information>"
			   "</multi-routing-engine-item></multi-routing-engine-results>");
	assert_int_equal(clock.now_s, 1702553555);
	assert_true(clock.utc);
	clock = read_clock("<system-uptime-information><system-booted-time><date-time" SECONDS
			   ">2023-12-14 11:32:35 UTC</date-time></system-booted-time>"
			   "</system-uptime-information>");
	assert_int_equal(clock.now_s, 0);
	assert_int_equal(read_clock("").now_s, 0);
	assert_int_equal(read_clock("<current-time/>").now_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_start),
		cmocka_unit_test(test_read_start_refuses),
		cmocka_unit_test(test_write_start),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_clock_among_other_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
