/* The tables, and how those of an older version become them. */
#include <errno.h>

#include "keyidd/state_private.h"

#define PROPOSAL_COLUMNS(name)                                                                     \
	name "_generation INTEGER, " name "_digest TEXT, " name "_an INTEGER, " name               \
	     "_start INTEGER, " name "_spacing_s INTEGER, " name "_key_ids TEXT, "

/* clang-format off */
#define HANDOVER_TABLE                                                                             \
	"CREATE TABLE handover ("                                                                  \
	"name TEXT NOT NULL PRIMARY KEY, "                                                         \
	"role TEXT NOT NULL CHECK (role IN ('master', 'slave')), "                                 \
	"stage TEXT NOT NULL CHECK (stage IN ('none', 'taken', 'applied', 'shown')), "             \
	"key_id TEXT NOT NULL, "                                                                   \
	"applied TEXT NOT NULL, "                                                                  \
	"applied_at INTEGER NOT NULL, "                                                            \
	"saved_at INTEGER NOT NULL"                                                                \
	") STRICT, WITHOUT ROWID;"

static const char tables[] =
	"CREATE TABLE association ("
	"name TEXT NOT NULL, "
	"own_sae TEXT NOT NULL, "
	"role TEXT NOT NULL CHECK (role IN ('master', 'slave')), "
	"highest INTEGER NOT NULL CHECK (highest >= 0), "
	"stage TEXT NOT NULL CHECK (stage IN ('none', 'fetching', 'held', 'aborted')), "
	PROPOSAL_COLUMNS("staged")
	"decision TEXT NOT NULL CHECK (decision IN ('none', 'commit', 'confirmed')), "
	PROPOSAL_COLUMNS("committed")
	"committed_held INTEGER NOT NULL CHECK (committed_held IN (0, 1)), "
	"confirmed_at INTEGER NOT NULL, "
	"fetch_hour INTEGER NOT NULL, "
	"fetch_count INTEGER NOT NULL, "
	"saved_at INTEGER NOT NULL, "
	"PRIMARY KEY (name, own_sae)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE sealed_key ("
	"association TEXT NOT NULL, "
	"own_sae TEXT NOT NULL, "
	"generation INTEGER NOT NULL, "
	"idx INTEGER NOT NULL, "
	"key_id TEXT NOT NULL, "
	"sealed BLOB NOT NULL, "
	"label INTEGER NOT NULL, " /* enum seal_form */
	"PRIMARY KEY (association, own_sae, generation, idx), "
	"FOREIGN KEY (association, own_sae) REFERENCES association (name, own_sae)"
	" ON DELETE CASCADE ON UPDATE CASCADE"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE history ("
	"id INTEGER PRIMARY KEY, "
	"association TEXT NOT NULL, "
	"own_sae TEXT NOT NULL, "
	"at TEXT NOT NULL, "
	"at_ms INTEGER NOT NULL, "
	"event TEXT NOT NULL, "
	"generation INTEGER NOT NULL, "
	"reason TEXT NOT NULL, "
	"sae TEXT NOT NULL, "
	"key_id TEXT NOT NULL, "
	"ckn TEXT NOT NULL, "
	"elapsed_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX history_owner ON history (association, own_sae);"
	HANDOVER_TABLE;

/*
 * Version 1 knew one SAE of an association, and did not say which: the empty one
 * stands for it until state_load() knows better. Its keys stay sealed as they are.
 */
static const char move_away_1[] =
	"DROP INDEX history_association;"
	"ALTER TABLE history RENAME TO history_1;"
	"ALTER TABLE sealed_key RENAME TO sealed_key_1;"
	"ALTER TABLE association RENAME TO association_1;";

#define PROPOSAL_NAMES(name)                                                                       \
	name "_generation, " name "_digest, " name "_an, " name "_start, " name "_spacing_s, " name \
	     "_key_ids, "
#define RECORD_NAMES                                                                               \
	"role, highest, stage, " PROPOSAL_NAMES("staged") "decision, " PROPOSAL_NAMES("committed") \
	"committed_held, confirmed_at, fetch_hour, fetch_count, saved_at"
#define EVENT_NAMES "at, at_ms, event, generation, reason, sae, key_id, ckn, elapsed_ms"

static const char take_over_1[] =
	"INSERT INTO association (name, own_sae, " RECORD_NAMES ")"
	" SELECT name, '', " RECORD_NAMES " FROM association_1;"
	"INSERT INTO sealed_key (association, own_sae, generation, idx, key_id, sealed, label)"
	" SELECT association, '', generation, idx, key_id, sealed, 1 FROM sealed_key_1;"
	"INSERT INTO history (id, association, own_sae, " EVENT_NAMES ")"
	" SELECT id, association, '', " EVENT_NAMES " FROM history_1;"
	"DROP TABLE history_1;"
	"DROP TABLE sealed_key_1;"
	"DROP TABLE association_1;"
	"PRAGMA user_version = 3;";

/* Version 2 knew no hand-overs. */
static const char take_over_2[] =
	HANDOVER_TABLE
	"PRAGMA user_version = 3;";
/* clang-format on */

static int run(sqlite3 *db, const char *statements)
{
	return state_errno(sqlite3_exec(db, statements, NULL, NULL, NULL));
}

int state_schema_create(sqlite3 *db)
{
	return run(db, tables);
}

static int migrate_from_1(sqlite3 *db)
{
	int error = run(db, move_away_1);

	if (error == 0) {
		error = state_schema_create(db);
	}
	return error == 0 ? run(db, take_over_1) : error;
}

int state_schema_migrate(sqlite3 *db, int version)
{
	int error = run(
		db, "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; BEGIN IMMEDIATE");

	if (error == 0) {
		error = version == 1   ? migrate_from_1(db)
			: version == 2 ? run(db, take_over_2)
				       : -EBADMSG;
	}
	if (error == 0) {
		error = run(db, "COMMIT");
	}
	if (error != 0 && !sqlite3_get_autocommit(db)) {
		run(db, "ROLLBACK");
	}
	return error;
}
