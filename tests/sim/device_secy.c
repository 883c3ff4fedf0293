/*
 * This host's own MACsec: a SecY on each link, with four association numbers. Each
 * transmits under a nonce of its own, and a neighbour hears it only with the receive SA of
 * that nonce. PREPARE makes both kinds of SA, COMMIT changes the one that encodes, and
 * nothing proves that anybody can read what is sent.
 */
#include "sim.h"

#include <string.h>

#define ANS 4

static void put(uint64_t number, uint8_t octets[static 8])
{
	for (size_t i = 0; i < 8; i++) {
		octets[i] = (uint8_t)(number >> 8 * (7 - i));
	}
}

static uint64_t get(const uint8_t octets[static 8])
{
	uint64_t number = 0;

	for (size_t i = 0; i < 8; i++) {
		number = number << 8 | octets[i];
	}
	return number;
}

static bool same_ckn(const struct sim_sa *sa, const struct ckn *ckn)
{
	return sa->nonce != 0 && ckn_equal(&sa->key.ckn, ckn);
}

/* ---- SAs ------------------------------------------------------------------------------------- */

/* The one that encodes; an absent one if there is none. */
static const struct sim_sa *encoding_sa(const struct sim_secy *secy)
{
	static const struct sim_sa none;

	return secy->encodes ? &secy->transmit[secy->encoding] : &none;
}

/* Whosever it is; NULL if there is none any more. */
static const struct sim_sa *find_transmit(const struct sim_world *world, uint64_t nonce)
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

/* Has anything been sent under it? */
static bool was_used(const struct sim_world *world, uint64_t nonce)
{
	const struct sim_sa *sa = find_transmit(world, nonce);

	return sa && sa->used;
}

/* ---- what the world sees of it --------------------------------------------------------------- */

static void add_key(struct sim_device *device, const struct sim_sa *sa)
{
	if (sa->nonce != 0 && !sim_device_holds(device, &sa->key)) {
		device->keys[device->count++] = sa->key;
	}
}

/* Keys are those that any SA has; the one that is sent with encodes on every link. */
static void summarise(struct sim_node *node)
{
	struct sim_device *device = &node->device;

	device->count = 0;
	memset(&device->transmit, 0, sizeof(device->transmit));
	for (size_t i = 0; i < node->link_count; i++) {
		const struct sim_secy *secy = &device->secys[i];

		for (size_t an = 0; an < ANS; an++) {
			add_key(device, &secy->transmit[an]);
		}
		for (size_t j = 0; j < secy->receive_count; j++) {
			add_key(device, &secy->receive[j]);
		}
	}
	for (size_t i = 0; i < node->link_count; i++) {
		const struct sim_secy *secy = &device->secys[i];
		const struct sim_key *key = &encoding_sa(secy)->key;

		if (i > 0 && !sim_key_same(key, &device->transmit)) {
			memset(&device->transmit, 0, sizeof(device->transmit));
			break;
		}
		device->transmit = *key;
	}
}

/* ---- making SAs ------------------------------------------------------------------------------ */

static void remove_receive(struct sim_secy *secy, size_t i)
{
	secy->receive[i] = secy->receive[--secy->receive_count];
}

static bool add_transmit(struct sim_world *world, struct sim_secy *secy, const struct sim_key *key)
{
	struct sim_sa *sa = &secy->transmit[key->an];

	if (sa->nonce != 0) {
		return same_ckn(sa, &key->ckn);
	}
	*sa = (struct sim_sa){ .key = *key, .sci = secy->sci, .nonce = sim_random(&world->random) };
	return true;
}

/*
 * What was received under a nonce could be played again to an SA that begins anew. Against a
 * word that was on its way while the SecY was made anew there is no help (protocol.md section 8).
 */
