/*
 * A client of wpa_supplicant's control interface: a datagram of text there, a datagram of
 * text back.
 *
 * libwpa_client would do this, but wpa_ctrl_request() waits up to ten seconds in a way that
 * nobody can end, may block before that in sending, and its address is a file in /tmp, where
 * wpa_supplicant does not see it if one of the two has a /tmp of its own (PrivateTmp).
 */
#ifndef NETCONF_WPA_CONTROL_H
#define NETCONF_WPA_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "netconf/problem.h"

#define WPA_REPLY_MAX 4096 /* octets that wpa_supplicant has room for */

struct wpa_control {
	const char *path; /* borrowed */
	int fd;           /* -1 = not open */
	int wake_fd;      /* when readable, requests end */
	uint32_t timeout_ms;
};

struct wpa_reply {
	size_t len;
	char text[WPA_REPLY_MAX + 1]; /* terminated; no octet 0 before */
};

/*
 * All return 0, or -1 with the problem: UNREACHABLE, LOGIN (not permitted), TIMEOUT,
 * CONNECTION_LOST (wpa_supplicant has ended, or the wake descriptor is readable), PROTOCOL.
 * After one of these the connection is of no more use, for a late reply would be
 * taken for the next one's. Opening also fails by NOT_CONFIGURED: where others than root and the
 * user of this process could put a socket in the place of this one.
 */
int wpa_control_open(struct wpa_control *control, struct problem *problem);
void wpa_control_close(struct wpa_control *control); /* one that is not open is accepted */

/* The request is told in no problem: what is its name there. */
int wpa_control_ask(struct wpa_control *control, const char *what, const char *request,
	struct wpa_reply *reply, struct problem *problem);

/* The same for what is answered by OK; anything else is REFUSED, with the answer's first line. */
int wpa_control_order(struct wpa_control *control, const char *what, const char *request,
	struct problem *problem);

/* Waits that long. */
int wpa_control_pause(struct wpa_control *control, uint32_t ms, struct problem *problem);

#endif
