#include "netconf/framing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum framing_status feed_text(struct framing_reader *reader, const char *text, size_t *taken)
{
	return framing_feed(reader, (const uint8_t *)text, strlen(text), taken);
}

static void assert_message(const struct framing_reader *reader, const char *expected)
{
	assert_int_equal(reader->message.len, strlen(expected));
	assert_memory_equal(reader->message.bytes, expected, strlen(expected));
}

/* The stream gives the message whether cut in two at any place or fed octet by octet. */
static void assert_reads(enum framing_mode mode, const char *stream, const char *expected)
{
	size_t len = strlen(stream);
	struct framing_reader reader;
	size_t taken;

	framing_reader_init(&reader);
	for (size_t cut = 0; cut < len; cut++) {
		framing_reader_next(&reader, mode);
		assert_int_equal(framing_feed(&reader, (const uint8_t *)stream, cut, &taken),
			FRAMING_NEED_MORE);
		assert_int_equal(taken, cut);
		assert_int_equal(feed_text(&reader, stream + cut, &taken), FRAMING_MESSAGE);
		assert_int_equal(taken, len - cut);
		assert_message(&reader, expected);
	}
	framing_reader_next(&reader, mode);
	for (size_t i = 0; i < len; i++) {
		enum framing_status status = framing_feed(
			&reader, (const uint8_t *)stream + i, 1, &taken);

		assert_int_equal(taken, 1);
		assert_int_equal(status, i + 1 < len ? FRAMING_NEED_MORE : FRAMING_MESSAGE);
	}
	assert_message(&reader, expected);
	framing_reader_fini(&reader);
}

static void test_end_of_message(void **state)
{
	(void)state;
	assert_reads(FRAMING_END_OF_MESSAGE, "<hello/>]]>]]>", "<hello/>");
	assert_reads(FRAMING_END_OF_MESSAGE, "]]>]]]>x]]>]]>", "]]>]]]>x");
	assert_reads(FRAMING_END_OF_MESSAGE, "a]]>]]b]]]>]]>", "a]]>]]b]");
	assert_reads(FRAMING_END_OF_MESSAGE, "]]>]]>", "");
}

/* The example of RFC 6242 clause 4.2. */
static void test_chunked_rfc_example(void **state)
{
	static const char rpc[] = "<rpc message-id=\"102\"\n"
				  "     xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n"
				  "  <close-session/>\n"
				  "</rpc>";
	static const char stream[] =
		"\n#4\n<rpc"
		"\n#18\n message-id=\"102\"\n"
		"\n#79\n     xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n"
		"  <close-session/>\n"
		"</rpc>"
		"\n##\n";

	(void)state;
	assert_reads(FRAMING_CHUNKED, stream, rpc);
}

static void test_chunked_data_like_headers(void **state)
{
	(void)state;
	assert_reads(FRAMING_CHUNKED, "\n#4\n\n##\n\n#1\n#\n##\n", "\n##\n#");
}

static void test_bad_chunks(void **state)
{
	static const char *const streams[] = {
		"x",       /* no header */
		"\nx",     /* no hash */
		"\n#0\n",  /* clause 4.2: 1.. */
		"\n#01\n", /* no leading zero */
		"\n#-1\n",
		"\n#\n",
		"\n##\n", /* no chunk at all */
		"\n#1x\n",
		"\n#1\nab",        /* more than said */
		"\n#1\na\n##x",    /* end not ended */
		"\n#4294967296\n", /* over the largest */
		"\n#99999999999999999999\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++) {
		struct framing_reader reader;
		size_t taken;

		framing_reader_init(&reader);
		framing_reader_next(&reader, FRAMING_CHUNKED);
		assert_int_equal(feed_text(&reader, streams[i], &taken), FRAMING_BAD_CHUNK);
		framing_reader_fini(&reader);
	}
}

