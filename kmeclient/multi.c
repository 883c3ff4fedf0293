#include "kmeclient/multi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "kmeclient/wipe.h"

#define EVENTS_PER_TURN 32
#define CACHED_CONNECTIONS 64L

/* Hundreds of calls at once share so many, instead of as many TLS handshakes. */
#define HOST_CONNECTIONS 16L

struct kme_multi {
	CURLM *curl;
	int epoll_fd; /* holds libcurl's sockets and timer_fd; readable when either is due */
	int timer_fd;
};

/* CURLMOPT_SOCKETFUNCTION: libcurl says what it waits for on a socket. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct kme_multi *multi = ctx;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	(void)socket_ctx;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(multi->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (epoll_ctl(multi->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0) {
		return 0;
	}
	return epoll_ctl(multi->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -1;
}

/* CURLMOPT_TIMERFUNCTION: -1 means no timer; 0 means at once, but not from in here. */
static int set_timer(CURLM *curl, long timeout_ms, void *ctx)
{
	const struct kme_multi *multi = ctx;
	struct itimerspec spec = { 0 };

	(void)curl;
	if (timeout_ms > 0) {
		spec.it_value.tv_sec = timeout_ms / 1000;
		spec.it_value.tv_nsec = timeout_ms % 1000 * 1000000;
	} else if (timeout_ms == 0) {
		spec.it_value.tv_nsec = 1;
	}
	return timerfd_settime(multi->timer_fd, 0, &spec, NULL) == 0 ? 0 : -1;
}

static bool open_descriptors(struct kme_multi *multi)
{
	struct epoll_event event = { .events = EPOLLIN };

	multi->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	multi->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.fd = multi->timer_fd;
	return multi->epoll_fd >= 0 && multi->timer_fd >= 0 &&
	       epoll_ctl(multi->epoll_fd, EPOLL_CTL_ADD, multi->timer_fd, &event) == 0;
}

static bool open_curl(struct kme_multi *multi)
{
	multi->curl = curl_multi_init();
	return multi->curl &&
	       curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi) == CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi) == CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, CACHED_CONNECTIONS) ==
		       CURLM_OK &&
	       curl_multi_setopt(multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS, HOST_CONNECTIONS) ==
		       CURLM_OK;
}

struct kme_multi *kme_multi_new(void)
{
	struct kme_multi *multi;

	kme_wipe_json_memory();
	if (kme_wipe_curl_memory() < 0) {
		return NULL;
	}
	multi = calloc(1, sizeof(*multi));
	if (!multi) {
		return NULL;
	}
	if (!open_descriptors(multi) || !open_curl(multi)) {
		kme_multi_free(multi);
		return NULL;
	}
	return multi;
}

void kme_multi_free(struct kme_multi *multi)
{
	if (!multi) {
		return;
	}
	curl_multi_cleanup(multi->curl); /* closes the connections, and so still uses epoll_fd */
	if (multi->timer_fd >= 0) {
		close(multi->timer_fd);
	}
	if (multi->epoll_fd >= 0) {
		close(multi->epoll_fd);
	}
	free(multi);
}

int kme_multi_fd(const struct kme_multi *multi)
{
	return multi->epoll_fd;
}

int kme_multi_add(struct kme_multi *multi, struct kme_multi_entry *entry)
{
	if (curl_easy_setopt(entry->easy, CURLOPT_PRIVATE, entry) != CURLE_OK ||
		curl_multi_add_handle(multi->curl, entry->easy) != CURLM_OK) {
		return -ENOMEM;
	}
	return 0;
}

void kme_multi_remove(struct kme_multi *multi, struct kme_multi_entry *entry)
{
	curl_multi_remove_handle(multi->curl, entry->easy);
}

static void handle_event(struct kme_multi *multi, const struct epoll_event *event)
{
	uint64_t expirations;
	int running;
	int what;

	if (event->data.fd == multi->timer_fd) {
		if (read(multi->timer_fd, &expirations, sizeof(expirations)) < 0) {
			return; /* set anew since epoll_wait() */
		}
		curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
		return;
	}
	what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
	       (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
	       (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	curl_multi_socket_action(multi->curl, event->data.fd, what, &running);
}

/*
 * Nothing of a message is used after ended(): it may start, cancel and close
 * calls, which adds to and takes from libcurl's list of messages.
 */
static void report_ended(struct kme_multi *multi)
{
	struct kme_multi_entry *entry;
	CURLMsg *message;
	CURLcode code;
	int left;

	while ((message = curl_multi_info_read(multi->curl, &left))) {
		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		code = message->data.result;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&entry) !=
			CURLE_OK) {
			continue;
		}
		curl_multi_remove_handle(multi->curl, entry->easy);
		entry->ended(entry, code);
	}
}

void kme_multi_dispatch(struct kme_multi *multi)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(multi->epoll_fd, events, EVENTS_PER_TURN, 0);

	for (int i = 0; i < count; i++) {
		handle_event(multi, &events[i]);
	}
	report_ended(multi);
}
