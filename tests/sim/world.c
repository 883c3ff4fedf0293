/* One seed from its beginning to its end. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAULTS_MIN_MS 15000 /* how long things go wrong */
#define FAULTS_MAX_MS 55000
#define MINUTE_MS 60000
#define ROTATIONS_EVERY_MS 200 /* and then rotate in quick succession */

uint64_t sim_random(struct sim_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1du;
}

uint64_t sim_below(struct sim_random *random, uint64_t limit)
{
	return limit ? sim_random(random) % limit : 0;
}

bool sim_chance(struct sim_random *random, unsigned per_mille)
{
	return per_mille && sim_below(random, 1000) < per_mille;
}

struct exchange_time sim_time(const struct sim_world *world)
{
	return (struct exchange_time){ world->now_ms,
		world->wall_offset_s + (int64_t)(world->now_ms / 1000) };
}

int64_t sim_true_time_s(const struct sim_world *world)
{
	return SIM_WALL_S + (int64_t)(world->now_ms / 1000);
}

void sim_violation(struct sim_world *world, const char *format, ...)
{
	va_list args;

	if (world->violation[0]) {
		return; /* the first one is the cause */
	}
	va_start(args, format);
	vsnprintf(world->violation, sizeof(world->violation), format, args);
	va_end(args);
	sim_trace(world, NULL, "VIOLATION %s", world->violation);
	for (size_t i = 0; i < world->node_count; i++) {
		sim_device_trace(world, &world->nodes[i]);
	}
}

