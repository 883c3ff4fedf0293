/* Monotonic time, and waiting that an applier_close() can end. */
#ifndef NETCONF_DEADLINE_H
#define NETCONF_DEADLINE_H

#include <poll.h>
#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t deadline_now_ms(void);

/*
 * Waits for events (POLLIN, POLLOUT) on fd, or only for time if fd is negative.
 * Returns the events seen, 0 when the deadline has passed, -ECANCELED when
 * wake_fd is readable, or -errno.
 */
int deadline_wait_fd(int fd, short events, int wake_fd, uint64_t deadline_ms);

#endif
