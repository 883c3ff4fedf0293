#include "keyidd/netif.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "common/log.h"
#include "keyidd/netif_table.h"

#define DATAGRAM_MAX (32 * 1024) /* the most that the kernel puts into one: libmnl's manual */
#define RECEIVE_BUDGET 64        /* datagrams in a turn of the loop */
#define ASK_INTERVAL_MS 200      /* between requests, when one burst follows another */
#define ANSWER_MS 2000           /* that an answer may take: the kernel begins it at once */

struct netifs {
	struct loop *loop;
	struct mnl_socket *socket;
	struct loop_watch watch;
	struct netif_table table;
	struct loop_timer ask;
	uint64_t asked_ms;
	uint32_t sequence;
	bool is_answering; /* the last request is not answered completely */
	bool ask_again;    /* once it is whole */
	struct log_limit lost_limit;
	_Alignas(struct nlmsghdr) uint8_t datagram[DATAGRAM_MAX];
};

/* ---- asking ---------------------------------------------------------------------------------- */

/* Two requests at a time the kernel refuses. */
static void ask_soon(struct netifs *netifs)
{
	uint64_t now_ms = clock_mono_ms(), at_ms = netifs->asked_ms + ASK_INTERVAL_MS;

	if (netifs->is_answering) {
		netifs->ask_again = true;
	} else {
		loop_timer_set(netifs->loop, &netifs->ask, at_ms > now_ms ? at_ms : now_ms);
	}
}

/* Also when no answer has come for long, which should not be. */
static void ask(void *ctx)
{
	struct netifs *netifs = ctx;
	_Alignas(struct nlmsghdr) uint8_t request[NETIF_REQUEST_MAX];
	size_t len = netif_write_request(++netifs->sequence, request);

	netif_table_asked(&netifs->table);
	netifs->asked_ms = clock_mono_ms();
	netifs->ask_again = false;
	netifs->is_answering = mnl_socket_sendto(netifs->socket, request, len) >= 0;
	loop_timer_set(netifs->loop, &netifs->ask, netifs->asked_ms + ANSWER_MS);
}

static void answered(struct netifs *netifs, enum netif_answer answer)
{
	netifs->is_answering = false;
	loop_timer_stop(netifs->loop, &netifs->ask);
	if (answer != NETIF_ANSWER_WHOLE || netifs->ask_again) {
		ask_soon(netifs);
		return;
	}
	netif_table_answered(&netifs->table);
}

/* Nothing that was known is certain any more. */
static void lost(struct netifs *netifs, int error)
{
	uint32_t held_back;

	if (log_limit_allow(&netifs->lost_limit, clock_mono_ms(), &held_back)) {
		log_write(LOG_LEVEL_NOTICE, "netif",
			"messages about network interfaces were lost: %s; asking for all of them "
			"(%u like this held back)",
			strerror(error), held_back);
	}
	netif_table_lost(&netifs->table);
	ask_soon(netifs);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static void take(void *ctx, const struct netif_message *message)
{
	struct netifs *netifs = ctx;

	netif_table_take(&netifs->table, message);
}

/* Anybody with CAP_NET_ADMIN could write to the socket: only the kernel is listened to. */
static int receive(struct netifs *netifs)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(netifs->watch.fd, netifs->datagram, sizeof(netifs->datagram),
		MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_len);
	enum netif_answer answer;

	if (len < 0) {
		return -errno;
	}
	if (from_len != sizeof(from) || from.nl_pid != 0) {
		return 0;
	}
	if ((size_t)len > sizeof(netifs->datagram)) {
		return -EMSGSIZE;
	}
	answer = netif_read_datagram(netifs->datagram, (size_t)len,
		netifs->is_answering ? netifs->sequence : 0, mnl_socket_get_portid(netifs->socket),
		take, netifs);
	if (answer != NETIF_ANSWER_OPEN) {
		answered(netifs, answer);
	}
	return 0;
}

static void ready(void *ctx, uint32_t events)
{
	struct netifs *netifs = ctx;
	int rc = 0;

	(void)events;
	for (int i = 0; i < RECEIVE_BUDGET && rc != -EAGAIN; i++) {
		rc = receive(netifs);
		if (rc != 0 && rc != -EAGAIN && rc != -EINTR) {
			lost(netifs, -rc);
		}
	}
	netif_table_tell(&netifs->table);
}

static int open_socket(struct netifs *netifs)
{
	netifs->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netifs->socket ||
		mnl_socket_bind(netifs->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
		return -errno;
	}
	netifs->watch.fd = mnl_socket_get_fd(netifs->socket);
	return loop_watch_add(netifs->loop, &netifs->watch, EPOLLIN);
}

struct netifs *netifs_new(struct loop *loop, char error[static NETIF_ERROR_MAX])
{
	struct netifs *netifs = calloc(1, sizeof(*netifs));
	int rc;

	if (!netifs) {
		snprintf(error, NETIF_ERROR_MAX, "no memory");
		return NULL;
	}
	netifs->loop = loop;
	netifs->watch = (struct loop_watch){ .ready = ready, .ctx = netifs };
	netifs->ask = (struct loop_timer){ .fn = ask, .ctx = netifs };
	rc = open_socket(netifs);
	if (rc != 0) {
		snprintf(error, NETIF_ERROR_MAX,
			"network interfaces cannot be watched: %s (AF_NETLINK, NETLINK_ROUTE)",
			strerror(-rc));
		netifs_free(netifs);
		return NULL;
	}
	return netifs;
}

void netifs_free(struct netifs *netifs)
{
	if (!netifs) {
		return;
	}
	loop_timer_stop(netifs->loop, &netifs->ask);
	loop_watch_remove(netifs->loop, &netifs->watch);
	if (netifs->socket) {
		mnl_socket_close(netifs->socket);
	}
	free(netifs);
}

/* ---- watches --------------------------------------------------------------------------------- */

void netif_watch_add(struct netifs *netifs, struct netif_watch *watch)
{
	netif_table_add(&netifs->table, watch);
	ask_soon(netifs);
}

void netif_watch_remove(struct netifs *netifs, struct netif_watch *watch)
{
	netif_table_remove(&netifs->table, watch);
}

void netif_ask(struct netifs *netifs)
{
	ask_soon(netifs);
}
