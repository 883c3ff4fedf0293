/* The SECY TLV: each bound, and each reason to refuse one (protocol.md section 3.5). */
#include "test_message_fixture.h"

#define SECY 0x05

/* Offsets from the TLV type, of a SecY with two transmit SAs. */
#define SUITE_AT 11
#define TRANSMIT_COUNT_AT 12
#define FIRST_FLAGS_AT 29
#define SECOND_FLAGS_AT 46
#define RECEIVE_COUNT_AT 47

/* Nothing but a SecY with so many SAs. */
static void encode(struct sample *sample, size_t transmit, size_t receive)
{
	sample_header(sample);
	sample_secy(&sample->content.secy, transmit, receive);
	sample_encode(sample);
	assert_int_equal(sample_read(sample), MALFORMED_NOT);
}

/* One octet of it changed. */
static enum malformed with(size_t at, uint8_t value)
{
	struct sample sample;

	encode(&sample, 2, 3);
	sample.octets[sample_tlv(&sample, SECY) + at] = value;
	return sample_read(&sample);
}

static void test_absent(void **state)
{
	struct sample sample;
	struct message_header header;
	struct message_content content;

	(void)state;
	memset(&content, 0xff, sizeof(content));
	sample_header(&sample);
	sample_encode(&sample);
	assert_int_equal(octets_read(sample.octets, sample.len, &header, &content), MALFORMED_NOT);
	assert_false(content.secy.present);
}

static void test_cipher_suites(void **state)
{
	(void)state;
	for (unsigned suite = 0; suite < 256; suite++) {
		bool known = suite >= 1 && suite <= 4;

		assert_int_equal(
			with(SUITE_AT, (uint8_t)suite), known ? MALFORMED_NOT : MALFORMED_SECY);
		if (!known) {
			assert_string_equal(secy_suite_name((uint8_t)suite), "unknown");
		}
	}
	assert_string_equal(secy_suite_name(1), "gcm-aes-128");
	assert_string_equal(secy_suite_name(2), "gcm-aes-256");
	assert_string_equal(secy_suite_name(3), "gcm-aes-xpn-128");
	assert_string_equal(secy_suite_name(4), "gcm-aes-xpn-256");
}

/* The SAs that follow must be as many as the count says. */
static void test_counts(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 256; count++) {
		assert_int_equal(with(TRANSMIT_COUNT_AT, (uint8_t)count),
			count == 2 ? MALFORMED_NOT : MALFORMED_SECY);
		assert_int_equal(with(RECEIVE_COUNT_AT, (uint8_t)count),
			count == 3 ? MALFORMED_NOT : MALFORMED_SECY);
	}
}

/* A SECY of so many SAs, made by hand. */
static enum malformed of(uint8_t transmit, uint8_t receive)
{
	struct sample sample;
	uint8_t tlv[2048] = { SECY };
	size_t len = 11 + 17 * (size_t)transmit + NONCE_LEN * (size_t)receive;

	sample_header(&sample);
	sample_encode(&sample);
	tlv[1] = (uint8_t)(len >> 8);
	tlv[2] = (uint8_t)len;
	tlv[SUITE_AT] = 1;
	tlv[TRANSMIT_COUNT_AT] = transmit;
	tlv[TRANSMIT_COUNT_AT + 1 + 17 * (size_t)transmit] = receive;
	sample_append(&sample, tlv, 3 + len);
	return sample_read(&sample);
}

static void test_no_more_than_allowed(void **state)
{
	(void)state;
	assert_int_equal(of(0, 0), MALFORMED_NOT);
	assert_int_equal(of(TRANSMIT_MAX, RECEIVE_MAX), MALFORMED_NOT);
	assert_int_equal(of(TRANSMIT_MAX + 1, 0), MALFORMED_SECY);
	assert_int_equal(of(60, 1), MALFORMED_SECY);
	assert_int_equal(of(0, RECEIVE_MAX + 1), MALFORMED_SECY);
	assert_int_equal(of(1, 160), MALFORMED_SECY);
}

/* Bits that this version sends as zero are ignored. */
static void test_reserved_flags(void **state)
{
	struct sample sample;
	struct message_header header;
	struct message_content content;
	size_t at;

	(void)state;
	encode(&sample, 2, 3);
	at = sample_tlv(&sample, SECY);
	assert_int_equal(sample.octets[at + FIRST_FLAGS_AT], 0);
	assert_int_equal(sample.octets[at + SECOND_FLAGS_AT], 1);
	sample.octets[at + FIRST_FLAGS_AT] = 0xfe;
	sample.octets[at + SECOND_FLAGS_AT] = 0xff;
	assert_int_equal(octets_read(sample.octets, sample.len, &header, &content), MALFORMED_NOT);
	assert_false(content.secy.transmit[0].unused);
	assert_true(content.secy.transmit[1].unused);
}

/* The second one is not even looked at. */
static void test_only_one(void **state)
{
	static const uint8_t empty[] = { SECY, 0, 0 };
	struct sample sample;

	(void)state;
	encode(&sample, 1, 1);
	sample_append(&sample, empty, sizeof(empty));
	assert_int_equal(sample_read(&sample), MALFORMED_TLV_DUPLICATE);
}

/* What does not fit is not written in part. */
static void test_too_long_to_write(void **state)
{
	struct sample sample;
	uint8_t out[MESSAGE_MAX_RAW];

	(void)state;
	encode(&sample, TRANSMIT_MAX, RECEIVE_MAX);
	for (size_t max = MESSAGE_MIN; max < sample.len; max++) {
		assert_true(message_write(&sample.header, NULL, &sample.content, out, max) < 0);
	}
	assert_int_equal(
		message_write(&sample.header, NULL, &sample.content, out, sample.len), sample.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_cipher_suites),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_more_than_allowed),
		cmocka_unit_test(test_reserved_flags),
		cmocka_unit_test(test_only_one),
		cmocka_unit_test(test_too_long_to_write),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
