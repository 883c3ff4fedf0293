/* What a program prints for READ_BACK: the form is in hook.h. */
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "netconf/hook.h"

#define DIGITS_MAX 12 /* of a time; the year 33658 has as many */

struct words {
	const char *at, *end;
};

struct word {
	const char *text;
	size_t len;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool next_word(struct words *words, struct word *word)
{
	while (words->at < words->end && is_space(*words->at)) {
		words->at++;
	}
	word->text = words->at;
	while (words->at < words->end && !is_space(*words->at)) {
		words->at++;
	}
	word->len = (size_t)(words->at - word->text);
	return word->len > 0;
}

static bool is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

/* What follows NAME= in the word; false if it does not begin so. */
static bool value_of(const struct word *word, const char *name, struct word *value)
{
	size_t len = strlen(name);

	if (word->len <= len || memcmp(word->text, name, len) != 0 || word->text[len] != '=') {
		return false;
	}
	*value = (struct word){ word->text + len + 1, word->len - len - 1 };
	return true;
}

static bool read_time(const struct word *digits, int64_t *time_s)
{
	*time_s = 0;
	if (digits->len == 0 || digits->len > DIGITS_MAX) {
		return false;
	}
	for (size_t i = 0; i < digits->len; i++) {
		if (digits->text[i] < '0' || digits->text[i] > '9') {
			return false;
		}
		*time_s = 10 * *time_s + (digits->text[i] - '0');
	}
	return true;
}

/* ---- a line ---------------------------------------------------------------------------------- */

/* These return NULL, or what is wrong. */

static const char *read_clock(
	const struct word *digits, struct words *words, struct applier_view *view)
{
	struct word more;

	if (view->clock_s != 0) {
		return "a second clock=";
	}
	if (!read_time(digits, &view->clock_s) || view->clock_s == 0) {
		return "clock= needs seconds since the epoch";
	}
	return next_word(words, &more) ? "clock= has a line of its own" : NULL;
}

static const char *read_state(struct words *words, struct applier_seen_key *key)
{
	struct word word, value;

	while (next_word(words, &word)) {
		if (is(&word, "usable")) {
			key->usable = true;
		} else if (is(&word, "transmitting")) {
			key->transmitting = true;
		} else if (is(&word, "future")) {
			key->future = true;
		} else if (!value_of(&word, "start", &value)) {
			return "a word that is none of usable, transmitting, future, start=SECONDS";
		} else if (!read_time(&value, &key->start)) {
			return "start= needs seconds since the epoch";
		}
	}
	if (key->future && (key->usable || key->transmitting)) {
		return "a key is either future or in use";
	}
	return key->future && key->start == 0 ? "a future key needs start=SECONDS" : NULL;
}

static const char *compare_with(
	const struct applier_seen_key *other, const struct applier_seen_key *key)
{
	if (other->ckn_len == key->ckn_len && memcmp(other->ckn, key->ckn, key->ckn_len) == 0) {
		return "a CKN for the second time";
	}
	return other->transmitting && key->transmitting ? "a second key that is transmitting"
							: NULL;
}

static bool is_past(const struct applier_seen_key *key)
{
	return !key->usable && !key->future;
}

static const char *add_key(struct applier_view *view, const struct applier_seen_key *key)
{
	size_t place = 0;

	if (view->key_count < APPLIER_USABLE_MAX) {
		view->keys[view->key_count++] = *key;
		return NULL;
	}
	while (place < view->key_count && !is_past(&view->keys[place])) {
		place++;
	}
	if (place < view->key_count) {
		view->keys[place] = *key;
	}
	return place < view->key_count || is_past(key) ? NULL : "one usable or future key too many";
}

static const char *read_key(const struct word *ckn, struct words *words, struct applier_view *view)
{
	struct applier_seen_key key = { .configured = true };
	int len = hex_decode(ckn->text, ckn->len, key.ckn, sizeof(key.ckn));
	const char *wrong;

	if (len <= 0) {
		return "begins with neither a CKN, 2 to 64 hex digits, nor clock=";
	}
	key.ckn_len = (size_t)len;
	wrong = read_state(words, &key);
	key.usable = key.usable || key.transmitting;
	for (size_t i = 0; i < view->key_count && !wrong; i++) {
		wrong = compare_with(&view->keys[i], &key);
	}
	return wrong ? wrong : add_key(view, &key);
}

static const char *read_line(struct words *line, struct applier_view *view)
{
	struct word first, value;

	if (!next_word(line, &first) || first.text[0] == '#') {
		return NULL;
	}
	return value_of(&first, "clock", &value) ? read_clock(&value, line, view)
						 : read_key(&first, line, view);
}

/* ---- all of them ----------------------------------------------------------------------------- */

int hook_output_read(
	const char *text, size_t len, struct applier_view *view, struct problem *problem)
{
	const char *end = text + len;
	unsigned number = 0;

	memset(view, 0, sizeof(*view));
	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		struct words line = { text, line_end ? line_end : end };
		const char *wrong = read_line(&line, view);

		number++;
		if (wrong) {
			return problem_set(problem, APPLIER_ERROR_PROTOCOL,
				"what it printed, line %u: %s", number, wrong);
		}
		text = line_end ? line_end + 1 : end;
	}
	return 0;
}
