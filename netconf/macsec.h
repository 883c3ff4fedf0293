/*
 * This host's own MACsec: one SecY (IEEE 802.1AE) of the Linux kernel, a device of kind
 * macsec on a parent interface, and its secure associations (SAs).
 *
 * The kernel is the truth, and nothing is kept here: each call looks first at what
 * there is. What is asked for and there already is a success; what is somebody else's
 * is left alone. The kernel acts inside the call, in some milliseconds, unless it waits for
 * its RTNL lock or has to load a module; for its answer a call waits two seconds at most.
 *
 * They return 0 or -errno; macsec_problem() then says in one line what to do. All may
 * return
 *     -EPERM       without CAP_NET_ADMIN
 *     -ENODEV      the device, or its parent and so the device, is gone: close, open again
 *     -ETIMEDOUT   no answer from the kernel
 *     -EBADMSG     an answer that cannot be understood
 * and what the kernel refuses with. A handle serves one thread at a time, in the
 * network namespace that it was opened in.
 *
 * Keys change without loss in this order (docs/protocol.md):
 *     macsec_add_transmit_sa()     at an AN that nobody uses; sends nothing yet
 *     macsec_add_receive_sa()      for each neighbour
 *     macsec_encode()              when all neighbours have the receive SA
 *     macsec_deactivate_receive_sa(), macsec_delete_receive_sa(), macsec_delete_transmit_sa()
 *                                  of the old key, well after the last frame under it
 */
#ifndef NETCONF_MACSEC_H
#define NETCONF_MACSEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "netconf/macsec_sak.h"

#define MACSEC_AN_COUNT 4 /* association numbers: clause 9.6 */
#define MACSEC_CHANNELS_MAX 32
#define MACSEC_REPLAY_WINDOW 64
/* With extended packet numbers: IEEE 802.1AE-2018 clause 10.7.8. */
#define MACSEC_EXTENDED_WINDOW_MAX ((UINT32_C(1) << 30) - 1)
#define MACSEC_PROBLEM_MAX 256
#define MACSEC_DEVICE_NAME_LEN 16 /* with the terminator: IFNAMSIZ */

/* ---- the device ------------------------------------------------------------------------------ */

struct macsec_config {
	const char *name;   /* of the macsec device */
	const char *parent; /* the interface that carries it */
	uint16_t port;      /* of the SCI: 1 unless there are more on the parent */
	enum macsec_suite suite;
	uint32_t replay_window; /* frames */
	bool hold_at_switch;    /* frames are held back while macsec_encode() switches, by a queueing
				   discipline on the device: macsec_plug.h says why, and the cost */
};

struct macsec; /* opaque: a handle on one device */

/*
 * Creates the device, up, or adopts one that is there with this parent, cipher suite and
 * port. Either way it then encrypts, protects against replay, validates strictly and
 * tells its SCI in each frame; SAs and encoding SA of an adopted one stay as they are.
 * Its queueing discipline is only replaced while it is the kernel's own and no frames go out.
 *
 * Returns 0; or, with nothing changed, *macsec NULL and what to do in problem, also
 *     -EOPNOTSUPP  the kernel has no MACsec
 *     -ENODEV      the parent is not there
 *     -EINVAL      a name, window or parent that can never do
 *     -EEXIST      the name is another device's, or that device cannot be adopted
 *     -EBUSY       the parent is a port of a bridge or bond, or the SCI is in use on it
 */
int macsec_open(const struct macsec_config *config, struct macsec **macsec,
	char problem[static MACSEC_PROBLEM_MAX]);

/* Leaves the device and its SAs as they are: frames flow on. NULL is accepted. */
void macsec_close(struct macsec *macsec);

/* Of the last call on this handle; "" if it succeeded. */
const char *macsec_problem(const struct macsec *macsec);

/*
 * Why a frame may be lost when macsec_encode() switches, though frames were to be held
 * back, in one line; "" if none can, or as far as is known.
 */
const char *macsec_warning(const struct macsec *macsec);

/* Deletes the device. It may be gone already. */
int macsec_delete_device(struct macsec *macsec);

/* ---- what is there --------------------------------------------------------------------------- */

