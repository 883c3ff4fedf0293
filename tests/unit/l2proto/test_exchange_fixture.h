/*
 * One node of an exchange, driven by hand: the test says what the network, the
 * KME, the device and the disk do, one event at a time.
 */
#ifndef TEST_EXCHANGE_FIXTURE_H
#define TEST_EXCHANGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "l2proto/exchange.h"

#define KEY_0 "00000000-0000-4000-8000-000000000000" /* shared before the first generation */
#define KEY_1 "11111111-0000-4000-8000-000000000001"
#define KEY_2 "22222222-0000-4000-8000-000000000002"
#define KEY_3 "33333333-0000-4000-8000-000000000003"

#define MASTER "alpha"
#define SLAVE "bravo"
#define OTHER "charlie"

#define LIFE_MS 3000
#define TICK_MS 1000

struct node {
	struct exchange_config config;
	struct exchange x;
	struct exchange_record disk; /* as it was saved last */
	size_t saves;
	bool disk_full;
	struct exchange_actions did; /* in the last step */
	struct exchange_time now;
	struct exchange_device_view view; /* what the next read-back finds */
};

static inline struct sae_id sae(const char *text)
{
	struct sae_id id;

	assert_true(sae_id_set(&id, text, strlen(text)));
	return id;
}

static inline struct key_id key_id(const char *text)
{
	struct key_id id;

	assert_true(key_id_set(&id, text, strlen(text)));
	return id;
}

/* ---- time, steps, disk ---- */

static inline void node_step(struct node *node, const struct exchange_event *event)
{
	struct exchange next = node->x;
	struct exchange_event failed = *event;

	exchange_step(&next, node->now, event, &node->did);
	if (!node->did.save || !node->disk_full) {
		node->x = next;
		if (node->did.save) {
			node->disk = next.record;
			node->saves++;
		}
		return;
	}
	failed.kind = EXCHANGE_SAVE_FAILED;
	failed.dropped = event->kind;
	exchange_step(&node->x, node->now, &failed, &node->did);
	assert_false(node->did.save);
}

static inline void node_event(struct node *node, enum exchange_event_kind kind)
{
	struct exchange_event event = { .kind = kind };

	node_step(node, &event);
}

static inline void node_wait(struct node *node, uint64_t ms)
{
	node->now.mono_ms += ms;
	node->now.wall_s += (int64_t)(ms / 1000);
	node_event(node, EXCHANGE_TIMER);
}

static inline bool node_noted(const struct node *node, enum exchange_note_kind kind)
{
	for (size_t i = 0; i < node->did.note_count; i++) {
		if (node->did.notes[i].kind == kind) {
			return true;
		}
	}
	return false;
}

static inline const struct exchange_note *node_note(
	const struct node *node, enum exchange_note_kind kind)
{
	for (size_t i = 0; i < node->did.note_count; i++) {
		if (node->did.notes[i].kind == kind) {
			return &node->did.notes[i];
		}
	}
	fail_msg("no note \"%s\"", exchange_note_name(kind));
	return NULL;
}

/* ---- device and KME ---- */

static inline void view_add(struct node *node, const char *key, bool transmitting)
{
	struct exchange_device_key *entry = &node->view.keys[node->view.key_count++];
	struct key_id id = key_id(key);

	memset(entry, 0, sizeof(*entry));
	assert_int_equal(ckn_from_key_id(&node->config.ckn, &id, &entry->ckn), 0);
	entry->transmitting = transmitting;
}

/* The device holds this key and no other, and uses it. */
static inline void view_only(struct node *node, const char *key)
{
	node->view.key_count = 0;
	view_add(node, key, true);
}

static inline void node_device(struct node *node, enum exchange_device_op op, unsigned reason)
{
	struct exchange_event event = {
		.kind = reason ? EXCHANGE_DEVICE_FAILED : EXCHANGE_DEVICE_DONE,
		.generation = node->x.device_pending_generation,
		.reason = reason,
		.device = { op, &node->view },
	};

	assert_int_equal(node->x.device_pending, op);
	node_step(node, &event);
}

/* Waits until the device is looked at, and lets it answer. */
static inline void node_read_back(struct node *node)
{
	if (node->x.device_pending != EXCHANGE_DEVICE_READ_BACK) {
		uint64_t now_ms = node->now.mono_ms;

		node_wait(node,
			node->x.read_back_due_ms > now_ms ? node->x.read_back_due_ms - now_ms : 0);
	}
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
}

/* The device does what it is asked, if it is asked for anything. */
static inline void node_answer(struct node *node)
{
	if (node->x.device_pending != EXCHANGE_DEVICE_NONE) {
		node_device(node, node->x.device_pending, 0);
	}
}

/* The device is looked at, if that is what it is asked for. */
static inline void node_answer_read_back(struct node *node)
{
	if (node->x.device_pending == EXCHANGE_DEVICE_READ_BACK) {
		node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	}
}

/* Some seconds pass until the device is asked for op; when it is looked at, it answers. */
static inline void node_await(struct node *node, enum exchange_device_op op)
{
	for (unsigned waited = 0; node->x.device_pending != op; waited++) {
		assert_true(waited < 100);
		node_wait(node, 100);
		node_answer_read_back(node);
	}
}

/* After COMMIT: the device uses this key, and holds no other. */
static inline void node_apply(struct node *node, const char *key)
{
	view_only(node, key);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
}

static inline void node_keys(struct node *node, const char *key)
{
	struct key_id id = key_id(key);
	struct exchange_event event = {
		.kind = EXCHANGE_KEYS,
		.generation = node->x.fetch_pending_generation,
		.keys = { 1, &id },
	};

	assert_true(node->x.fetch_pending);
	node_step(node, &event);
}