static void test_two_messages_in_one_read(void **state)
{
	static const char stream[] = "<a/>]]>]]>\n#4\n<b/>\n##\n";
	struct framing_reader reader;
	size_t taken;
	size_t first;

	(void)state;
	framing_reader_init(&reader);
	assert_int_equal(feed_text(&reader, stream, &first), FRAMING_MESSAGE);
	assert_int_equal(first, 10);
	assert_message(&reader, "<a/>");
	framing_reader_next(&reader, FRAMING_CHUNKED);
	assert_int_equal(feed_text(&reader, stream + first, &taken), FRAMING_MESSAGE);
	assert_message(&reader, "<b/>");
	framing_reader_fini(&reader);
}

/* Neither a stream without a mark nor chunk sizes make the reader hold more than its limit. */
static void test_limit_end_of_message(void **state)
{
	const size_t len = FRAMING_MESSAGE_MAX;
	uint8_t *bytes = test_malloc(len);
	struct framing_reader reader;
	size_t taken;

	(void)state;
	memset(bytes, 'x', len);
	framing_reader_init(&reader);
	assert_int_equal(framing_feed(&reader, bytes, len, &taken), FRAMING_NEED_MORE);
	assert_int_equal(feed_text(&reader, "]]>]]>", &taken), FRAMING_MESSAGE);
	assert_int_equal(reader.message.len, len);
	framing_reader_next(&reader, FRAMING_END_OF_MESSAGE);
	assert_int_equal(framing_feed(&reader, bytes, len, &taken), FRAMING_NEED_MORE);
	assert_int_equal(feed_text(&reader, "xxxxxxx", &taken), FRAMING_TOO_LONG);
	framing_reader_fini(&reader);
	test_free(bytes);
}

static void test_limit_chunked(void **state)
{
	struct framing_reader reader;
	size_t taken;

	(void)state;
	framing_reader_init(&reader);
	framing_reader_next(&reader, FRAMING_CHUNKED);
	assert_int_equal(feed_text(&reader, "\n#1048577\n", &taken), FRAMING_TOO_LONG);
	framing_reader_next(&reader, FRAMING_CHUNKED);
	assert_int_equal(feed_text(&reader, "\n#1\nx\n#1048576\n", &taken), FRAMING_TOO_LONG);
	framing_reader_fini(&reader);
}

static void assert_encodes(enum framing_mode mode, const char *message, const char *expected)
{
	struct octets out;

	octets_init(&out, 1024);
	assert_int_equal(framing_encode(mode, (const uint8_t *)message, strlen(message), &out), 0);
	assert_int_equal(out.len, strlen(expected));
	assert_memory_equal(out.bytes, expected, out.len);
	octets_fini(&out);
}

static void test_encode(void **state)
{
	struct octets out;

	(void)state;
	assert_encodes(FRAMING_END_OF_MESSAGE, "<a/>", "<a/>]]>]]>");
	assert_encodes(FRAMING_CHUNKED, "<a/>", "\n#4\n<a/>\n##\n");
	octets_init(&out, 16);
	assert_int_equal(framing_encode(FRAMING_CHUNKED, (const uint8_t *)"", 0, &out), -EBADMSG);
	assert_int_equal(
		framing_encode(FRAMING_END_OF_MESSAGE, (const uint8_t *)"a]]>]]>b", 8, &out),
		-EBADMSG);
	assert_int_equal(
		framing_encode(FRAMING_END_OF_MESSAGE, (const uint8_t *)"<a/>]]>", 7, &out),
		-EBADMSG);
	assert_int_equal(framing_encode(FRAMING_CHUNKED, (const uint8_t *)"0123456789", 10, &out),
		-EMSGSIZE);
	octets_fini(&out);
}

static void test_status_text(void **state)
{
	(void)state;
	for (int i = FRAMING_NEED_MORE; i <= FRAMING_NO_MEMORY; i++) {
		assert_string_not_equal(framing_status_text((enum framing_status)i), "unknown");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_of_message),
		cmocka_unit_test(test_chunked_rfc_example),
		cmocka_unit_test(test_chunked_data_like_headers),
		cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_two_messages_in_one_read),
		cmocka_unit_test(test_limit_end_of_message),
		cmocka_unit_test(test_limit_chunked),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_status_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
