#include "tools/keyid-replay/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "keyid-replay: %s: %s\n", what, strerror(errno));
	return -1;
}

static void run_diff(int from, const char *expect)
{
	if (dup2(from, STDIN_FILENO) >= 0) {
		execlp("diff", "diff", "-u", "--label", expect, "--label", "now", "--", expect, "-",
			(char *)NULL);
	}
	fprintf(stderr, "keyid-replay: diff: %s\n", strerror(errno));
	_exit(2);
}

static int start_diff(struct output *output, const char *expect)
{
	int ends[2];

	if (access(expect, R_OK) != 0) {
		return failed(expect);
	}
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return failed("pipe");
	}
	output->diff = fork();
	if (output->diff < 0) {
		close(ends[0]);
		close(ends[1]);
		return failed("fork");
	}
	if (output->diff == 0) {
		run_diff(ends[0], expect);
	}
	close(ends[0]);
	output->file = fdopen(ends[1], "w");
	return output->file ? 0 : failed("fdopen");
}

int output_open(struct output *output, const char *expect)
{
	*output = (struct output){ .file = stdout };
	if (!expect) {
		return 0;
	}
	/* diff may find that it cannot read its file, and end before us. */
	signal(SIGPIPE, SIG_IGN);
	return start_diff(output, expect);
}

int output_close(struct output *output)
{
	int status;

	if (!output->diff) {
		bool is_written = fflush(output->file) == 0 && !ferror(output->file);

		return is_written ? 0 : (failed("standard output"), 2);
	}
	fclose(output->file);
	while (waitpid(output->diff, &status, 0) < 0) {
		if (errno != EINTR) {
			failed("waitpid");
			return 2;
		}
	}
	return WIFEXITED(status) && WEXITSTATUS(status) <= 1 ? WEXITSTATUS(status) : 2;
}
