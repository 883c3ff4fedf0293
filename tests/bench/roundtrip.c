/*
 * Round trip of a 128-octet frame between two Ethernet interfaces that are wired
 * to each other, one process and one processor at each end:
 *
 *     roundtrip INTERFACE INTERFACE
 *
 * The first way is the limit that the others are measured against. A machine's
 * pace changes within seconds, so the ways take turns, and the ratio printed is
 * the median of the ratios within each turn.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include "l2proto/auth.h"
#include "l2proto/port.h"
#include "tests/bench/lib/measure.h"

#define FRAME_LEN 128
#define HEADER_LEN 19
#define MESSAGE_LEN (FRAME_LEN - HEADER_LEN)
#define TURNS 9
#define TRIPS 4000
#define WARM_UP_TRIPS 200
#define TURN_SECONDS_MAX 30

static const struct ethernet_format format = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5E },
	0x0042 };
static const uint8_t group[ETHERNET_ADDRESS_LEN] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E };

/* One end, opened in one of the ways. */
struct end {
	int fd; /* polls ready when a frame waits */
	int epoll;
	struct port *port;
	struct auth *auth;
	uint8_t received[FRAME_LEN];
};

struct way {
	const char *name;
	void (*open)(struct end *end, const char *interface);
	void (*close)(struct end *end);
	void (*send)(struct end *end, const uint8_t message[static MESSAGE_LEN]);
	/* Waits for a frame and leaves it in end->received. */
	void (*receive)(struct end *end);
};

/* ---- blocking AF_PACKET -------------------------------------------------------------------- */

static void packet_open(struct end *end, const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(format.ethertype),
		.sll_ifindex = (int)if_nametoindex(interface),
	};

	end->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (end->fd < 0 || bind(end->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		measure_die(interface);
	}
}

static void packet_close(struct end *end)
{
	close(end->fd);
}

static void packet_send(struct end *end, const uint8_t message[static MESSAGE_LEN])
{
	struct ethernet_header header = { .source = { 0x02, 0, 0, 0, 0, 1 } };
	uint8_t frame[ETHERNET_HEADER_MAX + MESSAGE_LEN];

	memcpy(header.destination, group, ETHERNET_ADDRESS_LEN);
	size_t header_len = ethernet_build(&format, &header, frame);
	memcpy(frame + header_len, message, MESSAGE_LEN);
	if (send(end->fd, frame, FRAME_LEN, 0) != FRAME_LEN) {
		measure_die("send");
	}
}

static void packet_receive(struct end *end)
{
	if (recv(end->fd, end->received, FRAME_LEN, 0) != FRAME_LEN) {
		measure_die("recv");
	}
}

/* ---- the raw port -------------------------------------------------------------------------- */

static void raw_open(struct end *end, const char *interface)
{
	struct port_raw_config config = { .interface = interface, .format = format };
	struct epoll_event event = { .events = EPOLLIN };
	char error[PORT_ERROR_TEXT_MAX];

	end->port = port_raw_open(&config, error);
	if (!end->port) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	end->fd = port_fd(end->port);
	end->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (end->epoll < 0 || epoll_ctl(end->epoll, EPOLL_CTL_ADD, end->fd, &event) != 0) {
		measure_die("epoll");
	}
}

static void raw_close(struct end *end)
{
	close(end->epoll);
	port_close(end->port);
}

static void raw_send(struct end *end, const uint8_t message[static MESSAGE_LEN])
{
	int result = port_send(end->port, group, 0, message, MESSAGE_LEN);

	if (result < 0) {
		errno = -result;
		measure_die("port_send");
	}
}

static void keep(void *ctx, const uint8_t *frame, size_t len)
{
	struct end *end = ctx;

	memcpy(end->received, frame, len < FRAME_LEN ? len : FRAME_LEN);
}

static void raw_receive(struct end *end)
{
	struct epoll_event event;
	int taken = 0;

	while (taken == 0) {
		if (epoll_wait(end->epoll, &event, 1, -1) < 0) {
			measure_die("epoll_wait");
		}
		taken = port_receive(end->port, 1, keep, end);
	}
	if (taken < 0) {
		errno = -taken;
		measure_die("port_receive");
	}
}

/* ---- the same, with the HMAC of a message's last 32 octets signed and verified at each end ----
 */

#define SIGNED_LEN (MESSAGE_LEN - AUTH_HMAC_LEN)

static void signed_open(struct end *end, const char *interface)
{
	struct secret key = { .len = CHANNEL_KEY_LEN };

	raw_open(end, interface);
	end->auth = auth_new(&key, "bench", "bench", 1);
	if (!end->auth) {
		measure_die("auth_new");
	}
}

static void signed_close(struct end *end)
{
	auth_free(end->auth);
	raw_close(end);
}

