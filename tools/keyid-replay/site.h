/*
 * The links of a configuration, each with an observer: where a frame belongs.
 */
#ifndef KEYID_REPLAY_SITE_H
#define KEYID_REPLAY_SITE_H

#include "keyidd/config.h"
#include "l2proto/observer.h"
#include "tools/keyid-replay/events.h"

struct site_link {
	const char *association; /* names, of the configuration */
	const char *name;
	uint16_t vlan;
	uint8_t id[ASSOCIATION_ID_LEN];
	uint8_t carriers; /* bit n: enum carrier n */
	uint32_t heartbeat_ms, life_ms;
	size_t key_count;
	uint16_t key_numbers[CONFIG_CHANNEL_KEYS_MAX];
	struct auth *auth[CONFIG_CHANNEL_KEYS_MAX]; /* NULL = the file could not be read */
	struct observer *observer;
	struct history history;
};

struct site {
	struct config config;
	size_t link_count;
	struct site_link *links; /* by id and VLAN */
};

/*
 * Loads the configuration and says on standard error what is wrong with it. Of links
 * that run on interfaces, takes those on this one (NULL: all). Returns 0 or -1.
 */
int site_load(struct site *site, const char *config_path, const char *interface);

/* Every observer's record begins now. view: whose it is, NULL = nobody's. */
void site_begin(struct site *site, const struct sae_id *view, uint64_t now_ms);

/* NULL if no link has it. */
struct site_link *site_find(
	struct site *site, const uint8_t id[static ASSOCIATION_ID_LEN], uint16_t vlan);

void site_free(struct site *site);

#endif
