#include "keyidd/control_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"

#define HEX_MAX 64 /* octets */

/* Keeps printable ASCII. Only for text that is not UTF-8, which nothing sound sends. */
static json_t *ascii_only(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	for (char *at = copy; at && *at; at++) {
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f) {
			*at = '?';
		}
	}
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

json_t *control_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	return value ? value : ascii_only(text);
}

json_t *control_text_or_null(const char *text)
{
	return control_text(text && text[0] ? text : NULL);
}

json_t *control_hex(const uint8_t *octets, size_t len)
{
	char text[2 * HEX_MAX + 1];

	hex_encode(octets, len < HEX_MAX ? len : HEX_MAX, text);
	return json_string(text);
}

static json_t *time_text(int64_t at_s, const char *fraction)
{
	time_t at = (time_t)at_s;
	struct tm utc;
	char date[32];

	if (!gmtime_r(&at, &utc) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
		return json_null();
	}
	return json_sprintf("%s%sZ", date, fraction);
}

json_t *control_time_s(int64_t at_s)
{
	return at_s > 0 ? time_text(at_s, "") : json_null();
}

json_t *control_time_ms(int64_t at_ms)
{
	char fraction[8];

	if (at_ms <= 0) {
		return json_null();
	}
	snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(at_ms % 1000));
	return time_text(at_ms / 1000, fraction);
}

json_t *control_number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *control_generation(uint64_t generation)
{
	return generation ? control_number(generation) : json_null();
}

json_t *control_reason(unsigned reason)
{
	return reason == REASON_NONE ? json_null() : json_string(reason_name(reason));
}

json_t *control_sae(const struct sae_id *sae)
{
	return control_text_or_null(sae->text);
}

const char *control_iface_state(enum iface_state state)
{
	switch (state) {
	case IFACE_STATE_OPEN:
		return "open";
	case IFACE_STATE_MISSING:
		return "missing";
	case IFACE_STATE_DOWN:
		return "down";
	case IFACE_STATE_NO_CARRIER:
		return "no-carrier";
	case IFACE_STATE_NOT_OPEN:
		return "not-open";
	}
	return "unknown";
}

json_t *control_device_type(enum config_device_type type)
{
	switch (type) {
	case CONFIG_DEVICE_JUNOS:
		return json_string("junos");
	case CONFIG_DEVICE_HOOK:
		return json_string("hook");
	case CONFIG_DEVICE_MACSEC:
		return json_string("macsec");
	case CONFIG_DEVICE_WPA:
		return json_string("wpa_supplicant");
	case CONFIG_DEVICE_DRY_RUN:
		return json_string("dry-run");
	}
	return json_null();
}

json_t *control_transmit(const struct transmit_sa *sas, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:b}", "token",
				control_hex(sas[i].token, CKN_TOKEN_LEN), "nonce",
				control_hex(sas[i].nonce, NONCE_LEN), "unused", sas[i].unused));
	}
	return list;
}

const char *control_age(uint64_t age_ms, char out[static CONTROL_AGE_TEXT])
{
	uint64_t s = age_ms / 1000;

	if (s == 0) {
		snprintf(out, CONTROL_AGE_TEXT, "%" PRIu64 " ms", age_ms);
	} else if (s < 60) {
		snprintf(out, CONTROL_AGE_TEXT, "%" PRIu64 " s", s);
	} else if (s < 3600) {
		snprintf(out, CONTROL_AGE_TEXT, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	} else if (s < 86400) {
		snprintf(out, CONTROL_AGE_TEXT, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
			s / 60 % 60);
	} else {
		snprintf(out, CONTROL_AGE_TEXT, "%" PRIu64 " d %" PRIu64 " h", s / 86400,
			s / 3600 % 24);
	}
	return out;
}

void control_append(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}
