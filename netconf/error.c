#include "netconf/problem.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/hex.h"

#define REDACT_RUN_MIN 16

static const char redacted[] = "[key]";

const char *applier_error_name(enum applier_error error)
{
	switch (error) {
	case APPLIER_OK:
		return "ok";
	case APPLIER_ERROR_UNREACHABLE:
		return "device-unreachable";
	case APPLIER_ERROR_HOST_KEY:
		return "device-host-key";
	case APPLIER_ERROR_LOGIN:
		return "device-login";
	case APPLIER_ERROR_PROTOCOL:
		return "device-protocol";
	case APPLIER_ERROR_TIMEOUT:
		return "device-timeout";
	case APPLIER_ERROR_CONNECTION_LOST:
		return "device-connection-lost";
	case APPLIER_ERROR_LOCKED:
		return "device-locked";
	case APPLIER_ERROR_REFUSED:
		return "device-refused";
	case APPLIER_ERROR_COMMIT_FAILED:
		return "device-commit-failed";
	case APPLIER_ERROR_NOT_CONFIGURED:
		return "device-not-configured";
	case APPLIER_ERROR_UNSUITABLE_KEY:
		return "device-unsuitable-key";
	case APPLIER_ERROR_INTERNAL:
		return "device-internal";
	case APPLIER_ERROR_COUNT:
		break;
	}
	return "device-unknown";
}

int problem_set(struct problem *problem, enum applier_error error, const char *format, ...)
{
	va_list args;

	problem->error = error;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	problem_clean(problem->text);
	return -1;
}

static size_t utf8_len_from_lead(unsigned char lead)
{
	if (lead < 0x80) {
		return 1;
	}
	if (lead < 0xc2 || lead >= 0xf5) {
		return 0;
	}
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Octets of the UTF-8 sequence at p (RFC 3629), 0 if it is none. Overlong forms do no harm here. */
static size_t utf8_len(const unsigned char *p)
{
	size_t len = utf8_len_from_lead(p[0]);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return len;
}

void problem_clean(char *text)
{
	const unsigned char *in = (const unsigned char *)text;
	char *out = text;
	bool space = false;

	while (*in) {
		size_t len = utf8_len(in);

		if (isspace(*in)) {
			space = out > text;
			in++;
			continue;
		}
		if (space) {
			*out++ = ' ';
			space = false;
		}
		if (len == 0 || *in < ' ' || *in == 0x7f) {
			*out++ = '?';
			in++;
			continue;
		}
		memmove(out, in, len);
		out += len;
		in += len;
	}
	*out = '\0';
}

/* Case-insensitive search of one run of digits in another. */
static bool contains(const char *text, size_t text_len, const char *part, size_t part_len)
{
	for (size_t i = 0; i + part_len <= text_len; i++) {
		if (strncasecmp(text + i, part, part_len) == 0) {
			return true;
		}
	}
	return false;
}

static size_t hex_run_len(const char *text)
{
	size_t len = 0;

	while (isxdigit((unsigned char)text[len])) {
		len++;
	}
	return len;
}

void problem_redact(char text[static APPLIER_ERROR_TEXT_MAX], const struct secret *key)
{
	char hex[2 * SECRET_MAX + 1];
	size_t hex_len = 2 * key->len;
	char *at = text;

	if (hex_len < REDACT_RUN_MIN) {
		return;
	}
	hex_encode(key->bytes, key->len, hex);
	while (*at) {
		size_t run = hex_run_len(at);

		if (run >= REDACT_RUN_MIN &&
			(contains(hex, hex_len, at, run) || contains(at, run, hex, hex_len))) {
			memmove(at + sizeof(redacted) - 1, at + run, strlen(at + run) + 1);
			memcpy(at, redacted, sizeof(redacted) - 1);
			run = sizeof(redacted) - 1;
		}
		at += run > 0 ? run : 1;
	}
	secret_wipe_bytes(hex, sizeof(hex));
}
