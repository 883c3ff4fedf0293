/* A record of the exchange as a row that an operator can read. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "common/hex.h"
#include "keyidd/state_private.h"

/* In the order of STATE_RECORD_COLUMNS. */
enum column {
	COLUMN_ROLE,
	COLUMN_HIGHEST,
	COLUMN_STAGE,
	COLUMN_STAGED,
	COLUMN_DECISION = COLUMN_STAGED + 6,
	COLUMN_COMMITTED,
	COLUMN_COMMITTED_HELD = COLUMN_COMMITTED + 6,
	COLUMN_CONFIRMED_AT,
	COLUMN_FETCH_HOUR,
	COLUMN_FETCH_COUNT,
};

/* The parameter of STATE_RECORD_PARAMETERS that a column is written by. */
#define PARAMETER(column) ((column) + 3)

/* Of a proposal, from COLUMN_STAGED or COLUMN_COMMITTED on. */
enum proposal_column { GENERATION, DIGEST, AN, START, SPACING, KEY_IDS };

struct name {
	int value;
	const char *text;
};

static const struct name roles[] = { { EXCHANGE_MASTER, "master" }, { EXCHANGE_SLAVE, "slave" },
	{ 0 } };

static const struct name stages[] = {
	{ EXCHANGE_STAGE_NONE, "none" },
	{ EXCHANGE_STAGE_FETCHING, "fetching" },
	{ EXCHANGE_STAGE_HELD, "held" },
	{ EXCHANGE_STAGE_ABORTED, "aborted" },
	{ 0 },
};

static const struct name decisions[] = {
	{ SLOT_EMPTY, "none" },
	{ SLOT_COMMIT, "commit" },
	{ SLOT_CONFIRMED, "confirmed" },
	{ 0 },
};

static const char *name_of(const struct name *names, int value)
{
	for (; names->text; names++) {
		if (names->value == value) {
			return names->text;
		}
	}
	return NULL;
}

static int value_of(const struct name *names, const char *text)
{
	for (; text && names->text; names++) {
		if (strcmp(names->text, text) == 0) {
			return names->value;
		}
	}
	return -EBADMSG;
}

/* ---- what can be right ---- */

static bool proposal_valid(const struct proposal *proposal, uint64_t highest, size_t least_keys)
{
	if (proposal->generation < 1 || proposal->generation > highest) {
		return false;
	}
	if (proposal->an > 3 && proposal->an != AN_NONE) {
		return false;
	}
	if (proposal->key_count < least_keys || proposal->key_count > BATCH_MAX) {
		return false;
	}
	for (size_t i = 0; i < proposal->key_count; i++) {
		if (proposal->keys[i].len < 1 || proposal->keys[i].len > KEY_ID_MAX) {
			return false;
		}
	}
	return true;
}

static bool stage_valid(const struct exchange_record *record)
{
	switch (record->stage) {
	case EXCHANGE_STAGE_NONE:
		return true;
	case EXCHANGE_STAGE_FETCHING:
	case EXCHANGE_STAGE_ABORTED:
		/* A master has no key_IDs before the KME has answered. */
		return proposal_valid(&record->staged, record->highest, 0);
	case EXCHANGE_STAGE_HELD:
		return proposal_valid(&record->staged, record->highest, 1);
	}
	return false;
}

static bool decision_valid(const struct exchange_record *record)
{
	switch (record->decision) {
	case SLOT_EMPTY:
		return !record->committed_held;
	case SLOT_COMMIT:
	case SLOT_CONFIRMED:
		return proposal_valid(&record->committed, record->highest, 1);
	case SLOT_PREPARE:
	case SLOT_ABORT:
		break;
	}
	return false;
}

bool state_record_valid(const struct exchange_record *record)
{
	return record->highest <= INT64_MAX && record->confirmed_at >= 0 &&
	       record->fetch_hour >= 0 && stage_valid(record) && decision_valid(record);
}

/* ---- writing ---- */

static int bind_key_ids(sqlite3_stmt *put, int parameter, const struct proposal *proposal)
{
	json_t *array = json_array();
	char *text;
	int result;

	for (size_t i = 0; i < proposal->key_count; i++) {
		json_array_append_new(
			array, json_stringn(proposal->keys[i].text, proposal->keys[i].len));
	}
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	if (!text) {
		return SQLITE_NOMEM;
	}
	result = sqlite3_bind_text(put, parameter, text, -1, SQLITE_TRANSIENT);
	free(text);
	return result;
}

/* A proposal without meaning is left NULL. Returns 0 if every value could be bound. */
static int bind_proposal(sqlite3_stmt *put, int first, const struct proposal *proposal, bool meant)
{
	char digest[2 * DIGEST_LEN + 1];
	int failed = 0;

	if (!meant) {
		return 0;
	}
	hex_encode(proposal->digest, DIGEST_LEN, digest);
	failed |= sqlite3_bind_int64(put, first + GENERATION, (int64_t)proposal->generation);
	failed |= sqlite3_bind_text(put, first + DIGEST, digest, -1, SQLITE_TRANSIENT);
	if (proposal->an != AN_NONE) {
		failed |= sqlite3_bind_int(put, first + AN, proposal->an);
	}
	failed |= sqlite3_bind_int64(put, first + START, proposal->start);
	failed |= sqlite3_bind_int64(put, first + SPACING, proposal->spacing_s);
	failed |= bind_key_ids(put, first + KEY_IDS, proposal);
	return failed;
}

