/*
 * routersim: a look-alike of a Junos router's NETCONF side and of its MKA, for
 * tests, demos and for trying keyidd without a router. sshd starts it as the
 * subsystem "netconf"; see sshd.sh.
 */
#include <stdio.h>
#include <string.h>

#include "netconf/xml.h"
#include "tools/routersim/commands.h"
#include "tools/routersim/faults.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis;
	const char *text;
} commands[] = {
	{ "init", cmd_init,
		"--state DIR --name NAME --association CA --suite SUITE\n"
		"              [--peer DIR2] --interface IF ... [--ckn HEX --cak-file FILE]\n"
		"              [--mka-delay MS] [--base-1.1] [--rfc-compliant]\n"
		"              [--mka-form blocks|detail|table]\n"
		"              [--key-chain KC [--start SECONDS]] [--clock-offset SECONDS]\n"
		"              [--time-zone ZONE]",
		"makes the router's state; each --peer is at the far end of the --interface beside "
		"it" },
	{ "show", cmd_show, "--state DIR [--json]", "what it holds, CAKs as fingerprints" },
	{ "clock", cmd_clock, "--state DIR SECONDS",
		"sets how far its clock is ahead of this machine's" },
	{ "fault", cmd_fault, "--state DIR KIND [ARGUMENT] [COUNT | always]",
		"something goes wrong, once or COUNT times" },
	{ "clear", cmd_clear, "--state DIR", "nothing goes wrong any more" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	fprintf(out, "usage: routersim --state DIR\n"
		     "           serves one NETCONF session on standard input and output\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "       routersim %s %s\n           %s\n", commands[i].name,
			commands[i].synopsis, commands[i].text);
	}
	if (out == stdout) {
		printf("\nfaults:\n");
		fault_help();
	}
	return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	xml_init();
	if (argc < 2) {
		return usage(stderr);
	}
	if (strcmp(argv[1], "--help") == 0) {
		return usage(stdout);
	}
	if (argc == 3 && strcmp(argv[1], "--state") == 0) {
		return cmd_serve(argv[2]);
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	return usage(stderr);
}
