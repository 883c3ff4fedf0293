#include "keyidd/control_private.h"

#include <string.h>

static const char *role_name(const struct association *association)
{
	return association->exchange.config->role == EXCHANGE_MASTER ? "master" : "slave";
}

/* ---- keys: what names them, never what they are --------------------------------------------- */

static json_t *ckn_of(const struct association *association, const struct key_id *key_id)
{
	struct ckn ckn;

	if (ckn_from_key_id(&association->exchange.config->ckn, key_id, &ckn) != 0) {
		return json_null();
	}
	return control_hex(ckn.octets, ckn.len);
}

/* Null until it has been decided, and where keys have none. */
static json_t *start_of(const struct proposal *proposal, size_t i)
{
	return proposal->start ? control_time_s(proposal->start + (int64_t)i * proposal->spacing_s)
			       : json_null();
}

json_t *control_keys(const struct association *association, const struct proposal *proposal)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < proposal->key_count; i++) {
		json_array_append_new(keys,
			json_pack("{s:o, s:o, s:o}", "key_id", control_text(proposal->keys[i].text),
				"ckn", ckn_of(association, &proposal->keys[i]), "start",
				start_of(proposal, i)));
	}
	return keys;
}

static json_t *an_of(const struct proposal *proposal)
{
	return proposal->an == AN_NONE ? json_null() : json_integer(proposal->an);
}

/* ---- the decision in force ------------------------------------------------------------------ */

static json_t *key_age(const struct association *association)
{
	int64_t age_s = association_key_age_s(association);

	return age_s >= 0 ? json_integer(age_s) : json_null();
}

static json_t *key_age_alarm(const struct association *association)
{
	uint64_t alarm_ms = association->config->key_age_alarm_ms;

	return alarm_ms ? control_number(alarm_ms / 1000) : json_null();
}

static void put_committed(json_t *status, const struct association *association)
{
	const struct exchange_record *record = &association->exchange.record;
	bool decided = record->decision != SLOT_EMPTY;

	json_object_set_new(status, "generation",
		control_generation(decided ? record->committed.generation : 0));
	json_object_set_new(status, "decision",
		!decided
			? json_null()
			: json_string(record->decision == SLOT_CONFIRMED ? "confirmed" : "commit"));
	json_object_set_new(status, "keys",
		decided ? control_keys(association, &record->committed) : json_array());
	json_object_set_new(status, "an", decided ? an_of(&record->committed) : json_null());
	json_object_set_new(status, "start", control_time_s(decided ? record->committed.start : 0));
	json_object_set_new(status, "confirmed_at", control_time_s(record->confirmed_at));
	json_object_set_new(status, "key_age_s", key_age(association));
	json_object_set_new(status, "key_age_alarm_s", key_age_alarm(association));
	json_object_set_new(status, "key_age_alarm", json_boolean(association->age_alarm));
	json_object_set_new(status, "highest", control_generation(record->highest));
}

/* ---- what comes next ------------------------------------------------------------------------ */

/* Of a master at rest: seconds to the next attempt; null on demand, for a slave, or while one is
 * under way. */
static json_t *next_rekey(const struct association *association, struct exchange_time now)
{
	const struct exchange *x = &association->exchange;
	uint64_t due_ms = x->rekey_wanted ? now.mono_ms : x->rekey_due_ms;

	if (x->config->role != EXCHANGE_MASTER || exchange_undecided(&x->record) ||
		x->record.decision == SLOT_COMMIT || due_ms == UINT64_MAX) {
		return json_null();
	}
	if (due_ms < x->retry_due_ms) {
		due_ms = x->retry_due_ms;
	}
	return control_number(due_ms > now.mono_ms ? (due_ms - now.mono_ms) / 1000 : 0);
}

static const char *stage_name(const struct exchange *x)
{
	switch (x->record.stage) {
	case EXCHANGE_STAGE_NONE:
		return "none";
	case EXCHANGE_STAGE_FETCHING:
		return "fetching";
	case EXCHANGE_STAGE_HELD:
		return x->prepared ? "ready" : "preparing";
	case EXCHANGE_STAGE_ABORTED:
		return "aborted";
	}
	return "unknown";
}

/* The newest proposal, until it is decided; one that was given up, until the next one. */
static json_t *proposal(const struct association *association, struct exchange_time now)
{
	const struct exchange *x = &association->exchange;
	const struct proposal *staged = &x->record.staged;
	uint64_t begun_ms = association->rotation.begun_ms;
	bool timed = association->rotation.generation == staged->generation && begun_ms != 0;

	if (x->record.stage == EXCHANGE_STAGE_NONE ||
		staged->generation <= x->record.committed.generation) {
		return json_null();
	}
	return json_pack("{s:o, s:s, s:o, s:o, s:o}", "generation",
		control_generation(staged->generation), "stage", stage_name(x), "keys",
		control_keys(association, staged), "an", an_of(staged), "age_ms",
		timed ? control_number(now.mono_ms - begun_ms) : json_null());
}

static json_t *hold(const struct exchange *x)
{
	if (x->hold_reason == REASON_NONE) {
		return json_null();
	}
	return json_pack("{s:o, s:o}", "reason", control_reason(x->hold_reason), "sae",
		control_sae(&x->hold_sae));
}

