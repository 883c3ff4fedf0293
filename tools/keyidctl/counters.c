#include <stdlib.h>
#include <string.h>

#include "tools/keyidctl/ctl.h"

static void print_interfaces(const json_t *interfaces)
{
	static const char *const titles[] = { "INTERFACE", "STATE", ">FRAMES", ">NOT OURS",
		">MALFORMED", ">UNKNOWN ASSOC", ">DEFERRED", ">DROPPED", ">OUTAGES" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *interface;

	json_array_foreach((json_t *)interfaces, i, interface)
	{
		table_add(table, "%s", text_of(interface, "interface"));
		table_add(table, "%s", interface_state(interface));
		table_add(table, "%s", number_text(interface, "frames"));
		table_add(table, "%s", number_text(interface, "not_ours"));
		table_add(table, "%s", number_text(interface, "malformed"));
		table_add(table, "%s", number_text(interface, "unknown_association"));
		table_add(table, "%s", number_text(interface, "deferred"));
		table_add(table, "%s", number_text(interface, "dropped"));
		table_add(table, "%s", number_text(interface, "outages"));
	}
	table_print(table, 0);
}

/* The table of one link: the link is named in its first row. */
struct rows {
	struct table *table;
	const json_t *link;
	bool named;
};

static void add_row(struct rows *rows, const char *kind, const char *name, const char *value)
{
	bool same = strcmp(text_of(rows->link, "label"), text_of(rows->link, "link")) == 0;

	if (rows->named) {
		table_add(rows->table, "%s", "");
	} else if (same) {
		table_add(rows->table, "%s", text_of(rows->link, "link"));
	} else {
		table_add(rows->table, "%s, %s", text_of(rows->link, "label"),
			text_of(rows->link, "link"));
	}
	rows->named = true;
	table_add(rows->table, "%s%s", kind, name);
	table_add(rows->table, "%s", value);
}

/* Zeros only bury the others; --json has them all. */
static void add_counts(struct rows *rows, const char *kind, const json_t *counts)
{
	const char *name;
	json_t *count;

	json_object_foreach((json_t *)counts, name, count)
	{
		if (json_integer_value(count) != 0) {
			add_row(rows, kind, name, number_text(counts, name));
		}
	}
}

static void print_links(const json_t *links)
{
	static const char *const titles[] = { "LINK", "MESSAGES", ">COUNT" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *link;

	json_array_foreach((json_t *)links, i, link)
	{
		struct rows rows = { table, link, false };

		add_row(&rows, "", "sent", number_text(link, "sent"));
		add_counts(&rows, "  by ", json_object_get(link, "sent_by"));
		if (number_of(link, "send_errors") > 0) {
			add_row(&rows, "", "not sent for an error",
				number_text(link, "send_errors"));
		}
		add_counts(&rows, "received: ", json_object_get(link, "received"));
		add_counts(&rows, "  accepted by ", json_object_get(link, "accepted_by"));
		add_counts(&rows, "  copies by ", json_object_get(link, "copies_by"));
		add_counts(&rows, "  malformed: ", json_object_get(link, "malformed"));
	}
	table_print(table, 0);
}

static void print_associations(const json_t *associations)
{
	static const char *const titles[] = { "ASSOCIATION", ">GENERATION", ">HIGHEST",
		">ENC_KEYS THIS HOUR", ">ALLOWED", ">KEY AGE" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *association;

	json_array_foreach((json_t *)associations, i, association)
	{
		table_add(table, "%s", text_of(association, "label"));
		table_add(table, "%s", number_text(association, "committed"));
		table_add(table, "%s", number_text(association, "highest"));
		table_add(table, "%s", number_text(association, "enc_keys_this_hour"));
		table_add(table, "%s", number_text(association, "keys_per_hour"));
		table_add(table, "%s", duration_text(association, "key_age_s"));
	}
	table_print(table, 0);
}

static void print(const json_t *result)
{
	say_line("up %s, configuration reloaded %s times, refused %s times",
		duration_text(result, "uptime_s"), number_text(result, "reloads"),
		number_text(result, "reload_failures"));
	putchar('\n');
	print_interfaces(json_object_get(result, "interfaces"));
	putchar('\n');
	print_links(json_object_get(result, "links"));
	putchar('\n');
	print_associations(json_object_get(result, "associations"));
	print_handover_counters(json_object_get(result, "handovers"));
}

int counters_main(const struct ctl *ctl)
{
	return ctl_show(ctl, ctl_request(ctl, "counters"), 0, print);
}
