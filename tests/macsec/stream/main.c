/*
 * A stream of numbered frames both ways between two network namespaces, and what
 * became of each:
 *
 *     stream [OPTION...] NAMESPACE:END NAMESPACE:END
 *
 * END is an IP address, between which UDP goes, or with --ethertype an interface,
 * between which frames of this EtherType go. One process sends and receives at
 * both ends, so it knows at any time what is missing. It says "streaming" once
 * frames have come both ways, goes on until SIGTERM, SIGINT or --frames, waits for
 * those under way, and prints a line for each direction and one for both. Exit
 * status: 0 if every frame came once and none too late, 1 if not, 2 if it could
 * not run.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tests/macsec/stream/stream.h"

#define RANGES_PRINTED 10

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	fprintf(stderr, "stream: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(2);
}

/* ---- the account --------------------------------------------------------------------------- */

static uint64_t lost(const struct direction *way)
{
	return way->sent - way->received;
}

static void print_time(const struct stream *stream, uint32_t ms)
{
	uint64_t wall_ms = stream->started_wall_ms + ms;
	time_t second = (time_t)(wall_ms / 1000);
	struct tm parts;
	char text[16];

	strftime(text, sizeof(text), "%H:%M:%S", gmtime_r(&second, &parts));
	printf("%s.%03u", text, (unsigned int)(wall_ms % 1000));
}

/* When what is missing was sent, by the clock of the logs. */
static void print_lost(const struct stream *stream, const struct direction *way)
{
	uint64_t first, number = 1;
	int ranges = 0;

	while (number <= way->sent && ranges < RANGES_PRINTED) {
		if (way->came[number]) {
			number++;
			continue;
		}
		for (first = number; number <= way->sent && !way->came[number]; number++) {
		}
		printf("  lost: %" PRIu64 " frames, sent from ", number - first);
		print_time(stream, way->sent_ms[first]);
		printf(" to ");
		print_time(stream, way->sent_ms[number - 1]);
		printf("\n");
		ranges++;
	}
}

static bool print_way(const struct stream *stream, const struct direction *way)
{
	printf("%s to %s: %" PRIu64 " sent, %" PRIu64 " lost, %" PRIu64 " refused%s%s, %" PRIu64
	       " duplicated, %" PRIu64 " corrupted, %" PRIu64 " reordered, %" PRIu64
	       " by more than %" PRIu64 "; delay %" PRIu64 " ms, longest %" PRIu64
	       " ms; longest silence %" PRIu64 " ms\n",
		way->from->name, way->to->name, way->sent, lost(way), way->refused,
		way->refused != 0 ? ": " : "",
		way->refused != 0 ? strerror(way->refused_errno) : "", way->duplicated,
		way->corrupted, way->reordered, way->late, stream->options.window,
		way->received != 0 ? way->delays_ns / way->received / 1000000 : 0,
		way->delay_ns / 1000000, way->silence_ns / 1000000);
	print_lost(stream, way);
	return way->sent > 0 && lost(way) + way->duplicated + way->corrupted + way->late == 0;
}

static bool print_all(const struct stream *stream)
{
	const struct direction *ways = stream->ways;
	bool well = print_way(stream, &ways[0]);

	well = print_way(stream, &ways[1]) && well;
	printf("stream: %" PRIu64 " of %" PRIu64 " frames lost, %" PRIu64
	       " reordered by more than %" PRIu64 ", %" PRIu64 " duplicated, %" PRIu64
	       " corrupted; longest stall of the sender %" PRIu64 " ms\n",
		lost(&ways[0]) + lost(&ways[1]), ways[0].sent + ways[1].sent,
		ways[0].late + ways[1].late, stream->options.window,
		ways[0].duplicated + ways[1].duplicated, ways[0].corrupted + ways[1].corrupted,
		stream->stall_ns / 1000000);
	return well;
}

/* ---- the command line ---------------------------------------------------------------------- */

static const struct option long_options[] = {
	{ "ethertype", required_argument, NULL, 'e' },
	{ "frames", required_argument, NULL, 'f' },
	{ "interval-us", required_argument, NULL, 'i' },
	{ "size", required_argument, NULL, 's' },
	{ "window", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 },
};

__attribute__((noreturn)) static void usage(void)
{
	fprintf(stderr,
		"usage: stream [--frames N] [--interval-us N] [--size OCTETS] [--window N]\n"
		"              [--ethertype N] NAMESPACE:END NAMESPACE:END\n");
	exit(2);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
		fprintf(stderr, "stream: %s: a number from %" PRIu64 " to %" PRIu64 "\n", text,
			least, most);
		exit(2);
	}
	return value;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'e':
			options->ethertype = (uint16_t)number(optarg, 0x600, 0xFFFF);
			break;
		case 'f':
			options->frames = number(optarg, 1, STREAM_FRAMES_MAX);
			break;
		case 'i':
			options->interval_us = number(optarg, 10, 10000000);
			break;
		case 's':
			options->size = number(optarg, STREAM_SIZE_MIN, STREAM_SIZE_MAX);
			break;
		case 'w':
			options->window = number(optarg, 0, UINT32_MAX);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2) {
		usage();
	}
}

static void direction_init(struct direction *way, struct end *from, struct end *to)
{
	way->from = from;
	way->to = to;
	memcpy(from->header, to->header + ETH_ALEN, ETH_ALEN);
	way->came = calloc(STREAM_FRAMES_MAX + 1, sizeof(*way->came));
	way->sent_ms = calloc(STREAM_FRAMES_MAX + 1, sizeof(*way->sent_ms));
	if (way->came == NULL || way->sent_ms == NULL) {
		die("memory");
	}
}

int main(int argc, char **argv)
{
	struct stream stream = { .options = {
					 .frames = STREAM_FRAMES_MAX,
					 .interval_us = 1000,
					 .window = 64,
					 .size = 200,
				 } };
	bool well;

	parse_options(argc, argv, &stream.options);
	if (getrandom(&stream.run, sizeof(stream.run), 0) != sizeof(stream.run)) {
		die("getrandom");
	}
	end_open(&stream.ends[0], argv[optind], stream.options.ethertype);
	end_open(&stream.ends[1], argv[optind + 1], stream.options.ethertype);
	direction_init(&stream.ways[0], &stream.ends[0], &stream.ends[1]);
	direction_init(&stream.ways[1], &stream.ends[1], &stream.ends[0]);
	stream_run(&stream);
	well = print_all(&stream);
	for (int i = 0; i < 2; i++) {
		close(stream.ends[i].fd);
		free(stream.ways[i].came);
		free(stream.ways[i].sent_ms);
	}
	return well ? 0 : 1;
}
