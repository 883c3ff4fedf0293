/* A node: what the daemon does with the exchange, with a simulated disk, KME and device. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

void sim_node_configure(struct sim_world *world, size_t index, size_t sae)
{
	struct sim_node *node = &world->nodes[index];
	struct exchange_config *config = &node->config;
	char name[32];

	node->index = index;
	node->sae = sae;
	node->exchange = &node->exchanges[0];
	snprintf(name, sizeof(name), "sae-%zu", sae);
	sae_id_set(&config->sae, name, strlen(name));
	sae_id_set(&config->master, "sae-0", 5);
	association_id("sim", config->association);
	config->role = sae == 0 ? EXCHANGE_MASTER : EXCHANGE_SLAVE;
	for (size_t i = 1; sae == 0 && i < world->node_count; i++) {
		snprintf(name, sizeof(name), "sae-%zu", i);
		sae_id_set(&config->members[config->member_count++], name, strlen(name));
	}
	config->ckn.prefix_len = 16;
	config->batch = 1;
	config->life_ms = SIM_LIFE_MS;
	config->rekey_interval_ms = 2000;
	config->prepare_timeout_ms = 8000;
	config->backoff_min_ms = 500;
	config->backoff_max_ms = 2000;
	config->read_back_ms = 5000;
	config->verify_ms = 200;
	config->live_timeout_ms = 10000;
	world->kind->configure(world, config);
}

static bool crash_here(struct sim_world *world, struct sim_node *node)
{
	if (sim_chance(&world->random, world->faults.crash)) {
		sim_node_crash(world, node);
		return true;
	}
	return false;
}

void sim_node_crash(struct sim_world *world, struct sim_node *node)
{
	struct sim_event restart = { .kind = SIM_RESTART, .node = node->index };

	node->alive = false;
	node->life++;
	memset(node->vault, 0, sizeof(node->vault));
	world->outcome.crashes++;
	restart.life = node->life;
	sim_trace(world, node, "crash");
	sim_schedule(world, &restart,
		sim_below(&world->random, sim_chance(&world->random, 300) ? 8000 : 1000));
}

static void arm_timer(struct sim_world *world, struct sim_node *node)
{
	uint64_t due = exchange_next_timer(node->exchange);

	if (due <= node->exchange->last_ms || due > node->exchange->last_ms + 1000000) {
		sim_violation(world, "node %zu: no next timer", node->index);
	}
	for (size_t i = 0; i < node->link_count; i++) {
		uint64_t link_due = link_next_due(&node->links[i]);

		due = link_due < due ? link_due : due;
	}
	if (due <= world->now_ms) {
		due = world->now_ms + 1;
	}
	if (node->timer_ms != due) {
		struct sim_event timer = {
			.kind = SIM_TIMER, .node = node->index, .life = node->life
		};

		node->timer_ms = due;
		sim_schedule(world, &timer, due - world->now_ms);
	}
}

void sim_node_start(struct sim_world *world, struct sim_node *node)
{
	struct link_config link_config = { .heartbeat_ms = SIM_LIFE_MS / LINK_LIFE_HEARTBEATS,
		.message_max = MESSAGE_MAX_RAW };
	struct exchange_event start = { .kind = EXCHANGE_START };
	uint8_t member[MEMBER_ID_LEN];

	node->alive = true;
	node->timer_ms = 0;
	memcpy(link_config.association, node->config.association, ASSOCIATION_ID_LEN);
	for (size_t i = 0; i < node->link_count; i++) {
		struct link_key key = { 1, world->auth[node->wires[i]] };

		for (size_t j = 0; j < MEMBER_ID_LEN; j++) {
			member[j] = (uint8_t)sim_random(&world->random);
		}
		link_init(&node->links[i], &link_config, member, world->now_ms);
		link_set_keys(&node->links[i], &key, 1);
	}
	sim_adversity_restart(world, node);
	if (exchange_undecided(&node->disk.record)) {
		node->interrupted = node->disk.record.staged.generation;
	}
	if (world->quiet) {
		world->last_fault_ms = world->now_ms;
	}
	memcpy(node->vault, node->disk.held, sizeof(node->vault));
	exchange_init(node->exchange, &node->config, node->disk.used ? &node->disk.record : NULL);
	memset(node->words, 0, sizeof(node->words));
	sim_trace(world, node, "start");
	sim_node_event(world, node, &start);
	sim_adversity_remind(world, node);
}

const struct sim_held *sim_node_held(const struct sim_node *node, uint64_t generation)
{
	for (size_t i = 0; i < SIM_VAULT_MAX; i++) {
		if (node->vault[i].generation == generation) {
			return &node->vault[i];
		}
	}
	return NULL;
}

/* The disk becomes equal to the record; keys come from the vault. Is it a good time to crash? */
static bool save(
	struct sim_world *world, struct sim_node *node, const struct exchange_record *record)
{
	struct sim_disk *disk = &node->disk;
	bool abort_news = false;

