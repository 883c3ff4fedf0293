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

#define SIM_NODES_MAX 5
#define SIM_STATIONS_MAX (SIM_NODES_MAX + 1) /* and a clone, see adversity_clone.c */
#define SIM_WIRES_MAX 4                      /* in the world */
#define SIM_NODE_LINKS 3                     /* of one node */
#define SIM_FRAMES_KEPT 64                   /* for replays */
#define SIM_KEYS_MAX 512                     /* keys that the KMEs have made */
#define SIM_GENERATIONS 512                  /* remembered for invariant 1 */
#define SIM_VAULT_MAX 8
#define SIM_BATCH_MAX 3
#define SIM_COPIES 8 /* of a disk, made as it was written */
#define SIM_RECEIVE_MAX 16
#define SIM_NONCES 32
#define SIM_SLOTS_KEPT 32 /* of each node, to be repeated */
#define SIM_WALL_S 1700000000
#define SIM_LIFE_MS 3000

/* ---- random numbers, xorshift64* ---- */
struct sim_random {
	uint64_t state;
};
uint64_t sim_random(struct sim_random *random);
uint64_t sim_below(struct sim_random *random, uint64_t limit);
bool sim_chance(struct sim_random *random, unsigned per_mille);

/* ---- what a seed decides ---- */

/* A link of the world: one station towards the master, one or more away from it. */
struct sim_wire {
	size_t upper;
	size_t lower_count;
	size_t lowers[SIM_NODES_MAX];
};

struct sim_topology {
	const char *name;
	unsigned weight; /* how often it is chosen */
	size_t node_count, wire_count;
	size_t depth; /* links from the master to the farthest node */
	struct sim_wire wires[SIM_WIRES_MAX];
};

struct sim_faults { /* chances in thousandths; all 0 in the quiet phase */
	unsigned loss, duplicate, corrupt, replay;
	uint32_t delay_max_ms;   /* of a frame: reordering */
	uint32_t answer_max_ms;  /* of KMEs and devices, more than the usual 50 ms */
	unsigned crash;          /* at each point of an execution where one could matter */
	unsigned crash_aborting; /* when an ABORT has just been written */
	unsigned save, kme, kme_reply_lost, device, device_reply_lost;
};

enum sim_adversity { /* a seed has some, or none; see adversity.c */
	SIM_DISK_LOST,
	SIM_DISK_OLDER,
	SIM_DEVICE_RESET,
	SIM_DEVICE_REBOOT,
	SIM_CLOCK_JUMPS,
	SIM_PARTITION,
	SIM_ONE_WAY,
	SIM_REKEYS,
	SIM_KME_SLOW,    /* slower than the prepare timeout */
	SIM_KME_MISSING, /* some keys are never there for the victim */
	SIM_KME_DIFFERS, /* some keys are others for the victim */
	SIM_SLOTS_REPEATED,
	SIM_READY_FORGED,
	SIM_CLONE,
	SIM_ADVERSITIES,
};

/* ---- devices ---- */
struct sim_key {
	struct ckn ckn;
	uint64_t cak; /* 0 = none */
	uint64_t generation;
	uint8_t an;    /* kernel SAs only */
	int64_t start; /* key-chains only */
};

/* An SA of a SecY. */
struct sim_sa {
	uint64_t nonce; /* 0 = none */
	uint64_t sci;   /* of who transmits */
	struct sim_key key;
	bool used;        /* something was sent under it */
	uint64_t left_ms; /* when another one took its place */
};

struct sim_secy {
	uint64_t sci;
	struct sim_sa transmit[4];
	bool encodes;
	uint8_t encoding; /* the AN that it encodes with */
	size_t receive_count;
	struct sim_sa receive[SIM_RECEIVE_MAX];
	uint64_t had[SIM_NONCES]; /* under which it had received before it was made anew */
	size_t had_count;
};

struct sim_device {
	size_t count; /* keys[0] is the newest */
	struct sim_key keys[USABLE_MAX];
	struct sim_key transmit;               /* kernel SAs: of the SA that encodes */
	struct sim_secy secys[SIM_NODE_LINKS]; /* kernel SAs: by link; the rest is a summary */
	struct sim_key first;                  /* what it had before the daemon came */
	uint64_t prepared;                     /* the last generation that it said it would take */
	uint64_t away_until_ms;                /* it reboots */
	uint64_t reset_ms;                     /* when it lost its keys last */
};

struct sim_world;
struct sim_node;

