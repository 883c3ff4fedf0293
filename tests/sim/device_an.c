/*
 * Kernel SAs: four association numbers. PREPARE installs the receive SA of the
 * proposal's number, COMMIT makes it the transmit SA as well, and nothing proves
 * that anybody can read what is sent. What stands at a number is overwritten.
 */
#include "sim.h"

static void install(struct sim_device *device, const struct sim_key *key)
{
	size_t i = 0;

	while (i < device->count && device->keys[i].an != key->an) {
		i++;
	}
	device->keys[i] = *key;
	device->count = i < device->count ? device->count : i + 1;
}

static void remove_at(struct sim_device *device, size_t i)
{
	device->keys[i] = device->keys[--device->count];
}

static void prepare(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	if (proposal->an > 3) {
		sim_violation(world, "node %zu: no association number", node->index);
		return;
	}
	install(&node->device, &keys[0]);
}

static void commit(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	(void)world;
	(void)proposal;
	install(&node->device, &keys[0]);
	node->device.transmit = keys[0];
}

static void discard(struct sim_world *world, struct sim_node *node)
{
	const struct exchange *exchange = node->exchange;

	(void)world;
	for (size_t i = node->device.count; i-- > 0;) {
		for (size_t j = 0; j < exchange->drop_count; j++) {
			if (ckn_equal(&node->device.keys[i].ckn, &exchange->drop[j])) {
				remove_at(&node->device, i);
				break;
			}
		}
	}
}

static void read_back(struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	const struct sim_device *device = &world->nodes[node].device;

	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		view->keys[i].ckn = device->keys[i].ckn;
		view->keys[i].transmitting = sim_key_same(&device->keys[i], &device->transmit);
		view->an_in_use |= (uint8_t)(1u << device->keys[i].an);
	}
}

/* Each reads what the other sends. */
static bool share(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_device *da = &world->nodes[a].device, *db = &world->nodes[b].device;

	return sim_device_holds(da, &db->transmit) && sim_device_holds(db, &da->transmit);
}

static void configure(struct sim_world *world, struct exchange_config *config)
{
	(void)world;
	config->batch = 1;
	config->uses_an = true;
}

const struct sim_device_kind sim_device_kernel = {
	.name = "kernel SAs",
	.rotations = 9,
	.patience = 1,
	.shared_segments = true,
	.configure = configure,
	.prepare = prepare,
	.commit = commit,
	.discard = discard,
	.retire = sim_device_retire,
	.read_back = read_back,
	.share = share,
};
