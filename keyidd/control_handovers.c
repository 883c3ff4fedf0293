/* What clients are told of hand-overs, each with the mark of what protects it. */
#include "keyidd/control_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

#define NOT_USED_MS 60000 /* from applying a key on; then it is a problem */

static const char *role_name(const struct config_handover *config)
{
	return config->role == EXCHANGE_MASTER ? "master" : "slave";
}

static const char *transport_name(const struct config_handover *config)
{
	return config->transport == CONFIG_HANDOVER_LLDP ? "lldp-port-description" : "ssh-file";
}

static bool is_wanted(const struct control_request *request, const struct config_handover *config)
{
	return !request->only && (!request->only_handover || request->only_handover == config);
}

static struct handover *find(const struct engine *engine, const struct config_handover *config)
{
	for (size_t i = 0; i < engine->handover_count; i++) {
		if (engine->handovers[i]->config == config) {
			return engine->handovers[i];
		}
	}
	return NULL;
}

/* ---- how it is ------------------------------------------------------------------------------ */

/* One word; in the order of what matters most. */
static const char *state_name(const struct handover_machine *m)
{
	if (!m->started) {
		return "starting";
	}
	if (m->doing == HANDOVER_FETCH) {
		return "fetching";
	}
	if (m->held.len > 0) {
		return "applying";
	}
	if (m->rules.master && m->record.stage == HANDOVER_APPLIED) {
		return "showing";
	}
	if (m->seen.len > 0) {
		return "preparing";
	}
	if (m->record.stage == HANDOVER_TAKEN && !handover_in_step(m)) {
		return "lost";
	}
	if (m->record.stage == HANDOVER_NONE) {
		return "idle";
	}
	return m->view == HANDOVER_USES ? "live" : "applied";
}

static const char *detail(const struct handover_machine *m)
{
	const char *state = state_name(m);

	if (strcmp(state, "starting") == 0) {
		return "the device has not been read yet";
	}
	if (strcmp(state, "preparing") == 0) {
		return "a new key-ID is seen; the device is read first";
	}
	if (strcmp(state, "lost") == 0) {
		return "the key of the last key-ID will not come; waits for another key-ID";
	}
	if (strcmp(state, "idle") == 0) {
		return m->rules.master ? "no key was made yet" : "no key-ID was seen yet";
	}
	return "";
}

static int64_t key_age_s(const struct handover_record *record, struct exchange_time now)
{
	int64_t age_s = now.wall_s - record->applied_s;

	return age_s > 0 ? age_s : 0;
}

static void add(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(json_t *list, const char *format, ...)
{
	char text[CONTROL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(list, control_text(text));
}

static json_t *problems(const struct handover *handover, struct exchange_time now)
{
	const struct handover_machine *m = &handover->machine;
	const char *device = handover->config->device->name;
	json_t *list = json_array();

	for (size_t i = 0; i < HANDOVER_PART_COUNT; i++) {
		if (handover->errors[i].reason[0]) {
			add(list, "%s: %s", handover->errors[i].reason, handover->errors[i].text);
		}
	}
	if (m->started && m->record.applied.len > 0 && m->view == HANDOVER_OTHER) {
		add(list, "%s does not have the key that it was given last", device);
	}
	if (m->view == HANDOVER_HOLDS && key_age_s(&m->record, now) * 1000 >= NOT_USED_MS) {
		add(list, "%s has the key and does not use it: has the other end followed?",
			device);
	}
	return list;
}

static json_t *errors(const struct handover *handover)
{
	static const char *const parts[] = {
		[HANDOVER_AT_SOURCE] = "source",
		[HANDOVER_AT_KME] = "kme",
		[HANDOVER_AT_DEVICE] = "device",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < HANDOVER_PART_COUNT; i++) {
		const struct handover_error *error = &handover->errors[i];

		if (error->reason[0]) {
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:o, s:o}", "at", parts[i], "reason",
					      error->reason, "text", control_text(error->text),
					      "since", control_time_s(error->since_s)));
		}
	}
	return list;
}

/* ---- where things are ------------------------------------------------------------------------ */

static json_t *source(const struct config_handover *config)
{
	if (config->transport == CONFIG_HANDOVER_FILE) {
		return json_pack("{s:o, s:o, s:o}", "host", control_text(config->remote.host),
			"file", control_text(config->file), "device",
			control_text(config->file_device));
	}
	if (config->role == EXCHANGE_MASTER) {
		return json_pack("{s:o}", "description_interface",
			control_text(config->junos.description_interface));
	}
	return json_pack("{s:o, s:o, s:o}", "interface", control_text(config->interface),
		"neighbour_chassis", control_text(config->neighbour_chassis),
		"neighbour_system_name", control_text(config->neighbour_system_name));
}

static json_t *device(const struct handover *handover)
{
	static const char *const views[] = {
		[HANDOVER_UNSEEN] = NULL,
		[HANDOVER_OTHER] = "other",
		[HANDOVER_HOLDS] = "holds",
		[HANDOVER_USES] = "uses",
	};
	const struct config_device *config = handover->config->device;

	return json_pack("{s:o, s:o, s:o}", "name", control_text(config->name), "type",
		control_device_type(config->type), "key",
		control_text(views[handover->machine.view]));
}

