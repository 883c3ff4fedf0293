#include "tools/kmesim/fault.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const method_names[] = {
	[SIM_ENC_KEYS] = "enc_keys",
	[SIM_DEC_KEYS] = "dec_keys",
	[SIM_STATUS] = "status",
};

const char *sim_method_name(enum sim_method method)
{
	return method_names[method];
}

bool sim_method_parse(const char *name, enum sim_method *method)
{
	for (size_t i = 0; i < COUNT(method_names); i++) {
		if (strcmp(name, method_names[i]) == 0) {
			*method = (enum sim_method)i;
			return true;
		}
	}
	return false;
}

static const struct {
	const char *name;
	long min; /* of the argument; none if max is 0 */
	long max;
} kinds[] = {
	[FAULT_NONE] = { "none", 0, 0 },
	[FAULT_DELAY] = { "delay", 1, 600000 },
	[FAULT_STATUS] = { "status", 200, 599 },
	[FAULT_REPLY_LOST] = { "reply-lost", 0, 0 },
	[FAULT_DROP_REUSED] = { "drop-reused", 0, 0 },
	[FAULT_KEY_EXPIRED] = { "key-expired", 0, 0 },
	[FAULT_WRONG_LENGTH] = { "wrong-length", 0, 0 },
	[FAULT_UPPER_CASE] = { "upper-case", 0, 0 },
	[FAULT_GARBAGE] = { "garbage", 0, 0 },
	[FAULT_OVERSIZE] = { "oversize", 0, 0 },
};

_Static_assert(COUNT(kinds) == FAULT_KIND_COUNT, "a fault without a name");

const char *fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

const char *fault_help(void)
{
	return "  delay MS       answer only after MS milliseconds\n"
	       "  status CODE    answer HTTP status CODE; no key is consumed\n"
	       "  reply-lost     consume the key, then drop the connection without a reply\n"
	       "  drop-reused    the same, on a connection that has served a request before\n"
	       "  key-expired    dec_keys: the keys asked for are gone\n"
	       "  wrong-length   deliver keys that are one octet short\n"
	       "  upper-case     write key_IDs with capital letters\n"
	       "  garbage        consume the key, then answer 200 with what is not JSON\n"
	       "  oversize       the same, with a mebibyte of it\n";
}

static bool parse_number(const char *word, long min, long max, long *out)
{
	char *end;

	*out = strtol(word, &end, 10);
	return end != word && *end == '\0' && *out >= min && *out <= max;
}

static enum fault_kind find_kind(const char *name)
{
	for (size_t i = FAULT_NONE + 1; i < COUNT(kinds); i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			return (enum fault_kind)i;
		}
	}
	return FAULT_NONE;
}

const char *fault_parse(struct fault *fault, char *const *words)
{
	fault->kind = words[0] ? find_kind(words[0]) : FAULT_NONE;
	if (fault->kind == FAULT_NONE) {
		return "no such fault";
	}
	words++;
	if (kinds[fault->kind].max > 0) {
		if (!words[0] || !parse_number(words[0], kinds[fault->kind].min,
					 kinds[fault->kind].max, &fault->argument)) {
			return "its argument is missing or out of bounds";
		}
		words++;
	}
	fault->count = 0;
	if (words[0]) {
		if (!parse_number(words[0], 1, 1000000, &fault->count)) {
			return "the count is no number from 1 up";
		}
		words++;
	}
	return words[0] ? "one word too many" : NULL;
}

bool faults_add(struct faults *faults, const struct fault *fault)
{
	if (faults->count == FAULTS_MAX) {
		return false;
	}
	faults->list[faults->count++] = *fault;
	return true;
}

static void remove_fault(struct faults *faults, size_t at)
{
	faults->count--;
	memmove(&faults->list[at], &faults->list[at + 1],
		(faults->count - at) * sizeof(faults->list[0]));
}

void faults_clear(struct faults *faults, size_t sae)
{
	for (size_t i = faults->count; i-- > 0;) {
		if (faults->list[i].sae == sae) {
			remove_fault(faults, i);
		}
	}
}

static bool meets(const struct fault *fault, const struct fault_effect *effect, size_t sae,
	enum sim_method method, bool reused_connection)
{
	if (fault->sae != sae || !(fault->methods & 1U << method)) {
		return false;
	}
	if (fault->kind == FAULT_DELAY) {
		return effect->delay_ms == 0;
	}
	return effect->kind == FAULT_NONE &&
	       (fault->kind != FAULT_DROP_REUSED || reused_connection) &&
	       (fault->kind != FAULT_KEY_EXPIRED || method == SIM_DEC_KEYS);
}

struct fault_effect faults_take(
	struct faults *faults, size_t sae, enum sim_method method, bool reused_connection)
{
	struct fault_effect effect = { .kind = FAULT_NONE };
	size_t at = 0;

	while (at < faults->count) {
		struct fault *fault = &faults->list[at];

		if (!meets(fault, &effect, sae, method, reused_connection)) {
			at++;
			continue;
		}
		if (fault->kind == FAULT_DELAY) {
			effect.delay_ms = fault->argument;
		} else {
			effect.kind = fault->kind;
			effect.status = fault->argument;
		}
		if (fault->count > 0 && --fault->count == 0) {
			remove_fault(faults, at);
		} else {
			at++;
		}
	}
	return effect;
}
