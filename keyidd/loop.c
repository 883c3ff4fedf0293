#include "keyidd/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 64

struct loop {
	int epoll_fd;
	int timer_fd;
	bool stopping;
	int result;
	struct loop_timer **heap; /* heap[1..heap_len], earliest first */
	size_t heap_len, heap_max;
	uint64_t armed_ms;                          /* of timer_fd; 0 = disarmed */
	struct epoll_event events[EVENTS_PER_TURN]; /* of the present turn */
	int event_count;
};

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_mono_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME) + 1;
}

int64_t clock_wall_ms(void)
{
	return (int64_t)clock_ms(CLOCK_REALTIME);
}

int64_t clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

const char *clock_utc(int64_t at_s, char out[static CLOCK_UTC_TEXT])
{
	time_t at = (time_t)at_s;
	struct tm utc;

	if (!gmtime_r(&at, &utc) ||
		strftime(out, CLOCK_UTC_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
		out[0] = '\0';
	}
	return out;
}

/* ---- timers: a binary heap ------------------------------------------------------------------ */

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
	loop->heap[place] = timer;
	timer->place = place;
}

static void heap_up(struct loop *loop, size_t place)
{
	struct loop_timer *timer = loop->heap[place];

	while (place > 1 && loop->heap[place / 2]->at_ms > timer->at_ms) {
		heap_put(loop, place, loop->heap[place / 2]);
		place /= 2;
	}
	heap_put(loop, place, timer);
}

static void heap_down(struct loop *loop, size_t place)
{
	struct loop_timer *timer = loop->heap[place];

	for (;;) {
		size_t child = 2 * place;

		if (child < loop->heap_len &&
			loop->heap[child + 1]->at_ms < loop->heap[child]->at_ms) {
			child++;
		}
		if (child > loop->heap_len || loop->heap[child]->at_ms >= timer->at_ms) {
			break;
		}
		heap_put(loop, place, loop->heap[child]);
		place = child;
	}
	heap_put(loop, place, timer);
}

static int heap_reserve(struct loop *loop)
{
	size_t max = loop->heap_max ? 2 * loop->heap_max : 64;
	struct loop_timer **heap;

	if (loop->heap_len + 2 <= loop->heap_max) {
		return 0;
	}
	heap = realloc(loop->heap, max * sizeof(*heap));
	if (!heap) {
		return -ENOMEM;
	}
	loop->heap = heap;
	loop->heap_max = max;
	return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t at_ms)
{
	timer->at_ms = at_ms;
	if (timer->place != 0) {
		heap_up(loop, timer->place);
		heap_down(loop, timer->place);
		return 0;
	}
	if (heap_reserve(loop) != 0) {
		return -ENOMEM;
	}
	heap_put(loop, ++loop->heap_len, timer);
	heap_up(loop, loop->heap_len);
	return 0;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	size_t place = timer->place;
	struct loop_timer *last;

	if (place == 0) {
		return;
	}
	timer->place = 0;
	last = loop->heap[loop->heap_len--];
	if (last != timer) {
		heap_put(loop, place, last);
		heap_up(loop, place);
		heap_down(loop, last->place);
	}
}

static void run_due_timers(struct loop *loop)
{
	uint64_t now_ms = clock_mono_ms();

	while (!loop->stopping && loop->heap_len > 0 && loop->heap[1]->at_ms <= now_ms) {
		struct loop_timer *timer = loop->heap[1];

		loop_timer_stop(loop, timer);
		timer->fn(timer->ctx);
	}
}

static int arm(struct loop *loop)
{
	uint64_t at_ms = loop->heap_len > 0 ? loop->heap[1]->at_ms : 0;
	uint64_t clock_at_ms = at_ms > 1 ? at_ms - 1 : at_ms; /* see clock_mono_ms() */
	struct itimerspec when = { .it_value = { .tv_sec = (time_t)(clock_at_ms / 1000),
					   .tv_nsec = (long)(clock_at_ms % 1000) * 1000000 } };

	if (at_ms == loop->armed_ms) {
		return 0;
	}
	loop->armed_ms = at_ms;
	return timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : -errno;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static int control_watch(
	struct loop *loop, int operation, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) == 0 ? 0 : -errno;
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	int rc = control_watch(loop, EPOLL_CTL_ADD, watch, events);

	watch->added = rc == 0;
	return rc;
}

int loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	return control_watch(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	if (!watch->added) {
		return;
	}
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->added = false;
	/* Events of this turn that are still to be handed out must not find it. */
	for (int i = 0; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch) {
			loop->events[i].data.ptr = NULL;
		}
	}
}

/* ---- the loop ------------------------------------------------------------------------------- */

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	struct epoll_event event = { .events = EPOLLIN };

	if (!loop) {
		return NULL;
	}
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.ptr = loop;
	if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) != 0) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop) {
		return;
	}
	if (loop->epoll_fd >= 0) {
		close(loop->epoll_fd);
	}
	if (loop->timer_fd >= 0) {
		close(loop->timer_fd);
	}
	free(loop->heap);
	free(loop);
}

static void drain_timer(struct loop *loop)
{
	uint64_t expirations;

	if (read(loop->timer_fd, &expirations, sizeof(expirations)) > 0) {
		loop->armed_ms = 0;
	}
}

/* Timers first: no amount of input keeps one waiting for more than a turn. */
static void run_turn(struct loop *loop)
{
	run_due_timers(loop);
	for (int i = 0; i < loop->event_count && !loop->stopping; i++) {
		struct loop_watch *watch = loop->events[i].data.ptr;

		if ((void *)watch == (void *)loop) {
			drain_timer(loop);
		} else if (watch) {
			watch->ready(watch->ctx, loop->events[i].events);
		}
	}
	loop->event_count = 0;
}

int loop_run(struct loop *loop)
{
	int rc;

	while (!loop->stopping) {
		rc = arm(loop);
		if (rc != 0) {
			return rc;
		}
		loop->event_count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, -1);
		if (loop->event_count < 0 && errno != EINTR) {
			return -errno;
		}
		run_turn(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
