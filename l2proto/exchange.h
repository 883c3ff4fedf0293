/*
 * The exchange: both ends or neither (docs/protocol.md section 5).
 *
 * One struct exchange is one SAE of one association, master or slave. It is
 * pure: exchange_step() takes what happened and the time, and says what to do.
 * It sees key_IDs, CKNs and digests, never the octets of a key.
 *
 * A step is a transaction. The caller runs it on a copy:
 *
 *     next = current;
 *     exchange_step(&next, now, &event, &actions);
 *     if (actions.save && saving next.record fails)
 *             drop next; step current with EXCHANGE_SAVE_FAILED and the same event
 *     else
 *             current = next; do the other actions
 *
 * so that nothing is said or done before it is on the disk. To save is to make
 * the disk equal to the record, keys included: those that exchange_holds_key()
 * names are kept or sealed, all others are deleted, in one transaction.
 */
#ifndef L2PROTO_EXCHANGE_H
#define L2PROTO_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ckn.h"
#include "l2proto/message.h"
#include "l2proto/reason.h"

#define EXCHANGE_LINKS_MAX 8
#define EXCHANGE_NEIGHBOURS_MAX 16
#define EXCHANGE_NOTES_MAX 16
#define EXCHANGE_HAND_OVERS 8

enum exchange_role { EXCHANGE_MASTER, EXCHANGE_SLAVE };

/* A link as seen from the master: slots travel down, statuses travel up. */
enum exchange_direction { EXCHANGE_DOWN, EXCHANGE_UP };

struct exchange_link_config {
	enum exchange_direction direction;
	size_t neighbour_count; /* MACsec neighbours on this link */
	struct sae_id neighbours[EXCHANGE_NEIGHBOURS_MAX];
};

struct exchange_config {
	uint8_t association[ASSOCIATION_ID_LEN];
	enum exchange_role role;
	struct sae_id sae;    /* this SAE */
	struct sae_id master; /* the association's master; this SAE itself if it is the master */
	size_t member_count;  /* master: every slave SAE of the association */
	struct sae_id members[SAES_MAX];
	size_t link_count;
	struct exchange_link_config links[EXCHANGE_LINKS_MAX];

	struct ckn_rule ckn;
	uint8_t batch;      /* key-IDs in a proposal, 1..BATCH_MAX */
	uint32_t spacing_s; /* between their starts */
	bool uses_an;       /* the devices install keys by association number (kernel SAs) */
	bool uses_start;    /* the devices take start times (key-chains) */
	uint32_t lead_s;    /* at least so long from COMMIT to the first start; > 0 */
	uint32_t clock_tolerance_s; /* by which the device's clock may differ from ours */

	uint32_t life_ms;            /* how long something heard stays fresh */
	uint64_t rekey_interval_ms;  /* from CONFIRMED to the next proposal; 0 = only on demand */
	uint32_t prepare_timeout_ms; /* for all members to become READY */
	uint32_t backoff_min_ms;     /* after an abort, doubling up to ... */
	uint32_t backoff_max_ms;
	uint32_t read_back_ms;    /* between looks at an idle device */
	uint32_t verify_ms;       /* between looks at a device that is to become live */
	uint32_t live_timeout_ms; /* applied but not live for so long: REASON_DEVICE_NOT_LIVE */
	uint32_t keys_per_hour;   /* cap on enc_keys calls; 0 = none */
	uint32_t retire_hold_ms;  /* uses_an: older keys stay for so long after their last use */
};

/* How far the newest proposal has come here, as the disk knows it. */
enum exchange_stage {
	EXCHANGE_STAGE_NONE = 0,
	EXCHANGE_STAGE_FETCHING = 1, /* the KME has been, or may have been, asked */
	EXCHANGE_STAGE_HELD = 2,     /* the keys are sealed on the disk */
	EXCHANGE_STAGE_ABORTED = 3,  /* given up: never to be taken up again */
};

/* All that a node must know after a restart. */
struct exchange_record {
	uint64_t highest; /* highest generation seen or used; never goes down */
	enum exchange_stage stage;
	struct proposal staged;    /* the newest proposal; meaningful unless stage is NONE */
	enum slot_phase decision;  /* of committed: SLOT_EMPTY, SLOT_COMMIT or SLOT_CONFIRMED */
	struct proposal committed; /* the newest decision */
	bool committed_held;       /* its keys are sealed on the disk */
	int64_t confirmed_at;      /* wall clock seconds of the last CONFIRMED; 0 = never */
	int64_t fetch_hour;   /* wall clock seconds at which the present hour of the cap began */
	uint32_t fetch_count; /* enc_keys calls in it */
};

