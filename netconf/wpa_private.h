/* What stands behind applier_open_wpa(). */
#ifndef NETCONF_WPA_PRIVATE_H
#define NETCONF_WPA_PRIVATE_H

#include "netconf/applier_private.h"
#include "netconf/wpa.h"
#include "netconf/wpa_side.h"

struct wpa {
	struct applier_backend backend;
	const struct wpa_kernel *kernel;
	enum macsec_suite suite;
	uint32_t timeout_ms;
	int wake_fd;
	struct wpa_side side;
};

/* applier_open_wpa() on another kernel, for tests. */
struct applier *wpa_open(struct applier_set *set, const struct applier_wpa_config *config,
	const struct wpa_kernel *kernel, char error[static APPLIER_ERROR_TEXT_MAX]);

#endif
