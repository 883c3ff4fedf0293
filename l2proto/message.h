/*
 * The message that stations advertise, decoded (docs/protocol.md sections 2 and 3).
 *
 * A message on the wire is: header, stations heard, TLVs, HMAC. This file knows
 * the octets; link.h knows which messages to believe, exchange.h what they mean.
 * Pure: no I/O, no clock, no heap.
 */
#ifndef L2PROTO_MESSAGE_H
#define L2PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_VERSION 1
#define MESSAGE_HEADER_LEN 36  /* the fixed header, up to the stations heard */
#define MESSAGE_STATION_LEN 16 /* a station heard: member identifier and message number */
#define MESSAGE_HMAC_LEN 32
#define MESSAGE_MIN (MESSAGE_HEADER_LEN + MESSAGE_HMAC_LEN)
#define MESSAGE_MAX_RAW 1495   /* in a raw frame at MTU 1,500 */
#define MESSAGE_MAX_LLDP 1300  /* in an LLDPDU of our own, beside its other TLVs */
#define MESSAGE_MAX_LLDPD 1014 /* in that of another agent: two TLVs */

#define ASSOCIATION_ID_LEN 8
#define MEMBER_ID_LEN 12 /* as MKA's member identifier, IEEE 802.1X-2020 clause 9.4.2 */
#define SAE_ID_MAX 64
#define KEY_ID_MAX 128
#define CKN_MAX 32
#define DIGEST_LEN 16
#define CKN_TOKEN_LEN 8
#define STATIONS_MAX 24                    /* stations heard in one message */
#define BATCH_MAX 16                       /* key-IDs in one proposal */
#define SAES_MAX 32                        /* statuses in one message */
#define HOPS_MAX 16                        /* relays that a status has passed */
#define USABLE_MAX 16                      /* keys that a status shows */
#define SCI_LEN 8                          /* IEEE 802.1AE clause 9.9: MAC address, port */
#define NONCE_LEN 8                        /* of a transmit SA */
#define TRANSMIT_MAX 4                     /* SAs of a SecY: one for each AN */
#define RECEIVE_MAX 64                     /* SAs of a SecY: as many for each neighbour */
#define SECY_SUITES 4                      /* of IEEE 802.1AE-2018 table 14-1 */
#define AN_NONE 0xff                       /* the proposal binds no association number */
#define GENERATION_MAX 0x7fffffffffffffffu /* fits a signed 64-bit column */
#define START_MAX 253402300799             /* 9999-12-31T23:59:59Z: fits a device's calendar */

/* An SAE ID (ETSI GS QKD 014 clause 5): 1..64 octets of printable ASCII without space. */
struct sae_id {
	uint8_t len;
	char text[SAE_ID_MAX + 1]; /* NUL-terminated for printing */
};

/* A key_ID: 1..128 octets of printable ASCII without space, quote, backslash or slash. */
struct key_id {
	uint8_t len;
	char text[KEY_ID_MAX + 1];
};

/* Copies text in; returns false, and leaves an empty ID, if it is not a valid one. */
bool sae_id_set(struct sae_id *id, const char *text, size_t len);
bool key_id_set(struct key_id *id, const char *text, size_t len);
bool sae_id_equal(const struct sae_id *a, const struct sae_id *b);

/* The first 8 octets of SHA-256(association's name): what frames are sorted by. */
void association_id(const char *name, uint8_t out[static ASSOCIATION_ID_LEN]);

/* The first 4 octets of SHA-256(SAE ID): a hop in a status' path. */
uint32_t sae_id_hop(const struct sae_id *id);

/* A generation of keys: what the master proposes and commits. */
struct proposal {
	uint64_t generation; /* 1..GENERATION_MAX; 0 = none */
	uint8_t digest[DIGEST_LEN];
	uint8_t an;    /* association number 0..3 (IEEE 802.1AE clause 9.6), or AN_NONE */
	int64_t start; /* seconds since the epoch, 0..START_MAX, of the first key; 0 = at once */
	uint32_t spacing_s; /* from one key's start to the next's; 0 with one key */
	uint8_t key_count; /* 1..BATCH_MAX; 0 if the keys never came: then it can only be aborted */
	struct key_id keys[BATCH_MAX];
};

