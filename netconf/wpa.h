/*
 * wpa_supplicant as a device: MKA (IEEE 802.1X-2020 clause 9) in a process of its own on the
 * parent interface, driver macsec_linux, which keyidd gives its CAK by the control
 * interface. Tried with Debian's 2.10. For operators: keyidd.conf(5), WPA_SUPPLICANT.
 *
 * A wpa_supplicant has one participant, so one key: with a new one it ends MKA and begins
 * anew, and nothing is sent until both ends have the new one. A COMMIT of the key that it has
 * changes nothing; RETIRE and DISCARD have nothing to do.
 *
 * The macsec device must be there before: wpa_supplicant adopts it, and leaves it and its
 * addresses alone; one that it has made itself it deletes with each key.
 *
 * READ_BACK shows the key that it holds as usable, and as transmitting once MKA is secured, with
 * a live peer, and the kernel has active SAs both ways.
 */
#ifndef NETCONF_WPA_H
#define NETCONF_WPA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/applier.h"
#include "netconf/macsec.h"
#include "netconf/problem.h"

struct applier_wpa_config {
	const char *control_socket; /* an absolute path, whose last part is the parent interface,
				       as wpa_supplicant names it */
	uint32_t network;           /* the number of the network block */
	const char *cipher_suite; /* "gcm-aes-128" or, from wpa_supplicant 2.11 on, "gcm-aes-256" */
	uint32_t timeout_ms;      /* of one request, and for a key to be taken up; 0 = 30,000 */
};

/* Returns NULL and writes one line to error if the configuration can never do. */
struct applier *applier_open_wpa(struct applier_set *set, const struct applier_wpa_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX]);

/* Could this ever do? If not, they say why and what to do. */
bool wpa_suite_possible(const char *suite, char error[static APPLIER_ERROR_TEXT_MAX]);
bool wpa_socket_possible(const char *path, char error[static APPLIER_ERROR_TEXT_MAX]);

#endif