static void check_replay(struct sim_world *world, const struct sim_node *node,
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

/* was_there: as the node has seen it last. */
static bool add_receive(struct sim_world *world, const struct sim_node *node, struct sim_secy *secy,
	const struct sim_sa *wanted, uint64_t heard_ms, bool was_there)
{
	for (size_t i = secy->receive_count; i-- > 0;) {
		struct sim_sa *sa = &secy->receive[i];

		if (sa->sci != wanted->sci || sa->key.an != wanted->key.an) {
			continue;
		}
		if (!same_ckn(sa, &wanted->key.ckn)) {
			return false;
		}
		if (sa->nonce == wanted->nonce) {
			return true;
		}
		remove_receive(secy, i);
	}
	if (was_there) {
		return true; /* made anew meanwhile */
	}
	if (secy->receive_count == SIM_RECEIVE_MAX) {
		return false;
	}
	check_replay(world, node, secy, wanted, heard_ms);
	secy->receive[secy->receive_count++] = *wanted;
	return true;
}

static bool receives(const struct sim_secy *secy, const struct sim_sa *from)
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

/* ---- what it is asked ------------------------------------------------------------------------ */

static bool prepare(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	uint8_t token[CKN_TOKEN_LEN];
	bool taken = true;

	if (proposal->an >= ANS) {
		sim_violation(world, "node %zu: no association number", node->index);
		return false;
	}
	ckn_token(keys[0].ckn.octets, keys[0].ckn.len, token);
	for (size_t i = 0; i < node->link_count && taken; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		taken = add_transmit(world, secy, &keys[0]);
		for (size_t j = 0; j < node->config.links[i].neighbour_count && taken; j++) {
			const struct exchange_neighbour *said = &node->exchange->neighbours[i][j];
			bool was_there;
			const struct transmit_sa *there = exchange_receivable(
				node->exchange, i, j, token, &was_there);
			struct sim_sa wanted = { .key = keys[0], .sci = get(said->sci) };

			if (there) {
				wanted.nonce = get(there->nonce);
				taken = add_receive(
					world, node, secy, &wanted, said->heard_ms, was_there);
			}
		}
	}
	summarise(node);
	return taken;
}

/* The node at the other end of a link, as long as it is a neighbour. */
static void check_heard(struct sim_world *world, const struct sim_node *node, size_t link)
{
	const struct sim_secy *secy = &node->device.secys[link];
	const struct sim_sa *sa = encoding_sa(secy);

	for (size_t b = 0; b < world->node_count && !sim_keys_may_be_lost(world); b++) {
		const struct sim_node *other = &world->nodes[b];

		for (size_t i = 0; i < other->link_count; i++) {
			if (b != node->index && other->wires[i] == node->wires[link] &&
				!receives(&other->device.secys[i], sa)) {
				sim_violation(world, "node %zu sends what node %zu cannot hear",
					node->index, b);
			}
		}
	}
}

static bool is_heard(const struct sim_world *world, const struct sim_node *node, size_t neighbour,
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
		put(sa->nonce, nonce);
		for (size_t j = 0; j < said->receive_count; j++) {
			is_listed = is_listed || memcmp(said->receive[j], nonce, NONCE_LEN) == 0;
		}
		if (is_its_link && same_ckn(sa, &key->ckn) && !is_listed) {
			return false; /* if it is reset meanwhile, the SA has gone, and nothing is
					 sent */
		}
	}
	return true;
}

static void commit(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	for (size_t i = 0; i < node->link_count; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		if (!same_ckn(&secy->transmit[proposal->an], &keys[0].ckn)) {
			continue; /* it has been reset since it was looked at */
		}
		if (secy->encodes && secy->encoding != proposal->an) {
			secy->transmit[secy->encoding].left_ms = world->now_ms;
		}
		secy->encoding = proposal->an;
		secy->encodes = true;
		secy->transmit[proposal->an].used = true;
		if (node->index < world->node_count) {
			check_heard(world, node, i);
		}
	}
	summarise(node);
	sim_adversity_moved(world);
}

/* Frames may still be on their way under what a neighbour has only just left. */
static void check_at_rest(
	struct sim_world *world, const struct sim_node *node, const struct sim_sa *receive)
{
	uint8_t token[CKN_TOKEN_LEN];
	const struct sim_sa *sa = find_transmit(world, receive->nonce);

	ckn_token(receive->key.ckn.octets, receive->key.ckn.len, token);
	if (sim_neighbours_use(world, node, token)) {
		sim_violation(world, "node %zu takes away what a neighbour says it sends with",
			node->index);
	}
	if (sa && sim_key_same(&sa->key, &receive->key) && sa->left_ms != 0 &&
		world->now_ms < sa->left_ms + node->config.retire_hold_ms) {
		sim_violation(world, "node %zu takes away what a neighbour has just sent with",
			node->index);
	}
}