/* How a kind of device behaves; one file each, device_*.c. */
struct sim_device_kind {
	const char *name;
	bool shared_segments; /* also where more than two are on a link */
	bool notices;         /* does not become live with other keys than its neighbours' */
	bool persistent;      /* a reboot leaves its configuration */
	unsigned rotations;   /* how many after the faults */
	unsigned patience;    /* how long each may take: in minutes */
	uint8_t batch_max;
	void (*configure)(struct sim_world *world, struct exchange_config *config);
	/* Any but commit may be NULL: there is nothing to do. */
	bool (*prepare)(struct sim_world *world, struct sim_node *node,
		const struct proposal *proposal, const struct sim_key *keys); /* false: refuses */
	void (*commit)(struct sim_world *world, struct sim_node *node,
		const struct proposal *proposal, const struct sim_key *keys);
	/* Does it receive from every neighbour with a key that is about to be decided? NULL = no
	 * matter. */
	bool (*hears_all)(const struct sim_world *world, const struct sim_node *node,
		const struct proposal *proposal);
	/* What it says of its SecY. NULL: it has none. */
	void (*check_said)(struct sim_world *world, const struct sim_node *node, size_t link,
		const struct secy *secy);
	/* Does the neighbour receive what the node is about to send, as it says? NULL = no matter.
	 */
	bool (*is_heard)(const struct sim_world *world, const struct sim_node *node,
		size_t neighbour, const struct sim_key *key);
	void (*discard)(struct sim_world *world, struct sim_node *node); /* exchange->drop[] */
	void (*retire)(struct sim_world *world, struct sim_node *node);
	void (*read_back)(struct sim_world *world, size_t node, struct exchange_device_view *view);
	void (*empty)(
		struct sim_world *world, struct sim_node *node); /* NULL: keys are all it has */
	void (*roll_back)(struct sim_world *world, struct sim_node *node); /* to device.first */
	/* Can these neighbours talk? */
	bool (*share)(const struct sim_world *world, size_t a, size_t b);
	/* Does it hold what was decided last, with the starts decided last? NULL = no starts. */
	bool (*up_to_date)(const struct sim_world *world, size_t node);
	/* May they be without a common key for now, through no fault of the exchange? NULL = no. */
	bool (*apart)(const struct sim_world *world, size_t a, size_t b);
	/* Time passes: sessions settle, starts come. */
	void (*settle)(struct sim_world *world);
};

extern const struct sim_device_kind sim_device_static, sim_device_retaining, sim_device_kernel,
	sim_device_chain;

/* ---- KMEs ---- */
struct sim_kme_key {
	struct key_id id;
	uint64_t value;
	uint64_t value_differs; /* what the victim's KME delivers; 0 = the same */
	uint32_t delivered;     /* bit per SAE */
	uint32_t asked;         /* bit per station */
	uint32_t allowed;
};

/* ---- nodes ---- */
struct sim_held {
	uint64_t generation;
	size_t count;
	uint64_t values[SIM_BATCH_MAX];
};

struct sim_disk {
	bool used;
	struct exchange_record record;
	struct sim_held held[SIM_VAULT_MAX];
};

struct sim_slots {
	struct slot committed, proposed;
};

struct sim_word {
	uint64_t heard_ms; /* 0 = never */
	struct sae_status status;
	struct secy secy;
};

struct sim_node {
	size_t index; /* of the station */
	size_t sae;   /* whose index it would be: another's only for a clone */
	bool alive;
	uint32_t life; /* counts restarts: answers to an earlier life are dropped */
	struct exchange_config config;
	struct exchange *exchange; /* one of the two */
	struct exchange exchanges[2];
	size_t link_count;
	struct link links[SIM_NODE_LINKS];
	size_t wires[SIM_NODE_LINKS]; /* the world's */
	struct sim_held vault[SIM_VAULT_MAX];
	struct sim_disk disk;
	struct sim_device device;
	uint64_t said_live;                     /* the newest generation that it has said LIVE of */
	uint64_t timer_ms;                      /* of the timer event that counts */
	uint64_t retimed_ms;                    /* when it last heard of a move of its start */
	uint64_t given_up;                      /* the newest generation ever saved as aborted */
	uint64_t interrupted;                   /* undecided when it started last */
	struct sim_word words[SIM_NODES_MAX];   /* of each SAE, from itself */
	uint64_t heard_ms[SIM_STATIONS_MAX];    /* when a frame of that station was accepted */
	struct sim_slots slots[SIM_SLOTS_KEPT]; /* as heard */
	size_t slots_heard;
};

struct sim_frame {
	uint64_t id; /* 0 = empty */
	size_t wire, from;
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
	SIM_SETTLE,
	SIM_ADVERSITY,
	SIM_CLONE_COMES,
	SIM_CLONE_LEAVES,
	SIM_QUIET
};

