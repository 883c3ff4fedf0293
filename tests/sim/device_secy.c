/*
 * This host's own MACsec: a SecY on each link, with four association numbers. Each
 * transmits under a nonce of its own, and a neighbour hears it only with the receive SA of
 * that nonce. PREPARE makes both kinds of SA, COMMIT changes the one that encodes, and
 * nothing proves that anybody can read what is sent.
 */
#include "secy.h"

#include <string.h>

/* Has anything been sent under it? */
static bool was_used(const struct sim_world *world, uint64_t nonce)
{
	const struct sim_sa *sa = sim_secy_find(world, nonce);

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
		const struct sim_key *key = &sim_secy_encoding(secy)->key;

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

/* A number that another key has is not chosen, unless nobody could know of that. */
static bool is_its_own(struct sim_world *world, const struct sim_sa *sa, const struct sim_key *key)
{
	bool excused = world->excuses.disk || world->excuses.clone || world->excuses.reset;

	if (sim_sa_has(sa, &key->ckn)) {
		return true;
	}
	if (!excused) {
		sim_violation(world, "association number %u is taken", key->an);
	}
	return false;
}

static bool add_transmit(struct sim_world *world, struct sim_secy *secy, const struct sim_key *key)
{
	struct sim_sa *sa = &secy->transmit[key->an];

	if (sa->nonce != 0) {
		return is_its_own(world, sa, key);
	}
	*sa = (struct sim_sa){ .key = *key, .sci = secy->sci, .nonce = sim_random(&world->random) };
	return true;
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
		if (!is_its_own(world, sa, &wanted->key)) {
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
	sim_secy_check_replay(world, node, secy, wanted, heard_ms);
	secy->receive[secy->receive_count++] = *wanted;
	return true;
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
			struct sim_sa wanted = { .key = keys[0], .sci = sim_nonce_get(said->sci) };

			if (there) {
				wanted.nonce = sim_nonce_get(there->nonce);
				taken = add_receive(
					world, node, secy, &wanted, said->heard_ms, was_there);
			}
		}
	}
	summarise(node);
	return taken;
}

static void encode(const struct sim_world *world, struct sim_secy *secy, uint8_t an)
{
	if (secy->encodes && secy->encoding != an) {
		secy->transmit[secy->encoding].left_ms = world->now_ms;
	}
	secy->encoding = an;
	secy->encodes = true;
	secy->transmit[an].used = true;
	secy->transmit[an].left_ms = 0;
}

static void commit(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	for (size_t i = 0; i < node->link_count; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		if (!sim_sa_has(&secy->transmit[proposal->an], &keys[0].ckn)) {
			continue; /* it has been reset since it was looked at */
		}
		encode(world, secy, proposal->an);
		if (node->index < world->node_count) {
			sim_secy_check_heard(world, node, i);
		}
	}
	summarise(node);
	sim_adversity_moved(world);
}

typedef bool (*goes_fn)(const struct sim_node *node, const struct ckn *ckn);

/* What is sent with is received with, too. */
static void take_away(struct sim_world *world, struct sim_node *node, goes_fn goes)
{
	for (size_t i = 0; i < node->link_count; i++) {
		struct sim_secy *secy = &node->device.secys[i];

		for (uint8_t an = 0; an < ANS; an++) {
			if (&secy->transmit[an] != sim_secy_encoding(secy) &&
				goes(node, &secy->transmit[an].key.ckn)) {
				memset(&secy->transmit[an], 0, sizeof(secy->transmit[an]));
			}
		}
		for (size_t j = secy->receive_count; j-- > 0;) {
			if (goes(node, &secy->receive[j].key.ckn) &&
				!sim_sa_has(sim_secy_encoding(secy), &secy->receive[j].key.ckn)) {
				sim_secy_check_at_rest(world, node, &secy->receive[j]);
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
	sim_nonce_put(secy->sci, shown->sci);
	for (size_t an = 0; an < ANS; an++) {
		const struct sim_sa *sa = &secy->transmit[an];
		struct transmit_sa *transmit = &shown->transmit[shown->transmit_count];

		if (sa->nonce != 0) {
			ckn_token(sa->key.ckn.octets, sa->key.ckn.len, transmit->token);
			sim_nonce_put(sa->nonce, transmit->nonce);
			transmit->unused = !sa->used;
			shown->transmit_count++;
			view->an_in_use |= (uint8_t)(1u << an);
		}
	}
	for (size_t i = 0; i < secy->receive_count; i++) {
		const struct sim_sa *sa = &secy->receive[i];

		ckn_token(sa->key.ckn.octets, sa->key.ckn.len, to->receive_tokens[i]);
		sim_nonce_put(sa->nonce, shown->receive[i]);
		view->an_in_use |= (uint8_t)(1u << sa->key.an);
	}
	shown->receive_count = (uint8_t)secy->receive_count;
}

static bool transmits_on_every_link(const struct sim_node *node, const struct ckn *ckn)
{
	for (size_t i = 0; i < node->link_count; i++) {
		bool found = false;

		for (size_t an = 0; an < ANS; an++) {
			found = found || sim_sa_has(&node->device.secys[i].transmit[an], ckn);
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

static bool sends_on_a_link(const struct sim_node *node, const struct ckn *ckn)
{
	for (size_t i = 0; i < node->link_count; i++) {
		if (sim_sa_has(sim_secy_encoding(&node->device.secys[i]), ckn)) {
			return true;
		}
	}
	return false;
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
		view->keys[i].sending = sends_on_a_link(&world->nodes[node], ckn);
		view->keys[i].past = !transmits_on_every_link(&world->nodes[node], ckn);
	}
	for (size_t i = 0; i < world->nodes[node].link_count; i++) {
		show_secy(&device->secys[i], view, &view->secys[i]);
	}
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
				return sim_secy_receives(sb, sim_secy_encoding(sa)) &&
				       sim_secy_receives(sa, sim_secy_encoding(sb));
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

/* It sends again with the key before, if that is still there: one command is enough for that. */
static bool encode_older(const struct sim_world *world, struct sim_node *node)
{
	for (uint8_t an = 0; an < ANS; an++) {
		bool has_sent = true;

		for (size_t i = 0; i < node->link_count; i++) {
			const struct sim_secy *secy = &node->device.secys[i];
			const struct sim_sa *sa = &secy->transmit[an];

			has_sent = has_sent && sa->nonce != 0 && sa->used &&
				   sa != sim_secy_encoding(secy);
		}
		for (size_t i = 0; i < node->link_count && has_sent; i++) {
			encode(world, &node->device.secys[i], an);
		}
		if (has_sent) {
			summarise(node);
			return true;
		}
	}
	return false;
}

/* The key that an operator has set by hand, with a nonce that all know. */
static void roll_back(struct sim_world *world, struct sim_node *node)
{
	const struct sim_key *first = &node->device.first;

	if (encode_older(world, node)) {
		return;
	}
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
	.hears_all = sim_secy_hears_all,
	.check_said = sim_secy_check_said,
	.is_heard = sim_secy_is_heard,
	.discard = discard,
	.retire = retire,
	.read_back = read_back,
	.share = share,
	.empty = empty,
	.roll_back = roll_back,
};
