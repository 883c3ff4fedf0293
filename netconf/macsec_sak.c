#include "netconf/macsec_sak.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define SALT_LEN 12 /* IEEE 802.1AE-2018 clause 14.7 */
#define LABEL_MAX 16
#define GENERATION_LEN 8

static const char sak_label[] = "keyidd sak 1";
static const char salt_label[] = "keyidd salt 1";

/* What HKDF is told to make its output for: a label, then the inputs that all outputs share. */
struct info {
	size_t len;
	uint8_t octets[LABEL_MAX + sizeof(struct macsec_sci) + GENERATION_LEN + MACSEC_NONCE_LEN];
};

static const struct {
	const char *name;
	size_t key_len;
	bool extended;
} suites[MACSEC_SUITE_COUNT] = {
	[MACSEC_SUITE_GCM_AES_128] = { "gcm-aes-128", 16, false },
	[MACSEC_SUITE_GCM_AES_256] = { "gcm-aes-256", 32, false },
	[MACSEC_SUITE_GCM_AES_XPN_128] = { "gcm-aes-xpn-128", 16, true },
	[MACSEC_SUITE_GCM_AES_XPN_256] = { "gcm-aes-xpn-256", 32, true },
};

const char *macsec_suite_name(enum macsec_suite suite)
{
	return suites[suite].name;
}

int macsec_suite_parse(const char *name, enum macsec_suite *suite)
{
	for (size_t i = 0; i < MACSEC_SUITE_COUNT; i++) {
		if (strcmp(name, suites[i].name) == 0) {
			*suite = (enum macsec_suite)i;
			return 0;
		}
	}
	return -EINVAL;
}

size_t macsec_suite_key_len(enum macsec_suite suite)
{
	return suites[suite].key_len;
}

bool macsec_suite_is_extended(enum macsec_suite suite)
{
	return suites[suite].extended;
}

static void append(struct info *info, const void *octets, size_t len)
{
	memcpy(info->octets + info->len, octets, len);
	info->len += len;
}

/* Everything has a fixed size, so that no two sets of inputs give the same octets. */
static void compose(struct info *info, const char *label, const struct macsec_sci *sci,
	uint64_t generation, const uint8_t nonce[static MACSEC_NONCE_LEN])
{
	uint8_t number[GENERATION_LEN];

	for (size_t i = 0; i < GENERATION_LEN; i++) {
		number[i] = (uint8_t)(generation >> (8 * (GENERATION_LEN - 1 - i)));
	}
	info->len = 0;
	append(info, label, strlen(label));
	append(info, sci->octets, sizeof(sci->octets));
	append(info, number, sizeof(number));
	append(info, nonce, MACSEC_NONCE_LEN);
}

static int derive(const struct secret *key, const struct info *info, size_t len, struct secret *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key->bytes, key->len),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)info->octets, info->len),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	bool derived = context && EVP_KDF_derive(context, out->bytes, len, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	out->len = derived ? len : 0;
	return derived ? 0 : -ENOMEM;
}

int macsec_sak_derive(const struct secret *key, enum macsec_suite suite,
	const struct macsec_sci *sci, uint64_t generation,
	const uint8_t nonce[static MACSEC_NONCE_LEN], struct macsec_sak *sak)
{
	struct info info;
	int rc;

	macsec_sak_wipe(sak);
	if (key->len < suites[suite].key_len) {
		return -EINVAL;
	}
	compose(&info, sak_label, sci, generation, nonce);
	rc = derive(key, &info, suites[suite].key_len, &sak->key);
	if (rc == 0 && suites[suite].extended) {
		compose(&info, salt_label, sci, generation, nonce);
		rc = derive(key, &info, SALT_LEN, &sak->salt);
	}
	if (rc < 0) {
		macsec_sak_wipe(sak);
	}
	return rc;
}

void macsec_sak_wipe(struct macsec_sak *sak)
{
	if (sak) {
		secret_wipe(&sak->key);
		secret_wipe(&sak->salt);
	}
}

int macsec_nonce_draw(uint8_t nonce[static MACSEC_NONCE_LEN])
{
	return RAND_bytes(nonce, MACSEC_NONCE_LEN) == 1 ? 0 : -EIO;
}

int macsec_key_id_make(const uint8_t *ckn, size_t ckn_len,
	const uint8_t nonce[static MACSEC_NONCE_LEN], struct macsec_key_id *key_id)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(ckn, ckn_len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return -ENOMEM;
	}
	memcpy(key_id->token, digest, sizeof(key_id->token));
	memcpy(key_id->nonce, nonce, sizeof(key_id->nonce));
	return 0;
}

bool macsec_sci_equal(const struct macsec_sci *a, const struct macsec_sci *b)
{
	return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

bool macsec_key_id_equal(const struct macsec_key_id *a, const struct macsec_key_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
