/* LLDPDUs: what is written is read back; what is not well-formed is named. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "l2proto/lldp.h"

static const struct lldp_format format = { { 0x00, 0x00, 0x5e }, 1 };
static struct lldpdu lldpdu, again;
static uint8_t octets[LLDP_LLDPDU_MAX + 600];

static void set_text(struct lldp_text *text, const char *to)
{
	text->present = true;
	text->len = (uint8_t)strlen(to);
	memcpy(text->text, to, strlen(to) + 1);
}

static int set_up(void **state)
{
	(void)state;
	memset(&lldpdu, 0, sizeof(lldpdu));
	lldpdu.chassis = (struct lldp_id){ LLDP_CHASSIS_MAC, 6, { 2, 0, 0, 0, 0, 1 } };
	lldpdu.port = (struct lldp_id){ LLDP_PORT_LOCAL, 4, "eth1" };
	lldpdu.ttl_s = 41;
	return 0;
}

static size_t write_it(void)
{
	int len = lldp_write(&format, &lldpdu, octets, LLDP_LLDPDU_MAX);

	assert_true(len > 0);
	return (size_t)len;
}

static enum malformed read_it(size_t len)
{
	return lldp_read(&format, octets, len, &again);
}

static void assert_same(void)
{
	assert_int_equal(again.chassis.subtype, lldpdu.chassis.subtype);
	assert_int_equal(again.chassis.len, lldpdu.chassis.len);
	assert_memory_equal(again.chassis.octets, lldpdu.chassis.octets, lldpdu.chassis.len);
	assert_int_equal(again.port.len, lldpdu.port.len);
	assert_memory_equal(again.port.octets, lldpdu.port.octets, lldpdu.port.len);
	assert_int_equal(again.ttl_s, lldpdu.ttl_s);
	assert_int_equal(again.port_description.present, lldpdu.port_description.present);
	assert_string_equal(again.port_description.text, lldpdu.port_description.text);
	assert_string_equal(again.system_name.text, lldpdu.system_name.text);
	assert_int_equal(again.message_len, lldpdu.message_len);
	assert_memory_equal(again.message, lldpdu.message, lldpdu.message_len);
}

static void test_round_trip(void **state)
{
	static const size_t lengths[] = { 0, 1, 68, 506, 507, 508, 1014, 1015, MESSAGE_MAX_LLDP };

	(void)state;
	set_text(&lldpdu.port_description, "span-1");
	set_text(&lldpdu.system_name, "host");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		lldpdu.message_len = lengths[i];
		for (size_t j = 0; j < lengths[i]; j++) {
			lldpdu.message[j] = (uint8_t)(j * 7);
		}
		assert_int_equal(read_it(write_it()), MALFORMED_NOT);
		assert_same();
	}
}

/* Beside the longest IDs and texts that keyidd itself sends, the longest message fits. */
static void test_longest(void **state)
{
	(void)state;
	lldpdu.port.len = 64;
	lldpdu.system_name.present = true;
	lldpdu.system_name.len = 64;
	lldpdu.message_len = MESSAGE_MAX_LLDP;
	write_it();
	lldpdu.port.len = 255;
	lldpdu.system_name.len = 255;
	assert_int_equal(lldp_write(&format, &lldpdu, octets, LLDP_LLDPDU_MAX), -EMSGSIZE);
}

static void test_shutdown(void **state)
{
	(void)state;
	set_text(&lldpdu.system_name, "host");
	lldpdu.message_len = 100;
	lldpdu.ttl_s = 0;
	assert_int_equal(write_it(), 2 + 7 + 2 + 5 + 4 + 2);
	assert_int_equal(read_it(22), MALFORMED_NOT);
	assert_int_equal(again.ttl_s, 0);
	assert_int_equal(again.message_len, 0);
	assert_false(again.system_name.present);
}

/* ---- by hand --------------------------------------------------------------------------------- */

static size_t at;

static void begin(void)
{
	at = 0;
}

static void put(unsigned type, size_t len, const void *value)
{
	octets[at++] = (uint8_t)(type << 1 | len >> 8);
	octets[at++] = (uint8_t)len;
	if (value) {
		memcpy(octets + at, value, len);
	} else {
		memset(octets + at, 0x61, len);
	}
	at += len;
}

static void put_mandatory(void)
{
	begin();
	put(1, 7, "\4\2\0\0\0\0\1");
	put(2, 5, "\7eth1");
	put(3, 2, "\0\171");
}

static void assert_read(enum malformed expected)
{
	assert_string_equal(malformed_name(read_it(at)), malformed_name(expected));
}

