/*
 * What wpa_supplicant answers to STATUS, as far as it is about MKA: lines NAME=VALUE,
 * others and unknown names skipped.
 */
#ifndef NETCONF_WPA_STATUS_H
#define NETCONF_WPA_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/macsec_sak.h"
#include "netconf/problem.h"

struct wpa_status {
	int64_t network; /* the network block in use; -1 = none */
	bool has_address;
	uint8_t address[6]; /* of the parent interface */
	/* of the key agreement entity; it is there once wpa_supplicant has tried to use a network
	   block with MACsec */
	bool has_kay;
	bool secured; /* MACsec is agreed on with a live peer; SAKs may still be on their way */
	struct macsec_sci sci; /* its own */
	/* of its participant */
	bool participates;
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len; /* 1..APPLIER_CKN_MAX */
	uint32_t live_peers;
};

/*
 * Returns 0, or -1 with APPLIER_ERROR_PROTOCOL: no line end at the end (cut off), a
 * known name twice, a value that is none, or a part of an entity or participant missing.
 */
int wpa_status_read(const char *text, struct wpa_status *status, struct problem *problem);

#endif
