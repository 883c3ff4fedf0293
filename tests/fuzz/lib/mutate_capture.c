#include "tests/fuzz/lib/mutate_capture.h"

#include <stdbool.h>
#include <string.h>

/* https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */
#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO 0xa1b23c4du
#define FILE_HEADER_LEN 24
#define RECORD_HEADER_LEN 16
#define CAPTURED_AT 8 /* in a record's header */
#define WIRE_AT 12

#define FRAME_MAX 2048
#define STEP_MAX_S 8

struct file {
	uint8_t *octets;
	size_t len, max;
};

struct record {
	size_t start, len; /* header included */
};

static uint32_t get(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void put(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static bool next_record(const struct file *file, struct record *record)
{
	size_t start = record->start + record->len;

	if (file->len - start < RECORD_HEADER_LEN ||
		file->len - start - RECORD_HEADER_LEN < get(file->octets + start + CAPTURED_AT)) {
		return false;
	}
	record->start = start;
	record->len = RECORD_HEADER_LEN + get(file->octets + start + CAPTURED_AT);
	return true;
}

static bool any_record(const struct file *file, uint32_t *state, struct record *record)
{
	struct record next = { FILE_HEADER_LEN, 0 };
	uint32_t count = 0, which;

	while (next_record(file, &next)) {
		count++;
	}
	which = mutate_below(state, count);
	*record = (struct record){ FILE_HEADER_LEN, 0 };
	for (uint32_t i = 0; i <= which && count > 0; i++) {
		next_record(file, record);
	}
	return count > 0;
}

/* Puts len octets, not the file's own, in the place of old_len at at; if they fit. */
static bool replace(struct file *file, size_t at, size_t old_len, const uint8_t *octets, size_t len)
{
	if (file->len - old_len + len > file->max) {
		return false;
	}
	memmove(file->octets + at + len, file->octets + at + old_len, file->len - at - old_len);
	memcpy(file->octets + at, octets, len);
	file->len += len - old_len;
	return true;
}

static void change_frame(const struct frame_format *format, struct file *file,
	const struct record *record, uint32_t *state)
{
	uint8_t frame[FRAME_MAX];
	size_t old_len = record->len - RECORD_HEADER_LEN, len;

	if (old_len > sizeof(frame)) {
		return;
	}
	memcpy(frame, file->octets + record->start + RECORD_HEADER_LEN, old_len);
	len = mutate_frame(format, frame, old_len, sizeof(frame), state);
	if (replace(file, record->start + RECORD_HEADER_LEN, old_len, frame, len)) {
		put(file->octets + record->start + CAPTURED_AT, (uint32_t)len);
		put(file->octets + record->start + WIRE_AT, (uint32_t)len);
	}
}

static void repeat_record(struct file *file, const struct record *from, const struct record *to)
{
	uint8_t copy[RECORD_HEADER_LEN + FRAME_MAX];

	if (from->len <= sizeof(copy)) {
		memcpy(copy, file->octets + from->start, from->len);
		replace(file, to->start, 0, copy, from->len);
	}
}

/* This and all later ones. */
static void move_records(struct file *file, const struct record *first, uint32_t *state)
{
	struct record record = *first;
	uint32_t step_s = mutate_below(state, STEP_MAX_S);

	do {
		put(file->octets + record.start, get(file->octets + record.start) + step_s);
	} while (next_record(file, &record));
}

size_t mutate_capture(
	const struct frame_format *format, uint8_t *octets, size_t len, size_t max, uint32_t *state)
{
	struct file file = { octets, len, max };
	struct record record, other;

	if (len < FILE_HEADER_LEN || (get(octets) != MAGIC_MICRO && get(octets) != MAGIC_NANO) ||
		!any_record(&file, state, &record) || mutate_below(state, 4) == 0) {
		return LLVMFuzzerMutate(octets, len, max);
	}
	switch (mutate_below(state, 8)) {
	case 0:
		any_record(&file, state, &other);
		repeat_record(&file, &record, &other);
		break;
	case 1:
		replace(&file, record.start, record.len, octets, 0);
		break;
	case 2:
		move_records(&file, &record, state);
		break;
	default:
		change_frame(format, &file, &record, state);
		break;
	}
	return file.len;
}
