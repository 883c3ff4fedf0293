/*
 * Name resolution with a deadline. getaddrinfo() can neither be given a time
 * nor be interrupted, so it runs in a thread of its own, which is left to end by
 * itself when nobody waits for it any more. Numeric addresses need no thread.
 */
#ifndef NETCONF_RESOLVE_H
#define NETCONF_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

/*
 * Resolves for TCP. Returns 0 and *list, to be freed by freeaddrinfo(); an EAI_
 * code; EAI_AGAIN too when the time is up or wake_fd becomes readable.
 */
int resolve_host(
	const char *host, uint16_t port, int wake_fd, uint64_t deadline_ms, struct addrinfo **list);

#endif