struct sim_event {
	enum sim_event_kind kind;
	size_t node;
	uint32_t life;
	uint64_t generation;
	unsigned reason; /* SIM_KME, SIM_DEVICE: REASON_NONE = success */
	enum exchange_device_op op;
	size_t key_count; /* SIM_KME */
	struct key_id ids[SIM_BATCH_MAX];
	uint64_t values[SIM_BATCH_MAX];
	struct sim_frame frame; /* SIM_FRAME: the last member, only its octets in use are copied */
};

struct sim_queue_entry {
	uint64_t at_ms;
	uint64_t order;
	struct sim_event *event;
};

struct sim_queue {
	struct sim_queue_entry *heap;
	size_t len, max;
	uint64_t order;
	struct sim_event **spare;
	size_t spare_len, spare_max;
};

/* What is not promised for now, see docs/hacking.md; until the first rotation after the faults. */
struct sim_excuses {
	bool disk;    /* a disk was lost, or replaced by an older copy */
	bool sharing; /* neighbours may have lost their keys through no fault of ours */
	bool reset;   /* a device has lost its keys; all know of it RESET_MS later */
	bool clone;   /* two stations have spoken for one SAE */
	bool differs; /* a KME has delivered another key */
};

struct sim_outcome {
	uint64_t rotations_faults, rotations_quiet; /* CONFIRMED at the master */
	uint64_t enc_faults, enc_quiet;             /* enc_keys calls */
	uint64_t agreement_ms;                      /* from the last fault; 0 = none was reached */
	uint64_t crashes, accepted, frames;
};

struct sim_world {
	uint64_t seed;
	bool trace;
	struct sim_random random;
	const struct sim_topology *topology;
	const struct sim_device_kind *kind;
	struct sim_faults faults;
	uint32_t delay_max_ms;              /* of the frames sent before it got quiet */
	unsigned adversities;               /* bit per enum sim_adversity */
	size_t victim;                      /* whose disk, KME, clone it is */
	struct sim_disk copies[SIM_COPIES]; /* of that disk */
	size_t copy_count;
	uint64_t cut_until_ms[SIM_WIRES_MAX];
	uint64_t mute_until_ms[SIM_STATIONS_MAX];
	struct sim_excuses excuses;
	bool quiet;
	uint64_t now_ms;
	uint64_t last_fault_ms;
	uint64_t reset_ms; /* when a device lost its keys last */
	int64_t wall_offset_s;

	size_t node_count;
	size_t station_count; /* node_count, or one more while there is a clone */
	struct sim_node nodes[SIM_STATIONS_MAX];
	size_t wire_depth[SIM_WIRES_MAX]; /* 1 = the master's */
	bool adjacent[SIM_STATIONS_MAX][SIM_STATIONS_MAX];
	struct auth *auth[SIM_WIRES_MAX];

	struct sim_queue queue;

	uint64_t frame_id;
	struct sim_frame kept[SIM_FRAMES_KEPT];
	uint64_t accepted_by[SIM_STATIONS_MAX][4096]; /* frame ids accepted, by id modulo */

	size_t key_count;
	struct sim_kme_key keys[SIM_KEYS_MAX];

	struct {
		uint64_t generation;
		bool differs; /* between nodes */
		struct sim_key keys[SIM_BATCH_MAX];
	} applied[SIM_GENERATIONS];
	bool devices_changed; /* since sharing was checked */
	bool shared[SIM_NODES_MAX][SIM_NODES_MAX];
	uint64_t proposed;       /* the newest generation that the master has asked keys for */
	struct proposal decided; /* what the master has committed last, with its start */
	int64_t first_start;     /* the earliest ever decided for it */

	struct sim_outcome outcome;
	char violation[256]; /* "" = none */
};

/* queue.c: events by time, then by order of scheduling */
void sim_schedule(struct sim_world *world, const struct sim_event *event, uint64_t delay_ms);
uint64_t sim_queue_next_ms(const struct sim_world *world); /* UINT64_MAX if it is empty */
struct sim_event *sim_queue_take(struct sim_world *world); /* give it back */
void sim_queue_give_back(struct sim_world *world, struct sim_event *event);
void sim_queue_free(struct sim_queue *queue);

