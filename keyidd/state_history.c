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
	COPY(pending->association, event->association);
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

static int put_event(struct state *state, const struct pending_event *event)
{
	sqlite3_stmt *put = state_statement(state, STATE_PUT_EVENT);

	sqlite3_bind_text(put, 1, event->association, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, event->at_ms);
	sqlite3_bind_text(put, 3, event->event, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 4, (int64_t)event->generation);
	sqlite3_bind_text(put, 5, event->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 6, event->sae, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 7, event->key_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 8, event->ckn, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 9, event->elapsed_ms);
	return state_run(state, STATE_PUT_EVENT);
}

static int trim(struct state *state, const char *association)
{
	sqlite3_stmt *statement = state_statement(state, STATE_TRIM_EVENTS);

	sqlite3_bind_text(statement, 1, association, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, (int64_t)state->history_max);
	return state_run(state, STATE_TRIM_EVENTS);
}

static bool named_before(const struct state *state, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(state->pending[j].association, state->pending[i].association) == 0) {
			return true;
		}
	}
	return false;
}

int state_write_pending(struct state *state)
{
	int error = 0;

	for (size_t i = 0; i < state->pending_count && error == 0; i++) {
		error = put_event(state, &state->pending[i]);
	}
	for (size_t i = 0; i < state->pending_count && error == 0; i++) {
		if (!named_before(state, i)) {
			error = trim(state, state->pending[i].association);
		}
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
	if (error < 0) {
		return error;
	}
	error = state_write_pending(state);
	if (error == 0) {
		error = state_run(state, STATE_COMMIT);
	}
	if (error == 0) {
		state->pending_count = 0;
	} else if (!sqlite3_get_autocommit(state->db)) {
		state_run(state, STATE_ROLLBACK);
	}
	return error;
}

static const char *text_at(sqlite3_stmt *get, int column)
{
	const char *text = (const char *)sqlite3_column_text(get, column);

	return text ? text : "";
}

int state_history(
	struct state *state, const char *association, size_t limit, state_history_fn fn, void *ctx)
{
	int error = state_flush(state);
	sqlite3_stmt *get = state_statement(
		state, association ? STATE_GET_EVENTS : STATE_GET_ALL_EVENTS);
	int result = SQLITE_DONE;
	int count = 0;

	if (error < 0) {
		return error;
	}
	sqlite3_bind_int64(get, 1, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	if (association) {
		sqlite3_bind_text(get, 2, association, -1, SQLITE_STATIC);
	}
	while ((result = sqlite3_step(get)) == SQLITE_ROW) {
		struct state_event event = {
			.association = text_at(get, 0),
			.at_ms = sqlite3_column_int64(get, 1),
			.event = text_at(get, 2),
			.generation = (uint64_t)sqlite3_column_int64(get, 3),
			.reason = text_at(get, 4),
			.sae = text_at(get, 5),
			.key_id = text_at(get, 6),
			.ckn = text_at(get, 7),
			.elapsed_ms = (uint32_t)sqlite3_column_int64(get, 8),
		};

		count++;
		if (!fn(ctx, &event)) {
			result = SQLITE_DONE;
			break;
		}
	}
	sqlite3_reset(get);
	error = state_errno(result);
	return error < 0 ? error : count;
}

void state_set_history_max(struct state *state, size_t rows)
{
	state->history_max = rows;
}
