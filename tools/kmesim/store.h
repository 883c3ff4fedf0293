/*
 * The keys that all KMEs of the simulated network share, and who has had them.
 *
 * Clauses 6.2 and 6.4: enc_keys delivers a key to its master once, dec_keys to
 * each SAE named with it once; what has been delivered is not delivered again.
 * Not thread-safe: the caller holds a lock.
 */
#ifndef KMESIM_STORE_H
#define KMESIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/secret.h"
#include "tools/kmesim/config.h"

#define STORE_KEY_ID_MAX 128

struct store_key {
	char id[STORE_KEY_ID_MAX + 1];
	struct secret key;
	bool delivered;   /* to the master; until then the rest is unset */
	size_t master;    /* SAE index */
	uint64_t waiting; /* a bit for each SAE that may still fetch it */
	uint64_t named;   /* a bit for each SAE that ever might */
};

struct store_delivery {
	size_t key;
	size_t sae;
	bool to_master;
};

struct store {
	size_t key_count;
	struct store_key *keys;
	size_t delivery_count;
	struct store_delivery *deliveries;
	int64_t left; /* keys that the quantum channel has made and nobody has asked for */
};

enum store_error { STORE_OK, STORE_EMPTY, STORE_NOT_FOUND, STORE_NOT_NAMED, STORE_NO_MEMORY };

/*
 * Reads keys to be delivered first, in their order: a JSON list of
 * {"key_ID": ID, "key": BASE64}. Returns 0, or -1 with one line in error.
 */
int store_preload(struct store *store, const char *path, char error[static SIM_TEXT_MAX]);
void store_fini(struct store *store);

/*
 * Delivers count keys of size octets to a master, for the SAEs whose bits are
 * set in slaves: preloaded ones of that size first, then random ones with a
 * version 4 UUID. Writes their indices to keys.
 */
enum store_error store_take_new(struct store *store, size_t master, uint64_t slaves, size_t count,
	size_t size, size_t *keys);

/*
 * Delivers the keys named to slave, all or none. STORE_NOT_FOUND: one is
 * unknown, or was fetched, or belongs to another master. STORE_NOT_NAMED: the
 * slave has no part in one of them.
 */
enum store_error store_take_named(struct store *store, size_t slave, size_t master,
	const char *const *ids, size_t count, size_t *keys);

/* Forgets the keys named, as if their time were up. */
void store_expire(struct store *store, const char *const *ids, size_t count);

/* A line for each delivery: KEY_ID SAE_ID enc|dec HEX BASE64. */
void store_print_deliveries(const struct store *store, const struct sim_config *config, FILE *out);

#endif
