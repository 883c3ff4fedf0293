#include <string.h>

#include "tools/keyidctl/ctl.h"

#define LABEL "  %-11s "

static void print_problems(const json_t *handover, const char *name)
{
	size_t i;
	json_t *problem;

	json_array_foreach(json_object_get(handover, "problems"), i, problem)
	{
		fputs(alarm_colour(), stdout);
		say("! %s%s%s", name, name[0] ? ": " : "", json_string_value(problem));
		fputs(plain(), stdout);
		putchar('\n');
	}
}

void print_handovers(const json_t *handovers)
{
	static const char *const titles[] = { "HAND-OVER", "PROTECTION", "ROLE", "STATE", "KEY-ID",
		">KEY AGE", ">NEXT KEY" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *handover;

	json_array_foreach((json_t *)handovers, i, handover)
	{
		table_add(table, "%s", text_of(handover, "name"));
		table_add(table, "%s", text_of(handover, "mark"));
		table_add(table, "%s", text_of(handover, "role"));
		table_add(table, "%s", text_of(handover, "state"));
		table_add(table, "%s", text_of(handover, "key_id"));
		table_add(table, "%s", duration_text(handover, "key_age_s"));
		table_add(table, "%s", duration_text(handover, "next_key_s"));
	}
	table_print(table, 0);
	json_array_foreach((json_t *)handovers, i, handover)
	{
		print_problems(handover, text_of(handover, "name"));
	}
}

/* ---- one of them ---------------------------------------------------------------------------- */

static void print_source(const json_t *handover)
{
	const json_t *source = json_object_get(handover, "source");

	if (has(source, "file")) {
		say_line(LABEL "%s on %s, as that of %s", "file", text_of(source, "file"),
			text_of(source, "host"), text_of(source, "device"));
	} else if (has(source, "description_interface")) {
		say_line(LABEL "description of %s", "shown as",
			text_of(source, "description_interface"));
	} else {
		say(LABEL "%s", "heard on", text_of(source, "interface"));
		if (has(source, "neighbour_chassis")) {
			say(", chassis %s", text_of(source, "neighbour_chassis"));
		}
		if (has(source, "neighbour_system_name")) {
			say(", system %s", text_of(source, "neighbour_system_name"));
		}
		putchar('\n');
	}
}

static void print_key(const json_t *handover)
{
	const char *last = text_of(handover, "last_key_id");

	if (!has(handover, "key_id")) {
		say_line(LABEL "none yet", "key");
	} else {
		say_line(LABEL "given to the device %s (%s ago)", "key",
			text_of(handover, "applied_at"), duration_text(handover, "key_age_s"));
		say_line(LABEL "%s", "  key-ID", text_of(handover, "key_id"));
		say_line(LABEL "%s", "  CKN", text_of(handover, "ckn"));
	}
	if (has(handover, "last_key_id") && strcmp(last, text_of(handover, "key_id")) != 0) {
		say_line(LABEL "%s", "taken up", last);
	}
	if (has(handover, "next_key_s")) {
		say_line(LABEL "in %s", "next key", duration_text(handover, "next_key_s"));
	} else if (strcmp(text_of(handover, "role"), "slave") == 0) {
		say_line(LABEL "when %s shows another key-ID", "next key",
			text_of(handover, "peer"));
	}
}

static void print_device(const json_t *handover)
{
	static const struct {
		const char *key, *text;
	} texts[] = { { "uses", ", uses the key" }, { "holds", ", has the key, does not use it" },
		{ "other", ", does not have the key" } };
	const json_t *device = json_object_get(handover, "device");

	say(LABEL "%s (%s)", "device", text_of(device, "name"), text_of(device, "type"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (has(handover, "key_id") && strcmp(text_of(device, "key"), texts[i].key) == 0) {
			say("%s", texts[i].text);
		}
	}
	putchar('\n');
}

void print_handover(const json_t *handover)
{
	fputs(bold(), stdout);
	say("%s", text_of(handover, "name"));
	fputs(plain(), stdout);
	say_line(" [%s]: hand-over, %s %s of %s, %s", text_of(handover, "mark"),
		text_of(handover, "role"), text_of(handover, "sae"), text_of(handover, "peer"),
		text_of(handover, "state"));
	if (has(handover, "detail")) {
		say_line("  %s", text_of(handover, "detail"));
	}
	print_problems(handover, "");
	if (!has(handover, "source")) {
		return; /* not started: nothing else is known */
	}
	say_line(LABEL "%s", "transport", text_of(handover, "transport"));
	print_source(handover);
	print_key(handover);
	say_line(LABEL "%s%s", "KME", text_of(json_object_get(handover, "kme"), "name"),
		flag_of(json_object_get(handover, "kme"), "asked") ? ", being asked" : "");
	print_device(handover);
}

/* ---- counters ------------------------------------------------------------------------------- */

void print_handover_counters(const json_t *handovers)
{
	static const char *const titles[] = { "HAND-OVER", "PROTECTION", ">SEEN", ">STALE",
		">REFUSED", ">UNREAD", ">ASKED", ">NO KEY", ">APPLIED", ">FAILED", ">SHOWN",
		">FAILED" };
	static const char *const names[] = { "seen", "stale", "refused", "unread", "asked",
		"unasked", "applied", "unapplied", "shown", "unshown" };
	struct table *table;
	size_t i;
	json_t *handover;

	if (json_array_size(handovers) == 0) {
		return;
	}
	putchar('\n');
	table = TABLE(titles);
	json_array_foreach((json_t *)handovers, i, handover)
	{
		table_add(table, "%s", text_of(handover, "name"));
		table_add(table, "%s", text_of(handover, "mark"));
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
			table_add(table, "%s", number_text(handover, names[j]));
		}
	}
	table_print(table, 0);
}
