/*
 * TLVs: type (1 octet), length of the value (2), value. MASTER, COMMITTED and
 * PROPOSED are here, STATUS has message_status.c.
 *
 * A slot (COMMITTED, PROPOSED), protocol.md section 3.2:
 *
 *     phase 1 | generation 8 | digest 16 | AN 1 | start 8 | spacing 4 | count 1 |
 *     count times: length 1, key_ID
 */
#include "l2proto/message_tlv.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#define DIGEST_INPUT_MAX                                                                           \
	(17 + ASSOCIATION_ID_LEN + 1 + SAE_ID_MAX + 8 + 1 + 4 + 1 + BATCH_MAX * (1 + KEY_ID_MAX))

size_t tlv_begin(struct wire_writer *writer, enum tlv_type type)
{
	wire_put_uint(writer, type, 1);
	wire_put_uint(writer, 0, 2);
	return writer->len;
}

void tlv_end(struct wire_writer *writer, size_t value_start)
{
	if (!writer->failed) {
		struct wire_writer length = { writer->start, value_start - 2, value_start, false };

		wire_put_uint(&length, writer->len - value_start, 2);
	}
}

bool tlv_get_sae_id(struct wire_reader *reader, struct sae_id *id)
{
	size_t len = (size_t)wire_get_uint(reader, 1);
	const uint8_t *text = wire_take(reader, len);

	return text && sae_id_set(id, (const char *)text, len);
}

void tlv_put_sae_id(struct wire_writer *writer, const struct sae_id *id)
{
	wire_put_uint(writer, id->len, 1);
	wire_put(writer, id->text, id->len);
}

static void put_key_ids(struct wire_writer *writer, const struct proposal *proposal)
{
	wire_put_uint(writer, proposal->key_count, 1);
	for (size_t i = 0; i < proposal->key_count; i++) {
		wire_put_uint(writer, proposal->keys[i].len, 1);
		wire_put(writer, proposal->keys[i].text, proposal->keys[i].len);
	}
}

void proposal_digest(const struct proposal *proposal,
	const uint8_t association[static ASSOCIATION_ID_LEN], const struct sae_id *master,
	uint8_t out[static DIGEST_LEN])
{
	uint8_t input[DIGEST_INPUT_MAX];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct wire_writer writer = { input, 0, sizeof(input), false };

	wire_put(&writer, "keyidd proposal 1", 17);
	wire_put(&writer, association, ASSOCIATION_ID_LEN);
	tlv_put_sae_id(&writer, master);
	wire_put_uint(&writer, proposal->generation, 8);
	wire_put_uint(&writer, proposal->an, 1);
	wire_put_uint(&writer, proposal->spacing_s, 4);
	put_key_ids(&writer, proposal);
	EVP_Digest(input, writer.len, digest, NULL, EVP_sha256(), NULL);
	memcpy(out, digest, DIGEST_LEN);
}

static bool phase_fits(enum tlv_type type, unsigned phase)
{
	return type == TLV_COMMITTED ? phase == SLOT_COMMIT || phase == SLOT_CONFIRMED
				     : phase == SLOT_PREPARE || phase == SLOT_ABORT;
}

/* Only what is given up may have none: its keys never came. */
static enum malformed read_key_ids(
	struct wire_reader *reader, unsigned phase, struct proposal *proposal)
{
	proposal->key_count = (uint8_t)wire_get_uint(reader, 1);
	if (reader->failed || proposal->key_count > BATCH_MAX ||
		(proposal->key_count == 0 && phase != SLOT_ABORT)) {
		return MALFORMED_SLOT;
	}
	for (size_t i = 0; i < proposal->key_count; i++) {
		size_t len = (size_t)wire_get_uint(reader, 1);
		const uint8_t *text = wire_take(reader, len);

		if (!text) {
			return MALFORMED_SLOT;
		}
		if (!key_id_set(&proposal->keys[i], (const char *)text, len)) {
			return MALFORMED_KEY_ID;
		}
	}
	return MALFORMED_NOT;
}

static enum malformed read_slot(
	struct wire_reader *reader, enum tlv_type type, struct message_content *content)
{
	struct slot *slot = type == TLV_COMMITTED ? &content->committed : &content->proposed;
	struct proposal *proposal = &slot->proposal;
	unsigned phase = (unsigned)wire_get_uint(reader, 1);
	enum malformed malformed;

	proposal->generation = wire_get_uint(reader, 8);
	wire_get(reader, proposal->digest, DIGEST_LEN);
	proposal->an = (uint8_t)wire_get_uint(reader, 1);
	proposal->start = (int64_t)wire_get_uint(reader, 8);
	proposal->spacing_s = (uint32_t)wire_get_uint(reader, 4);
	malformed = read_key_ids(reader, phase, proposal);
	if (malformed) {
		return malformed;
	}
	if (!phase_fits(type, phase) || proposal->generation == 0 ||
		proposal->generation > GENERATION_MAX || proposal->start < 0 ||
		proposal->start > START_MAX || (proposal->an > 3 && proposal->an != AN_NONE) ||
		reader->left > 0) {
		return MALFORMED_SLOT;
	}
	slot->phase = (enum slot_phase)phase;
	return MALFORMED_NOT;
}

static void write_slot(struct wire_writer *writer, enum tlv_type type, const struct slot *slot)
{
	const struct proposal *proposal = &slot->proposal;
	size_t start;

	if (slot->phase == SLOT_EMPTY) {
		return;
	}
	start = tlv_begin(writer, type);
	wire_put_uint(writer, slot->phase, 1);
	wire_put_uint(writer, proposal->generation, 8);
	wire_put(writer, proposal->digest, DIGEST_LEN);
	wire_put_uint(writer, proposal->an, 1);
	wire_put_uint(writer, (uint64_t)proposal->start, 8);
	wire_put_uint(writer, proposal->spacing_s, 4);
	put_key_ids(writer, proposal);
	tlv_end(writer, start);
}

