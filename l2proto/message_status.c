/*
 * The STATUS TLV, protocol.md section 3.3:
 *
 *     length 1, SAE ID | hops 1, hops times 4 | flags 1 | ANs in use 1 | highest 8 |
 *     latest start 8 | [staged 24] [applied 24] [failed 24, reason 2] [lost 24]
 *     [device's reason 2] | count 1, count times: token 8, flags 1
 *
 * What stands in brackets is there if its flag is set; 24 octets are a
 * generation (8) and a digest (16).
 */
#include "l2proto/message_tlv.h"

#include <string.h>

#define STATUS_STAGED 0x01
#define STATUS_APPLIED 0x02
#define STATUS_LIVE 0x04
#define STATUS_FAILED 0x08
#define STATUS_LOST 0x10
#define STATUS_REKEY_WANTED 0x20
#define STATUS_DEVICE_KNOWN 0x40
#define STATUS_DEVICE_REASON 0x80

#define USABLE_TRANSMITTING 0x01
#define USABLE_FUTURE 0x02

static void get_ref(struct wire_reader *reader, bool present, struct proposal_ref *ref)
{
	memset(ref, 0, sizeof(*ref));
	if (present) {
		ref->generation = wire_get_uint(reader, 8);
		wire_get(reader, ref->digest, DIGEST_LEN);
		if (ref->generation == 0 || ref->generation > GENERATION_MAX) {
			reader->failed = true;
		}
	}
}

static void put_ref(struct wire_writer *writer, const struct proposal_ref *ref)
{
	if (ref->generation != 0) {
		wire_put_uint(writer, ref->generation, 8);
		wire_put(writer, ref->digest, DIGEST_LEN);
	}
}

static void get_path(struct wire_reader *reader, struct sae_status *status)
{
	status->hops = (uint8_t)wire_get_uint(reader, 1);
	if (status->hops > HOPS_MAX) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < status->hops; i++) {
		status->path[i] = (uint32_t)wire_get_uint(reader, 4);
	}
}

static void get_usable(struct wire_reader *reader, struct sae_status *status)
{
	status->usable_count = (uint8_t)wire_get_uint(reader, 1);
	if (status->usable_count > USABLE_MAX) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < status->usable_count; i++) {
		unsigned flags;

		wire_get(reader, status->usable[i].token, CKN_TOKEN_LEN);
		flags = (unsigned)wire_get_uint(reader, 1);
		status->usable[i].transmitting = flags & USABLE_TRANSMITTING;
		status->usable[i].future = flags & USABLE_FUTURE;
	}
}

enum malformed message_read_status(struct wire_reader *reader, struct sae_status *status)
{
	unsigned flags;

	memset(status, 0, sizeof(*status));
	if (!tlv_get_sae_id(reader, &status->sae)) {
		return MALFORMED_SAE_ID;
	}
	get_path(reader, status);
	flags = (unsigned)wire_get_uint(reader, 1);
	status->an_in_use = (uint8_t)wire_get_uint(reader, 1);
	status->highest = wire_get_uint(reader, 8);
	status->latest_start = (int64_t)wire_get_uint(reader, 8);
	get_ref(reader, flags & STATUS_STAGED, &status->staged);
	get_ref(reader, flags & STATUS_APPLIED, &status->applied);
	get_ref(reader, flags & STATUS_FAILED, &status->failed);
	status->failed_reason = flags & STATUS_FAILED ? (uint16_t)wire_get_uint(reader, 2) : 0;
	get_ref(reader, flags & STATUS_LOST, &status->lost);
	if (flags & STATUS_DEVICE_REASON) {
		status->device_reason = (uint16_t)wire_get_uint(reader, 2);
		reader->failed = reader->failed || status->device_reason == 0;
	}
	get_usable(reader, status);
	status->live = flags & STATUS_LIVE;
	status->rekey_wanted = flags & STATUS_REKEY_WANTED;
	status->device_known = flags & STATUS_DEVICE_KNOWN;
	if (reader->failed || reader->left > 0 || status->an_in_use > 0x0f ||
		status->highest > GENERATION_MAX || status->latest_start < 0 ||
		status->latest_start > START_MAX ||
		(status->live && status->applied.generation == 0)) {
		return MALFORMED_STATUS;
	}
	return MALFORMED_NOT;
}

static unsigned status_flags(const struct sae_status *status)
{
	return (status->staged.generation ? STATUS_STAGED : 0u) |
	       (status->applied.generation ? STATUS_APPLIED : 0u) |
	       (status->live ? STATUS_LIVE : 0u) |
	       (status->failed.generation ? STATUS_FAILED : 0u) |
	       (status->lost.generation ? STATUS_LOST : 0u) |
	       (status->rekey_wanted ? STATUS_REKEY_WANTED : 0u) |
	       (status->device_known ? STATUS_DEVICE_KNOWN : 0u) |
	       (status->device_reason ? STATUS_DEVICE_REASON : 0u);
}

void message_write_status(struct wire_writer *writer, const struct sae_status *status)
{
	size_t start = tlv_begin(writer, TLV_STATUS);

	tlv_put_sae_id(writer, &status->sae);
	wire_put_uint(writer, status->hops, 1);
	for (size_t i = 0; i < status->hops; i++) {
		wire_put_uint(writer, status->path[i], 4);
	}
	wire_put_uint(writer, status_flags(status), 1);
	wire_put_uint(writer, status->an_in_use, 1);
	wire_put_uint(writer, status->highest, 8);
	wire_put_uint(writer, (uint64_t)status->latest_start, 8);
	put_ref(writer, &status->staged);
	put_ref(writer, &status->applied);
	put_ref(writer, &status->failed);
	if (status->failed.generation) {
		wire_put_uint(writer, status->failed_reason, 2);
	}
	put_ref(writer, &status->lost);
	if (status->device_reason) {
		wire_put_uint(writer, status->device_reason, 2);
	}
	wire_put_uint(writer, status->usable_count, 1);
	for (size_t i = 0; i < status->usable_count; i++) {
		const struct usable_key *key = &status->usable[i];

		wire_put(writer, key->token, CKN_TOKEN_LEN);
		wire_put_uint(writer,
			(key->transmitting ? USABLE_TRANSMITTING : 0u) |
				(key->future ? USABLE_FUTURE : 0u),
			1);
	}
	tlv_end(writer, start);
}
