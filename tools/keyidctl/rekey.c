#include <string.h>

#include "tools/keyidctl/ctl.h"

#define DEFAULT_TIMEOUT_S 120 /* the daemon's own */

static void print_confirmed(const json_t *entry)
{
	size_t i;
	json_t *key;

	say_line("%s: generation %s confirmed after %s", text_of(entry, "label"),
		number_text(entry, "generation"), ago_text(entry, "elapsed_ms"));
	json_array_foreach(json_object_get(entry, "keys"), i, key)
	{
		say_line("  key-ID  %s", text_of(key, "key_id"));
		say_line("  CKN     %s", text_of(key, "ckn"));
	}
}

/* What is not confirmed is in the error, which has been printed. */
static void print(const json_t *result)
{
	size_t i;
	json_t *entry;

	json_array_foreach(json_object_get(result, "associations"), i, entry)
	{
		if (strcmp(text_of(entry, "outcome"), "confirmed") == 0) {
			print_confirmed(entry);
		} else if (strcmp(text_of(entry, "outcome"), "asked") == 0) {
			say("%s: a new key is asked for; %s", text_of(entry, "label"),
				text_of(entry, "state"));
			say_line("%s%s", has(entry, "detail") ? ": " : "",
				has(entry, "detail") ? text_of(entry, "detail") : "");
		}
	}
	json_array_foreach(json_object_get(result, "handovers"), i, entry)
	{
		say_line("%s: a new key is asked for; %s", text_of(entry, "name"),
			text_of(entry, "state"));
	}
}

int rekey_main(const struct ctl *ctl)
{
	json_t *request = ctl_request(ctl, "rekey");
	int wait_s = ctl->timeout_s ? ctl->timeout_s : DEFAULT_TIMEOUT_S;

	if (ctl->wait) {
		json_object_set_new(request, "wait", json_true());
		json_object_set_new(request, "timeout", json_integer(wait_s));
	}
	return ctl_show(ctl, request, ctl->wait ? wait_s : 0, print);
}
