#include "common/secret.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/hex.h"

static const char fingerprint_label[] = "keyidd fingerprint";

int secret_set(struct secret *secret, const void *bytes, size_t len)
{
	if (len > SECRET_MAX) {
		return -EMSGSIZE;
	}
	secret_wipe(secret);
	if (len > 0) {
		memcpy(secret->bytes, bytes, len);
	}
	secret->len = len;
	return 0;
}

void secret_wipe(struct secret *secret)
{
	if (secret) {
		OPENSSL_cleanse(secret, sizeof(*secret));
	}
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}

void secret_fingerprint(const struct secret *secret, char out[static SECRET_FINGERPRINT_LEN])
{
	uint8_t input[sizeof(fingerprint_label) - 1 + SECRET_MAX];
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t label_len = sizeof(fingerprint_label) - 1;

	memcpy(input, fingerprint_label, label_len);
	memcpy(input + label_len, secret->bytes, secret->len);
	if (!EVP_Digest(input, label_len + secret->len, digest, NULL, EVP_sha256(), NULL)) {
		memset(digest, 0, sizeof(digest));
	}
	hex_encode(digest, (SECRET_FINGERPRINT_LEN - 1) / 2, out);
	OPENSSL_cleanse(input, sizeof(input));
}

void secret_wipe_bytes(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}

/* The size comes from malloc itself: no header of ours, so any heap block will do. */
void secret_free(void *block)
{
	if (block) {
		OPENSSL_cleanse(block, malloc_usable_size(block));
		free(block);
	}
}

/* realloc(3) may move a block and leave the old octets behind. */
void *secret_realloc(void *block, size_t size)
{
	size_t old_size = block ? malloc_usable_size(block) : 0;
	void *moved;

	if (block && size <= old_size && size > 0) {
		return block;
	}
	moved = malloc(size);
	if (moved && block) {
		memcpy(moved, block, old_size < size ? old_size : size);
		secret_free(block);
	}
	return moved;
}
