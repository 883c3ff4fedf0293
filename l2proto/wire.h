/*
 * A bounded cursor over octets: every read and write is checked, and the first
 * one that does not fit marks the cursor as failed; reads then give zeros.
 * Numbers are in network order. Used by the message codec only.
 */
#ifndef L2PROTO_WIRE_H
#define L2PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

struct wire_writer {
	uint8_t *start;
	size_t len;
	size_t max;
	bool failed;
};

/* The next len octets, or NULL if there are fewer. */
static inline const uint8_t *wire_take(struct wire_reader *reader, size_t len)
{
	const uint8_t *octets = reader->at;

	if (reader->failed || len > reader->left) {
		reader->failed = true;
		return NULL;
	}
	reader->at += len;
	reader->left -= len;
	return octets;
}

static inline void wire_get(struct wire_reader *reader, void *out, size_t len)
{
	const uint8_t *octets = wire_take(reader, len);

	if (octets) {
		memcpy(out, octets, len);
	} else {
		memset(out, 0, len);
	}
}

static inline uint64_t wire_get_uint(struct wire_reader *reader, size_t len)
{
	const uint8_t *octets = wire_take(reader, len);
	uint64_t value = 0;

	for (size_t i = 0; octets && i < len; i++) {
		value = value << 8 | octets[i];
	}
	return value;
}

static inline void wire_put(struct wire_writer *writer, const void *octets, size_t len)
{
	if (writer->failed || len > writer->max - writer->len) {
		writer->failed = true;
		return;
	}
	memcpy(writer->start + writer->len, octets, len);
	writer->len += len;
}

static inline void wire_put_uint(struct wire_writer *writer, uint64_t value, size_t len)
{
	uint8_t octets[8];

	for (size_t i = 0; i < len; i++) {
		octets[i] = (uint8_t)(value >> 8 * (len - 1 - i));
	}
	wire_put(writer, octets, len);
}

#endif
