/*
 * Frames held back for the moment in which the encoding SA is switched: what the kernel
 * is asked for it, and what its answers mean, without I/O.
 *
 * Why: for each frame Linux (drivers/net/macsec.c, as of 6.1) looks at the encoding AN twice,
 * for the key and again for the SecTAG. If it is switched between, while another processor
 * has a frame in hand, that frame goes out under the old key with the new AN, and the
 * receiver refuses it.
 *
 * How: the device has the queueing discipline "plug" (tc(8), sch_plug), which lets everything
 * pass. The switch is one batch of requests (macsec_batch.h):
 *
 *     hold frames; wait; switch; let them pass; wait; let them pass
 *
 * To wait is to wait for a grace period of RCU, within which all processors have come to the
 * end of what they had in hand: frames pass a device in a critical section of RCU.
 * rtnetlink has no request for that alone. But when a nexthop is deleted that is in a group,
 * the kernel waits for one (remove_nexthop_from_groups(), since 5.3); being for the forwarding
 * databases of bridges (since 5.8), it cannot serve for any route. The batch makes both, under
 * numbers drawn for it, and deletes both; programs that watch nexthops are told.
 *
 * The plug is changed without a lock: a processor that saw it in between may have closed it once
 * more, after it was opened. So it is opened again when none can be left that saw it so.
 *
 * It costs: frames of all processors are encrypted one at a time, as they leave the queue, and
 * those held are late by the first wait, some tenths of a millisecond. What comes meanwhile beyond
 * MACSEC_PLUG_LIMIT is dropped: 50 ms of 10 Gb/s. They are sent in their order, but not all by the
 * processor that others are sent by: where each has a queue of its own on the parent, some may be
 * overtaken there, and the replay window has to be large enough for that.
 */
#ifndef NETCONF_MACSEC_PLUG_H
#define NETCONF_MACSEC_PLUG_H

#include <stdbool.h>
#include <stdint.h>

#include "netconf/macsec_batch.h"

#define MACSEC_PLUG_KIND "plug"
#define MACSEC_PLUG_HANDLE UINT32_C(0x88b70000) /* "tc qdisc show": 88b7: */
#define MACSEC_PLUG_LIMIT (64 * 1024 * 1024)    /* octets */

/* ---- the queueing discipline ----------------------------------------------------------------- */

/* In the place of the root, with frames passing. What was queued there is lost. */
void macsec_plug_install(struct macsec_batch *batch, uint32_t ifindex);

/*
 * Lets frames pass, whatever the plug has been told before. The kernel refuses this, as
 * everything that follows, if the root is not of macsec_plug_install().
 */
void macsec_plug_request_release(struct macsec_request *request, uint32_t ifindex);

/* ---- the switch ------------------------------------------------------------------------------ */

#define MACSEC_PLUG_IDS 2

/* Random octets make numbers of nexthops that nobody has: those above 2^31. */
void macsec_plug_ids(const uint8_t random[static 8], uint32_t ids[static MACSEC_PLUG_IDS]);

/* Encodes with the SA at that AN. */
void macsec_plug_switch(struct macsec_batch *batch, uint32_t ifindex, uint8_t an,
	const uint32_t ids[static MACSEC_PLUG_IDS]);

struct macsec_plug_outcome {
	int error;         /* 0 or -errno: of the switch itself */
	const char *words; /* the kernel's on it; "" = none */
	bool released;     /* frames surely pass; otherwise macsec_plug_request_release() */
	int hold_error;    /* 0, or -errno: frames were not held back, or not until all were out */
};

/* Of that batch, whether all of it was answered or not. */
struct macsec_plug_outcome macsec_plug_judge(const struct macsec_batch *batch);

#endif
