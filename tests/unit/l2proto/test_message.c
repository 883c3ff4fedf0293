/* Header, stations, lengths and round trips (protocol.md sections 2, 3 and 7). */
#include "test_message_fixture.h"

#include <errno.h>

static void assert_ref_equal(const struct proposal_ref *a, const struct proposal_ref *b)
{
	assert_int_equal(a->generation, b->generation);
	assert_memory_equal(a->digest, b->digest, DIGEST_LEN);
}

static void assert_status_equal(const struct sae_status *a, const struct sae_status *b)
{
	assert_string_equal(a->sae.text, b->sae.text);
	assert_int_equal(a->hops, b->hops);
	assert_memory_equal(a->path, b->path, a->hops * sizeof(a->path[0]));
	assert_int_equal(a->highest, b->highest);
	assert_ref_equal(&a->staged, &b->staged);
	assert_ref_equal(&a->applied, &b->applied);
	assert_int_equal(a->live, b->live);
	assert_ref_equal(&a->failed, &b->failed);
	assert_int_equal(a->failed_reason, b->failed_reason);
	assert_ref_equal(&a->lost, &b->lost);
	assert_int_equal(a->rekey_wanted, b->rekey_wanted);
	assert_int_equal(a->device_reason, b->device_reason);
	assert_int_equal(a->device_known, b->device_known);
	assert_int_equal(a->an_in_use, b->an_in_use);
	assert_int_equal(a->latest_start, b->latest_start);
	assert_int_equal(a->usable_count, b->usable_count);
	for (size_t i = 0; i < a->usable_count; i++) {
		assert_memory_equal(a->usable[i].token, b->usable[i].token, CKN_TOKEN_LEN);
		assert_int_equal(a->usable[i].transmitting, b->usable[i].transmitting);
		assert_int_equal(a->usable[i].future, b->usable[i].future);
	}
}

static void assert_secy_equal(const struct secy *a, const struct secy *b)
{
	assert_int_equal(a->present, b->present);
	if (!a->present) {
		return;
	}
	assert_memory_equal(a->sci, b->sci, SCI_LEN);
	assert_int_equal(a->suite, b->suite);
	assert_int_equal(a->transmit_count, b->transmit_count);
	for (size_t i = 0; i < a->transmit_count; i++) {
		assert_memory_equal(a->transmit[i].token, b->transmit[i].token, CKN_TOKEN_LEN);
		assert_memory_equal(a->transmit[i].nonce, b->transmit[i].nonce, NONCE_LEN);
		assert_int_equal(a->transmit[i].unused, b->transmit[i].unused);
	}
	assert_int_equal(a->receive_count, b->receive_count);
	assert_memory_equal(a->receive, b->receive, (size_t)a->receive_count * NONCE_LEN);
}

static void assert_slot_equal(const struct slot *a, const struct slot *b)
{
	assert_int_equal(a->phase, b->phase);
	if (a->phase == SLOT_EMPTY) {
		return;
	}
	assert_int_equal(a->proposal.generation, b->proposal.generation);
	assert_memory_equal(a->proposal.digest, b->proposal.digest, DIGEST_LEN);
	assert_int_equal(a->proposal.an, b->proposal.an);
	assert_int_equal(a->proposal.start, b->proposal.start);
	assert_int_equal(a->proposal.spacing_s, b->proposal.spacing_s);
	assert_int_equal(a->proposal.key_count, b->proposal.key_count);
	for (size_t i = 0; i < a->proposal.key_count; i++) {
		assert_string_equal(a->proposal.keys[i].text, b->proposal.keys[i].text);
	}
}

