#include "kmeclient/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "kmeclient/base64.h"
#include "kmeclient/wipe.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void kme_text_sanitise(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~') {
			*text = '?';
		}
	}
}

static enum kme_error fail(enum kme_error error, char *text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum kme_error fail(enum kme_error error, char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, KME_ERROR_TEXT_MAX, format, args);
	va_end(args);
	kme_text_sanitise(text);
	return error;
}

/* Jansson's own error text quotes the body, and so perhaps a key: it is not used. */
static json_t *load_object(const char *body, size_t len)
{
	json_t *root;

	kme_wipe_json_memory();
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	if (root && !json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/* ---- key container, Table 11 ----------------------------------------------------------------- */

static enum kme_error read_key_id(const json_t *item, struct kme_key *key, char *text)
{
	const json_t *id = json_object_get(item, "key_ID");

	if (!json_is_string(id)) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "a key without a key_ID string");
	}
	if (!kme_key_id_valid(json_string_value(id), json_string_length(id))) {
		return fail(KME_ERROR_KEY_ID, text,
			"a key_ID that is empty, too long or not printable");
	}
	memcpy(key->key_id, json_string_value(id), json_string_length(id) + 1);
	return KME_OK;
}

static enum kme_error read_key_octets(const json_t *item, struct kme_key *key, char *text)
{
	const json_t *value = json_object_get(item, "key");
	int len;

	if (!json_is_string(value)) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "key_ID %s without a key string",
			key->key_id);
	}
	len = kme_base64_decode(json_string_value(value), json_string_length(value), key->key.bytes,
		sizeof(key->key.bytes));
	if (len == -EMSGSIZE) {
		return fail(KME_ERROR_KEY_LENGTH, text,
			"the key of key_ID %s is longer than %d bits", key->key_id, 8 * SECRET_MAX);
	}
	if (len < 0) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "the key of key_ID %s is not base64",
			key->key_id);
	}
	key->key.len = (size_t)len;
	return KME_OK;
}

/* wanted_len 0: the first key sets the length. */
static enum kme_error check_length(const struct kme_key *key, size_t *wanted_len, char *text)
{
	if (*wanted_len == 0) {
		*wanted_len = key->key.len;
	}
	if (key->key.len == 0 || key->key.len != *wanted_len) {
		return fail(KME_ERROR_KEY_LENGTH, text,
			"the key of key_ID %s has %zu bits instead of %zu", key->key_id,
			8 * key->key.len, 8 * *wanted_len);
	}
	return KME_OK;
}

/* Where a key belongs: by its ID for dec_keys, as it came for enc_keys. */
static size_t find_slot(const struct kme_expected *expected, const char *key_id, size_t came_as)
{
	if (!expected->key_ids) {
		return came_as;
	}
	for (size_t i = 0; i < expected->count; i++) {
		if (kme_key_id_equal(expected->key_ids[i], key_id)) {
			return i;
		}
	}
	return expected->count;
}

static enum kme_error check_unlike(
	const struct kme_key *key, const struct kme_key *keys, size_t count, char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].key.len == 0) {
			continue;
		}
		if (kme_key_id_equal(keys[i].key_id, key->key_id)) {
			return fail(KME_ERROR_KEY_DUPLICATE, text, "key_ID %s twice", key->key_id);
		}
		if (secret_equal(&keys[i].key, &key->key)) {
			return fail(KME_ERROR_KEY_DUPLICATE, text, "key_IDs %s and %s with one key",
				keys[i].key_id, key->key_id);
		}
	}
	return KME_OK;
}

static enum kme_error read_key(const json_t *item, size_t came_as, size_t *wanted_len,
	const struct kme_expected *expected, struct kme_key *keys, char *text)
{
	struct kme_key key = { 0 };
	enum kme_error error;
	size_t slot;

	error = read_key_id(item, &key, text);
	if (error != KME_OK) {
		return error;
	}
	slot = find_slot(expected, key.key_id, came_as);
	if (slot == expected->count) {
		return fail(
			KME_ERROR_KEY_ID, text, "key_ID %s, which was not asked for", key.key_id);
	}
	error = read_key_octets(item, &key, text);
	if (error == KME_OK) {
		error = check_length(&key, wanted_len, text);
	}
	if (error == KME_OK) {
		error = check_unlike(&key, keys, expected->count, text);
	}
	if (error == KME_OK) {
		keys[slot] = key;
	}
	secret_wipe(&key.key);
	return error;
}

