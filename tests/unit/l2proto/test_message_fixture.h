/* Messages to encode, and octets to spoil. */
#ifndef TEST_MESSAGE_FIXTURE_H
#define TEST_MESSAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "l2proto/message.h"

#define STATIONS_AT MESSAGE_HEADER_LEN

struct sample {
	struct message_header header;
	struct station_heard stations[STATIONS_MAX];
	struct message_content content;
	uint8_t octets[65536];
	size_t len;
};

static inline struct sae_id sample_sae(const char *text)
{
	struct sae_id id;

	assert_true(sae_id_set(&id, text, strlen(text)));
	return id;
}

static inline void sample_header(struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	association_id("span-1", sample->header.association);
	sample->header.key_number = 0x0102;
	sample->header.newest_key_number = 0x0304;
	memset(sample->header.member, 0xa1, MEMBER_ID_LEN);
	sample->header.number = 0x05060708;
	sample->header.reply_wanted = true;
}

static inline void sample_slot(struct sample *sample, struct slot *slot, enum slot_phase phase,
	uint64_t generation, size_t keys)
{
	struct proposal *proposal = &slot->proposal;

	memset(slot, 0, sizeof(*slot));
	slot->phase = phase;
	proposal->generation = generation;
	proposal->an = AN_NONE;
	proposal->start = 1700000000;
	proposal->spacing_s = 3600;
	proposal->key_count = (uint8_t)keys;
	for (size_t i = 0; i < keys; i++) {
		char text[] = "d9b6fa63-dd88-47d2-8afe-94fcecf40d00";

		text[35] = (char)('a' + i);
		assert_true(key_id_set(&proposal->keys[i], text, 36));
	}
	proposal_digest(
		proposal, sample->header.association, &sample->content.master, proposal->digest);
}

static inline void sample_status(struct sae_status *status, const char *name)
{
	memset(status, 0, sizeof(*status));
	status->sae = sample_sae(name);
	status->highest = 9;
}

/* Everything that a status can hold. */
static inline void sample_full_status(struct sae_status *status, const char *name)
{
	sample_status(status, name);
	status->hops = 2;
	status->path[0] = 0x01020304;
	status->path[1] = 0xf0f1f2f3;
	status->staged = (struct proposal_ref){ 9, { 1 } };
	status->applied = (struct proposal_ref){ 8, { 2 } };
	status->live = true;
	status->failed = (struct proposal_ref){ 7, { 3 } };
	status->failed_reason = 0x0140;
	status->lost = (struct proposal_ref){ 6, { 4 } };
	status->rekey_wanted = true;
	status->device_known = true;
	status->device_reason = 0x2021;
	status->an_in_use = 0x5;
	status->latest_start = START_MAX;
	status->usable_count = 3;
	memset(status->usable[0].token, 0xb1, CKN_TOKEN_LEN);
	status->usable[0].transmitting = true;
	memset(status->usable[1].token, 0xb2, CKN_TOKEN_LEN);
	status->usable[1].future = true;
	memset(status->usable[2].token, 0xb3, CKN_TOKEN_LEN);
}

/* SAs with nonces of their own; every other one is unused. */
static inline void sample_secy(struct secy *secy, size_t transmit, size_t receive)
{
	memset(secy, 0, sizeof(*secy));
	secy->present = true;
	memcpy(secy->sci, (uint8_t[SCI_LEN]){ 2, 0, 0, 0, 0, 0x0a, 0, 1 }, SCI_LEN);
	secy->suite = 2;
	secy->transmit_count = (uint8_t)transmit;
	for (size_t i = 0; i < transmit; i++) {
		memset(secy->transmit[i].token, (int)(0xb1 + i), CKN_TOKEN_LEN);
		memset(secy->transmit[i].nonce, (int)(0xd1 + i), NONCE_LEN);
		secy->transmit[i].unused = i % 2 == 1;
	}
	secy->receive_count = (uint8_t)receive;
	for (size_t i = 0; i < receive; i++) {
		memset(secy->receive[i], (int)(1 + i), NONCE_LEN);
	}
}

static inline void sample_stations(struct sample *sample, size_t count)
{
	sample->header.station_count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		memset(sample->stations[i].member, (int)(0xc0 + i), MEMBER_ID_LEN);
		sample->stations[i].number = (uint32_t)(0x01000000 + i);
	}
}

/* Both slots, two statuses, two stations, a SecY. */
static inline void sample_full(struct sample *sample)
{
	sample_header(sample);
	sample_stations(sample, 2);
	sample->content.master = sample_sae("alpha");
	sample_slot(sample, &sample->content.committed, SLOT_CONFIRMED, 8, 1);
	sample_slot(sample, &sample->content.proposed, SLOT_PREPARE, 9, 2);
	sample->content.status_count = 2;
	sample_status(&sample->content.status[0], "alpha");
	sample_full_status(&sample->content.status[1], "bravo");
	sample_secy(&sample->content.secy, 2, 3);
}

static inline void sample_encode(struct sample *sample)
{
	int len = message_write(&sample->header, sample->stations, &sample->content, sample->octets,
		sizeof(sample->octets));

	assert_true(len > 0);
	sample->len = (size_t)len;
	memset(sample->octets + len - MESSAGE_HMAC_LEN, 0xee, MESSAGE_HMAC_LEN);
}

static inline void sample_set_len(struct sample *sample, size_t len)
{
	sample->len = len;
	sample->octets[2] = (uint8_t)(len >> 8);
	sample->octets[3] = (uint8_t)len;
}

/* Where the TLVs end, and the HMAC begins. */
static inline size_t sample_end(const struct sample *sample)
{
	return sample->len - MESSAGE_HMAC_LEN;
}

/* Puts octets in front of the HMAC. */
static inline void sample_append(struct sample *sample, const void *octets, size_t len)
{
	size_t at = sample_end(sample);

	memmove(sample->octets + at + len, sample->octets + at, MESSAGE_HMAC_LEN);
	memcpy(sample->octets + at, octets, len);
	sample_set_len(sample, sample->len + len);
}

/* Where the first TLV of a type begins. */
static inline size_t sample_tlv(const struct sample *sample, uint8_t type)
{
	size_t at = STATIONS_AT + (size_t)sample->octets[32] * MESSAGE_STATION_LEN;

	while (sample->octets[at] != type) {
		at += 3 + ((size_t)sample->octets[at + 1] << 8 | sample->octets[at + 2]);
		assert_true(at < sample_end(sample));
	}
	return at;
}

/* Reads header and content from a copy with nothing behind it, so that the sanitizer watches. */
static inline enum malformed octets_read(const uint8_t *octets, size_t len,
	struct message_header *header, struct message_content *content)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	size_t message_len;
	enum malformed malformed;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	malformed = message_read_header(copy, len, header, &message_len);
	if (malformed == MALFORMED_NOT) {
		malformed = message_read_content(copy, message_len, content);
	}
	free(copy);
	return malformed;
}

static inline enum malformed sample_read(const struct sample *sample)
{
	struct message_header header;
	struct message_content content;

	return octets_read(sample->octets, sample->len, &header, &content);
}

#endif
