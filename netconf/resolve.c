#include "netconf/resolve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netconf/deadline.h"

/* Shared by the asking and the resolving thread; the last to let go frees it. */
struct request {
	_Atomic int holders;
	int done_fd;
	char *host;
	char port[8];
	int result;
	struct addrinfo *list;
};

static void let_go(struct request *request)
{
	if (atomic_fetch_sub(&request->holders, 1) > 1) {
		return;
	}
	if (request->list) {
		freeaddrinfo(request->list);
	}
	if (request->done_fd >= 0) {
		close(request->done_fd);
	}
	free(request->host);
	free(request);
}

static int look_up(const char *host, const char *port, int flags, struct addrinfo **list)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};

	return getaddrinfo(host, port, &hints, list);
}

static void *resolve_thread(void *ctx)
{
	struct request *request = ctx;

	request->result = look_up(request->host, request->port, AI_ADDRCONFIG, &request->list);
	eventfd_write(request->done_fd, 1);
	let_go(request);
	return NULL;
}

static struct request *request_new(const char *host, const char *port)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request) {
		return NULL;
	}
	request->holders = 1;
	request->done_fd = eventfd(0, EFD_CLOEXEC);
	request->host = strdup(host);
	if (request->done_fd < 0 || !request->host) {
		let_go(request);
		return NULL;
	}
	snprintf(request->port, sizeof(request->port), "%s", port);
	return request;
}

/* The caller's thread blocks all signals, and so will this one. */
static int start_thread(struct request *request)
{
	pthread_t thread;
	int rc;

	request->holders = 2;
	rc = pthread_create(&thread, NULL, resolve_thread, request);
	if (rc != 0) {
		request->holders = 1;
		return rc;
	}
	return pthread_detach(thread);
}

int resolve_host(
	const char *host, uint16_t port, int wake_fd, uint64_t deadline_ms, struct addrinfo **list)
{
	struct request *request;
	char port_text[8];
	int rc = EAI_AGAIN;

	snprintf(port_text, sizeof(port_text), "%u", port);
	*list = NULL;
	if (look_up(host, port_text, AI_NUMERICHOST, list) == 0) {
		return 0;
	}
	request = request_new(host, port_text);
	if (!request) {
		return EAI_MEMORY;
	}
	if (start_thread(request) != 0) {
		rc = EAI_MEMORY;
	} else if (deadline_wait_fd(request->done_fd, POLLIN, wake_fd, deadline_ms) > 0) {
		eventfd_t one;

		eventfd_read(request->done_fd, &one); /* orders the result before its use */
		rc = request->result;
		*list = request->list;
		request->list = NULL;
	}
	let_go(request);
	return rc;
}
