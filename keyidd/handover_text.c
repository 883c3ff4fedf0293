#include "keyidd/handover_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#define REFUSE(...) (snprintf(reason, HANDOVER_TEXT_MAX, __VA_ARGS__), false)

bool handover_text_key_id(const struct ckn_rule *rule, const char *text, size_t len,
	struct key_id *key_id, char reason[static HANDOVER_TEXT_MAX])
{
	struct ckn ckn;

	if (len == 0) {
		return REFUSE("empty, no key-ID");
	}
	if (!key_id_set(key_id, text, len)) {
		return REFUSE("\"%.*s\" is no key-ID", len < 80 ? (int)len : 80, text);
	}
	if (ckn_from_key_id(rule, key_id, &ckn) != 0) {
		return REFUSE("\"%.80s\" is no UUID, which ckn: prefix needs", key_id->text);
	}
	return true;
}

/* The one member that is to be there. */
static bool find_text(const json_t *root, const char *device, const char **text,
	char reason[static HANDOVER_TEXT_MAX])
{
	const char *name = json_object_iter_key(json_object_iter((json_t *)root));
	const json_t *value = json_object_get(root, device);

	if (!json_is_object(root)) {
		return REFUSE("not a JSON object");
	}
	if (json_object_size(root) == 0) {
		return REFUSE("holds no key-ID");
	}
	if (!value) {
		return REFUSE("holds the key-ID of %.80s, not of %.80s", name, device);
	}
	if (json_object_size(root) > 1) {
		return REFUSE("holds more than the key-ID of %.80s", device);
	}
	if (!json_is_string(value)) {
		return REFUSE("what it holds for %.80s is not a text", device);
	}
	*text = json_string_value(value);
	return true;
}

bool handover_text_read(const struct ckn_rule *rule, const char *device, const uint8_t *bytes,
	size_t len, struct key_id *key_id, char reason[static HANDOVER_TEXT_MAX])
{
	json_error_t wrong;
	const char *text;
	json_t *root;
	bool read;

	if (len == 0) {
		return REFUSE("empty");
	}
	root = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &wrong);
	if (!root) {
		return REFUSE(
			"not JSON, or not all of it: line %d: %.120s", wrong.line, wrong.text);
	}
	read = find_text(root, device, &text, reason) &&
	       handover_text_key_id(rule, text, strlen(text), key_id, reason);
	json_decref(root);
	return read;
}

int handover_text_write(
	const char *device, const struct key_id *key_id, char out[static HANDOVER_JSON_MAX])
{
	json_t *root = json_pack("{s:s}", device, key_id->text);
	size_t len = root ? json_dumpb(root, out, HANDOVER_JSON_MAX, 0) : 0;

	json_decref(root);
	if (len == 0) {
		return -EINVAL;
	}
	return len <= HANDOVER_JSON_MAX ? (int)len : -EMSGSIZE;
}
