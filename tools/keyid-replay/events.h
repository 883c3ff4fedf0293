/*
 * What the exchange did, as far as messages show it: what one says that none before
 * it has said.
 */
#ifndef KEYID_REPLAY_EVENTS_H
#define KEYID_REPLAY_EVENTS_H

#include "l2proto/message.h"

#define EVENTS_MAX 64
#define EVENT_TEXT_MAX 176

struct event_list {
	size_t count;
	char text[EVENTS_MAX][EVENT_TEXT_MAX];
};

/* The newest that was said of each SAE, and of the master's decisions. */
struct history {
	struct slot_seen {
		uint64_t generation;
		enum slot_phase phase;
		int64_t start;
	} committed, proposed;
	size_t sae_count;
	struct sae_seen {
		struct sae_id sae;
		uint64_t staged, applied, live, failed, lost; /* generations */
		bool rekey_wanted;
		uint16_t device_reason;
	} saes[SAES_MAX];
};

/* Adds to list what content says for the first time, and keeps it in mind. */
void events_of(
	struct history *history, const struct message_content *content, struct event_list *list);

/* A station of this SAE was heard for the first time. */
void events_station(struct event_list *list, const struct sae_id *sae);

#endif
