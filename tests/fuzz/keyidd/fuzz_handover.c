/*
 * What the other end of a hand-over shows: a file, and an interface description. What
 * is taken makes a CKN, and is written again as it was read; what is not has a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/handover_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEVICE "mx304-11"

static const struct ckn_rule rules[] = {
	{ .kind = CKN_PREFIX, .prefix_len = 16 },
	{ .kind = CKN_SHA256 },
};

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_file(const struct ckn_rule *rule, const uint8_t *data, size_t size)
{
	char reason[HANDOVER_TEXT_MAX] = "";
	char written[HANDOVER_JSON_MAX];
	struct key_id key_id, again;
	int len;

	if (!handover_text_read(rule, DEVICE, data, size, &key_id, reason)) {
		demand(reason[0] && strlen(reason) < sizeof(reason));
		return;
	}
	len = handover_text_write(DEVICE, &key_id, written);
	demand(len > 0);
	demand(handover_text_read(
		rule, DEVICE, (const uint8_t *)written, (size_t)len, &again, reason));
	demand(memcmp(&again, &key_id, sizeof(again)) == 0);
}

static void check_text(const struct ckn_rule *rule, const uint8_t *data, size_t size)
{
	char reason[HANDOVER_TEXT_MAX] = "";
	struct key_id key_id;
	struct ckn ckn;

	if (!handover_text_key_id(rule, (const char *)data, size, &key_id, reason)) {
		demand(reason[0] && strlen(reason) < sizeof(reason));
		return;
	}
	demand(key_id.len == size && memcmp(key_id.text, data, size) == 0);
	demand(ckn_from_key_id(rule, &key_id, &ckn) == 0 && ckn.len == CKN_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		check_file(&rules[i], data, size);
		check_text(&rules[i], data, size);
	}
	return 0;
}
