/*
 * Published: <current-time><date-time junos:seconds="1702553555">2023-12-14
 * 11:32:35 UTC</date-time></current-time>, with the local zone's abbreviation
 * elsewhere and the attribute always in UTC; several of them, one a routing
 * engine, under <multi-routing-engine-results>. Start-times shown as
 * "2000-1-1.00:01:00 +0000" and "2026-10-6.04:58:34 -0700": month and day without
 * leading zeros, in the device's zone. Juniper's syntax: yyyy-mm-dd.hh:mm:ss, in
 * UTC.
 *
 * Inferred: that "+0000" after a start-time is taken by a load as it is shown.
 * Whatever a device makes of it is read back from the candidate and compared
 * before it is committed.
 */
#include "netconf/junos_clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netconf/rpc.h"
#include "netconf/xml.h"

#define TEXT_MAX 64
#define HOUR_S 3600
#define MINUTE_S 60
#define CLOCK_SLACK_S 2 /* between a device's taking the seconds and its writing the text */

xmlDoc *junos_get_clock(void)
{
	xmlNode *node;

	return rpc_new("get-system-uptime-information", &node);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A number of digits_min to digits_max digits, at most max; moves *text past it. */
static bool read_number(const char **text, int digits_min, int digits_max, int max, int *value)
{
	int digits = 0;

	*value = 0;
	while (digits < digits_max && isdigit((unsigned char)**text)) {
		*value = *value * 10 + *(*text)++ - '0';
		digits++;
	}
	return digits >= digits_min && *value <= max;
}

static bool skip(const char **text, char expected)
{
	if (**text != expected) {
		return false;
	}
	++*text;
	return true;
}

/* "YYYY-M-D", a separator, "H:M" and perhaps ":S". */
static bool read_date_time(const char **text, char separator, struct tm *tm)
{
	memset(tm, 0, sizeof(*tm));
	if (!read_number(text, 4, 4, 9999, &tm->tm_year) || !skip(text, '-') ||
		!read_number(text, 1, 2, 12, &tm->tm_mon) || !skip(text, '-') ||
		!read_number(text, 1, 2, 31, &tm->tm_mday) || !skip(text, separator) ||
		!read_number(text, 1, 2, 23, &tm->tm_hour) || !skip(text, ':') ||
		!read_number(text, 1, 2, 59, &tm->tm_min)) {
		return false;
	}
	if (skip(text, ':') && !read_number(text, 1, 2, 59, &tm->tm_sec)) {
		return false;
	}
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* The fields as if they were UTC. There is no 31 April: timegm() would make it 1 May. */
static bool to_seconds(const struct tm *tm, int64_t *seconds)
{
	struct tm normalised = *tm;

	*seconds = timegm(&normalised);
	return normalised.tm_mon == tm->tm_mon && normalised.tm_mday == tm->tm_mday;
}

/* What stands after a start-time; all of it. */
static bool read_zone(const char *text, int32_t *zone_s)
{
	int sign = *text == '-' ? -1 : 1;
	int hours;
	int minutes;

	*zone_s = 0;
	if (!*text || strcmp(text, "UTC") == 0 || strcmp(text, "Z") == 0) {
		return true;
	}
	if (!skip(&text, '+') && !skip(&text, '-')) {
		return false;
	}
	if (!read_number(&text, 2, 2, 14, &hours)) {
		return false;
	}
	skip(&text, ':');
	*zone_s = 0;
	if (!read_number(&text, 2, 2, 59, &minutes) || *text) {
		return false;
	}
	*zone_s = sign * (hours * HOUR_S + minutes * MINUTE_S);
	return true;
}

static const char *skip_spaces(const char *text)
{
	while (isspace((unsigned char)*text)) {
		text++;
	}
	return text;
}

bool junos_read_start(const char *text, int64_t *start, int32_t *zone_s)
{
	int64_t local;
	struct tm tm;

	if (!read_date_time(&text, '.', &tm) || !to_seconds(&tm, &local) ||
		!read_zone(skip_spaces(text), zone_s)) {
		return false;
	}
	*start = local - *zone_s;
	return *start >= 0 && *start <= JUNOS_START_MAX;
}

void junos_write_start(int64_t start, char out[static JUNOS_START_TEXT_MAX])
{
	time_t seconds = (time_t)start;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, JUNOS_START_TEXT_MAX, "%Y-%m-%d.%H:%M:%S +0000", &tm);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* By local name: "junos:seconds", whatever its prefix. */
static int64_t read_seconds(const xmlNode *node)
{
	int64_t seconds = 0;
	xmlChar *text = NULL;

	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
		if (strcmp((const char *)attribute->name, "seconds") == 0) {
			text = xmlNodeGetContent((const xmlNode *)attribute);
			break;
		}
	}
	for (const xmlChar *p = text; p && *p; p++) {
		if (!isdigit(*p) || seconds > JUNOS_START_MAX / 10) {
			seconds = 0;
			break;
		}
		seconds = seconds * 10 + *p - '0';
	}
	xmlFree(text);
	return seconds <= JUNOS_START_MAX ? seconds : 0;
}

void junos_read_clock(const xmlDoc *reply, struct junos_clock *clock)
{
	const xmlNode *current = xml_find(xmlDocGetRootElement(reply), "current-time");
	const xmlNode *node = xml_child(current, "date-time");
	char text[TEXT_MAX];
	const char *rest = text;
	int64_t shown_s = 0;
	struct tm tm;

	memset(clock, 0, sizeof(*clock));
	if (!node) {
		return;
	}
	clock->now_s = read_seconds(node);
	xml_text(node, text, sizeof(text));
	if (!read_date_time(&rest, ' ', &tm) || !to_seconds(&tm, &shown_s) || shown_s <= 0 ||
		shown_s > JUNOS_START_MAX) {
		return;
	}
	snprintf(clock->zone, sizeof(clock->zone), "%s", skip_spaces(rest));
	clock->utc = strcmp(clock->zone, "UTC") == 0;
	if (clock->now_s == 0 && clock->utc) {
		clock->now_s = shown_s;
	}
	/* A zone may be called anything: the difference is what counts. */
	if (llabs(clock->now_s - shown_s) > CLOCK_SLACK_S) {
		clock->utc = false;
	}
}
