/*
 * Puts right in a message what no fuzzer finds by chance, so that what lies behind it is
 * reached: its length, the digests of its proposals, its HMAC. Written from
 * docs/protocol.md; only the HMAC is the code's own.
 *
 * The channel keys are those of the captures in pcaps/, of association span-1 and link
 * west: key N has the octets 32 (N - 1), 32 (N - 1) + 1, ...
 */
#ifndef TESTS_FUZZ_MEND_H
#define TESTS_FUZZ_MEND_H

#include <stddef.h>
#include <stdint.h>

#include "l2proto/auth.h"
#include "l2proto/message.h"

#define MEND_ASSOCIATION "span-1"
#define MEND_LINK "west"
#define MEND_KEYS 3 /* numbers 1..3 */

void mend_channel_key(uint16_t number, uint8_t out[static CHANNEL_KEY_LEN]);

/* Channel key 1..MEND_KEYS on that link, made once; NULL for another number. */
struct auth *mend_auth(uint16_t number);

/* len is that of the whole message, at least MESSAGE_MIN. */
void mend_length(uint8_t *message, size_t len);

/* Of each slot, if it holds all that the digest is made from. Needs the right length. */
void mend_digests(uint8_t *message, size_t len);

/* With the channel key that the header names; nothing if that is none of ours. */
void mend_hmac(uint8_t *message, size_t len);

#endif