typedef bool (*goes_fn)(const struct sim_node *node, const struct ckn *ckn);

static void take_away(struct sim_world *world, struct sim_node *node, goes_fn goes)
{
	for (size_t i = 0; i < node->link_count; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		for (uint8_t an = 0; an < ANS; an++) {
			if (&secy->transmit[an] != encoding_sa(secy) &&
				goes(node, &secy->transmit[an].key.ckn)) {
				memset(&secy->transmit[an], 0, sizeof(secy->transmit[an]));
			}
		}
		for (size_t j = secy->receive_count; j-- > 0;) {
			if (goes(node, &secy->receive[j].key.ckn)) {
				check_at_rest(world, node, &secy->receive[j]);
				remove_receive(secy, j);
			}
		}
	}
	summarise(node);
}

static bool is_dropped(const struct sim_node *node, const struct ckn *ckn)
{
	uint8_t token[CKN_TOKEN_LEN];

	ckn_token(ckn->octets, ckn->len, token);
	for (size_t i = 0; i < node->exchange->drop_count; i++) {
		if (memcmp(node->exchange->drop[i].token, token, CKN_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

static void discard(struct sim_world *world, struct sim_node *node)
{
	take_away(world, node, is_dropped);
}

static bool is_older(const struct sim_node *node, const struct ckn *ckn)
{
	struct ckn committed;

	ckn_from_key_id(&node->config.ckn, &node->exchange->record.committed.keys[0], &committed);
	return !ckn_equal(ckn, &committed);
}

static void retire(struct sim_world *world, struct sim_node *node)
{
	take_away(world, node, is_older);
}

/* ---- what it shows --------------------------------------------------------------------------- */

static void show_secy(
	const struct sim_secy *secy, struct exchange_device_view *view, struct exchange_secy *to)
{
	struct secy *shown = &to->shown;

	shown->present = true;
	shown->suite = 4;
	put(secy->sci, shown->sci);
	for (size_t an = 0; an < ANS; an++) {
		const struct sim_sa *sa = &secy->transmit[an];
		struct transmit_sa *transmit = &shown->transmit[shown->transmit_count];

		if (sa->nonce != 0) {
			ckn_token(sa->key.ckn.octets, sa->key.ckn.len, transmit->token);
			put(sa->nonce, transmit->nonce);
			transmit->unused = !sa->used;
			shown->transmit_count++;
			view->an_in_use |= (uint8_t)(1u << an);
		}
	}
	for (size_t i = 0; i < secy->receive_count; i++) {
		const struct sim_sa *sa = &secy->receive[i];

		ckn_token(sa->key.ckn.octets, sa->key.ckn.len, to->receive_tokens[i]);
		put(sa->nonce, shown->receive[i]);
		view->an_in_use |= (uint8_t)(1u << sa->key.an);
	}
	shown->receive_count = (uint8_t)secy->receive_count;
}

static bool transmits_on_every_link(const struct sim_node *node, const struct ckn *ckn)
{
	for (size_t i = 0; i < node->link_count; i++) {
		bool found = false;

		for (size_t an = 0; an < ANS; an++) {
			found = found || same_ckn(&node->device.secys[i].transmit[an], ckn);
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

/* The kernel does not know CKNs. With what is received alone nobody can do anything. */
static void read_back(struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	const struct sim_device *device = &world->nodes[node].device;

	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		const struct ckn *ckn = &device->keys[i].ckn;

		ckn_token(ckn->octets, ckn->len, view->keys[i].token);
		view->keys[i].transmitting = sim_key_same(&device->keys[i], &device->transmit);
		view->keys[i].past = !transmits_on_every_link(&world->nodes[node], ckn);
	}
	for (size_t i = 0; i < world->nodes[node].link_count; i++) {
		show_secy(&device->secys[i], view, &view->secys[i]);
	}
}

/* What is called unused, neighbours begin to receive, for they cannot have received it before. */
static void check_said(
	struct sim_world *world, const struct sim_node *node, size_t link, const struct secy *secy)
{
	const struct sim_secy *device = &node->device.secys[link];

	for (size_t i = 0; secy->present && i < secy->transmit_count; i++) {
		for (size_t an = 0; an < ANS; an++) {
			const struct sim_sa *sa = &device->transmit[an];

			if (secy->transmit[i].unused && sa->used &&
				get(secy->transmit[i].nonce) == sa->nonce) {
				sim_violation(world, "node %zu says unused of what it sends with",
					node->index);
			}
		}
	}
}

static bool hears_all(
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
					!(same_ckn(sa, &ckn) &&
						receives(&node->device.secys[i], sa))) {
					return false;
				}
			}
		}
	}
	return true;
}

/* ---- in the world ---------------------------------------------------------------------------- */

/* Each hears what the other sends. */
static bool share(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_node *na = &world->nodes[a], *nb = &world->nodes[b];

	for (size_t i = 0; i < na->link_count; i++) {
		for (size_t j = 0; j < nb->link_count; j++) {
			const struct sim_secy *sa = &na->device.secys[i],
					      *sb = &nb->device.secys[j];

			if (na->wires[i] == nb->wires[j]) {
				return receives(sb, encoding_sa(sa)) &&
				       receives(sa, encoding_sa(sb));
			}
		}
	}
	return false;
}

static uint64_t sci_of(size_t node, size_t link)
{
	return 0x020000000001 + node * 16 + link;
}

static uint64_t first_nonce(size_t node, size_t link)
{
	return 1 + node * 16 + link;
}

/* Made anew: the same SCI, and nothing in it. What it has received is remembered by the world. */
static void empty_secy(struct sim_world *world, struct sim_node *node, size_t link)
{
	struct sim_secy *secy = &node->device.secys[link];

	for (size_t j = 0; j < secy->receive_count; j++) {
		if (was_used(world, secy->receive[j].nonce)) {
			secy->had[secy->had_count++ % SIM_NONCES] = secy->receive[j].nonce;
		}
	}
	memset(secy->transmit, 0, sizeof(secy->transmit));
	secy->receive_count = 0;
	secy->encodes = false;
	secy->sci = sci_of(node->index, link);
}

static void empty_all(struct sim_world *world, struct sim_node *node)
{
	for (size_t i = 0; i < SIM_NODE_LINKS; i++) {
		empty_secy(world, node, i);
	}
}

/* Somebody deletes one device of kind macsec, or the host boots. */
static void empty(struct sim_world *world, struct sim_node *node)
{
	if (sim_chance(&world->random, 500)) {
		empty_secy(world, node, sim_below(&world->random, node->link_count));
	} else {
		empty_all(world, node);
	}
	summarise(node);
}

/* The key that an operator has set by hand, with a nonce that all know. */
static void roll_back(struct sim_world *world, struct sim_node *node)
{
	const struct sim_key *first = &node->device.first;

	empty_all(world, node);
	for (size_t i = 0; i < node->link_count; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		secy->transmit[0] = (struct sim_sa){ .sci = secy->sci,
			.nonce = first_nonce(node->index, i),
			.key = *first,
			.used = true };
		secy->encoding = 0;
		secy->encodes = true;
		for (size_t b = 0; b < world->node_count; b++) {
			const struct sim_node *other = &world->nodes[b];

			for (size_t j = 0; j < other->link_count; j++) {
				if (b != node->index && other->wires[j] == node->wires[i]) {
					secy->receive[secy->receive_count++] =
						(struct sim_sa){ .sci = sci_of(b, j),
							.nonce = first_nonce(b, j),
							.key = *first };
				}
			}
		}
	}
	summarise(node);
}

static void configure(struct sim_world *world, struct exchange_config *config)
{
	(void)world;
	config->batch = 1;
	config->uses_an = true;
	config->retire_hold_ms = 500;
}

const struct sim_device_kind sim_device_kernel = {
	.name = "kernel SAs",
	.rotations = 9,
	.patience = 1,
	.shared_segments = true,
	.configure = configure,
	.prepare = prepare,
	.commit = commit,
	.hears_all = hears_all,
	.check_said = check_said,
	.is_heard = is_heard,
	.discard = discard,
	.retire = retire,
	.read_back = read_back,
	.share = share,
	.empty = empty,
	.roll_back = roll_back,
};
