/*
 * The event loop: epoll for descriptors, one timerfd for every timer. One
 * thread; callbacks run one at a time and never wait.
 */
#ifndef KEYIDD_LOOP_H
#define KEYIDD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* Monotonic milliseconds (CLOCK_BOOTTIME: a suspended host has not stood still). Never 0. */
uint64_t clock_mono_ms(void);

/* Wall clock: milliseconds and seconds since the epoch. */
int64_t clock_wall_ms(void);
int64_t clock_wall_s(void);

/* "2026-01-31T12:00:00Z" (RFC 3339); "" if there is no such time. Returns out. */
#define CLOCK_UTC_TEXT 32
const char *clock_utc(int64_t at_s, char out[static CLOCK_UTC_TEXT]);

struct loop *loop_new(void); /* NULL if there is no memory or no descriptor */
void loop_free(struct loop *loop);

/* Runs until loop_stop(); returns 0, or -errno if waiting itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * A watched descriptor, in the owner's storage. The callback gets the epoll
 * events (EPOLLIN, ...). An owner may remove any watch from any callback.
 */
struct loop_watch {
	int fd;
	void (*ready)(void *ctx, uint32_t events);
	void *ctx;
	bool added;
};

int loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events);
int loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_watch_remove(
	struct loop *loop, struct loop_watch *watch); /* not added: nothing happens */

/* A timer, in the owner's storage; fn and ctx are set once, place is 0 at the start. */
struct loop_timer {
	void (*fn)(void *ctx);
	void *ctx;
	uint64_t at_ms;
	size_t place; /* in the loop's heap, from 1; 0 = not armed */
};

/* Arms, or moves an armed one; fires once. Returns 0 or -ENOMEM. */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t at_ms);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

#endif
