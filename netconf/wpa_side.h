/*
 * One wpa_supplicant on one parent interface: what it can do, what it holds, and how it is
 * given a key. Between wpa_side_open() and wpa_side_close() it is connected; all of these
 * return 0, or -1 with the problem, after which it is to be closed.
 */
#ifndef NETCONF_WPA_SIDE_H
#define NETCONF_WPA_SIDE_H

#include "netconf/applier.h"
#include "netconf/wpa_control.h"
#include "netconf/wpa_kernel.h"
#include "netconf/wpa_status.h"

struct wpa_side {
	char *path;         /* of its control socket; owned */
	const char *parent; /* the interface: the path's last part */
	uint32_t network;   /* the network block that is ours */
	const struct wpa_kernel *kernel;
	struct wpa_control control;
};

/* What it holds now. */
struct wpa_look {
	struct wpa_status status;
	struct wpa_secy secy; /* that it uses, or will */
	bool live;            /* its key secures traffic both ways */
};

/* Connects, and sees whether it answers. */
int wpa_side_open(struct wpa_side *side, struct problem *problem);
void wpa_side_close(struct wpa_side *side);

int wpa_side_look(struct wpa_side *side, struct wpa_look *look, struct problem *problem);

/*
 * Could it use keys for this suite? Its network block is there and says what it must, and
 * the macsec device that it is to adopt is there; secy is that. MACsec may be switched off in
 * the network block if wpa_side_set_key() is to switch it on.
 */
int wpa_side_check(struct wpa_side *side, enum macsec_suite suite, bool may_be_off,
	struct wpa_secy *secy, struct problem *problem);

/* Has its participant this key, by its CKN? */
bool wpa_side_holds(const struct wpa_look *look, const struct applier_key *key);

/* Ends MKA with the key of before, and begins it with this one. */
int wpa_side_set_key(struct wpa_side *side, const struct applier_key *key, struct problem *problem);

/* Ends MKA, and overwrites the key. */
int wpa_side_end(struct wpa_side *side, struct problem *problem);

#endif
