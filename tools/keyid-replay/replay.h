/*
 * A captured frame through the receiver: the same functions, in the same order, as
 * for a frame that comes in at keyidd.
 */
#ifndef KEYID_REPLAY_REPLAY_H
#define KEYID_REPLAY_REPLAY_H

#include "tools/keyid-replay/record.h"

struct replay {
	struct site *site;
	const struct sae_id *view; /* NULL = an observer */
	bool details;              /* content and events are wanted, not only the verdict */
	bool begun;
	int64_t last_ns;    /* time never goes back: ... */
	int64_t offset_ns;  /* a step back counts as no time, and from there on it goes on */
	uint64_t went_back; /* steps of more than a second */
	uint64_t frames;
	uint64_t verdicts[VERDICT_ALL];
};

void replay_init(struct replay *replay, struct site *site, const struct sae_id *view, bool details);

/* Judges record->captured, and fills in the rest of the record. */
void replay_frame(struct replay *replay, struct record *record);

/* Verdicts in the order of the checks. */
extern const enum verdict replay_verdict_order[VERDICT_ALL];

#endif
