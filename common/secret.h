/*
 * The one type in which secret octets travel: QKD keys, CAKs, channel keys.
 *
 * A struct secret is owned by whoever declares it, is handed on by pointer, and
 * is wiped where it is dropped. Nothing in keyidd prints one; what people need
 * to see of a key is its fingerprint.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest key held: 1,024 bits, the largest default size seen at a KME. */
#define SECRET_MAX 128

/* Octets of a fingerprint as text: 8 hex digits and the terminator. */
#define SECRET_FINGERPRINT_LEN 9

struct secret {
	size_t len; /* octets in use, 0..SECRET_MAX; 0 = empty */
	uint8_t bytes[SECRET_MAX];
};

/* Copies len octets in, wiping what was there. Returns 0, or -EMSGSIZE over SECRET_MAX. */
int secret_set(struct secret *secret, const void *bytes, size_t len);

/* Overwrites every octet, in a way the compiler keeps. NULL is accepted. */
void secret_wipe(struct secret *secret);

/* True if both hold the same octets; takes the same time wherever they differ. */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * Writes the first 8 hex digits of SHA-256("keyidd fingerprint" || octets):
 * enough to see that two ends hold the same key, of no use to find it.
 */
void secret_fingerprint(const struct secret *secret, char out[static SECRET_FINGERPRINT_LEN]);

/* Overwrites len octets of any other buffer that held a secret. */
void secret_wipe_bytes(void *bytes, size_t len);

/*
 * free(3) and realloc(3) that overwrite what they give up: for libraries that let
 * their allocator be chosen, and keep the text of keys on the heap. Blocks of
 * plain malloc(3) will do, and these blocks may be freed by plain free(3).
 */
void secret_free(void *block);
void *secret_realloc(void *block, size_t size);

#endif