/*
 * SHA-256, first 16 octets, over everything that is fixed when the proposal is
 * made (protocol.md section 3.2): all but the start, which is chosen at COMMIT.
 */
void proposal_digest(const struct proposal *proposal,
	const uint8_t association[static ASSOCIATION_ID_LEN], const struct sae_id *master,
	uint8_t out[static DIGEST_LEN]);

enum slot_phase {
	SLOT_EMPTY = 0, /* never on the wire: the TLV is absent */
	SLOT_PREPARE = 1,
	SLOT_ABORT = 2,
	SLOT_COMMIT = 3,
	SLOT_CONFIRMED = 4,
};

struct slot {
	enum slot_phase phase;
	struct proposal proposal;
};

/* Which proposal something was said about. */
struct proposal_ref {
	uint64_t generation; /* 0 = nothing */
	uint8_t digest[DIGEST_LEN];
};

/* A key as a status shows it: not its CKN, but the first 8 octets of the CKN's SHA-256. */
struct usable_key {
	uint8_t token[CKN_TOKEN_LEN];
	bool transmitting; /* secures what is sent now */
	bool future;       /* waits for its start */
};

/* What is true of one SAE: said by itself, or handed on by relays. */
struct sae_status {
	struct sae_id sae;
	uint8_t hops;                /* relays passed; 0 = the sender speaks for this SAE */
	uint32_t path[HOPS_MAX];     /* sae_id_hop() of each relay, the first one first */
	uint64_t highest;            /* highest generation seen or used */
	struct proposal_ref staged;  /* READY: key held and acceptable to the device */
	struct proposal_ref applied; /* the device holds it (read back) */
	bool live;                   /* and uses it: MKA or traffic proves it */
	struct proposal_ref failed;  /* gave up before COMMIT; digest all zero: nothing proposed */
	uint16_t failed_reason;      /* enum reason */
	struct proposal_ref lost;    /* committed, but this SAE cannot apply it */
	bool rekey_wanted;           /* asks the master for a new generation */
	uint16_t device_reason;      /* enum reason: why the device does not follow; 0 = it does */
	bool device_known;           /* the rest has been read back from the device */
	uint8_t an_in_use;           /* bit n: association number n is installed */
	int64_t latest_start;        /* latest start in the device's key-chain; 0 = none */
	uint8_t usable_count;
	struct usable_key usable[USABLE_MAX];
};

/* An SA that a SecY transmits with, or will: its SAK is made from the key and this nonce. */
struct transmit_sa {
	uint8_t token[CKN_TOKEN_LEN]; /* of the key */
	uint8_t nonce[NONCE_LEN];
	bool unused; /* no frame has been sent under it */
};

/*
 * The sender's SecY (IEEE 802.1AE) on this link, where the keys are installed as SAs
 * of the kernel: what its neighbours need to make their receive SAs, and which
 * transmit SAs of theirs it has receive SAs for.
 */
struct secy {
	bool present; /* never on the wire: the TLV is absent */
	uint8_t sci[SCI_LEN];
	uint8_t suite; /* last octet of the cipher suite's identifier, table 14-1: 1..SECY_SUITES */
	uint8_t transmit_count;
	struct transmit_sa transmit[TRANSMIT_MAX];
	uint8_t receive_count;
	uint8_t receive[RECEIVE_MAX][NONCE_LEN];
};

/* As ip-macsec(8) has it, such as "gcm-aes-xpn-256"; "unknown" if it is not 1..SECY_SUITES. */
const char *secy_suite_name(uint8_t suite);

struct station_heard {
	uint8_t member[MEMBER_ID_LEN];
	uint32_t number;
};

