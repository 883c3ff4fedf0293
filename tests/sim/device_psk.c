/*
 * Devices that run MKA with pre-shared keys. A static-PSK device (a Junos router)
 * holds one configured key and, on each link until that is live there, the one
 * that was live before. A retaining device holds what it was given until it is
 * told to retire it.
 */
#include "sim.h"

#include <string.h>

/* The key that secures the link to a neighbour: the newest here that it holds too; NULL if none. */
static const struct sim_key *used_with(const struct sim_world *world, size_t node, size_t neighbour)
{
	const struct sim_device *device = &world->nodes[node].device;

	for (size_t i = 0; i < device->count; i++) {
		if (sim_device_holds(&world->nodes[neighbour].device, &device->keys[i])) {
			return &device->keys[i];
		}
	}
	return NULL;
}

static bool share(const struct sim_world *world, size_t a, size_t b)
{
	return used_with(world, a, b) != NULL;
}

/* Is this one of the device's keys in use on some link, or (all) on every link? */
static bool used(const struct sim_world *world, size_t node, const struct sim_key *key, bool all)
{
	bool some = false;

	for (size_t i = 0; i < world->node_count; i++) {
		if (world->adjacent[node][i]) {
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
		if (world->adjacent[node][i] && !sim_device_holds(&world->nodes[i].device, key)) {
			return false;
		}
	}
	return true;
}

/* The newest first; at most as many as a status can show. */
static void put_first(struct sim_device *device, const struct sim_key *key)
{
	size_t keep = device->count < USABLE_MAX ? device->count : USABLE_MAX - 1;

	memmove(&device->keys[1], &device->keys[0], keep * sizeof(device->keys[0]));
	device->keys[0] = *key;
	device->count = keep + 1;
}

static void show(const struct sim_world *world, size_t node, struct exchange_device_view *view,
	bool (*transmits)(const struct sim_world *world, size_t node, const struct sim_key *key))
{
	const struct sim_device *device = &world->nodes[node].device;
	bool found = false;

	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		view->keys[i].ckn = device->keys[i].ckn;
		view->keys[i].transmitting = !found && transmits(world, node, &device->keys[i]);
		found = found || view->keys[i].transmitting;
	}
}

/* ---- static PSK ---- */

static bool used_everywhere(const struct sim_world *world, size_t node, const struct sim_key *key)
{
	return used(world, node, key, true);
}

/* MKA keeps on each link the key that secures it; and the configured one, keys[0], if it is to
 * stay. */
static void keep_used(const struct sim_world *world, size_t node, struct sim_device *device,
	bool configured_stays)
{
	bool keep[USABLE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < device->count; i++) {
		keep[i] = (i == 0 && configured_stays) ||
			  used(world, node, &device->keys[i], false);
	}
	for (size_t i = 0; i < device->count; i++) {
		if (keep[i]) {
			device->keys[count++] = device->keys[i];
		}
	}
	device->count = count;
}

/* Sessions settle: preceding keys are dropped. */
static void settle_static(struct sim_world *world)
{
	for (size_t i = 0; i < world->node_count; i++) {
		keep_used(world, i, &world->nodes[i].device, true);
	}
}

static void commit_static(struct sim_world *world, struct sim_node *node,
	const struct proposal *proposal, const struct sim_key *keys)
{
	(void)proposal;
	if (!sim_device_holds(&node->device, &keys[0])) {
		keep_used(world, node->index, &node->device, false);
		put_first(&node->device, &keys[0]);
		sim_device_settle_later(world,
			100 + sim_below(&world->random, 200 + 2 * world->faults.answer_max_ms));
	}
}

static void read_back_static(
	struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	show(world, node, view, used_everywhere);
}

static void configure_static(struct sim_world *world, struct exchange_config *config)
{
	(void)world;
	config->batch = 1;
}

const struct sim_device_kind sim_device_static = {
	.name = "static PSK",
	.rotations = 9,
	.patience = 1,
	.notices = true,
	.persistent = true,
	.configure = configure_static,
	.commit = commit_static,
	.read_back = read_back_static,
	.share = share,
	.settle = settle_static,
};

/* ---- retaining ---- */

static void commit_retaining(struct sim_world *world, struct sim_node *node,
	const struct proposal *proposal, const struct sim_key *keys)
{
	(void)world;
	for (size_t i = proposal->key_count; i-- > 0;) {
		if (!sim_device_holds(&node->device, &keys[i])) {
			put_first(&node->device, &keys[i]);
		}
	}
}

static void read_back_retaining(
	struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	show(world, node, view, works_with_all);
}

static void configure_retaining(struct sim_world *world, struct exchange_config *config)
{
	config->batch = (uint8_t)(1 + world->seed % 2); /* all nodes alike */
}

const struct sim_device_kind sim_device_retaining = {
	.name = "retaining",
	.rotations = 9,
	.patience = 1,
	.shared_segments = true,
	.notices = true,
	.configure = configure_retaining,
	.commit = commit_retaining,
	.retire = sim_device_retire,
	.read_back = read_back_retaining,
	.share = share,
};
