#include "tools/kmesim/store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "common/hex.h"
#include "kmeclient/base64.h"

static uint64_t bit(size_t sae)
{
	return UINT64_C(1) << sae;
}

/* ---- growing --------------------------------------------------------------------------------- */

/* Room for one more of size octets at the end of an array of count; doubles at powers of two. */
static void *grow(void *array, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0) {
		return array;
	}
	return reallocarray(array, count ? 2 * count : 1, size);
}

static struct store_key *add_key(struct store *store)
{
	struct store_key *keys = grow(store->keys, store->key_count, sizeof(*keys));
	struct store_key *key;

	if (!keys) {
		return NULL;
	}
	store->keys = keys;
	key = &keys[store->key_count++];
	memset(key, 0, sizeof(*key));
	return key;
}

static enum store_error note_delivery(struct store *store, size_t key, size_t sae, bool to_master)
{
	struct store_delivery *deliveries = grow(
		store->deliveries, store->delivery_count, sizeof(*deliveries));

	if (!deliveries) {
		return STORE_NO_MEMORY;
	}
	store->deliveries = deliveries;
	deliveries[store->delivery_count++] = (struct store_delivery){ key, sae, to_master };
	return STORE_OK;
}

/* ---- preloaded keys -------------------------------------------------------------------------- */

static bool preload_key(struct store *store, json_t *item)
{
	struct store_key *key = add_key(store);
	const char *id, *text;
	int len;

	if (!key || json_unpack(item, "{s:s, s:s}", "key_ID", &id, "key", &text) < 0 ||
		strlen(id) > STORE_KEY_ID_MAX) {
		return false;
	}
	len = kme_base64_decode(text, strlen(text), key->key.bytes, SECRET_MAX);
	if (len <= 0) {
		return false;
	}
	key->key.len = (size_t)len;
	strcpy(key->id, id);
	return true;
}

int store_preload(struct store *store, const char *path, char error[static SIM_TEXT_MAX])
{
	json_error_t details;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &details);
	json_t *item;
	size_t at;
	int result = 0;

	if (!root || !json_is_array(root)) {
		snprintf(error, SIM_TEXT_MAX, "%s: %s", path, root ? "no list" : details.text);
		json_decref(root);
		return -1;
	}
	json_array_foreach(root, at, item)
	{
		if (!preload_key(store, item)) {
			snprintf(error, SIM_TEXT_MAX,
				"%s: entry %zu is not {\"key_ID\": ID, \"key\": BASE64}", path, at);
			result = -1;
			break;
		}
	}
	json_decref(root);
	return result;
}

void store_fini(struct store *store)
{
	free(store->keys);
	free(store->deliveries);
	memset(store, 0, sizeof(*store));
}

/* ---- new keys -------------------------------------------------------------------------------- */

/* RFC 4122 clause 4.4. */
static void make_uuid(char *out)
{
	uint8_t octets[16];
	char digits[33];

	if (getrandom(octets, sizeof(octets), 0) != sizeof(octets)) {
		abort();
	}
	octets[6] = (octets[6] & 0x0F) | 0x40;
	octets[8] = (octets[8] & 0x3F) | 0x80;
	hex_encode(octets, sizeof(octets), digits);
	sprintf(out, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12, digits + 16,
		digits + 20);
}

static struct store_key *find_preloaded(struct store *store, size_t size)
{
	for (size_t i = 0; i < store->key_count; i++) {
		if (!store->keys[i].delivered && store->keys[i].key.len == size) {
			return &store->keys[i];
		}
	}
	return NULL;
}

static struct store_key *make_key(struct store *store, size_t size)
{
	struct store_key *key = add_key(store);

	if (!key) {
		return NULL;
	}
	make_uuid(key->id);
	key->key.len = size;
	if (getrandom(key->key.bytes, size, 0) != (ssize_t)size) {
		abort();
	}
	return key;
}

enum store_error store_take_new(struct store *store, size_t master, uint64_t slaves, size_t count,
	size_t size, size_t *keys)
{
	if (store->left < (int64_t)count) {
		return STORE_EMPTY;
	}
	for (size_t i = 0; i < count; i++) {
		struct store_key *key = find_preloaded(store, size);

		if (!key) {
			key = make_key(store, size);
		}
		if (!key) {
			return STORE_NO_MEMORY;
		}
		keys[i] = (size_t)(key - store->keys);
		key->delivered = true;
		key->master = master;
		key->waiting = slaves;
		key->named = slaves;
		store->left--;
		if (note_delivery(store, keys[i], master, true) != STORE_OK) {
			return STORE_NO_MEMORY;
		}
	}
	return STORE_OK;
}

/* ---- keys by name ---------------------------------------------------------------------------- */

static struct store_key *find_delivered(struct store *store, const char *id)
{
	for (size_t i = 0; i < store->key_count; i++) {
		if (store->keys[i].delivered && strcasecmp(store->keys[i].id, id) == 0) {
			return &store->keys[i];
		}
	}
	return NULL;
}

enum store_error store_take_named(struct store *store, size_t slave, size_t master,
	const char *const *ids, size_t count, size_t *keys)
{
	for (size_t i = 0; i < count; i++) {
		const struct store_key *key = find_delivered(store, ids[i]);

		if (!key || key->master != master) {
			return STORE_NOT_FOUND;
		}
		if (!(key->named & bit(slave))) {
			return STORE_NOT_NAMED;
		}
		keys[i] = (size_t)(key - store->keys);
		for (size_t j = 0; j < i; j++) {
			if (keys[j] == keys[i]) {
				return STORE_NOT_FOUND;
			}
		}
		if (!(key->waiting & bit(slave))) {
			return STORE_NOT_FOUND;
		}
	}
	for (size_t i = 0; i < count; i++) {
		store->keys[keys[i]].waiting &= ~bit(slave);
		if (note_delivery(store, keys[i], slave, false) != STORE_OK) {
			return STORE_NO_MEMORY;
		}
	}
	return STORE_OK;
}

void store_expire(struct store *store, const char *const *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct store_key *key = find_delivered(store, ids[i]);

		if (key) {
			key->waiting = 0;
		}
	}
}

void store_print_deliveries(const struct store *store, const struct sim_config *config, FILE *out)
{
	for (size_t i = 0; i < store->delivery_count; i++) {
		const struct store_delivery *delivery = &store->deliveries[i];
		const struct store_key *key = &store->keys[delivery->key];
		char hex[2 * SECRET_MAX + 1];
		unsigned char base64[4 * ((SECRET_MAX + 2) / 3) + 1];

		hex_encode(key->key.bytes, key->key.len, hex);
		EVP_EncodeBlock(base64, key->key.bytes, (int)key->key.len);
		fprintf(out, "%s %s %s %s %s\n", key->id, config->saes[delivery->sae].id,
			delivery->to_master ? "enc" : "dec", hex, base64);
	}
}