	sim_check_save(world, node, record);
	disk->used = true;
	disk->record = *record;
	if (record->stage == EXCHANGE_STAGE_ABORTED && record->staged.generation > node->given_up) {
		node->given_up = record->staged.generation;
		abort_news = true;
	}
	for (size_t i = 0; i < SIM_VAULT_MAX; i++) {
		if (!exchange_holds_key(record, node->vault[i].generation)) {
			memset(&node->vault[i], 0, sizeof(node->vault[i]));
		}
	}
	memcpy(disk->held, node->vault, sizeof(disk->held));
	sim_adversity_saved(world, node);
	return abort_news;
}

static void note(struct sim_world *world, struct sim_node *node, const struct exchange_note *note)
{
	sim_trace(world, node, "%s generation %llu %s %s", exchange_note_name(note->kind),
		(unsigned long long)note->generation, reason_name(note->reason), note->sae.text);
	if (note->kind == EXCHANGE_NOTE_CONFIRMED && node->config.role == EXCHANGE_MASTER) {
		*(world->quiet ? &world->outcome.rotations_quiet
			       : &world->outcome.rotations_faults) += 1;
		if (node->exchange->record.committed.generation == note->generation) {
			sim_check_confirmed(world); /* else the next one came in the same step */
		}
	}
	if (note->kind == EXCHANGE_NOTE_RETIMED) {
		node->retimed_ms = world->now_ms;
	}
	if (note->kind == EXCHANGE_NOTE_CONFLICT && !sim_adversity_conflicts(world)) {
		sim_violation(world, "node %zu: conflict", node->index);
	}
}

static void send_due(struct sim_world *world, struct sim_node *node)
{
	for (size_t i = 0; i < node->link_count; i++) {
		struct message_content content;
		uint8_t octets[MESSAGE_MAX_RAW];
		int len;

		if (link_next_due(&node->links[i]) > world->now_ms) {
			continue;
		}
		exchange_compose(node->exchange, sim_time(world), i, &content);
		sim_check_said(world, node, i, &content);
		len = link_seal(&node->links[i], world->now_ms, &content, octets, sizeof(octets));
		if (len < 0) {
			sim_violation(world, "node %zu: link_seal: %d", node->index, len);
			return;
		}
		sim_send(world, node->index, node->wires[i], octets, (size_t)len);
		if (crash_here(world, node)) {
			return;
		}
	}
}

static void act(
	struct sim_world *world, struct sim_node *node, const struct exchange_actions *actions)
{
	for (size_t i = 0; i < actions->note_count; i++) {
		note(world, node, &actions->notes[i]);
	}
	for (size_t i = 0; i < node->link_count; i++) {
		if (actions->advertise & 1u << i) {
			link_changed(&node->links[i], world->now_ms);
		}
	}
	if (actions->fetch != EXCHANGE_FETCH_NONE) {
		sim_kme_ask(world, node, actions->fetch, &node->exchange->record.staged);
		if (crash_here(world, node)) {
			return;
		}
	}
	if (actions->device != EXCHANGE_DEVICE_NONE) {
		sim_device_ask(world, node, actions->device, actions->device_generation);
		if (crash_here(world, node)) {
			return;
		}
	}
	send_due(world, node);
}