static enum malformed read_master(struct wire_reader *reader, struct message_content *content)
{
	return tlv_get_sae_id(reader, &content->master) && reader->left == 0 ? MALFORMED_NOT
									     : MALFORMED_SAE_ID;
}

static enum malformed add_status(struct wire_reader *reader, struct message_content *content)
{
	struct sae_status *status = &content->status[content->status_count];
	enum malformed malformed;

	if (content->status_count == SAES_MAX) {
		return MALFORMED_STATUS;
	}
	malformed = message_read_status(reader, status);
	if (malformed) {
		return malformed;
	}
	for (size_t i = 0; i < content->status_count; i++) {
		if (sae_id_equal(&content->status[i].sae, &status->sae)) {
			return MALFORMED_TLV_DUPLICATE;
		}
	}
	content->status_count++;
	return MALFORMED_NOT;
}

static enum malformed read_tlv(
	unsigned type, struct wire_reader *value, struct message_content *content)
{
	switch (type) {
	case TLV_MASTER:
		return content->master.len ? MALFORMED_TLV_DUPLICATE : read_master(value, content);
	case TLV_COMMITTED:
		return content->committed.phase ? MALFORMED_TLV_DUPLICATE
						: read_slot(value, TLV_COMMITTED, content);
	case TLV_PROPOSED:
		return content->proposed.phase ? MALFORMED_TLV_DUPLICATE
					       : read_slot(value, TLV_PROPOSED, content);
	case TLV_STATUS:
		return add_status(value, content);
	case TLV_SECY:
		return content->secy.present ? MALFORMED_TLV_DUPLICATE
					     : message_read_secy(value, &content->secy);
	}
	return type & TLV_CRITICAL ? MALFORMED_TLV_CRITICAL : MALFORMED_NOT;
}

/* The digests can be checked only when the master is known, wherever its TLV stood. */
static enum malformed check_slot(
	const struct slot *slot, const uint8_t *association, const struct message_content *content)
{
	uint8_t digest[DIGEST_LEN];

	if (slot->phase == SLOT_EMPTY) {
		return MALFORMED_NOT;
	}
	if (content->master.len == 0) {
		return MALFORMED_SLOT;
	}
	proposal_digest(&slot->proposal, association, &content->master, digest);
	return memcmp(digest, slot->proposal.digest, DIGEST_LEN) == 0 ? MALFORMED_NOT
								      : MALFORMED_DIGEST;
}

enum malformed message_read_tlvs(struct wire_reader *reader,
	const uint8_t association[static ASSOCIATION_ID_LEN], struct message_content *content)
{
	enum malformed malformed;

	content->master.len = 0;
	content->committed.phase = SLOT_EMPTY;
	content->proposed.phase = SLOT_EMPTY;
	content->status_count = 0;
	content->secy.present = false;
	while (reader->left > 0) {
		unsigned type = (unsigned)wire_get_uint(reader, 1);
		size_t len = (size_t)wire_get_uint(reader, 2);
		struct wire_reader value = { wire_take(reader, len), len, false };

		if (reader->failed) {
			return MALFORMED_TLV_LENGTH;
		}
		malformed = read_tlv(type, &value, content);
		if (malformed) {
			return malformed;
		}
	}
	malformed = check_slot(&content->committed, association, content);
	return malformed ? malformed : check_slot(&content->proposed, association, content);
}

void message_write_tlvs(struct wire_writer *writer, const struct message_content *content)
{
	if (content->master.len > 0) {
		size_t start = tlv_begin(writer, TLV_MASTER);

		tlv_put_sae_id(writer, &content->master);
		tlv_end(writer, start);
	}
	write_slot(writer, TLV_COMMITTED, &content->committed);
	write_slot(writer, TLV_PROPOSED, &content->proposed);
	for (size_t i = 0; i < content->status_count; i++) {
		message_write_status(writer, &content->status[i]);
	}
	if (content->secy.present) {
		message_write_secy(writer, &content->secy);
	}
}

size_t message_worst_case(const struct message_bounds *bounds)
{
	size_t master = TLV_HEADER_LEN + 1 + bounds->sae_id_len;
	size_t slot = TLV_HEADER_LEN + 1 + 8 + DIGEST_LEN + 1 + 8 + 4 + 1 +
		      bounds->key_ids * (1 + bounds->key_id_len);
	size_t refs = 4 * (8 + DIGEST_LEN) + 2 + 2;
	size_t status = TLV_HEADER_LEN + 1 + bounds->sae_id_len + 1 + 4 * bounds->hops + 1 + 1 + 8 +
			8 + refs + 1 + bounds->usable * (CKN_TOKEN_LEN + 1);
	size_t secy = TLV_HEADER_LEN + SCI_LEN + 1 + 1 +
		      TRANSMIT_MAX * (CKN_TOKEN_LEN + NONCE_LEN + 1) + 1 +
		      bounds->neighbours * TRANSMIT_MAX * NONCE_LEN;
	size_t stations = 2 * bounds->neighbours;

	if (stations > STATIONS_MAX) {
		stations = STATIONS_MAX;
	}
	return MESSAGE_MIN + stations * MESSAGE_STATION_LEN + master + 2 * slot +
	       bounds->statuses * status + (bounds->secy ? secy : 0);
}
