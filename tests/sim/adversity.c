/*
 * What a seed adds to the everyday faults: disks lost or restored from an older
 * copy, devices reset behind the daemon's back, clocks that jump, links cut for
 * a while, impatient operators, slow KMEs, slots repeated past the link. All of
 * it ends with the faults.
 */
#include "sim.h"

#include <string.h>

static const char *const names[SIM_ADVERSITIES] = {
	[SIM_DISK_LOST] = "disk-lost",
	[SIM_DISK_OLDER] = "disk-older",
	[SIM_DEVICE_RESET] = "device-reset",
	[SIM_CLOCK_JUMPS] = "clock-jumps",
	[SIM_PARTITION] = "partition",
	[SIM_REKEYS] = "rekeys",
	[SIM_KME_SLOW] = "kme-slow",
	[SIM_SLOTS_REPEATED] = "slots-repeated",
};

bool sim_suffers(const struct sim_world *world, enum sim_adversity adversity)
{
	return !world->quiet && (world->adversities & 1u << adversity);
}

static void schedule_next(struct sim_world *world)
{
	struct sim_event event = { .kind = SIM_ADVERSITY };

	sim_schedule(world, &event, 500 + sim_below(&world->random, 9000));
}

void sim_adversity_choose(struct sim_world *world)
{
	static const unsigned chances[SIM_ADVERSITIES] = {
		[SIM_DISK_LOST] = 150,
		[SIM_DISK_OLDER] = 150,
		[SIM_DEVICE_RESET] = 150,
		[SIM_CLOCK_JUMPS] = 250,
		[SIM_PARTITION] = 250,
		[SIM_REKEYS] = 250,
		[SIM_KME_SLOW] = 150,
		[SIM_SLOTS_REPEATED] = 500,
	};

	world->victim = sim_below(&world->random, world->node_count);
	for (size_t i = 0; i < SIM_ADVERSITIES; i++) {
		if (sim_chance(&world->random, chances[i])) {
			world->adversities |= 1u << i;
			sim_trace(world, NULL, "adversity: %s", names[i]);
		}
	}
	schedule_next(world);
}

/* ---- disks: one node of a world loses its own, or gets an older copy back ---------------------
 */

void sim_adversity_saved(struct sim_world *world, const struct sim_node *node)
{
	size_t place = world->copy_count % SIM_COPIES;

	if (node->index != world->victim || !(world->adversities & 1u << SIM_DISK_OLDER)) {
		return;
	}
	if (world->copy_count >= SIM_COPIES) {
		place = sim_below(&world->random, SIM_COPIES); /* so that some are old */
	}
	world->copies[place] = node->disk;
	world->copy_count++;
}

void sim_adversity_restart(struct sim_world *world, struct sim_node *node)
{
	size_t copies = world->copy_count < SIM_COPIES ? world->copy_count : SIM_COPIES;

	if (node->index != world->victim || !node->disk.used) {
		return;
	}
	if (sim_suffers(world, SIM_DISK_LOST) && sim_chance(&world->random, 300)) {
		memset(&node->disk, 0, sizeof(node->disk));
		world->disk_was_lost = true;
		sim_trace(world, node, "disk lost");
	} else if (sim_suffers(world, SIM_DISK_OLDER) && copies > 0 &&
		   sim_chance(&world->random, 300)) {
		node->disk = world->copies[sim_below(&world->random, copies)];
		world->disk_was_lost = true;
		world->sharing_excused = true;
		sim_trace(world, node, "older disk: highest %llu",
			(unsigned long long)node->disk.record.highest);
	}
}

/*
 * A master without its disk uses a generation again if nobody has recorded it.
 * What it said before may be heard once more, from itself (by an older copy of
 * its disk) or past the link: a conflict, to be named and refused.
 */
bool sim_adversity_conflicts(const struct sim_world *world)
{
	return world->disk_was_lost &&
	       world->adversities & (1u << SIM_DISK_OLDER | 1u << SIM_SLOTS_REPEATED);
}

/* ---- what comes from time to time ---------------------------------------------------------------
 */

static void reset_device(struct sim_world *world)
{
	struct sim_node *node = &world->nodes[sim_below(&world->random, world->node_count)];

	node->device.count = sim_chance(&world->random, 500) ? 1 : 0;
	node->device.keys[0] = node->device.first;
	world->sharing_excused = true;
	sim_trace(world, node, "device %s", node->device.count ? "rolled back" : "emptied");
}

static void jump_clock(struct sim_world *world)
{
	static const int64_t jumps[] = { -SIM_WALL_S, -SIM_WALL_S - 300000000, 3600, -3600, 86400,
		-86400, 315360000, -315360000 };

	world->wall_offset_s = SIM_WALL_S +
			       jumps[sim_below(&world->random, sizeof(jumps) / sizeof(jumps[0]))];
	sim_trace(world, NULL, "the clock jumps");
}

static void cut_link(struct sim_world *world)
{
	size_t link = sim_below(&world->random, world->link_count);

	world->cut_until_ms[link] = world->now_ms + sim_below(&world->random, 12000);
	sim_trace(world, NULL, "link %zu cut until %llu", link,
		(unsigned long long)world->cut_until_ms[link]);
}

static void ask_for_rekey(struct sim_world *world)
{
	struct sim_node *node = &world->nodes[sim_below(&world->random, world->node_count)];
	struct exchange_event rekey = { .kind = EXCHANGE_REKEY };

	if (node->alive) {
		sim_trace(world, node, "the operator wants a new key");
		sim_node_event(world, node, &rekey);
	}
}

void sim_adversity_strike(struct sim_world *world)
{
	if (world->quiet) {
		return;
	}
	schedule_next(world);
	if (sim_suffers(world, SIM_DEVICE_RESET)) {
		reset_device(world);
	}
	if (sim_suffers(world, SIM_CLOCK_JUMPS)) {
		jump_clock(world);
	}
	if (sim_suffers(world, SIM_PARTITION)) {
		cut_link(world);
	}
	if (sim_suffers(world, SIM_REKEYS)) {
		ask_for_rekey(world);
	}
}

bool sim_adversity_cut(const struct sim_world *world, size_t link)
{
	return !world->quiet && world->cut_until_ms[link] > world->now_ms;
}

/* ---- slots repeated
 * -------------------------------------------------------------------------------- */

/* Safety does not rest on freshness: what the link would have refused changes nothing either. */
void sim_adversity_repeat(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message)
{
	struct message_content content = *message->message.content;
	struct exchange_event again = *message;
	const struct sim_slots *old;

	if (node->config.role == EXCHANGE_MASTER || content.master.len == 0 ||
		!sim_suffers(world, SIM_SLOTS_REPEATED)) {
		return;
	}
	node->slots[node->slots_heard++ % SIM_SLOTS_KEPT] = (struct sim_slots){ content.committed,
		content.proposed };
	if (!node->alive || !sim_chance(&world->random, 100)) {
		return;
	}
	old = &node->slots[sim_below(&world->random,
		node->slots_heard < SIM_SLOTS_KEPT ? node->slots_heard : SIM_SLOTS_KEPT)];
	content.committed = old->committed;
	content.proposed = old->proposed;
	content.status_count = 0;
	again.message.content = &content;
	sim_trace(world, node, "hears old slots again");
	sim_node_event(world, node, &again);
}
