#include "tools/kmesim/listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_and_listen(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0) {
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

static int open_here(const char *address, uint16_t port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char service[8];
	int fd;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = bind_and_listen(found);
	freeaddrinfo(found);
	return fd;
}

/* A socket stays in the namespace that it was made in; only its making needs the visit. */
static int open_in_namespace(const char *netns, const char *address, uint16_t port)
{
	char path[256];
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int away, fd = -1;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	away = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && away >= 0 && setns(away, CLONE_NEWNET) == 0) {
		int reason;

		fd = open_here(address, port);
		reason = errno;
		if (setns(home, CLONE_NEWNET) < 0 && fd >= 0) {
			close(fd);
			fd = -1;
		} else {
			errno = reason;
		}
	}
	if (home >= 0) {
		close(home);
	}
	if (away >= 0) {
		close(away);
	}
	return fd;
}

int listen_socket_open(const struct sim_kme *kme)
{
	return kme->netns ? open_in_namespace(kme->netns, kme->address, kme->port)
			  : open_here(kme->address, kme->port);
}

void listen_socket_url(int fd, char *out, size_t size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64] = "?", port[8] = "?";

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
		getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	}
	snprintf(out, size, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
}