/* What was written is what is read, and is written again octet by octet. */
static void assert_round_trip(struct sample *sample)
{
	struct message_header header;
	struct message_content content;
	struct station_heard stations[STATIONS_MAX];
	uint8_t again[sizeof(sample->octets)];
	int len;

	sample_encode(sample);
	assert_int_equal(
		octets_read(sample->octets, sample->len, &header, &content), MALFORMED_NOT);
	assert_memory_equal(header.association, sample->header.association, ASSOCIATION_ID_LEN);
	assert_int_equal(header.key_number, sample->header.key_number);
	assert_int_equal(header.newest_key_number, sample->header.newest_key_number);
	assert_memory_equal(header.member, sample->header.member, MEMBER_ID_LEN);
	assert_int_equal(header.number, sample->header.number);
	assert_int_equal(header.reply_wanted, sample->header.reply_wanted);
	assert_int_equal(header.station_count, sample->header.station_count);
	for (size_t i = 0; i < header.station_count; i++) {
		stations[i] = message_station(sample->octets, i);
		assert_memory_equal(&stations[i], &sample->stations[i], sizeof(stations[i]));
	}
	assert_int_equal(content.master.len, sample->content.master.len);
	assert_slot_equal(&content.committed, &sample->content.committed);
	assert_slot_equal(&content.proposed, &sample->content.proposed);
	assert_int_equal(content.status_count, sample->content.status_count);
	for (size_t i = 0; i < content.status_count; i++) {
		assert_status_equal(&content.status[i], &sample->content.status[i]);
	}
	assert_secy_equal(&content.secy, &sample->content.secy);
	len = message_write(&header, stations, &content, again, sizeof(again));
	assert_int_equal(len, sample->len);
	assert_memory_equal(again, sample->octets, sample->len - MESSAGE_HMAC_LEN);
}

static void test_round_trip_minimal(void **state)
{
	struct sample sample;

	(void)state;
	sample_header(&sample);
	assert_round_trip(&sample);
	assert_int_equal(sample.len, MESSAGE_MIN);
}

static void test_round_trip_full(void **state)
{
	struct sample sample;

	(void)state;
	sample_full(&sample);
	assert_round_trip(&sample);
	sample.content.committed.phase = SLOT_COMMIT;
	sample.content.proposed.phase = SLOT_ABORT;
	sample.header.reply_wanted = false;
	assert_round_trip(&sample);
}

static void test_round_trip_limits(void **state)
{
	struct sample sample;
	char text[KEY_ID_MAX + 1];

	(void)state;
	sample_full(&sample);
	sample_stations(&sample, STATIONS_MAX);
	sample.content.proposed.phase = SLOT_EMPTY;
	memset(text, 'k', sizeof(text));
	assert_true(key_id_set(&sample.content.committed.proposal.keys[0], text, KEY_ID_MAX));
	memset(text, 's', sizeof(text));
	assert_true(sae_id_set(&sample.content.master, text, SAE_ID_MAX));
	sample.content.committed.proposal.generation = GENERATION_MAX;
	sample.content.committed.proposal.an = 3;
	sample.content.committed.proposal.spacing_s = UINT32_MAX;
	proposal_digest(&sample.content.committed.proposal, sample.header.association,
		&sample.content.master, sample.content.committed.proposal.digest);
	sample.content.status[1].hops = HOPS_MAX;
	sample.content.status[1].usable_count = USABLE_MAX;
	sample.content.status[1].highest = GENERATION_MAX;
	assert_round_trip(&sample);
}

/* From a SecY that has nothing yet to one that has all it can; with each cipher suite. */
static void test_round_trip_secy(void **state)
{
	struct sample sample;

	(void)state;
	sample_header(&sample);
	for (size_t transmit = 0; transmit <= TRANSMIT_MAX; transmit++) {
		for (size_t receive = 0; receive <= RECEIVE_MAX; receive++) {
			sample_secy(&sample.content.secy, transmit, receive);
			sample.content.secy.suite = (uint8_t)(1 + receive % SECY_SUITES);
			assert_round_trip(&sample);
			assert_int_equal(sample.len,
				MESSAGE_MIN + 3 + 11 + 17 * transmit + NONCE_LEN * receive);
		}
	}
}

/* Each status field alone: the bracketed parts stand where their flags say. */
static void test_round_trip_each_flag(void **state)
{
	struct sample sample;
	struct sae_status full;

	(void)state;
	sample_full_status(&full, "bravo");
	for (int i = 0; i < 8; i++) {
		struct sae_status *status = &sample.content.status[0];

		sample_header(&sample);
		sample.content.status_count = 1;
		sample_status(status, "bravo");
		switch (i) {
		case 0:
			status->staged = full.staged;
			break;
		case 1:
			status->applied = full.applied;
			break;
		case 2:
			status->applied = full.applied;
			status->live = true;
			break;
		case 3:
			status->failed = full.failed;
			status->failed_reason = full.failed_reason;
			break;
		case 4:
			status->lost = full.lost;
			break;
		case 5:
			status->rekey_wanted = true;
			break;
		case 6:
			status->device_known = true;
			break;
		case 7:
			status->device_reason = full.device_reason;
			break;
		}
		assert_round_trip(&sample);
	}
}

