#include "netconf/macsec_netlink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "netconf/deadline.h"

#define TIMEOUT_MS 2000

/*
 * The kernel makes the datagrams of a dump as large as what it was last offered to fill,
 * up to 32 KiB, and a SecY whose channels do not fit into one is silently left out.
 */
#define DATAGRAM_MAX (32 * 1024)

/* The echo of a refused request would hold the SAK: no echo, but words. */
static int set_options(struct mnl_socket *socket)
{
	int on = 1;

	if (mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on)) < 0) {
		return -errno;
	}
	/* From Linux 4.12 on; without it there are only numbers. */
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	return 0;
}

int macsec_netlink_open(struct macsec_netlink *netlink, int bus)
{
	int rc = 0;

	memset(netlink, 0, sizeof(*netlink));
	netlink->datagram = malloc(DATAGRAM_MAX);
	if (!netlink->datagram) {
		return -ENOMEM;
	}
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		rc = -errno;
	}
	rc = rc < 0 ? rc : set_options(netlink->socket);
	if (rc < 0) {
		macsec_netlink_close(netlink);
	}
	return rc;
}

void macsec_netlink_close(struct macsec_netlink *netlink)
{
	if (netlink->socket) {
		mnl_socket_close(netlink->socket);
	}
	free(netlink->datagram);
	memset(netlink, 0, sizeof(*netlink));
}

/*
 * Waits for a datagram. Returns its length, 0 if there is none yet, or -errno. Anybody with
 * CAP_NET_ADMIN could write to the socket: only the kernel is listened to.
 */
static ssize_t receive(struct macsec_netlink *netlink, uint64_t deadline_ms)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t from_len = sizeof(from);
	int rc = deadline_wait_fd(mnl_socket_get_fd(netlink->socket), POLLIN, -1, deadline_ms);
	ssize_t len;

	if (rc <= 0) {
		return rc < 0 ? rc : -ETIMEDOUT;
	}
	len = recvfrom(mnl_socket_get_fd(netlink->socket), netlink->datagram, DATAGRAM_MAX,
		MSG_TRUNC, (struct sockaddr *)&from, &from_len);
	if (len < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	if (from_len != sizeof(from) || from.nl_pid != 0) {
		return 0;
	}
	return len <= DATAGRAM_MAX ? len : -ENOSPC;
}

int macsec_netlink_ask(struct macsec_netlink *netlink, struct macsec_request *request,
	macsec_reply_fn reply, void *ctx)
{
	uint64_t deadline_ms;
	struct macsec_exchange exchange = {
		.sequence = ++netlink->sequence,
		.port_id = mnl_socket_get_portid(netlink->socket),
		.reply = reply,
		.ctx = ctx,
	};
	ssize_t len = 0;

	request->header.nlmsg_seq = exchange.sequence;
	netlink->words[0] = '\0';
	if (mnl_socket_sendto(netlink->socket, request->octets, request->header.nlmsg_len) < 0) {
		return -errno;
	}
	/* The kernel acts inside the call, however long it waits for its locks and modules. */
	deadline_ms = deadline_now_ms() + TIMEOUT_MS;
	while (len >= 0 && !exchange.done) {
		len = receive(netlink, deadline_ms);
		if (len > 0) {
			macsec_exchange_take(&exchange, netlink->datagram, (size_t)len);
		}
	}
	if (len < 0) {
		return (int)len;
	}
	snprintf(netlink->words, sizeof(netlink->words), "%s", exchange.words);
	return exchange.interrupted ? -EAGAIN : exchange.error;
}

int macsec_netlink_ask_all(struct macsec_netlink *netlink, struct macsec_batch *batch)
{
	uint64_t deadline_ms;
	ssize_t len = 0;

	macsec_batch_begin(batch, netlink->sequence + 1, mnl_socket_get_portid(netlink->socket));
	netlink->sequence += (uint32_t)batch->count;
	netlink->words[0] = '\0';
	if (mnl_socket_sendto(netlink->socket, batch->octets, batch->len) < 0) {
		return -errno;
	}
	deadline_ms = deadline_now_ms() + TIMEOUT_MS;
	while (len >= 0 && !macsec_batch_is_done(batch)) {
		len = receive(netlink, deadline_ms);
		if (len > 0) {
			macsec_batch_take(batch, netlink->datagram, (size_t)len);
		}
	}
	return len < 0 ? (int)len : 0;
}
