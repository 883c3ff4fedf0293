/*
 * The machinery behind struct kme_multi: libcurl's multi socket interface on an
 * epoll descriptor of its own, so that the caller polls one descriptor and
 * knows nothing of sockets and timeouts.
 */
#ifndef KMECLIENT_MULTI_H
#define KMECLIENT_MULTI_H

#include <curl/curl.h>

#include "kmeclient/kme.h"

/*
 * A transfer under way, embedded in whatever made it. ended is called once,
 * from kme_multi_dispatch(), when it is over; by then it is out of the multi.
 */
struct kme_multi_entry {
	CURL *easy; /* its CURLOPT_PRIVATE is set by kme_multi_add() */
	void (*ended)(struct kme_multi_entry *entry, CURLcode code);
};

/* Starts a transfer. Nothing is called back from inside. Returns 0 or -ENOMEM. */
int kme_multi_add(struct kme_multi *multi, struct kme_multi_entry *entry);

/* Takes out a transfer that has not ended: its connection is closed, ended() is not called. */
void kme_multi_remove(struct kme_multi *multi, struct kme_multi_entry *entry);

#endif
