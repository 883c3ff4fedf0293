#include "netconf/hook_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/secret.h"
#include "netconf/deadline.h"

#define KEYS_FD 3
#define REPORT_FD 4       /* of the child, until it is the program */
#define GRACE_MS 2000     /* from SIGTERM to SIGKILL */
#define LAST_WAIT_MS 2000 /* for the kernel to be done with what was killed */
#define LAST_READS_MAX 64 /* of what was written before the end: more than a pipe holds */
#define DROPPED_OCTETS 4096

/* ---- the child ------------------------------------------------------------------------------- */

/*
 * Between fork and exec there is one thread, and others may have left locks behind:
 * nothing but what signal-safety(7) lists and plain system calls is used here.
 */
struct child {
	const struct hook_call *call;
	pid_t parent;
	int fds[REPORT_FD + 1]; /* what are to be descriptors 0 to 4 */
};

static _Noreturn void give_up(const struct child *child)
{
	int error = errno;
	ssize_t ignored = write(child->fds[REPORT_FD], &error, sizeof(error));

	(void)ignored;
	_exit(127);
}

/* Those of the applier's thread are all blocked; ignored ones would stay so past exec. */
static void reset_signals(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		sigaction(number, &action, NULL); /* two cannot be changed, two are libc's */
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Dies with the thread that waits for it: of a new keyidd's calls, none meets an old one's. */
static bool detach(const struct child *child)
{
	return setsid() >= 0 && chdir("/") == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	       getppid() == child->parent;
}

/* First out of the way of one another: any may have the number that another is to get. */
static bool take_descriptors(struct child *child)
{
	for (int i = 0; i <= REPORT_FD; i++) {
		child->fds[i] = fcntl(child->fds[i], F_DUPFD_CLOEXEC, REPORT_FD + 1);
		if (child->fds[i] < 0) {
			return false;
		}
	}
	for (int i = 0; i < REPORT_FD; i++) {
		if (dup2(child->fds[i], i) < 0) {
			return false;
		}
	}
	if (dup3(child->fds[REPORT_FD], REPORT_FD, O_CLOEXEC) < 0) {
		return false;
	}
	child->fds[REPORT_FD] = REPORT_FD;
	return close_range(REPORT_FD + 1, UINT_MAX, 0) == 0;
}

/*
 * What this process keeps for itself is not the program's. Root gets by exec what is in the
 * bounding set, but with no_new_privs nothing that it did not have before.
 */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capset, &header, none) == 0;
}

static _Noreturn void become(struct child *child)
{
	reset_signals();
	if (detach(child) && take_descriptors(child) && drop_capabilities()) {
		execve(child->call->arguments[0], child->call->arguments, child->call->environment);
	}
	give_up(child);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* What the parent waits for. */
enum { WAKE, ENDED, OUT, ERR, REPORT, WAIT_COUNT };

struct pipes {
	int null;
	int out[2], err[2], report[2]; /* to read from, to write to */
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
	close_fd(&pipes->null);
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->out[i]);
		close_fd(&pipes->err[i]);
		close_fd(&pipes->report[i]);
	}
}

/* Only the ends that are read from do not block: the others are the program's standard output. */
static int open_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){ -1, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	pipes->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pipes->null < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 ||
		pipe2(pipes->err, O_CLOEXEC) < 0 || pipe2(pipes->report, O_CLOEXEC) < 0 ||
		fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) < 0 ||
		fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) < 0) {
		return -errno;
	}
	return 0;
}

/*
 * _Fork, for handlers of libraries have no business in a child that only execs.
 * What the child copies of our memory is gone with exec.
 */
static int start(
	struct hook_process *process, const struct hook_call *call, const struct pipes *pipes)
{
	struct child child = {
		.call = call,
		.parent = getpid(),
		.fds = { pipes->null, pipes->out[1], pipes->err[1], call->keys_fd,
			pipes->report[1] },
	};
	pid_t pid = _Fork();
	int rc;

