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

/* exchange_peers.c: what other SAEs say */
void peers_hear(
	struct step *s, size_t link, const uint8_t *member, const struct message_content *content);
bool exchange_peer_duplicate(const struct exchange *exchange, const struct exchange_peer *peer,
	struct exchange_time now);
bool peers_ahead(const struct exchange *x); /* of our records */
bool peers_conflict(const struct step *s, const struct sae_id **sae);

/* exchange_master.c */
void master_start(struct step *s);
void master_schedule(struct step *s); /* the next rekey, by the interval and the age of the key */
void master_keys(struct step *s, const struct exchange_event *event);
void master_keys_failed(struct step *s, unsigned reason);
void master_settle(struct step *s);

/* exchange_slave.c */
void slave_start(struct step *s);
void slave_hear(struct step *s, const struct message_content *content);
void slave_keys(struct step *s);
void slave_keys_failed(struct step *s, unsigned reason);
void slave_settle(struct step *s);

/* exchange_device.c: the device of this SAE */
void device_done(struct step *s, const struct exchange_event *event);
void device_failed(struct step *s, const struct exchange_event *event);
void device_settle(struct step *s);
bool device_applied(const struct exchange *x);   /* it holds the committed keys */
bool device_live(const struct exchange *x);      /* and uses them */
bool device_lost(const struct exchange *x);      /* they can never be applied: LOST */
bool device_wants_key(const struct exchange *x); /* it shows no current key */

#endif
