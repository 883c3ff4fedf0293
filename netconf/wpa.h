/*
 * wpa_supplicant as a device: MKA (IEEE 802.1X-2020 clause 9) in a process of its own on the
 * parent interface, driver macsec_linux, which keyidd gives its CAK by the control
 * interface. Tried with Debian's 2.10. For operators: keyidd.conf(5), WPA_SUPPLICANT.
 *
 * A wpa_supplicant has one participant, so one key: with a new one it ends MKA and begins
 * anew, and nothing is sent until both ends have the new one. A COMMIT of the key that it has
 * changes nothing; RETIRE and DISCARD have nothing to do.
 *
 * With a second one there is always one that works. The two are on one parent, as
 * ports 1 and 2 of its address, each with a macsec device, and both devices are in a bond
 * of mode active-backup. A COMMIT gives the key to the one that carries no traffic, waits until
 * MKA has secured it, and makes its device the bond's active one (CAP_NET_ADMIN); if the far end
 * does not come along it fails with TIMEOUT, changes nothing for the traffic, and is to be asked
 * again. The bond must take what comes on its other device (all_slaves_active), for the
 * two ends do not move at one time. RETIRE ends the key of the one that carries no traffic.
 *
 * The macsec device must be there before: wpa_supplicant adopts it, and leaves it and its
 * addresses alone; one that it has made itself it deletes with each key.
 *
 * READ_BACK shows the key that it holds as usable, and as transmitting once MKA is secured, with
 * a live peer, and the kernel has active SAs both ways. Of a pair, the key of the one that carries
 * no traffic is not configured and not usable, so that it is committed again until traffic has
 * moved there; unless this applier has moved away from it: then it is the former one.
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
	const char *second_control_socket; /* of a pair; NULL = alone */
	const char *bond;                  /* of a pair; NULL = alone */
	uint32_t network;                  /* the number of the network block, in both */
	const char *cipher_suite; /* "gcm-aes-128" or, from wpa_supplicant 2.11 on, "gcm-aes-256" */
	uint32_t timeout_ms; /* of one request, and for a key to be taken up, and secured in a pair;
			   0 = 30,000 */
};

/* Returns NULL and writes one line to error if the configuration can never do. */
struct applier *applier_open_wpa(struct applier_set *set, const struct applier_wpa_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX]);

/* Could this ever do? If not, they say why and what to do. */
bool wpa_suite_possible(const char *suite, char error[static APPLIER_ERROR_TEXT_MAX]);
bool wpa_socket_possible(const char *path, char error[static APPLIER_ERROR_TEXT_MAX]);

#endif