static void test_order(void **state)
{
	(void)state;
	put_mandatory();
	put(0, 0, NULL);
	assert_read(MALFORMED_NOT);

	begin(); /* port ID first */
	put(2, 5, "\7eth1");
	put(1, 7, NULL);
	put(3, 2, NULL);
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_ORDER);

	begin(); /* no TTL */
	put(1, 7, NULL);
	put(2, 5, NULL);
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_ORDER);

	begin(); /* something between */
	put(1, 7, NULL);
	put(5, 4, "host");
	put(2, 5, NULL);
	put(3, 2, NULL);
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_ORDER);

	begin();
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_ORDER);
}

static void test_duplicates(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= 7; type++) {
		put_mandatory();
		put(type, 6, NULL);
		put(type, 6, NULL);
		put(0, 0, NULL);
		assert_read(MALFORMED_LLDP_DUPLICATE);
	}
	put_mandatory(); /* of these there may be several: clause 8.5.9.1, and organisations' */
	put(8, 12, NULL);
	put(8, 12, NULL);
	put(127, 6, "\0\x80\xc2\1\0\1");
	put(127, 6, "\0\x80\xc2\1\0\2");
	put(0, 0, NULL);
	assert_read(MALFORMED_NOT);
	assert_int_equal(again.message_len, 0);
}

static void test_lengths(void **state)
{
	static const struct {
		unsigned type;
		size_t least, most;
	} bounds[] = { { 4, 0, 255 }, { 5, 0, 255 }, { 6, 0, 255 }, { 7, 4, 511 }, { 8, 9, 167 },
		{ 9, 0, 511 }, { 126, 0, 511 }, { 127, 4, 511 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		for (size_t len = 0; len <= 511; len++) {
			put_mandatory();
			put(bounds[i].type, len, NULL);
			put(0, 0, NULL);
			assert_read(len < bounds[i].least || len > bounds[i].most
					    ? MALFORMED_LLDP_LENGTH
					    : MALFORMED_NOT);
		}
	}
	for (size_t len = 0; len <= 511; len++) { /* chassis ID */
		begin();
		put(1, len, NULL);
		put(2, 2, NULL);
		put(3, 2, NULL);
		put(0, 0, NULL);
		assert_read(len < 2 || len > 256 ? MALFORMED_LLDP_LENGTH : MALFORMED_NOT);
	}
	begin(); /* TTL of one octet; more than two are for later editions */
	put(1, 2, NULL);
	put(2, 2, NULL);
	put(3, 1, NULL);
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_LENGTH);
	put_mandatory(); /* End with a value */
	put(0, 1, NULL);
	assert_read(MALFORMED_LLDP_LENGTH);
}

static void test_parts(void **state)
{
	uint8_t part[511] = { 0x00, 0x00, 0x5e, 1 };

	(void)state;
	put_mandatory();
	for (int i = 0; i < 2; i++) {
		put(127, 511, part);
	}
	put(127, 4 + 481, part);
	put(0, 0, NULL);
	assert_read(MALFORMED_NOT);
	assert_int_equal(again.message_len, MESSAGE_MAX_RAW);

	put_mandatory(); /* more than any message has */
	for (int i = 0; i < 2; i++) {
		put(127, 511, part);
	}
	put(127, 4 + 482, part);
	put(0, 0, NULL);
	assert_read(MALFORMED_LLDP_LENGTH);

	put_mandatory(); /* another subtype, another OUI */
	part[3] = 2;
	put(127, 20, part);
	part[3] = 1;
	part[2] = 0x5f;
	put(127, 20, part);
	put(0, 0, NULL);
	assert_read(MALFORMED_NOT);
	assert_int_equal(again.message_len, 0);
}

/* Cut anywhere, and with anything behind its end. */
static void test_truncation(void **state)
{
	(void)state;
	lldpdu.message_len = 600;
	set_text(&lldpdu.system_name, "host");
	size_t len = write_it();

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(read_it(i), MALFORMED_LLDP_TRUNCATED);
	}
	memset(octets + len, 0xff, 100);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(read_it(len + i), MALFORMED_NOT);
		assert_same();
	}
}

static void test_frame(void **state)
{
	uint8_t frame[64] = { [12] = 0x88, [13] = 0xcc, [14] = 0x02 };
	const uint8_t *found;
	size_t len;

	(void)state;
	assert_true(lldp_frame(frame, sizeof(frame), &found, &len));
	assert_ptr_equal(found, frame + 14);
	assert_int_equal(len, 50);
	assert_true(lldp_frame(frame, 14, &found, &len));
	assert_int_equal(len, 0);
	assert_false(lldp_frame(frame, 13, &found, &len));
	frame[13] = 0xb7;
	assert_false(lldp_frame(frame, sizeof(frame), &found, &len));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	static const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_longest),
		TEST(test_shutdown),
		TEST(test_order),
		TEST(test_duplicates),
		TEST(test_lengths),
		TEST(test_parts),
		TEST(test_truncation),
		TEST(test_frame),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
