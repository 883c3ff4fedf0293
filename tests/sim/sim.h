/*
 * A world in virtual time: nodes with the real link and exchange code, on a
 * network, with KMEs, disks and devices that fail as real ones do. Everything
 * random comes from one seed; the same seed gives the same run.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "l2proto/exchange.h"
#include "l2proto/link.h"

#define SIM_NODES_MAX 3
#define SIM_LINKS_MAX 2     /* in the world */
#define SIM_NODE_LINKS 2    /* of one node */
#define SIM_FRAMES_KEPT 64  /* for replays */
#define SIM_KEYS_MAX 512    /* keys that the KMEs have made */
#define SIM_GENERATIONS 512 /* remembered for invariant 1 */
#define SIM_VAULT_MAX 8
#define SIM_COPIES 8      /* of a disk, made as it was written */
#define SIM_SLOTS_KEPT 32 /* of each node, to be repeated */
#define SIM_WALL_S 1700000000

/* ---- random numbers, xorshift64* ---- */
struct sim_random {
	uint64_t state;
};
uint64_t sim_random(struct sim_random *random);
uint64_t sim_below(struct sim_random *random, uint64_t limit);
bool sim_chance(struct sim_random *random, unsigned per_mille);

/* ---- what a seed decides ---- */
enum sim_topology { SIM_PAIR, SIM_CHAIN, SIM_SEGMENT };

struct sim_faults { /* chances in thousandths; all 0 in the quiet phase */
	unsigned loss, duplicate, corrupt, replay;
	uint32_t delay_max_ms; /* of a frame: reordering */
	unsigned crash;        /* at each point of an execution where one could matter */
	unsigned save, kme, kme_reply_lost, device, device_reply_lost;
};

enum sim_adversity { /* a seed has some, or none; see adversity.c */
	SIM_DISK_LOST,
	SIM_DISK_OLDER,
	SIM_DEVICE_RESET,
	SIM_CLOCK_JUMPS,
	SIM_PARTITION,
	SIM_REKEYS,
	SIM_KME_SLOW, /* slower than the prepare timeout */
	SIM_SLOTS_REPEATED,
	SIM_ADVERSITIES,
};

/* ---- devices ---- */
struct sim_key {
	struct ckn ckn;
	uint64_t cak; /* 0 = none */
};

struct sim_device {
	bool retaining; /* keeps older keys until RETIRE; else static PSK with a preceding key */
	size_t count;   /* keys[0] is the newest */
	struct sim_key keys[USABLE_MAX];
	struct sim_key first; /* what it had before the daemon came */
};

/* ---- KMEs ---- */
struct sim_kme_key {
	struct key_id id;
	uint64_t value;
	uint32_t delivered; /* bit per node */
	uint32_t allowed;
};

/* ---- nodes ---- */
struct sim_held {
	uint64_t generation;
	size_t count;
	uint64_t values[BATCH_MAX];
};

struct sim_disk {
	bool used;
	struct exchange_record record;
	struct sim_held held[SIM_VAULT_MAX];
};

struct sim_slots {
	struct slot committed, proposed;
};

struct sim_node {
	size_t index;
	bool alive;
	uint32_t life; /* counts restarts: answers to an earlier life are dropped */
	struct exchange_config config;
	struct exchange exchange;
	size_t link_count;
	struct link links[SIM_NODE_LINKS];
	size_t link_world[SIM_NODE_LINKS]; /* the world's link */
	struct sim_held vault[SIM_VAULT_MAX];
	struct sim_disk disk;
	struct sim_device device;
	uint64_t timer_ms;                      /* of the timer event that counts */
	struct sim_slots slots[SIM_SLOTS_KEPT]; /* as heard */
	size_t slots_heard;
};

struct sim_frame {
	uint64_t id; /* 0 = empty */
	size_t link, from;
	size_t len;
	bool tampered;
	uint8_t octets[MESSAGE_MAX_RAW];
};

/* ---- events ---- */
enum sim_event_kind {
	SIM_TIMER,
	SIM_FRAME,
	SIM_KME,
	SIM_DEVICE,
	SIM_RESTART,
	SIM_MKA,
	SIM_ADVERSITY,
	SIM_QUIET
};

struct sim_event {
	uint64_t at_ms;
	uint64_t order;
	enum sim_event_kind kind;
	size_t node;
	uint32_t life;
	uint64_t generation;
	unsigned reason; /* SIM_KME, SIM_DEVICE: REASON_NONE = success */
	enum exchange_device_op op;
	size_t key_count; /* SIM_KME */
	struct key_id ids[2];
	uint64_t values[2];
	struct sim_frame *frame; /* SIM_FRAME, owned */
};

