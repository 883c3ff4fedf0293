/*
 * Sealing: how a QKD key rests on the disk.
 *
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The sealing key is
 * HKDF-SHA-256 (RFC 5869) of the state key, without salt, with the info
 * "keyidd state v1". What the key is for is bound to it as associated data, so
 * that no row of the database can be passed off as another:
 *
 *     length || association   2 octets, then the text
 *     length || SAE           2 octets, then the text
 *     generation              8 octets
 *     role                    1 octet: 0 = master, 1 = slave
 *     index                   1 octet: place in the proposal
 *     length || key_ID        2 octets, then the text
 *
 * numbers in network byte order. The sealed form is nonce || ciphertext || tag.
 *
 * Version 1 of the database bound no SAE: its keys are opened under that label until
 * they are used up.
 */
#ifndef KEYIDD_SEAL_H
#define KEYIDD_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "l2proto/exchange.h"

#define SEAL_NONCE_LEN 12
#define SEAL_TAG_LEN 16
#define SEAL_OVERHEAD (SEAL_NONCE_LEN + SEAL_TAG_LEN)
#define SEAL_MAX (SECRET_MAX + SEAL_OVERHEAD)

/* What the associated data is made of. Numbers are on disk. */
enum seal_form { SEAL_WITHOUT_SAE = 1, SEAL_WITH_SAE = 2 };

/* What a sealed key is for. */
struct seal_label {
	enum seal_form form;
	const char *association; /* up to 255 octets */
	const char *sae;         /* up to 255 octets; unused in SEAL_WITHOUT_SAE */
	uint64_t generation;
	enum exchange_role role;
	uint8_t index;
	const struct key_id *key_id;
};

struct seal;

/* Derives the sealing key; state_key is not kept. Returns NULL if OpenSSL or memory fails. */
struct seal *seal_new(const struct secret *state_key);
void seal_free(struct seal *seal); /* wipes the key; NULL accepted */

/* Returns the length of the sealed form, at most SEAL_MAX; or -EINVAL, -ENOMEM or -EIO. */
int seal_close(struct seal *seal, const struct seal_label *label, const struct secret *key,
	uint8_t out[static SEAL_MAX]);

/*
 * Returns 0, or with an empty key -EBADMSG if this is not what was sealed under
 * this label and state key; -EINVAL, -ENOMEM or -EIO.
 */
int seal_open(struct seal *seal, const struct seal_label *label, const uint8_t *sealed, size_t len,
	struct secret *key);

#endif