static json_t *ckn_of(const struct handover *handover, const struct key_id *key_id)
{
	struct ckn ckn;

	if (key_id->len == 0 || ckn_from_key_id(&handover->config->ckn, key_id, &ckn) != 0) {
		return json_null();
	}
	return control_hex(ckn.octets, ckn.len);
}

static json_t *next_key(const struct handover *handover, struct exchange_time now)
{
	const struct handover_machine *m = &handover->machine;
	uint64_t due_ms = m->next_key_ms;

	if (!m->rules.master || m->held.len > 0 || m->doing == HANDOVER_FETCH) {
		return json_null();
	}
	return control_number(due_ms > now.mono_ms ? (due_ms - now.mono_ms) / 1000 : 0);
}

static void put_keys(json_t *status, const struct handover *handover, struct exchange_time now)
{
	const struct handover_record *record = &handover->machine.record;
	bool applied = record->applied.len > 0;

	json_object_set_new(status, "key_id", control_text_or_null(record->applied.text));
	json_object_set_new(status, "ckn", ckn_of(handover, &record->applied));
	json_object_set_new(status, "applied_at", control_time_s(applied ? record->applied_s : 0));
	json_object_set_new(
		status, "key_age_s", applied ? json_integer(key_age_s(record, now)) : json_null());
	json_object_set_new(status, "last_key_id", control_text_or_null(record->key_id.text));
	json_object_set_new(status, "next_key_s", next_key(handover, now));
}

static json_t *head(const struct config_handover *config)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "name", control_text(config->name),
		"transport", transport_name(config), "mark", handover_mark(config), "role",
		role_name(config), "sae", control_sae(&config->sae), "peer",
		control_sae(&config->peer));
}

static json_t *one(const struct handover *handover, struct exchange_time now)
{
	const struct config_handover *config = handover->config;
	json_t *status = head(config);

	json_object_set_new(status, "state", json_string(state_name(&handover->machine)));
	json_object_set_new(status, "detail", control_text_or_null(detail(&handover->machine)));
	json_object_set_new(status, "problems", problems(handover, now));
	put_keys(status, handover, now);
	json_object_set_new(status, "source", source(config));
	json_object_set_new(status, "kme",
		json_pack("{s:o, s:b}", "name", control_text(config->kme->name), "asked",
			handover->call != NULL));
	json_object_set_new(status, "device", device(handover));
	json_object_set_new(status, "errors", errors(handover));
	return status;
}

static json_t *not_started(const struct config_handover *config)
{
	json_t *status = head(config);

	json_object_set_new(status, "state", json_string("not-started"));
	json_object_set_new(status, "detail", json_null());
	json_object_set_new(status, "problems",
		json_pack("[s]", "could not be started; the log of keyidd says why"));
	return status;
}

json_t *control_handovers(const struct control_request *request)
{
	const struct engine *engine = request->engine;
	json_t *list = json_array();

	for (size_t i = 0; i < engine->config.handover_count; i++) {
		const struct config_handover *config = &engine->config.handovers[i];
		const struct handover *handover = find(engine, config);

		if (is_wanted(request, config)) {
			json_array_append_new(
				list, handover ? one(handover, request->now) : not_started(config));
		}
	}
	return list;
}

/* ---- counters ------------------------------------------------------------------------------- */

json_t *control_handover_counters(const struct control_request *request)
{
	const struct engine *engine = request->engine;
	json_t *list = json_array();

	for (size_t i = 0; i < engine->handover_count; i++) {
		const struct handover *handover = engine->handovers[i];
		const struct handover_counters *counters = &handover->counters;

		if (!is_wanted(request, handover->config)) {
			continue;
		}
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
				  "s:o}",
				"name", control_text(handover->config->name), "mark",
				handover_mark(handover->config), "role",
				role_name(handover->config), "seen", control_number(counters->seen),
				"stale", control_number(counters->stale), "refused",
				control_number(counters->refused), "unread",
				control_number(counters->unread), "asked",
				control_number(counters->asked), "unasked",
				control_number(counters->unasked), "applied",
				control_number(counters->applied), "unapplied",
				control_number(counters->unapplied), "shown",
				control_number(counters->shown), "unshown",
				control_number(counters->unshown)));
	}
	return list;
}

/* ---- rekey ---------------------------------------------------------------------------------- */

json_t *control_handover_rekey(struct control_request *request, bool wait)
{
	const struct config_handover *config = request->only_handover;
	struct handover *handover = find(request->engine, config);
	const char *why = NULL;

	if (!handover) {
		why = "could not be started; the log of keyidd says why";
	} else if (config->role != EXCHANGE_MASTER) {
		why = "in a hand-over only the master's end can make a key";
	} else if (wait) {
		why = "nobody confirms the keys of a hand-over: ask without waiting";
	}
	if (why) {
		snprintf(request->error, sizeof(request->error), "%s: %s", config->name, why);
		return NULL;
	}
	handover_log(handover, LOG_LEVEL_NOTICE, "a new key is asked for by keyidctl");
	handover_rekey(handover);
	return json_pack("{s:[], s:[{s:o, s:s, s:s}]}", "associations", "handovers", "name",
		control_text(config->name), "outcome", "asked", "state",
		state_name(&handover->machine));
}
