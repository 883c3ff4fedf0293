/* Identifiers: which texts are valid ones, and their short forms on the wire. */
#include "l2proto/message.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

static bool text_valid(const char *text, size_t len, size_t max, const char *forbidden)
{
	if (len == 0 || len > max) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr(forbidden, text[i])) {
			return false;
		}
	}
	return true;
}

bool sae_id_set(struct sae_id *id, const char *text, size_t len)
{
	memset(id, 0, sizeof(*id));
	if (!text_valid(text, len, SAE_ID_MAX, "")) {
		return false;
	}
	id->len = (uint8_t)len;
	memcpy(id->text, text, len);
	return true;
}

bool key_id_set(struct key_id *id, const char *text, size_t len)
{
	memset(id, 0, sizeof(*id));
	if (!text_valid(text, len, KEY_ID_MAX, "\"'\\/")) {
		return false;
	}
	id->len = (uint8_t)len;
	memcpy(id->text, text, len);
	return true;
}

bool sae_id_equal(const struct sae_id *a, const struct sae_id *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

void association_id(const char *name, uint8_t out[static ASSOCIATION_ID_LEN])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	EVP_Digest(name, strlen(name), digest, NULL, EVP_sha256(), NULL);
	memcpy(out, digest, ASSOCIATION_ID_LEN);
}

uint32_t sae_id_hop(const struct sae_id *id)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	EVP_Digest(id->text, id->len, digest, NULL, EVP_sha256(), NULL);
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
	       digest[3];
}
