/*
 * One call of an operator's program, from start to end: the part of a hook device
 * that deals with processes (hook.h has the others).
 *
 * Never waits longer than it is told to. Safe in a process of many threads; expects
 * that SIGCHLD is not ignored, and that nobody else waits for children at large.
 */
#ifndef NETCONF_HOOK_PROCESS_H
#define NETCONF_HOOK_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What does not fit is read and dropped, so that a program is not kept waiting ... */
#define HOOK_DROPPED_MAX (1024 * 1024) /* ... until that is more than these octets */

/* What a program writes. */
struct hook_text {
	char *bytes; /* the caller's; max octets and a terminator */
	size_t max;
	size_t len;
	size_t dropped; /* octets */
};

struct hook_call {
	char *const *arguments; /* NULL at the end; the first is the path of the program */
	char *const *environment;
	int keys_fd; /* becomes descriptor 3 */
	int wake_fd; /* ends it when readable */
	uint32_t timeout_ms;
};

enum hook_end {
	HOOK_EXITED,
	HOOK_SIGNALLED,
	HOOK_TIMED_OUT,   /* asked to end by SIGTERM, and killed if that did not do */
	HOOK_FLOODED,     /* killed, for it wrote too much */
	HOOK_INTERRUPTED, /* killed at once */
	HOOK_NOT_STARTED, /* also while one that nothing can kill is still there: EBUSY */
};

struct hook_outcome {
	enum hook_end end;
	int status; /* EXITED: exit status; SIGNALLED: number of the signal; NOT_STARTED: errno */
	struct hook_text out, err;
};

/* Zeroed by the owner. Between calls it is empty, but for a program that not even SIGKILL ended. */
struct hook_process {
	pid_t pid; /* 0 = none */
	int pid_fd;
};

/*
 * Calls the program and waits for its end. It gets the signals' defaults, a session
 * of its own, the root as its folder, /dev/null as standard input, and no other
 * descriptors than 0 to 3. It is killed when the calling thread ends, and when it
 * has ended, so is what it has left behind in its process group.
 *
 * The caller sets bytes and max of out and err; the texts come with a terminator.
 */
void hook_process_run(
	struct hook_process *process, const struct hook_call *call, struct hook_outcome *outcome);

void hook_process_fini(struct hook_process *process);

#endif
