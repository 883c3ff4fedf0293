#include "keyidd/seal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define SEALING_KEY_LEN 32
#define NAME_MAX_LEN 255 /* of an association and of an SAE */

static const char seal_info[] = "keyidd state v1";

struct seal {
	EVP_CIPHER *cipher;
	uint8_t key[SEALING_KEY_LEN];
};

static bool derive(const struct secret *state_key, uint8_t out[static SEALING_KEY_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)state_key->bytes, state_key->len),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)seal_info, sizeof(seal_info) - 1),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	bool derived = context && EVP_KDF_derive(context, out, SEALING_KEY_LEN, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return derived;
}

struct seal *seal_new(const struct secret *state_key)
{
	struct seal *seal = calloc(1, sizeof(*seal));

	if (!seal) {
		return NULL;
	}
	seal->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!seal->cipher || !derive(state_key, seal->key)) {
		seal_free(seal);
		return NULL;
	}
	return seal;
}

void seal_free(struct seal *seal)
{
	if (!seal) {
		return;
	}
	EVP_CIPHER_free(seal->cipher);
	OPENSSL_cleanse(seal->key, sizeof(seal->key));
	free(seal);
}

struct associated {
	size_t len;
	uint8_t octets[2 * (2 + NAME_MAX_LEN) + 8 + 1 + 1 + 2 + KEY_ID_MAX];
};

static void put_number(struct associated *data, uint64_t number, size_t octets)
{
	for (size_t i = octets; i > 0; i--) {
		data->octets[data->len++] = (uint8_t)(number >> (8 * (i - 1)));
	}
}

static void put_text(struct associated *data, const char *text, size_t len)
{
	put_number(data, len, 2);
	memcpy(data->octets + data->len, text, len);
	data->len += len;
}

static bool associate(const struct seal_label *label, struct associated *data)
{
	const char *sae = label->form == SEAL_WITH_SAE ? label->sae : "";
	size_t name_len = strlen(label->association), sae_len = strlen(sae);

	if (name_len > NAME_MAX_LEN || sae_len > NAME_MAX_LEN || label->key_id->len > KEY_ID_MAX ||
		(label->form != SEAL_WITH_SAE && label->form != SEAL_WITHOUT_SAE)) {
		return false;
	}
	data->len = 0;
	put_text(data, label->association, name_len);
	if (label->form == SEAL_WITH_SAE) {
		put_text(data, sae, sae_len);
	}
	put_number(data, label->generation, 8);
	put_number(data, label->role, 1);
	put_number(data, label->index, 1);
	put_text(data, label->key_id->text, label->key_id->len);
	return true;
}

/* Begins either direction and takes in the associated data. */
static EVP_CIPHER_CTX *begin(
	const struct seal *seal, const uint8_t *nonce, const struct associated *data, bool sealing)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len;

	if (context &&
		EVP_CipherInit_ex2(context, seal->cipher, seal->key, nonce, sealing, NULL) == 1 &&
		EVP_CipherUpdate(context, NULL, &len, data->octets, (int)data->len) == 1) {
		return context;
	}
	EVP_CIPHER_CTX_free(context);
	return NULL;
}

int seal_close(struct seal *seal, const struct seal_label *label, const struct secret *key,
	uint8_t out[static SEAL_MAX])
{
	uint8_t *text = out + SEAL_NONCE_LEN;
	struct associated data;
	EVP_CIPHER_CTX *context;
	int len, rest;
	int result = -EIO;

	if (key->len == 0 || key->len > SECRET_MAX || !associate(label, &data)) {
		return -EINVAL;
	}
	if (RAND_bytes(out, SEAL_NONCE_LEN) != 1) {
		return -EIO;
	}
	context = begin(seal, out, &data, true);
	if (!context) {
		return -ENOMEM;
	}
	if (EVP_CipherUpdate(context, text, &len, key->bytes, (int)key->len) == 1 &&
		EVP_CipherFinal_ex(context, text + len, &rest) == 1 &&
		EVP_CIPHER_CTX_ctrl(
			context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN, text + key->len) == 1) {
		result = (int)(key->len + SEAL_OVERHEAD);
	}
	EVP_CIPHER_CTX_free(context);
	return result;
}

int seal_open(struct seal *seal, const struct seal_label *label, const uint8_t *sealed, size_t len,
	struct secret *key)
{
	struct associated data;
	EVP_CIPHER_CTX *context;
	uint8_t tag[SEAL_TAG_LEN];
	int text_len, rest;
	int result = -EBADMSG;

	secret_wipe(key);
	if (!associate(label, &data)) {
		return -EINVAL;
	}
	if (len <= SEAL_OVERHEAD || len > SEAL_MAX) {
		return -EBADMSG;
	}
	context = begin(seal, sealed, &data, false);
	if (!context) {
		return -ENOMEM;
	}
	memcpy(tag, sealed + len - SEAL_TAG_LEN, SEAL_TAG_LEN);
	if (EVP_CipherUpdate(context, key->bytes, &text_len, sealed + SEAL_NONCE_LEN,
		    (int)(len - SEAL_OVERHEAD)) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN, tag) == 1 &&
		EVP_CipherFinal_ex(context, key->bytes + text_len, &rest) == 1) {
		key->len = len - SEAL_OVERHEAD;
		result = 0;
	}
	EVP_CIPHER_CTX_free(context);
	if (result < 0) {
		secret_wipe(key);
	}
	return result;
}
