/* One JSON object a line. A key that has nothing to say is absent. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "common/hex.h"
#include "l2proto/reason.h"
#include "tools/keyid-replay/record.h"

#define NS_PER_S INT64_C(1000000000)

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void put_number(json_t *object, const char *key, uint64_t value)
{
	put(object, key, json_integer((json_int_t)value));
}

static void put_number_if(json_t *object, const char *key, uint64_t value)
{
	if (value != 0) {
		put_number(object, key, value);
	}
}

static void put_true_if(json_t *object, const char *key, bool value)
{
	if (value) {
		put(object, key, json_true());
	}
}

static void put_array_if(json_t *object, const char *key, json_t *array)
{
	if (json_array_size(array) > 0) {
		put(object, key, array);
	} else {
		json_decref(array);
	}
}

static void put_hex(json_t *object, const char *key, const uint8_t *octets, size_t len)
{
	char text[2 * DIGEST_LEN + 1];

	hex_encode(octets, len, text);
	put(object, key, json_string(text));
}

/* A reason by its name, or its number if this version has none for it. */
static json_t *reason(uint16_t number)
{
	const char *name = reason_name(number);

	return strcmp(name, "unknown") == 0 ? json_integer(number) : json_string(name);
}

/* ---- content --------------------------------------------------------------------------------- */

static json_t *slot(const struct slot *from)
{
	static const char *const phases[] = { [SLOT_PREPARE] = "prepare",
		[SLOT_ABORT] = "abort",
		[SLOT_COMMIT] = "commit",
		[SLOT_CONFIRMED] = "confirmed" };
	const struct proposal *proposal = &from->proposal;
	json_t *object = json_object();
	json_t *ids = json_array();

	put(object, "phase", json_string(phases[from->phase]));
	put_number(object, "generation", proposal->generation);
	put_hex(object, "digest", proposal->digest, DIGEST_LEN);
	if (proposal->an != AN_NONE) {
		put_number(object, "an", proposal->an);
	}
	put_number_if(object, "start", (uint64_t)proposal->start);
	put_number_if(object, "spacing", proposal->spacing_s);
	for (size_t i = 0; i < proposal->key_count; i++) {
		json_array_append_new(ids, json_string(proposal->keys[i].text));
	}
	put(object, "key-ids", ids);
	return object;
}

static json_t *reference(const struct proposal_ref *from)
{
	json_t *object = json_object();

	put_number(object, "generation", from->generation);
	put_hex(object, "digest", from->digest, DIGEST_LEN);
	return object;
}

static void put_reference_if(json_t *object, const char *key, const struct proposal_ref *from)
{
	if (from->generation != 0) {
		put(object, key, reference(from));
	}
}

static void put_failed_if(json_t *object, const struct sae_status *status)
{
	json_t *failed;

	if (status->failed.generation == 0) {
		return;
	}
	failed = reference(&status->failed);
	if (status->failed_reason != 0) {
		put(failed, "reason", reason(status->failed_reason));
	}
	put(object, "failed", failed);
}

static void put_path_if(json_t *object, const struct sae_status *status)
{
	json_t *path;
	char text[9];

	if (status->hops == 0) {
		return;
	}
	path = json_array();
	for (size_t i = 0; i < status->hops; i++) {
		snprintf(text, sizeof(text), "%08" PRIx32, status->path[i]);
		json_array_append_new(path, json_string(text));
	}
	put(object, "path", path);
}

static void put_numbers_of_bits_if(json_t *object, const char *key, uint8_t bits)
{
	json_t *numbers;

	if (bits == 0) {
		return;
	}
	numbers = json_array();
	for (int i = 0; i < 8; i++) {
		if (bits & 1 << i) {
			json_array_append_new(numbers, json_integer(i));
		}
	}
	put(object, key, numbers);
}

static void put_keys_if(json_t *object, const struct sae_status *status)
{
	json_t *keys;

	if (status->usable_count == 0) {
		return;
	}
	keys = json_array();
	for (size_t i = 0; i < status->usable_count; i++) {
		const struct usable_key *from = &status->usable[i];
		json_t *key = json_object();

		put_hex(key, "token", from->token, CKN_TOKEN_LEN);
		put_true_if(key, "transmitting", from->transmitting);
		put_true_if(key, "future", from->future);
		json_array_append_new(keys, key);
	}
	put(object, "keys", keys);
}

static json_t *status(const struct sae_status *from)
{
	json_t *object = json_object();

	put(object, "sae", json_string(from->sae.text));
	put_path_if(object, from);
	put_number(object, "highest", from->highest);
	put_reference_if(object, "staged", &from->staged);
	put_reference_if(object, "applied", &from->applied);
	put_true_if(object, "live", from->live);
	put_failed_if(object, from);
	put_reference_if(object, "lost", &from->lost);
	put_true_if(object, "rekey-wanted", from->rekey_wanted);
	if (from->device_reason != 0) {
		put(object, "device-reason", reason(from->device_reason));
	}
	put_true_if(object, "device-known", from->device_known);
	put_numbers_of_bits_if(object, "ans-in-use", from->an_in_use);
	put_number_if(object, "latest-start", (uint64_t)from->latest_start);
	put_keys_if(object, from);
	return object;
}