/* Are the keys of this generation to be kept on the disk (and in memory)? */
bool exchange_holds_key(const struct exchange_record *record, uint64_t generation);

/* Is there a proposal newer than the last decision, neither committed nor given up? */
bool exchange_undecided(const struct exchange_record *record);

/* The times of an event. */
struct exchange_time {
	uint64_t mono_ms; /* never jumps; every deadline is kept in it */
	int64_t wall_s;   /* may jump; only for starts, ages across restarts and people */
};

enum exchange_event_kind {
	EXCHANGE_START,   /* once, first: config and record are in place */
	EXCHANGE_TIMER,   /* exchange_next_timer() has been reached */
	EXCHANGE_MESSAGE, /* an accepted message */
	EXCHANGE_KEYS,    /* enc_keys or dec_keys succeeded; the caller holds the keys */
	EXCHANGE_KEYS_FAILED,
	EXCHANGE_DEVICE_DONE, /* a device operation succeeded */
	EXCHANGE_DEVICE_FAILED,
	EXCHANGE_REKEY,          /* the operator wants a new generation now */
	EXCHANGE_INTERVAL,       /* rekey_interval_ms has changed */
	EXCHANGE_DEVICE_CHANGED, /* there is a reason to look at the device at once */
	EXCHANGE_SAVE_FAILED,    /* the step of this event could not be saved and was dropped */
};

enum exchange_device_op {
	EXCHANGE_DEVICE_NONE = 0,
	EXCHANGE_DEVICE_PREPARE,
	EXCHANGE_DEVICE_COMMIT,
	EXCHANGE_DEVICE_DISCARD,
	EXCHANGE_DEVICE_RETIRE,
	EXCHANGE_DEVICE_READ_BACK,
};

/* What a device was seen to hold. */
struct exchange_device_key {
	struct ckn ckn;               /* len 0: the device knows keys by their tokens */
	uint8_t token[CKN_TOKEN_LEN]; /* given then; else made from the CKN */
	bool transmitting;            /* on every link */
	bool sending;  /* on one at least; kernel SAs may have been lost on the others */
	bool future;   /* waits for its start */
	bool past;     /* a newer one has started: held, and of no more use */
	int64_t start; /* by the device's clock; 0 = none */
};

/* This SAE's SecY on a link. */
struct exchange_secy {
	struct secy shown;                                  /* as it is advertised */
	uint8_t receive_tokens[RECEIVE_MAX][CKN_TOKEN_LEN]; /* of shown.receive[] */
};

struct exchange_device_view {
	size_t key_count;
	struct exchange_device_key keys[USABLE_MAX];
	uint8_t an_in_use;
	int64_t latest_start;
	int64_t clock_s; /* the device's own clock, by which its keys start; 0 = it has no starts */
	bool used_up;    /* so much has been sent under its key that the next one is due */
	struct exchange_secy secys[EXCHANGE_LINKS_MAX]; /* not present: the link has none */
};

struct exchange_event {
	enum exchange_event_kind kind;
	enum exchange_event_kind dropped; /* SAVE_FAILED: the kind it had; all else as it was */
	uint64_t generation;              /* KEYS*, DEVICE_*: as it was in the action */
	unsigned reason;                  /* KEYS_FAILED, DEVICE_FAILED: enum reason */
	struct {                          /* MESSAGE */
		size_t link;
		const uint8_t *member; /* the sender's identifier, MEMBER_ID_LEN octets */
		const struct message_content *content;
	} message;
	struct { /* KEYS after enc_keys */
		size_t count;
		const struct key_id *ids;
	} keys;
	struct { /* DEVICE_* */
		enum exchange_device_op op;
		const struct exchange_device_view *view; /* of READ_BACK */
	} device;
};

enum exchange_fetch { EXCHANGE_FETCH_NONE, EXCHANGE_FETCH_ENC_KEYS, EXCHANGE_FETCH_DEC_KEYS };