/* Whose status comes round in a loop here. */
static json_t *loop(const struct exchange *x)
{
	struct sae_status own;

	exchange_own_status(x, &own);
	return own.device_reason == REASON_LOOP ? control_sae(&x->loop_sae) : json_null();
}

/* Does another station speak for our own SAE? */
static json_t *duplicate(const struct exchange *x, struct exchange_time now)
{
	return json_boolean(x->own_duplicate_ms != 0 &&
			    now.mono_ms - x->own_duplicate_ms <= x->config->life_ms);
}

static json_t *failure(const struct association *association)
{
	const struct exchange *x = &association->exchange;
	const char *text = control_failure_text(association, x->failed_reason);

	if (x->failed_reason == REASON_NONE) {
		return json_null();
	}
	return json_pack("{s:o, s:o, s:o}", "generation", control_generation(x->failed.generation),
		"reason", control_reason(x->failed_reason), "text", control_text_or_null(text));
}

/* ---- KME and device ------------------------------------------------------------------------- */

static json_t *kme(const struct association *association)
{
	return json_pack("{s:o, s:b, s:o}", "name", control_text(association->config->kme->name),
		"asked", association->call != NULL, "text",
		control_text_or_null(association->kme_text));
}

/* ---- links ---------------------------------------------------------------------------------- */

static json_t *links(const struct association *association, struct exchange_time now)
{
	const struct config_association *config = association->config;
	json_t *list = json_array();

	for (size_t i = 0; i < config->exchange.link_count; i++) {
		const struct association_link *link = &association->links[i];
		bool open = link->iface && iface_open(link->iface);
		uint32_t mtu = link->iface ? iface_mtu(link->iface) : 0;

		json_array_append_new(list,
			json_pack("{s:o, s:o, s:b, s:i, s:s, s:b, s:s, s:o, s:o, s:o, s:i, s:i}",
				"name", control_text(config->links[i].name), "interface",
				control_text(config->links[i].interface), "inside",
				config->links[i].inside, "vlan", config->links[i].vlan, "direction",
				config->exchange.links[i].direction == EXCHANGE_DOWN ? "down"
										     : "up",
				"open", open, "state",
				control_iface_state(link->iface ? iface_state(link->iface)
								: IFACE_STATE_NOT_OPEN),
				"error",
				control_text_or_null(
					open || !link->iface ? NULL : iface_error(link->iface)),
				"mtu", mtu ? control_number(mtu) : json_null(), "send_error",
				control_text(link->send_error ? strerror(-link->send_error) : NULL),
				"live_stations", (int)link_live_count(&link->link, now.mono_ms),
				"unacknowledged",
				(int)link_unacknowledged_count(&link->link, now.mono_ms)));
	}
	return list;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static json_t *one(const struct association *association, struct exchange_time now)
{
	const struct exchange_config *config = association->exchange.config;
	json_t *status = json_object();
	struct control_state state;

	control_describe(association, now, &state);
	json_object_set_new(status, "name", control_text(association->config->name));
	json_object_set_new(status, "label", control_text(association->config->label));
	json_object_set_new(status, "role", json_string(role_name(association)));
	json_object_set_new(status, "sae", control_sae(&config->sae));
	json_object_set_new(status, "master", control_sae(&config->master));
	json_object_set_new(status, "state", json_string(state.name));
	json_object_set_new(status, "detail", control_text_or_null(state.detail));
	json_object_set_new(status, "problems", control_problems(association, now));
	put_committed(status, association);
	json_object_set_new(status, "next_rekey_s", next_rekey(association, now));
	json_object_set_new(
		status, "rekey_wanted", json_boolean(association->exchange.rekey_wanted));
	json_object_set_new(status, "proposal", proposal(association, now));
	json_object_set_new(status, "hold", hold(&association->exchange));
	json_object_set_new(status, "failure", failure(association));
	json_object_set_new(status, "loop", loop(&association->exchange));
	json_object_set_new(status, "duplicate", duplicate(&association->exchange, now));
	json_object_set_new(status, "kme", kme(association));
	json_object_set_new(status, "device", control_device(association));
	json_object_set_new(status, "members", control_members(association, now));
	json_object_set_new(status, "links", links(association, now));
	return status;
}

/* In the configuration, but it could not be started: what is known is its name. */
static json_t *not_started(const struct config_association *config)
{
	return json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:[s]}", "name",
		control_text(config->name), "label", config->label, "role",
		config->exchange.role == EXCHANGE_MASTER ? "master" : "slave", "sae",
		control_sae(&config->exchange.sae), "state", "not-started", "detail", json_null(),
		"problems", "could not be started; the log of keyidd says why");
}

json_t *control_status(struct control_request *request)
{
	const struct engine *engine = request->engine;
	json_t *list = json_array();
	size_t next = 0; /* of those that run, in the same order */

	for (size_t i = 0; i < engine->config.association_count; i++) {
		const struct config_association *config = &engine->config.associations[i];
		const struct association *association = NULL;

		if (next < engine->association_count &&
			engine->associations[next]->config == config) {
			association = engine->associations[next++];
		}
		if (request->only_handover || (request->only && request->only != config)) {
			continue;
		}
		json_array_append_new(
			list, association ? one(association, request->now) : not_started(config));
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "at", control_time_s(request->now.wall_s),
		"uptime_s", control_number((request->now.mono_ms - engine->started_ms) / 1000),
		"associations", list, "handovers", control_handovers(request));
}
