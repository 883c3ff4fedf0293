/*
 * What a KME may send: a key container, a status, an error. The first octet
 * says what was asked for, the rest is the body.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kmeclient/reply.h"

static struct kme_key keys[KME_KEYS_MAX];
static char text[KME_ERROR_TEXT_MAX];

static const char *const key_ids[KME_KEYS_MAX] = { "d9b6fa63-dd88-47d2-8afe-94fcecf40d19",
	"a310923e-9de9-4ab1-bafe-806bcc2e62f9", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9",
	"k10", "k11", "k12", "k13", "k14", "k15" };

static void check_text(enum kme_error error)
{
	assert(memchr(text, '\0', sizeof(text)));
	assert(error == KME_OK || text[0] != '\0');
	for (const char *at = text; *at; at++) {
		assert(*at >= ' ' && *at <= '~');
	}
}

static void check_keys(const struct kme_expected *expected)
{
	for (size_t i = 0; i < expected->count; i++) {
		const struct kme_key *key = &keys[i];

		assert(kme_key_id_valid(key->key_id, strlen(key->key_id)));
		assert(key->key.len > 0 && key->key.len <= SECRET_MAX);
		assert(key->key.len == keys[0].key.len);
		assert(expected->size_bits == 0 || 8 * key->key.len == expected->size_bits);
		assert(!expected->key_ids || kme_key_id_equal(expected->key_ids[i], key->key_id));
		for (size_t j = 0; j < i; j++) {
			assert(!kme_key_id_equal(keys[j].key_id, key->key_id));
			assert(!secret_equal(&keys[j].key, &key->key));
		}
	}
}

static void read_keys(uint8_t asked, const char *body, size_t len)
{
	struct kme_expected expected = {
		.count = 1 + asked % KME_KEYS_MAX,
		.size_bits = asked & 0x10 ? 512 : 0,
		.key_ids = asked & 0x20 ? key_ids : NULL,
	};
	enum kme_error error = kme_reply_keys(body, len, &expected, keys, text);

	check_text(error);
	if (error == KME_OK) {
		check_keys(&expected);
	}
}

static void read_status(const char *body, size_t len)
{
	struct kme_status status;
	enum kme_error error = kme_reply_status(body, len, &status, text);

	check_text(error);
	assert(memchr(status.slave_sae_id, '\0', sizeof(status.slave_sae_id)));
	assert(status.key_size_bits >= 0 && status.max_sae_id_count >= 0);
}

static void read_error(uint8_t asked, const char *body, size_t len)
{
	static const long statuses[] = { 400, 401, 403, 404, 500, 503, 200, 0 };
	enum kme_error error = kme_reply_error(
		statuses[asked >> 1 & 7], body, len, asked & 1, text);

	assert(error != KME_OK);
	check_text(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data + 1;

	if (size == 0 || size > KME_REPLY_MAX) {
		return 0;
	}
	text[0] = '\0';
	switch (data[0] >> 6) {
	case 0:
	case 1:
		read_keys(data[0], body, size - 1);
		break;
	case 2:
		read_status(body, size - 1);
		break;
	default:
		read_error(data[0], body, size - 1);
		break;
	}
	return 0;
}
