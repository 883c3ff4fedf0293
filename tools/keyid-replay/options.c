#include "tools/keyid-replay/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: keyid-replay --config FILE [OPTION...] CAPTURE...\n"
	"       keyid-replay --config FILE [OPTION...] --follow INTERFACE\n"
	"\n"
	"Runs the frames of captures (pcap, pcapng; - is standard input) through keyidd's\n"
	"receiver, and says of each what became of it.\n"
	"\n"
	"  -c, --config FILE       associations and channel keys, as keyidd has them\n"
	"  -s, --station SAE       as that SAE's station received them; else as an observer\n"
	"  -i, --interface NAME    the captures are of this interface of the configuration\n"
	"  -j, --json              one JSON object for each frame\n"
	"  -S, --summary           only how many frames had which verdict\n"
	"  -e, --expect FILE       compare with what is in FILE; differences give status 1\n"
	"  -f, --follow INTERFACE  listen there instead; sends nothing\n"
	"  -p, --promiscuous       with --follow: also frames to groups that nobody joined\n"
	"  -n, --count N           end after N frames\n"
	"  -h, --help              this text\n"
	"  -V, --version\n"
	"\n"
	"Exit status: 0; 1 differences; 2 wrong usage or configuration, or a capture that\n"
	"cannot be read to its end.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "station", required_argument, NULL, 's' },
	{ "interface", required_argument, NULL, 'i' },
	{ "json", no_argument, NULL, 'j' },
	{ "summary", no_argument, NULL, 'S' },
	{ "expect", required_argument, NULL, 'e' },
	{ "follow", required_argument, NULL, 'f' },
	{ "promiscuous", no_argument, NULL, 'p' },
	{ "count", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int wrong(const char *why, const char *what)
{
	fprintf(stderr, "keyid-replay: %s%s; see keyid-replay --help\n", why, what);
	return 2;
}

static int read_count(const char *text, uint64_t *count)
{
	char *end;

	errno = 0;
	*count = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '1' && text[0] <= '9' && *end == '\0'
		       ? -1
		       : wrong("not a number of frames: ", text);
}

static int read_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return -1;
	case 's':
		return sae_id_set(&options->station, optarg, strlen(optarg))
			       ? -1
			       : wrong("not an SAE ID: ", optarg);
	case 'i':
		options->interface = optarg;
		return -1;
	case 'j':
		options->json = true;
		return -1;
	case 'S':
		options->summary = true;
		return -1;
	case 'e':
		options->expect = optarg;
		return -1;
	case 'f':
		options->follow = optarg;
		return -1;
	case 'p':
		options->promiscuous = true;
		return -1;
	case 'n':
		return read_count(optarg, &options->count);
	case 'h':
		fputs(usage, stdout);
		return 0;
	case 'V':
		puts("keyid-replay " KEYIDD_VERSION);
		return 0;
	default:
		return wrong("unknown option, or one without its value: ", argument);
	}
}

static int check(const struct options *options)
{
	if (!options->config) {
		return wrong("--config FILE is missing", "");
	}
	if (options->follow && options->capture_count > 0) {
		return wrong("either captures or --follow", "");
	}
	if (!options->follow && options->capture_count == 0) {
		return wrong("no capture given", "");
	}
	if (options->promiscuous && !options->follow) {
		return wrong("--promiscuous goes with --follow", "");
	}
	return -1;
}

int options_read(struct options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof(*options));
	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:s:i:jSe:f:pn:hV", long_options, NULL)) != -1) {
		int status = read_option(options, option, argv[optind - 1]);

		if (status != -1) {
			return status;
		}
	}
	options->captures = argv + optind;
	options->capture_count = (size_t)(argc - optind);
	return check(options);
}