/* The step is taken on a copy: that is what makes it a transaction. */
void sim_node_event(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *event)
{
	struct exchange_actions actions;
	struct exchange *next = &node->exchanges[node->exchange == &node->exchanges[0]];

	*next = *node->exchange;
	exchange_step(next, sim_time(world), event, &actions);
	if (actions.save && crash_here(world, node)) {
		return;
	}
	if (actions.save && sim_chance(&world->random, world->faults.save)) {
		struct exchange_event failed = *event;

		failed.kind = EXCHANGE_SAVE_FAILED;
		failed.dropped = event->kind;
		exchange_step(node->exchange, sim_time(world), &failed, &actions);
		if (actions.save) {
			sim_violation(world, "node %zu: saves again at once", node->index);
		}
	} else {
		if (actions.save) {
			if (save(world, node, &next->record) &&
				sim_chance(&world->random, world->faults.crash_aborting)) {
				sim_node_crash(world, node);
				return;
			}
			if (crash_here(world, node)) {
				return;
			}
		}
		node->exchange = next;
	}
	sim_check_node(world, node);
	act(world, node, &actions);
	if (node->alive) {
		arm_timer(world, node);
	}
}

void sim_node_timer(struct sim_world *world, struct sim_node *node)
{
	struct exchange_event timer = { .kind = EXCHANGE_TIMER };

	if (exchange_next_timer(node->exchange) <= world->now_ms) {
		sim_node_event(world, node, &timer);
		return;
	}
	send_due(world, node);
	if (node->alive) {
		arm_timer(world, node);
	}
}

/* Keys are put into the vault before the exchange hears of them. */
void sim_node_kme(struct sim_world *world, struct sim_node *node, const struct sim_event *event)
{
	struct exchange_event keys = {
		.kind = event->reason == REASON_NONE ? EXCHANGE_KEYS : EXCHANGE_KEYS_FAILED,
		.generation = event->generation,
		.reason = event->reason,
	};

	for (size_t i = 0; event->reason == REASON_NONE && i < SIM_VAULT_MAX; i++) {
		struct sim_held *held = &node->vault[i];

		if (held->generation == 0 || held->generation == event->generation) {
			held->generation = event->generation;
			held->count = event->key_count;
			memcpy(held->values, event->values, sizeof(event->values));
			break;
		}
	}
	keys.keys.count = event->key_count;
	keys.keys.ids = event->ids;
	sim_node_event(world, node, &keys);
}

void sim_node_frame(struct sim_world *world, struct sim_node *node, const struct sim_frame *frame)
{
	struct exchange_event message = { .kind = EXCHANGE_MESSAGE };
	struct message_content content;
	struct link_receipt receipt;
	uint64_t *accepted = &world->accepted_by[node->index][frame->id % 4096];
	size_t i = 0;

	while (node->wires[i] != frame->wire) {
		i++;
	}
	if (link_receive(&node->links[i], world->now_ms, frame->octets, frame->len, &receipt,
		    &content) == VERDICT_ACCEPTED) {
		if (frame->tampered) {
			sim_violation(world, "node %zu: accepted a tampered frame", node->index);
		}
		if (*accepted == frame->id) {
			sim_violation(world, "node %zu: accepted a frame twice", node->index);
		}
		*accepted = frame->id;
		world->outcome.accepted++;
		node->heard_ms[frame->from] = world->now_ms;
		sim_check_hears(world, node, &content);
		message.message.link = i;
		message.message.member = receipt.header.member;
		message.message.content = &content;
		sim_node_event(world, node, &message);
		sim_adversity_repeat(world, node, &message);
		sim_adversity_forge(world, node, &message);
		return;
	}
	send_due(world, node);
	if (node->alive) {
		arm_timer(world, node);
	}
}
