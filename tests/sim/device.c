/*
 * Devices. A static-PSK device (a Junos router) holds one configured key and, on
 * each link until that is live there, the one that was live before. A retaining
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

/* The key that secures the link to a neighbour: the newest here that it holds too; NULL if none. */
static const struct sim_key *used_with(const struct sim_world *world, size_t node, size_t neighbour)
{
	const struct sim_device *device = &world->nodes[node].device;

	for (size_t i = 0; i < device->count; i++) {
		if (holds(&world->nodes[neighbour].device, &device->keys[i])) {
			return &device->keys[i];
		}
	}
	return NULL;
}

/* Is this one of the device's keys in use on some link, or (all) on every link? */
static bool used(const struct sim_world *world, size_t node, const struct sim_key *key, bool all)
{
	bool some = false;

	for (size_t i = 0; i < world->node_count; i++) {
		if (sim_adjacent(world, node, i)) {
			bool here = used_with(world, node, i) == key;

			if (all && !here) {
				return false;
			}
			some = some || here;
		}
	}
	return some;
}

/* One transmit SA serves a whole segment: its key must work with everybody. */
static bool works_with_all(const struct sim_world *world, size_t node, const struct sim_key *key)
{
	for (size_t i = 0; i < world->node_count; i++) {
		if (sim_adjacent(world, node, i) && !holds(&world->nodes[i].device, key)) {
			return false;
		}
	}
	return true;
}

/* MKA keeps on each link the key that secures it; and the configured one, keys[0], if it is to
 * stay. */
static void keep_used(const struct sim_world *world, size_t node, struct sim_device *device,
	bool configured_stays)
{
	struct sim_device kept = { .retaining = device->retaining };

	for (size_t i = 0; i < device->count; i++) {
		if ((i == 0 && configured_stays) || used(world, node, &device->keys[i], false)) {
			kept.keys[kept.count++] = device->keys[i];
		}
	}
	*device = kept;
}

void sim_mka(struct sim_world *world)
{
	for (size_t i = 0; i < world->node_count; i++) {
		if (!world->nodes[i].device.retaining) {
			keep_used(world, i, &world->nodes[i].device, true);
		}
	}
}

static void read_back(const struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	const struct sim_device *device = &world->nodes[node].device;
	bool found = false;

	memset(view, 0, sizeof(*view));
	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		const struct sim_key *key = &device->keys[i];

		view->keys[i].ckn = key->ckn;
		view->keys[i].transmitting = !found &&
					     (device->retaining ? works_with_all(world, node, key)
								: used(world, node, key, true));
		found = found || view->keys[i].transmitting;
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
	size_t keep;

	if (!device->retaining) {
		keep_used(world, node->index, device, false);
	}
	keep = device->count < USABLE_MAX ? device->count : USABLE_MAX - 1;
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
