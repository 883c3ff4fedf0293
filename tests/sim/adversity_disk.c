/* One node of a world loses its disk, or gets an older copy of it back, when it starts again. */
#include "sim.h"

#include <string.h>

/* One place is for the last copy with a COMMIT, which is the most awkward to go back to. */
void sim_adversity_saved(struct sim_world *world, const struct sim_node *node)
{
	size_t place = 1 + world->copy_count % (SIM_COPIES - 1);

	if (node->index != world->victim || !(world->adversities & 1u << SIM_DISK_OLDER)) {
		return;
	}
	if (node->disk.record.decision == SLOT_COMMIT && sim_chance(&world->random, 500)) {
		world->copies[0] = node->disk;
		return;
	}
	if (world->copy_count >= SIM_COPIES - 1) {
		place = 1 + sim_below(&world->random, SIM_COPIES - 1); /* so that some are old */
	}
	world->copies[place] = node->disk;
	world->copy_count++;
}

/* NULL if none was made yet. */
static const struct sim_disk *some_copy(struct sim_world *world)
{
	const struct sim_disk *copy = &world->copies[0];

	if (!copy->used || sim_chance(&world->random, 500)) {
		copy = &world->copies[1 + sim_below(&world->random, SIM_COPIES - 1)];
	}
	return copy->used ? copy : NULL;
}

void sim_adversity_restart(struct sim_world *world, struct sim_node *node)
{
	const struct sim_disk *copy;

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
	} else if (sim_suffers(world, SIM_DISK_OLDER) && sim_chance(&world->random, 300) &&
		   (copy = some_copy(world)) != NULL) {
		node->disk = *copy;
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
 * What it said before may be heard once more, by a late frame, from itself (by an
 * older copy of its disk), or past the link: a conflict, to be named and refused.
 */
bool sim_adversity_conflicts(const struct sim_world *world)
{
	return world->excuses.disk;
}
