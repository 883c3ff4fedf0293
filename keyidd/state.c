/* Opening and closing the database, and what every statement goes through. */
#include "keyidd/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyidd/state_private.h"

#define BUSY_TIMEOUT_MS 200 /* the loop waits with it: well below a heartbeat */

/*
 * An upsert, not REPLACE: that deletes the old row first, and by the foreign key
 * the association's keys with it.
 */
#define PUT_RECORD_SQL                                                                             \
	"INSERT INTO association (name, own_sae, saved_at, " STATE_RECORD_COLUMNS ")"              \
	" VALUES (?1, ?2, unixepoch(), " STATE_RECORD_PARAMETERS ")"                               \
	" ON CONFLICT (name, own_sae) DO UPDATE SET (saved_at, " STATE_RECORD_COLUMNS ")"          \
	" = (unixepoch(), " STATE_RECORD_PARAMETERS ")"

#define EVENT_COLUMNS                                                                              \
	"association, own_sae, at_ms, event, generation, reason, sae, key_id, ckn, elapsed_ms"

/* clang-format off */
static const char *const statement_texts[STATE_STATEMENT_COUNT] = {
	[STATE_BEGIN] = "BEGIN IMMEDIATE",
	[STATE_COMMIT] = "COMMIT",
	[STATE_ROLLBACK] = "ROLLBACK",
	[STATE_PUT_RECORD] = PUT_RECORD_SQL,
	[STATE_GET_RECORD] =
		"SELECT " STATE_RECORD_COLUMNS " FROM association WHERE name = ?1 AND own_sae = ?2",
	[STATE_GET_HIGHEST] = "SELECT max(highest) FROM association WHERE name = ?1",
	[STATE_ADOPT_RECORD] =
		"UPDATE association SET own_sae = ?2 WHERE name = ?1 AND own_sae = '' AND role = ?3",
	[STATE_ADOPT_HISTORY] =
		"UPDATE history SET own_sae = ?2 WHERE association = ?1 AND own_sae = ''",
	[STATE_PUT_KEY] =
		"INSERT OR REPLACE INTO sealed_key (association, own_sae, generation, idx, key_id,"
		" sealed, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATE_GET_KEYS] =
		"SELECT generation, idx, key_id, sealed, label FROM sealed_key"
		" WHERE association = ?1 AND own_sae = ?2 ORDER BY generation, idx",
	[STATE_COUNT_KEYS] =
		"SELECT count(*) FROM sealed_key"
		" WHERE association = ?1 AND own_sae = ?2 AND generation = ?3",
	[STATE_DELETE_KEYS] =
		"DELETE FROM sealed_key"
		" WHERE association = ?1 AND own_sae = ?2 AND generation NOT IN (?3, ?4)",
	[STATE_PUT_EVENT] =
		"INSERT INTO history (association, own_sae, at, at_ms, event, generation, reason, sae,"
		" key_id, ckn, elapsed_ms) VALUES (?1, ?2,"
		" strftime('%Y-%m-%dT%H:%M:%SZ', ?3 / 1000, 'unixepoch'), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[STATE_GET_EVENTS] =
		"SELECT " EVENT_COLUMNS " FROM history WHERE association = ?2 AND own_sae = ?3"
		" ORDER BY id DESC LIMIT ?1",
	[STATE_GET_ALL_EVENTS] = "SELECT " EVENT_COLUMNS " FROM history ORDER BY id DESC LIMIT ?1",
	[STATE_TRIM_EVENTS] =
		"DELETE FROM history WHERE association = ?1 AND own_sae = ?2 AND id <= (SELECT id"
		" FROM history WHERE association = ?1 AND own_sae = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
	[STATE_PUT_HANDOVER] =
		"INSERT OR REPLACE INTO handover (name, role, stage, key_id, applied, applied_at, saved_at)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, unixepoch())",
	[STATE_GET_HANDOVER] =
		"SELECT stage, key_id, applied, applied_at FROM handover WHERE name = ?1 AND role = ?2",
};
/* clang-format on */

/* None of these writes to the file: it may not be ours. */
static const char guards[] = "PRAGMA trusted_schema = OFF;"
			     "PRAGMA cell_size_check = ON;"
			     "PRAGMA temp_store = MEMORY;";

static const char durability[] = "PRAGMA foreign_keys = ON;"
				 "PRAGMA journal_mode = WAL;"
				 "PRAGMA synchronous = FULL;"
				 "PRAGMA secure_delete = ON;";

int state_errno(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* no such table or column: none of ours */
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return -EBADMSG;
	}
	return -EIO;
}

sqlite3_stmt *state_statement(struct state *state, enum state_statement which)
{
	sqlite3_stmt *statement = state->statements[which];

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return statement;
}

int state_run(struct state *state, enum state_statement which)
{
	sqlite3_stmt *statement = state->statements[which];
	int error = state_errno(sqlite3_step(statement));

	sqlite3_reset(statement);
	return error;
}

int state_end(struct state *state, int error)
{
	if (error == 0) {
		error = state_run(state, STATE_COMMIT);
	}
	/* Some failures have rolled back already. */
	if (error < 0 && !sqlite3_get_autocommit(state->db)) {
		state_run(state, STATE_ROLLBACK);
	}
	return error;
}

void state_bind_owner(sqlite3_stmt *statement, int first, const struct state_owner *owner)
{
	sqlite3_bind_text(statement, first, owner->association, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, first + 1, owner->sae, -1, SQLITE_STATIC);
}

/* ---- opening -------------------------------------------------------------------------------- */

static int quick_check(sqlite3 *db)
{
	sqlite3_stmt *check;
	int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL);
	int error;

	if (result == SQLITE_OK) {
		result = sqlite3_step(check);
	}
	error = state_errno(result);
	if (result == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0) {
		error = -EBADMSG;
	}
	sqlite3_finalize(check);
	return error;
}

