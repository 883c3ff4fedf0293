/* SFTP packets: octet by octet as the draft says, and replies that are none. */
#include "netconf/sftp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct octets out;

static int set_up(void **state)
{
	(void)state;
	octets_init(&out, 1024);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	octets_fini(&out);
	return 0;
}

#define ASSERT_OUT(text)                                                                           \
	do {                                                                                       \
		assert_int_equal(out.len, sizeof(text) - 1);                                       \
		assert_memory_equal(out.bytes, text, sizeof(text) - 1);                            \
		octets_clear(&out);                                                                \
	} while (0)

static const struct sftp_handle handle = { 2, "\x01\x02" };

static void test_requests(void **state)
{
	(void)state;
	assert_int_equal(sftp_put_init(&out), 0);
	ASSERT_OUT("\0\0\0\x05\x01\0\0\0\x03");
	assert_int_equal(sftp_put_open(&out, 7, "a/b", false), 0);
	ASSERT_OUT("\0\0\0\x14\x03\0\0\0\x07\0\0\0\x03"
		   "a/b\0\0\0\x01\0\0\0\0");
	assert_int_equal(sftp_put_open(&out, 7, "a/b", true), 0);
	ASSERT_OUT("\0\0\0\x18\x03\0\0\0\x07\0\0\0\x03"
		   "a/b\0\0\0\x1a\0\0\0\x04\0\0\x01\xa4");
	assert_int_equal(sftp_put_close(&out, 0x01020304, &handle), 0);
	ASSERT_OUT("\0\0\0\x0b\x04\x01\x02\x03\x04\0\0\0\x02\x01\x02");
	assert_int_equal(sftp_put_read(&out, 1, &handle, UINT64_C(0x0102030405060708), 9), 0);
	ASSERT_OUT("\0\0\0\x17\x05\0\0\0\x01\0\0\0\x02\x01\x02"
		   "\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x09");
	assert_int_equal(sftp_put_write(&out, 1, &handle, 3, (const uint8_t *)"{}", 2), 0);
	ASSERT_OUT("\0\0\0\x19\x06\0\0\0\x01\0\0\0\x02\x01\x02\0\0\0\0\0\0\0\x03\0\0\0\x02{}");
	assert_int_equal(sftp_put_remove(&out, 1, "f"), 0);
	ASSERT_OUT("\0\0\0\x0a\x0d\0\0\0\x01\0\0\0\x01"
		   "f");
	assert_int_equal(sftp_put_rename(&out, 1, "f", "g", false), 0);
	ASSERT_OUT("\0\0\0\x0f\x12\0\0\0\x01\0\0\0\x01"
		   "f\0\0\0\x01g");
	assert_int_equal(sftp_put_rename(&out, 1, "f", "g", true), 0);
	ASSERT_OUT("\0\0\0\x2b\xc8\0\0\0\x01\0\0\0\x18posix-rename@openssh.com\0\0\0\x01"
		   "f\0\0\0\x01g");
}

static void test_two_in_one_buffer(void **state)
{
	(void)state;
	assert_int_equal(sftp_put_remove(&out, 1, "f"), 0);
	assert_int_equal(sftp_put_init(&out), 0);
	ASSERT_OUT("\0\0\0\x0a\x0d\0\0\0\x01\0\0\0\x01"
		   "f\0\0\0\x05\x01\0\0\0\x03");
}

static void test_request_too_long(void **state)
{
	(void)state;
	static char path[2000];

	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(sftp_put_open(&out, 1, path, false), -EMSGSIZE);
}

/* ---- replies ---- */

#define READ(text, reply) sftp_read_reply((const uint8_t *)(text), sizeof(text) - 1, reply)

static void test_version(void **state)
{
	(void)state;
	struct sftp_reply reply;

	assert_int_equal(READ("\x02\0\0\0\x03", &reply), 0);
	assert_int_equal(reply.kind, SFTP_IS_VERSION);
	assert_int_equal(reply.version, 3);
	assert_false(reply.posix_rename);
	assert_int_equal(READ("\x02\0\0\0\x03\0\0\0\x03"
			      "abc\0\0\0\0\0\0\0\x18posix-rename@openssh.com\0\0\0\x01"
			      "1",
				 &reply),
		0);
	assert_true(reply.posix_rename);
	assert_int_equal(
		READ("\x02\0\0\0\x03\0\0\0\x18posix-rename@openssh.com", &reply), -EBADMSG);
}

