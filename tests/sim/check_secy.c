/*
 * What must be true of SecYs (protocol.md section 5.9): what is said of them, what is heard of
 * what they send, what is made in them and taken away.
 */
#include "secy.h"

#include <string.h>

/* ---- SAs, to look at ------------------------------------------------------------------------- */

void sim_nonce_put(uint64_t number, uint8_t octets[static 8])
{
	for (size_t i = 0; i < 8; i++) {
		octets[i] = (uint8_t)(number >> 8 * (7 - i));
	}
}

uint64_t sim_nonce_get(const uint8_t octets[static 8])
{
	uint64_t number = 0;

	for (size_t i = 0; i < 8; i++) {
		number = number << 8 | octets[i];
	}
	return number;
}

bool sim_sa_has(const struct sim_sa *sa, const struct ckn *ckn)
{
	return sa->nonce != 0 && ckn_equal(&sa->key.ckn, ckn);
}

const struct sim_sa *sim_secy_encoding(const struct sim_secy *secy)
{
	static const struct sim_sa none;

	return secy->encodes ? &secy->transmit[secy->encoding] : &none;
}

const struct sim_sa *sim_secy_find(const struct sim_world *world, uint64_t nonce)
{
	for (size_t i = 0; i < world->station_count; i++) {
		const struct sim_node *node = &world->nodes[i];

		for (size_t j = 0; j < node->link_count; j++) {
			for (size_t an = 0; an < ANS; an++) {
				const struct sim_sa *sa = &node->device.secys[j].transmit[an];

				if (sa->nonce == nonce) {
					return sa;
				}
			}
		}
	}
	return NULL;
}

bool sim_secy_receives(const struct sim_secy *secy, const struct sim_sa *from)
{
	for (size_t i = 0; i < secy->receive_count; i++) {
		const struct sim_sa *sa = &secy->receive[i];

		if (sa->sci == from->sci && sa->nonce == from->nonce &&
			sa->key.an == from->key.an && sim_key_same(&sa->key, &from->key)) {
			return true;
		}
	}
	return false;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/*
 * What was received under a nonce could be played again to an SA that begins anew. Against a
 * word that was on its way while the SecY was made anew there is no help (protocol.md section 8).
 */
void sim_secy_check_replay(struct sim_world *world, const struct sim_node *node,
	const struct sim_secy *secy, const struct sim_sa *wanted, uint64_t heard_ms)
{
	uint64_t reset_ms = node->device.reset_ms;
	bool was_delayed = heard_ms > reset_ms && heard_ms <= reset_ms + world->delay_max_ms;

	for (size_t i = 0; i < SIM_NONCES && !was_delayed; i++) {
		if (secy->had[i] == wanted->nonce) {
			sim_violation(world, "node %zu: receives again what it had received",
				node->index);
		}
	}
}

/* The node at the other end of a link, as long as it is a neighbour. */
void sim_secy_check_heard(struct sim_world *world, const struct sim_node *node, size_t link)
{
	const struct sim_secy *secy = &node->device.secys[link];
	const struct sim_sa *sa = sim_secy_encoding(secy);

	for (size_t b = 0; b < world->node_count && !sim_keys_may_be_lost(world); b++) {
		const struct sim_node *other = &world->nodes[b];

		for (size_t i = 0; i < other->link_count; i++) {
			if (b != node->index && other->wires[i] == node->wires[link] &&
				!sim_secy_receives(&other->device.secys[i], sa)) {
				sim_violation(world, "node %zu sends what node %zu cannot hear",
					node->index, b);
			}
		}
	}
}

/* Where the SA has gone, for the SecY was made anew meanwhile, nothing is sent. */
bool sim_secy_is_heard(const struct sim_world *world, const struct sim_node *node, size_t neighbour,
	const struct sim_key *key)
{
	const struct secy *said = &node->words[neighbour].secy;
	const struct sim_node *other = &world->nodes[neighbour];

	for (size_t i = 0; i < node->link_count; i++) {
		const struct sim_sa *sa = &node->device.secys[i].transmit[key->an];
		bool is_its_link = false, is_listed = false;
		uint8_t nonce[NONCE_LEN];

		for (size_t j = 0; j < other->link_count; j++) {
			is_its_link = is_its_link || other->wires[j] == node->wires[i];
		}
		sim_nonce_put(sa->nonce, nonce);
		for (size_t j = 0; j < said->receive_count; j++) {
			is_listed = is_listed || memcmp(said->receive[j], nonce, NONCE_LEN) == 0;
		}
		if (is_its_link && sim_sa_has(sa, &key->ckn) && !is_listed) {
			return false;
		}
	}
	return true;
}

/* Frames may still be on their way under what a neighbour has only just left. */
void sim_secy_check_at_rest(
	struct sim_world *world, const struct sim_node *node, const struct sim_sa *receive)
{
	uint8_t token[CKN_TOKEN_LEN];
	const struct sim_sa *sa = sim_secy_find(world, receive->nonce);

	ckn_token(receive->key.ckn.octets, receive->key.ckn.len, token);
	if (sim_neighbours_use(world, node, token)) {
		sim_violation(world, "node %zu takes away what a neighbour says it sends with",
			node->index);
	}
	if (sa && !sim_lately_reset(world) && sim_key_same(&sa->key, &receive->key) &&
		sa->left_ms != 0 && world->now_ms < sa->left_ms + node->config.retire_hold_ms) {
		sim_violation(world, "node %zu takes away what a neighbour has just sent with",
			node->index);
	}
}

/* What is called unused, neighbours begin to receive, for they cannot have received it before. */
void sim_secy_check_said(
	struct sim_world *world, const struct sim_node *node, size_t link, const struct secy *secy)
{
	const struct sim_secy *device = &node->device.secys[link];

	for (size_t i = 0; secy->present && i < secy->transmit_count; i++) {
		for (size_t an = 0; an < ANS; an++) {
			const struct sim_sa *sa = &device->transmit[an];

			if (secy->transmit[i].unused && sa->used &&
				sim_nonce_get(secy->transmit[i].nonce) == sa->nonce) {
				sim_violation(world, "node %zu says unused of what it sends with",
					node->index);
			}
		}
	}
}

bool sim_secy_hears_all(
	const struct sim_world *world, const struct sim_node *node, const struct proposal *proposal)
{
	struct ckn ckn;

	ckn_from_key_id(&node->config.ckn, &proposal->keys[0], &ckn);
	for (size_t i = 0; i < node->link_count; i++) {
		for (size_t b = 0; b < world->node_count; b++) {
			const struct sim_node *other = &world->nodes[b];

			for (size_t j = 0; j < other->link_count; j++) {
				const struct sim_sa *sa =
					&other->device.secys[j].transmit[proposal->an];

				if (b != node->index && other->wires[j] == node->wires[i] &&
					!(sim_sa_has(sa, &ckn) &&
						sim_secy_receives(&node->device.secys[i], sa))) {
					return false;
				}
			}
		}
	}
	return true;
}