static void test_truncated_at_every_length(void **state)
{
	struct sample sample;
	struct message_header header;
	struct message_content content;

	(void)state;
	sample_full(&sample);
	sample_encode(&sample);
	for (size_t len = 0; len < sample.len; len++) {
		assert_int_equal(
			octets_read(sample.octets, len, &header, &content), MALFORMED_TRUNCATED);
	}
	/* The same with a length field that tells the truth: cut at a TLV's end it is a message. */
	for (size_t len = MESSAGE_MIN; len < sample.len; len++) {
		sample_set_len(&sample, len);
		enum malformed malformed = octets_read(sample.octets, len, &header, &content);

		if (len < MESSAGE_MIN + 2 * MESSAGE_STATION_LEN) {
			assert_int_equal(malformed, MALFORMED_LENGTH);
		} else if (malformed != MALFORMED_NOT) {
			assert_int_equal(malformed, MALFORMED_TLV_LENGTH);
		}
	}
}

static void test_padding_is_ignored(void **state)
{
	struct sample sample;
	struct message_header header;
	size_t message_len = 0;

	(void)state;
	sample_header(&sample);
	sample_encode(&sample);
	for (size_t padding = 0; padding < 100; padding++) {
		memset(sample.octets + sample.len, 0xff, padding);
		assert_int_equal(message_read_header(sample.octets, sample.len + padding, &header,
					 &message_len),
			MALFORMED_NOT);
		assert_int_equal(message_len, sample.len);
	}
}

static void test_version(void **state)
{
	struct sample sample;

	(void)state;
	sample_header(&sample);
	sample_encode(&sample);
	for (int version = 0; version < 256; version++) {
		sample.octets[0] = (uint8_t)version;
		assert_int_equal(
			sample_read(&sample), version == 1 ? MALFORMED_NOT : MALFORMED_VERSION);
	}
}

static void test_lengths(void **state)
{
	struct sample sample;
	uint8_t filler[3 + 2000] = { 0x01 };

	(void)state;
	sample_header(&sample);
	sample_encode(&sample);
	sample_set_len(&sample, MESSAGE_MIN - 1);
	sample.len = MESSAGE_MIN;
	assert_int_equal(sample_read(&sample), MALFORMED_LENGTH);

	filler[1] = (MESSAGE_MAX_RAW - MESSAGE_MIN - 3) >> 8;
	filler[2] = (MESSAGE_MAX_RAW - MESSAGE_MIN - 3) & 255;
	sample_set_len(&sample, MESSAGE_MIN);
	sample_append(&sample, filler, MESSAGE_MAX_RAW - MESSAGE_MIN);
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
	sample_set_len(&sample, MESSAGE_MAX_RAW + 1);
	assert_int_equal(sample_read(&sample), MALFORMED_LENGTH);
}

static void test_station_count(void **state)
{
	struct sample sample;

	(void)state;
	sample_header(&sample);
	sample_stations(&sample, STATIONS_MAX);
	sample_encode(&sample);
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
	sample_append(&sample, sample.stations, MESSAGE_STATION_LEN);
	sample.octets[32] = STATIONS_MAX + 1;
	assert_int_equal(sample_read(&sample), MALFORMED_STATIONS);
	sample.octets[32] = STATIONS_MAX + 2;
	assert_int_equal(sample_read(&sample), MALFORMED_LENGTH);
	sample.octets[32] = 255;
	assert_int_equal(sample_read(&sample), MALFORMED_LENGTH);
}

/* Bits that this version sends as zero are ignored. */
static void test_reserved_bits(void **state)
{
	struct sample sample;
	struct message_header header;
	struct message_content content;

	(void)state;
	sample_header(&sample);
	sample_encode(&sample);
	assert_int_equal(sample.octets[1], 1);
	assert_int_equal(sample.octets[33] | sample.octets[34] | sample.octets[35], 0);
	sample.octets[1] = 0xfe;
	sample.octets[33] = sample.octets[34] = sample.octets[35] = 0xff;
	assert_int_equal(octets_read(sample.octets, sample.len, &header, &content), MALFORMED_NOT);
	assert_false(header.reply_wanted);
}

