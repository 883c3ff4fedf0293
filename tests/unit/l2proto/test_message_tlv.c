/* TLVs: order, the unknown and the critical, duplicates, and each reason to refuse one (protocol.md
 * section 3). */
#include "test_message_fixture.h"

#define MASTER 0x81
#define COMMITTED 0x82
#define PROPOSED 0x83
#define STATUS 0x84
#define SECY 0x05

/* Offsets from a slot's TLV type. */
#define SLOT_PHASE_AT 3
#define SLOT_GENERATION_AT 4
#define SLOT_DIGEST_AT 12
#define SLOT_AN_AT 28
#define SLOT_START_AT 29
#define SLOT_SPACING_AT 37
#define SLOT_COUNT_AT 41
#define SLOT_KEY_LEN_AT 42

/* Offsets from the TLV type of the status of an SAE with five letters and no hops. */
#define STATUS_SAE_LEN_AT 3
#define STATUS_SAE_AT 4
#define STATUS_HOPS_AT 9
#define STATUS_FLAGS_AT 10
#define STATUS_ANS_AT 11
#define STATUS_HIGHEST_AT 12
#define STATUS_LATEST_AT 20
#define STATUS_REST_AT 28

static void encode_full(struct sample *sample)
{
	sample_full(sample);
	sample_encode(sample);
	assert_int_equal(sample_read(sample), MALFORMED_NOT);
}

/* One octet of a TLV changed. */
static enum malformed with(uint8_t type, size_t at, uint8_t value)
{
	struct sample sample;

	encode_full(&sample);
	sample.octets[sample_tlv(&sample, type) + at] = value;
	return sample_read(&sample);
}

static void test_any_order(void **state)
{
	struct sample sample;
	struct message_header header;
	struct message_content content;
	uint8_t master[8] = { MASTER, 0, 6, 5, 'a', 'l', 'p', 'h' };

	(void)state;
	encode_full(&sample);
	/* MASTER goes to the end, behind the slots whose digests need it */
	size_t at = sample_tlv(&sample, MASTER);
	uint8_t tlv[9];
	memcpy(tlv, sample.octets + at, sizeof(tlv));
	assert_memory_equal(tlv, master, sizeof(master));
	memmove(sample.octets + at, sample.octets + at + sizeof(tlv),
		sample.len - at - sizeof(tlv));
	sample_set_len(&sample, sample.len - sizeof(tlv));
	assert_int_equal(sample_read(&sample), MALFORMED_SLOT); /* whose slots? */
	sample_append(&sample, tlv, sizeof(tlv));
	assert_int_equal(octets_read(sample.octets, sample.len, &header, &content), MALFORMED_NOT);
	assert_string_equal(content.master.text, "alpha");
	assert_int_equal(content.proposed.phase, SLOT_PREPARE);
}

static void test_unknown_is_skipped(void **state)
{
	struct sample sample;
	uint8_t unknown[] = { 0x01, 0, 3, 'x', 'y', 'z' };
	uint8_t empty[] = { 0x7f, 0, 0 };

	(void)state;
	encode_full(&sample);
	sample_append(&sample, unknown, sizeof(unknown));
	sample_append(&sample, empty, sizeof(empty));
	sample_append(&sample, unknown, sizeof(unknown)); /* twice, for all we know */
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
}

static void test_unknown_critical_is_refused(void **state)
{
	(void)state;
	for (unsigned type = 0x80; type < 0x100; type++) {
		struct sample sample;
		uint8_t tlv[] = { (uint8_t)type, 0, 0 };

		sample_header(&sample);
		sample_encode(&sample);
		sample_append(&sample, tlv, sizeof(tlv));
		if (type < MASTER || type > STATUS) {
			assert_int_equal(sample_read(&sample), MALFORMED_TLV_CRITICAL);
		} else {
			assert_int_not_equal(sample_read(&sample), MALFORMED_NOT);
		}
	}
}

static void test_duplicates_are_refused(void **state)
{
	static const uint8_t types[] = { MASTER, COMMITTED, PROPOSED, STATUS, SECY };

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct sample sample;
		uint8_t tlv[512];

		encode_full(&sample);
		size_t at = sample_tlv(&sample, types[i]);
		size_t len = 3 + ((size_t)sample.octets[at + 1] << 8 | sample.octets[at + 2]);
		memcpy(tlv, sample.octets + at, len);
		sample_append(&sample, tlv, len);
		assert_int_equal(sample_read(&sample), MALFORMED_TLV_DUPLICATE);
	}
}

