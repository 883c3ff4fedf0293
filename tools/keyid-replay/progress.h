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

/* After so many frames, is the bar to be drawn? Cheap: ask for every frame. */
bool progress_due(struct progress *progress, uint64_t frames);

/* done of total octets (0 = not known). */
void progress_draw(struct progress *progress, const char *name, uint64_t done, uint64_t total,
	uint64_t frames);

/* Takes the bar away. */
void progress_clear(struct progress *progress);

/* Says frames, time and rate, if it took longer than a second or they were many. */
void progress_finish(struct progress *progress, uint64_t frames);

#endif
