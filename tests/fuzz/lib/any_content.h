/*
 * Content of a message that an insider could send to a node, by a script: slots and
 * statuses about the generations that matter to the node, of SAEs that it knows and
 * others, a SecY with nonces that it has drawn itself and others, in any combination
 * that the codec lets through.
 */
#ifndef TESTS_FUZZ_ANY_CONTENT_H
#define TESTS_FUZZ_ANY_CONTENT_H

#include <stdbool.h>

#include "l2proto/exchange.h"
#include "tests/fuzz/lib/script.h"

/* A key_ID: a UUID for most numbers. */
struct key_id any_key_id(unsigned number);

/* An SAE ID: alpha (the master), bravo, charlie, delta, or another one. */
struct sae_id any_sae_id(uint8_t number);

/* The token of a key that is committed, or staged, or of another one. */
void any_token(
	struct script *script, const struct exchange *exchange, uint8_t out[static CKN_TOKEN_LEN]);

/* One of few nonces. */
void any_nonce(struct script *script, uint8_t out[static NONCE_LEN]);

/* False if what the script makes is not well-formed. */
bool any_content(struct script *script, const struct exchange *exchange, bool has_secys,
	struct message_content *content);

#endif
