#include "tools/keyid-replay/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define INTERVAL_MS 200
#define MANY_FRAMES 100000
#define BAR 30

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress)
{
	*progress = (struct progress){ .enabled = isatty(STDERR_FILENO) };
	progress->begin_ms = clock_ms();
	progress->next_ms = progress->begin_ms + FIRST_MS;
}

static void print_bar(uint64_t done, uint64_t total, uint64_t spent_ms)
{
	static const char full[] = "##############################";
	int filled = (int)(done * BAR / total);

	fprintf(stderr, " %3d %% [%-*.*s]", (int)(done * 100 / total), BAR, filled, full);
	if (done > 0) {
		fprintf(stderr, " %" PRIu64 " s left", spent_ms * (total - done) / done / 1000);
	}
}

bool progress_due(struct progress *progress, uint64_t frames)
{
	uint64_t now_ms;

	if (!progress->enabled || frames % 1024 != 0) {
		return false;
	}
	now_ms = clock_ms();
	if (now_ms < progress->next_ms) {
		return false;
	}
	progress->next_ms = now_ms + INTERVAL_MS;
	return true;
}

void progress_draw(
	struct progress *progress, const char *name, uint64_t done, uint64_t total, uint64_t frames)
{
	uint64_t spent_ms = clock_ms() - progress->begin_ms;

	progress->shown = true;
	fprintf(stderr, "\r\033[K%s:", name);
	if (total > 0) {
		print_bar(done < total ? done : total, total, spent_ms);
	}
	fprintf(stderr, " %" PRIu64 " frames, %" PRIu64 "/s", frames,
		frames * 1000 / (spent_ms ? spent_ms : 1));
}

void progress_clear(struct progress *progress)
{
	if (progress->shown) {
		fputs("\r\033[K", stderr);
		progress->shown = false;
	}
}

void progress_finish(struct progress *progress, uint64_t frames)
{
	uint64_t spent_ms = clock_ms() - progress->begin_ms;

	progress_clear(progress);
	if (frames > 0 && (spent_ms >= FIRST_MS || frames >= MANY_FRAMES)) {
		fprintf(stderr, "keyid-replay: %" PRIu64 " frames in %.2f s, %" PRIu64 "/s\n",
			frames, (double)spent_ms / 1000, frames * 1000 / (spent_ms ? spent_ms : 1));
	}
}