/* What link.c fills in and checks: the envelope. */
struct message_header {
	uint8_t association[ASSOCIATION_ID_LEN];
	uint16_t key_number;        /* channel key this is signed with */
	uint16_t newest_key_number; /* newest channel key that the sender holds */
	uint8_t member[MEMBER_ID_LEN];
	uint32_t number;
	bool reply_wanted; /* the sender waits to see this message's number listed */
	uint8_t station_count;
};

/* What the exchange says: the TLVs. */
struct message_content {
	struct sae_id master;  /* whose slots these are; empty if there are none */
	struct slot committed; /* COMMIT or CONFIRMED */
	struct slot proposed;  /* PREPARE or ABORT */
	uint8_t status_count;
	struct sae_status status[SAES_MAX];
	struct secy secy; /* the sender's own, never handed on */
};

/* Why octets are no message. The numbers are those of protocol.md section 4.2. */
enum malformed {
	MALFORMED_NOT = 0,
	MALFORMED_TRUNCATED,     /* fewer octets than a header, or than the length says */
	MALFORMED_VERSION,       /* not version 1 */
	MALFORMED_LENGTH,        /* the length does not cover header, stations and HMAC */
	MALFORMED_STATIONS,      /* more stations than STATIONS_MAX */
	MALFORMED_TLV_LENGTH,    /* TLVs do not fill the length exactly */
	MALFORMED_TLV_DUPLICATE, /* a TLV, or an SAE's status, twice */
	MALFORMED_TLV_CRITICAL,  /* an unknown TLV that may not be skipped */
	MALFORMED_SLOT,          /* a slot's phase, generation, AN, counts or length */
	MALFORMED_DIGEST,        /* the digest is not that of the proposal */
	MALFORMED_KEY_ID,
	MALFORMED_SAE_ID,
	MALFORMED_STATUS,
	MALFORMED_LLDP_TRUNCATED, /* the LLDPDU around it: see lldp.h */
	MALFORMED_LLDP_ORDER,
	MALFORMED_LLDP_DUPLICATE,
	MALFORMED_LLDP_LENGTH,
	MALFORMED_SECY,
	MALFORMED_COUNT
};

/* A stable name with dashes, such as "tlv-length". */
const char *malformed_name(enum malformed malformed);

/*
 * Reads the fixed header: nothing behind it is looked at. On success
 * *message_len is the message's own length, at most len (which may include
 * padding), and the stations and the HMAC lie within it.
 */
enum malformed message_read_header(
	const uint8_t *octets, size_t len, struct message_header *header, size_t *message_len);

/* The i-th station heard, i < station_count, of octets that passed message_read_header(). */
struct station_heard message_station(const uint8_t *octets, size_t i);

/* Reads the TLVs of octets that passed message_read_header(). content is undefined on error. */
enum malformed message_read_content(
	const uint8_t *octets, size_t message_len, struct message_content *content);

/*
 * Writes header, stations and TLVs to out; 32 octets are left for the HMAC,
 * and counted. Returns the length, or -EMSGSIZE if it exceeds max.
 */
int message_write(const struct message_header *header, const struct station_heard *stations,
	const struct message_content *content, uint8_t *out, size_t max);

/*
 * The longest message of an association: both slots full, every status with
 * everything in it, twice as many stations as neighbours (each restarting), a SecY
 * with SAs at every AN.
 */
struct message_bounds {
	size_t neighbours; /* stations on the link */
	size_t statuses;   /* SAEs whose status crosses the link */
	size_t sae_id_len; /* longest SAE ID */
	size_t hops;       /* longest path */
	size_t key_ids;    /* of a proposal */
	size_t key_id_len; /* longest key_ID expected: 36 for UUIDs */
	size_t usable;     /* keys that a device holds at most */
	bool secy;         /* the devices are SecYs, and the message shows one */
};
size_t message_worst_case(const struct message_bounds *bounds);

#endif
