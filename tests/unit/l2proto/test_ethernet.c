#include "l2proto/ethernet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* OUI 00-00-5E with protocol ID 0x0042 is set aside for documentation (RFC 9542). */
static const struct ethernet_format format = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5E },
	0x0042 };

static const struct ethernet_header untagged = {
	.destination = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E },
	.source = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 },
};

static const uint8_t untagged_octets[] = {
	0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E, /* destination */
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, /* source */
	0x88, 0xB7,                         /* EtherType */
	0x00, 0x00, 0x5E, 0x00, 0x42,       /* OUI, protocol ID */
};

static const uint8_t tagged_octets[] = {
	0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E, /* destination */
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, /* source */
	0x81, 0x00, 0x01, 0x23,             /* tag: VLAN 0x123 */
	0x88, 0xB7,                         /* EtherType */
	0x00, 0x00, 0x5E, 0x00, 0x42,       /* OUI, protocol ID */
};

#define TAG_CONTROL_AT 14
#define TAGGED_OUI_AT 18

struct parsed {
	int result;
	struct ethernet_header header;
	size_t message_at;
	size_t len;
};

/* Parses a copy exactly as long as the frame, so that the sanitizer sees a read beyond it. */
static struct parsed parse(const uint8_t *octets, size_t len)
{
	struct parsed parsed = { .message_at = SIZE_MAX, .len = SIZE_MAX };
	uint8_t *frame = malloc(len > 0 ? len : 1);
	const uint8_t *message = NULL;

	assert_non_null(frame);
	memcpy(frame, octets, len);
	parsed.result = ethernet_parse(&format, frame, len, &parsed.header, &message, &parsed.len);
	if (parsed.result == 0) {
		parsed.message_at = (size_t)(message - frame);
	} else {
		assert_null(message);
		assert_int_equal(parsed.len, SIZE_MAX);
	}
	free(frame);
	return parsed;
}

static struct parsed parse_tagged_with(uint16_t tag_control)
{
	uint8_t frame[sizeof(tagged_octets)];

	memcpy(frame, tagged_octets, sizeof(frame));
	frame[TAG_CONTROL_AT] = (uint8_t)(tag_control >> 8);
	frame[TAG_CONTROL_AT + 1] = (uint8_t)tag_control;
	return parse(frame, sizeof(frame));
}

static void test_untagged(void **state)
{
	uint8_t frame[sizeof(untagged_octets) + 41] = { 0 };
	(void)state;

	memcpy(frame, untagged_octets, sizeof(untagged_octets));
	struct parsed parsed = parse(frame, sizeof(frame));

	assert_int_equal(parsed.result, 0);
	assert_memory_equal(parsed.header.destination, untagged.destination, ETHERNET_ADDRESS_LEN);
	assert_memory_equal(parsed.header.source, untagged.source, ETHERNET_ADDRESS_LEN);
	assert_int_equal(parsed.header.vlan, 0);
	assert_int_equal(parsed.message_at, 19);
	assert_int_equal(parsed.len, 41);
}

static void test_tagged(void **state)
{
	uint8_t frame[sizeof(tagged_octets) + 41] = { 0 };
	(void)state;

	memcpy(frame, tagged_octets, sizeof(tagged_octets));
	struct parsed parsed = parse(frame, sizeof(frame));

	assert_int_equal(parsed.result, 0);
	assert_memory_equal(parsed.header.source, untagged.source, ETHERNET_ADDRESS_LEN);
	assert_int_equal(parsed.header.vlan, 0x123);
	assert_int_equal(parsed.message_at, 23);
	assert_int_equal(parsed.len, 41);
}

static void test_tag_control(void **state)
{
	static const struct {
		uint16_t tag_control;
		int result;
		uint16_t vlan;
	} cases[] = {
		{ 0x0001, 0, 1 }, { 0x0FFE, 0, 4094 },
		{ 0x0FFF, -ENOMSG, 0 },                   /* never stands in a tag */
		{ 0xFFFF, -ENOMSG, 0 }, { 0xE000, 0, 0 }, /* priority tag */
		{ 0x0000, 0, 0 }, { 0xF123, 0, 0x123 },   /* priority 7, drop eligible */
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed parsed = parse_tagged_with(cases[i].tag_control);

		assert_int_equal(parsed.result, cases[i].result);
		if (parsed.result == 0) {
			assert_int_equal(parsed.header.vlan, cases[i].vlan);
		}
	}
}

