/*
 * The parts of the exchange, one file each. An event first changes what is
 * known; then every part looks at all that is known and says what to do about
 * it ("settle"), so that no order of events needs a case of its own.
 */
#ifndef L2PROTO_EXCHANGE_PRIVATE_H
#define L2PROTO_EXCHANGE_PRIVATE_H

#include "l2proto/exchange.h"

#define NEVER_MS UINT64_MAX

/* One step under way. */
struct step {
	struct exchange *x;
	struct exchange_time now;
	struct exchange_actions *actions;
};

/* exchange.c */
void step_note(struct step *s, enum exchange_note_kind kind, uint64_t generation, unsigned reason,
	const struct sae_id *sae);
void step_save(struct step *s);
bool step_may_save(const struct step *s);
struct proposal_ref proposal_ref(const struct proposal *proposal);
bool ref_is(const struct proposal_ref *ref, const struct proposal *proposal);
void exchange_set_failed(struct step *s, struct proposal_ref ref, unsigned reason);
void exchange_commit(struct step *s, const struct proposal *proposal, bool held);
void exchange_confirm(struct step *s);
void exchange_move_start(struct step *s, int64_t start);

/* exchange_peers.c: what other SAEs say */
void peers_hear(
	struct step *s, size_t link, const uint8_t *member, const struct message_content *content);
bool exchange_peer_duplicate(const struct exchange *exchange, const struct exchange_peer *peer,
	struct exchange_time now);
bool peers_ahead(const struct exchange *x);   /* of our records */
bool peers_in_loop(const struct exchange *x); /* within LIFE before the last step */
bool peers_conflict(const struct step *s, const struct sae_id **sae);
typedef bool (*member_fn)(const struct exchange *x, const struct sae_status *status);
bool member_heard(const struct exchange *x, const struct sae_status *status); /* always true */
bool members_all(const struct step *s, member_fn fulfils, const struct sae_id **missing);
bool members_any(const struct step *s, member_fn fulfils, const struct sae_id **which);

/* exchange_master.c */
void master_start(struct step *s);
void master_schedule(struct step *s); /* the next rekey, by the interval and the age of the key */
void master_keys(struct step *s, const struct exchange_event *event);
void master_keys_failed(struct step *s, unsigned reason);
void master_settle(struct step *s);

/* exchange_propose.c: the master's next generation */
void propose_if_due(struct step *s);
void propose_look_at_holders(struct step *s); /* of what is committed: since when are they all? */
void propose_back_off(struct step *s);        /* not before a while, which doubles each time */
/* Names why one that is due does not start, sae (or NULL) being to blame; REASON_NONE: it may. */
void propose_hold(struct step *s, unsigned reason, const struct sae_id *sae);
uint64_t propose_next_generation(const struct exchange *x); /* GENERATION_MAX + 1: none is left */

/* exchange_start.c: start times of key-chains */
void start_check_clock(struct step *s); /* after a read-back */
/* Ours, or that of *sae (NULL = ours)? */
bool start_clock_wrong(const struct step *s, const struct sae_id **sae);
int64_t start_left_s(const struct step *s);
bool start_too_far(const struct step *s, const struct sae_id **sae);
int64_t start_choose(const struct step *s); /* 0 = at once */
int64_t start_lead_s(const struct step *s);
void start_measure(struct step *s); /* the master's: how long a hand-over takes */
void start_settle(struct step *s);  /* the master's: moves a start that comes too early */

/* exchange_slave.c */
void slave_start(struct step *s);
void slave_hear(struct step *s, const struct message_content *content);
void slave_keys(struct step *s);
void slave_keys_failed(struct step *s, unsigned reason);
void slave_settle(struct step *s);

/* exchange_device.c: what the device of this SAE is asked to do, and what it answers */
void device_done(struct step *s, const struct exchange_event *event);
void device_failed(struct step *s, const struct exchange_event *event);
void device_changed(struct step *s); /* it is to be looked at soon */
void device_settle(struct step *s);

/* exchange_view.c: what the device was seen to hold */
void device_note_ready(struct step *s);
bool device_ready(const struct exchange *x);        /* it would take the staged keys: READY */
bool device_has_staged(const struct exchange *x);   /* kernel SAs: the key, READY or not yet */
bool device_applied(const struct exchange *x);      /* it holds the committed keys */
bool device_live(const struct exchange *x);         /* and uses them */
bool device_moved(const struct exchange *x);        /* it has done all that a COMMIT asks of it */
bool device_lost(const struct exchange *x);         /* they can never be applied: LOST */
bool device_number_taken(const struct exchange *x); /* the committed AN has another key */
bool device_wants_key(const struct exchange *x);    /* it shows no current key */
bool device_used_up(const struct exchange *x); /* it has sent all that it should under its key */
/* What names the i-th staged key; false if its key_ID gives no CKN. */
bool device_staged_key(const struct exchange *x, size_t i, struct exchange_key_name *key);
/* Its entry for a key, as read back last; NULL if it shows none. */
const struct exchange_device_key *device_find_key(
	const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);

/* exchange_secy.c: the SAs of this SAE's SecYs, and of its neighbours' */
void secys_hear(struct step *s, size_t link, const struct message_content *content);
/* After a read-back: what a neighbour said before it could know of a SecY that is new, or has lost
 * SAs, is void. */
void secys_look_for_loss(struct exchange *x, const struct exchange_device_view *before);
/* Has each a transmit SA of the key, and receive SAs of as many as there are neighbours? */
bool secys_hold(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);
/* And each neighbour, by its fresh word, one to transmit with that is received here? */
bool secys_receive_all(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);
/* Is there an SA of the key that could be made now? */
bool secys_lack(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);
/* Does a neighbour send under an SA of the key that can no longer be received? */
bool secys_too_late(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);
/* Does the neighbour, by its fresh word, receive what this SAE's SecY sends under the key? true if
 * it has none. */
bool secys_heard_by(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN]);
bool secys_differ(const struct exchange *x); /* in their cipher suites, from a neighbour's */

/* exchange_neighbours.c: MACsec neighbours, by their own fresh words */
bool neighbours_heard(const struct step *s); /* all, with their devices read back */
bool neighbours_allow(const struct step *s); /* the move to the committed keys */
bool neighbours_use_none(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN]);
bool neighbours_use(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN]); /* any */

/* exchange_cleanup.c: taking keys out of the device */
void cleanup_start(struct exchange *x);
void cleanup_confirmed(struct step *s);
void cleanup_view(struct step *s, bool first); /* after a read-back; first of this life */
void cleanup_look_at_uses(struct step *s);
void cleanup_dropped(struct exchange *x);           /* before what is staged becomes ABORTED */
bool cleanup_comes_first(const struct exchange *x); /* before anything else is staged */
bool cleanup_holds_undecided(const struct exchange *x);
bool cleanup_take_discard(struct step *s); /* what is to go into drop[]; false if nothing is */
bool cleanup_retire_due(const struct step *s);
/* Is it what is committed, or staged and undecided? */
bool cleanup_on_record(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN]);
void cleanup_done(struct step *s, enum exchange_device_op op);
void cleanup_failed(struct step *s, enum exchange_device_op op, unsigned reason);

#endif