/* What happened, for people: the log, the history, keyidctl --wait. */
enum exchange_note_kind {
	EXCHANGE_NOTE_PROPOSED,     /* master: PREPARE is being advertised; slave: first seen */
	EXCHANGE_NOTE_READY,        /* this SAE */
	EXCHANGE_NOTE_MEMBER_READY, /* sae; master only */
	EXCHANGE_NOTE_COMMITTED,
	EXCHANGE_NOTE_RETIMED, /* what is committed starts later than was decided before */
	EXCHANGE_NOTE_APPLIED,
	EXCHANGE_NOTE_LIVE,
	EXCHANGE_NOTE_CONFIRMED,
	EXCHANGE_NOTE_ABORTED,       /* reason; sae if a member is the cause */
	EXCHANGE_NOTE_FAILED,        /* this SAE; reason */
	EXCHANGE_NOTE_MEMBER_FAILED, /* sae, reason; master only */
	EXCHANGE_NOTE_LOST,          /* sae */
	EXCHANGE_NOTE_CONFLICT,
	EXCHANGE_NOTE_DUPLICATE_SAE, /* sae */
	EXCHANGE_NOTE_LOOP,          /* sae: whose status came back, or who reports a loop */
	EXCHANGE_NOTE_HELD,          /* master: a rotation is due but cannot start; reason, sae */
	EXCHANGE_NOTE_DEVICE, /* an operation after COMMIT failed and will be tried again; reason */
	EXCHANGE_NOTE_MEMBER_DEVICE, /* the device of sae does not follow; reason */
	EXCHANGE_NOTE_REKEY_WANTED,  /* sae asks for a new generation */
	EXCHANGE_NOTE_COUNT
};

struct exchange_note {
	enum exchange_note_kind kind;
	uint64_t generation;
	unsigned reason;
	struct sae_id sae; /* empty if it is this SAE */
};

/* What to do after a step, in this order. */
struct exchange_actions {
	bool save;                 /* first, see above */
	uint32_t advertise;        /* bit i: the content for link i has changed */
	enum exchange_fetch fetch; /* from the KME, for record.staged: enc_keys for generation */
	uint64_t fetch_generation; /* record.staged.generation, dec_keys for its key-IDs */
	enum exchange_device_op device;
	uint64_t device_generation; /* whose keys: staged (PREPARE; or committed, if kernel SAs have
				       lost them) or committed (COMMIT, RETIRE);
				       DISCARD: those in drop[], whatever generation it was */
	size_t note_count;
	struct exchange_note notes[EXCHANGE_NOTES_MAX];
};

/* What another SAE said last. */
struct exchange_peer {
	struct sae_status status;          /* sae.len == 0: the entry is free */
	uint8_t member[MEMBER_ID_LEN];     /* the station that said it */
	uint8_t superseded[MEMBER_ID_LEN]; /* the station before it, if that was still live */
	uint8_t link;
	uint64_t heard_ms;
	uint64_t superseded_ms; /* when it was superseded; 0 = never */
	uint64_t duplicate_ms;  /* last proof of two stations for this SAE; 0 = never */
};

/* What a MACsec neighbour said last of its SecY on a link. */
struct exchange_neighbour {
	uint64_t heard_ms; /* 0 = never, or no longer of use */
	uint64_t news_ms;  /* when a new nonce was last followed at once */
	uint8_t sci[SCI_LEN];
	uint8_t suite; /* 0 = it has no SecY */
	uint8_t transmit_count;
	struct transmit_sa transmit[TRANSMIT_MAX];
	uint8_t receive_count; /* those of our transmit SAs that it receives */
	uint8_t receive[TRANSMIT_MAX][NONCE_LEN];
};

/* When a key in the device was last seen in use, by this SAE or a neighbour. */
struct exchange_use {
	uint8_t token[CKN_TOKEN_LEN];
	uint64_t used_ms; /* 0 = never */
};

/* What a device knows a key by. */
struct exchange_key_name {
	struct ckn ckn; /* len 0: the device knows keys by their tokens */
	uint8_t token[CKN_TOKEN_LEN];
};

struct exchange {
	const struct exchange_config *config;
	uint32_t hop; /* sae_id_hop() of this SAE */
	struct exchange_record record;
	uint8_t committed_tokens[BATCH_MAX][CKN_TOKEN_LEN]; /* of record.committed */

	struct slot heard_committed; /* slave: the master's slots as last heard, to relay */
	struct slot heard_proposed;
	uint64_t heard_committed_ms;
	bool prepared;                /* the device would take the staged keys */
	uint64_t ready_generation;    /* of the last note of READY */
	uint64_t prepare_retry_ms;    /* uses_an: not asked again to take them before this */
	uint64_t prepare_deadline_ms; /* master; 0 = none */

	struct proposal_ref failed; /* shown in our status until the next proposal */
	unsigned failed_reason;
	unsigned hold_reason; /* master: why a due rotation does not start; REASON_NONE if it may */
	struct sae_id hold_sae;
	unsigned device_reason; /* the last device failure after COMMIT or in read-back; NONE when
				   it works */

