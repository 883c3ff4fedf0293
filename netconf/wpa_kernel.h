/*
 * What the kernel has of the MACsec that wpa_supplicant sets up. To look needs no
 * privilege.
 */
#ifndef NETCONF_WPA_KERNEL_H
#define NETCONF_WPA_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "netconf/macsec.h"
#include "netconf/problem.h"

/* A macsec device. */
struct wpa_secy {
	uint32_t ifindex; /* 0 = there is none */
	char name[MACSEC_DEVICE_NAME_LEN];
	enum macsec_suite suite;
	bool empty; /* no SA to send with, and no channel to receive from */
	bool works; /* an active SA is encoding, and there is one to receive with */
};

/* Tests have their own. These return 0, or -1 with the problem. */
struct wpa_kernel {
	/* The device with that SCI on the parent. */
	int (*find_secy)(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
		struct problem *problem);
};

extern const struct wpa_kernel wpa_linux;

#endif
