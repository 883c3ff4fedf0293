/* The records of hand-overs: see handover_step.h. */
#include <errno.h>
#include <string.h>

#include "keyidd/state_private.h"

static const char *const stages[] = {
	[HANDOVER_NONE] = "none",
	[HANDOVER_TAKEN] = "taken",
	[HANDOVER_APPLIED] = "applied",
	[HANDOVER_SHOWN] = "shown",
};

#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))

static const char *role_text(enum exchange_role role)
{
	return role == EXCHANGE_MASTER ? "master" : "slave";
}

/* "" for none. */
static bool read_key_id(sqlite3_stmt *get, int column, struct key_id *key_id)
{
	const char *text = (const char *)sqlite3_column_text(get, column);
	int len = sqlite3_column_bytes(get, column);

	return text && (len == 0 || key_id_set(key_id, text, (size_t)len));
}

static bool read_stage(sqlite3_stmt *get, enum handover_stage *stage)
{
	const char *text = (const char *)sqlite3_column_text(get, 0);

	for (size_t i = 0; text && i < STAGE_COUNT; i++) {
		if (strcmp(text, stages[i]) == 0) {
			*stage = (enum handover_stage)i;
			return true;
		}
	}
	return false;
}

/* What is applied, or shown, is the last one; one that is only taken may follow one that is. */
static bool is_possible(const struct handover_record *record)
{
	switch (record->stage) {
	case HANDOVER_NONE:
		return record->key_id.len == 0 && record->applied.len == 0;
	case HANDOVER_TAKEN:
		return record->key_id.len > 0;
	case HANDOVER_APPLIED:
	case HANDOVER_SHOWN:
		return record->key_id.len > 0 &&
		       handover_same_key_id(&record->key_id, &record->applied);
	}
	return false;
}

static int read_row(sqlite3_stmt *get, struct handover_record *record)
{
	if (!read_stage(get, &record->stage) || !read_key_id(get, 1, &record->key_id) ||
		!read_key_id(get, 2, &record->applied)) {
		return -EBADMSG;
	}
	record->applied_s = sqlite3_column_int64(get, 3);
	return is_possible(record) ? 1 : -EBADMSG;
}

int state_load_handover(struct state *state, const char *name, enum exchange_role role,
	struct handover_record *record)
{
	sqlite3_stmt *get = state_statement(state, STATE_GET_HANDOVER);
	int result;

	memset(record, 0, sizeof(*record));
	sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(get, 2, role_text(role), -1, SQLITE_STATIC);
	result = sqlite3_step(get);
	result = result == SQLITE_ROW ? read_row(get, record) : state_errno(result);
	sqlite3_reset(get);
	if (result < 0) {
		memset(record, 0, sizeof(*record));
	}
	return result;
}

static int put(struct state *state, const char *name, enum exchange_role role,
	const struct handover_record *record)
{
	sqlite3_stmt *statement = state_statement(state, STATE_PUT_HANDOVER);

	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, role_text(role), -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, stages[record->stage], -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, record->key_id.text, record->key_id.len, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, record->applied.text, record->applied.len, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, record->applied_s);
	return state_run(state, STATE_PUT_HANDOVER);
}

/* With the history that waits, as every save takes it along. */
int state_save_handover(struct state *state, const char *name, enum exchange_role role,
	const struct handover_record *record)
{
	int error;

	if (!is_possible(record)) {
		return -ERANGE;
	}
	error = state_run(state, STATE_BEGIN);
	if (error < 0) {
		return error;
	}
	return state_end_with_history(state, put(state, name, role, record));
}
