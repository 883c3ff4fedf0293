#include "l2proto/ckn.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/hex.h"

#define UUID_TEXT_LEN 36
#define UUID_LEN 16

/* 8-4-4-4-12 hex digits; the version and variant of RFC 4122 are not insisted on. */
static bool uuid_parse(const struct key_id *key_id, uint8_t out[static UUID_LEN])
{
	char digits[2 * UUID_LEN];
	size_t count = 0;

	if (key_id->len != UUID_TEXT_LEN) {
		return false;
	}
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (key_id->text[i] == '-')) {
			return false;
		}
		if (!dash) {
			digits[count++] = key_id->text[i];
		}
	}
	return hex_decode(digits, count, out, UUID_LEN) == UUID_LEN;
}

static int ckn_from_prefix(
	const struct ckn_rule *rule, const struct key_id *key_id, struct ckn *out)
{
	uint8_t uuid[UUID_LEN];

	if (!uuid_parse(key_id, uuid)) {
		return -EINVAL;
	}
	if (rule->prefix_len + UUID_LEN > CKN_MAX) {
		return -EMSGSIZE;
	}
	memcpy(out->octets, rule->prefix, rule->prefix_len);
	memcpy(out->octets + rule->prefix_len, uuid, UUID_LEN);
	out->len = rule->prefix_len + UUID_LEN;
	return 0;
}

int ckn_from_key_id(const struct ckn_rule *rule, const struct key_id *key_id, struct ckn *out)
{
	memset(out, 0, sizeof(*out));
	switch (rule->kind) {
	case CKN_PREFIX:
		return ckn_from_prefix(rule, key_id, out);
	case CKN_SHA256:
		EVP_Digest(key_id->text, key_id->len, out->octets, NULL, EVP_sha256(), NULL);
		out->len = SHA256_DIGEST_LENGTH;
		return 0;
	}
	return -EINVAL;
}

bool ckn_equal(const struct ckn *a, const struct ckn *b)
{
	return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

void ckn_token(const uint8_t *ckn, size_t len, uint8_t out[static CKN_TOKEN_LEN])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	EVP_Digest(ckn, len, digest, NULL, EVP_sha256(), NULL);
	memcpy(out, digest, CKN_TOKEN_LEN);
}