static void test_tlv_lengths(void **state)
{
	struct sample sample;
	uint8_t types[] = { 1, MASTER, STATUS, SECY };

	(void)state;
	for (size_t len = 1; len < 3; len++) {
		encode_full(&sample);
		sample_append(&sample, types, len); /* not even a whole TLV header */
		assert_int_equal(sample_read(&sample), MALFORMED_TLV_LENGTH);
	}
	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t beyond[] = { types[i], 0, 2, 0 };

		encode_full(&sample);
		sample_append(&sample, beyond, sizeof(beyond)); /* would reach into the HMAC */
		assert_int_equal(sample_read(&sample), MALFORMED_TLV_LENGTH);
	}
}

/* Each known TLV, one octet shorter or longer than its contents. */
static void test_contents_fill_the_tlv(void **state)
{
	static const struct {
		uint8_t type;
		enum malformed malformed;
	} cases[] = {
		{ MASTER, MALFORMED_SAE_ID },
		{ COMMITTED, MALFORMED_SLOT },
		{ PROPOSED, MALFORMED_SLOT },
		{ STATUS, MALFORMED_STATUS },
		{ SECY, MALFORMED_SECY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample sample;

		encode_full(&sample);
		size_t at = sample_tlv(&sample, cases[i].type);
		size_t len = (size_t)sample.octets[at + 1] << 8 | sample.octets[at + 2];
		size_t end = at + 3 + len;

		memmove(sample.octets + end + 1, sample.octets + end, sample.len - end);
		sample.octets[end] = 0;
		sample_set_len(&sample, sample.len + 1);
		sample.octets[at + 1] = (uint8_t)((len + 1) >> 8);
		sample.octets[at + 2] = (uint8_t)(len + 1);
		assert_int_equal(sample_read(&sample), cases[i].malformed);

		for (size_t shorter = 0; shorter < len; shorter++) {
			encode_full(&sample);
			memmove(sample.octets + at + 3 + shorter, sample.octets + end,
				sample.len - end);
			sample_set_len(&sample, sample.len - (len - shorter));
			sample.octets[at + 1] = (uint8_t)(shorter >> 8);
			sample.octets[at + 2] = (uint8_t)shorter;
			assert_int_not_equal(sample_read(&sample), MALFORMED_NOT);
		}
	}
}

static void test_slot_fields(void **state)
{
	static const struct {
		uint8_t type;
		size_t at;
		uint8_t value;
		enum malformed malformed;
	} cases[] = {
		{ COMMITTED, SLOT_PHASE_AT, SLOT_EMPTY, MALFORMED_SLOT },
		{ COMMITTED, SLOT_PHASE_AT, SLOT_PREPARE, MALFORMED_SLOT },
		{ COMMITTED, SLOT_PHASE_AT, SLOT_ABORT, MALFORMED_SLOT },
		{ COMMITTED, SLOT_PHASE_AT, SLOT_COMMIT, MALFORMED_NOT },
		{ COMMITTED, SLOT_PHASE_AT, SLOT_CONFIRMED, MALFORMED_NOT },
		{ COMMITTED, SLOT_PHASE_AT, 5, MALFORMED_SLOT },
		{ PROPOSED, SLOT_PHASE_AT, SLOT_EMPTY, MALFORMED_SLOT },
		{ PROPOSED, SLOT_PHASE_AT, SLOT_PREPARE, MALFORMED_NOT },
		{ PROPOSED, SLOT_PHASE_AT, SLOT_ABORT, MALFORMED_NOT },
		{ PROPOSED, SLOT_PHASE_AT, SLOT_COMMIT, MALFORMED_SLOT },
		{ PROPOSED, SLOT_PHASE_AT, SLOT_CONFIRMED, MALFORMED_SLOT },
		{ PROPOSED, SLOT_PHASE_AT, 255, MALFORMED_SLOT },
		{ PROPOSED, SLOT_GENERATION_AT, 0x80, MALFORMED_SLOT },
		{ PROPOSED, SLOT_GENERATION_AT + 7, 0, MALFORMED_SLOT }, /* generation 0 */
		{ PROPOSED, SLOT_GENERATION_AT + 7, 1, MALFORMED_DIGEST },
		{ PROPOSED, SLOT_DIGEST_AT, 0, MALFORMED_DIGEST },
		{ PROPOSED, SLOT_DIGEST_AT + 15, 0, MALFORMED_DIGEST },
		{ PROPOSED, SLOT_AN_AT, 3, MALFORMED_DIGEST },
		{ PROPOSED, SLOT_AN_AT, 4, MALFORMED_SLOT },
		{ PROPOSED, SLOT_AN_AT, 254, MALFORMED_SLOT },
		{ PROPOSED, SLOT_START_AT, 0x80, MALFORMED_SLOT },
		{ PROPOSED, SLOT_START_AT, 0x01, MALFORMED_SLOT },    /* after the year 9999 */
		{ PROPOSED, SLOT_START_AT + 7, 0x01, MALFORMED_NOT }, /* the digest leaves it out */
		{ PROPOSED, SLOT_SPACING_AT + 3, 1, MALFORMED_DIGEST },
		{ PROPOSED, SLOT_COUNT_AT, 0, MALFORMED_SLOT },
		{ PROPOSED, SLOT_COUNT_AT, 1, MALFORMED_SLOT },
		{ PROPOSED, SLOT_COUNT_AT, 3, MALFORMED_SLOT },
		{ PROPOSED, SLOT_COUNT_AT, BATCH_MAX + 1, MALFORMED_SLOT },
		{ PROPOSED, SLOT_KEY_LEN_AT, 0, MALFORMED_KEY_ID },
		{ PROPOSED, SLOT_KEY_LEN_AT, 255, MALFORMED_SLOT },
		{ PROPOSED, SLOT_KEY_LEN_AT + 1, ' ', MALFORMED_KEY_ID },
		{ PROPOSED, SLOT_KEY_LEN_AT + 1, '/', MALFORMED_KEY_ID },
		{ PROPOSED, SLOT_KEY_LEN_AT + 1, 'D', MALFORMED_DIGEST }, /* not the same as 'd' */
		{ MASTER, 4, 'A', MALFORMED_DIGEST },
		{ MASTER, 3, 0, MALFORMED_SAE_ID },
		{ MASTER, 3, 4, MALFORMED_SAE_ID },
		{ MASTER, 3, 6, MALFORMED_SAE_ID },
		{ MASTER, 4, ' ', MALFORMED_SAE_ID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			with(cases[i].type, cases[i].at, cases[i].value), cases[i].malformed);
	}
}

static void test_key_id_too_long(void **state)
{
	struct sample sample;
	uint8_t key[KEY_ID_MAX + 1];

	(void)state;
	encode_full(&sample);
	size_t at = sample_tlv(&sample, COMMITTED);
	size_t key_at = at + SLOT_KEY_LEN_AT + 1;

	memset(key, 'k', sizeof(key));
	memmove(sample.octets + key_at + sizeof(key), sample.octets + key_at + 36,
		sample.len - key_at - 36);
	memcpy(sample.octets + key_at, key, sizeof(key));
	sample.octets[key_at - 1] = sizeof(key);
	sample.octets[at + 2] = (uint8_t)(sample.octets[at + 2] + sizeof(key) - 36);
	sample_set_len(&sample, sample.len + sizeof(key) - 36);
	assert_int_equal(sample_read(&sample), MALFORMED_KEY_ID);
}

/* The association is part of what the digest binds. */
static void test_digest_binds_the_association(void **state)
{
	struct sample sample;

	(void)state;
	encode_full(&sample);
	sample.octets[4] ^= 1;
	assert_int_equal(sample_read(&sample), MALFORMED_DIGEST);
}

static void test_status_fields(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum malformed malformed;
	} cases[] = {
		{ STATUS_SAE_LEN_AT, 0, MALFORMED_SAE_ID },
		{ STATUS_SAE_LEN_AT, 255, MALFORMED_SAE_ID },
		{ STATUS_SAE_AT, 0x7f, MALFORMED_SAE_ID },
		{ STATUS_SAE_AT, 'b', MALFORMED_NOT },
		{ STATUS_HOPS_AT, 1, MALFORMED_STATUS },
		{ STATUS_HOPS_AT, HOPS_MAX + 1, MALFORMED_STATUS },
		{ STATUS_HOPS_AT, 255, MALFORMED_STATUS },
		{ STATUS_FLAGS_AT, 0x01, MALFORMED_STATUS }, /* staged, but nothing there */
		{ STATUS_FLAGS_AT, 0x02, MALFORMED_STATUS },
		{ STATUS_FLAGS_AT, 0x04, MALFORMED_STATUS }, /* live, but not applied */
		{ STATUS_FLAGS_AT, 0x08, MALFORMED_STATUS },
		{ STATUS_FLAGS_AT, 0x10, MALFORMED_STATUS },
		{ STATUS_FLAGS_AT, 0x20, MALFORMED_NOT },
		{ STATUS_FLAGS_AT, 0x40, MALFORMED_NOT },
		{ STATUS_FLAGS_AT, 0x80, MALFORMED_STATUS },
		{ STATUS_ANS_AT, 0x0f, MALFORMED_NOT },
		{ STATUS_ANS_AT, 0x10, MALFORMED_STATUS },
		{ STATUS_HIGHEST_AT, 0x7f, MALFORMED_NOT },
		{ STATUS_HIGHEST_AT, 0x80, MALFORMED_STATUS },
		{ STATUS_LATEST_AT, 0x80, MALFORMED_STATUS },
		{ STATUS_LATEST_AT, 0x01, MALFORMED_STATUS },
		{ STATUS_REST_AT, 1, MALFORMED_STATUS },
		{ STATUS_REST_AT, USABLE_MAX + 1, MALFORMED_STATUS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(with(STATUS, cases[i].at, cases[i].value), cases[i].malformed);
	}
}

/* A reference's generation is 1..GENERATION_MAX; its digest may be anything. */
static void test_status_references(void **state)
{
	(void)state;
	for (int which = 0; which < 4; which++) {
		struct sample sample;
		struct sae_status *status = &sample.content.status[0];
		struct proposal_ref *refs[] = { &status->staged, &status->applied, &status->failed,
			&status->lost };

		sample_header(&sample);
		sample.content.status_count = 1;
		sample_status(status, "alpha");
		refs[which]->generation = GENERATION_MAX;
		sample_encode(&sample);
		assert_int_equal(sample_read(&sample), MALFORMED_NOT);
		size_t at = sample_tlv(&sample, STATUS) + STATUS_REST_AT;
		sample.octets[at] = 0x80;
		assert_int_equal(sample_read(&sample), MALFORMED_STATUS);
		memset(sample.octets + at, 0, 8);
		assert_int_equal(sample_read(&sample), MALFORMED_STATUS);
	}
}

/* A reason is one, or is not there. */
static void test_device_reason(void **state)
{
	struct sample sample;

	(void)state;
	sample_header(&sample);
	sample.content.status_count = 1;
	sample_status(&sample.content.status[0], "alpha");
	sample.content.status[0].device_reason = 1;
	sample_encode(&sample);
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
	sample.octets[sample_tlv(&sample, STATUS) + STATUS_REST_AT + 1] = 0;
	assert_int_equal(sample_read(&sample), MALFORMED_STATUS);
}

static void test_too_many_statuses(void **state)
{
	struct sample sample;
	uint8_t status[] = { STATUS, 0, 22, 1, 'A', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0 };

	(void)state;
	sample_header(&sample);
	sample_encode(&sample);
	for (int i = 0; i < SAES_MAX; i++) {
		status[4] = (uint8_t)('A' + i);
		sample_append(&sample, status, sizeof(status));
		assert_int_equal(sample_read(&sample), MALFORMED_NOT);
	}
	status[4] = 'z';
	sample_append(&sample, status, sizeof(status));
	assert_int_equal(sample_read(&sample), MALFORMED_STATUS);
}

/* Whatever single bit is wrong behind the stations, reading ends, within the message. */
static void test_every_bit(void **state)
{
	struct sample sample;

	(void)state;
	encode_full(&sample);
	for (size_t at = STATIONS_AT; at < sample_end(&sample); at++) {
		for (int bit = 0; bit < 8; bit++) {
			sample.octets[at] ^= (uint8_t)(1 << bit);
			sample_read(&sample);
			sample.octets[at] ^= (uint8_t)(1 << bit);
		}
	}
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
}

/* A generation whose keys never came can be given up, and nothing else. */
static void test_abort_without_keys(void **state)
{
	struct sample sample;
	struct proposal *proposal = &sample.content.proposed.proposal;

	(void)state;
	sample_full(&sample);
	proposal->key_count = 0;
	proposal_digest(
		proposal, sample.header.association, &sample.content.master, proposal->digest);
	sample.content.proposed.phase = SLOT_ABORT;
	sample_encode(&sample);
	assert_int_equal(sample_read(&sample), MALFORMED_NOT);
	sample.content.proposed.phase = SLOT_PREPARE;
	sample_encode(&sample);
	assert_int_equal(sample_read(&sample), MALFORMED_SLOT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_abort_without_keys),
		cmocka_unit_test(test_unknown_is_skipped),
		cmocka_unit_test(test_unknown_critical_is_refused),
		cmocka_unit_test(test_duplicates_are_refused),
		cmocka_unit_test(test_tlv_lengths),
		cmocka_unit_test(test_contents_fill_the_tlv),
		cmocka_unit_test(test_slot_fields),
		cmocka_unit_test(test_key_id_too_long),
		cmocka_unit_test(test_digest_binds_the_association),
		cmocka_unit_test(test_status_fields),
		cmocka_unit_test(test_status_references),
		cmocka_unit_test(test_device_reason),
		cmocka_unit_test(test_too_many_statuses),
		cmocka_unit_test(test_every_bit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