static void signed_send(struct end *end, const uint8_t message[static MESSAGE_LEN])
{
	uint8_t octets[MESSAGE_LEN];

	memcpy(octets, message, SIGNED_LEN);
	if (!auth_sign(end->auth, octets, SIGNED_LEN, octets + SIGNED_LEN)) {
		measure_die("auth_sign");
	}
	raw_send(end, octets);
}

static void signed_receive(struct end *end)
{
	const uint8_t *message = end->received + HEADER_LEN;

	raw_receive(end);
	if (!auth_verify(end->auth, message, SIGNED_LEN, message + SIGNED_LEN)) {
		fprintf(stderr, "a message is not authentic\n");
		exit(1);
	}
}

/* One row for each way; what is printed of a row is relative to the first. */
static const struct way ways[] = {
	{ "blocking AF_PACKET", packet_open, packet_close, packet_send, packet_receive },
	{ "raw port (epoll, libpcap, libnet)", raw_open, raw_close, raw_send, raw_receive },
	{ "raw port, HMAC-SHA-256 both ways", signed_open, signed_close, signed_send,
		signed_receive },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- one turn ------------------------------------------------------------------------------ */

struct turn {
	double p50_us;
	double p90_us;
};

static void echo_for_ever(const struct way *way, const char *interface)
{
	struct end end;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	measure_use_processor(1);
	way->open(&end, interface);
	for (;;) {
		way->receive(&end);
		way->send(&end, end.received + HEADER_LEN);
	}
}

static void send_number(const struct way *way, struct end *end, uint32_t number)
{
	uint8_t message[MESSAGE_LEN] = { 0 };

	memcpy(message, &number, sizeof(number));
	way->send(end, message);
}

/* Takes frames until the one with this number: what came late to a repeated send is passed over. */
static void receive_number(const struct way *way, struct end *end, uint32_t number)
{
	do {
		way->receive(end);
	} while (memcmp(end->received + HEADER_LEN, &number, sizeof(number)) != 0);
}

/* The other end may not be open yet. */
static void wait_for_answer(const struct way *way, struct end *end)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event) != 0) {
		measure_die("epoll");
	}
	do {
		send_number(way, end, 0);
	} while (epoll_wait(epoll, &event, 1, 20) == 0);
	close(epoll);
}

static struct turn take_turn(const struct way *way, char **interfaces)
{
	static double took_us[TRIPS];
	struct end end;

	pid_t echo = fork();
	if (echo < 0) {
		measure_die("fork");
	}
	if (echo == 0) {
		echo_for_ever(way, interfaces[1]);
	}
	alarm(TURN_SECONDS_MAX);
	way->open(&end, interfaces[0]);
	wait_for_answer(way, &end);
	for (uint32_t i = 0; i < WARM_UP_TRIPS + TRIPS; i++) {
		double start_us = measure_now_us();

		send_number(way, &end, i + 1);
		receive_number(way, &end, i + 1);
		if (i >= WARM_UP_TRIPS) {
			took_us[i - WARM_UP_TRIPS] = measure_now_us() - start_us;
		}
	}
	alarm(0);
	way->close(&end);
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
	return (struct turn){
		.p50_us = measure_percentile(took_us, TRIPS, 50),
		.p90_us = measure_percentile(took_us, TRIPS, 90),
	};
}

/* ---- all turns ----------------------------------------------------------------------------- */

static void print_way(size_t which, struct turn turns[][WAYS])
{
	double p50_us[TURNS], p90_us[TURNS], p50_ratio[TURNS], p90_ratio[TURNS];

	for (size_t i = 0; i < TURNS; i++) {
		p50_us[i] = turns[i][which].p50_us;
		p90_us[i] = turns[i][which].p90_us;
		p50_ratio[i] = p50_us[i] / turns[i][0].p50_us;
		p90_ratio[i] = p90_us[i] / turns[i][0].p90_us;
	}
	printf("%-36s %8.1f %8.1f %10.2f %10.2f\n", ways[which].name,
		measure_percentile(p50_us, TURNS, 50), measure_percentile(p90_us, TURNS, 50),
		measure_percentile(p50_ratio, TURNS, 50), measure_percentile(p90_ratio, TURNS, 50));
}

int main(int argc, char **argv)
{
	struct turn turns[TURNS][WAYS];

	if (argc != 3) {
		fprintf(stderr, "usage: roundtrip INTERFACE INTERFACE\n");
		return 2;
	}
	measure_use_processor(0);
	for (size_t i = 0; i < TURNS; i++) {
		for (size_t which = 0; which < WAYS; which++) {
			turns[i][which] = take_turn(&ways[which], argv + 1);
		}
	}
	printf("Round trip of a %d-octet frame, %d turns of %d trips\n", FRAME_LEN, TURNS, TRIPS);
	printf("%-36s %8s %8s %10s %10s\n", "", "p50 us", "p90 us", "p50 ratio", "p90 ratio");
	for (size_t which = 0; which < WAYS; which++) {
		print_way(which, turns);
	}
	return 0;
}
