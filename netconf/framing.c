#include "netconf/framing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char end_mark[] = "]]>]]>";
static const char chunks_end[] = "\n##\n";

#define END_MARK_LEN (sizeof(end_mark) - 1)
#define CHUNK_SIZE_MAX UINT32_MAX

void framing_reader_init(struct framing_reader *reader)
{
	*reader = (struct framing_reader){ .mode = FRAMING_END_OF_MESSAGE };
	/* the mark is collected with the message, then cut off */
	octets_init(&reader->message, FRAMING_MESSAGE_MAX + END_MARK_LEN);
}

void framing_reader_fini(struct framing_reader *reader)
{
	octets_fini(&reader->message);
}

void framing_reader_next(struct framing_reader *reader, enum framing_mode mode)
{
	octets_clear(&reader->message);
	reader->mode = mode;
	reader->chunk_state = FRAMING_CHUNK_LF;
	reader->chunk_left = 0;
}

static enum framing_status append(struct octets *message, const uint8_t *bytes, size_t len)
{
	switch (octets_append(message, bytes, len)) {
	case 0:
		return FRAMING_NEED_MORE;
	case -ENOMEM:
		return FRAMING_NO_MEMORY;
	default:
		return FRAMING_TOO_LONG;
	}
}

static bool ends_with_mark(const struct octets *message)
{
	return message->len >= END_MARK_LEN &&
	       memcmp(message->bytes + message->len - END_MARK_LEN, end_mark, END_MARK_LEN) == 0;
}

/* Copies up to and with each '>', the last octet of the mark, and looks back from there. */
static enum framing_status feed_end_of_message(
	struct framing_reader *reader, const uint8_t *bytes, size_t len, size_t *taken)
{
	while (*taken < len) {
		const uint8_t *from = bytes + *taken;
		const uint8_t *bracket = memchr(from, '>', len - *taken);
		size_t portion = bracket ? (size_t)(bracket - from) + 1 : len - *taken;
		enum framing_status status = append(&reader->message, from, portion);

		if (status != FRAMING_NEED_MORE) {
			return status;
		}
		*taken += portion;
		if (bracket && ends_with_mark(&reader->message)) {
			reader->message.len -= END_MARK_LEN;
			return FRAMING_MESSAGE;
		}
	}
	return FRAMING_NEED_MORE;
}

static enum framing_status expect(
	struct framing_reader *reader, bool met, enum framing_chunk_state next)
{
	reader->chunk_state = next;
	return met ? FRAMING_NEED_MORE : FRAMING_BAD_CHUNK;
}

static enum framing_status chunk_first(struct framing_reader *reader, uint8_t octet)
{
	if (octet == '#') {
		/* clause 4.2: at least one chunk before the end */
		return expect(reader, reader->message.len > 0, FRAMING_CHUNK_END);
	}
	reader->chunk_left = (uint64_t)octet - '0';
	return expect(reader, octet >= '1' && octet <= '9', FRAMING_CHUNK_SIZE);
}

static enum framing_status chunk_size(struct framing_reader *reader, uint8_t octet)
{
	if (octet == '\n') {
		if (reader->chunk_left > FRAMING_MESSAGE_MAX - reader->message.len) {
			return FRAMING_TOO_LONG;
		}
		return expect(reader, true, FRAMING_CHUNK_DATA);
	}
	if (octet < '0' || octet > '9') {
		return FRAMING_BAD_CHUNK;
	}
	reader->chunk_left = reader->chunk_left * 10 + (octet - '0');
	return expect(reader, reader->chunk_left <= CHUNK_SIZE_MAX, FRAMING_CHUNK_SIZE);
}

static enum framing_status chunk_data(
	struct framing_reader *reader, const uint8_t *bytes, size_t len, size_t *taken)
{
	size_t portion = len < reader->chunk_left ? len : (size_t)reader->chunk_left;
	enum framing_status status = append(&reader->message, bytes, portion);

	*taken += portion;
	reader->chunk_left -= portion;
	if (reader->chunk_left == 0) {
		reader->chunk_state = FRAMING_CHUNK_LF;
	}
	return status;
}

