/* The event queue, and one seed from its beginning to its end. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MS 60000   /* how long things go wrong */
#define AGREE_MS 60000    /* within which all must agree once nothing does any more */
#define ROTATIONS_AFTER 2 /* and rotate so many times more */

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

/* ---- a binary heap by time, then by order of scheduling ---- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_world *world, size_t a, size_t b)
{
	struct sim_event event = world->heap[a];

	world->heap[a] = world->heap[b];
	world->heap[b] = event;
}

void sim_schedule(struct sim_world *world, const struct sim_event *event, uint64_t delay_ms)
{
	size_t i = world->heap_len++;

	if (world->heap_len > world->heap_max) {
		world->heap_max = world->heap_max ? 2 * world->heap_max : 256;
		world->heap = realloc(world->heap, world->heap_max * sizeof(*world->heap));
		if (!world->heap) {
			abort();
		}
	}
	world->heap[i] = *event;
	world->heap[i].at_ms = world->now_ms + delay_ms;
	world->heap[i].order = world->order++;
	while (i > 0 && earlier(&world->heap[i], &world->heap[(i - 1) / 2])) {
		swap(world, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct sim_event next_event(struct sim_world *world)
{
	struct sim_event event = world->heap[0];
	size_t i = 0;

	world->heap[0] = world->heap[--world->heap_len];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
			if (child < world->heap_len &&
				earlier(&world->heap[child], &world->heap[least])) {
				least = child;
			}
		}
		if (least == i) {
			return event;
		}
		swap(world, i, least);
		i = least;
	}
}

/* ---- building a world ---- */

static void add_neighbour(struct sim_node *node, size_t link, const struct sim_node *other)
{
	struct exchange_link_config *config = &node->config.links[link];

	config->neighbours[config->neighbour_count++] = other->config.sae;
}

static void add_link(struct sim_node *node, size_t world_link, enum exchange_direction direction)
{
	node->config.links[node->link_count].direction = direction;
	node->link_world[node->link_count] = world_link;
	node->config.link_count = ++node->link_count;
}

static void join(struct sim_world *world)
{
	struct sim_node *a = &world->nodes[0], *b = &world->nodes[1], *c = &world->nodes[2];

	add_link(a, 0, EXCHANGE_DOWN);
	add_link(b, 0, EXCHANGE_UP);
	add_neighbour(a, 0, b);
	add_neighbour(b, 0, a);
	if (world->topology == SIM_CHAIN) {
		add_link(b, 1, EXCHANGE_DOWN);
		add_link(c, 1, EXCHANGE_UP);
		add_neighbour(b, 1, c);
		add_neighbour(c, 0, b);
	} else if (world->topology == SIM_SEGMENT) {
		add_link(c, 0, EXCHANGE_UP);
		add_neighbour(a, 0, c);
		add_neighbour(b, 0, c);
		add_neighbour(c, 0, a);
		add_neighbour(c, 0, b);
	}
}

static void configure(struct sim_world *world, struct sim_node *node)
{
	struct exchange_config *config = &node->config;
	char name[32];

	snprintf(name, sizeof(name), "sae-%zu", node->index);
	sae_id_set(&config->sae, name, strlen(name));
	sae_id_set(&config->master, "sae-0", 5);
	association_id("sim", config->association);
	config->role = node->index == 0 ? EXCHANGE_MASTER : EXCHANGE_SLAVE;
	for (size_t i = 1; node->index == 0 && i < world->node_count; i++) {
		snprintf(name, sizeof(name), "sae-%zu", i);
		sae_id_set(&config->members[config->member_count++], name, strlen(name));
	}
	config->ckn.prefix_len = 16;
	config->batch = world->topology == SIM_SEGMENT ? 2 : 1; /* a static PSK is one key */
	config->life_ms = 3000;
	config->rekey_interval_ms = 4000;
	config->prepare_timeout_ms = 8000;
	config->backoff_min_ms = 500;
	config->backoff_max_ms = 4000;
	config->read_back_ms = 5000;
	config->verify_ms = 400;
	config->live_timeout_ms = 10000;
}

static void give_bootstrap_key(struct sim_world *world)
{
	bool common = sim_chance(&world->random, 500);

	for (size_t i = 0; i < world->node_count; i++) {
		struct sim_device *device = &world->nodes[i].device;

		device->retaining = world->topology == SIM_SEGMENT;
		device->count = 1;
		device->keys[0].ckn.len = CKN_MAX;
		device->keys[0].ckn.octets[0] = common ? 1 : (uint8_t)(i + 2);
		device->keys[0].cak = common ? 1 : i + 2;
		device->first = device->keys[0];
	}
}