/* The key comes, and the device would take it. */
static inline void node_stage(struct node *node, const char *key)
{
	node_keys(node, key);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
}

static inline void node_keys_failed(struct node *node, unsigned reason)
{
	struct exchange_event event = {
		.kind = EXCHANGE_KEYS_FAILED,
		.generation = node->x.fetch_pending_generation,
		.reason = reason,
	};

	assert_true(node->x.fetch_pending);
	node_step(node, &event);
}

/* ---- the network ---- */

static inline void node_hear_on(
	struct node *node, size_t link, uint8_t member, const struct message_content *content)
{
	uint8_t identifier[MEMBER_ID_LEN] = { member };
	struct exchange_event event = {
		.kind = EXCHANGE_MESSAGE,
		.message = { link, identifier, content },
	};

	node_step(node, &event);
}

static inline void node_hear(struct node *node, const struct message_content *content)
{
	node_hear_on(node, 0, 1, content);
}

static inline struct message_content content_of(const struct sae_status *status)
{
	struct message_content content;

	memset(&content, 0, sizeof(content));
	content.status_count = 1;
	content.status[0] = *status;
	return content;
}

static inline void node_hear_status(struct node *node, const struct sae_status *status)
{
	struct message_content content = content_of(status);

	node_hear(node, &content);
}

/* A station with a device that uses one key. */
static inline struct sae_status status_of(
	const struct node *node, const char *name, const char *key)
{
	struct sae_status status;
	struct key_id id = key_id(key);
	struct ckn ckn;

	memset(&status, 0, sizeof(status));
	status.sae = sae(name);
	status.device_known = true;
	status.usable_count = 1;
	assert_int_equal(ckn_from_key_id(&node->config.ckn, &id, &ckn), 0);
	ckn_token(ckn.octets, ckn.len, status.usable[0].token);
	status.usable[0].transmitting = true;
	return status;
}

static inline struct proposal_ref ref_to(const struct proposal *proposal)
{
	struct proposal_ref ref = { .generation = proposal->generation };

	memcpy(ref.digest, proposal->digest, DIGEST_LEN);
	return ref;
}

/* After a change to what the digest covers. */
static inline void proposal_set_digest(const struct node *node, struct proposal *proposal)
{
	proposal_digest(proposal, node->config.association, &node->config.master, proposal->digest);
}

static inline struct proposal proposal_of(
	const struct node *node, uint64_t generation, const char *key)
{
	struct proposal proposal;

	memset(&proposal, 0, sizeof(proposal));
	proposal.generation = generation;
	proposal.an = AN_NONE;
	proposal.key_count = 1;
	proposal.keys[0] = key_id(key);
	proposal_set_digest(node, &proposal);
	return proposal;
}

/* Of who has seen this generation and nothing newer. */
static inline struct exchange_record record_of(
	const struct node *node, enum slot_phase decision, uint64_t generation, const char *key)
{
	struct exchange_record record = { .highest = generation, .decision = decision };

	record.committed = proposal_of(node, generation, key);
	return record;
}

/* What a slave hears of its master: its status, which uses key, and one slot. */
static inline void node_hear_slot(
	struct node *node, enum slot_phase phase, const struct proposal *proposal, const char *key)
{
	struct sae_status status = status_of(node, MASTER, key);
	struct message_content content = content_of(&status);
	bool decided = phase == SLOT_COMMIT || phase == SLOT_CONFIRMED;
	struct slot *slot = decided ? &content.committed : &content.proposed;

	content.master = node->config.master;
	slot->phase = phase;
	slot->proposal = *proposal;
	node_hear(node, &content);
}

static inline struct message_content node_says(const struct node *node, size_t link)
{
	struct message_content content;

	memset(&content, 0, sizeof(content));
	exchange_compose(&node->x, node->now, link, &content);
	return content;
}

static inline struct sae_status node_status(const struct node *node)
{
	struct sae_status status;

	exchange_own_status(&node->x, &status);
	return status;
}

/* ---- two kinds of node ---- */

static inline void node_init(struct node *node, enum exchange_role role)
{
	struct exchange_config *config = &node->config;
	bool master = role == EXCHANGE_MASTER;

	memset(node, 0, sizeof(*node));
	association_id("test", config->association);
	config->role = role;
	config->sae = sae(master ? MASTER : SLAVE);
	config->master = sae(MASTER);
	config->member_count = master;
	config->members[0] = sae(SLAVE);
	config->link_count = 1;
	config->links[0].direction = master ? EXCHANGE_DOWN : EXCHANGE_UP;
	config->links[0].neighbour_count = 1;
	config->links[0].neighbours[0] = sae(master ? SLAVE : MASTER);
	config->ckn.kind = CKN_SHA256;
	config->batch = 1;
	config->life_ms = LIFE_MS;
	config->rekey_interval_ms = 60000;
	config->prepare_timeout_ms = 8000;
	config->backoff_min_ms = 500;
	config->backoff_max_ms = 4000;
	config->read_back_ms = 5000;
	config->verify_ms = 400;
	config->live_timeout_ms = 10000;
	node->now = (struct exchange_time){ 100000, 1700000000 };
	view_only(node, KEY_0);
}

/* A start, or a restart with what is on the disk (NULL: nothing); the device has been read back. */
static inline void node_start(struct node *node, const struct exchange_record *record)
{
	struct exchange_record copy;

	if (record) {
		copy = *record;
	}
	exchange_init(&node->x, &node->config, record ? &copy : NULL);
	node_event(node, EXCHANGE_START);
	node_read_back(node);
}

/* With what is on its disk, and a device that has gone back to KEY_0. */
static inline void node_restart(struct node *node)
{
	struct exchange_record record = node->disk;

	node_init(node, node->config.role);
	node_start(node, &record);
}

#endif