static void test_write_needs_room(void **state)
{
	struct sample sample;

	(void)state;
	sample_full(&sample);
	sample_encode(&sample);
	for (size_t max = 0; max < sample.len; max++) {
		uint8_t *out = malloc(max > 0 ? max : 1);

		assert_non_null(out);
		assert_int_equal(
			message_write(&sample.header, sample.stations, &sample.content, out, max),
			-EMSGSIZE);
		free(out);
	}
	assert_int_equal(message_write(&sample.header, sample.stations, &sample.content,
				 sample.octets, sample.len),
		sample.len);
}

/* The bound that --check computes is reached exactly by the fullest message. */
static void test_worst_case(void **state)
{
	struct message_bounds bounds = {
		.neighbours = 3,
		.statuses = 2,
		.sae_id_len = 5,
		.hops = 2,
		.key_ids = 2,
		.key_id_len = 36,
		.usable = 3,
		.secy = true,
	};
	struct sample sample;

	(void)state;
	sample_full(&sample);
	sample_stations(&sample, 6);
	sample_slot(&sample, &sample.content.committed, SLOT_CONFIRMED, 8, 2);
	sample_full_status(&sample.content.status[0], "alpha");
	sample_secy(&sample.content.secy, TRANSMIT_MAX, 3 * TRANSMIT_MAX);
	assert_round_trip(&sample);
	assert_int_equal(message_worst_case(&bounds), sample.len);
	bounds.secy = false;
	sample.content.secy.present = false;
	assert_round_trip(&sample);
	assert_int_equal(message_worst_case(&bounds), sample.len);
	bounds.neighbours = 100;
	assert_int_equal(
		message_worst_case(&bounds), sample.len + (STATIONS_MAX - 6) * MESSAGE_STATION_LEN);
}

static void test_sae_ids(void **state)
{
	struct sae_id id;
	char text[SAE_ID_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(sae_id_set(&id, "x", 1));
	assert_true(sae_id_set(&id, "C=SE/O=\"KTH\"'\\", 14));
	assert_true(sae_id_set(&id, text, SAE_ID_MAX));
	assert_int_equal(strlen(id.text), SAE_ID_MAX);
	assert_false(sae_id_set(&id, text, SAE_ID_MAX + 1));
	assert_int_equal(id.len, 0);
	assert_false(sae_id_set(&id, "", 0));
	for (int c = 0; c < 256; c++) {
		char octet = (char)c;

		assert_int_equal(sae_id_set(&id, &octet, 1), c > ' ' && c < 0x7f);
	}
}

static void test_key_ids(void **state)
{
	struct key_id id;
	char text[KEY_ID_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(key_id_set(&id, text, KEY_ID_MAX));
	assert_false(key_id_set(&id, text, KEY_ID_MAX + 1));
	assert_false(key_id_set(&id, "", 0));
	for (int c = 0; c < 256; c++) {
		char octet = (char)c;
		bool quoting = c == '"' || c == '\'' || c == '\\' || c == '/';

		assert_int_equal(key_id_set(&id, &octet, 1), c > ' ' && c < 0x7f && !quoting);
	}
}

static void test_malformed_names(void **state)
{
	(void)state;
	for (int i = 0; i < MALFORMED_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(malformed_name((enum malformed)i),
				malformed_name((enum malformed)j));
		}
	}
	assert_string_equal(malformed_name(MALFORMED_COUNT), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_minimal),
		cmocka_unit_test(test_round_trip_full),
		cmocka_unit_test(test_round_trip_limits),
		cmocka_unit_test(test_round_trip_secy),
		cmocka_unit_test(test_round_trip_each_flag),
		cmocka_unit_test(test_truncated_at_every_length),
		cmocka_unit_test(test_padding_is_ignored),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_station_count),
		cmocka_unit_test(test_reserved_bits),
		cmocka_unit_test(test_write_needs_room),
		cmocka_unit_test(test_worst_case),
		cmocka_unit_test(test_sae_ids),
		cmocka_unit_test(test_key_ids),
		cmocka_unit_test(test_malformed_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
