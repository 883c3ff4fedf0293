/*
 * What no station would say: changes to a sealed message, which is signed again
 * after them. And the names of places in a message.
 *
 *     tlv 0x85 [length N] OCTETS   adds a TLV behind the others, which may lie about its length
 *     octets OCTETS                adds octets behind the TLVs
 *     double TLV | drop TLV        the (first) TLV of that name twice, or not at all
 *     reverse                      the TLVs in reverse order
 *     patch WHERE OCTETS           other octets in place of those there
 */
#ifndef KEYID_CRAFT_EDIT_H
#define KEYID_CRAFT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/keyid-craft/script.h"

#define EDITS_MAX 16
#define EDIT_OCTETS_MAX 1500
#define WHERE_MAX 63

struct edit_kind;

struct edit {
	const struct edit_kind *kind;
	unsigned line; /* of the script */
	char where[WHERE_MAX + 1];
	unsigned type;       /* of a TLV */
	size_t value_length; /* that the TLV claims */
	size_t len;
	uint8_t octets[EDIT_OCTETS_MAX];
};

struct edits {
	size_t count;
	struct edit edit[EDITS_MAX];
};

/* Acts a line whose first word, already read, names an edit; false if it does not. */
bool edit_read(struct script *script, const char *verb, struct edits *edits);

/*
 * Changes a message of *len octets, of which the last 32 are to be signed again. Its
 * length is set to what it is then, unless a patch says otherwise. False: an error was
 * printed.
 */
bool edits_apply(struct script *script, const struct edits *edits, uint8_t *message, size_t *len,
	size_t max);

/*
 * WHERE: header, stations, master, committed, proposed, status or hmac, then .FIELD (of
 * the header or a slot), then +N; of a TLV the value, of several STATUS the first. Sets
 * *offset, which lies within the message. False if there is no such place.
 */
bool where_find(const uint8_t *message, size_t len, const char *where, size_t *offset);

#endif