static void test_status(void **state)
{
	(void)state;
	struct sftp_reply reply;

	assert_int_equal(READ("\x65\0\0\0\x05\0\0\0\x02\0\0\0\x07No file\0\0\0\0", &reply), 0);
	assert_int_equal(reply.kind, SFTP_IS_STATUS);
	assert_int_equal(reply.id, 5);
	assert_int_equal(reply.status, SFTP_NO_SUCH_FILE);
	assert_string_equal(sftp_status_text(&reply), "No file");
	assert_int_equal(READ("\x65\0\0\0\x05\0\0\0\x03", &reply), 0);
	assert_string_equal(sftp_status_text(&reply), "permission denied");
	assert_int_equal(READ("\x65\0\0\0\x05\0\0\0\x63\0\0\0\0\0\0\0\0", &reply), 0);
	assert_string_equal(sftp_status_text(&reply), "failure");
}

/* What a server says is kept as far as there is room. */
static void test_long_message(void **state)
{
	(void)state;
	uint8_t packet[13 + 1000] = "\x65\0\0\0\x05\0\0\0\x04\0\0\x03\xe8";
	struct sftp_reply reply;

	memset(packet + 13, 'y', 1000);
	assert_int_equal(sftp_read_reply(packet, sizeof(packet), &reply), 0);
	assert_int_equal(strlen(reply.message), SFTP_MESSAGE_MAX - 1);
}

static void test_handle_and_data(void **state)
{
	(void)state;
	static const char packet[] = "\x67\0\0\0\x05\0\0\0\x03xyz";
	uint8_t long_handle[9 + SFTP_HANDLE_MAX + 1] = "\x66\0\0\0\x05\0\0\x01\x01";
	struct sftp_reply reply;

	assert_int_equal(READ("\x66\0\0\0\x05\0\0\0\x02\x01\x02", &reply), 0);
	assert_int_equal(reply.kind, SFTP_IS_HANDLE);
	assert_int_equal(reply.handle.len, 2);
	assert_memory_equal(reply.handle.octets, "\x01\x02", 2);
	assert_int_equal(READ(packet, &reply), 0);
	assert_int_equal(reply.kind, SFTP_IS_DATA);
	assert_int_equal(reply.data_len, 3);
	assert_ptr_equal(reply.data, packet + 9);
	assert_int_equal(sftp_read_reply(long_handle, sizeof(long_handle), &reply), -EBADMSG);
	long_handle[8] = 0;
	assert_int_equal(sftp_read_reply(long_handle, sizeof(long_handle), &reply), 0);
}

/* Every reply cut short anywhere, and what is no reply. */
static void test_no_replies(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
	} replies[] = { { "\x02\0\0\0\x03", 5 }, { "\x65\0\0\0\x05\0\0\0\x02\0\0\0\x01x", 14 },
		{ "\x66\0\0\0\x05\0\0\0\x01\x01", 10 }, { "\x67\0\0\0\x05\0\0\0\x01x", 10 } };
	struct sftp_reply reply;

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		const uint8_t *octets = (const uint8_t *)replies[i].octets;

		for (size_t len = 0; len < replies[i].len; len++) {
			bool status_without_text = octets[0] == 0x65 && len == 9;

			assert_int_equal(sftp_read_reply(octets, len, &reply),
				status_without_text ? 0 : -EBADMSG);
		}
		assert_int_equal(sftp_read_reply(octets, replies[i].len, &reply), 0);
	}
	assert_int_equal(READ("\x69\0\0\0\x05\0\0\0\0", &reply), -EBADMSG);
	assert_int_equal(READ("\x67\0\0\0\x05\xff\xff\xff\xffx", &reply), -EBADMSG);
}

static void test_packet_len(void **state)
{
	(void)state;
	assert_int_equal(sftp_packet_len((const uint8_t *)"\0\0\0\x09"), 9);
	assert_int_equal(sftp_packet_len((const uint8_t *)"\0\0\x84\xd0"), SFTP_PACKET_MAX);
	assert_int_equal(sftp_packet_len((const uint8_t *)"\0\0\x84\xd1"), -EMSGSIZE);
	assert_int_equal(sftp_packet_len((const uint8_t *)"\0\0\0\0"), -EMSGSIZE);
	assert_int_equal(sftp_packet_len((const uint8_t *)"\xff\xff\xff\xff"), -EMSGSIZE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_in_one_buffer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_request_too_long, set_up, tear_down),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_handle_and_data),
		cmocka_unit_test(test_no_replies),
		cmocka_unit_test(test_packet_len),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
