#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/keyidctl/ctl.h"

#define TEXTS 16 /* as many as a row has cells */
#define TEXT_MAX 32
#define SAY_MAX 4096

const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && text[0] ? text : "-";
}

bool flag_of(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

const char *interface_state(const json_t *object)
{
	const char *state = text_of(object, "state");

	return strcmp(state, "no-carrier") == 0 ? "no carrier"
	       : strcmp(state, "not-open") == 0 ? "not open"
						: state;
}

json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool has(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value && !json_is_null(value) &&
	       !(json_is_array(value) && json_array_size(value) == 0);
}

static char *next_text(void)
{
	static char texts[TEXTS][TEXT_MAX];
	static unsigned next;

	return texts[next++ % TEXTS];
}

const char *number_text(const json_t *object, const char *name)
{
	char *text = next_text();

	if (!json_is_integer(json_object_get(object, name))) {
		return "-";
	}
	snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT, number_of(object, name));
	return text;
}

static const char *duration(json_int_t s)
{
	char *text = next_text();

	if (s < 60) {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT "s", s);
	} else if (s < 3600) {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT "m %" JSON_INTEGER_FORMAT "s",
			s / 60, s % 60);
	} else if (s < 86400) {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT "h %" JSON_INTEGER_FORMAT "m",
			s / 3600, s / 60 % 60);
	} else {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT "d %" JSON_INTEGER_FORMAT "h",
			s / 86400, s / 3600 % 24);
	}
	return text;
}

const char *duration_text(const json_t *object, const char *name)
{
	return json_is_integer(json_object_get(object, name)) ? duration(number_of(object, name))
							      : "-";
}

const char *ago_text(const json_t *object, const char *name)
{
	json_int_t ms = number_of(object, name);
	char *text;

	if (!json_is_integer(json_object_get(object, name))) {
		return "-";
	}
	if (ms >= 10000) {
		return duration(ms / 1000);
	}
	text = next_text();
	if (ms < 1000) {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT "ms", ms);
	} else {
		snprintf(text, TEXT_MAX, "%.1fs", (double)ms / 1000);
	}
	return text;
}

/*
 * No control character reaches the terminal, whatever a device may have said:
 * neither C0 nor, in UTF-8, C1, which some terminals obey as well.
 */
static void clean(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
			*at++ = '?';
			*at = '?';
		} else if (*at < ' ' || *at == 0x7f) {
			*at = '?';
		}
	}
}

static void say_to(FILE *to, const char *format, va_list args)
{
	char text[SAY_MAX];

	vsnprintf(text, sizeof(text), format, args);
	clean(text);
	fputs(text, to);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_to(stdout, format, args);
	va_end(args);
}

void say_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_to(stdout, format, args);
	va_end(args);
	putchar('\n');
}

void complain(const char *format, ...)
{
	va_list args;

	fputs("keyidctl: ", stderr);
	va_start(args, format);
	say_to(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}

static bool colourful(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

const char *bold(void)
{
	return colourful() ? "\033[1m" : "";
}

const char *alarm_colour(void)
{
	return colourful() ? "\033[31m" : "";
}

const char *plain(void)
{
	return colourful() ? "\033[0m" : "";
}