static int bind_name(sqlite3_stmt *put, enum column column, const char *name)
{
	return sqlite3_bind_text(put, PARAMETER(column), name, -1, SQLITE_STATIC);
}

static int bind_number(sqlite3_stmt *put, enum column column, int64_t number)
{
	return sqlite3_bind_int64(put, PARAMETER(column), number);
}

int state_record_bind(
	sqlite3_stmt *put, enum exchange_role role, const struct exchange_record *record)
{
	bool staged = record->stage != EXCHANGE_STAGE_NONE;
	bool decided = record->decision != SLOT_EMPTY;
	int failed = 0;

	failed |= bind_name(put, COLUMN_ROLE, name_of(roles, role));
	failed |= bind_number(put, COLUMN_HIGHEST, (int64_t)record->highest);
	failed |= bind_name(put, COLUMN_STAGE, name_of(stages, record->stage));
	failed |= bind_proposal(put, PARAMETER(COLUMN_STAGED), &record->staged, staged);
	failed |= bind_name(put, COLUMN_DECISION, name_of(decisions, record->decision));
	failed |= bind_proposal(put, PARAMETER(COLUMN_COMMITTED), &record->committed, decided);
	failed |= bind_number(put, COLUMN_COMMITTED_HELD, record->committed_held);
	failed |= bind_number(put, COLUMN_CONFIRMED_AT, record->confirmed_at);
	failed |= bind_number(put, COLUMN_FETCH_HOUR, record->fetch_hour);
	failed |= bind_number(put, COLUMN_FETCH_COUNT, record->fetch_count);
	return failed ? -ENOMEM : 0;
}

/* ---- reading ---- */

static const char *text_at(sqlite3_stmt *get, int column)
{
	return (const char *)sqlite3_column_text(get, column);
}

static bool read_u32(sqlite3_stmt *get, int column, uint32_t *out)
{
	int64_t value = sqlite3_column_int64(get, column);

	*out = (uint32_t)value;
	return value >= 0 && value <= UINT32_MAX;
}

static bool read_key_ids(const char *text, struct proposal *proposal)
{
	json_t *array = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bool good = json_is_array(array) && json_array_size(array) <= BATCH_MAX;
	size_t i;
	json_t *item;

	if (good) {
		json_array_foreach(array, i, item)
		{
			good = good && json_is_string(item) &&
			       key_id_set(&proposal->keys[i], json_string_value(item),
				       json_string_length(item));
		}
		proposal->key_count = (uint8_t)json_array_size(array);
	}
	json_decref(array);
	return good;
}

static bool read_proposal(sqlite3_stmt *get, int first, struct proposal *proposal)
{
	const char *digest = text_at(get, first + DIGEST);
	int64_t an = sqlite3_column_int64(get, first + AN);

	proposal->generation = (uint64_t)sqlite3_column_int64(get, first + GENERATION);
	proposal->start = sqlite3_column_int64(get, first + START);
	proposal->an = AN_NONE;
	if (sqlite3_column_type(get, first + AN) != SQLITE_NULL) {
		if (an < 0 || an > 3) {
			return false;
		}
		proposal->an = (uint8_t)an;
	}
	return digest &&
	       hex_decode(digest, strlen(digest), proposal->digest, DIGEST_LEN) == DIGEST_LEN &&
	       read_u32(get, first + SPACING, &proposal->spacing_s) &&
	       read_key_ids(text_at(get, first + KEY_IDS), proposal);
}

int state_record_read(sqlite3_stmt *get, enum exchange_role *role, struct exchange_record *record)
{
	int found_role = value_of(roles, text_at(get, COLUMN_ROLE));
	int stage = value_of(stages, text_at(get, COLUMN_STAGE));
	int decision = value_of(decisions, text_at(get, COLUMN_DECISION));

	memset(record, 0, sizeof(*record));
	if (found_role < 0 || stage < 0 || decision < 0) {
		return -EBADMSG;
	}
	*role = (enum exchange_role)found_role;
	record->stage = (enum exchange_stage)stage;
	record->decision = (enum slot_phase)decision;
	record->highest = (uint64_t)sqlite3_column_int64(get, COLUMN_HIGHEST);
	record->committed_held = sqlite3_column_int(get, COLUMN_COMMITTED_HELD) != 0;
	record->confirmed_at = sqlite3_column_int64(get, COLUMN_CONFIRMED_AT);
	record->fetch_hour = sqlite3_column_int64(get, COLUMN_FETCH_HOUR);
	if (!read_u32(get, COLUMN_FETCH_COUNT, &record->fetch_count) ||
		(stage != EXCHANGE_STAGE_NONE &&
			!read_proposal(get, COLUMN_STAGED, &record->staged)) ||
		(decision != SLOT_EMPTY &&
			!read_proposal(get, COLUMN_COMMITTED, &record->committed)) ||
		!state_record_valid(record)) {
		return -EBADMSG;
	}
	return 0;
}
