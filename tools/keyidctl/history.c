#include <string.h>

#include "tools/keyidctl/ctl.h"

/* "2026-01-31 12:00:00.123" from "2026-01-31T12:00:00.123Z": UTC, as the title says. */
static const char *when(const json_t *event)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s", text_of(event, "at"));
	if (strlen(text) > 11) {
		text[10] = ' ';
		text[strcspn(text, "Z")] = '\0';
	}
	return text;
}

static const char *reason(const json_t *event)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s%s%s", has(event, "reason") ? text_of(event, "reason") : "",
		has(event, "reason") && has(event, "sae") ? " " : "",
		has(event, "sae") ? text_of(event, "sae") : "");
	return text[0] ? text : "-";
}

/* Associations whose events are of several SAEs, as the members of an object. */
static json_t *shared_names(const json_t *events)
{
	json_t *first = json_object(), *shared = json_object();
	size_t i;
	json_t *event;

	json_array_foreach((json_t *)events, i, event)
	{
		const char *name = text_of(event, "association"), *sae = text_of(event, "own_sae");

		if (!json_object_get(first, name)) {
			json_object_set_new(first, name, json_string(sae));
		} else if (strcmp(text_of(first, name), sae) != 0) {
			json_object_set_new(shared, name, json_true());
		}
	}
	json_decref(first);
	return shared;
}

/* The daemon has the newest first; people read downwards. */
static void print(const json_t *result)
{
	static const char *const titles[] = { "TIME (UTC)", "ASSOCIATION", ">GEN", "EVENT",
		">AFTER", "REASON, SAE" };
	const json_t *events = json_object_get(result, "events");
	struct table *table = TABLE(titles);
	json_t *shared = shared_names(events);

	for (size_t i = json_array_size(events); i-- > 0;) {
		const json_t *event = json_array_get(events, i);

		table_add(table, "%s", when(event));
		if (flag_of(shared, text_of(event, "association"))) {
			table_add(table, "%s/%s", text_of(event, "association"),
				text_of(event, "own_sae"));
		} else {
			table_add(table, "%s", text_of(event, "association"));
		}
		table_add(table, "%s", number_text(event, "generation"));
		table_add(table, "%s", text_of(event, "event"));
		table_add(table, "%s", ago_text(event, "elapsed_ms"));
		table_add(table, "%s", reason(event));
	}
	table_print(table, 0);
	json_decref(shared);
	if (json_array_size(events) == 0) {
		say_line("nothing has happened yet");
	}
}

int history_main(const struct ctl *ctl)
{
	json_t *request = ctl_request(ctl, "history");

	if (ctl->limit) {
		json_object_set_new(request, "limit", json_integer(ctl->limit));
	}
	return ctl_show(ctl, request, 0, print);
}
