#include "tests/fuzz/lib/any_content.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/lib/check.h"

#define NO_UUID 63 /* the key_ID of this number is none */

struct key_id any_key_id(unsigned number)
{
	char text[KEY_ID_MAX];
	struct key_id id;
	int len = snprintf(text, sizeof(text),
		number % 64 == NO_UUID ? "key-%u" : "%08x-0000-4000-8000-000000000000", number);

	check(key_id_set(&id, text, (size_t)len));
	return id;
}

struct sae_id any_sae_id(uint8_t number)
{
	static const char *const known[] = { "alpha", "bravo", "charlie", "delta" };
	char text[SAE_ID_MAX];
	struct sae_id id;
	int len = number % 8 < 4 ? snprintf(text, sizeof(text), "%s", known[number % 8])
				 : snprintf(text, sizeof(text), "sae-%u", number);

	check(sae_id_set(&id, text, (size_t)len));
	return id;
}

/* One near those that the node has on record, or a bound. */
static uint64_t any_generation(struct script *script, const struct exchange_record *record)
{
	uint8_t choice = script_take(script);

	switch (choice % 8) {
	case 0:
		return record->staged.generation;
	case 1:
		return record->committed.generation;
	case 2:
		return record->highest + 1 + (choice >> 5);
	case 3:
		return choice & 0x80 ? GENERATION_MAX : 1;
	default:
		return record->highest + 2 - (choice >> 4) % 8;
	}
}

