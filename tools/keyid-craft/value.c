#include "tools/keyid-craft/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"

#define NS_PER_S 1000000000u
#define DURATION_MAX_MS (UINT64_C(30) * 86400 * 1000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

uint64_t value_number_of(
	struct script *script, const char *word, const char *what, uint64_t min, uint64_t max)
{
	int base = strncmp(word, "0x", 2) == 0 ? 16 : 10;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(word, &end, base);
	if (!is_digit(word[0]) || *end != '\0' || errno != 0) {
		script_error(script, "%s: '%s' is no number", what, word);
		return 0;
	}
	if (value < min || value > max) {
		script_error(
			script, "%s: %s is not within %" PRIu64 "..%" PRIu64, what, word, min, max);
		return 0;
	}
	return value;
}

uint64_t value_number(struct script *script, const char *what, uint64_t min, uint64_t max)
{
	const char *word = script_need(script, what);

	return word ? value_number_of(script, word, what, min, max) : 0;
}

/* "1.25": whole seconds in *s, the rest in *ns. False if it is no such number. */
static bool read_seconds(const char *word, uint64_t *s, uint64_t *ns)
{
	char *at;
	uint64_t unit = NS_PER_S / 10;

	if (!is_digit(*word)) {
		return false;
	}
	errno = 0;
	*s = strtoull(word, &at, 10);
	*ns = 0;
	if (*at == '.') {
		for (at++; is_digit(*at) && unit > 0; at++, unit /= 10) {
			*ns += (uint64_t)(*at - '0') * unit;
		}
	}
	return *at == '\0' && errno == 0;
}

uint64_t value_time_ns(struct script *script, uint64_t now_ns)
{
	const char *word = script_need(script, "a time");
	uint64_t s, ns;
	bool later;

	if (!word) {
		return 0;
	}
	later = *word == '+';
	if (!read_seconds(word + later, &s, &ns)) {
		script_error(script, "'%s' is no time: seconds, as in 1.25 or +0.005", word);
		return 0;
	}
	if (s <= VALUE_TIME_MAX_S) {
		ns += s * NS_PER_S + (later ? now_ns : 0);
	}
	if (s > VALUE_TIME_MAX_S || ns > (uint64_t)VALUE_TIME_MAX_S * NS_PER_S) {
		script_error(script, "%s is more than a day: %d s", word, VALUE_TIME_MAX_S);
		return 0;
	}
	return ns;
}

uint64_t value_duration_ms(struct script *script, const char *what)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 } };
	const char *word = script_need(script, what);
	uint64_t value;
	char *end;

	if (!word) {
		return 0;
	}
	value = is_digit(*word) ? strtoull(word, &end, 10) : 0;
	for (size_t i = 0; value > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) == 0 && value <= DURATION_MAX_MS / units[i].ms) {
			return value * units[i].ms;
		}
	}
	script_error(
		script, "%s: '%s' is no duration, as 500ms, 2s or 1h, of at most 30d", what, word);
	return 0;
}

int64_t value_date(struct script *script, const char *what, int64_t clock_s)
{
	const char *word = script_need(script, what);
	struct tm parts = { 0 };
	const char *end;

	if (!word) {
		return 0;
	}
	if (*word == '+') {
		return clock_s + (int64_t)value_number_of(script, word + 1, what, 0, INT32_MAX);
	}
	if (!strchr(word, 'T')) {
		return (int64_t)value_number_of(script, word, what, 0, INT64_MAX);
	}
	end = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (!end || *end != '\0') {
		script_error(script, "%s: '%s' is no date, as 2026-01-31T12:00:00Z", what, word);
		return 0;
	}
	return timegm(&parts);
}

void value_address(struct script *script, const char *what, uint8_t *out, size_t len)
{
	const char *word = script_need(script, what);

	memset(out, 0, len);
	if (!word) {
		return;
	}
	for (size_t i = 0; i < len; i++) {
		const char *at = word + 3 * i;
		char after = i + 1 < len ? ':' : '\0';

		if (strnlen(at, 3) < 2 || hex_decode(at, 2, out + i, 1) != 1 || at[2] != after) {
			script_error(script, "%s: '%s' is not %zu octets, as in 02:00:0a...", what,
				word, len);
			return;
		}
	}
}

void value_digits(struct script *script, const char *what, uint8_t *out, size_t len)
{
	const char *word = script_need(script, what);

	if (word && hex_decode(word, strlen(word), out, len) != (int)len) {
		script_error(script, "%s: '%s' is not %zu hexadecimal digits", what, word, 2 * len);
	}
}

/* DIGITS*N: those octets N times; returns how many, or -errno. */
static int read_repeated(const char *word, size_t digits, uint8_t *out, size_t max)
{
	int len = hex_decode(word, digits, out, max);
	char *end;
	unsigned long count;

	errno = 0;
	count = strtoul(word + digits + 1, &end, 10);
	if (len < 0 || !is_digit(word[digits + 1]) || *end != '\0' || errno != 0) {
		return len < 0 ? len : -EINVAL;
	}
	if (len > 0 && count > max / (size_t)len) {
		return -EMSGSIZE;
	}
	for (size_t i = 1; i < count; i++) {
		memcpy(out + i * (size_t)len, out, (size_t)len);
	}
	return len * (int)count;
}

/* One group of digits or one text; returns its octets, or -errno. */
static int read_octets(const char *word, uint8_t *out, size_t max)
{
	size_t len = strlen(word), digits = strcspn(word, "*");

	if (*word != '"') {
		return digits < len ? read_repeated(word, digits, out, max)
				    : hex_decode(word, len, out, max);
	}
	if (len - 1 > max) {
		return -EMSGSIZE;
	}
	memcpy(out, word + 1, len - 1);
	return (int)len - 1;
}

size_t value_octets(struct script *script, uint8_t *out, size_t max)
{
	size_t used = 0;
	const char *word = script_need(script, "octets");

	for (; word; word = script_word(script)) {
		int len = read_octets(word, out + used, max - used);

		if (len == -EMSGSIZE) {
			script_error(script, "more than %zu octets", max);
		} else if (len < 0) {
			script_error(script, "'%s' is neither hexadecimal nor in quotes", word);
		} else {
			used += (size_t)len;
		}
	}
	return script->failed ? 0 : used;
}

char *value_item(char **list)
{
	return *list ? strsep(list, ",") : NULL;
}
