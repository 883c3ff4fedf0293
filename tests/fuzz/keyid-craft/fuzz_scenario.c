/*
 * A scenario of any text, acted as keyid-craft does. If it can be, libpcap reads as many
 * frames from the capture as were written, unless the scenario itself spoils the file.
 * No file is opened that a scenario names.
 */
#include <stdlib.h>
#include <string.h>

#include "l2proto/port_capture.h"
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/memory_file.h"
#include "tests/fuzz/lib/mutate_text.h"
#include "tools/keyid-craft/scenario.h"

#define FRAMES_HERE 500 /* so many, for a scenario may send for a whole day */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Errors of scenarios are printed: to nobody here. What the fuzzer prints goes its own way. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FILE *nowhere = fopen("/dev/null", "we");

	(void)argc;
	(void)argv;
	check(nowhere != NULL);
	stderr = nowhere;
	return 0;
}

static bool has_word(const uint8_t *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

static void check_capture(const struct scenario *scenario, bool damaged)
{
	static struct memory_file file;
	const char *path = memory_file_set(&file, scenario->capture.octets, scenario->capture.len);
	char error[CAPTURE_ERROR_TEXT_MAX];
	struct capture *capture = capture_open(path, error);
	struct capture_frame frame;
	unsigned long frames = 0;
	int got = 0;

	check(capture || scenario->format.link_type != CAPFILE_ETHERNET);
	while (capture && (got = capture_next(capture, &frame, error)) > 0) {
		check(frame.len <= scenario->format.snaplen && frame.len <= frame.wire_len);
		frames++;
	}
	check(got == 0 || damaged);
	check(!capture || damaged || frames == scenario->frames - (FRAMES_MAX - FRAMES_HERE));
	capture_close(capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file file;
	struct scenario *scenario;

	if (has_word(data, size, "file")) {
		return 0;
	}
	scenario = calloc(1, sizeof(*scenario));
	check(scenario != NULL);
	scenario->frames = FRAMES_MAX - FRAMES_HERE;
	if (script_open(&scenario->script, memory_file_set(&file, data, size))) {
		check(capfile_init(&scenario->capture));
		if (scenario_act(scenario)) {
			check(fflush(scenario->capture.memory) == 0);
			check_capture(scenario, has_word(data, size, "damage"));
		}
		capfile_fini(&scenario->capture);
		script_close(&scenario->script);
	}
	scenario_free(scenario);
	free(scenario);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return mutate_text(data, size, max, &seed);
}
