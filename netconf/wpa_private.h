/* What stands behind applier_open_wpa(). */
#ifndef NETCONF_WPA_PRIVATE_H
#define NETCONF_WPA_PRIVATE_H

#include "netconf/applier_private.h"
#include "netconf/wpa.h"
#include "netconf/wpa_side.h"

#define WPA_SIDES_MAX 2

struct wpa {
	struct applier_backend backend;
	const struct wpa_kernel *kernel;
	enum macsec_suite suite;
	uint32_t timeout_ms;
	int wake_fd;
	size_t side_count; /* 1 alone, 2 a pair */
	struct wpa_side sides[WPA_SIDES_MAX];

	/* of a pair */
	char *bond;
	struct applier_key former; /* its name: that which traffic has been moved away from */
};

/* applier_open_wpa() on another kernel, for tests. */
struct applier *wpa_open(struct applier_set *set, const struct applier_wpa_config *config,
	const struct wpa_kernel *kernel, char error[static APPLIER_ERROR_TEXT_MAX]);

/* The key that a side holds, if any, goes into the view. */
void wpa_show_key(struct applier_view *view, const struct wpa_look *look, bool configured,
	bool usable, bool transmitting);

/* A job of a pair, both sides being open. Returns 0, or -1 with the problem. */
int wpa_pair_do(struct wpa *wpa, const struct applier_job *job, struct applier_result *result,
	struct problem *problem);

#endif
