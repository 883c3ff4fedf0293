/* Records and their keys: to the disk in one transaction, and back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keyidd/state_private.h"

void held_keys_wipe(struct held_keys *keys)
{
	if (keys) {
		secret_wipe_bytes(keys, sizeof(*keys));
	}
}

/* The two generations whose keys are to be on the disk; 0 for none. */
struct wanted {
	const struct proposal *proposals[2];
	uint64_t generations[2];
};

static struct wanted wanted_keys(const struct exchange_record *record)
{
	struct wanted wanted = { { &record->staged, &record->committed }, { 0, 0 } };

	if (record->stage == EXCHANGE_STAGE_HELD) {
		wanted.generations[0] = record->staged.generation;
	}
	if (record->committed_held) {
		wanted.generations[1] = record->committed.generation;
	}
	return wanted;
}

/* ---- saving --------------------------------------------------------------------------------- */

static int put_record(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct exchange_record *record)
{
	sqlite3_stmt *put = state_statement(state, STATE_PUT_RECORD);

	state_bind_owner(put, 1, owner);
	if (state_record_bind(put, role, record) < 0) {
		return -ENOMEM;
	}
	return state_run(state, STATE_PUT_RECORD);
}

/* Sets *deleted if there was one. */
static int delete_others(struct state *state, const struct state_owner *owner,
	const struct wanted *wanted, bool *deleted)
{
	sqlite3_stmt *statement = state_statement(state, STATE_DELETE_KEYS);
	int error;

	state_bind_owner(statement, 1, owner);
	sqlite3_bind_int64(statement, 3, (int64_t)wanted->generations[0]);
	sqlite3_bind_int64(statement, 4, (int64_t)wanted->generations[1]);
	error = state_run(state, STATE_DELETE_KEYS);
	*deleted = error == 0 && sqlite3_changes(state->db) > 0;
	return error;
}

/* Returns how many keys of a generation are on the disk, or -errno. */
static int count_keys(struct state *state, const struct state_owner *owner, uint64_t generation)
{
	sqlite3_stmt *count = state_statement(state, STATE_COUNT_KEYS);
	int result, found;

	state_bind_owner(count, 1, owner);
	sqlite3_bind_int64(count, 3, (int64_t)generation);
	result = sqlite3_step(count);
	found = result == SQLITE_ROW ? sqlite3_column_int(count, 0) : state_errno(result);
	sqlite3_reset(count);
	return found;
}

static struct seal_label label_of(const struct state_owner *owner, enum exchange_role role,
	const struct held_key *key, enum seal_form form)
{
	return (struct seal_label){ form, owner->association, owner->sae, key->generation, role,
		key->index, &key->key_id };
}

static int put_key(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct held_key *key)
{
	struct seal_label label = label_of(owner, role, key, SEAL_WITH_SAE);
	sqlite3_stmt *put = state_statement(state, STATE_PUT_KEY);
	uint8_t sealed[SEAL_MAX];
	int len = seal_close(state->seal, &label, &key->key, sealed);

	if (len < 0) {
		return len;
	}
	state_bind_owner(put, 1, owner);
	sqlite3_bind_int64(put, 3, (int64_t)key->generation);
	sqlite3_bind_int(put, 4, key->index);
	sqlite3_bind_text(put, 5, key->key_id.text, key->key_id.len, SQLITE_STATIC);
	sqlite3_bind_blob(put, 6, sealed, len, SQLITE_STATIC);
	sqlite3_bind_int(put, 7, SEAL_WITH_SAE);
	return state_run(state, STATE_PUT_KEY);
}

static bool belongs(const struct held_key *key, const struct proposal *proposal)
{
	const struct key_id *id = &proposal->keys[key->index];

	return key->generation == proposal->generation && key->index < proposal->key_count &&
	       key->key_id.len == id->len && memcmp(key->key_id.text, id->text, id->len) == 0;
}

/* Makes sure that every key of a proposal is on the disk. */
static int put_keys(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct proposal *proposal, const struct held_keys *keys)
{
	int found = count_keys(state, owner, proposal->generation);

	if (found < 0 || found == proposal->key_count) {
		return found < 0 ? found : 0;
	}
	for (size_t i = 0; i < keys->count; i++) {
		if (belongs(&keys->keys[i], proposal)) {
			int error = put_key(state, owner, role, &keys->keys[i]);

			if (error < 0) {
				return error;
			}
		}
	}
	found = count_keys(state, owner, proposal->generation);
	if (found >= 0 && found != proposal->key_count) {
		return -ENOKEY;
	}
	return found < 0 ? found : 0;
}

