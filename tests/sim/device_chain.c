/*
 * Key-chains (a Junos router with start times): the key with the newest start that
 * has come is the only one that can be used; older ones are useless, later ones
 * wait. Devices change over by themselves, by their own clocks, which are right.
 */
#include "sim.h"

/* The one that counts now; NULL if none has started. */
static const struct sim_key *active(const struct sim_world *world, size_t node)
{
	const struct sim_device *device = &world->nodes[node].device;
	const struct sim_key *newest = NULL;

	for (size_t i = 0; i < device->count; i++) {
		const struct sim_key *key = &device->keys[i];

		if (key->start <= sim_true_time_s(world) &&
			(!newest || key->start > newest->start)) {
			newest = key;
		}
	}
	return newest;
}

static bool share(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_key *ka = active(world, a), *kb = active(world, b);

	return ka && kb && sim_key_same(ka, kb);
}

static bool works_with_all(const struct sim_world *world, size_t node)
{
	for (size_t i = 0; i < world->node_count; i++) {
		if (world->adjacent[node][i] && !share(world, node, i)) {
			return false;
		}
	}
	return true;
}

static struct sim_key *find(struct sim_device *device, const struct sim_key *key)
{
	for (size_t i = 0; i < device->count; i++) {
		if (sim_key_same(&device->keys[i], key)) {
			return &device->keys[i];
		}
	}
	return NULL;
}

/* A free place, or that of the key that started longest ago. */
static struct sim_key *place(struct sim_device *device)
{
	struct sim_key *oldest = &device->keys[0];

	if (device->count < USABLE_MAX) {
		return &device->keys[device->count++];
	}
	for (size_t i = 1; i < device->count; i++) {
		oldest = device->keys[i].start < oldest->start ? &device->keys[i] : oldest;
	}
	return oldest;
}

/* At every start the world is to be looked at. */
static void settle_at(struct sim_world *world, int64_t start)
{
	int64_t at_ms = (start - SIM_WALL_S) * 1000;

	if (at_ms > (int64_t)world->now_ms) {
		sim_device_settle_later(world, (uint64_t)at_ms - world->now_ms);
	}
}

static void commit(struct sim_world *world, struct sim_node *node, const struct proposal *proposal,
	const struct sim_key *keys)
{
	for (size_t i = 0; i < proposal->key_count; i++) {
		struct sim_key *there = find(&node->device, &keys[i]);

		*(there ? there : place(&node->device)) = keys[i];
		settle_at(world, keys[i].start);
	}
}

static void read_back(struct sim_world *world, size_t node, struct exchange_device_view *view)
{
	const struct sim_device *device = &world->nodes[node].device;
	const struct sim_key *now = active(world, node);

	view->clock_s = sim_true_time_s(world);
	view->key_count = device->count;
	for (size_t i = 0; i < device->count; i++) {
		const struct sim_key *key = &device->keys[i];

		view->keys[i].ckn = key->ckn;
		view->keys[i].start = key->start;
		view->keys[i].transmitting = key == now && works_with_all(world, node);
		view->keys[i].future = key->start > view->clock_s;
		view->keys[i].past = now && key->start < now->start;
		if (key->start > view->latest_start) {
			view->latest_start = key->start;
		}
	}
}

/* Has the device what was decided last, with the starts decided last? */
static bool is_up_to_date(const struct sim_world *world, size_t node)
{
	const struct sim_device *device = &world->nodes[node].device;
	const struct proposal *decided = &world->decided;
	size_t found = 0;

	for (size_t i = 0; i < decided->key_count; i++) {
		int64_t start = decided->start + (int64_t)(i * decided->spacing_s);

		for (size_t j = 0; j < device->count; j++) {
			found += device->keys[j].generation == decided->generation &&
				 device->keys[j].start == start;
		}
	}
	return found == decided->key_count;
}

/* From a start on, while one of them does not have what was decided last; or KMEs are to blame. */
static bool apart(const struct sim_world *world, size_t a, size_t b)
{
	const struct sim_key *ka = active(world, a), *kb = active(world, b);

	if (ka && kb && ka->cak != kb->cak && ckn_equal(&ka->ckn, &kb->ckn)) {
		return true;
	}
	return world->decided.generation != 0 && world->first_start <= sim_true_time_s(world) &&
	       !(is_up_to_date(world, a) && is_up_to_date(world, b));
}

/* Nothing happens but that time has come. */
static void settle(struct sim_world *world)
{
	(void)world;
}

static void configure(struct sim_world *world, struct exchange_config *config)
{
	config->uses_start = true;
	config->batch = (uint8_t)(1 + world->seed % SIM_BATCH_MAX); /* all nodes alike */
	config->spacing_s = 2 + (uint32_t)(world->seed / SIM_BATCH_MAX % 3);
	config->lead_s = 2 + (uint32_t)world->topology->depth * SIM_LIFE_MS / 1000;
	config->clock_tolerance_s = 5;
}

const struct sim_device_kind sim_device_chain = {
	.name = "key-chain",
	.shared_segments = true,
	.notices = true,
	.persistent = true,
	.rotations = 4,
	.patience = 10, /* the lead grows with the longest hand-over, up to sixteen-fold */
	.configure = configure,
	.commit = commit,
	.retire = sim_device_retire,
	.read_back = read_back,
	.share = share,
	.up_to_date = is_up_to_date,
	.apart = apart,
	.settle = settle,
};