/* Each octet that tells our frames from others, changed by one bit at a time. */
static void test_not_ours(void **state)
{
	(void)state;

	for (size_t at = 12; at < sizeof(untagged_octets); at++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t frame[sizeof(untagged_octets)];

			memcpy(frame, untagged_octets, sizeof(frame));
			frame[at] ^= (uint8_t)(1 << bit);
			assert_int_equal(parse(frame, sizeof(frame)).result, -ENOMSG);
		}
	}
	for (size_t at = TAGGED_OUI_AT; at < sizeof(tagged_octets); at++) {
		uint8_t frame[sizeof(tagged_octets)];

		memcpy(frame, tagged_octets, sizeof(frame));
		frame[at] ^= 1;
		assert_int_equal(parse(frame, sizeof(frame)).result, -ENOMSG);
	}
}

static void test_other_tags(void **state)
{
	static const uint8_t service_tag[] = { 0x88, 0xA8, 0x01, 0x23 };
	static const uint8_t customer_tag[] = { 0x81, 0x00, 0x01, 0x23 };
	uint8_t frame[sizeof(tagged_octets) + sizeof(customer_tag)];
	(void)state;

	memcpy(frame, tagged_octets, sizeof(tagged_octets));
	memcpy(frame + 12, service_tag, sizeof(service_tag));
	assert_int_equal(parse(frame, sizeof(tagged_octets)).result, -ENOMSG);

	memcpy(frame + 12, customer_tag, sizeof(customer_tag));
	memcpy(frame + 16, tagged_octets + 12, sizeof(tagged_octets) - 12);
	assert_int_equal(parse(frame, sizeof(frame)).result, -ENOMSG);

	memcpy(frame + 12, service_tag, sizeof(service_tag));
	assert_int_equal(parse(frame, sizeof(frame)).result, -ENOMSG);
}

static void test_truncated(void **state)
{
	(void)state;

	for (size_t len = 0; len < sizeof(untagged_octets); len++) {
		assert_int_equal(parse(untagged_octets, len).result, -EBADMSG);
	}
	for (size_t len = 0; len < sizeof(tagged_octets); len++) {
		assert_int_equal(parse(tagged_octets, len).result, -EBADMSG);
	}
}

static void test_empty_message(void **state)
{
	(void)state;

	struct parsed parsed = parse(untagged_octets, sizeof(untagged_octets));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.len, 0);

	parsed = parse(tagged_octets, sizeof(tagged_octets));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.len, 0);
}

static void test_local_experimental(void **state)
{
	static const struct ethernet_format experimental = { ETHERNET_LOCAL_EXPERIMENTAL_1,
		{ 0x02, 0x03, 0x04 }, 0xFFFE };
	uint8_t frame[ETHERNET_HEADER_MAX];
	struct ethernet_header header;
	const uint8_t *message;
	size_t len;
	(void)state;

	size_t built = ethernet_build(&experimental, &untagged, frame);
	assert_int_equal(built, 19);
	assert_int_equal(frame[13], 0xB5);
	assert_int_equal(ethernet_parse(&experimental, frame, built, &header, &message, &len), 0);
	assert_int_equal(ethernet_parse(&format, frame, built, &header, &message, &len), -ENOMSG);
}

static void test_build(void **state)
{
	struct ethernet_header tagged = untagged;
	uint8_t out[ETHERNET_HEADER_MAX];
	(void)state;

	assert_int_equal(ethernet_build(&format, &untagged, out), sizeof(untagged_octets));
	assert_memory_equal(out, untagged_octets, sizeof(untagged_octets));

	tagged.vlan = 0x123;
	assert_int_equal(ethernet_build(&format, &tagged, out), sizeof(tagged_octets));
	assert_memory_equal(out, tagged_octets, sizeof(tagged_octets));
}

static void test_build_then_parse(void **state)
{
	(void)state;

	for (uint16_t vlan = 0; vlan <= ETHERNET_VLAN_MAX; vlan++) {
		struct ethernet_header header = untagged;
		uint8_t frame[ETHERNET_HEADER_MAX];

		header.vlan = vlan;
		struct parsed parsed = parse(frame, ethernet_build(&format, &header, frame));
		assert_int_equal(parsed.result, 0);
		assert_memory_equal(&parsed.header, &header, sizeof(header));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untagged),
		cmocka_unit_test(test_tagged),
		cmocka_unit_test(test_tag_control),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_other_tags),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_empty_message),
		cmocka_unit_test(test_local_experimental),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_then_parse),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
