/*
 * What a hand-over does next: the two schemes of older deployments (keyidd.conf(5),
 * HANDOVERS), in which the master's end changes its key, then shows the key-ID, and
 * the slave's end follows when it sees it. None of the exchange's promises holds
 * here: nobody knows whether the other end could follow.
 *
 *     master:  time for a key -> look at the device -> enc_keys -> apply -> show
 *     slave:   a key-ID is seen -> look at the device -> dec_keys -> apply
 *
 * Pure: handover_step() takes what happened and the time, and says what to do. It
 * sees key-IDs, never keys. A step is a transaction as the exchange's is: it runs on
 * a copy, which becomes the machine once its record is saved, if it is to be saved.
 */
#ifndef KEYIDD_HANDOVER_STEP_H
#define KEYIDD_HANDOVER_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "l2proto/message.h"

#define HANDOVER_NEVER UINT64_MAX
#define HANDOVER_RETRY_MIN_MS 1000 /* after a failure, doubling up to ... */
#define HANDOVER_RETRY_MAX_MS 60000
#define HANDOVER_LOOK_MIN_MS                                                                       \
	1000 /* between looks at a device with a new key, doubling up to ...                       \
	      */
#define HANDOVER_LOOK_MAX_MS 30000
#define HANDOVER_NOTES_MAX 4

/* How far the last key-ID has come. */
enum handover_stage {
	HANDOVER_NONE = 0,    /* there never was one */
	HANDOVER_TAKEN = 1,   /* slave: the KME has been, or may have been, asked for its key */
	HANDOVER_APPLIED = 2, /* the device has its key */
	HANDOVER_SHOWN = 3,   /* master: and the other end can see it */
};

/* All that survives a restart. */
struct handover_record {
	enum handover_stage stage;
	struct key_id key_id;  /* the last one; of a master, the one applied last */
	struct key_id applied; /* the last one whose key the device was given; empty = none */
	int64_t applied_s;     /* when, in seconds since the epoch */
};

struct handover_rules {
	bool master;
	bool shows;           /* master: showing is a step of its own, not part of applying */
	bool takes_stale;     /* slave: kme-keyid-check: false */
	uint32_t interval_ms; /* master: from one key to the next */
};

enum handover_act { HANDOVER_REST, HANDOVER_LOOK, HANDOVER_FETCH, HANDOVER_APPLY, HANDOVER_SHOW };

/* What the device showed when it was last looked at. */
enum handover_view {
	HANDOVER_UNSEEN, /* never, or not since the last key */
	HANDOVER_OTHER,  /* it does not have the key that it was given last */
	HANDOVER_HOLDS,  /* it has, and does not use it */
	HANDOVER_USES,
};

struct handover_machine {
	struct handover_rules rules;
	struct handover_record record;
	struct handover_record before; /* a slave's, before it asked for the present key */
	enum handover_act doing;
	enum handover_act failed; /* the last act, if it has; then there is a pause */
	enum handover_view view;
	struct key_id shown; /* slave: by the other end, when last read; empty = none */
	struct key_id seen;  /* slave: of those, the one to be taken up; empty = none */
	struct key_id held;  /* whose key is in memory, and not applied yet; empty = none */
	bool started;        /* the device has been looked at once */
	bool looked;         /* and just now: a key may be fetched for it */
	uint64_t next_key_ms, retry_ms, look_ms;
	uint32_t retry_pause_ms, look_pause_ms;
};

enum handover_event_kind {
	HANDOVER_TIMER,   /* handover_next_ms() has been reached */
	HANDOVER_SEEN,    /* slave: a key-ID was read at the other end */
	HANDOVER_GONE,    /* slave: none can be read there */
	HANDOVER_REKEY,   /* master: the operator wants a new key now */
	HANDOVER_LOOKED,  /* how each act ends */
	HANDOVER_FETCHED, /* key_id is the key's; the caller holds it */
	HANDOVER_DONE,    /* APPLY or SHOW */
	HANDOVER_FAILED,  /* any of them */
	HANDOVER_UNSAVED, /* the step of any event could not be saved, and was dropped */
};

struct handover_event {
	enum handover_event_kind kind;
	struct key_id key_id;    /* of SEEN and FETCHED */
	bool holds_last;         /* of LOOKED: the device has the key of record.key_id */
	enum handover_view view; /* of LOOKED: about record.applied */
	bool unsent;   /* of FETCH that FAILED: the request surely did not reach the KME */
	bool hopeless; /* of APPLY that FAILED: it would again */
};

enum handover_note {
	HANDOVER_NOTE_NEW,         /* a key-ID is taken up */
	HANDOVER_NOTE_STALE,       /* one that is seen is not, for it was before */
	HANDOVER_NOTE_INTERRUPTED, /* the last start ended while its key was on its way */
	HANDOVER_NOTE_LOST,        /* the key of the key-ID is lost here: another one is needed */
	HANDOVER_NOTE_APPLIED,
	HANDOVER_NOTE_SHOWN,
	HANDOVER_NOTE_USED,     /* the device uses the key that it was given last */
	HANDOVER_NOTE_NOT_USED, /* it did, and does not any more */
	HANDOVER_NOTE_COUNT
};

struct handover_actions {
	bool save; /* the record, before anything else */
	bool wipe; /* the key that is held: it is of no use any more */
	enum handover_act act;
	unsigned note_count;
	enum handover_note notes[HANDOVER_NOTES_MAX];
};

struct handover_time {
	uint64_t mono_ms;
	int64_t wall_s;
};

/* The record is NULL if there is none. The first event is HANDOVER_TIMER. */
void handover_init(struct handover_machine *machine, const struct handover_rules *rules,
	const struct handover_record *record, struct handover_time now);

void handover_step(struct handover_machine *machine, struct handover_time now,
	const struct handover_event *event, struct handover_actions *actions);

/* When HANDOVER_TIMER is due; HANDOVER_NEVER if only something else can happen. */
uint64_t handover_next_ms(const struct handover_machine *machine);

/* Has this key-ID been taken up before? Then its key is gone from the KME. */
bool handover_is_stale(const struct handover_record *record, const struct key_id *key_id);

/* Slave: the other end shows the key-ID of the key that the device was given last. */
bool handover_in_step(const struct handover_machine *machine);

bool handover_same_key_id(const struct key_id *a, const struct key_id *b);

#endif
