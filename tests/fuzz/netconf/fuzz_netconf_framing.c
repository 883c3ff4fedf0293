/*
 * The stream of a device, cut into reads: the first octet chooses the framing
 * and the size of the reads. However it is cut, the same messages come out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a stream gave: its messages one after the other, and how it ended. */
struct outcome {
	struct octets messages;
	size_t count;
	enum framing_status status;
};

static void take_message(const struct framing_reader *reader, struct outcome *outcome)
{
	static const uint8_t separator = 0;

	outcome->count++;
	octets_append(&outcome->messages, reader->message.bytes, reader->message.len);
	octets_append(&outcome->messages, &separator, 1);
}

static void read_stream(enum framing_mode mode, const uint8_t *data, size_t size, size_t portion,
	struct outcome *outcome)
{
	struct framing_reader reader;
	size_t pos = 0;

	octets_init(&outcome->messages, 2 * FRAMING_MESSAGE_MAX);
	outcome->count = 0;
	outcome->status = FRAMING_NEED_MORE;
	framing_reader_init(&reader);
	framing_reader_next(&reader, mode);
	while (pos < size) {
		size_t len = size - pos < portion ? size - pos : portion;
		size_t taken;

		outcome->status = framing_feed(&reader, data + pos, len, &taken);
		if (taken > len || (outcome->status == FRAMING_NEED_MORE && taken != len) ||
			reader.message.len > reader.message.max) {
			abort();
		}
		pos += taken;
		if (outcome->status == FRAMING_MESSAGE) {
			take_message(&reader, outcome);
			framing_reader_next(&reader, mode);
		} else if (outcome->status != FRAMING_NEED_MORE) {
			break;
		}
	}
	framing_reader_fini(&reader);
}

/* What has been read can be written, and is read the same again. */
static void check_round_trip(enum framing_mode mode, const uint8_t *data, size_t size)
{
	struct outcome again;
	struct octets stream;

	octets_init(&stream, 2 * FRAMING_MESSAGE_MAX);
	if (framing_encode(mode, data, size, &stream) == 0) {
		read_stream(mode, stream.bytes, stream.len, 7, &again);
		if (again.count != 1 || again.messages.len != size + 1 ||
			memcmp(again.messages.bytes, data, size) != 0) {
			abort();
		}
		octets_fini(&again.messages);
	}
	octets_fini(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole;
	struct outcome cut;
	enum framing_mode mode;

	if (size == 0) {
		return 0;
	}
	mode = data[0] & 1 ? FRAMING_CHUNKED : FRAMING_END_OF_MESSAGE;
	read_stream(mode, data + 1, size - 1, size, &whole);
	read_stream(mode, data + 1, size - 1, 1 + (data[0] >> 1), &cut);
	if (whole.count != cut.count || whole.status != cut.status ||
		whole.messages.len != cut.messages.len ||
		(whole.messages.len > 0 && memcmp(whole.messages.bytes, cut.messages.bytes,
						   whole.messages.len) != 0)) {
		abort();
	}
	octets_fini(&whole.messages);
	octets_fini(&cut.messages);
	check_round_trip(mode, data + 1, size - 1);
	return 0;
}
