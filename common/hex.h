/* Octets to lower-case hexadecimal text and back. */
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len digits and a terminator to out, which holds 2 * len + 1 octets. */
void hex_encode(const uint8_t *bytes, size_t len, char *out);

/*
 * Reads text_len digits, upper or lower case, into out.
 * Returns the octets written, -EINVAL for an odd count or a character that is
 * no digit, -EMSGSIZE if out_max is too small.
 */
int hex_decode(const char *text, size_t text_len, uint8_t *out, size_t out_max);

#endif
