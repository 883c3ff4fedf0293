/*
 * HMAC-SHA-256 over a message (docs/protocol.md section 2.3), and the keys for it.
 *
 * A context is made once per key and only re-initialised per message, which
 * costs a quarter of making one.
 */
#ifndef L2PROTO_AUTH_H
#define L2PROTO_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define CHANNEL_KEY_LEN 32
#define AUTH_HMAC_LEN 32

struct auth; /* owned by whoever called auth_new() */

/*
 * The key of one link under one channel key: HKDF-SHA-256 (RFC 5869), empty
 * salt, with info = "keyidd channel 1" || 0 || association || 0 || link || 0 ||
 * key number (2 octets). channel_key has CHANNEL_KEY_LEN octets. Returns NULL if
 * it has not, or if there is no memory.
 */
struct auth *auth_new(const struct secret *channel_key, const char *association, const char *link,
	uint16_t key_number);
void auth_free(struct auth *auth); /* wipes; NULL accepted */

/* Writes the HMAC of len octets. False if OpenSSL fails, which only lack of memory explains. */
bool auth_sign(
	struct auth *auth, const uint8_t *octets, size_t len, uint8_t out[static AUTH_HMAC_LEN]);

/* Is hmac that of the octets? Takes the same time whatever differs. */
bool auth_verify(struct auth *auth, const uint8_t *octets, size_t len,
	const uint8_t hmac[static AUTH_HMAC_LEN]);

#endif
