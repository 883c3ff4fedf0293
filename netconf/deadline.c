#include "netconf/deadline.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

uint64_t deadline_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int deadline_wait_fd(int fd, short events, int wake_fd, uint64_t deadline_ms)
{
	struct pollfd fds[2] = {
		{ .fd = wake_fd, .events = POLLIN },
		{ .fd = fd, .events = events },
	};

	for (;;) {
		uint64_t now = deadline_now_ms();
		uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
		int rc = poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left);

		if (rc < 0 && errno != EINTR) {
			return -errno;
		}
		if (fds[0].revents && rc > 0) {
			return -ECANCELED;
		}
		/* However much there is to read: what has no end must not outlast its time. */
		if (left == 0) {
			return 0;
		}
		if (rc > 0) {
			return fds[1].revents;
		}
	}
}