static int write_all(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct exchange_record *record, const struct held_keys *keys, bool *deleted)
{
	struct wanted wanted = wanted_keys(record);
	int error = put_record(state, owner, role, record);

	if (error == 0) {
		error = delete_others(state, owner, &wanted, deleted);
	}
	for (size_t i = 0; i < 2 && error == 0; i++) {
		if (wanted.generations[i] > 0) {
			error = put_keys(state, owner, role, wanted.proposals[i], keys);
		}
	}
	return error;
}

int state_save(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct exchange_record *record, const struct held_keys *keys)
{
	bool deleted = false;
	int error;

	if (!state_record_valid(record) || keys->count > STATE_HELD_MAX) {
		return -ERANGE;
	}
	error = state_run(state, STATE_BEGIN);
	if (error < 0) {
		return error;
	}
	error = write_all(state, owner, role, record, keys, &deleted);
	error = state_end_with_history(state, error);
	state->truncate_due |= error == 0 && deleted;
	return error;
}

/* ---- loading -------------------------------------------------------------------------------- */

/* Returns 1, 0 if there is none, or -errno. */
static int read_record(struct state *state, const struct state_owner *owner,
	enum exchange_role *role, struct exchange_record *record)
{
	sqlite3_stmt *get = state_statement(state, STATE_GET_RECORD);
	int result, found;

	state_bind_owner(get, 1, owner);
	result = sqlite3_step(get);
	found = state_errno(result);
	if (result == SQLITE_ROW) {
		found = state_record_read(get, role, record) < 0 ? -EBADMSG : 1;
	}
	sqlite3_reset(get);
	return found;
}

/* One row for the owner, if it is there and of the owner's role: of version 1, see state.h. */
static int take_row(struct state *state, const struct state_owner *owner, enum exchange_role role)
{
	sqlite3_stmt *record = state_statement(state, STATE_ADOPT_RECORD);
	sqlite3_stmt *history = state_statement(state, STATE_ADOPT_HISTORY);
	int error, adopted;

	state_bind_owner(record, 1, owner);
	sqlite3_bind_text(
		record, 3, role == EXCHANGE_MASTER ? "master" : "slave", -1, SQLITE_STATIC);
	error = state_run(state, STATE_ADOPT_RECORD);
	adopted = sqlite3_changes(state->db);
	if (error == 0 && adopted > 0) {
		state_bind_owner(history, 1, owner);
		error = state_run(state, STATE_ADOPT_HISTORY);
	}
	return error < 0 ? error : adopted;
}

/* Returns 1 if a record that said no SAE has become the owner's, 0 if there is none, or -errno. */
static int adopt(struct state *state, const struct state_owner *owner, enum exchange_role role)
{
	int error = state_run(state, STATE_BEGIN);
	int adopted;

	if (error < 0) {
		return error;
	}
	adopted = take_row(state, owner, role);
	error = state_end(state, adopted < 0 ? adopted : 0);
	return error < 0 ? error : adopted;
}

/* Returns false if the row is no key of this record. Sets *sealed_shut if it does not open. */
static bool read_key(struct state *state, sqlite3_stmt *get, const struct state_owner *owner,
	enum exchange_role role, const struct exchange_record *record, struct held_key *key,
	bool *sealed_shut)
{
	struct seal_label label;
	struct wanted wanted = wanted_keys(record);
	int64_t index = sqlite3_column_int64(get, 1);
	int error;

	key->generation = (uint64_t)sqlite3_column_int64(get, 0);
	if (index < 0 || index >= BATCH_MAX ||
		!key_id_set(&key->key_id, (const char *)sqlite3_column_text(get, 2),
			(size_t)sqlite3_column_bytes(get, 2))) {
		return false;
	}
	key->index = (uint8_t)index;
	if (!(wanted.generations[0] > 0 && belongs(key, wanted.proposals[0])) &&
		!(wanted.generations[1] > 0 && belongs(key, wanted.proposals[1]))) {
		return false;
	}
	label = label_of(owner, role, key, (enum seal_form)sqlite3_column_int(get, 4));
	error = seal_open(state->seal, &label, sqlite3_column_blob(get, 3),
		(size_t)sqlite3_column_bytes(get, 3), &key->key);
	*sealed_shut |= error < 0;
	return error == 0;
}

