/* One node of a world loses its disk, or gets an older copy of it back, when it starts again. */
#include "sim.h"

#include <string.h>

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
		node->given_up = 0;
		node->interrupted = 0;
		world->excuses.disk = true;
		/* Nobody remembers what some devices wait for, or have begun to use. */
		world->excuses.sharing = world->excuses.sharing || node->config.uses_start ||
					 node->config.uses_an;
		sim_trace(world, node, "disk lost");
	} else if (sim_suffers(world, SIM_DISK_OLDER) && copies > 0 &&
		   sim_chance(&world->random, 300)) {
		node->disk = world->copies[sim_below(&world->random, copies)];
		node->given_up = 0;
		node->interrupted = 0;
		world->excuses.disk = true;
		world->excuses.sharing = true;
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
	return world->excuses.disk &&
	       world->adversities & (1u << SIM_DISK_OLDER | 1u << SIM_SLOTS_REPEATED);
}
