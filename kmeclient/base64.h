/* Base64 as RFC 4648 clause 4 defines it, and nothing else. */
#ifndef KMECLIENT_BASE64_H
#define KMECLIENT_BASE64_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes text_len characters into out. Refused: a length that is no multiple
 * of 4, characters outside the alphabet (white space and line ends included),
 * missing or misplaced padding, and pad bits that are not zero (clause 3.5), so
 * that no two texts stand for one key.
 *
 * Returns the octets written, -EINVAL for what is refused, -EMSGSIZE if valid
 * text holds more than out_max octets. After an error out holds nothing of use
 * and may hold part of a secret: the caller wipes it.
 */
int kme_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t out_max);

#endif
