/*
 * keyid-craft: makes a capture from a scenario, a small text that says which station
 * says what and when, and what is lost, repeated or forged on the way. The messages
 * are made by the same code as the daemon's. pcaps/README.md has the language.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/keyid-craft/random.h"
#include "tools/keyid-craft/scenario.h"

#define EXIT_USAGE 2

struct options {
	const char *scenario;
	const char *output;
	bool verdicts;
	bool random;
	enum carrier carrier; /* of random messages */
	uint64_t count;
	uint64_t seed;
};

static void usage(FILE *out)
{
	fputs("usage: keyid-craft [--verdicts] SCENARIO -o CAPTURE\n"
	      "       keyid-craft --random N [--lldp] [--seed S] -o CAPTURE\n"
	      "\n"
	      "Makes a capture from a scenario; the language is in pcaps/README.md.\n"
	      "\n"
	      "  -o, --output CAPTURE  the file to write\n"
	      "  --verdicts            print what each station makes of each frame that it hears:\n"
	      "                        number in the capture (0: not in it), station, verdict\n"
	      "  --random N            N random valid messages; association span-1, link west,\n"
	      "                        channel key 1 of docs/protocol.md section 9.1\n"
	      "  --lldp                in LLDPDUs\n"
	      "  --seed S              which ones (1)\n"
	      "\n"
	      "Exit status: 0, 2 after an error that a line FILE:LINE: names, and no capture.\n",
		out);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value <= max;
}

/* True if what was asked for can be done. */
static bool parse(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "verdicts", no_argument, NULL, 'v' },
		{ "random", required_argument, NULL, 'r' },
		{ "lldp", no_argument, NULL, 'l' },
		{ "seed", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'o':
			options->output = optarg;
			break;
		case 'v':
			options->verdicts = true;
			break;
		case 'r':
			options->random = true;
			if (!parse_number(optarg, RANDOM_FRAMES_MAX, &options->count)) {
				return false;
			}
			break;
		case 'l':
			options->carrier = CARRIER_LLDP;
			break;
		case 's':
			if (!parse_number(optarg, UINT64_MAX, &options->seed)) {
				return false;
			}
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return false;
		}
	}
	options->scenario = argv[optind];
	return options->output && argc - optind == (options->random ? 0 : 1);
}

static bool make_scenario(const struct options *options)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	bool good = false;

	if (!scenario) {
		perror("keyid-craft");
		return false;
	}
	scenario->show_verdicts = options->verdicts;
	if (script_open(&scenario->script, options->scenario)) {
		good = capfile_init(&scenario->capture) && scenario_act(scenario) &&
		       capfile_write(&scenario->capture, options->output, scenario->cut);
		capfile_fini(&scenario->capture);
		script_close(&scenario->script);
	}
	scenario_free(scenario);
	free(scenario);
	return good;
}

static bool make_random(const struct options *options)
{
	struct capfile capture;
	bool good;

	if (!capfile_init(&capture)) {
		return false;
	}
	good = random_capture(&capture, options->carrier, options->count, options->seed) &&
	       capfile_write(&capture, options->output, 0);
	capfile_fini(&capture);
	return good;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1 };

	if (!parse(argc, argv, &options)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return (options.random ? make_random(&options) : make_scenario(&options)) ? 0 : EXIT_USAGE;
}
