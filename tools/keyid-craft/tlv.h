/* The TLVs of a message that need not be well-formed. */
#ifndef KEYID_CRAFT_TLV_H
#define KEYID_CRAFT_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tlv_name {
	const char *name; /* "master", ...; NULL ends the table */
	unsigned type;
};

extern const struct tlv_name tlv_names[];

struct tlv_place {
	size_t start; /* of its header */
	size_t len;   /* header included */
};

/* Where the TLVs of a message begin. */
size_t tlv_area(const uint8_t *message);

/* The TLV at a place below end, the end of all TLVs; false if none lies there as a whole. */
bool tlv_at(const uint8_t *message, size_t end, size_t start, struct tlv_place *tlv);

/* The first TLV of a type. */
bool tlv_find(const uint8_t *message, size_t end, unsigned type, struct tlv_place *tlv);

#endif