static enum framing_status chunk_header_octet(struct framing_reader *reader, uint8_t octet)
{
	switch (reader->chunk_state) {
	case FRAMING_CHUNK_LF:
		return expect(reader, octet == '\n', FRAMING_CHUNK_HASH);
	case FRAMING_CHUNK_HASH:
		return expect(reader, octet == '#', FRAMING_CHUNK_FIRST);
	case FRAMING_CHUNK_FIRST:
		return chunk_first(reader, octet);
	case FRAMING_CHUNK_SIZE:
		return chunk_size(reader, octet);
	case FRAMING_CHUNK_END:
		return octet == '\n' ? FRAMING_MESSAGE : FRAMING_BAD_CHUNK;
	case FRAMING_CHUNK_DATA:
		break;
	}
	return FRAMING_BAD_CHUNK;
}

static enum framing_status feed_chunked(
	struct framing_reader *reader, const uint8_t *bytes, size_t len, size_t *taken)
{
	while (*taken < len) {
		enum framing_status status;

		if (reader->chunk_state == FRAMING_CHUNK_DATA) {
			status = chunk_data(reader, bytes + *taken, len - *taken, taken);
		} else {
			status = chunk_header_octet(reader, bytes[*taken]);
			(*taken)++;
		}
		if (status != FRAMING_NEED_MORE) {
			return status;
		}
	}
	return FRAMING_NEED_MORE;
}

enum framing_status framing_feed(
	struct framing_reader *reader, const uint8_t *bytes, size_t len, size_t *taken)
{
	*taken = 0;
	switch (reader->mode) {
	case FRAMING_END_OF_MESSAGE:
		return feed_end_of_message(reader, bytes, len, taken);
	case FRAMING_CHUNKED:
		return feed_chunked(reader, bytes, len, taken);
	}
	return FRAMING_BAD_CHUNK;
}

/* The mark in the message, or one that its end makes with the first half of the mark's. */
static bool would_end_early(const uint8_t *message, size_t len)
{
	return memmem(message, len, end_mark, END_MARK_LEN) ||
	       (len >= END_MARK_LEN / 2 &&
		       memcmp(message + len - END_MARK_LEN / 2, end_mark, END_MARK_LEN / 2) == 0);
}

static int encode_end_of_message(const uint8_t *message, size_t len, struct octets *out)
{
	int rc;

	if (would_end_early(message, len)) {
		return -EBADMSG;
	}
	rc = octets_append(out, message, len);
	return rc < 0 ? rc : octets_append(out, end_mark, END_MARK_LEN);
}

static int encode_chunk(const uint8_t *message, size_t len, struct octets *out)
{
	char header[16];
	int header_len = snprintf(header, sizeof(header), "\n#%zu\n", len);
	int rc = octets_append(out, header, (size_t)header_len);

	if (rc == 0) {
		rc = octets_append(out, message, len);
	}
	return rc < 0 ? rc : octets_append(out, chunks_end, sizeof(chunks_end) - 1);
}

int framing_encode(enum framing_mode mode, const uint8_t *message, size_t len, struct octets *out)
{
	if (len == 0 || len > FRAMING_MESSAGE_MAX) {
		return len == 0 ? -EBADMSG : -EMSGSIZE;
	}
	switch (mode) {
	case FRAMING_END_OF_MESSAGE:
		return encode_end_of_message(message, len, out);
	case FRAMING_CHUNKED:
		return encode_chunk(message, len, out);
	}
	return -EBADMSG;
}

const char *framing_status_text(enum framing_status status)
{
	switch (status) {
	case FRAMING_NEED_MORE:
		return "incomplete message";
	case FRAMING_MESSAGE:
		return "message";
	case FRAMING_BAD_CHUNK:
		return "broken chunk framing (RFC 6242 clause 4.2)";
	case FRAMING_TOO_LONG:
		return "message over 1 MiB";
	case FRAMING_NO_MEMORY:
		return "out of memory";
	}
	return "unknown";
}
