#include "kmeclient/base64.h"

#include <errno.h>

/*
 * OpenSSL's decoders accept white space, and pad as they like: too lax for key
 * material. Comparing ranges, rather than looking a table up, keeps the text of
 * a key from choosing the addresses that are read.
 */
static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+') {
		return 62;
	}
	return c == '/' ? 63 : -1;
}

/* Reads a group with count digits before its padding, 2 to 4; returns -1 if one is none. */
static int32_t group_value(const char *group, size_t count)
{
	int32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i < count ? digit_value(group[i]) : 0;

		if (digit < 0) {
			return -1;
		}
		value = value << 6 | digit;
	}
	return value;
}

static size_t padding_len(const char *text, size_t text_len)
{
	if (text_len == 0 || text[text_len - 1] != '=') {
		return 0;
	}
	return text[text_len - 2] == '=' ? 2 : 1;
}

int kme_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t out_max)
{
	size_t out_len = 0;
	size_t padding;

	if (text_len % 4 != 0 || text_len > INT32_MAX) {
		return -EINVAL;
	}
	padding = padding_len(text, text_len);
	for (size_t at = 0; at < text_len; at += 4) {
		size_t octets = at + 4 == text_len ? 3 - padding : 3;
		int32_t value = group_value(text + at, octets + 1);

		if (value < 0 || (value & ((1 << 8 * (3 - octets)) - 1)) != 0) {
			return -EINVAL;
		}
		for (size_t i = 0; i < octets; i++, out_len++) {
			if (out_len < out_max) {
				out[out_len] = (uint8_t)(value >> (16 - 8 * i));
			}
		}
	}
	return out_len > out_max ? -EMSGSIZE : (int)out_len;
}
