/*
 * keyidd-lldpd: speaks with lldpd for keyidd, which starts it (see keyidd/lldpd.h) and is at
 * the other end of its standard input. It ends when keyidd does, however that ends, once it
 * has removed our TLVs.
 *
 *     keyidd-lldpd SOCKET OUI SUBTYPE
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/hex.h"
#include "keyidd/lldpd_packet.h"
#include "tools/keyidd-lldpd/agent.h"
#include "tools/keyidd-lldpd/confine.h"

#define CHANNEL STDIN_FILENO
#define RECEIVE_BUDGET 64 /* packets in a turn of the loop */

struct helper {
	struct loop *loop;
	struct loop_watch channel;
	struct agent *agent;
	int status;
};

/* ---- to keyidd ------------------------------------------------------------------------------- */

/* Waits for keyidd, if it must: lldpd then waits for us. Its end shows when we read. */
static void tell(enum lldpd_packet_type type, const char *interface, const void *octets, size_t len)
{
	struct lldpd_packet packet = lldpd_packet(type, interface);

	lldpd_packet_add(&packet, octets, len);
	lldpd_packet_send(CHANNEL, &packet, 0);
}

static void heard(void *ctx, const char *interface, const uint8_t *message, size_t len)
{
	(void)ctx;
	tell(LLDPD_PACKET_HEARD, interface, message, len);
}

static void opened(void *ctx, const char *interface)
{
	(void)ctx;
	tell(LLDPD_PACKET_OPENED, interface, NULL, 0);
}

static void failed(void *ctx, const char *interface, const char *error)
{
	(void)ctx;
	tell(LLDPD_PACKET_ERROR, interface, error, strlen(error));
}

static void said(void *ctx, enum log_level level, const char *line)
{
	struct lldpd_packet packet = lldpd_packet(LLDPD_PACKET_LOG, "");
	uint8_t octet = (uint8_t)level;

	(void)ctx;
	lldpd_packet_add(&packet, &octet, 1);
	lldpd_packet_add(&packet, line, strlen(line));
	lldpd_packet_send(CHANNEL, &packet, 0);
}

/* ---- from keyidd ----------------------------------------------------------------------------- */

/* 0 or -errno: -EPROTO for what only we may say. */
static int take(struct helper *helper, const struct lldpd_packet *packet)
{
	switch (packet->type) {
	case LLDPD_PACKET_OPEN:
		return agent_open(helper->agent, packet->interface);
	case LLDPD_PACKET_CLOSE:
		return agent_close(helper->agent, packet->interface);
	case LLDPD_PACKET_SEND:
		agent_send(helper->agent, packet->interface, packet->octets, packet->len);
		return 0;
	case LLDPD_PACKET_HEARD:
	case LLDPD_PACKET_OPENED:
	case LLDPD_PACKET_ERROR:
	case LLDPD_PACKET_LOG:
	case LLDPD_PACKET_TYPES:
		break;
	}
	return -EPROTO;
}

static void ready(void *ctx, uint32_t events)
{
	struct helper *helper = ctx;
	struct lldpd_packet packet;
	int rc = 0;

	(void)events;
	for (int i = 0; i < RECEIVE_BUDGET && rc == 0; i++) {
		rc = lldpd_packet_receive(CHANNEL, &packet);
		rc = rc == 0 ? take(helper, &packet) : rc;
	}
	if (rc != 0 && rc != -EAGAIN) {
		helper->status = rc == -ECONNRESET ? EXIT_SUCCESS : EXIT_FAILURE;
		loop_stop(helper->loop);
	}
}

/* ---- from start to end ----------------------------------------------------------------------- */

static int parse_format(char **arguments, struct lldp_format *format)
{
	char *end;
	unsigned long subtype = strtoul(arguments[1], &end, 10);

	if (hex_decode(arguments[0], strlen(arguments[0]), format->oui, sizeof(format->oui)) !=
			sizeof(format->oui) ||
		*end || end == arguments[1] || subtype > UINT8_MAX) {
		return -EINVAL;
	}
	format->subtype = (uint8_t)subtype;
	return 0;
}

/* It ends with keyidd and not before, whoever signals the two of them. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		signal(signals[i], SIG_IGN);
	}
}

static int run(struct helper *helper, const char *path, const struct lldp_format *format)
{
	struct agent_user user = { heard, opened, failed, said, helper };

	helper->channel = (struct loop_watch){ .fd = CHANNEL, .ready = ready, .ctx = helper };
	helper->loop = loop_new();
	helper->agent = helper->loop ? agent_new(helper->loop, path, format, &user) : NULL;
	if (!helper->agent || loop_watch_add(helper->loop, &helper->channel, EPOLLIN) != 0 ||
		loop_run(helper->loop) != 0) {
		helper->status = EXIT_FAILURE;
	}
	agent_free(helper->agent);
	loop_free(helper->loop);
	return helper->status;
}

int main(int argc, char **argv)
{
	struct helper helper = { .status = EXIT_SUCCESS };
	struct lldp_format format;
	int type = 0;
	socklen_t len = sizeof(type);

	if (argc != 4 || parse_format(argv + 2, &format) != 0 ||
		getsockopt(CHANNEL, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
		type != SOCK_SEQPACKET) {
		fprintf(stderr, "keyidd-lldpd: keyidd starts this where lldp-agent is lldpd\n");
		return 2;
	}
	ignore_signals();
	confine();
	return run(&helper, argv[1], &format);
}
