#include <stdio.h>
#include <string.h>

#include "tools/kmesim/sim.h"

static const struct {
	const char *name;
	int (*main)(int count, char **arguments);
	const char *help;
} subcommands[] = {
	{ "serve", serve_main, "serve --config FILE              run the KMEs" },
	{ "ctl", ctl_main, "ctl --socket PATH COMMAND...     faults, counts and delivered keys" },
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static void usage(FILE *out)
{
	fputs("kmesim simulates a network of KMEs (ETSI GS QKD 014) for tests and demonstrations.\n"
	      "It keeps and shows the keys it delivers: never use it on a real link.\n\n",
		out);
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
		fprintf(out, "%s kmesim %s\n", i ? "      " : "usage:", subcommands[i].help);
	}
	fputs("\nEach takes --help.\n", out);
}

int main(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < SUBCOMMAND_COUNT && argc > 1; i++) {
		if (strcmp(argv[1], subcommands[i].name) == 0) {
			return subcommands[i].main(argc - 1, argv + 1);
		}
	}
	usage(stderr);
	return 2;
}
