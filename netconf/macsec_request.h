/*
 * What the kernel is asked about MACsec, by netlink: structs in, octets out, without I/O.
 *
 * SAs and receive channels are changed by the generic netlink family "macsec"; the
 * device and its encoding SA by rtnetlink. <linux/if_macsec.h> and <linux/if_link.h>
 * name the attributes.
 */
#ifndef NETCONF_MACSEC_REQUEST_H
#define NETCONF_MACSEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "netconf/macsec.h"

#define MACSEC_REQUEST_MAX 512

/* May hold a SAK: wiped by macsec_request_wipe(). */
struct macsec_request {
	union {
		struct nlmsghdr header;
		uint8_t octets[MACSEC_REQUEST_MAX];
	};
};

void macsec_request_wipe(struct macsec_request *request);

/* An empty request of that type; its family's header and its attributes are to follow. */
struct nlmsghdr *macsec_request_begin(struct macsec_request *request, uint16_t type);

/* ---- the family macsec ----------------------------------------------------------------------- */

/* Which number the family has. */
void macsec_request_family(struct macsec_request *request);

/* Every SecY of the network namespace: there is no asking for one. */
void macsec_request_dump(struct macsec_request *request, uint16_t family);

enum macsec_change { MACSEC_ADD, MACSEC_UPDATE, MACSEC_DELETE };

/* Added active, updated to active. */
void macsec_request_channel(struct macsec_request *request, uint16_t family,
	enum macsec_change change, uint32_t ifindex, const struct macsec_sci *sci);

struct macsec_sa_request {
	uint32_t ifindex;
	const struct macsec_sci *sci; /* of the receive channel; NULL = transmit */
	uint8_t an;
	bool active;
	/* of MACSEC_ADD only: kernels refuse them elsewhere */
	enum macsec_suite suite;
	uint64_t next_pn;
	const struct macsec_key_id *key_id;
	const struct macsec_sak *sak;
};

void macsec_request_sa(struct macsec_request *request, uint16_t family, enum macsec_change change,
	const struct macsec_sa_request *sa);

/* ---- rtnetlink ------------------------------------------------------------------------------- */

/* An interface by its name, or by its ifindex if name is NULL. */
void macsec_request_link(struct macsec_request *request, const char *name, uint32_t ifindex);

/* A device, up, not yet operational. */
void macsec_request_create(
	struct macsec_request *request, const struct macsec_config *config, uint32_t parent);

/* Sets on a device what can be set on one that is there. */
void macsec_request_settings(
	struct macsec_request *request, uint32_t ifindex, uint32_t replay_window);

void macsec_request_encode(struct macsec_request *request, uint32_t ifindex, uint8_t an);
void macsec_request_delete(struct macsec_request *request, uint32_t ifindex);

#endif
