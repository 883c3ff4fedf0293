/* The two ends: sockets in their namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <net/if.h>
#include <netinet/in.h>

#include "tests/macsec/stream/stream.h"

#define PORT "8887"
#define BUFFER_OCTETS (16 << 20)

static void enter_namespace(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
		die("%s", path);
	}
	close(fd);
}

static void open_udp(struct end *end, const char *address)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *info;
	int error = getaddrinfo(address, PORT, &hints, &info);

	if (error != 0) {
		fprintf(stderr, "stream: %s: %s\n", address, gai_strerror(error));
		exit(2);
	}
	memcpy(&end->address, info->ai_addr, info->ai_addrlen);
	end->address_len = info->ai_addrlen;
	freeaddrinfo(info);
	end->fd = socket(end->address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || bind(end->fd, &end->address.sa, end->address_len) != 0) {
		die("%s: %s", end->name, address);
	}
}

/* As libnet sends: whole frames, whose EtherType the kernel is not told beforehand. */
static void open_link(struct end *end, const char *interface, uint16_t ethertype)
{
	struct sockaddr_ll *link = &end->address.link;
	struct ifreq request = { 0 };

	*link = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ethertype),
		.sll_ifindex = (int)if_nametoindex(interface),
		.sll_halen = ETH_ALEN,
	};
	end->address_len = sizeof(*link);
	end->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || bind(end->fd, &end->address.sa, end->address_len) != 0) {
		die("%s: %s", end->name, interface);
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(end->fd, SIOCGIFHWADDR, &request) != 0) {
		die("%s: %s", end->name, interface);
	}
	memcpy(end->header + ETH_ALEN, request.ifr_hwaddr.sa_data, ETH_ALEN);
	link->sll_protocol = htons(ETH_P_ALL);
	ethertype = htons(ethertype);
	memcpy(end->header + 2 * ETH_ALEN, &ethertype, sizeof(ethertype));
}

void end_open(struct end *end, char *argument, uint16_t ethertype)
{
	const int buffer = BUFFER_OCTETS;
	char *colon = strchr(argument, ':');

	if (colon == NULL) {
		fprintf(stderr, "stream: %s: not NAMESPACE:END\n", argument);
		exit(2);
	}
	*colon = '\0';
	end->name = argument;
	enter_namespace(end->name);
	if (ethertype != 0) {
		open_link(end, colon + 1, ethertype);
	} else {
		open_udp(end, colon + 1);
	}
	if (setsockopt(end->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) != 0 ||
		setsockopt(end->fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) != 0) {
		die("%s: buffers", end->name);
	}
}
