#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/keyidctl/ctl.h"

#define DEFAULT_SOCKET "/run/keyidd/control.sock"

/* Options beside the general ones that a subcommand takes. */
enum { TAKES_LIMIT = 1, TAKES_WAIT = 2 };

static const struct {
	const char *name;
	int (*main)(const struct ctl *ctl);
	unsigned takes;
	const char *arguments, *help; /* NULL: another spelling, not listed */
} commands[] = {
	{ "status", status_main, 0, "[ASSOCIATION]", "how each association is, and what is wrong" },
	{ "neighbours", neighbours_main, 0, "[ASSOCIATION]", "the stations heard on each link" },
	{ "neighbors", neighbours_main, 0, NULL, NULL },
	{ "history", history_main, TAKES_LIMIT, "[ASSOCIATION] [--limit N]",
		"what has happened, the newest last" },
	{ "rekey", rekey_main, TAKES_WAIT, "[ASSOCIATION] [--wait] [--timeout S]",
		"ask for a new key now" },
	{ "counters", counters_main, 0, "[ASSOCIATION]",
		"messages by verdict, interfaces, keys fetched" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	fputs("usage: keyidctl [--socket PATH] [--json] COMMAND [ARGUMENTS]\n\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (commands[i].help) {
			fprintf(to, "  %-10s %-35s %s\n", commands[i].name, commands[i].arguments,
				commands[i].help);
		}
	}
	fprintf(to,
		"  %-10s %-35s %s\n"
		"\n"
		"  --socket PATH  the daemon's control socket (default $KEYIDD_SOCKET or\n"
		"                 %s)\n"
		"  --json         the daemon's answer as JSON\n"
		"  --sae SAE      which one, if keyidd acts for several SAEs of the association;\n"
		"                 or ASSOCIATION/SAE\n"
		"  --wait         come back when the new key is confirmed, or say why it is not\n"
		"  --timeout S    for so many seconds at most (default 120)\n"
		"\n"
		"Exit status: 0 done, 1 keyidd says no or the key is not confirmed, 2 usage,\n"
		"3 keyidd cannot be reached. See keyidctl(1).\n",
		"help", "", "this text", DEFAULT_SOCKET);
}

static int wrong(const char *what, const char *why)
{
	complain("%s: %s; see keyidctl help", what, why);
	return CTL_USAGE;
}

/* A whole number from 1 to max; 0 if it is none. */
static int parse_number(const char *text, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && value >= 1 && value <= max ? (int)value
										       : 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct ctl *ctl)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "sae", required_argument, NULL, 'S' },
		{ "limit", required_argument, NULL, 'l' },
		{ "wait", no_argument, NULL, 'w' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:jh", options, NULL)) != -1) {
		switch (option) {
		case 's':
			ctl->socket = optarg;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 'S':
			ctl->sae = optarg;
			break;
		case 'l':
			ctl->limit = parse_number(optarg, 10000);
			if (ctl->limit == 0) {
				return wrong("--limit", "a number from 1 to 10000 is wanted");
			}
			break;
		case 'w':
			ctl->wait = true;
			break;
		case 't':
			ctl->timeout_s = parse_number(optarg, 3600);
			if (ctl->timeout_s == 0) {
				return wrong("--timeout", "seconds from 1 to 3600 are wanted");
			}
			break;
		case 'h':
			help(stdout);
			return CTL_OK;
		case 'V':
			printf("keyidctl %s\n", KEYIDD_VERSION);
			return CTL_OK;
		default:
			return wrong("arguments",
				"an option that there is not, or one without its value");
		}
	}
	return -1;
}

static int run(size_t command, int count, char **arguments, struct ctl *ctl)
{
	const char *name = commands[command].name;

	if (count > 1) {
		return wrong(name, "one association at most");
	}
	if (ctl->limit && !(commands[command].takes & TAKES_LIMIT)) {
		return wrong(name, "takes no --limit");
	}
	if ((ctl->wait || ctl->timeout_s) && !(commands[command].takes & TAKES_WAIT)) {
		return wrong(name, "takes no --wait or --timeout");
	}
	if (ctl->timeout_s && !ctl->wait) {
		return wrong(name, "--timeout without --wait");
	}
	ctl->association = arguments[0];
	return commands[command].main(ctl);
}

static int choose(int argc, char **argv, struct ctl *ctl)
{
	if (optind == argc) {
		help(stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[optind], "help") == 0) {
		help(stdout);
		return CTL_OK;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[optind], commands[i].name) == 0) {
			return run(i, argc - optind - 1, argv + optind + 1, ctl);
		}
	}
	return wrong(argv[optind], "no such command");
}

int main(int argc, char **argv)
{
	const char *from_environment = getenv("KEYIDD_SOCKET");
	struct ctl ctl = { .socket = from_environment && from_environment[0] ? from_environment
									     : DEFAULT_SOCKET };
	int status;

	signal(SIGPIPE, SIG_DFL); /* "keyidctl history | head" ends quietly */
	status = parse_options(argc, argv, &ctl);
	if (status < 0) {
		status = choose(argc, argv, &ctl);
	}
	if (fflush(stdout) != 0 && status == CTL_OK) {
		perror("keyidctl: standard output");
		status = CTL_NO;
	}
	return status;
}
