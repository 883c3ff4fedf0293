#include "keyidd/lldpd_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char name[] = "keyidd-lldpd";

/* In the folder of the program that runs, wherever it was installed or built. */
static void find_beside(char out[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[len > 0 ? len : 0] = '\0';
	slash = strrchr(out, '/');
	snprintf(slash ? slash + 1 : out, slash ? (size_t)(out + PATH_MAX - slash - 1) : PATH_MAX,
		"%s", name);
}

void lldpd_process_init(struct lldpd_process *process, const struct lldpd_config *config)
{
	*process = (struct lldpd_process){ .format = config->format };
	snprintf(process->socket, sizeof(process->socket), "%s", config->socket);
	if (config->program) {
		snprintf(process->program, sizeof(process->program), "%s", config->program);
	} else {
		find_beside(process->program);
	}
}

/* Returns 0 or an errno. */
static int spawn(struct lldpd_process *process, int far_end)
{
	const uint8_t *oui = process->format.oui;
	char oui_text[8], subtype[8], program[] = "keyidd-lldpd";
	char *arguments[] = { program, process->socket, oui_text, subtype, NULL };
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0) {
		return rc;
	}
	snprintf(oui_text, sizeof(oui_text), "%02x%02x%02x", oui[0], oui[1], oui[2]);
	snprintf(subtype, sizeof(subtype), "%u", process->format.subtype);
	rc = posix_spawn_file_actions_adddup2(&actions, far_end, STDIN_FILENO);
	if (rc == 0) {
		rc = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	}
	if (rc == 0) {
		rc = posix_spawn(
			&process->pid, process->program, &actions, NULL, arguments, environ);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int lldpd_process_start(struct lldpd_process *process, char why[static LLDPD_TEXT_MAX])
{
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		snprintf(why, LLDPD_TEXT_MAX, "%s: %s", name, strerror(errno));
		return -1;
	}
	rc = spawn(process, ends[1]);
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		process->pid = 0;
		snprintf(why, LLDPD_TEXT_MAX, "%.200s: %s", process->program, strerror(rc));
		return -1;
	}
	process->fd = ends[0];
	return 0;
}

void lldpd_process_finish(struct lldpd_process *process)
{
	shutdown(process->fd, SHUT_WR);
}

bool lldpd_process_wait(const struct lldpd_process *process, uint64_t end_ms)
{
	struct pollfd fd = { .fd = process->fd, .events = POLLIN };
	uint64_t now_ms = clock_mono_ms();

	return now_ms < end_ms && poll(&fd, 1, (int)(end_ms - now_ms)) > 0;
}

void lldpd_process_stop(struct lldpd_process *process, char why[static LLDPD_TEXT_MAX])
{
	int status = 0;

	close(process->fd);
	kill(process->pid, SIGKILL); /* it has not been waited for: its number is still its own */
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
	}
	process->pid = 0;
	if (WIFSIGNALED(status)) {
		snprintf(
			why, LLDPD_TEXT_MAX, "%s has ended: %s", name, strsignal(WTERMSIG(status)));
	} else {
		snprintf(why, LLDPD_TEXT_MAX, "%s has ended with status %d", name,
			WEXITSTATUS(status));
	}
}
