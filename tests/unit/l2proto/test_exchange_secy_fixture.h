/*
 * A slave whose keys are SAs of its own SecY, on one link, and its master at the other end. The
 * test says what SAs the kernel has, and what the master tells of its own.
 */
#ifndef TEST_EXCHANGE_SECY_FIXTURE_H
#define TEST_EXCHANGE_SECY_FIXTURE_H

#include "test_exchange_fixture.h"

#define SUITE 4

/* Of one octet each. */
enum { OURS = 0xa1, OURS_ANEW = 0xa2, THEIRS = 0xb1, THEIRS_ANEW = 0xb2, THIRD = 0xc1 };

static inline void token_of(const struct node *node, const char *key, uint8_t *token)
{
	struct key_id id = key_id(key);
	struct ckn ckn;

	assert_int_equal(ckn_from_key_id(&node->config.ckn, &id, &ckn), 0);
	ckn_token(ckn.octets, ckn.len, token);
}

/* ---- SAs ---- */

static inline void secy_add_transmit(
	const struct node *node, struct secy *secy, const char *key, uint8_t nonce, bool unused)
{
	struct transmit_sa *sa = &secy->transmit[secy->transmit_count++];

	token_of(node, key, sa->token);
	memset(sa->nonce, nonce, NONCE_LEN);
	sa->unused = unused;
}

static inline void secy_add_receive(struct secy *secy, uint8_t nonce)
{
	memset(secy->receive[secy->receive_count++], nonce, NONCE_LEN);
}

static inline struct secy secy_empty(uint8_t sci)
{
	struct secy secy = { .present = true, .suite = SUITE };

	memset(secy.sci, sci, SCI_LEN);
	return secy;
}

/* ---- what the kernel has ---- */

static inline struct secy *kernel(struct node *node)
{
	return &node->view.secys[0].shown;
}

/* Only the key that the link began with, which all have: the SecY was just made, or made anew. */
static inline void kernel_anew(struct node *node)
{
	node->view.key_count = 0;
	node->view.an_in_use = 0;
	memset(&node->view.secys[0], 0, sizeof(node->view.secys[0]));
	*kernel(node) = secy_empty(0xa0);
}

/* The key is among those that the kernel shows. */
static inline struct exchange_device_key *kernel_key(struct node *node, const char *key)
{
	uint8_t token[CKN_TOKEN_LEN];

	token_of(node, key, token);
	for (size_t i = 0; i < node->view.key_count; i++) {
		if (memcmp(node->view.keys[i].token, token, CKN_TOKEN_LEN) == 0) {
			return &node->view.keys[i];
		}
	}
	view_add(node, key, false);
	memcpy(node->view.keys[node->view.key_count - 1].token, token, CKN_TOKEN_LEN);
	return &node->view.keys[node->view.key_count - 1];
}

static inline void kernel_transmit(struct node *node, const char *key, uint8_t nonce)
{
	kernel_key(node, key);
	secy_add_transmit(node, kernel(node), key, nonce, true);
}

static inline void kernel_receive(struct node *node, const char *key, uint8_t nonce)
{
	struct exchange_secy *secy = &node->view.secys[0];

	kernel_key(node, key);
	token_of(node, key, secy->receive_tokens[secy->shown.receive_count]);
	secy_add_receive(&secy->shown, nonce);
}

/* The receive SA of one nonce takes the place of another's. */
static inline void kernel_replace(struct node *node, uint8_t before, uint8_t after)
{
	for (size_t i = 0; i < kernel(node)->receive_count; i++) {
		if (kernel(node)->receive[i][0] == before) {
			memset(kernel(node)->receive[i], after, NONCE_LEN);
		}
	}
}

/* It encodes with this key. */
static inline void kernel_encode(struct node *node, const char *key)
{
	uint8_t token[CKN_TOKEN_LEN];

	token_of(node, key, token);
	kernel_key(node, key);
	for (size_t i = 0; i < node->view.key_count; i++) {
		node->view.keys[i].transmitting = false;
	}
	kernel_key(node, key)->transmitting = true;
	for (size_t i = 0; i < kernel(node)->transmit_count; i++) {
		struct transmit_sa *sa = &kernel(node)->transmit[i];

		sa->unused = sa->unused && memcmp(sa->token, token, CKN_TOKEN_LEN) != 0;
	}
}

/* ---- what the master says ---- */

struct master {
	struct sae_status status;
	struct slot slot;
	struct secy secy;
};

static inline struct master master_of(const struct node *node)
{
	struct master master = { .status = status_of(node, MASTER, KEY_0) };

	master.secy = secy_empty(0xb0);
	return master;
}

/* The key is among those that it can use. */
static inline void master_holds(const struct node *node, struct master *master, const char *key)
{
	token_of(node, key, master->status.usable[master->status.usable_count++].token);
}

static inline void master_transmits(
	const struct node *node, struct master *master, const char *key, uint8_t nonce, bool unused)
{
	master->secy.transmit_count = 0;
	secy_add_transmit(node, &master->secy, key, nonce, unused);
}