static int64_t any_start(struct script *script, const struct exchange *exchange)
{
	uint8_t choice = script_take(script);

	return choice == 0     ? 0
	       : choice == 255 ? START_MAX
			       : exchange->view.clock_s + 16 * (choice - 64);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static void any_proposal(
	struct script *script, const struct exchange *exchange, struct proposal *proposal)
{
	uint8_t choice = script_take(script);

	if (choice & 1) {
		*proposal = choice & 2 ? exchange->record.staged : exchange->record.committed;
		proposal->start = choice & 4 ? any_start(script, exchange) : proposal->start;
		return;
	}
	memset(proposal, 0, sizeof(*proposal));
	proposal->generation = any_generation(script, &exchange->record);
	proposal->an = choice & 2 ? (uint8_t)(choice >> 2 & 3) : AN_NONE;
	proposal->start = any_start(script, exchange);
	proposal->key_count = choice >> 4 & 3;
	proposal->spacing_s = proposal->key_count > 1 ? script_take(script) : 0;
	for (size_t i = 0; i < proposal->key_count; i++) {
		proposal->keys[i] = any_key_id(script_take(script));
	}
}

static void any_slot(struct script *script, const struct exchange *exchange, enum slot_phase phase,
	const struct sae_id *master, struct slot *slot)
{
	slot->phase = phase;
	any_proposal(script, exchange, &slot->proposal);
	proposal_digest(
		&slot->proposal, exchange->config->association, master, slot->proposal.digest);
}

/* ---- statuses -------------------------------------------------------------------------------- */

static struct proposal_ref any_ref(struct script *script, const struct exchange *exchange)
{
	uint8_t choice = script_take(script);
	const struct proposal *proposal = choice & 1 ? &exchange->record.staged
						     : &exchange->record.committed;
	struct proposal_ref ref = { 0 };

	if (choice < 64) {
		return ref;
	}
	ref.generation = proposal->generation;
	memcpy(ref.digest, proposal->digest, DIGEST_LEN);
	if (choice >= 192) {
		ref.generation = any_generation(script, &exchange->record);
		ref.digest[0] ^= choice & 2;
	}
	return ref;
}

static void any_keys(
	struct script *script, const struct exchange *exchange, struct sae_status *status)
{
	status->usable_count = script_take(script) % 4;
	for (size_t i = 0; i < status->usable_count; i++) {
		uint8_t choice = script_take(script);
		struct key_id id = choice & 1 && exchange->record.committed.key_count > 0
					   ? exchange->record.committed.keys[0]
					   : any_key_id(choice >> 3);
		struct ckn ckn;

		if (ckn_from_key_id(&exchange->config->ckn, &id, &ckn) == 0) {
			ckn_token(ckn.octets, ckn.len, status->usable[i].token);
		}
		status->usable[i].transmitting = choice & 2;
		status->usable[i].future = choice & 4;
	}
}

static void any_device(
	struct script *script, const struct exchange *exchange, struct sae_status *status)
{
	status->device_known = true;
	status->an_in_use = script_take(script) & 0x0f;
	status->latest_start = any_start(script, exchange);
	any_keys(script, exchange, status);
}

static void any_status(
	struct script *script, const struct exchange *exchange, struct sae_status *status)
{
	uint8_t flags = script_take(script);

	status->sae = any_sae_id(script_take(script));
	status->hops = (flags & 3) == 3 ? script_take(script) % (HOPS_MAX + 1) : flags & 3;
	for (size_t i = 0; i < status->hops; i++) {
		struct sae_id relay = any_sae_id(script_take(script));

		status->path[i] = sae_id_hop(&relay);
	}
	status->highest = any_generation(script, &exchange->record);
	status->staged = any_ref(script, exchange);
	status->applied = any_ref(script, exchange);
	status->live = status->applied.generation != 0 && flags & 4;
	if (flags & 8) {
		status->failed = any_ref(script, exchange);
		status->failed_reason = status->failed.generation ? script_take(script) : 0;
	}
	if (flags & 16) {
		status->lost = any_ref(script, exchange);
	}
	status->rekey_wanted = flags & 32;
	status->device_reason = flags & 64 ? script_take(script) : 0;
	if (flags & 128) {
		any_device(script, exchange, status);
	}
}

/* ---- SecYs ----------------------------------------------------------------------------------- */

void any_token(
	struct script *script, const struct exchange *exchange, uint8_t out[static CKN_TOKEN_LEN])
{
	uint8_t choice = script_take(script);
	const struct proposal *proposal = choice & 1 ? &exchange->record.staged
						     : &exchange->record.committed;
	struct key_id id = choice & 2 || proposal->key_count == 0 ? any_key_id(choice >> 2)
								  : proposal->keys[0];
	struct ckn ckn = { 0 };

	ckn_from_key_id(&exchange->config->ckn, &id, &ckn);
	ckn_token(ckn.octets, ckn.len, out);
}

void any_nonce(struct script *script, uint8_t out[static NONCE_LEN])
{
	memset(out, 0, NONCE_LEN);
	out[NONCE_LEN - 1] = script_take(script) % 16;
}

/* Of an SA that the node transmits with, if it has such a one. */
static void any_received(
	struct script *script, const struct exchange *exchange, uint8_t out[static NONCE_LEN])
{
	uint8_t choice = script_take(script);
	const struct secy *secy = &exchange->view.secys[choice >> 1 & 1].shown;
	size_t which = choice >> 2 & 3;

	if (choice & 1 || which >= secy->transmit_count) {
		any_nonce(script, out);
	} else {
		memcpy(out, secy->transmit[which].nonce, NONCE_LEN);
	}
}

/* Mostly of the cipher suite that the node has. */
static void any_secy(struct script *script, const struct exchange *exchange, struct secy *secy)
{
	uint8_t choice = script_take(script);

	secy->present = choice != 0;
	if (!secy->present) {
		return;
	}
	secy->sci[0] = choice;
	secy->suite = (choice & 7) == 7 ? 2 : SECY_SUITES;
	secy->transmit_count = (choice >> 3) % (TRANSMIT_MAX + 1);
	for (size_t i = 0; i < secy->transmit_count; i++) {
		any_token(script, exchange, secy->transmit[i].token);
		any_nonce(script, secy->transmit[i].nonce);
		secy->transmit[i].unused = choice & 1 << i;
	}
	secy->receive_count = script_take(script) % (RECEIVE_MAX + 1);
	for (size_t i = 0; i < secy->receive_count; i++) {
		any_received(script, exchange, secy->receive[i]);
	}
}

/* ---- */

/* Only what comes through the codec can come from the wire. */
static bool through_the_codec(const struct exchange *exchange, struct message_content *content)
{
	static uint8_t octets[MESSAGE_MAX_RAW];
	struct message_header header = { 0 };
	int len;

	memcpy(header.association, exchange->config->association, ASSOCIATION_ID_LEN);
	len = message_write(&header, NULL, content, octets, sizeof(octets));
	return len > 0 && message_read_content(octets, (size_t)len, content) == MALFORMED_NOT;
}

bool any_content(struct script *script, const struct exchange *exchange, bool has_secys,
	struct message_content *content)
{
	uint8_t choice = script_take(script);

	memset(content, 0, sizeof(*content));
	if (choice & 3) {
		content->master = choice & 4 ? any_sae_id(script_take(script)) : any_sae_id(0);
	}
	if (choice & 1) {
		any_slot(script, exchange, choice & 8 ? SLOT_CONFIRMED : SLOT_COMMIT,
			&content->master, &content->committed);
	}
	if (choice & 2) {
		any_slot(script, exchange, choice & 16 ? SLOT_ABORT : SLOT_PREPARE,
			&content->master, &content->proposed);
	}
	content->status_count = choice >> 5 == 7 ? script_take(script) % (SAES_MAX + 1)
						 : choice >> 5;
	for (size_t i = 0; i < content->status_count; i++) {
		any_status(script, exchange, &content->status[i]);
	}
	if (has_secys) {
		any_secy(script, exchange, &content->secy);
	}
	return through_the_codec(exchange, content);
}
