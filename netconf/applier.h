/*
 * Whatever configures MACsec, behind one small interface.
 *
 * An applier stands for one device and one connectivity association on it. Its
 * operations are asynchronous, one at a time per device in the order asked for,
 * and idempotent: asking twice leaves what asking once leaves. Each answers
 * exactly once, from applier_set_dispatch(), never from inside the call.
 *
 * The device is the truth about what it holds; read_back says it. Which keys
 * ought to be there is the caller's business (docs/protocol.md).
 */
#ifndef NETCONF_APPLIER_H
#define NETCONF_APPLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define APPLIER_CKN_MAX 32    /* octets; IEEE 802.1X-2020 clause 9.3.1: 1..32 */
#define APPLIER_KEYS_MAX 16   /* keys in one generation */
#define APPLIER_USABLE_MAX 16 /* keys that a device is seen to hold */
#define APPLIER_ERROR_TEXT_MAX 256
#define APPLIER_NAME_MAX 64
#define APPLIER_TOKEN_LEN 8 /* first octets of a CKN's SHA-256 */
#define APPLIER_SCI_LEN 8
#define APPLIER_NONCE_LEN 8
#define APPLIER_LINKS_MAX 8       /* SecYs of one applier */
#define APPLIER_NEIGHBOURS_MAX 16 /* stations on one link */
#define APPLIER_TRANSMIT_MAX 4    /* SAs: one for each association number */
#define APPLIER_RECEIVE_MAX 64    /* SAs: as many for each neighbour */
#define APPLIER_AN_NONE 0xff
#define APPLIER_DESCRIPTION_MAX 128 /* octets of an interface description */

enum applier_op {
	APPLIER_PREPARE, /* could the device take these keys? Leaves it unchanged. */
	APPLIER_COMMIT,  /* make the device use them, keeping the old one in use until they are live
			  */
	APPLIER_DISCARD, /* give up keys that PREPARE staged (nothing, for most devices) */
	APPLIER_RETIRE,  /* the keys are confirmed: drop the older ones that the device still holds
			  */
	APPLIER_READ_BACK, /* what does the device hold and use? */
};

/* Why an operation failed. applier_error_name() gives the name that people see. */
enum applier_error {
	APPLIER_OK = 0,
	APPLIER_ERROR_UNREACHABLE, /* no address, refused, no route */
	APPLIER_ERROR_HOST_KEY,    /* not the host key of known_hosts, or none there */
	APPLIER_ERROR_LOGIN,       /* user or key refused */
	APPLIER_ERROR_PROTOCOL,    /* what came is no NETCONF, or not the reply to what was sent */
	APPLIER_ERROR_TIMEOUT,     /* no answer within the time allowed */
	APPLIER_ERROR_CONNECTION_LOST, /* ended half-way; only read_back can say what took effect */
	APPLIER_ERROR_LOCKED,          /* someone else holds the configuration lock */
	APPLIER_ERROR_REFUSED,         /* the device found the configuration wrong (rpc-error) */
	APPLIER_ERROR_COMMIT_FAILED,   /* accepted by validation, refused at commit */
	APPLIER_ERROR_NOT_CONFIGURED,  /* the device has no such connectivity association or
					  interface */
	APPLIER_ERROR_UNSUITABLE_KEY,  /* a CKN or CAK of a length that vendors pad differently */
	APPLIER_ERROR_INTERNAL,
	APPLIER_ERROR_COUNT
};

/* A stable lower-case name with dashes, such as "device-locked". */
const char *applier_error_name(enum applier_error error);

/* One key for the device. */
struct applier_key {
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len;
	uint8_t token[APPLIER_TOKEN_LEN]; /* all that this host's own MACsec knows keys by */
	struct secret cak;                /* 16 octets for the 128-bit suites, 32 for the others */
	int64_t start; /* seconds since the epoch; 0 = at once; a static key counts from COMMIT on
			*/
};

