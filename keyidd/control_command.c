#include "keyidd/control_private.h"

#include <stdio.h>
#include <string.h>

#define ARGUMENTS_MAX 4

static const struct {
	const char *name;
	json_t *(*run)(struct control_request *request);
	bool of_handovers; /* one may be named */
	const char *arguments[ARGUMENTS_MAX + 1];
} commands[] = {
	{ "status", control_status, true, { "association", "sae" } },
	{ "neighbours", control_neighbours, false, { "association", "sae" } },
	{ "history", control_history, true, { "association", "sae", "limit" } },
	{ "rekey", control_rekey, true, { "association", "sae", "wait", "timeout" } },
	{ "counters", control_counters, true, { "association", "sae" } },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* ---- arguments ------------------------------------------------------------------------------ */

bool control_request_flag(struct control_request *request, const char *name, bool *value)
{
	const json_t *argument = json_object_get(request->arguments, name);

	if (argument && !json_is_boolean(argument)) {
		snprintf(request->error, sizeof(request->error), "\"%s\" must be true or false",
			name);
		return false;
	}
	if (argument) {
		*value = json_is_true(argument);
	}
	return true;
}

bool control_request_number(struct control_request *request, const char *name, json_int_t min,
	json_int_t max, json_int_t *value)
{
	const json_t *argument = json_object_get(request->arguments, name);

	if (argument && (!json_is_integer(argument) || json_integer_value(argument) < min ||
				json_integer_value(argument) > max)) {
		snprintf(request->error, sizeof(request->error),
			"\"%s\" must be a number from %" JSON_INTEGER_FORMAT
			" to %" JSON_INTEGER_FORMAT,
			name, min, max);
		return false;
	}
	if (argument) {
		*value = json_integer_value(argument);
	}
	return true;
}

bool control_request_wants(
	const struct control_request *request, const struct association *association)
{
	return !request->only_handover && (!request->only || request->only == association->config);
}

static bool takes(size_t command, const char *argument)
{
	for (size_t i = 0; commands[command].arguments[i]; i++) {
		if (strcmp(commands[command].arguments[i], argument) == 0) {
			return true;
		}
	}
	return false;
}

static bool check_kind(struct control_request *request, size_t command)
{
	if (request->only_handover && !commands[command].of_handovers) {
		snprintf(request->error, sizeof(request->error),
			"%s is a hand-over: there are no %s of one", request->only_handover->name,
			commands[command].name);
		return false;
	}
	return true;
}

static bool check_names(struct control_request *request, size_t command)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)request->arguments, name, value)
	{
		if (strcmp(name, "command") != 0 && !takes(command, name)) {
			snprintf(request->error, sizeof(request->error), "%s takes no \"%.64s\"",
				commands[command].name, name);
			return false;
		}
	}
	return true;
}

/* ---- requests ------------------------------------------------------------------------------- */

static void say_unknown(struct control_request *request, const char *name)
{
	snprintf(request->error, sizeof(request->error), "unknown command \"%.64s\"; known are",
		name);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		control_append(request->error, sizeof(request->error), "%s %s", i ? "," : "",
			commands[i].name);
	}
}

static json_t *run(struct control_request *request)
{
	const char *name = json_string_value(json_object_get(request->arguments, "command"));

	if (!name) {
		snprintf(request->error, sizeof(request->error),
			"the request is no JSON object with a \"command\"");
		return NULL;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name, commands[i].name) == 0) {
			return check_names(request, i) && control_address(request) &&
					       check_kind(request, i)
				       ? commands[i].run(request)
				       : NULL;
		}
	}
	say_unknown(request, name);
	return NULL;
}

void control_command(struct control_client *client, const char *line, size_t len)
{
	struct control_request request = { .client = client,
		.engine = client->control->engine,
		.now = { clock_mono_ms(), clock_wall_s() } };
	json_error_t wrong;
	json_t *arguments = json_loadb(line, len, JSON_REJECT_DUPLICATES, &wrong);
	json_t *result = NULL;

	request.arguments = arguments;
	if (arguments) {
		result = run(&request);
	} else {
		snprintf(request.error, sizeof(request.error), "the request is no JSON: %s",
			wrong.text);
	}
	if (!client->wait) {
		if (!result && !request.error[0]) {
			snprintf(request.error, sizeof(request.error), "no memory");
		}
		control_client_reply(client, result, request.error[0] ? request.error : NULL);
	}
	json_decref(arguments);
}
