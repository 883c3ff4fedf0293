#include <string.h>

#include "tools/keyidctl/ctl.h"

/* ---- several associations: a row each ------------------------------------------------------- */

/* "1/2": how many of a list have the member set to this text, or to true. */
static const char *part(const json_t *object, const char *list, const char *name, const char *value)
{
	static char texts[2][32];
	static unsigned next;
	char *text = texts[next++ % 2];
	const json_t *items = json_object_get(object, list);
	size_t i, count = 0;
	json_t *item;

	if (!items) {
		return "-";
	}
	json_array_foreach((json_t *)items, i, item)
	{
		count += value ? strcmp(text_of(item, name), value) == 0 : flag_of(item, name);
	}
	snprintf(text, sizeof(texts[0]), "%zu/%zu", count, json_array_size(items));
	return text;
}

static void print_problems(const json_t *association, const char *name)
{
	size_t i;
	json_t *problem;

	json_array_foreach(json_object_get(association, "problems"), i, problem)
	{
		fputs(alarm_colour(), stdout);
		say("! %s%s%s", name, name[0] ? ": " : "", json_string_value(problem));
		fputs(plain(), stdout);
		putchar('\n');
	}
}

static void print_summary(const json_t *associations)
{
	static const char *const titles[] = { "ASSOCIATION", "ROLE", "STATE", ">GEN", ">KEY AGE",
		">NEXT KEY", ">LINKS", ">OTHERS" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *association;

	json_array_foreach((json_t *)associations, i, association)
	{
		table_add(table, "%s", text_of(association, "label"));
		table_add(table, "%s", text_of(association, "role"));
		table_add(table, "%s", text_of(association, "state"));
		table_add(table, "%s", number_text(association, "generation"));
		table_add(table, "%s", duration_text(association, "key_age_s"));
		table_add(table, "%s", duration_text(association, "next_rekey_s"));
		table_add(table, "%s", part(association, "links", "open", NULL));
		table_add(table, "%s", part(association, "members", "state", "live"));
	}
	table_print(table, 0);
	json_array_foreach((json_t *)associations, i, association)
	{
		print_problems(association, text_of(association, "label"));
	}
}

/* ---- one association: all that people ask for ----------------------------------------------- */

#define LABEL "  %-11s "

static void print_keys(const json_t *keys)
{
	size_t i;
	json_t *key;

	json_array_foreach((json_t *)keys, i, key)
	{
		say_line(LABEL "%s", "  key-ID", text_of(key, "key_id"));
		say_line(LABEL "%s", "  CKN", text_of(key, "ckn"));
		if (has(key, "start")) {
			say_line(LABEL "%s", "  start", text_of(key, "start"));
		}
	}
}

static void print_key(const json_t *association)
{
	if (!has(association, "generation")) {
		say_line(LABEL "none agreed on yet", "key");
		return;
	}
	say(LABEL "generation %s, ", "key", number_text(association, "generation"));
	if (strcmp(text_of(association, "decision"), "confirmed") == 0) {
		say_line("confirmed %s (%s ago)", text_of(association, "confirmed_at"),
			duration_text(association, "key_age_s"));
	} else {
		say_line("decided, not confirmed by all yet");
	}
	print_keys(json_object_get(association, "keys"));
}

static void print_proposal(const json_t *association)
{
	const json_t *proposal = json_object_get(association, "proposal");

	if (!json_is_object(proposal)) {
		return;
	}
	say(LABEL "generation %s, %s", "proposal", number_text(proposal, "generation"),
		text_of(proposal, "stage"));
	if (has(proposal, "age_ms")) {
		say(", begun %s ago", ago_text(proposal, "age_ms"));
	}
	putchar('\n');
	if (strcmp(text_of(proposal, "stage"), "aborted") != 0) {
		print_keys(json_object_get(proposal, "keys"));
	}
}

static void print_next(const json_t *association)
{
	if (has(association, "hold")) {
		say_line(LABEL "as soon as it can be made", "next key");
	} else if (has(association, "next_rekey_s")) {
		say_line(LABEL "in %s", "next key", duration_text(association, "next_rekey_s"));
	} else if (strcmp(text_of(association, "role"), "slave") == 0) {
		say_line(LABEL "when %s says so", "next key", text_of(association, "master"));
	} else if (!has(association, "proposal")) {
		say_line(LABEL "on demand", "next key");
	}
}

/* The generation that a key on the device belongs to, if it is one of ours. */
static const char *generation_of(const json_t *association, const char *ckn)
{
	const json_t *const holders[] = { association, json_object_get(association, "proposal") };

	for (size_t i = 0; i < 2; i++) {
		size_t j;
		json_t *key;

		json_array_foreach(json_object_get(holders[i], "keys"), j, key)
		{
			if (strcmp(text_of(key, "ckn"), ckn) == 0) {
				return number_text(holders[i], "generation");
			}
		}
	}
	return NULL;
}

static void print_device_key(const json_t *association, const json_t *key)
{
	const char *ckn = text_of(key, "ckn");
	const char *generation = generation_of(association, ckn);
	const char *use = flag_of(key, "transmitting") ? "uses"
			  : flag_of(key, "future")     ? "waits to use"
			  : flag_of(key, "past")       ? "used"
						       : "holds";

	if (generation) {
		say(LABEL "generation %s", use, generation);
	} else if (has(key, "ckn")) {
		say(LABEL "%s", use, ckn);
	} else {
		say(LABEL "a key with token %s", use, text_of(key, "token"));
	}
	if (has(key, "start")) {
		say(", from %s", text_of(key, "start"));
	}
	putchar('\n');
}

/* This host's own MACsec. */
static void print_secys(const json_t *device)
{
	size_t i;
	json_t *secy;

	json_array_foreach(json_object_get(device, "secys"), i, secy)
	{
		say_line("  " LABEL "%s, %s on link %s; SAs: %zu to send, %zu to receive", "SCI",
			text_of(secy, "sci"), text_of(secy, "interface"), text_of(secy, "link"),
			json_array_size(json_object_get(secy, "transmit")),
			json_array_size(json_object_get(secy, "receive")));
	}
}

static void print_device(const json_t *association)
{
	const json_t *device = json_object_get(association, "device");
	size_t i;
	json_t *key;

	say(LABEL "%s (%s)", "device", text_of(device, "name"), text_of(device, "type"));
	if (!flag_of(device, "known")) {
		say(", not read");
	}
	if (has(device, "doing")) {
		say(", asked to %s", text_of(device, "doing"));
	}
	say_line("%s", flag_of(device, "known") && !has(device, "keys") ? ", holds no key" : "");
	json_array_foreach(json_object_get(device, "keys"), i, key)
	{
		fputs("  ", stdout);
		print_device_key(association, key);
	}
	print_secys(device);
}

static const char *failure(const json_t *member)
{
	static char text[96];
	const json_t *failed = json_object_get(member, "failed");

	if (has(member, "lost")) {
		snprintf(text, sizeof(text), "%s: key lost", number_text(member, "lost"));
	} else if (json_is_object(failed)) {
		snprintf(text, sizeof(text), "%s: %s", number_text(failed, "generation"),
			text_of(failed, "reason"));
	} else {
		return "-";
	}
	return text;
}

static void print_members(const json_t *members)
{
	static const char *const titles[] = { "SAE", "ROLE", "STATE", ">HEARD", ">READY",
		">APPLIED", ">LIVE", "FAILED", "VIA" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *member;

	json_array_foreach((json_t *)members, i, member)
	{
		table_add(table, "%s", text_of(member, "sae"));
		table_add(table, "%s", text_of(member, "role"));
		table_add(table, "%s", text_of(member, "state"));
		table_add(table, "%s", ago_text(member, "heard_ms_ago"));
		table_add(table, "%s", number_text(member, "ready"));
		table_add(table, "%s", number_text(member, "applied"));
		table_add(table, "%s", number_text(member, "live"));
		table_add(table, "%s", failure(member));
		if (number_of(member, "hops") > 0) {
			table_add(table, "%s, %s hops", text_of(member, "link"),
				number_text(member, "hops"));
		} else {
			table_add(table, "%s", text_of(member, "link"));
		}
	}
	table_print(table, 2);
}

static const char *link_state(const json_t *link)
{
	return !flag_of(link, "open")              ? interface_state(link)
	       : has(link, "send_error")           ? "cannot send"
	       : number_of(link, "unacknowledged") ? "open, not acknowledged"
						   : "open";
}

static void print_links(const json_t *links)
{
	static const char *const titles[] = { "LINK", "INTERFACE", ">VLAN", "STATE", ">STATIONS" };
	struct table *table = TABLE(titles);
	size_t i;
	json_t *link;

	json_array_foreach((json_t *)links, i, link)
	{
		table_add(table, "%s", text_of(link, "name"));
		table_add(table, "%s",
			flag_of(link, "inside") ? "inside" : text_of(link, "interface"));
		table_add(table, "%s", number_of(link, "vlan") ? number_text(link, "vlan") : "-");
		table_add(table, "%s", link_state(link));
		table_add(table, "%s", number_text(link, "live_stations"));
	}
	table_print(table, 2);
}

/* What such a state has to add is the first of its problems. */
static bool says_problem(const json_t *association)
{
	static const char *const states[] = { "held", "failed", "lost" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(text_of(association, "state"), states[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void print_one(const json_t *association)
{
	fputs(bold(), stdout);
	say("%s", text_of(association, "name"));
	fputs(plain(), stdout);
	say_line(": %s %s, %s", text_of(association, "role"), text_of(association, "sae"),
		text_of(association, "state"));
	if (has(association, "detail") && !says_problem(association)) {
		say_line("  %s", text_of(association, "detail"));
	}
	print_problems(association, "");
	if (!has(association, "device")) {
		return; /* not started: nothing else is known */
	}
	print_key(association);
	print_proposal(association);
	print_next(association);
	say_line(LABEL "%s%s", "KME", text_of(json_object_get(association, "kme"), "name"),
		flag_of(json_object_get(association, "kme"), "asked") ? ", being asked" : "");
	print_device(association);
	putchar('\n');
	print_members(json_object_get(association, "members"));
	putchar('\n');
	print_links(json_object_get(association, "links"));
}

static void print(const json_t *result)
{
	const json_t *associations = json_object_get(result, "associations");
	const json_t *handovers = json_object_get(result, "handovers");
	size_t count = json_array_size(associations), others = json_array_size(handovers);

	if (count + others == 1) {
		if (count == 1) {
			print_one(json_array_get(associations, 0));
		} else {
			print_handover(json_array_get(handovers, 0));
		}
		return;
	}
	print_summary(associations);
	if (count > 0 && others > 0) {
		putchar('\n');
	}
	print_handovers(handovers);
}

int status_main(const struct ctl *ctl)
{
	return ctl_show(ctl, ctl_request(ctl, "status"), 0, print);
}