	if (pid == 0) {
		become(&child);
	}
	if (pid < 0) {
		return -errno;
	}
	process->pid_fd = pidfd_open(pid, 0);
	if (process->pid_fd < 0) {
		rc = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return rc;
	}
	process->pid = pid;
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

enum stage { RUNNING, ASKED_TO_END, KILLED };

struct watch {
	struct hook_process *process;
	struct hook_outcome *outcome;
	struct pollfd fds[WAIT_COUNT];
	enum stage stage;
	uint64_t deadline_ms; /* of this stage */
	bool interrupted, flooded;
	int start_error; /* that the child reported */
};

/* The group is there once the child is the program, or nearly. */
static void send_signal(const struct watch *watch, enum stage stage)
{
	int number = stage == KILLED ? SIGKILL : SIGTERM;

	if (kill(-watch->process->pid, number) < 0) {
		kill(watch->process->pid, number);
	}
}

static void go_on_to(struct watch *watch, enum stage stage)
{
	watch->stage = stage;
	watch->deadline_ms = deadline_now_ms() + (stage == KILLED ? LAST_WAIT_MS : GRACE_MS);
	send_signal(watch, stage);
}

/* Returns the octets read, 0 at the end, or -errno. */
static ssize_t read_text(int fd, struct hook_text *text)
{
	char dropped[DROPPED_OCTETS];
	size_t room = text->max - text->len;
	ssize_t got = room > 0 ? read(fd, text->bytes + text->len, room)
			       : read(fd, dropped, sizeof(dropped));

	if (got < 0) {
		return -errno;
	}
	if (room > 0) {
		text->len += (size_t)got;
	} else {
		text->dropped += (size_t)got;
		secret_wipe_bytes(dropped, sizeof(dropped));
	}
	return got;
}

static void take_text(struct pollfd *fd, struct hook_text *text)
{
	if (fd->revents && read_text(fd->fd, text) == 0) {
		fd->fd = -1;
	}
}

/* The report's pipe is closed by exec; there is something in it if that failed. */
static void take_report(struct watch *watch)
{
	if (watch->fds[REPORT].revents) {
		if (read(watch->fds[REPORT].fd, &watch->start_error, sizeof(int)) != sizeof(int)) {
			watch->start_error = 0;
		}
		watch->fds[REPORT].fd = -1;
	}
}

static void kill_at_once(struct watch *watch, bool *why)
{
	*why = true;
	go_on_to(watch, KILLED);
}

static bool is_flooded(const struct hook_outcome *outcome)
{
	return outcome->out.dropped > HOOK_DROPPED_MAX || outcome->err.dropped > HOOK_DROPPED_MAX;
}

/* Returns false when there is nothing more to wait for. */
static bool wait_once(struct watch *watch)
{
	uint64_t now_ms = deadline_now_ms();
	uint64_t left_ms = watch->deadline_ms > now_ms ? watch->deadline_ms - now_ms : 0;

	if (poll(watch->fds, WAIT_COUNT, left_ms > INT_MAX ? INT_MAX : (int)left_ms) < 0) {
		if (errno != EINTR) {
			go_on_to(watch, KILLED);
		}
		return errno == EINTR;
	}
	take_text(&watch->fds[OUT], &watch->outcome->out);
	take_text(&watch->fds[ERR], &watch->outcome->err);
	take_report(watch);
	if (watch->fds[ENDED].revents) {
		return false;
	}
	if (watch->fds[WAKE].revents) {
		watch->fds[WAKE].fd = -1;
		kill_at_once(watch, &watch->interrupted);
	} else if (is_flooded(watch->outcome) && watch->stage != KILLED) {
		kill_at_once(watch, &watch->flooded);
	} else if (left_ms == 0) {
		if (watch->stage == KILLED) {
			return false;
		}
		go_on_to(watch, watch->stage + 1);
	}
	return true;
}

/* Whoever holds the pipes open now has left the group, and is not waited for. */
static void take_the_rest(struct watch *watch)
{
	const struct pollfd *out = &watch->fds[OUT], *err = &watch->fds[ERR];

	for (int i = 0; out->fd >= 0 && i < LAST_READS_MAX; i++) {
		if (read_text(out->fd, &watch->outcome->out) <= 0) {
			break;
		}
	}
	for (int i = 0; err->fd >= 0 && i < LAST_READS_MAX; i++) {
		if (read_text(err->fd, &watch->outcome->err) <= 0) {
			break;
		}
	}
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Of a process that has ended. Its group's number is its own until it is waited for. */
static void reap(struct hook_process *process, siginfo_t *info)
{
	info->si_code = 0;
	kill(-process->pid, SIGKILL);
	waitid(P_PIDFD, (id_t)process->pid_fd, info, WEXITED);
	close(process->pid_fd);
	process->pid = 0;
}

static bool has_ended(const struct hook_process *process)
{
	struct pollfd fd = { .fd = process->pid_fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static void judge(const struct watch *watch, const siginfo_t *info)
{
	struct hook_outcome *outcome = watch->outcome;

	outcome->status = info->si_status;
	if (watch->interrupted) {
		outcome->end = HOOK_INTERRUPTED;
	} else if (watch->flooded) {
		outcome->end = HOOK_FLOODED;
	} else if (watch->stage != RUNNING) {
		outcome->end = HOOK_TIMED_OUT;
	} else if (watch->start_error != 0) {
		outcome->end = HOOK_NOT_STARTED;
		outcome->status = watch->start_error;
	} else {
		outcome->end = info->si_code == CLD_EXITED ? HOOK_EXITED : HOOK_SIGNALLED;
	}
}

static void watch_until_end(struct hook_process *process, const struct hook_call *call,
	const struct pipes *pipes, struct hook_outcome *outcome)
{
	struct watch watch = {
		.process = process,
		.outcome = outcome,
		.fds = {
			[WAKE] = { .fd = call->wake_fd, .events = POLLIN },
			[ENDED] = { .fd = process->pid_fd, .events = POLLIN },
			[OUT] = { .fd = pipes->out[0], .events = POLLIN },
			[ERR] = { .fd = pipes->err[0], .events = POLLIN },
			[REPORT] = { .fd = pipes->report[0], .events = POLLIN },
		},
		.deadline_ms = deadline_now_ms() + call->timeout_ms,
	};
	siginfo_t info = { 0 };

	while (wait_once(&watch)) {
	}
	if (has_ended(process)) {
		reap(process, &info);
	}
	take_the_rest(&watch);
	judge(&watch, &info);
}

static void terminate(struct hook_text *text)
{
	text->bytes[text->len] = '\0';
}

void hook_process_run(
	struct hook_process *process, const struct hook_call *call, struct hook_outcome *outcome)
{
	struct pipes pipes;
	siginfo_t info;
	int rc;

	outcome->out.len = outcome->err.len = 0;
	outcome->out.dropped = outcome->err.dropped = 0;
	if (process->pid != 0 && has_ended(process)) {
		reap(process, &info);
	}
	rc = open_pipes(&pipes);
	if (rc == 0) {
		rc = process->pid != 0 ? -EBUSY : start(process, call, &pipes);
	}
	if (rc < 0) {
		outcome->end = HOOK_NOT_STARTED;
		outcome->status = -rc;
	} else {
		close_fd(&pipes.out[1]);
		close_fd(&pipes.err[1]);
		close_fd(&pipes.report[1]);
		watch_until_end(process, call, &pipes, outcome);
	}
	close_pipes(&pipes);
	terminate(&outcome->out);
	terminate(&outcome->err);
}

void hook_process_fini(struct hook_process *process)
{
	if (process->pid != 0) {
		close(process->pid_fd);
		process->pid = 0;
	}
}
