/*
 * Devices: what all kinds have in common. They live on when the daemon's node
 * crashes; what they are asked takes effect at once, and is answered later.
 */
#include "sim.h"

#include <string.h>

bool sim_key_same(const struct sim_key *a, const struct sim_key *b)
{
	return a->cak == b->cak && ckn_equal(&a->ckn, &b->ckn);
}

bool sim_device_holds(const struct sim_device *device, const struct sim_key *key)
{
	for (size_t i = 0; i < device->count; i++) {
		if (sim_key_same(&device->keys[i], key)) {
			return true;
		}
	}
	return false;
}

void sim_device_settle_later(struct sim_world *world, uint64_t delay_ms)
{
	struct sim_event settle = { .kind = SIM_SETTLE };

	sim_schedule(world, &settle, delay_ms);
}

void sim_device_empty(struct sim_world *world, struct sim_node *node)
{
	world->devices_changed = true;
	node->device.reset_ms = world->now_ms;
	if (world->kind->empty) {
		world->kind->empty(world, node);
		return;
	}
	node->device.count = 0;
	memset(&node->device.transmit, 0, sizeof(node->device.transmit));
}

void sim_device_roll_back(struct sim_world *world, struct sim_node *node)
{
	struct sim_device *device = &node->device;

	world->devices_changed = true;
	device->reset_ms = world->now_ms;
	if (world->kind->roll_back) {
		world->kind->roll_back(world, node);
		return;
	}
	device->count = 1;
	device->keys[0] = device->first;
	device->transmit = device->first;
}

static bool is_committed(const struct sim_node *node, const struct sim_key *key)
{
	const struct proposal *committed = &node->exchange->record.committed;
	struct ckn ckn;

	for (size_t i = 0; i < committed->key_count; i++) {
		ckn_from_key_id(&node->config.ckn, &committed->keys[i], &ckn);
		if (ckn_equal(&ckn, &key->ckn)) {
			return true;
		}
	}
	return false;
}

void sim_device_retire(struct sim_world *world, struct sim_node *node)
{
	struct sim_device *device = &node->device;
	size_t count = 0;

	(void)world;
	for (size_t i = 0; i < device->count; i++) {
		if (is_committed(node, &device->keys[i])) {
			device->keys[count++] = device->keys[i];
		}
	}
	device->count = count;
}

/* What it holds, and how far its node's record is. */
void sim_device_trace(const struct sim_world *world, const struct sim_node *node)
{
	const struct exchange_record *record = &node->disk.record;

	sim_trace(world, node, "record: staged %llu (stage %d), committed %llu (phase %d)",
		(unsigned long long)record->staged.generation, record->stage,
		(unsigned long long)record->committed.generation, record->decision);
	for (size_t i = 0; i < node->device.count; i++) {
		const struct sim_key *key = &node->device.keys[i];

		sim_trace(world, node, "device: generation %llu AN %u start %lld%s",
			(unsigned long long)key->generation, key->an, (long long)key->start,
			sim_key_same(key, &node->device.transmit) ? ", transmits" : "");
	}
}

/* Puts together what the daemon would hand to its device. */
static bool collect_keys(struct sim_world *world, const struct sim_node *node,
	const struct proposal *proposal, uint64_t generation, struct sim_key *keys)
{
	const struct sim_held *held = sim_node_held(node, generation);

	if (!held || proposal->generation != generation || held->count != proposal->key_count) {
		sim_violation(world,
			"node %zu: its device is asked to take generation %llu, "
			"whose keys are not there",
			node->index, (unsigned long long)generation);
		return false;
	}
	memset(keys, 0, SIM_BATCH_MAX * sizeof(*keys));
	for (size_t i = 0; i < proposal->key_count; i++) {
		ckn_from_key_id(&node->config.ckn, &proposal->keys[i], &keys[i].ckn);
		keys[i].cak = held->values[i];
		keys[i].generation = generation;
		keys[i].an = proposal->an;
		keys[i].start = proposal->start + (int64_t)(i * proposal->spacing_s);
	}
	return true;
}

/* Returns false if the device refuses. */
static bool prepare(struct sim_world *world, struct sim_node *node, uint64_t generation)
{
	const struct exchange_record *record = &node->exchange->record;
	const struct proposal *proposal = record->committed.generation == generation
						  ? &record->committed
						  : &record->staged;
	struct sim_key keys[SIM_BATCH_MAX];

	if (!collect_keys(world, node, proposal, generation, keys) ||
		(world->kind->prepare && !world->kind->prepare(world, node, proposal, keys))) {
		return false;
	}
	if (generation > node->device.prepared) {
		node->device.prepared = generation; /* not what a reset took, given back */
	}
	return true;
}

static void commit(struct sim_world *world, struct sim_node *node, uint64_t generation)
{
	const struct proposal *proposal = &node->exchange->record.committed;
	struct sim_key keys[SIM_BATCH_MAX];

	if (collect_keys(world, node, proposal, generation, keys)) {
		sim_check_applied(world, node, generation, keys, proposal->key_count);
		sim_check_moves(world, node, keys);
		world->kind->commit(world, node, proposal, keys);
	}
}

static bool obey(struct sim_world *world, struct sim_node *node, enum exchange_device_op op,
	uint64_t generation)
{
	bool done = true;

	switch (op) {
	case EXCHANGE_DEVICE_NONE:
	case EXCHANGE_DEVICE_READ_BACK:
		return true;
	case EXCHANGE_DEVICE_PREPARE:
		done = prepare(world, node, generation);
		break;
	case EXCHANGE_DEVICE_COMMIT:
		commit(world, node, generation);
		break;
	case EXCHANGE_DEVICE_DISCARD:
		if (world->kind->discard) {
			world->kind->discard(world, node);
		}
		break;
	case EXCHANGE_DEVICE_RETIRE:
		sim_check_retire(world, node);
		if (world->kind->retire) {
			world->kind->retire(world, node);
		}
		break;
	}
	world->devices_changed = true;
	return done;
}

static const char *const op_names[] = {
	[EXCHANGE_DEVICE_NONE] = "none",
	[EXCHANGE_DEVICE_PREPARE] = "prepare",
	[EXCHANGE_DEVICE_COMMIT] = "commit",
	[EXCHANGE_DEVICE_DISCARD] = "discard",
	[EXCHANGE_DEVICE_RETIRE] = "retire",
	[EXCHANGE_DEVICE_READ_BACK] = "read-back",
};

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

	if (node->device.away_until_ms > world->now_ms) {
		answer.reason = REASON_DEVICE_UNREACHABLE;
	} else if (sim_chance(&world->random, world->faults.device)) {
		answer.reason = REASON_DEVICE_REFUSED;
	} else if (!obey(world, node, op, generation)) {
		answer.reason = REASON_DEVICE_REFUSED;
	} else if (sim_chance(&world->random, world->faults.device_reply_lost)) {
		answer.reason = REASON_DEVICE_CONNECTION_LOST;
	}
	sim_trace(world, node, "device: %s generation %llu %s", op_names[op],
		(unsigned long long)generation, reason_name(answer.reason));
	sim_schedule(
		world, &answer, 5 + sim_below(&world->random, 50 + world->faults.answer_max_ms));
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

	memset(&view, 0, sizeof(view));
	world->kind->read_back(world, node->index, &view);
	done.device.op = event->op;
	done.device.view = &view;
	sim_node_event(world, node, &done);
}
