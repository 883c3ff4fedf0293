/*
 * What the kernel has of the MACsec that wpa_supplicant sets up, and which of a pair of
 * devices a bond sends by. To look needs no privilege, to change that CAP_NET_ADMIN.
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

/* Of two macsec devices, in mode active-backup. */
struct wpa_bond {
	uint32_t ifindex;
	uint32_t active; /* ifindex of the device that it sends by; 0 = none */
};

/* Tests have their own. The functions return 0, or -1 with the problem. */
struct wpa_kernel {
	uint32_t settle_ms; /* MKA Life Time: IEEE 802.1X-2020 table 9-3 */
	uint32_t hold_ms;   /* well above what a scheduler may keep a frame waiting */
	/* The device with that SCI on the parent. */
	int (*find_secy)(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
		struct problem *problem);
	/* NOT_CONFIGURED unless it is fit to have the two devices, and has them. */
	int (*find_bond)(const char *name, const struct wpa_secy *one, const struct wpa_secy *two,
		struct wpa_bond *bond, struct problem *problem);
	/* Refused as long as the bond takes the device for being down. */
	int (*activate)(
		const struct wpa_bond *bond, const struct wpa_secy *secy, struct problem *problem);
};

extern const struct wpa_kernel wpa_linux;

/* wpa_bond.c: of wpa_linux. */
int wpa_bond_find(const char *name, const struct wpa_secy *one, const struct wpa_secy *two,
	struct wpa_bond *bond, struct problem *problem);
int wpa_bond_activate(
	const struct wpa_bond *bond, const struct wpa_secy *secy, struct problem *problem);

#endif