	bool fetch_pending;
	uint64_t fetch_pending_generation;
	enum exchange_device_op device_pending;
	uint64_t device_pending_generation;
	bool told; /* since it was last looked at, to send with the key of this token */
	uint8_t told_token[CKN_TOKEN_LEN];
	bool discard_due;  /* what is ABORTED on record may still be in the device */
	size_t drop_count; /* what a DISCARD is to take away, while one is pending */
	struct exchange_key_name drop[USABLE_MAX];
	bool retire_due;
	uint64_t device_retry_ms; /* no COMMIT before this, nor READ_BACK of a device not known */
	uint64_t retire_retry_ms;
	uint64_t discard_retry_ms;
	uint64_t purge_retry_ms;
	uint64_t silent_ms; /* when not every neighbour was heard; 0 = never */
	bool purging; /* the DISCARD that is pending is of what belongs to nothing on record */
	uint32_t discard_backoff_ms;
	unsigned discard_reason; /* why a DISCARD fails, which all else waits for */
	uint32_t device_backoff_ms;

	bool device_known;
	struct exchange_device_view view;
	uint64_t view_ms;                     /* when it was read back */
	struct exchange_use uses[USABLE_MAX]; /* uses_an: of view.keys[] */
	bool clock_wrong;                     /* the device's clock was too far from ours then */
	uint64_t read_back_due_ms;
	bool device_changed;        /* since it was last asked to show what it holds */
	uint64_t look_failed_ms;    /* when a read-back failed last */
	uint64_t applied_since_ms;  /* 0 = committed keys not seen on the device */
	bool was_applied, was_live; /* notes already made */
	uint64_t waiting_since_ms; /* a neighbour keeps the device from its committed keys; 0 = none
				      does */

	bool rekey_wanted;     /* by the operator, until the next COMMIT */
	uint64_t rekey_due_ms; /* master; UINT64_MAX = none */
	uint64_t retry_due_ms; /* master: not before this, after an abort */
	uint32_t backoff_ms;
	uint64_t committed_ms; /* master: COMMIT was decided, and not all have it; 0 = they have */
	uint64_t held_ms; /* master: since when every device holds what is committed; 0 = not all */
	int64_t decided_lead_s; /* master: the lead when a start was last decided on */
	uint64_t hand_over_ms[EXCHANGE_HAND_OVERS]; /* master: from COMMIT to the last device */
	uint32_t hand_over_count;
	uint64_t save_retry_ms;    /* nothing that must be saved before this */
	uint64_t own_duplicate_ms; /* another station last spoke for our SAE; 0 = never */
	uint64_t loop_ms;          /* a status last came back to us; 0 = never */
	struct sae_id loop_sae;    /* whose */
	uint64_t last_ms;          /* of the last step */
	uint64_t record_ms;        /* when the record last changed */
	uint64_t confirmed_ms;     /* of the last CONFIRMED in this life; 0 = none */
	uint64_t started_ms;       /* 0 = not yet */

	struct exchange_peer peers[SAES_MAX];
	struct exchange_neighbour neighbours[EXCHANGE_LINKS_MAX][EXCHANGE_NEIGHBOURS_MAX];
	uint64_t content_hash[EXCHANGE_LINKS_MAX];
};

/* Puts config (borrowed for as long as exchange lives) and record (NULL = none: a first start) in
 * place. */
void exchange_init(struct exchange *exchange, const struct exchange_config *config,
	const struct exchange_record *record);

void exchange_step(struct exchange *exchange, struct exchange_time now,
	const struct exchange_event *event, struct exchange_actions *actions);

/* When EXCHANGE_TIMER is due next, in monotonic milliseconds. There always is a next timer. */
uint64_t exchange_next_timer(const struct exchange *exchange);

/* What to advertise on a link. */
void exchange_compose(const struct exchange *exchange, struct exchange_time now, size_t link,
	struct message_content *content);

/* This SAE's own status. */
void exchange_own_status(const struct exchange *exchange, struct sae_status *status);

/* Is what this peer said fresh? */
bool exchange_peer_live(const struct exchange *exchange, const struct exchange_peer *peer,
	struct exchange_time now);

/*
 * Where keys are installed as SAs of a SecY: the SA that a neighbour on a link transmits
 * with under a key, or will, if a receive SA is there, or may be made for it. That is so until
 * it has sent under it: who has lost what it has received could be played it again.
 * NULL: nothing is known of it, or it is too late.
 *
 * *is_there: it was there when the device was looked at last. If it is not any more, the
 * SecY was made anew since, and none may be made.
 */
const struct transmit_sa *exchange_receivable(const struct exchange *exchange, size_t link,
	size_t neighbour, const uint8_t token[static CKN_TOKEN_LEN], bool *is_there);

/* NULL if nothing was heard of this SAE. */
const struct exchange_peer *exchange_find_peer(
	const struct exchange *exchange, const struct sae_id *sae);

/* A stable name with dashes, such as "member-ready". */
const char *exchange_note_name(enum exchange_note_kind kind);

#endif
