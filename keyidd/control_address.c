/* Which SAE of which association a request is about. */
#include "keyidd/control_private.h"

#include <stdio.h>
#include <string.h>

struct address {
	const char *association, *sae; /* NULL = not given */
};

static bool is_name_and_sae(const struct config_association *config, const struct address *address)
{
	return (!address->association || strcmp(config->name, address->association) == 0) &&
	       (!address->sae || strcmp(config->exchange.sae.text, address->sae) == 0);
}

/* "NAME/SAE". Either part may have slashes, so it is compared and not split. */
static bool is_full_name(const struct config_association *config, const struct address *address)
{
	size_t len = strlen(config->name);

	return address->association && !address->sae &&
	       strncmp(address->association, config->name, len) == 0 &&
	       address->association[len] == '/' &&
	       strcmp(address->association + len + 1, config->exchange.sae.text) == 0;
}

static bool is_named(const struct config_association *config, const struct address *address)
{
	return is_name_and_sae(config, address) || is_full_name(config, address);
}

/* Returns how many there are, and the last of them. */
static size_t find(const struct engine *engine, const struct address *address,
	const struct config_association **found)
{
	size_t count = 0;

	for (size_t i = 0; i < engine->config.association_count; i++) {
		const struct config_association *config = &engine->config.associations[i];

		if (is_named(config, address)) {
			*found = config;
			count++;
		}
	}
	return count;
}

/* No association has the name of a hand-over. */
static const struct config_handover *find_handover(
	const struct engine *engine, const struct address *address)
{
	for (size_t i = 0; address->association && i < engine->config.handover_count; i++) {
		const struct config_handover *config = &engine->config.handovers[i];

		if (strcmp(config->name, address->association) == 0 &&
			(!address->sae || strcmp(config->sae.text, address->sae) == 0)) {
			return config;
		}
	}
	return NULL;
}

static void say_none(struct control_request *request, const struct address *address)
{
	char *error = request->error;

	if (address->association) {
		control_append(error, sizeof(request->error), "no association%s \"%.128s\"",
			request->engine->config.handover_count > 0 ? " or hand-over" : "",
			address->association);
	}
	if (address->sae) {
		control_append(error, sizeof(request->error), "%s SAE \"%.64s\"",
			address->association ? " with" : "no association with", address->sae);
	}
}

static void say_several(struct control_request *request, const struct address *address)
{
	const struct engine *engine = request->engine;
	bool first = true;

	snprintf(request->error, sizeof(request->error), "\"%.128s\" is",
		address->association ? address->association : address->sae);
	for (size_t i = 0; i < engine->config.association_count; i++) {
		const struct config_association *config = &engine->config.associations[i];

		if (is_named(config, address)) {
			control_append(request->error, sizeof(request->error), "%s %s/%s",
				first ? "" : ",", config->name, config->exchange.sae.text);
			first = false;
		}
	}
	control_append(
		request->error, sizeof(request->error), ": say which, with --sae if need be");
}

static bool read_text(struct control_request *request, const char *name, const char **text)
{
	const json_t *argument = json_object_get(request->arguments, name);

	*text = json_string_value(argument);
	if (argument && !*text) {
		snprintf(request->error, sizeof(request->error), "\"%s\" must be a text", name);
		return false;
	}
	return true;
}

bool control_address(struct control_request *request)
{
	struct address address;
	size_t count;

	if (!read_text(request, "association", &address.association) ||
		!read_text(request, "sae", &address.sae)) {
		return false;
	}
	if (!address.association && !address.sae) {
		return true;
	}
	count = find(request->engine, &address, &request->only);
	if (count > 1) {
		say_several(request, &address);
	} else if (count == 0) {
		request->only_handover = find_handover(request->engine, &address);
	}
	if (count == 0 && !request->only_handover) {
		say_none(request, &address);
	}
	return request->error[0] == '\0';
}
