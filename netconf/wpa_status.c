#include "netconf/wpa_status.h"

#include <stdio.h>
#include <string.h>

#include "common/hex.h"

#define ADDRESS_LEN 6
#define NUMBER_DIGITS_MAX 9

/* ---- values ---------------------------------------------------------------------------------- */

/* These return false for a text that is no such value. */

static bool read_number(const char *text, uint32_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > NUMBER_DIGITS_MAX || text[digits] != '\0') {
		return false;
	}
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		*number = 10 * *number + (uint32_t)(text[i] - '0');
	}
	return true;
}

static bool read_network(const char *text, struct wpa_status *status)
{
	uint32_t number;

	if (!read_number(text, &number)) {
		return false;
	}
	status->network = number;
	return true;
}

static bool read_kay(const char *text, struct wpa_status *status)
{
	status->has_kay = true;
	return strcmp(text, "Active") == 0 || strcmp(text, "Not-Active") == 0;
}

static bool read_secured(const char *text, struct wpa_status *status)
{
	status->secured = strcmp(text, "Yes") == 0;
	return status->secured || strcmp(text, "No") == 0;
}

/* "02:00:00:00:00:0a", and what is behind it; NULL if it is none. */
static const char *read_octets(const char *text, uint8_t octets[static ADDRESS_LEN])
{
	for (size_t i = 0; i < ADDRESS_LEN; i++) {
		if (i > 0 && *text++ != ':') {
			return NULL;
		}
		if (hex_decode(text, strnlen(text, 2), &octets[i], 1) != 1) {
			return NULL;
		}
		text += 2;
	}
	return text;
}

static bool read_address(const char *text, struct wpa_status *status)
{
	const char *end = read_octets(text, status->address);

	status->has_address = true;
	return end && *end == '\0';
}

/* "02:00:00:00:00:0a@1" */
static bool read_sci(const char *text, struct wpa_status *status)
{
	uint8_t *octets = status->sci.octets;
	const char *end = read_octets(text, octets);
	uint32_t port;

	if (!end || *end != '@' || !read_number(end + 1, &port) || port > UINT16_MAX) {
		return false;
	}
	octets[6] = (uint8_t)(port >> 8);
	octets[7] = (uint8_t)port;
	return true;
}

static bool read_participant(const char *text, struct wpa_status *status)
{
	status->participates = true;
	return strcmp(text, "0") == 0;
}

static bool read_ckn(const char *text, struct wpa_status *status)
{
	int len = hex_decode(text, strlen(text), status->ckn, sizeof(status->ckn));

	status->ckn_len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static bool read_live_peers(const char *text, struct wpa_status *status)
{
	return read_number(text, &status->live_peers);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* What a name belongs to, and must be there with it. */
enum part { PART_NONE, PART_KAY, PART_PARTICIPANT };

static const struct field {
	const char *name;
	enum part part;
	bool (*read)(const char *text, struct wpa_status *status);
} fields[] = {
	{ "id", PART_NONE, read_network },
	{ "address", PART_NONE, read_address },
	{ "PAE KaY status", PART_KAY, read_kay },
	{ "Secured", PART_KAY, read_secured },
	{ "actor_sci", PART_KAY, read_sci },
	{ "participant_idx", PART_PARTICIPANT, read_participant },
	{ "ckn", PART_PARTICIPANT, read_ckn },
	{ "live_peers", PART_PARTICIPANT, read_live_peers },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))
#define VALUE_MAX_LEN (2 * APPLIER_CKN_MAX) /* a CKN is the longest */

struct line {
	const char *text;
	size_t len;
};

/* NULL if the line is no NAME=VALUE of a known name. */
static const struct field *find_field(const struct line *line, struct line *value)
{
	const char *equals = memchr(line->text, '=', line->len);
	size_t len = equals ? (size_t)(equals - line->text) : 0;

	for (size_t i = 0; i < FIELD_COUNT && equals; i++) {
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, line->text, len) == 0) {
			*value = (struct line){ equals + 1, line->len - len - 1 };
			return &fields[i];
		}
	}
	return NULL;
}

static bool read_value(
	const struct field *field, const struct line *value, struct wpa_status *status)
{
	char text[VALUE_MAX_LEN + 1];

	if (value->len > VALUE_MAX_LEN) {
		return false;
	}
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return field->read(text, status);
}

static int check_complete(unsigned seen, const struct wpa_status *status, struct problem *problem)
{
	unsigned parts = 0;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		parts |= seen & 1u << i ? 1u << fields[i].part : 0;
	}
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (!(seen & 1u << i) && fields[i].part != PART_NONE &&
			parts & 1u << fields[i].part) {
			return problem_set(problem, APPLIER_ERROR_PROTOCOL,
				"its status lacks \"%s\"", fields[i].name);
		}
	}
	if (status->participates && !status->has_kay) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"its status has a participant without \"%s\"", "PAE KaY status");
	}
	return 0;
}

/* wpa_supplicant numbers its participants from 0; some forks have a fallback key as the second. */
static int refuse_twice(const struct field *field, struct problem *problem)
{
	if (field->part == PART_PARTICIPANT) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"it has more than one MKA participant: configure one CAK only");
	}
	return problem_set(
		problem, APPLIER_ERROR_PROTOCOL, "its status has \"%s\" twice", field->name);
}

static int read_line(
	const struct line *line, unsigned *seen, struct wpa_status *status, struct problem *problem)
{
	struct line value;
	const struct field *field = find_field(line, &value);
	unsigned bit;

	if (!field) {
		return 0;
	}
	bit = 1u << (field - fields);
	if (*seen & bit) {
		return refuse_twice(field, problem);
	}
	*seen |= bit;
	return read_value(field, &value, status)
		       ? 0
		       : problem_set(problem, APPLIER_ERROR_PROTOCOL,
				 "its status has a value of \"%s\" that is none", field->name);
}

int wpa_status_read(const char *text, struct wpa_status *status, struct problem *problem)
{
	unsigned seen = 0;

	*status = (struct wpa_status){ .network = -1 };
	while (*text) {
		struct line line = { text, strcspn(text, "\n") };

		if (text[line.len] == '\0') {
			return problem_set(
				problem, APPLIER_ERROR_PROTOCOL, "its status is cut off");
		}
		if (read_line(&line, &seen, status, problem) < 0) {
			return -1;
		}
		text += line.len + 1;
	}
	return check_complete(seen, status, problem);
}