void sim_trace(const struct sim_world *world, const struct sim_node *node, const char *format, ...)
{
	va_list args;

	if (!world->trace) {
		return;
	}
	printf("%8llu %s%c ", (unsigned long long)world->now_ms, node ? "node " : "",
		node ? (char)('0' + node->index) : '-');
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* ---- building a world ---- */

static void give_bootstrap_keys(struct sim_world *world)
{
	bool common = sim_chance(&world->random, 500);

	for (size_t i = 0; i < world->node_count; i++) {
		struct sim_device *device = &world->nodes[i].device;

		device->first.ckn.len = CKN_MAX;
		device->first.ckn.octets[0] = common ? 1 : (uint8_t)(i + 2);
		device->first.cak = common ? 1 : i + 2;
		device->first.start = 1;
		sim_device_roll_back(world, &world->nodes[i]);
	}
}

/* A chance of up to `most` thousandths; a mild world has less of everything. */
static unsigned chance(struct sim_world *world, unsigned most, unsigned severity)
{
	return (unsigned)sim_below(&world->random, most) * severity / 100;
}

static void choose_faults(struct sim_world *world)
{
	struct sim_random *random = &world->random;
	struct sim_faults *faults = &world->faults;
	unsigned severity = 10 + (unsigned)sim_below(random, 91);

	faults->loss = chance(world, 500, severity);
	faults->duplicate = chance(world, 200, severity);
	faults->corrupt = chance(world, 50, severity);
	faults->replay = chance(world, 200, severity);
	faults->delay_max_ms = (uint32_t)sim_below(random, sim_chance(random, 200) ? 1500 : 50);
	faults->answer_max_ms = (uint32_t)sim_below(random, sim_chance(random, 300) ? 1000 : 100);
	world->delay_max_ms = faults->delay_max_ms;
	faults->crash = chance(world, 30, severity);
	faults->crash_aborting = chance(world, 300, severity);
	faults->save = chance(world, 100, severity);
	faults->kme = chance(world, 200, severity);
	faults->kme_reply_lost = chance(world, 100, severity);
	faults->device = chance(world, 200, severity);
	faults->device_reply_lost = chance(world, 100, severity);
}

static void give_channel_keys(struct sim_world *world)
{
	struct secret channel_key;
	uint8_t octets[CHANNEL_KEY_LEN] = { 7 };
	char name[32];

	memset(&channel_key, 0, sizeof(channel_key));
	secret_set(&channel_key, octets, sizeof(octets));
	for (size_t i = 0; i < world->topology->wire_count; i++) {
		snprintf(name, sizeof(name), "link-%zu", i);
		world->auth[i] = auth_new(&channel_key, "sim", name, 1);
	}
}

static void build(struct sim_world *world, uint64_t seed, bool trace)
{
	struct sim_event quiet = { .kind = SIM_QUIET };

	world->seed = seed;
	world->trace = trace;
	world->random.state = (seed + 1) * 0x9e3779b97f4a7c15u | 1;
	for (size_t i = 0; i < 8; i++) {
		sim_random(&world->random);
	}
	world->now_ms = 1000;
	world->wall_offset_s = SIM_WALL_S;
	sim_topology_choose(world);
	give_channel_keys(world);
	for (size_t i = 0; i < world->node_count; i++) {
		sim_node_configure(world, i, i);
	}
	sim_topology_join(world);
	give_bootstrap_keys(world);
	choose_faults(world);
	sim_adversity_choose(world);
	sim_schedule(world, &quiet,
		FAULTS_MIN_MS + sim_below(&world->random, FAULTS_MAX_MS - FAULTS_MIN_MS));
	for (size_t i = 0; i < world->node_count; i++) {
		sim_node_start(world, &world->nodes[i]);
	}
}

/* ---- running it ---- */

static void fall_quiet(struct sim_world *world)
{
	memset(&world->faults, 0, sizeof(world->faults));
	world->quiet = true;
	world->last_fault_ms = world->now_ms;
	world->wall_offset_s = world->nodes[0].config.uses_start ? SIM_WALL_S
								 : world->wall_offset_s;
	for (size_t i = 0; i < world->node_count; i++) {
		world->nodes[i].device.away_until_ms = 0;
	}
	sim_trace(world, NULL, "faults end");
}

static void dispatch(struct sim_world *world, uint64_t at_ms, const struct sim_event *event)
{
	struct sim_node *node = &world->nodes[event->node];
	bool current = node->alive && event->life == node->life;

	switch (event->kind) {
	case SIM_TIMER:
		if (current && at_ms == node->timer_ms) {
			node->timer_ms = 0;
			sim_node_timer(world, node);
		}
		break;
	case SIM_FRAME:
		if (node->alive) {
			sim_node_frame(world, node, &event->frame);
		}
		break;
	case SIM_KME:
		if (current) {
			sim_node_kme(world, node, event);
		}
		break;
	case SIM_DEVICE:
		if (current) {
			sim_device_done(world, node, event);
		}
		break;
	case SIM_RESTART:
		if (!node->alive && event->life == node->life) {
			sim_node_start(world, node);
		}
		break;
	case SIM_SETTLE:
		world->kind->settle(world);
		world->devices_changed = true;
		break;
	case SIM_ADVERSITY:
		sim_adversity_strike(world);
		break;
	case SIM_CLONE_COMES:
		sim_clone_comes(world);
		break;
	case SIM_CLONE_LEAVES:
		sim_clone_leaves(world);
		break;
	case SIM_QUIET:
		fall_quiet(world);
		break;
	}
}

/* Runs until the nodes have agreed on a generation above `above`; no longer than limit_ms after
 * the last fault, or after the call. */
static bool run_until_agreed(struct sim_world *world, uint64_t limit_ms, uint64_t above)
{
	uint64_t begin_ms = world->now_ms, generation;

	while (!world->violation[0]) {
		uint64_t at_ms = sim_queue_next_ms(world);
		uint64_t since_ms = world->last_fault_ms > begin_ms ? world->last_fault_ms
								    : begin_ms;
		struct sim_event *event;

		if (at_ms == UINT64_MAX || (world->quiet && at_ms > since_ms + limit_ms)) {
			return false;
		}
		world->now_ms = at_ms;
		event = sim_queue_take(world);
		dispatch(world, at_ms, event);
		sim_queue_give_back(world, event);
		sim_check(world);
		if (world->quiet && world->station_count == world->node_count &&
			sim_agreed(world, above, &generation)) {
			sim_check_together(world);
			return true;
		}
	}
	return false;
}

/* From now on the master rotates as soon as it may. */
static void hurry(struct sim_world *world)
{
	struct exchange_event interval = { .kind = EXCHANGE_INTERVAL };

	world->nodes[0].config.rekey_interval_ms = ROTATIONS_EVERY_MS;
	sim_node_event(world, &world->nodes[0], &interval);
}

bool sim_run(struct sim_world *world, uint64_t seed, bool trace)
{
	uint64_t limit_ms;

	memset(world, 0, sizeof(*world));
	build(world, seed, trace);
	limit_ms = world->kind->patience * MINUTE_MS;
	if (!run_until_agreed(world, limit_ms, 0)) {
		sim_violation(world, "no agreement after the last fault");
	}
	world->outcome.agreement_ms = world->now_ms - world->last_fault_ms;
	hurry(world);
	for (size_t i = 0; i < world->kind->rotations && !world->violation[0]; i++) {
		uint64_t above = world->nodes[0].exchange->record.committed.generation;

		if (!run_until_agreed(world, limit_ms, above)) {
			sim_violation(world, "no further rotation");
		}
		/* From here on nothing is excused. */
		memset(&world->excuses, 0, sizeof(world->excuses));
	}
	return world->violation[0] == '\0';
}

void sim_free(struct sim_world *world)
{
	sim_queue_free(&world->queue);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		auth_free(world->auth[i]);
	}
}