static json_t *transmit(const struct transmit_sa *from)
{
	json_t *object = json_object();

	put_hex(object, "token", from->token, CKN_TOKEN_LEN);
	put_hex(object, "nonce", from->nonce, NONCE_LEN);
	put_true_if(object, "unused", from->unused);
	return object;
}

static json_t *secy(const struct secy *from)
{
	json_t *object = json_object();
	json_t *transmits = json_array();
	json_t *receives = json_array();

	put_hex(object, "sci", from->sci, SCI_LEN);
	put(object, "cipher-suite", json_string(secy_suite_name(from->suite)));
	for (size_t i = 0; i < from->transmit_count; i++) {
		json_array_append_new(transmits, transmit(&from->transmit[i]));
	}
	for (size_t i = 0; i < from->receive_count; i++) {
		char text[2 * NONCE_LEN + 1];

		hex_encode(from->receive[i], NONCE_LEN, text);
		json_array_append_new(receives, json_string(text));
	}
	put_array_if(object, "transmit", transmits);
	put_array_if(object, "receive", receives);
	return object;
}

static json_t *content(const struct message_content *from)
{
	json_t *object = json_object();
	json_t *statuses = json_array();

	if (from->master.len > 0) {
		put(object, "master", json_string(from->master.text));
	}
	if (from->committed.phase != SLOT_EMPTY) {
		put(object, "committed", slot(&from->committed));
	}
	if (from->proposed.phase != SLOT_EMPTY) {
		put(object, "proposed", slot(&from->proposed));
	}
	for (size_t i = 0; i < from->status_count; i++) {
		json_array_append_new(statuses, status(&from->status[i]));
	}
	put(object, "statuses", statuses);
	if (from->secy.present) {
		put(object, "secy", secy(&from->secy));
	}
	return object;
}

/* ---- the envelope ---------------------------------------------------------------------------- */

/* Nothing behind the fixed header is shown of what may be forged. */
static json_t *stations(const struct frame *frame)
{
	json_t *array = json_array();

	for (size_t i = 0; i < frame->header.station_count; i++) {
		struct station_heard from = message_station(frame->message, i);
		json_t *station = json_object();

		put_hex(station, "member", from.member, MEMBER_ID_LEN);
		put_number(station, "number", from.number);
		json_array_append_new(array, station);
	}
	return array;
}

static json_t *header(const struct record *record)
{
	const struct message_header *from = &record->frame.header;
	json_t *object = json_object();

	put_hex(object, "association-id", from->association, ASSOCIATION_ID_LEN);
	put_number(object, "length", record->frame.len);
	put_number(object, "key-number", from->key_number);
	put_number(object, "newest-key-number", from->newest_key_number);
	put_hex(object, "member", from->member, MEMBER_ID_LEN);
	put_number(object, "number", from->number);
	put(object, "reply-wanted", json_boolean(from->reply_wanted));
	if (record->observation.authentic || record->verdict == VERDICT_UNVERIFIED) {
		put(object, "stations", stations(&record->frame));
	}
	return object;
}

static void put_address(json_t *object, const char *key, const uint8_t *address)
{
	put(object, key,
		json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2],
			address[3], address[4], address[5]));
}

static void put_time(json_t *object, int64_t time_ns)
{
	time_t second = (time_t)(time_ns / NS_PER_S);
	struct tm when;
	char text[32] = "";

	if (gmtime_r(&second, &when)) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &when);
	}
	put(object, "time", json_sprintf("%s.%09dZ", text, (int)(time_ns % NS_PER_S)));
}

static void put_frame(json_t *object, const struct record *record)
{
	const struct capture_frame *captured = &record->captured;

	put(object, "capture", json_string(record->capture));
	put_number(object, "number", captured->number);
	put_time(object, captured->time_ns);
	if (captured->len >= 2 * ETHERNET_ADDRESS_LEN) {
		put_address(object, "source", captured->octets + ETHERNET_ADDRESS_LEN);
		put_address(object, "destination", captured->octets);
	}
	if (record->verdict != VERDICT_NOT_OURS && record->verdict != VERDICT_TRUNCATED) {
		put_number_if(object, "vlan", record->frame.ethernet.vlan);
	}
	if (record->frame.carrier == CARRIER_LLDP) {
		put(object, "carrier", json_string(carrier_name(CARRIER_LLDP)));
	}
}

static void put_sender(json_t *object, const struct record *record)
{
	if (record->link) {
		put(object, "association", json_string(record->link->association));
		put(object, "link", json_string(record->link->name));
	}
	if (record->observation.sae.len > 0) {
		put(object, "sae", json_string(record->observation.sae.text));
	}
}

static void put_events_if(json_t *object, const struct event_list *events)
{
	json_t *array;

	if (events->count == 0) {
		return;
	}
	array = json_array();
	for (size_t i = 0; i < events->count; i++) {
		json_array_append_new(array, json_string(events->text[i]));
	}
	put(object, "events", array);
}

void record_print_json(const struct record *record, FILE *out)
{
	json_t *object = json_object();
	enum malformed malformed = record_malformed(record);

	put_frame(object, record);
	put(object, "verdict", json_string(verdict_name(record->verdict)));
	if (malformed) {
		put(object, "reason", json_string(malformed_name(malformed)));
	}
	put_sender(object, record);
	if (record_has_header(record)) {
		put(object, "header", header(record));
	}
	if (record->observation.readable) {
		put(object, "content", content(&record->content));
	}
	put_events_if(object, &record->events);
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}
