#include "tests/fuzz/lib/mend.h"

#include <string.h>

#include <openssl/evp.h>

#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/tlvs.h"

#define LABEL "keyidd proposal 1"
#define ASSOCIATION_AT 4
#define KEY_NUMBER_AT 12

/* In a slot's value: docs/protocol.md section 3.2. */
#define SLOT_GENERATION_AT 1
#define SLOT_DIGEST_AT 9
#define SLOT_AN_AT 25
#define SLOT_SPACING_AT 34
#define SLOT_MIN 39

void mend_channel_key(uint16_t number, uint8_t out[static CHANNEL_KEY_LEN])
{
	for (size_t i = 0; i < CHANNEL_KEY_LEN; i++) {
		out[i] = (uint8_t)(CHANNEL_KEY_LEN * (number - 1u) + i);
	}
}

struct auth *mend_auth(uint16_t number)
{
	static struct auth *auths[MEND_KEYS];
	struct secret key = { .len = CHANNEL_KEY_LEN };
	struct auth **auth;

	if (number < 1 || number > MEND_KEYS) {
		return NULL;
	}
	auth = &auths[number - 1];
	if (!*auth) {
		mend_channel_key(number, key.bytes);
		*auth = auth_new(&key, MEND_ASSOCIATION, MEND_LINK, number);
		check(*auth != NULL);
	}
	return *auth;
}

void mend_length(uint8_t *message, size_t len)
{
	message[2] = (uint8_t)(len >> 8);
	message[3] = (uint8_t)len;
}

static void mend_digest(const uint8_t *message, const struct tlv *master, uint8_t *slot, size_t len)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	check(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
	EVP_DigestUpdate(ctx, LABEL, strlen(LABEL));
	EVP_DigestUpdate(ctx, message + ASSOCIATION_AT, ASSOCIATION_ID_LEN);
	EVP_DigestUpdate(ctx, master->value, master->len);
	EVP_DigestUpdate(ctx, slot + SLOT_GENERATION_AT, SLOT_DIGEST_AT - SLOT_GENERATION_AT);
	EVP_DigestUpdate(ctx, slot + SLOT_AN_AT, 1);
	EVP_DigestUpdate(ctx, slot + SLOT_SPACING_AT, len - SLOT_SPACING_AT);
	EVP_DigestFinal_ex(ctx, hash, NULL);
	EVP_MD_CTX_free(ctx);
	memcpy(slot + SLOT_DIGEST_AT, hash, DIGEST_LEN);
}

void mend_digests(uint8_t *message, size_t len)
{
	struct tlv master = { 0 }, tlv;
	size_t end = len - MESSAGE_HMAC_LEN;

	for (size_t at = tlvs_begin(message); tlv_at(message, end, at, &tlv); at = tlv.end) {
		if (tlv.type == TLV_MASTER) {
			master = tlv;
		}
	}
	for (size_t at = tlvs_begin(message); tlv_at(message, end, at, &tlv); at = tlv.end) {
		if ((tlv.type == TLV_COMMITTED || tlv.type == TLV_PROPOSED) &&
			tlv.len >= SLOT_MIN) {
			mend_digest(message, &master, tlv.value, tlv.len);
		}
	}
}

void mend_hmac(uint8_t *message, size_t len)
{
	struct auth *auth = mend_auth(
		(uint16_t)(message[KEY_NUMBER_AT] << 8 | message[KEY_NUMBER_AT + 1]));

	if (auth) {
		check(auth_sign(
			auth, message, len - MESSAGE_HMAC_LEN, message + len - MESSAGE_HMAC_LEN));
	}
}