/* Asked again of SQLite: what the file's header says may be older than what its WAL says. */
static int check_version(sqlite3 *db, int *found)
{
	sqlite3_stmt *version;
	int result = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &version, NULL);
	int error;

	if (result == SQLITE_OK) {
		result = sqlite3_step(version);
	}
	error = state_errno(result);
	if (result == SQLITE_ROW) {
		*found = sqlite3_column_int(version, 0);
		if (*found > STATE_VERSION) {
			error = -ENOTSUP;
		} else if (*found < STATE_VERSION_OLDEST) {
			error = -EBADMSG;
		}
	}
	sqlite3_finalize(version);
	return error;
}

static int prepare_statements(struct state *state)
{
	for (size_t i = 0; i < STATE_STATEMENT_COUNT; i++) {
		int result = sqlite3_prepare_v3(state->db, statement_texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &state->statements[i], NULL);

		if (result != SQLITE_OK) {
			return state_errno(result);
		}
	}
	return 0;
}

static void close_database(struct state *state)
{
	for (size_t i = 0; i < STATE_STATEMENT_COUNT; i++) {
		sqlite3_finalize(state->statements[i]);
		state->statements[i] = NULL;
	}
	sqlite3_close(state->db);
	state->db = NULL;
}

/* Examines, and leaves everything as it was, unless it is of an older version. */
static int examine(struct state *state)
{
	int version = 0;
	int error = check_version(state->db, &version);

	if (error == 0) {
		error = state_errno(sqlite3_exec(state->db, guards, NULL, NULL, NULL));
	}
	if (error == 0) {
		error = quick_check(state->db);
	}
	if (error == 0 && version < STATE_VERSION) {
		error = state_schema_migrate(state->db, version);
	}
	if (error == 0) {
		error = prepare_statements(state);
	}
	return error;
}

/* As long as it may have to be set aside, closing must not move the WAL into the database. */
static int open_database(struct state *state, const char *path)
{
	int error;

	error = state_errno(sqlite3_open_v2(path, &state->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL));
	if (error == 0) {
		sqlite3_db_config(state->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_db_config(state->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(state->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		sqlite3_busy_timeout(state->db, BUSY_TIMEOUT_MS);
		error = examine(state);
	}
	if (error == 0) {
		error = state_errno(sqlite3_exec(state->db, durability, NULL, NULL, NULL));
	}
	if (error == 0) {
		sqlite3_db_config(state->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	} else {
		close_database(state);
	}
	return error;
}

static int begin_anew(struct state *state, const char *path)
{
	int error = state_file_create(path);

	return error < 0 ? error : open_database(state, path);
}

static int set_aside(struct state *state, const char *path, const char *reason, char *text)
{
	char aside[STATE_TEXT_MAX];
	int error = state_file_set_aside(path, aside);

	if (error == 0) {
		error = begin_anew(state, path);
		snprintf(text, STATE_TEXT_MAX,
			"%.150s: %s: set aside as %.250s, a new one is begun without any record",
			path, reason, aside);
	}
	return error;
}

static int open_or_begin(struct state *state, const char *path, char *text)
{
	const char *reason = NULL;
	int error = state_file_inspect(path, &reason);

	if (error == 0) {
		return begin_anew(state, path);
	}
	if (error > 0) {
		if (chmod(path, 0600) < 0) {
			return -errno;
		}
		error = open_database(state, path);
		reason = "damaged";
	}
	if (error == -EBADMSG) {
		error = set_aside(state, path, reason, text);
	}
	return error;
}

static const char *advice(int error)
{
	switch (-error) {
	case ENOENT:
		return "; make the folder";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; give keyidd's user write access to the folder and the file";
	case ENOSPC:
		return "; free some room";
	case EBUSY:
		return "; another program has the database open: end it";
	case EINVAL:
		return "; it is no regular file";
	case ENOTSUP:
		return "; it is of a newer version of keyidd: run that one, or move the file away "
		       "to begin without any record";
	default:
		return "";
	}
}

struct state *state_open(
	const char *path, const struct secret *state_key, char text[static STATE_TEXT_MAX])
{
	struct state *state = calloc(1, sizeof(*state));
	int error;

	text[0] = '\0';
	if (!state) {
		snprintf(text, STATE_TEXT_MAX, "%s: out of memory", path);
		return NULL;
	}
	state->history_max = STATE_HISTORY_MAX;
	state->lock_fd = state_file_lock(path, text);
	if (state->lock_fd < 0) {
		free(state);
		return NULL;
	}
	state->seal = seal_new(state_key);
	error = state->seal ? open_or_begin(state, path, text) : -ENOMEM;
	if (error < 0) {
		snprintf(text, STATE_TEXT_MAX, "%s: %s%s", path, strerror(-error), advice(error));
		close(state->lock_fd);
		seal_free(state->seal);
		free(state);
		return NULL;
	}
	return state;
}

void state_close(struct state *state)
{
	if (!state) {
		return;
	}
	state_flush(state);
	state_idle(state);
	close_database(state);
	seal_free(state->seal);
	close(state->lock_fd);
	free(state);
}

int state_idle(struct state *state)
{
	int error;

	if (!state->truncate_due) {
		return 0;
	}
	sqlite3_busy_timeout(state->db, 0); /* a reader may stay for long: later, then */
	error = state_errno(
		sqlite3_wal_checkpoint_v2(state->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
	sqlite3_busy_timeout(state->db, BUSY_TIMEOUT_MS);
	if (error == 0) {
		state->truncate_due = false;
	}
	return error;
}

bool state_wants_idle(const struct state *state)
{
	return state->truncate_due || state->pending_count > 0;
}
