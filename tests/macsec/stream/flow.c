/* Sending, receiving and counting. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/macsec/stream/stream.h"

#define BURST_MAX 16 /* frames a turn: more would be lost in queues of the test's own making */
#define SETTLE_MS 1000

/* The text stands out in a capture, where nothing should be readable. */
struct payload {
	char text[24];
	uint64_t run; /* another one for each run: what is left of one before is not ours */
	uint64_t sender;
	uint64_t number;
	uint64_t sent_ns;
};
static const char payload_text[24] = "keyidd stream in clear";

_Static_assert(sizeof(struct payload) == STREAM_SIZE_MIN, "the least that a frame carries");

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- sending ------------------------------------------------------------------------------- */

static size_t header_len(const struct options *options)
{
	return options->ethertype != 0 ? ETHER_HDR_LEN : 0;
}

static void send_one(struct stream *stream, struct direction *way)
{
	uint8_t frame[ETHER_HDR_LEN + STREAM_SIZE_MAX];
	struct payload payload = { .run = stream->run, .sender = way == &stream->ways[1] };
	const struct end *to = stream->options.ethertype != 0 ? way->from : way->to;
	size_t skip = header_len(&stream->options), len = skip + stream->options.size;

	if (way->sent >= stream->options.frames) {
		return;
	}
	payload.number = ++way->sent;
	payload.sent_ns = now_ns();
	memcpy(payload.text, payload_text, sizeof(payload.text));
	memcpy(frame, way->from->header, skip);
	memcpy(frame + skip, &payload, sizeof(payload));
	memset(frame + skip + sizeof(payload), (int)(payload.number & 0xFF),
		stream->options.size - sizeof(payload));
	way->sent_ms[payload.number] = (uint32_t)((payload.sent_ns - stream->started_ns) / 1000000);
	if (sendto(way->from->fd, frame, len, MSG_DONTWAIT, &to->address.sa, to->address_len) < 0) {
		way->refused++;
		way->refused_errno = errno;
	}
}

static void tick(struct stream *stream)
{
	uint64_t expired = 0;

	if (read(stream->timer, &expired, sizeof(expired)) != sizeof(expired)) {
		return;
	}
	if ((expired - 1) * stream->options.interval_us * 1000 > stream->stall_ns) {
		stream->stall_ns = (expired - 1) * stream->options.interval_us * 1000;
	}
	for (uint64_t i = 0; i < expired && i < BURST_MAX; i++) {
		send_one(stream, &stream->ways[0]);
		send_one(stream, &stream->ways[1]);
	}
}

/* ---- receiving ----------------------------------------------------------------------------- */

static bool intact(const struct options *options, const uint8_t *data, size_t len,
	const struct payload *payload)
{
	/* A short frame of an EtherType may have been padded. */
	if (len < options->size || (len > options->size && options->ethertype == 0)) {
		return false;
	}
	for (size_t i = sizeof(*payload); i < options->size; i++) {
		if (data[i] != (uint8_t)(payload->number & 0xFF)) {
			return false;
		}
	}
	return true;
}

static void count_delay(struct direction *way, uint64_t delay_ns)
{
	way->delays_ns += delay_ns;
	if (delay_ns > way->delay_ns) {
		way->delay_ns = delay_ns;
	}
}

static void count_arrival(
	const struct options *options, struct direction *way, const struct payload *payload)
{
	uint64_t number = payload->number, now = now_ns();

	if (way->came[number]) {
		way->duplicated++;
		return;
	}
	way->came[number] = true;
	way->received++;
	count_delay(way, now - payload->sent_ns);
	if (number > way->highest) {
		way->highest = number;
	} else {
		way->reordered++;
		way->late += way->highest - number > options->window;
	}
	if (way->last_ns != 0 && now - way->last_ns > way->silence_ns) {
		way->silence_ns = now - way->last_ns;
	}
	way->last_ns = now;
}

/* What others sent, or a run before this one, does not count. */
static void take(struct stream *stream, struct direction *way, const uint8_t *data, size_t len)
{
	struct payload payload;

	if (len < sizeof(payload)) {
		return;
	}
	memcpy(&payload, data, sizeof(payload));
	if (memcmp(payload.text, payload_text, sizeof(payload.text)) != 0 ||
		payload.run != stream->run ||
		payload.sender != (uint64_t)(way == &stream->ways[1])) {
		return;
	}
	if (payload.number == 0 || payload.number > way->sent ||
		!intact(&stream->options, data, len, &payload)) {
		way->corrupted++;
		return;
	}
	count_arrival(&stream->options, way, &payload);
}

static void receive_all(struct stream *stream, struct direction *way)
{
	size_t skip = header_len(&stream->options);
	uint8_t frame[2048];
	ssize_t len;

	for (;;) {
		len = recv(way->to->fd, frame, sizeof(frame), MSG_DONTWAIT);
		if (len >= 0 && (size_t)len >= skip) {
			take(stream, way, frame + skip, (size_t)len - skip);
		} else if (len < 0 && (errno == EAGAIN || errno == ENETDOWN)) {
			return;
		} else if (len < 0 && errno != EINTR && errno != ECONNREFUSED) {
			die("%s: receive", way->to->name);
		}
	}
}

/* ---- a run --------------------------------------------------------------------------------- */

static void start_timer(struct stream *stream)
{
	const long interval_ns = (long)stream->options.interval_us * 1000;
	const struct itimerspec times = {
		.it_interval = { interval_ns / 1000000000, interval_ns % 1000000000 },
		.it_value = { 0, 1 },
	};
	struct timespec wall;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	stream->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	stream->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (stream->signals < 0 || stream->timer < 0 ||
		timerfd_settime(stream->timer, 0, &times, NULL) != 0) {
		die("timer");
	}
	stream->started_ns = now_ns();
	clock_gettime(CLOCK_REALTIME, &wall);
	stream->started_wall_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
}

static void announce(struct stream *stream)
{
	if (!stream->announced && stream->ways[0].received > 0 && stream->ways[1].received > 0) {
		stream->announced = true;
		puts("streaming");
		fflush(stdout);
	}
}

/* Waits for what comes first and deals with it; false when nothing came. */
static bool turn(struct stream *stream, bool sending, int timeout_ms)
{
	struct pollfd polled[] = {
		{ stream->ways[0].to->fd, POLLIN, 0 },
		{ stream->ways[1].to->fd, POLLIN, 0 },
		{ sending ? stream->timer : -1, POLLIN, 0 },
		{ sending ? stream->signals : -1, POLLIN, 0 },
	};
	int ready = poll(polled, 4, timeout_ms);

	if (ready < 0 && errno != EINTR) {
		die("poll");
	}
	receive_all(stream, &stream->ways[0]);
	receive_all(stream, &stream->ways[1]);
	if (polled[2].revents != 0) {
		tick(stream);
	}
	stream->stopping = stream->stopping || polled[3].revents != 0;
	announce(stream);
	return ready != 0;
}

static bool all_sent(const struct stream *stream)
{
	return stream->ways[0].sent >= stream->options.frames;
}

static bool all_came(const struct stream *stream)
{
	return stream->ways[0].received == stream->ways[0].sent &&
	       stream->ways[1].received == stream->ways[1].sent;
}

void stream_run(struct stream *stream)
{
	start_timer(stream);
	while (!stream->stopping && !all_sent(stream)) {
		turn(stream, true, -1);
	}
	while (!all_came(stream) && turn(stream, false, SETTLE_MS)) {
	}
}