static void choose_faults(struct sim_world *world)
{
	struct sim_random *random = &world->random;
	struct sim_faults *faults = &world->faults;

	faults->loss = (unsigned)sim_below(random, 500);
	faults->duplicate = (unsigned)sim_below(random, 200);
	faults->corrupt = (unsigned)sim_below(random, 50);
	faults->replay = (unsigned)sim_below(random, 200);
	faults->delay_max_ms = (uint32_t)sim_below(random, sim_chance(random, 200) ? 1500 : 50);
	faults->crash = (unsigned)sim_below(random, 40);
	faults->save = (unsigned)sim_below(random, 100);
	faults->kme = (unsigned)sim_below(random, 200);
	faults->kme_reply_lost = (unsigned)sim_below(random, 100);
	faults->device = (unsigned)sim_below(random, 200);
	faults->device_reply_lost = (unsigned)sim_below(random, 100);
}

static void build(struct sim_world *world, uint64_t seed, bool trace)
{
	struct secret channel_key;
	struct sim_event quiet = { .kind = SIM_QUIET };
	uint8_t octets[CHANNEL_KEY_LEN] = { 7 };

	world->seed = seed;
	world->trace = trace;
	world->random.state = (seed + 1) * 0x9e3779b97f4a7c15u | 1;
	for (size_t i = 0; i < 8; i++) {
		sim_random(&world->random);
	}
	world->topology = (enum sim_topology)sim_below(&world->random, 3);
	world->node_count = world->topology == SIM_PAIR ? 2 : 3;
	world->link_count = world->topology == SIM_CHAIN ? 2 : 1;
	world->now_ms = 1000;
	world->wall_offset_s = SIM_WALL_S;
	memset(&channel_key, 0, sizeof(channel_key));
	secret_set(&channel_key, octets, sizeof(octets));
	for (size_t i = 0; i < world->link_count; i++) {
		world->auth[i] = auth_new(&channel_key, "sim", i ? "link-1" : "link-0", 1);
	}
	for (size_t i = 0; i < world->node_count; i++) {
		world->nodes[i].index = i;
		configure(world, &world->nodes[i]);
	}
	join(world);
	give_bootstrap_key(world);
	choose_faults(world);
	sim_adversity_choose(world);
	sim_schedule(world, &quiet, FAULTS_MS);
	for (size_t i = 0; i < world->node_count; i++) {
		sim_node_start(world, &world->nodes[i]);
	}
}

/* ---- running it ---- */

static void dispatch(struct sim_world *world, struct sim_event *event)
{
	struct sim_node *node = &world->nodes[event->node];
	bool current = node->alive && event->life == node->life;

	switch (event->kind) {
	case SIM_TIMER:
		if (current && event->at_ms == node->timer_ms) {
			node->timer_ms = 0;
			sim_node_timer(world, node);
		}
		break;
	case SIM_FRAME:
		if (node->alive) {
			sim_node_frame(world, node, event->frame);
		}
		free(event->frame);
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
	case SIM_MKA:
		sim_mka(world);
		break;
	case SIM_ADVERSITY:
		sim_adversity_strike(world);
		break;
	case SIM_QUIET:
		memset(&world->faults, 0, sizeof(world->faults));
		world->quiet = true;
		sim_trace(world, NULL, "faults end");
		break;
	}
}

/* Runs until the nodes have agreed on a generation above `above`, or until the deadline. */
static bool run_until_agreed(struct sim_world *world, uint64_t deadline_ms, uint64_t above)
{
	uint64_t generation = 0;

	while (!world->violation[0] && world->heap_len > 0 && world->heap[0].at_ms <= deadline_ms) {
		struct sim_event event = next_event(world);

		world->now_ms = event.at_ms;
		dispatch(world, &event);
		sim_check(world);
		if (world->quiet && sim_agreed(world, &generation) && generation > above) {
			return true;
		}
	}
	return false;
}

bool sim_run(struct sim_world *world, uint64_t seed, bool trace)
{
	uint64_t end;

	memset(world, 0, sizeof(*world));
	build(world, seed, trace);
	end = world->now_ms + FAULTS_MS + AGREE_MS;
	if (!run_until_agreed(world, end, 0)) {
		sim_violation(world, "no agreement within %d s of the last fault", AGREE_MS / 1000);
	}
	for (size_t i = 0; i < ROTATIONS_AFTER && !world->violation[0]; i++) {
		uint64_t above = world->nodes[0].exchange.record.committed.generation;

		if (!run_until_agreed(world, world->now_ms + AGREE_MS, above)) {
			sim_violation(world, "no further rotation within %d s", AGREE_MS / 1000);
		}
		world->disk_was_lost = false; /* from here on nothing is excused */
		world->sharing_excused = false;
	}
	return world->violation[0] == '\0';
}

void sim_free(struct sim_world *world)
{
	for (size_t i = 0; i < world->heap_len; i++) {
		free(world->heap[i].frame);
	}
	free(world->heap);
	for (size_t i = 0; i < world->link_count; i++) {
		auth_free(world->auth[i]);
	}
	memset(world, 0, sizeof(*world));
}
