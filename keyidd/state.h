/*
 * What must survive a crash: per SAE of an association one exchange record and the
 * sealed keys that belong to it, and the history for people. One SQLite database.
 *
 * A save is one transaction on the disk (WAL, synchronous=FULL): after a crash
 * at any moment the record and its keys are those of one save, the last that
 * returned 0 or a later one. Everything but the keys is in typed columns that
 * `sqlite3 keyidd.db` shows:
 *
 *     association(name, own_sae, role, highest, stage, staged_*, decision, committed_*,
 *                 committed_held, confirmed_at, fetch_hour, fetch_count, saved_at)
 *     sealed_key(association, own_sae, generation, idx, key_id, sealed, label)   see seal.h
 *     history(id, association, own_sae, at, at_ms, event, generation, reason, sae,
 *             key_id, ckn, elapsed_ms)
 *     handover(name, role, stage, key_id, applied, applied_at, saved_at)
 *
 * Only ciphertext of keys ever reaches the disk; once a key is deleted, its
 * ciphertext is overwritten (secure_delete) and the WAL truncated.
 *
 * Not for use by several threads at once.
 */
#ifndef KEYIDD_STATE_H
#define KEYIDD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "keyidd/handover_step.h"
#include "l2proto/exchange.h"

#define STATE_TEXT_MAX 512
#define STATE_PATH_MAX 200             /* octets of the database's path */
#define STATE_HELD_MAX (2 * BATCH_MAX) /* the staged generation's keys, and the committed one's */
#define STATE_HISTORY_MAX 1000         /* rows kept for each owner */
#define STATE_HISTORY_PENDING_MAX 128  /* rows that wait in memory for the next save */

/* Whose state it is: one process may act for several SAEs of an association. */
struct state_owner {
	const char *association;
	const char *sae;
};

struct held_key {
	uint64_t generation;
	uint8_t index; /* place in the proposal */
	struct key_id key_id;
	struct secret key;
};

/* Zeroed at the start, wiped with held_keys_wipe() when dropped. */
struct held_keys {
	size_t count;
	struct held_key keys[STATE_HELD_MAX];
};

void held_keys_wipe(struct held_keys *keys); /* NULL accepted */

struct state;

/*
 * Opens the database, or begins one (mode 0600; its folder must exist). A second
 * opener is refused, whatever process it is in, by a lock on NAME.lock.
 *
 * A database that is damaged or not keyidd's is set aside as NAME.damaged-TIMESTAMP,
 * with its -wal, and a new one is begun: it is never trusted and never overwritten.
 * One of an older version is brought to the present one, in one transaction; one of
 * a newer version is refused, and left as it is.
 *
 * Returns NULL with one line in text if it cannot be opened. Otherwise text is
 * "", or one line that says what was set aside and where: to be logged as a
 * warning, since all associations begin without records.
 */
struct state *state_open(
	const char *path, const struct secret *state_key, char text[static STATE_TEXT_MAX]);

/* Flushes the history, truncates the WAL, closes. NULL accepted. */
void state_close(struct state *state);

/*
 * Reads the owner's record and the keys that exchange_holds_key() names.
 *
 * Returns 1; 0 if there is no record (record and keys then are empty, as for a
 * first start); or -errno. text is "", or one line to be logged as a warning,
 * which does not name the owner:
 * - keys that cannot be opened (another state key) or are not there count as not
 *   held, and the record is made to say so: a staged proposal becomes ABORTED,
 *   committed_held false;
 * - a record that cannot be right is refused: -EBADMSG, nothing is returned;
 * - a record of the other role gives only its highest generation, and so does to a
 *   master without a record the highest of the association's other SAEs.
 *
 * A database that was begun by version 1 does not say of which SAE a record is: it
 * becomes that of the first SAE of this association and role that asks.
 */
int state_load(struct state *state, const struct state_owner *owner, enum exchange_role role,
	struct exchange_record *record, struct held_keys *keys, char text[static STATE_TEXT_MAX]);

/*
 * Makes the disk equal to the record: the record replaced; keys of generations
 * that exchange_holds_key() names sealed, if they are not there yet; all others of
 * the owner deleted; the pending history written. All of it or nothing.
 *
 * keys may lack those that are on the disk already. Returns 0, or -errno:
 * -ERANGE a record that cannot be right, -ENOKEY a key that the record says is
 * held is neither in keys nor on the disk, -ENOSPC, -EIO, ...
 */
int state_save(struct state *state, const struct state_owner *owner, enum exchange_role role,
	const struct exchange_record *record, const struct held_keys *keys);

/*
 * The record of a hand-over. Loading returns 1; 0 if there is none, or one of the
 * other role; -EBADMSG if it cannot be right; or another -errno. Saving is one
 * transaction, and returns 0 or -errno.
 */
int state_load_handover(struct state *state, const char *name, enum exchange_role role,
	struct handover_record *record);
int state_save_handover(struct state *state, const char *name, enum exchange_role role,
	const struct handover_record *record);

/* One line of the history. Strings are borrowed for the call; "" = nothing to say. */
struct state_event {
	struct state_owner owner;
	int64_t at_ms;     /* wall clock, milliseconds since the epoch */
	const char *event; /* exchange_note_name() */
	uint64_t generation;
	const char *reason; /* reason_name() */
	const char *sae;    /* another one that it is about */
	const char *key_id;
	const char *ckn; /* hex */
	uint32_t elapsed_ms;
};

/*
 * Notes an event. Nothing is written now: it goes to the disk with the next save,
 * with state_flush(), or when STATE_HISTORY_PENDING_MAX wait. Texts are cut to
 * what fits; each owner keeps the newest STATE_HISTORY_MAX rows.
 */
int state_add_history(struct state *state, const struct state_event *event);

/* Writes the pending history. To be called every few seconds. Returns 0 or -errno. */
int state_flush(struct state *state);

/* Return false to end. The event's strings are valid during the call. */
typedef bool (*state_history_fn)(void *ctx, const struct state_event *event);

/*
 * Calls back for the newest limit events of an owner (NULL: of all), the newest
 * first, pending ones included. Returns how many, or -errno.
 */
int state_history(struct state *state, const struct state_owner *owner, size_t limit,
	state_history_fn fn, void *ctx);

/*
 * When there is time: truncates the WAL if keys were deleted since the last time,
 * so that not even their ciphertext lingers. Returns 0; -EBUSY if a reader is in
 * the way (call again later); -errno.
 */
int state_idle(struct state *state);

/* Is there something for state_flush() or state_idle() to do? */
bool state_wants_idle(const struct state *state);

/* Keeps another number of history rows for each owner, 1..1,000,000. For tests. */
void state_set_history_max(struct state *state, size_t rows);

#endif
