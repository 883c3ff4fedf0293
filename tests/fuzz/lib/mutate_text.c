#include "tests/fuzz/lib/mutate_text.h"

#include <stdbool.h>
#include <string.h>

#define PART_MAX 256
#define STEP 2 /* of an indentation */

struct text {
	uint8_t *octets;
	size_t len, max;
	uint32_t *state;
};

struct part {
	size_t start, len;
};

static uint32_t below(struct text *text, size_t n)
{
	return mutate_below(text->state, (uint32_t)n);
}

/* Puts len octets, which may be the text's own, in the place of a part; if they fit. */
static void replace(struct text *text, struct part part, const uint8_t *octets, size_t len)
{
	uint8_t copy[PART_MAX];
	size_t end = part.start + part.len;

	if (len > sizeof(copy) || text->len - part.len + len > text->max) {
		return;
	}
	memcpy(copy, octets, len);
	memmove(text->octets + part.start + len, text->octets + end, text->len - end);
	memcpy(text->octets + part.start, copy, len);
	text->len += len - part.len;
}

/* The line around a random octet, with its end. */
static struct part any_line(struct text *text)
{
	size_t start = below(text, text->len), end = start;

	while (start > 0 && text->octets[start - 1] != '\n') {
		start--;
	}
	while (end < text->len && text->octets[end] != '\n') {
		end++;
	}
	return (struct part){ start, (end < text->len ? end + 1 : end) - start };
}

static bool is_between(uint8_t octet)
{
	return memchr(" \t\n:,[]{}\"#", octet, 11) != NULL;
}

/* The word around a random octet; of no length if that is between words. */
static struct part any_word(struct text *text)
{
	size_t start = below(text, text->len), end = start;

	while (start > 0 && !is_between(text->octets[start - 1])) {
		start--;
	}
	while (end < text->len && !is_between(text->octets[end])) {
		end++;
	}
	return (struct part){ start, end - start };
}

static void copy_line(struct text *text)
{
	struct part from = any_line(text), to = any_line(text);

	to.len = 0;
	replace(text, to, text->octets + from.start, from.len);
}

static void drop_line(struct text *text)
{
	replace(text, any_line(text), text->octets, 0);
}

static void move_line(struct text *text)
{
	struct part from = any_line(text), to;
	uint8_t line[PART_MAX];

	if (from.len > sizeof(line) || from.len == text->len) {
		return;
	}
	memcpy(line, text->octets + from.start, from.len);
	replace(text, from, line, 0);
	to = any_line(text);
	to.len = 0;
	replace(text, to, line, from.len);
}

static void copy_word(struct text *text)
{
	struct part from = any_word(text), to = any_word(text);

	replace(text, to, text->octets + from.start, from.len);
}

static void change_depth(struct text *text)
{
	struct part line = any_line(text);
	bool indented = line.len >= STEP && memcmp(text->octets + line.start, "  ", STEP) == 0;

	line.len = indented && below(text, 2) ? STEP : 0;
	replace(text, line, (const uint8_t *)"  ", line.len > 0 ? 0 : STEP);
}

static void (*const changes[])(struct text *text) = { copy_line, drop_line, move_line, copy_word,
	copy_word, change_depth };

size_t mutate_text(uint8_t *octets, size_t len, size_t max, uint32_t *state)
{
	struct text text = { octets, len, max, state };

	if (mutate_below(state, 2) == 0) {
		return LLVMFuzzerMutate(octets, len, max);
	}
	do {
		if (text.len == 0) {
			return LLVMFuzzerMutate(octets, 0, max);
		}
		changes[below(&text, sizeof(changes) / sizeof(changes[0]))](&text);
	} while (below(&text, 3) == 0);
	return text.len;
}