/*
 * This host's own MACsec: a neighbour on a link as it tells of itself, and the nonce of the
 * SA that it transmits with under the job's key. Whoever calls has seen to it that
 * nothing has been sent under that SA yet, or that its receive SA was there.
 */
struct applier_neighbour {
	uint8_t sci[APPLIER_SCI_LEN];
	uint8_t nonce[APPLIER_NONCE_LEN];
	bool is_there; /* the receive SA is kept, and not made if it is there no more: the device
			  has been made anew, and frames could be played back to it */
};

/* A job's input; copied by applier_submit(), the copy is wiped when it is done. */
struct applier_job {
	enum applier_op op;
	uint64_t generation; /* comes back in the result, and goes into the commit comment; 0 = of
				a hand-over, which has none */
	char description[APPLIER_DESCRIPTION_MAX + 1]; /* of COMMIT: for a router that has an
							  interface for it; "" = leave it */
	size_t key_count; /* of PREPARE and COMMIT; cak unused: of RETIRE, the keys to keep; of
			     DISCARD, those to give up */
	struct applier_key keys[APPLIER_KEYS_MAX];

	/* Of this host's own MACsec, for PREPARE and COMMIT; one key then. */
	uint8_t an;                                /* association number 0..3 of the key */
	size_t neighbour_count[APPLIER_LINKS_MAX]; /* those whose nonce is known */
	bool all_neighbours[APPLIER_LINKS_MAX];    /* and there are no others */
	struct applier_neighbour neighbours[APPLIER_LINKS_MAX][APPLIER_NEIGHBOURS_MAX];
};

/* One key as the device shows it. */
struct applier_seen_key {
	uint8_t ckn[APPLIER_CKN_MAX];
	size_t ckn_len; /* 0 = this host's own MACsec, where only the token is known */
	uint8_t token[APPLIER_TOKEN_LEN]; /* then; unset otherwise */
	uint8_t an;                       /* then: of its SAs; unset otherwise */
	bool configured;                  /* in the committed configuration */
	bool usable; /* frames or sessions under it would be accepted now; a committed static key
			is, and the one key of a key-chain whose turn it is */
	bool transmitting; /* secures the traffic that is sent now, on every interface of the
			      association */
	bool sending;      /* this host's own MACsec: on one interface at least; unset otherwise */
	bool future;       /* waits for its start */
	int64_t start;     /* 0 = none */
};

/* One SecY (IEEE 802.1AE) of this host: what its neighbours have to know, and what it receives. */
struct applier_secy {
	bool present; /* read back; false of links that there are not */
	uint8_t sci[APPLIER_SCI_LEN];
	uint8_t suite; /* last octet of the cipher suite's identifier, table 14-1: 1..4 */
	size_t transmit_count;
	struct applier_transmit_sa {
		uint8_t token[APPLIER_TOKEN_LEN];
		uint8_t nonce[APPLIER_NONCE_LEN];
		bool unused; /* not one frame has been sent under it */
	} transmit[APPLIER_TRANSMIT_MAX];
	size_t receive_count; /* active ones */
	struct applier_receive_sa {
		uint8_t token[APPLIER_TOKEN_LEN];
		uint8_t nonce[APPLIER_NONCE_LEN];
	} receive[APPLIER_RECEIVE_MAX];
};

struct applier_view {
	struct applier_secy secys[APPLIER_LINKS_MAX]; /* by link */
	uint8_t an_in_use; /* this host's own MACsec: bit n = an SA stands at association number n
			    */
	bool used_up;      /* so much has been sent under the key in use that the next one is due */
	int64_t clock_s;   /* the device's own clock at the read-back, in seconds since the epoch;
			      0 = unknown, which a static key does not need */
	size_t key_count;
	struct applier_seen_key keys[APPLIER_USABLE_MAX]; /* of more, those in use, the last one
							     to start, the next ones to start */
};

