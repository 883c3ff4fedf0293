/*
 * Devices. A static-PSK device (a Junos router) holds one configured key and,
 * until that is live with every neighbour, the one before it. A retaining
 * device (kernel SAs) holds what it was given until it is told to retire it.
 * Devices live on when the daemon's node crashes.
 */
#include "sim.h"

#include <string.h>

static bool same_key(const struct sim_key *a, const struct sim_key *b)
{
	return a->cak == b->cak && a->ckn.len == b->ckn.len &&
	       memcmp(a->ckn.octets, b->ckn.octets, a->ckn.len) == 0;
}

static bool holds(const struct sim_device *device, const struct sim_key *key)
{
	for (size_t i = 0; i < device->count; i++) {
		if (same_key(&device->keys[i], key)) {
			return true;
		}
	}
	return false;
}

bool sim_adjacent(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_node *na = &world->nodes[a], *nb = &world->nodes[b];

	for (size_t i = 0; a != b && i < na->link_count; i++) {
		for (size_t j = 0; j < nb->link_count; j++) {
			if (na->link_world[i] == nb->link_world[j]) {
				return true;
			}
		}
	}
	return false;
}

bool sim_devices_share(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_device *device = &world->nodes[a].device;

	for (size_t i = 0; i < device->count; i++) {
		if (holds(&world->nodes[b].device, &device->keys[i])) {
			return true;
		}
	}
	return false;
}

/* Do all neighbours hold this key too? Then a session under it is live. */
static bool shared_by_all(const struct sim_world *world, size_t node, const struct sim_key *key)
{
	for (size_t i = 0; i < world->node_count; i++) {
		if (sim_adjacent(world, node, i) && !holds(&world->nodes[i].device, key)) {
			return false;
		}
	}
	return true;
}

void sim_mka(struct sim_world *world)
{
	for (size_t i = 0; i < world->node_count; i++) {
		struct sim_device *device = &world->nodes[i].device;

		if (!device->retaining && device->count > 1 &&
			shared_by_all(world, i, &device->keys[0])) {
			device->count = 1;
		}
	}
}

static void read_back(const struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	const struct sim_device *device = &world->nodes[node].device;
	bool transmitting = false;

	memset(view, 0, sizeof(*view));
	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		view->keys[i].ckn = device->keys[i].ckn;
		/* the newest key that works with everybody */
		if (!transmitting && shared_by_all(world, node, &device->keys[i])) {
			view->keys[i].transmitting = true;
			transmitting = true;
		}
	}
}

static struct sim_held *find_held(struct sim_node *node, uint64_t generation)
{
	for (size_t i = 0; i < SIM_VAULT_MAX; i++) {
		if (node->vault[i].generation == generation) {
			return &node->vault[i];
		}
	}
	return NULL;
}

static void install(struct sim_world *world, struct sim_node *node, const struct sim_key *key)
{
	struct sim_device *device = &node->device;
	struct sim_event mka = { .kind = SIM_MKA };
	size_t keep = device->retaining ? USABLE_MAX - 1 : 1;

	/* MKA keeps what is live: of two older keys that is the one that works. */
	if (!device->retaining && device->count == 2 &&
		!shared_by_all(world, node->index, &device->keys[0]) &&
		shared_by_all(world, node->index, &device->keys[1])) {
		device->keys[0] = device->keys[1];
	}
	if (keep > device->count) {
		keep = device->count;
	}
	memmove(&device->keys[1], &device->keys[0], keep * sizeof(device->keys[0]));
	device->keys[0] = *key;
	device->count = keep + 1;
	sim_schedule(world, &mka, 200 + sim_below(&world->random, 2000));
}

static void commit(struct sim_world *world, struct sim_node *node, uint64_t generation)
{
	const struct proposal *proposal = &node->exchange.record.committed;
	const struct sim_held *held = find_held(node, generation);

	if (!held || proposal->generation != generation) {
		sim_violation(world, "node %zu: commit of generation %llu without its key",
			node->index, (unsigned long long)generation);
		return;
	}
	for (size_t i = proposal->key_count; i-- > 0;) {
		struct sim_key key = { .cak = held->values[i] };

		ckn_from_key_id(&node->config.ckn, &proposal->keys[i], &key.ckn);
		if (i == 0) {
			sim_check_applied(world, node, generation, &key);
		}
		if (!holds(&node->device, &key)) {
			install(world, node, &key);
		}
	}
}

/* Keeps what is committed and drops the rest. */
static void retire(struct sim_node *node)
{
	size_t keep = node->exchange.record.committed.key_count;

	if (node->device.count > keep) {
		node->device.count = keep;
	}
}

void sim_device_ask(struct sim_world *world, struct sim_node *node, enum exchange_device_op op,
	uint64_t generation)
{
	struct sim_event answer = {
		.kind = SIM_DEVICE,
		.node = node->index,
		.life = node->life,
		.generation = generation,
		.op = op,
	};

	sim_trace(world, node, "device op %d", op);
	if (sim_chance(&world->random, world->faults.device)) {
		answer.reason = REASON_DEVICE_REFUSED;
	} else {
		if (op == EXCHANGE_DEVICE_COMMIT) {
			commit(world, node, generation);
		}
		if (op == EXCHANGE_DEVICE_RETIRE && node->device.retaining) {
			retire(node);
		}
		if (sim_chance(&world->random, world->faults.device_reply_lost)) {
			answer.reason = REASON_DEVICE_CONNECTION_LOST;
		}
	}
	sim_schedule(world, &answer, 5 + sim_below(&world->random, world->quiet ? 50 : 1000));
}

void sim_device_done(struct sim_world *world, struct sim_node *node, const struct sim_event *event)
{
	struct exchange_device_view view;
	struct exchange_event done = {
		.kind = event->reason == REASON_NONE ? EXCHANGE_DEVICE_DONE
						     : EXCHANGE_DEVICE_FAILED,
		.generation = event->generation,
		.reason = event->reason,
	};

	read_back(world, node->index, &view);
	done.device.op = event->op;
	done.device.view = &view;
	sim_node_event(world, node, &done);
}
