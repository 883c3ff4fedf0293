#include <string.h>

#include "tools/keyidctl/ctl.h"

/* " (SecY 02000000000b0001 gcm-aes-256, receives 1 of ours)" */
static const char *secy(const json_t *of)
{
	static char text[96];
	const json_t *secy = json_object_get(of, "secy");

	text[0] = '\0';
	if (json_is_object(secy)) {
		snprintf(text, sizeof(text), " (SecY %s %s, receives %s of ours)",
			text_of(secy, "sci"), text_of(secy, "cipher_suite"),
			number_text(secy, "receives"));
	}
	return text;
}

/* "mx304-12, mx304-13 (1 hop)" */
static const char *saes(const json_t *station)
{
	static char text[1024];
	size_t i;
	json_t *sae;

	text[0] = '\0';
	json_array_foreach(json_object_get(station, "saes"), i, sae)
	{
		size_t len = strlen(text);
		json_int_t hops = number_of(sae, "hops");

		snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? ", " : "",
			text_of(sae, "sae"), secy(sae));
		len = strlen(text);
		if (hops > 0) {
			snprintf(text + len, sizeof(text) - len,
				" (%" JSON_INTEGER_FORMAT " hop%s)", hops, hops > 1 ? "s" : "");
		}
	}
	return text[0] ? text : "-";
}

/* "raw, lldp silent for 1 min" */
static const char *carriers(const json_t *station)
{
	static char text[128];
	const char *name;
	json_t *carrier;

	text[0] = '\0';
	json_object_foreach(json_object_get(station, "carriers"), name, carrier)
	{
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s", len ? ", " : "", name);
		len = strlen(text);
		if (flag_of(carrier, "silent")) {
			snprintf(text + len, sizeof(text) - len, " silent (%s)",
				ago_text(carrier, "heard_ms_ago"));
		}
	}
	return text[0] ? text : "-";
}

static void print_stations(const json_t *stations)
{
	static const char *const titles[] = { "STATION", "STATE", ">NUMBER", ">ACKNOWLEDGED",
		">HEARD", "BY", "SPEAKS FOR" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *station;

	json_array_foreach((json_t *)stations, i, station)
	{
		table_add(table, "%s", text_of(station, "member"));
		table_add(table, "%s", text_of(station, "state"));
		table_add(table, "%s", number_text(station, "number"));
		table_add(table, "%s", number_text(station, "acknowledged"));
		table_add(table, "%s", ago_text(station, "heard_ms_ago"));
		table_add(table, "%s", carriers(station));
		table_add(table, "%s", saes(station));
	}
	table_print(table, 2);
	if (json_array_size(stations) == 0) {
		say_line("  nobody is heard");
	}
}

static void print_own_secy(const json_t *secy)
{
	if (json_is_object(secy)) {
		say_line("  its SecY is %s, %s, and receives %s SAs", text_of(secy, "sci"),
			text_of(secy, "cipher_suite"), number_text(secy, "receives"));
	}
}

static void print(const json_t *result)
{
	size_t i;
	json_t *link;

	json_array_foreach(json_object_get(result, "links"), i, link)
	{
		fputs(i > 0 ? "\n" : "", stdout);
		say("%s, link %s ", text_of(link, "label"), text_of(link, "link"));
		if (flag_of(link, "inside")) {
			say("inside");
		} else {
			say("on %s", text_of(link, "interface"));
		}
		if (number_of(link, "vlan") > 0) {
			say(", VLAN %s", number_text(link, "vlan"));
		}
		if (!flag_of(link, "open")) {
			say(": not open: %s", text_of(link, "error"));
		}
		putchar('\n');
		say_line("  this station is %s, at number %s", text_of(link, "member"),
			number_text(link, "number"));
		print_own_secy(json_object_get(link, "secy"));
		print_stations(json_object_get(link, "stations"));
	}
}

int neighbours_main(const struct ctl *ctl)
{
	return ctl_show(ctl, ctl_request(ctl, "neighbours"), 0, print);
}
