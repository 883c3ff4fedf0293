/* A bar on a terminal, for captures that take longer than a second. */
#ifndef KEYID_REPLAY_PROGRESS_H
#define KEYID_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool enabled; /* standard error is a terminal */
	bool shown;
	uint64_t begin_ms, next_ms;
};

void progress_init(struct progress *progress);

/* done of total octets (0 = not known), frames so far. Cheap: call it for every frame. */
void progress_step(struct progress *progress, const char *name, uint64_t done, uint64_t total,
	uint64_t frames);

/* Takes the bar away. */
void progress_clear(struct progress *progress);

/* Says frames, time and rate, if it took longer than a second. */
void progress_finish(struct progress *progress, uint64_t frames);

#endif