static enum kme_error read_container(
	const json_t *root, const struct kme_expected *expected, struct kme_key *keys, char *text)
{
	const json_t *lower = json_object_get(root, "keys");
	const json_t *upper = json_object_get(root, "Keys");
	const json_t *list = lower ? lower : upper;
	size_t wanted_len = expected->size_bits / 8;

	if (!json_is_array(list) || (lower && upper)) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "a reply without one array \"keys\"");
	}
	if (json_array_size(list) != expected->count) {
		return fail(KME_ERROR_KEY_COUNT, text, "%zu keys instead of %zu",
			json_array_size(list), expected->count);
	}
	for (size_t i = 0; i < expected->count; i++) {
		enum kme_error error = read_key(
			json_array_get(list, i), i, &wanted_len, expected, keys, text);

		if (error != KME_OK) {
			return error;
		}
	}
	return KME_OK;
}

enum kme_error kme_reply_keys(const char *body, size_t len, const struct kme_expected *expected,
	struct kme_key keys[static KME_KEYS_MAX], char text[static KME_ERROR_TEXT_MAX])
{
	json_t *root = load_object(body, len);
	enum kme_error error;

	memset(keys, 0, KME_KEYS_MAX * sizeof(*keys));
	if (!root) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "a reply that is not a JSON object");
	}
	error = read_container(root, expected, keys, text);
	json_decref(root);
	return error;
}

/* ---- status, Table 9 ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
} status_texts[] = {
	{ "source_KME_ID", offsetof(struct kme_status, source_kme_id) },
	{ "target_KME_ID", offsetof(struct kme_status, target_kme_id) },
	{ "master_SAE_ID", offsetof(struct kme_status, master_sae_id) },
	{ "slave_SAE_ID", offsetof(struct kme_status, slave_sae_id) },
};

static const struct {
	const char *name;
	size_t offset;
} status_numbers[] = {
	{ "key_size", offsetof(struct kme_status, key_size_bits) },
	{ "stored_key_count", offsetof(struct kme_status, stored_key_count) },
	{ "max_key_count", offsetof(struct kme_status, max_key_count) },
	{ "max_key_per_request", offsetof(struct kme_status, max_key_per_request) },
	{ "max_key_size", offsetof(struct kme_status, max_key_size_bits) },
	{ "min_key_size", offsetof(struct kme_status, min_key_size_bits) },
	{ "max_SAE_ID_count", offsetof(struct kme_status, max_sae_id_count) },
};

/* Return 1 if the member is there and of use, 0 if it is missing or null, -1 if it is wrong. */
static int read_text(const json_t *member, char out[static KME_SAE_ID_MAX + 1])
{
	if (!member || json_is_null(member)) {
		return 0;
	}
	if (!json_is_string(member) || json_string_length(member) > KME_SAE_ID_MAX) {
		return -1;
	}
	memcpy(out, json_string_value(member), json_string_length(member) + 1);
	kme_text_sanitise(out);
	return 1;
}

static int read_number(const json_t *member, int64_t *out)
{
	if (!member || json_is_null(member)) {
		return 0;
	}
	if (!json_is_integer(member) || json_integer_value(member) < 0) {
		return -1;
	}
	*out = json_integer_value(member);
	return 1;
}

static enum kme_error read_status(const json_t *root, struct kme_status *status, char *text)
{
	int present = 0;

	for (size_t i = 0; i < COUNT(status_texts); i++) {
		const char *name = status_texts[i].name;
		int found = read_text(
			json_object_get(root, name), (char *)status + status_texts[i].offset);

		if (found < 0) {
			return fail(KME_ERROR_REPLY_MALFORMED, text,
				"a status whose %s is not a string of at most %d octets", name,
				KME_SAE_ID_MAX);
		}
		present += found;
	}
	for (size_t i = 0; i < COUNT(status_numbers); i++) {
		const char *name = status_numbers[i].name;
		int found = read_number(json_object_get(root, name),
			(int64_t *)((char *)status + status_numbers[i].offset));

		if (found < 0) {
			return fail(KME_ERROR_REPLY_MALFORMED, text,
				"a status whose %s is not a whole number", name);
		}
		present += found;
	}
	if (present == 0) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "a reply that is no status");
	}
	return KME_OK;
}

enum kme_error kme_reply_status(const char *body, size_t len, struct kme_status *status,
	char text[static KME_ERROR_TEXT_MAX])
{
	json_t *root = load_object(body, len);
	enum kme_error error;

	memset(status, 0, sizeof(*status));
	if (!root) {
		return fail(KME_ERROR_REPLY_MALFORMED, text, "a reply that is not a JSON object");
	}
	error = read_status(root, status, text);
	json_decref(root);
	return error;
}
