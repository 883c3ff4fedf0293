#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "kmeclient/kme.h"

#define UUID_TEXT_LEN 36

bool kme_key_id_valid(const char *key_id, size_t len)
{
	if (len == 0 || len > KME_KEY_ID_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char c = key_id[i];

		if (c <= ' ' || c > '~' || strchr("\"'\\/", c)) {
			return false;
		}
	}
	return true;
}

/* The form only (RFC 4122 clause 3): version and variant are not looked at. */
static bool is_uuid_form(const char *key_id)
{
	if (strlen(key_id) != UUID_TEXT_LEN) {
		return false;
	}
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? key_id[i] != '-' : !isxdigit((unsigned char)key_id[i])) {
			return false;
		}
	}
	return true;
}

bool kme_key_id_equal(const char *a, const char *b)
{
	if (is_uuid_form(a) && is_uuid_form(b)) {
		return strcasecmp(a, b) == 0;
	}
	return strcmp(a, b) == 0;
}