struct sim_world {
	uint64_t seed;
	bool trace;
	struct sim_random random;
	enum sim_topology topology;
	struct sim_faults faults;
	unsigned adversities;               /* bit per enum sim_adversity */
	size_t victim;                      /* whose disk it is */
	struct sim_disk copies[SIM_COPIES]; /* of that disk */
	size_t copy_count;
	uint64_t cut_until_ms[SIM_LINKS_MAX];
	bool disk_was_lost;   /* or replaced by an older copy */
	bool sharing_excused; /* neighbours may have lost their keys through no fault of ours */
	bool quiet;
	uint64_t now_ms;
	int64_t wall_offset_s;

	size_t node_count;
	struct sim_node nodes[SIM_NODES_MAX];
	struct auth *auth[SIM_LINKS_MAX];
	size_t link_count;

	struct sim_event *heap;
	size_t heap_len, heap_max;
	uint64_t order;

	uint64_t frame_id;
	struct sim_frame kept[SIM_FRAMES_KEPT];
	uint64_t accepted_by[SIM_NODES_MAX][4096]; /* frame ids accepted, by id modulo */

	size_t key_count;
	struct sim_kme_key keys[SIM_KEYS_MAX];
	uint64_t enc_calls;

	struct {
		uint64_t generation;
		struct sim_key key;
	} applied[SIM_GENERATIONS];
	bool shared[SIM_NODES_MAX][SIM_NODES_MAX];

	uint64_t rotations; /* CONFIRMED at the master */
	uint64_t crashes, accepted, frames;
	char violation[256]; /* "" = none */
};

/* world.c */
void sim_schedule(struct sim_world *world, const struct sim_event *event, uint64_t delay_ms);
void sim_violation(struct sim_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sim_trace(const struct sim_world *world, const struct sim_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct exchange_time sim_time(const struct sim_world *world);
/* Runs one seed to its end; returns true if no invariant was violated. */
bool sim_run(struct sim_world *world, uint64_t seed, bool trace);
void sim_free(struct sim_world *world);

/* node.c */
void sim_node_start(struct sim_world *world, struct sim_node *node);
void sim_node_crash(struct sim_world *world, struct sim_node *node);
void sim_node_event(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *event);
void sim_node_timer(struct sim_world *world, struct sim_node *node);
void sim_node_frame(struct sim_world *world, struct sim_node *node, const struct sim_frame *frame);
void sim_node_kme(struct sim_world *world, struct sim_node *node, const struct sim_event *event);

/* adversity.c */
void sim_adversity_choose(struct sim_world *world);
bool sim_suffers(const struct sim_world *world, enum sim_adversity adversity); /* now */
void sim_adversity_saved(struct sim_world *world, const struct sim_node *node);
void sim_adversity_restart(
	struct sim_world *world, struct sim_node *node); /* before its disk is read */
void sim_adversity_strike(struct sim_world *world);
void sim_adversity_repeat(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message);
bool sim_adversity_conflicts(const struct sim_world *world);
bool sim_adversity_cut(const struct sim_world *world, size_t link);

/* network.c */
void sim_send(struct sim_world *world, size_t from, size_t link, const uint8_t *octets, size_t len);

/* kme.c */
void sim_kme_ask(struct sim_world *world, struct sim_node *node, enum exchange_fetch fetch,
	const struct proposal *proposal);

/* device.c */
void sim_device_ask(struct sim_world *world, struct sim_node *node, enum exchange_device_op op,
	uint64_t generation);
void sim_device_done(struct sim_world *world, struct sim_node *node, const struct sim_event *event);
void sim_mka(struct sim_world *world); /* sessions settle: preceding keys are dropped */
bool sim_devices_share(const struct sim_world *world, size_t a, size_t b);
bool sim_adjacent(const struct sim_world *world, size_t a, size_t b);

/* check.c */
void sim_check(struct sim_world *world);
void sim_check_node(struct sim_world *world, const struct sim_node *node); /* after its step */
void sim_check_said(struct sim_world *world, const struct sim_node *node,
	const struct message_content *content);
void sim_check_confirmed(struct sim_world *world); /* by the master, just now */
void sim_check_applied(struct sim_world *world, const struct sim_node *node, uint64_t generation,
	const struct sim_key *key);
bool sim_agreed(const struct sim_world *world, uint64_t *generation);

#endif
