/* The names of places in a message: docs/protocol.md sections 2.1, 3, 3.2 and 3.5. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l2proto/message_tlv.h"
#include "tools/keyid-craft/edit.h"
#include "tools/keyid-craft/tlv.h"

struct field {
	const char *name;
	size_t offset;
};

static const struct field header_fields[] = { { "version", 0 }, { "flags", 1 }, { "length", 2 },
	{ "association", 4 }, { "key-number", 12 }, { "newest-key-number", 14 }, { "member", 16 },
	{ "number", 28 }, { "stations", 32 }, { "reserved", 33 }, { NULL, 0 } };

static const struct field slot_fields[] = { { "phase", 0 }, { "generation", 1 }, { "digest", 9 },
	{ "an", 25 }, { "start", 26 }, { "spacing", 34 }, { "count", 38 }, { "key-ids", 39 },
	{ NULL, 0 } };

static const struct field secy_fields[] = { { "sci", 0 }, { "cipher-suite", 8 }, { "transmit", 9 },
	{ NULL, 0 } };

static const struct field no_fields[] = { { NULL, 0 } };

static const struct field *fields_of(unsigned type)
{
	switch (type) {
	case TLV_COMMITTED:
	case TLV_PROPOSED:
		return slot_fields;
	case TLV_SECY:
		return secy_fields;
	}
	return no_fields;
}

static bool starts_with(const char **text, const char *name)
{
	size_t len = strlen(name);
	bool same = strncmp(*text, name, len) == 0 && strchr(".+", (*text)[len]);

	*text += same ? len : 0;
	return same;
}

/* Where a part of the message begins, and what its fields are called. */
static const struct field *find_part(
	const uint8_t *message, size_t len, const char **where, size_t *offset)
{
	struct tlv_place tlv;

	if (len < MESSAGE_MIN) {
		return NULL;
	}
	if (starts_with(where, "header")) {
		*offset = 0;
		return header_fields;
	}
	if (starts_with(where, "stations")) {
		*offset = MESSAGE_HEADER_LEN;
		return no_fields;
	}
	if (starts_with(where, "hmac")) {
		*offset = len - MESSAGE_HMAC_LEN;
		return no_fields;
	}
	for (const struct tlv_name *name = tlv_names; name->name; name++) {
		if (starts_with(where, name->name)) {
			if (!tlv_find(message, len - MESSAGE_HMAC_LEN, name->type, &tlv)) {
				return NULL;
			}
			*offset = tlv.start + TLV_HEADER_LEN;
			return fields_of(name->type);
		}
	}
	return NULL;
}

bool where_find(const uint8_t *message, size_t len, const char *where, size_t *offset)
{
	const struct field *field = find_part(message, len, &where, offset);
	unsigned long more = 0;
	char *end;

	if (!field) {
		return false;
	}
	if (*where == '.') {
		where++;
		while (field->name && !starts_with(&where, field->name)) {
			field++;
		}
		if (!field->name) {
			return false;
		}
		*offset += field->offset;
	}
	if (*where == '+') {
		errno = 0;
		more = strtoul(where + 1, &end, 10);
		if (end == where + 1 || *end != '\0' || errno != 0 || more >= len) {
			return false;
		}
		where = end;
	}
	*offset += more;
	return *where == '\0' && *offset < len;
}
