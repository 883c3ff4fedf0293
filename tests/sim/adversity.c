/*
 * What a seed adds to the everyday faults. All of it ends with the faults, but
 * for a clone, which may stay a while longer.
 */
#include "sim.h"

#include <string.h>

bool sim_suffers(const struct sim_world *world, enum sim_adversity adversity)
{
	return !world->quiet && (world->adversities & 1u << adversity);
}

static struct sim_node *any_node(struct sim_world *world)
{
	return &world->nodes[sim_below(&world->random, world->node_count)];
}

/* ---- what strikes now and then -------------------------------------------------------------- */

static void reset_device(struct sim_world *world)
{
	struct sim_node *node = any_node(world);

	world->excuses.reset = true;
	world->reset_ms = world->now_ms;
	if (sim_chance(&world->random, 500)) {
		sim_device_roll_back(world, node);
		sim_trace(world, node, "device rolled back");
	} else {
		sim_device_empty(world, node);
		sim_trace(world, node, "device emptied");
	}
}

/* Who makes its SecY anew now may still believe that nobody has sent yet. */
void sim_adversity_moved(struct sim_world *world)
{
	if (sim_suffers(world, SIM_DEVICE_RESET) && sim_chance(&world->random, 400)) {
		reset_device(world);
	}
}

static void reboot_device(struct sim_world *world)
{
	struct sim_node *node = any_node(world);

	node->device.away_until_ms = world->now_ms + 500 + sim_below(&world->random, 5000);
	if (!world->kind->persistent) {
		world->excuses.reset = true;
		world->reset_ms = node->device.away_until_ms;
		sim_device_empty(world, node);
	}
	sim_trace(world, node, "device reboots until %llu",
		(unsigned long long)node->device.away_until_ms);
}

static void jump_clock(struct sim_world *world)
{
	static const int64_t jumps[] = { -SIM_WALL_S, -SIM_WALL_S - 300000000, 3600, -3600, 86400,
		-86400, 315360000, -315360000, 3, -3, 4, -4 /* tolerable */ };

	world->wall_offset_s = SIM_WALL_S +
			       jumps[sim_below(&world->random, sizeof(jumps) / sizeof(jumps[0]))];
	sim_trace(world, NULL, "the clock jumps");
}

static void cut_wire(struct sim_world *world)
{
	size_t wire = sim_below(&world->random, world->topology->wire_count);

	world->cut_until_ms[wire] = world->now_ms + sim_below(&world->random, 12000);
	sim_trace(world, NULL, "link %zu cut until %llu", wire,
		(unsigned long long)world->cut_until_ms[wire]);
}

static void mute_node(struct sim_world *world)
{
	struct sim_node *node = any_node(world);

	world->mute_until_ms[node->index] = world->now_ms + sim_below(&world->random, 12000);
	sim_trace(world, node, "hears, but is not heard until %llu",
		(unsigned long long)world->mute_until_ms[node->index]);
}

static void ask_for_rekeys(struct sim_world *world)
{
	for (size_t i = 1 + sim_below(&world->random, 4); i > 0; i--) {
		struct sim_node *node = any_node(world);
		struct exchange_event rekey = { .kind = EXCHANGE_REKEY };

		if (node->alive) {
			sim_trace(world, node, "the operator wants a new key");
			sim_node_event(world, node, &rekey);
		}
	}
}

bool sim_adversity_cut(const struct sim_world *world, size_t wire, size_t from)
{
	return !world->quiet && (world->cut_until_ms[wire] > world->now_ms ||
					world->mute_until_ms[from] > world->now_ms);
}

/* ---- which a seed has ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned chance; /* in thousandths */
	void (*strike)(struct sim_world *world);
} adversities[SIM_ADVERSITIES] = {
	[SIM_DISK_LOST] = { "disk-lost", 120, NULL },
	[SIM_DISK_OLDER] = { "disk-older", 120, NULL },
	[SIM_DEVICE_RESET] = { "device-reset", 120, reset_device },
	[SIM_DEVICE_REBOOT] = { "device-reboot", 150, reboot_device },
	[SIM_CLOCK_JUMPS] = { "clock-jumps", 250, jump_clock },
	[SIM_PARTITION] = { "partition", 250, cut_wire },
	[SIM_ONE_WAY] = { "one-way", 200, mute_node },
	[SIM_REKEYS] = { "rekeys", 250, ask_for_rekeys },
	[SIM_KME_SLOW] = { "kme-slow", 120, NULL },
	[SIM_KME_MISSING] = { "kme-missing", 120, NULL },
	[SIM_KME_DIFFERS] = { "kme-differs", 80, NULL },
	[SIM_SLOTS_REPEATED] = { "slots-repeated", 500, NULL },
	[SIM_READY_FORGED] = { "ready-forged", 250, NULL },
	[SIM_CLONE] = { "clone", 80, NULL },
};

static void schedule_next(struct sim_world *world)
{
	struct sim_event event = { .kind = SIM_ADVERSITY };

	sim_schedule(world, &event, 500 + sim_below(&world->random, 9000));
}

void sim_adversity_choose(struct sim_world *world)
{
	world->victim = sim_below(&world->random, world->node_count);
	for (size_t i = 0; i < SIM_ADVERSITIES; i++) {
		if (sim_chance(&world->random, adversities[i].chance) &&
			(i != SIM_KME_DIFFERS || world->kind->notices)) {
			world->adversities |= 1u << i;
			sim_trace(world, NULL, "adversity: %s", adversities[i].name);
		}
	}
	sim_clone_plan(world);
	schedule_next(world);
}

void sim_adversity_strike(struct sim_world *world)
{
	if (world->quiet) {
		return;
	}
	schedule_next(world);
	for (size_t i = 0; i < SIM_ADVERSITIES; i++) {
		if (adversities[i].strike && sim_suffers(world, (enum sim_adversity)i)) {
			adversities[i].strike(world);
		}
	}
}