static int get_keys(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct exchange_record *record, struct held_keys *keys, bool *sealed_shut)
{
	sqlite3_stmt *get = state_statement(state, STATE_GET_KEYS);
	int result;

	state_bind_owner(get, 1, owner);
	while ((result = sqlite3_step(get)) == SQLITE_ROW && keys->count < STATE_HELD_MAX) {
		if (read_key(state, get, owner, role, record, &keys->keys[keys->count],
			    sealed_shut)) {
			keys->count++;
		}
	}
	sqlite3_reset(get);
	return state_errno(result);
}

static bool all_there(const struct held_keys *keys, const struct proposal *proposal)
{
	size_t there = 0;

	for (size_t i = 0; i < keys->count; i++) {
		there += belongs(&keys->keys[i], proposal);
	}
	return there == proposal->key_count;
}

/* Keys of a generation that is not wholly there are of no use. */
static void drop_unheld(const struct exchange_record *record, struct held_keys *keys)
{
	size_t kept = 0;

	for (size_t i = 0; i < keys->count; i++) {
		if (exchange_holds_key(record, keys->keys[i].generation)) {
			keys->keys[kept++] = keys->keys[i];
		}
	}
	secret_wipe_bytes(&keys->keys[kept], (STATE_HELD_MAX - kept) * sizeof(keys->keys[0]));
	keys->count = kept;
}

/* Makes the record say what is held. Returns the generation that is not, 0 if all are. */
static uint64_t settle(struct exchange_record *record, struct held_keys *keys)
{
	uint64_t lost = 0;

	if (record->stage == EXCHANGE_STAGE_HELD && !all_there(keys, &record->staged)) {
		record->stage = EXCHANGE_STAGE_ABORTED;
		lost = record->staged.generation;
	}
	if (record->committed_held && !all_there(keys, &record->committed)) {
		record->committed_held = false;
		lost = record->committed.generation;
	}
	drop_unheld(record, keys);
	return lost;
}

static void keep_highest_only(struct exchange_record *record)
{
	uint64_t highest = record->highest;

	memset(record, 0, sizeof(*record));
	record->highest = highest;
}

/* Generations are the association's: a master goes on with them, whichever SAE they were of. */
static int go_on_after(struct state *state, const struct state_owner *owner,
	struct exchange_record *record, char text[static STATE_TEXT_MAX])
{
	sqlite3_stmt *get = state_statement(state, STATE_GET_HIGHEST);
	int result, found;

	sqlite3_bind_text(get, 1, owner->association, -1, SQLITE_STATIC);
	result = sqlite3_step(get);
	found = state_errno(result);
	if (result == SQLITE_ROW && sqlite3_column_int64(get, 0) > 0) {
		record->highest = (uint64_t)sqlite3_column_int64(get, 0);
		snprintf(text, STATE_TEXT_MAX,
			"no record of this SAE: generations go on after %" PRIu64
			", the highest of the association's others",
			record->highest);
		found = 1;
	}
	sqlite3_reset(get);
	return found;
}

int state_load(struct state *state, const struct state_owner *owner, enum exchange_role role,
	struct exchange_record *record, struct held_keys *keys, char text[static STATE_TEXT_MAX])
{
	enum exchange_role stored_role = role;
	bool sealed_shut = false;
	uint64_t lost;
	int found;

	text[0] = '\0';
	memset(record, 0, sizeof(*record));
	held_keys_wipe(keys);
	found = read_record(state, owner, &stored_role, record);
	if (found == 0 && (found = adopt(state, owner, role)) > 0) {
		found = read_record(state, owner, &stored_role, record);
	}
	if (found == 1 && stored_role == role) {
		int error = get_keys(state, owner, role, record, keys, &sealed_shut);

		found = error < 0 ? error : found;
	}
	if (found == 0 && role == EXCHANGE_MASTER) {
		return go_on_after(state, owner, record, text);
	}
	if (found <= 0) {
		memset(record, 0, sizeof(*record));
		held_keys_wipe(keys);
		if (found == -EBADMSG) {
			snprintf(text, STATE_TEXT_MAX,
				"its record in the database cannot be right; not used");
		}
		return found;
	}
	if (stored_role != role) {
		keep_highest_only(record);
		snprintf(text, STATE_TEXT_MAX,
			"its record is that of the other role: kept of it is only the highest "
			"generation, %" PRIu64,
			record->highest);
		return found;
	}
	lost = settle(record, keys);
	if (lost > 0) {
		snprintf(text, STATE_TEXT_MAX,
			"the key of generation %" PRIu64 " %s: it counts as lost", lost,
			sealed_shut ? "does not open with this state key"
				    : "is not in the database");
	}
	return found;
}
