#include "l2proto/auth.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define INFO_LABEL "keyidd channel 1"
#define INFO_MAX 512

struct auth {
	EVP_MAC_CTX *ctx;
};

/* Appends text and its terminator: the zero octet keeps the parts apart. */
static size_t info_add(uint8_t *info, size_t len, const char *text)
{
	size_t text_len = strlen(text) + 1;

	if (len + text_len > INFO_MAX) {
		return INFO_MAX + 1;
	}
	memcpy(info + len, text, text_len);
	return len + text_len;
}

static bool derive(const struct secret *channel_key, const char *association, const char *link,
	uint16_t key_number, uint8_t out[static CHANNEL_KEY_LEN])
{
	uint8_t info[INFO_MAX + 2];
	size_t info_len = info_add(info, 0, INFO_LABEL);
	EVP_KDF *kdf;
	EVP_KDF_CTX *ctx;
	bool ok;

	info_len = info_len > INFO_MAX ? info_len : info_add(info, info_len, association);
	info_len = info_len > INFO_MAX ? info_len : info_add(info, info_len, link);
	if (info_len > INFO_MAX) {
		return false;
	}
	info[info_len++] = (uint8_t)(key_number >> 8);
	info[info_len++] = (uint8_t)key_number;

	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)channel_key->bytes, channel_key->len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};
	kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	ok = ctx && EVP_KDF_derive(ctx, out, CHANNEL_KEY_LEN, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

static EVP_MAC_CTX *hmac_context(const uint8_t key[static CHANNEL_KEY_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx && EVP_MAC_init(ctx, key, CHANNEL_KEY_LEN, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

struct auth *auth_new(const struct secret *channel_key, const char *association, const char *link,
	uint16_t key_number)
{
	uint8_t key[CHANNEL_KEY_LEN];
	struct auth *auth;

	if (channel_key->len != CHANNEL_KEY_LEN ||
		!derive(channel_key, association, link, key_number, key)) {
		return NULL;
	}
	auth = OPENSSL_zalloc(sizeof(*auth));
	if (auth) {
		auth->ctx = hmac_context(key);
	}
	OPENSSL_cleanse(key, sizeof(key));
	if (auth && !auth->ctx) {
		OPENSSL_free(auth);
		return NULL;
	}
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth) {
		EVP_MAC_CTX_free(auth->ctx);
		OPENSSL_free(auth);
	}
}

bool auth_sign(
	struct auth *auth, const uint8_t *octets, size_t len, uint8_t out[static AUTH_HMAC_LEN])
{
	size_t out_len;

	return EVP_MAC_init(auth->ctx, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(auth->ctx, octets, len) == 1 &&
	       EVP_MAC_final(auth->ctx, out, &out_len, AUTH_HMAC_LEN) == 1;
}

bool auth_verify(struct auth *auth, const uint8_t *octets, size_t len,
	const uint8_t hmac[static AUTH_HMAC_LEN])
{
	uint8_t expected[AUTH_HMAC_LEN];

	return auth_sign(auth, octets, len, expected) &&
	       CRYPTO_memcmp(expected, hmac, AUTH_HMAC_LEN) == 0;
}
