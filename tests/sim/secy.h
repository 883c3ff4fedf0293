/* SecYs of the simulated hosts: device_secy.c is how they behave, check_secy.c what must be true.
 */
#ifndef SECY_H
#define SECY_H

#include "sim.h"

#define ANS 4

/* Nonces and SCIs as they are in messages. */
void sim_nonce_put(uint64_t number, uint8_t octets[static 8]);
uint64_t sim_nonce_get(const uint8_t octets[static 8]);

bool sim_sa_has(const struct sim_sa *sa, const struct ckn *ckn);

/* The one that encodes; an absent one if there is none. */
const struct sim_sa *sim_secy_encoding(const struct sim_secy *secy);

/* The transmit SA of that nonce, whosever it is; NULL if there is none any more. */
const struct sim_sa *sim_secy_find(const struct sim_world *world, uint64_t nonce);

bool sim_secy_receives(const struct sim_secy *secy, const struct sim_sa *from);

/* A receive SA is to be made, by a word that was heard then. */
void sim_secy_check_replay(struct sim_world *world, const struct sim_node *node,
	const struct sim_secy *secy, const struct sim_sa *wanted, uint64_t heard_ms);

/* A node has begun to send on a link. */
void sim_secy_check_heard(struct sim_world *world, const struct sim_node *node, size_t link);

/* A receive SA is taken away. */
void sim_secy_check_at_rest(
	struct sim_world *world, const struct sim_node *node, const struct sim_sa *receive);

/* Of struct sim_device_kind. */
bool sim_secy_is_heard(const struct sim_world *world, const struct sim_node *node, size_t neighbour,
	const struct sim_key *key);
bool sim_secy_hears_all(const struct sim_world *world, const struct sim_node *node,
	const struct proposal *proposal);
void sim_secy_check_said(
	struct sim_world *world, const struct sim_node *node, size_t link, const struct secy *secy);

#endif
