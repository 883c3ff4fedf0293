/*
 * What a hook's program prints for READ_BACK: whatever it is, the view is one that
 * a device can have, and printed again it reads the same.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "netconf/hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_key(const struct applier_seen_key *key)
{
	demand(key->configured);
	demand(key->ckn_len >= 1 && key->ckn_len <= APPLIER_CKN_MAX);
	demand(key->usable || !key->transmitting);
	demand(!key->future || (!key->usable && key->start > 0));
	demand(key->start >= 0);
}

static void check_view(const struct applier_view *view)
{
	size_t transmitting = 0;

	demand(view->key_count <= APPLIER_USABLE_MAX && view->clock_s >= 0);
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *key = &view->keys[i];

		check_key(key);
		transmitting += key->transmitting;
		for (size_t j = 0; j < i; j++) {
			demand(key->ckn_len != view->keys[j].ckn_len ||
				memcmp(key->ckn, view->keys[j].ckn, key->ckn_len) != 0);
		}
	}
	demand(transmitting <= 1);
}

static size_t print(const struct applier_view *view, char *text)
{
	size_t len = 0;

	if (view->clock_s > 0) {
		len += (size_t)sprintf(text, "clock=%" PRId64 "\n", view->clock_s);
	}
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *key = &view->keys[i];
		char ckn[2 * APPLIER_CKN_MAX + 1];

		hex_encode(key->ckn, key->ckn_len, ckn);
		len += (size_t)sprintf(text + len, "%s%s%s%s start=%" PRId64 "\n", ckn,
			key->usable ? " usable" : "", key->transmitting ? " transmitting" : "",
			key->future ? " future" : "", key->start);
	}
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[APPLIER_USABLE_MAX * 256];
	static struct applier_view view, again;
	struct problem problem;

	if (hook_output_read((const char *)data, size, &view, &problem) < 0) {
		demand(problem.error == APPLIER_ERROR_PROTOCOL);
		demand(strncmp(problem.text, "what it printed, line ", 22) == 0);
		return 0;
	}
	check_view(&view);
	demand(hook_output_read(text, print(&view, text), &again, &problem) == 0);
	demand(memcmp(&view, &again, sizeof(view)) == 0);
	return 0;
}