/* Valid during the callback only. */
struct applier_result {
	enum applier_op op;
	uint64_t generation;
	enum applier_error error;
	char text[APPLIER_ERROR_TEXT_MAX]; /* for people, with the device's own words; "" if OK
					      without warning */
	uint32_t elapsed_ms;
	struct applier_view view; /* of READ_BACK */
};

typedef void (*applier_done_fn)(void *ctx, const struct applier_result *result);

struct applier_set; /* shared by every applier of the process: the way back into the loop */
struct applier;

struct applier_set *applier_set_new(void);
void applier_set_free(struct applier_set *set);     /* after every applier_close(); NULL accepted */
int applier_set_fd(const struct applier_set *set);  /* poll it for reading */
void applier_set_dispatch(struct applier_set *set); /* calls back for what has been done */

/* Back ends. All strings are borrowed for the call of applier_open_*() only. */

/*
 * A Junos router over NETCONF (RFC 6241) in SSH (RFC 6242).
 *
 * The association must be there, with this cipher suite, bound to the interfaces
 * listed, and using this key-chain or none: only its keys are ever changed.
 *
 * Static pre-shared key (no key_chain): one key, in use from COMMIT on. A COMMIT
 * of the key that secures every interface already changes nothing; of one that is
 * configured and does not, commits it again. RETIRE and DISCARD have nothing to do.
 *
 * Key-chain: of 64 keys at most, each with its own start, the one with the newest
 * start that has passed by the device's clock is in use; older ones are configured,
 * and no longer usable. The device must be in UTC. A COMMIT installs what is not
 * there, moves what is there with another start, and leaves the rest alone; start
 * 0 is now. A PREPARE may come before the starts are chosen (0). RETIRE deletes
 * every key but those listed, the one in use, those with a live session, and the
 * last one. Each of them is one commit, or none if nothing changes.
 */
struct applier_junos_config {
	const char *host;
	uint16_t port; /* 0 = 830 */
	const char *user;
	const char *private_key_file; /* OpenSSH or PEM, without passphrase, closed to others */
	const char *known_hosts_file; /* must hold the router's host key */
	const char *connectivity_association;
	const char *key_chain;    /* that the association uses; NULL = a static pre-shared key */
	const char *cipher_suite; /* "gcm-aes-xpn-256", ...: decides the CAK's length */
	const char *description_interface; /* whose description COMMIT sets to the job's; NULL =
					      none's */
	const char *const *interfaces;     /* those whose MKA sessions must be live; none = all that
					      show a session of this association's keys */
	size_t interface_count;
	uint32_t timeout_ms;   /* of one RPC; 0 = 30,000 */
	uint32_t lock_wait_ms; /* how long to try for the lock; 0 = 10,000 */
};

/* Returns NULL and writes one line to error if something is wrong; connects later, when needed. */
struct applier *applier_open_junos(struct applier_set *set,
	const struct applier_junos_config *config, char error[static APPLIER_ERROR_TEXT_MAX]);

/*
 * Writes to the log what it would do, and holds the keys only in memory: without
 * starts as a static device does, with starts as a key-chain, by this machine's clock.
 */
struct applier *applier_open_dry_run(struct applier_set *set, const char *name);

/*
 * This host's own MACsec: a SecY of the kernel on each link's interface (macsec.h), made or
 * adopted when first needed, and made again if it was deleted. Keys are known by
 * their tokens, and are installed by association number:
 *
 * PREPARE adds the transmit SA, which sends nothing yet, and the receive SAs of the
 * neighbours listed; of a neighbour whose nonce has changed the old one goes, and, where all
 * neighbours are listed, that of one whose SCI has.
 * COMMIT encodes with the key's SA, on every link. DISCARD takes away the SAs of the keys
 * listed, but never one that encodes; RETIRE those of all keys but the ones listed, and
 * channels that are left empty.
 *
 * In a READ_BACK a key is usable if it has a transmit SA on every link, and
 * transmitting if that one encodes on every link, and sending if it does on any.
 *
 * It works inside applier_submit(), some milliseconds for each SA, and needs CAP_NET_ADMIN.
 */
