#include "tools/keyid-craft/edit.h"

#include <string.h>

#include "l2proto/message_tlv.h"
#include "tools/keyid-craft/tlv.h"
#include "tools/keyid-craft/value.h"

#define LENGTH_AT 2

/* A message without its HMAC, being changed. */
struct draft {
	uint8_t *octets;
	size_t len;
	size_t max;
	bool length_patched;
};

struct edit_kind {
	const char *name;
	void (*read)(struct script *script, struct edit *edit);
	/* NULL, or what is wrong. */
	const char *(*apply)(const struct edit *edit, struct draft *draft);
};

static void read_tlv_name(struct script *script, struct edit *edit)
{
	const char *word = script_need(script, "the name of a TLV");

	for (const struct tlv_name *name = tlv_names; word && name->name; name++) {
		if (strcmp(name->name, word) == 0) {
			edit->type = name->type;
			return;
		}
	}
	script_error(script, "a TLV is one of master, committed, proposed, status and secy");
}

/* ---- edits ----------------------------------------------------------------------------------- */

static const char *append(struct draft *draft, const uint8_t *octets, size_t len)
{
	if (len > draft->max - draft->len) {
		return "the message is too long";
	}
	memcpy(draft->octets + draft->len, octets, len);
	draft->len += len;
	return NULL;
}

static void read_tlv(struct script *script, struct edit *edit)
{
	bool lies = false;

	edit->type = (unsigned)value_number(script, "a TLV's type", 0, 0xff);
	if (script_take(script, "length")) {
		lies = true;
		edit->value_length = value_number(script, "a TLV's length", 0, 0xffff);
	}
	edit->len = script->next < script->count
			    ? value_octets(script, edit->octets, sizeof(edit->octets))
			    : 0;
	if (!lies) {
		edit->value_length = edit->len;
	}
}

static const char *apply_tlv(const struct edit *edit, struct draft *draft)
{
	uint8_t header[TLV_HEADER_LEN] = { (uint8_t)edit->type, (uint8_t)(edit->value_length >> 8),
		(uint8_t)edit->value_length };
	const char *problem = append(draft, header, sizeof(header));

	return problem ? problem : append(draft, edit->octets, edit->len);
}

static void read_octets(struct script *script, struct edit *edit)
{
	edit->len = value_octets(script, edit->octets, sizeof(edit->octets));
}

static const char *apply_octets(const struct edit *edit, struct draft *draft)
{
	return append(draft, edit->octets, edit->len);
}

static const char *apply_double(const struct edit *edit, struct draft *draft)
{
	struct tlv_place tlv;

	return tlv_find(draft->octets, draft->len, edit->type, &tlv)
		       ? append(draft, draft->octets + tlv.start, tlv.len)
		       : "there is no such TLV";
}

static const char *apply_drop(const struct edit *edit, struct draft *draft)
{
	struct tlv_place tlv;
	size_t end;

	if (!tlv_find(draft->octets, draft->len, edit->type, &tlv)) {
		return "there is no such TLV";
	}
	end = tlv.start + tlv.len;
	memmove(draft->octets + tlv.start, draft->octets + end, draft->len - end);
	draft->len -= tlv.len;
	return NULL;
}

static void read_nothing(struct script *script, struct edit *edit)
{
	(void)script;
	(void)edit;
}

/* Each TLV is moved to the front of those before it. */
static const char *apply_reverse(const struct edit *edit, struct draft *draft)
{
	size_t front = tlv_area(draft->octets);
	struct tlv_place tlv;
	uint8_t copy[EDIT_OCTETS_MAX];

	(void)edit;
	for (size_t at = front; tlv_at(draft->octets, draft->len, at, &tlv); at += tlv.len) {
		if (tlv.len > sizeof(copy)) {
			return "a TLV is too long";
		}
		memcpy(copy, draft->octets + at, tlv.len);
		memmove(draft->octets + front + tlv.len, draft->octets + front, at - front);
		memcpy(draft->octets + front, copy, tlv.len);
	}
	return NULL;
}

static void read_patch(struct script *script, struct edit *edit)
{
	const char *where = script_need(script, "a place");

	if (where && strlen(where) > WHERE_MAX) {
		script_error(script, "'%s' is no place", where);
	} else if (where) {
		strcpy(edit->where, where);
		edit->len = value_octets(script, edit->octets, sizeof(edit->octets));
	}
}

static const char *apply_patch(const struct edit *edit, struct draft *draft)
{
	size_t at;

	if (!where_find(draft->octets, draft->len + MESSAGE_HMAC_LEN, edit->where, &at) ||
		at >= draft->len) {
		return "there is no such place before the HMAC";
	}
	if (edit->len > draft->len - at) {
		return "the octets reach into the HMAC";
	}
	memcpy(draft->octets + at, edit->octets, edit->len);
	draft->length_patched |= at < LENGTH_AT + 2 && at + edit->len > LENGTH_AT;
	return NULL;
}

static const struct edit_kind kinds[] = {
	{ "tlv", read_tlv, apply_tlv },
	{ "octets", read_octets, apply_octets },
	{ "double", read_tlv_name, apply_double },
	{ "drop", read_tlv_name, apply_drop },
	{ "reverse", read_nothing, apply_reverse },
	{ "patch", read_patch, apply_patch },
};

bool edit_read(struct script *script, const char *verb, struct edits *edits)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct edit *edit = &edits->edit[edits->count];

		if (strcmp(kinds[i].name, verb) != 0) {
			continue;
		}
		if (edits->count == EDITS_MAX) {
			script_error(script, "more than %d changes to one message", EDITS_MAX);
			return true;
		}
		memset(edit, 0, sizeof(*edit));
		edit->kind = &kinds[i];
		edit->line = script->line;
		edit->kind->read(script, edit);
		edits->count++;
		return true;
	}
	return false;
}

bool edits_apply(
	struct script *script, const struct edits *edits, uint8_t *message, size_t *len, size_t max)
{
	struct draft draft = { message, *len - MESSAGE_HMAC_LEN, max - MESSAGE_HMAC_LEN, false };

	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->edit[i];
		const char *problem = edit->kind->apply(edit, &draft);

		if (problem) {
			script->line = edit->line;
			return script_error(script, "%s: %s", edit->kind->name, problem);
		}
	}
	*len = draft.len + MESSAGE_HMAC_LEN;
	if (!draft.length_patched) {
		message[LENGTH_AT] = (uint8_t)(*len >> 8);
		message[LENGTH_AT + 1] = (uint8_t)*len;
	}
	return true;
}
