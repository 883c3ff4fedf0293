/* The history: gathered in memory, written when something else is, or when there is time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keyidd/state_private.h"

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

int state_add_history(struct state *state, const struct state_event *event)
{
	struct pending_event *pending;
	int error;

	if (state->pending_count == STATE_HISTORY_PENDING_MAX) {
		error = state_flush(state);
		if (error < 0) {
			return error;
		}
	}
	pending = &state->pending[state->pending_count++];
	COPY(pending->association, event->owner.association);
	COPY(pending->own_sae, event->owner.sae);
	COPY(pending->event, event->event);
	COPY(pending->reason, event->reason);
	COPY(pending->sae, event->sae);
	COPY(pending->key_id, event->key_id);
	COPY(pending->ckn, event->ckn);
	pending->at_ms = event->at_ms;
	pending->generation = event->generation;
	pending->elapsed_ms = event->elapsed_ms;
	return 0;
}

static struct state_owner owner_of(const struct pending_event *event)
{
	return (struct state_owner){ event->association, event->own_sae };
}

static int put_event(struct state *state, const struct pending_event *event)
{
	sqlite3_stmt *put = state_statement(state, STATE_PUT_EVENT);
	struct state_owner owner = owner_of(event);

	state_bind_owner(put, 1, &owner);
	sqlite3_bind_int64(put, 3, event->at_ms);
	sqlite3_bind_text(put, 4, event->event, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 5, (int64_t)event->generation);
	sqlite3_bind_text(put, 6, event->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 7, event->sae, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 8, event->key_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 9, event->ckn, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 10, event->elapsed_ms);
	return state_run(state, STATE_PUT_EVENT);
}

static int trim(struct state *state, const struct state_owner *owner)
{
	sqlite3_stmt *statement = state_statement(state, STATE_TRIM_EVENTS);

	state_bind_owner(statement, 1, owner);
	sqlite3_bind_int64(statement, 3, (int64_t)state->history_max);
	return state_run(state, STATE_TRIM_EVENTS);
}

static bool same_owner(const struct state_owner *a, const struct state_owner *b)
{
	return strcmp(a->association, b->association) == 0 && strcmp(a->sae, b->sae) == 0;
}

static bool named_before(const struct state *state, size_t i)
{
	struct state_owner owner = owner_of(&state->pending[i]);

	for (size_t j = 0; j < i; j++) {
		struct state_owner other = owner_of(&state->pending[j]);

		if (same_owner(&owner, &other)) {
			return true;
		}
	}
	return false;
}

/* Inside a transaction: they stay pending until it is committed. */
static int write_pending(struct state *state)
{
	int error = 0;

	for (size_t i = 0; i < state->pending_count && error == 0; i++) {
		error = put_event(state, &state->pending[i]);
	}
	for (size_t i = 0; i < state->pending_count && error == 0; i++) {
		if (!named_before(state, i)) {
			struct state_owner owner = owner_of(&state->pending[i]);

			error = trim(state, &owner);
		}
	}
	return error;
}

int state_end_with_history(struct state *state, int error)
{
	if (error == 0) {
		error = write_pending(state);
	}
	error = state_end(state, error);
	if (error == 0) {
		state->pending_count = 0;
	}
	return error;
}

int state_flush(struct state *state)
{
	int error;

	if (state->pending_count == 0) {
		return 0;
	}
	error = state_run(state, STATE_BEGIN);
	return error < 0 ? error : state_end_with_history(state, 0);
}

static const char *text_at(sqlite3_stmt *get, int column)
{
	const char *text = (const char *)sqlite3_column_text(get, column);

	return text ? text : "";
}

/* Where the callback has got to. */
struct telling {
	const struct state_owner *owner; /* NULL = all */
	size_t limit;
	state_history_fn fn;
	void *ctx;
	size_t told;
	bool ended; /* by the callback */
};

static void tell(struct telling *telling, const struct state_event *event)
{
	telling->told++;
	telling->ended = !telling->fn(telling->ctx, event);
}

/* What could not be written down yet is the newest there is. */
static void tell_pending(const struct state *state, struct telling *telling)
{
	for (size_t i = state->pending_count; i-- > 0;) {
		const struct pending_event *pending = &state->pending[i];
		struct state_event event = {
			.owner = owner_of(pending),
			.at_ms = pending->at_ms,
			.event = pending->event,
			.generation = pending->generation,
			.reason = pending->reason,
			.sae = pending->sae,
			.key_id = pending->key_id,
			.ckn = pending->ckn,
			.elapsed_ms = pending->elapsed_ms,
		};

		if (telling->owner && !same_owner(telling->owner, &event.owner)) {
			continue;
		}
		if (telling->ended || telling->told == telling->limit) {
			return;
		}
		tell(telling, &event);
	}
}

static int tell_written(struct state *state, struct telling *telling)
{
	sqlite3_stmt *get = state_statement(
		state, telling->owner ? STATE_GET_EVENTS : STATE_GET_ALL_EVENTS);
	size_t left = telling->limit - telling->told;
	int result = SQLITE_DONE;

	sqlite3_bind_int64(get, 1, left > INT32_MAX ? INT32_MAX : (int64_t)left);
	if (telling->owner) {
		state_bind_owner(get, 2, telling->owner);
	}
	while (!telling->ended && (result = sqlite3_step(get)) == SQLITE_ROW) {
		struct state_event event = {
			.owner = { text_at(get, 0), text_at(get, 1) },
			.at_ms = sqlite3_column_int64(get, 2),
			.event = text_at(get, 3),
			.generation = (uint64_t)sqlite3_column_int64(get, 4),
			.reason = text_at(get, 5),
			.sae = text_at(get, 6),
			.key_id = text_at(get, 7),
			.ckn = text_at(get, 8),
			.elapsed_ms = (uint32_t)sqlite3_column_int64(get, 9),
		};

		tell(telling, &event);
	}
	sqlite3_reset(get);
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : state_errno(result);
}

int state_history(struct state *state, const struct state_owner *owner, size_t limit,
	state_history_fn fn, void *ctx)
{
	struct telling telling = { .owner = owner, .limit = limit, .fn = fn, .ctx = ctx };
	int error;

	/* A full disk is when somebody looks: what is not written is told from memory. */
	state_flush(state);
	tell_pending(state, &telling);
	error = telling.ended ? 0 : tell_written(state, &telling);
	return error < 0 ? error : (int)telling.told;
}

void state_set_history_max(struct state *state, size_t rows)
{
	state->history_max = rows;
}