static inline void master_receives(struct master *master, uint8_t nonce)
{
	master->secy.receive_count = 0;
	secy_add_receive(&master->secy, nonce);
}

static inline void hear_on(struct node *node, size_t link, const struct master *master)
{
	struct message_content content = content_of(&master->status);
	bool decided = master->slot.phase == SLOT_COMMIT || master->slot.phase == SLOT_CONFIRMED;

	content.secy = master->secy;
	if (master->slot.phase != SLOT_EMPTY) {
		content.master = node->config.master;
		*(decided ? &content.committed : &content.proposed) = master->slot;
	}
	node_hear_on(node, link, 1, &content);
}

static inline void hear(struct node *node, const struct master *master)
{
	hear_on(node, 0, master);
}

static inline void hear_phase(struct node *node, struct master *master, enum slot_phase phase)
{
	master->slot.phase = phase;
	hear(node, master);
}

/* ---- how far it has come ---- */

static inline void slave_init(struct node *node)
{
	node_init(node, EXCHANGE_SLAVE);
	node->config.uses_an = true;
	node->config.retire_hold_ms = 2000;
	kernel_anew(node);
	kernel_transmit(node, KEY_0, 0x0a);
	kernel_receive(node, KEY_0, 0x0b);
	kernel_encode(node, KEY_0);
	node->view.an_in_use = 0x1;
}

/* The key of generation 1, with AN 1, has come; the device is asked to install it. */
static inline struct master slave_propose(struct node *node)
{
	struct master master;

	slave_init(node);
	node_start(node, NULL);
	master = master_of(node);
	master.slot.proposal = proposal_of(node, 1, KEY_1);
	master.slot.proposal.an = 1;
	proposal_set_digest(node, &master.slot.proposal);
	hear_phase(node, &master, SLOT_PREPARE);
	node_keys(node, KEY_1);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_PREPARE);
	return master;
}

/* Both have a transmit SA, and this node's is known to have one only. */
static inline struct master slave_prepare(struct node *node)
{
	struct master master = slave_propose(node);

	kernel_transmit(node, KEY_1, OURS);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_NONE);
	master_holds(node, &master, KEY_1);
	return master;
}

/* READY: what the master is to transmit with is received. */
static inline struct master slave_ready(struct node *node)
{
	struct master master = slave_prepare(node);

	master_transmits(node, &master, KEY_1, THEIRS, true);
	hear(node, &master);
	kernel_receive(node, KEY_1, THEIRS);
	node_device(node, EXCHANGE_DEVICE_PREPARE, 0);
	node_device(node, EXCHANGE_DEVICE_READ_BACK, 0);
	assert_int_equal(node_status(node).staged.generation, 1);
	return master;
}

/* COMMIT is heard; nothing is moved yet, for want of the master's word that it receives. */
static inline struct master slave_committed(struct node *node)
{
	struct master master = slave_ready(node);

	hear_phase(node, &master, SLOT_COMMIT);
	assert_int_equal(node->x.record.decision, SLOT_COMMIT);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_NONE);
	return master;
}

/* The device has been asked to send with it. */
static inline struct master slave_moving(struct node *node)
{
	struct master master = slave_committed(node);

	master_receives(&master, OURS);
	hear(node, &master);
	assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_COMMIT);
	return master;
}

static inline struct master slave_live(struct node *node)
{
	struct master master = slave_moving(node);

	kernel_encode(node, KEY_1);
	node_device(node, EXCHANGE_DEVICE_COMMIT, 0);
	node_read_back(node);
	assert_true(node_status(node).live);
	return master;
}

static inline struct master slave_confirmed(struct node *node)
{
	struct master master = slave_live(node);

	master_transmits(node, &master, KEY_1, THEIRS, false);
	hear_phase(node, &master, SLOT_CONFIRMED);
	assert_int_equal(node->x.record.decision, SLOT_CONFIRMED);
	return master;
}

/* The master goes on saying the same, every second; the device is looked at, and asked for nothing
 * else. */
static inline void slave_waits(struct node *node, const struct master *master, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		node_wait(node, 1000);
		hear(node, master);
		node_answer_read_back(node);
		assert_int_equal(node->x.device_pending, EXCHANGE_DEVICE_NONE);
	}
}

/* What it says of the SA with which it transmits, or will. */
static inline bool says_unused(const struct node *node, const char *key)
{
	struct message_content content = node_says(node, 0);
	uint8_t token[CKN_TOKEN_LEN];

	token_of(node, key, token);
	for (size_t i = 0; i < content.secy.transmit_count; i++) {
		if (memcmp(content.secy.transmit[i].token, token, CKN_TOKEN_LEN) == 0) {
			return content.secy.transmit[i].unused;
		}
	}
	fail_msg("there is no such SA");
	return false;
}

static inline const struct transmit_sa *receivable(const struct node *node, const char *key)
{
	uint8_t token[CKN_TOKEN_LEN];
	bool is_there;

	token_of(node, key, token);
	return exchange_receivable(&node->x, 0, 0, token, &is_there);
}

#endif