struct macsec_sa {
	bool present;
	bool active; /* receive: takes frames. transmit: sends them, if at the encoding AN */
	struct macsec_key_id key_id;
	uint64_t next_pn; /* transmit: of the next frame, 0 = used up; receive: one above the
			     highest that was valid */
	uint32_t ssci;    /* with extended packet numbers */
};

/* What is received from one station. */
struct macsec_channel {
	struct macsec_sci sci;
	bool active;
	struct macsec_sa sas[MACSEC_AN_COUNT];
};

struct macsec_view {
	uint32_t ifindex;
	struct macsec_sci sci; /* its own */
	enum macsec_suite suite;
	uint8_t icv_len;
	bool operational; /* there is an active SA at the encoding AN */
	bool encrypts, protects, replay_protects, validates_strictly, sends_sci;
	bool offloaded; /* to hardware */
	uint32_t replay_window;
	uint8_t encoding_an;
	uint64_t sent_octets; /* encrypted, or only protected, since the device was made */
	uint64_t sent_frames;
	struct macsec_sa transmit[MACSEC_AN_COUNT];
	size_t channel_count;
	struct macsec_channel channels[MACSEC_CHANNELS_MAX];
};

/* Also -E2BIG: more receive channels than can be read back. */
int macsec_read(struct macsec *macsec, struct macsec_view *view);

/* The channel of that SCI, or NULL. */
const struct macsec_channel *macsec_find_channel(
	const struct macsec_view *view, const struct macsec_sci *sci);

/* ---- receiving ------------------------------------------------------------------------------- */

/* -EEXIST: another macsec device on the parent receives from this SCI. */
int macsec_add_receive_channel(struct macsec *macsec, const struct macsec_sci *sci);

/* Only an empty one: -EBUSY if it has SAs. */
int macsec_delete_receive_channel(struct macsec *macsec, const struct macsec_sci *sci);

/* One generation's key, from which each station's SAK is made. */
struct macsec_key {
	const struct secret *secret;
	uint64_t generation;
	uint8_t token[MACSEC_TOKEN_LEN]; /* of its CKN */
};

/*
 * Takes frames from now on that this station encrypts with its SAK of this key and
 * nonce. lowest_pn: no frame more than the replay window below it is taken; 1 if the
 * sender has only just made its SA. If the sender may have sent under it before (this
 * station was restarted), it must say how far it has come: or else recorded frames could be
 * played back to us, and packet numbers beyond 2^32 would not be recovered (clause 10.6.2).
 * Of an SA that is there lowest_pn stays as it is.
 *
 *     -ENOENT  no receive channel of that SCI
 *     -EEXIST  another key is at that AN
 *     -EINVAL  the key is too short for the cipher suite, or lowest_pn 0 or too large
 */
int macsec_add_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key *key, const uint8_t nonce[static MACSEC_NONCE_LEN],
	uint64_t lowest_pn);

/* Takes no more frames. macsec_add_receive_sa() undoes it. Not there: 0. */
int macsec_deactivate_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key_id *key_id);

/* Whether it is active or not; 0 too if this key is not at that AN. */
int macsec_delete_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key_id *key_id);

/* ---- transmitting ---------------------------------------------------------------------------- */

/*
 * Makes this station's SA for the key, with a nonce drawn for it, inactive: it sends
 * nothing before macsec_encode(). If the key has one at that AN, that stays. *key_id
 * says which it is; neighbours need its nonce.
 *
 *     -EEXIST  another key is at that AN, or this key at another AN
 *     -EINVAL  the key is too short for the cipher suite
 */
int macsec_add_transmit_sa(struct macsec *macsec, uint8_t an, const struct macsec_key *key,
	struct macsec_key_id *key_id);

/*
 * Encrypts with this SA from the next frame on. A frame that another processor is
 * just about to encrypt may be lost: the kernel (as of Linux 6.1) reads the encoding AN
 * twice for each, for the key and for the SecTAG, without a lock.
 *
 *     -ENOENT       this key is not at that AN
 *     -EKEYEXPIRED  its packet numbers are used up; once more would use them twice
 */
int macsec_encode(struct macsec *macsec, uint8_t an, const struct macsec_key_id *key_id);

/* -EBUSY if it is encoding; 0 too if this key is not at that AN. */
int macsec_delete_transmit_sa(
	struct macsec *macsec, uint8_t an, const struct macsec_key_id *key_id);

#endif
