/* What the parts of state.h share. */
#ifndef KEYIDD_STATE_PRIVATE_H
#define KEYIDD_STATE_PRIVATE_H

#include <sqlite3.h>

#include "keyidd/seal.h"
#include "keyidd/state.h"

/* PRAGMA application_id and user_version: whose file this is, and of which version. */
#define STATE_APPLICATION_ID 0x6b796964 /* "kyid" */
#define STATE_VERSION 3
#define STATE_VERSION_OLDEST 1 /* that state_migrate() takes over */

#define STATE_ASSOCIATION_TEXT 64
#define STATE_EVENT_TEXT 32
#define STATE_REASON_TEXT 40

/* Prepared once, at the opening. */
enum state_statement {
	STATE_BEGIN,
	STATE_COMMIT,
	STATE_ROLLBACK,
	STATE_PUT_RECORD,
	STATE_GET_RECORD,
	STATE_GET_HIGHEST,
	STATE_ADOPT_RECORD,
	STATE_ADOPT_HISTORY,
	STATE_PUT_KEY,
	STATE_GET_KEYS,
	STATE_COUNT_KEYS,
	STATE_DELETE_KEYS,
	STATE_PUT_EVENT,
	STATE_GET_EVENTS,
	STATE_GET_ALL_EVENTS,
	STATE_TRIM_EVENTS,
	STATE_PUT_HANDOVER,
	STATE_GET_HANDOVER,
	STATE_STATEMENT_COUNT
};

/* A line of history that waits for the next transaction. */
struct pending_event {
	char association[STATE_ASSOCIATION_TEXT];
	char own_sae[SAE_ID_MAX + 1];
	int64_t at_ms;
	char event[STATE_EVENT_TEXT];
	uint64_t generation;
	char reason[STATE_REASON_TEXT];
	char sae[SAE_ID_MAX + 1];
	char key_id[KEY_ID_MAX + 1];
	char ckn[2 * CKN_MAX + 1];
	uint32_t elapsed_ms;
};

struct state {
	sqlite3 *db;
	sqlite3_stmt *statements[STATE_STATEMENT_COUNT];
	struct seal *seal;
	int lock_fd;
	bool truncate_due; /* keys were deleted since the WAL was truncated */
	size_t history_max;
	size_t pending_count;
	struct pending_event pending[STATE_HISTORY_PENDING_MAX];
};

/* An SQLite result as -errno; 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int state_errno(int result);

/* Runs a statement that gives no rows, and resets it. Returns 0 or -errno. */
int state_run(struct state *state, enum state_statement which);

/*
 * Ends a transaction: commits, unless error is one already; if it is not committed, it is rolled
 * back. Returns 0 or -errno: error, or that of the commit.
 */
int state_end(struct state *state, int error);

/* The statement, ready for new values. */
sqlite3_stmt *state_statement(struct state *state, enum state_statement which);

/* Binds association and SAE as parameters first and first + 1. Borrowed until the next reset. */
void state_bind_owner(sqlite3_stmt *statement, int first, const struct state_owner *owner);

/* The same as state_end(); the history that waits goes along. In state_history.c. */
int state_end_with_history(struct state *state, int error);

/* ---- state_record.c: a record as a row ---- */

/* Could an exchange have made this record? */
bool state_record_valid(const struct exchange_record *record);

/* The columns of the table association that hold role and record, and as many parameters. */
#define STATE_RECORD_COLUMNS                                                                       \
	"role, highest, stage, staged_generation, staged_digest, staged_an, staged_start, "        \
	"staged_spacing_s, staged_key_ids, decision, committed_generation, committed_digest, "     \
	"committed_an, committed_start, committed_spacing_s, committed_key_ids, "                  \
	"committed_held, confirmed_at, fetch_hour, fetch_count"
#define STATE_RECORD_PARAMETERS                                                                    \
	"?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "      \
	"?21, ?22"

/* Binds the parameters. Returns 0 or -ENOMEM. */
int state_record_bind(
	sqlite3_stmt *put, enum exchange_role role, const struct exchange_record *record);

/* Reads a row of these columns. Returns 0, or -EBADMSG if they cannot be right. */
int state_record_read(sqlite3_stmt *get, enum exchange_role *role, struct exchange_record *record);

/* ---- state_file.c: the file, before and behind SQLite ---- */

/* Takes NAME.lock for as long as the descriptor is open. Returns it, or -errno with a line in text.
 */
int state_file_lock(const char *path, char text[static STATE_TEXT_MAX]);

/*
 * What lies under the name, by its first octets? Returns 1 for a database of ours,
 * 0 for nothing (or an empty file), -ENOTSUP for one of a newer version, -EBADMSG
 * with the reason for anything else, or another -errno.
 */
int state_file_inspect(const char *path, const char **reason);

/*
 * Renames the database and the files that SQLite keeps beside it to
 * NAME.damaged-TIMESTAMP, and writes that name to aside. Overwrites nothing.
 */
int state_file_set_aside(const char *path, char aside[static STATE_TEXT_MAX]);

/* Makes a new database with our tables, complete or not at all. Returns 0 or -errno. */
int state_file_create(const char *path);

/* ---- state_schema.c ---- */

/* Makes our tables, in a transaction that has begun. Returns 0 or -errno. */
int state_schema_create(sqlite3 *db);

/*
 * Brings the tables of an older version to the present one, in a transaction of its own.
 * Returns 0 or -errno: -EBADMSG if they are not what that version made.
 */
int state_schema_migrate(sqlite3 *db, int version);

#endif