struct applier_macsec_config {
	const char *cipher_suite; /* "gcm-aes-xpn-256", ...: macsec_sak.h */
	uint16_t port;            /* of the SCIs; 0 = 1 */
	uint32_t replay_window;   /* frames */
	bool hold_at_switch;      /* frames are held back while a COMMIT switches; where they cannot be,
				     the first COMMIT's text says so: macsec.h */
	size_t link_count;
	struct {
		const char *parent; /* the interface that frames travel on */
		const char *name;   /* of the device of kind macsec on it */
	} links[APPLIER_LINKS_MAX];
	/* The next key is due when, under the present one, a link has sent ... */
	uint64_t rekey_packets; /* this many frames; 0 = no such bound */
	uint64_t rekey_octets;  /* this many octets, counted from when it began to be used or this
				   process to run; 0 = no such bound */
	uint8_t rekey_percent;  /* or this share of the packet numbers that there are; 1..100 */
};

/*
 * Returns NULL and writes one line to error if the configuration can never do. Looks at
 * the kernel only when a job comes: what is missing there (CAP_NET_ADMIN, MACsec, the parent,
 * a device that can be adopted) is that job's failure, and is tried again with the next.
 */
struct applier *applier_open_macsec(struct applier_set *set,
	const struct applier_macsec_config *config, char error[static APPLIER_ERROR_TEXT_MAX]);

/*
 * A program of the operator's, called for each job as
 *
 *	PROGRAM prepare|commit|discard|retire|read-back ASSOCIATION GENERATION CKN...
 *
 * with the CKNs of the job's keys, and with its keys on descriptor 3, a line each:
 * "CKN CAK START", in hex but for START; the CAK is "-" if the job has none. That is
 * a sealed memory file: keys stand in no argument, no environment and no file, and
 * are wiped when the program has ended. What it does must be what enum applier_op
 * says, as often as it is asked.
 *
 * READ_BACK prints a line for each key: "CKN [usable] [transmitting] [future]
 * [start=SECONDS]", and where keys have starts "clock=SECONDS"; see hook.h.
 *
 * Exit status 0 is success; 65 (sysexits(3): EX_DATAERR) UNSUITABLE_KEY, 68, 69 and
 * 255 UNREACHABLE, 75 LOCKED, 76 PROTOCOL, 77 LOGIN, 78 NOT_CONFIGURED; any other
 * COMMIT_FAILED for COMMIT, else REFUSED; ended by a signal CONNECTION_LOST. The
 * first line of standard error is the result's text, without what could be a key.
 *
 * It runs as this process's user but without its capabilities, in a session of its own, with
 * nothing in its environment but PATH, LC_ALL=C, KEYIDD_DEVICE, KEYIDD_SAE, and
 * KEYIDD_DESCRIPTION for a job that has one; with /dev/null as standard input and
 * no descriptors but 0 to 3. After the timeout it gets SIGTERM, two seconds later
 * its process group is killed; so is what it leaves there when it ends. By
 * applier_close() it is killed at once, and it dies with this process.
 */
struct applier_hook_config {
	const char *program; /* an absolute path, see hook_check_program() in hook.h */
	const char *association;
	const char *device, *sae; /* for its environment; NULL = "" */
	uint32_t timeout_ms;      /* of one call; 0 = 30,000 */
};

/* Returns NULL and writes one line to error if the program may not be called. */
struct applier *applier_open_hook(struct applier_set *set, const struct applier_hook_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX]);

/*
 * Queues a job. Returns 0, or -ENOMEM, -EINVAL (key counts), -EBUSY (more than
 * a handful queued); the callback then never comes.
 */
int applier_submit(
	struct applier *applier, const struct applier_job *job, applier_done_fn done, void *ctx);

/*
 * Ends the session at once, whatever it waits for; jobs not done are dropped
 * without calling back. What an interrupted COMMIT did, only the device knows.
 * May be called from a callback. NULL accepted.
 */
void applier_close(struct applier *applier);

#endif