/* world.c */
void sim_violation(struct sim_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sim_trace(const struct sim_world *world, const struct sim_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct exchange_time sim_time(const struct sim_world *world);
int64_t sim_true_time_s(const struct sim_world *world); /* what the devices' clocks show */
/* Runs one seed to its end; returns true if no invariant was violated. */
bool sim_run(struct sim_world *world, uint64_t seed, bool trace);
void sim_free(struct sim_world *world);

/* topology.c */
void sim_topology_choose(struct sim_world *world); /* and the kind of device that suits it */
void sim_topology_join(struct sim_world *world);

/* node.c */
void sim_node_configure(struct sim_world *world, size_t index, size_t sae);
void sim_node_start(struct sim_world *world, struct sim_node *node);
void sim_node_crash(struct sim_world *world, struct sim_node *node);
void sim_node_event(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *event);
void sim_node_timer(struct sim_world *world, struct sim_node *node);
void sim_node_frame(struct sim_world *world, struct sim_node *node, const struct sim_frame *frame);
void sim_node_kme(struct sim_world *world, struct sim_node *node, const struct sim_event *event);
const struct sim_held *sim_node_held(const struct sim_node *node, uint64_t generation);

/* adversity.c */
void sim_adversity_choose(struct sim_world *world);
bool sim_suffers(const struct sim_world *world, enum sim_adversity adversity); /* now */
void sim_adversity_strike(struct sim_world *world);
void sim_adversity_moved(struct sim_world *world); /* a SecY has just begun to send with a key */
bool sim_adversity_cut(const struct sim_world *world, size_t wire, size_t from);

/* adversity_disk.c */
void sim_adversity_saved(struct sim_world *world, const struct sim_node *node);
void sim_adversity_restart(
	struct sim_world *world, struct sim_node *node); /* before its disk is read */
bool sim_adversity_conflicts(const struct sim_world *world);

/* adversity_insider.c: authentic messages that are not what a station would say */
void sim_adversity_repeat(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message);
void sim_adversity_remind(struct sim_world *world, struct sim_node *node); /* it has started */
void sim_adversity_forge(
	struct sim_world *world, struct sim_node *node, const struct exchange_event *message);

/* adversity_clone.c */
void sim_clone_plan(struct sim_world *world);
void sim_clone_comes(struct sim_world *world);
void sim_clone_leaves(struct sim_world *world);
bool sim_clone_holds(const struct sim_world *world); /* rotation must be held now */

/* network.c */
void sim_send(struct sim_world *world, size_t from, size_t wire, const uint8_t *octets, size_t len);

/* kme.c */
void sim_kme_ask(struct sim_world *world, struct sim_node *node, enum exchange_fetch fetch,
	const struct proposal *proposal);

/* device.c */
bool sim_key_same(const struct sim_key *a, const struct sim_key *b);
bool sim_device_holds(const struct sim_device *device, const struct sim_key *key);
void sim_device_settle_later(struct sim_world *world, uint64_t delay_ms);
void sim_device_ask(struct sim_world *world, struct sim_node *node, enum exchange_device_op op,
	uint64_t generation);
void sim_device_done(struct sim_world *world, struct sim_node *node, const struct sim_event *event);
void sim_device_retire(struct sim_world *world, struct sim_node *node); /* all but the committed */
void sim_device_trace(const struct sim_world *world, const struct sim_node *node);
void sim_device_roll_back(struct sim_world *world, struct sim_node *node); /* to its first key */
void sim_device_empty(struct sim_world *world, struct sim_node *node);

/* check.c */
void sim_check(struct sim_world *world);                                   /* after each event */
void sim_check_node(struct sim_world *world, const struct sim_node *node); /* after its step */
void sim_check_proposes(struct sim_world *world, uint64_t generation);     /* the master, now */
void sim_check_save(struct sim_world *world, const struct sim_node *node,
	const struct exchange_record *after); /* node->disk is what was before */
void sim_check_said(struct sim_world *world, struct sim_node *node, size_t link,
	const struct message_content *content);
bool sim_agreed(const struct sim_world *world, uint64_t above, uint64_t *generation);

/* check_neighbours.c */
void sim_check_moves(struct sim_world *world, const struct sim_node *node,
	const struct sim_key *keys); /* its device, to these keys */
void sim_check_hears(
	struct sim_world *world, struct sim_node *node, const struct message_content *content);
/* Has any said, within LIFE, that it sends with this key? */
bool sim_neighbours_use(const struct sim_world *world, const struct sim_node *node,
	const uint8_t token[static CKN_TOKEN_LEN]);

/* check_keys.c */
void sim_check_start(struct sim_world *world, const struct exchange_record *before,
	const struct exchange_record *after);         /* the master decides on a start */
bool sim_lately_reset(const struct sim_world *world); /* not everybody may know of it yet */
bool sim_keys_may_be_lost(
	const struct sim_world *world); /* now, through no fault of the exchange */
void sim_check_shared(struct sim_world *world);
void sim_check_together(struct sim_world *world);  /* once all agree */
void sim_check_confirmed(struct sim_world *world); /* by the master, just now */
void sim_check_retire(struct sim_world *world, const struct sim_node *node);
void sim_check_applied(struct sim_world *world, const struct sim_node *node, uint64_t generation,
	const struct sim_key *keys, size_t count);
bool sim_keys_differ(const struct sim_world *world, uint64_t generation); /* between devices */
void sim_check_heard(struct sim_world *world, const char *what);          /* everybody, lately */

#endif
