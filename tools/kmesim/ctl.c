#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/kmesim/control.h"

static void usage(FILE *out)
{
	fputs("usage: kmesim ctl --socket PATH COMMAND...\n\nCommands:\n", out);
	control_help(out);
}

static FILE *connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "kmesim: %s: %s\n", path, strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return NULL;
	}
	return fdopen(fd, "r+");
}

/* Prints what comes after "ok"; returns the exit status. */
static int print_answer(FILE *server)
{
	char line[1024];

	if (!fgets(line, sizeof(line), server)) {
		fputs("kmesim: no answer\n", stderr);
		return 1;
	}
	if (strcmp(line, "ok\n") != 0) {
		fprintf(stderr, "kmesim: %s", line);
		return 1;
	}
	while (fgets(line, sizeof(line), server)) {
		fputs(line, stdout);
	}
	return 0;
}

int ctl_main(int count, char **arguments)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	const char *path = NULL;
	int option, status;
	FILE *server;

	while ((option = getopt_long(count, arguments, "+s:h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!path || optind == count) {
		usage(stderr);
		return 2;
	}
	server = connect_to(path);
	if (!server) {
		return 1;
	}
	for (int i = optind; i < count; i++) {
		fprintf(server, "%s%c", arguments[i], i + 1 < count ? ' ' : '\n');
	}
	fflush(server);
	status = print_answer(server);
	fclose(server);
	return status;
}
