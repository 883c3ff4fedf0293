/* What the tests of the state share: a folder of their own, and records that could be. */
#ifndef TESTS_UNIT_KEYIDD_TEST_STATE_FIXTURE_H
#define TESTS_UNIT_KEYIDD_TEST_STATE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyidd/state.h"

#define SPAN "span-1"
#define SAE "mx304-12"

static const struct state_owner span = { SPAN, SAE };

static char folder[64];
static char path[80];
static struct secret state_key;

static inline void clean_folder(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char name[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		unlink(name);
	}
	if (dir) {
		closedir(dir);
	}
}

static inline int fixture_setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_state.XXXXXX");
	if (!mkdtemp(folder)) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/keyidd.db", folder);
	secret_set(&state_key, "0123456789abcdefghijklmnopqrstuv", 32);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	clean_folder();
	return rmdir(folder);
}

static inline int fixture_clean(void **state)
{
	(void)state;
	clean_folder();
	return 0;
}

/* Opens, and expects nothing to be said. */
static inline struct state *open_quietly(void)
{
	char text[STATE_TEXT_MAX];
	struct state *state = state_open(path, &state_key, text);

	if (!state || text[0]) {
		fail_msg("%s", text);
	}
	return state;
}

/* A proposal of this many keys; all of it follows from the generation. */
static inline struct proposal proposal_of(uint64_t generation, uint8_t key_count)
{
	struct proposal proposal = {
		.generation = generation, .an = AN_NONE, .key_count = key_count
	};
	char text[KEY_ID_MAX];

	memset(proposal.digest, (int)(generation & 0xff), DIGEST_LEN);
	for (uint8_t i = 0; i < key_count; i++) {
		snprintf(text, sizeof(text), "d9b6fa63-dd88-47d2-8afe-%08" PRIx64 "%04x",
			generation, i);
		key_id_set(&proposal.keys[i], text, strlen(text));
	}
	return proposal;
}

/* The key that goes with it: 64 octets that no other key has a run of. */
static inline struct secret key_of(uint64_t generation, uint8_t index)
{
	struct secret key = { .len = 64 };
	uint32_t seed = (uint32_t)generation * 2654435761u + index * 40503u + 12345u;

	for (size_t i = 0; i < key.len; i++) {
		seed = seed * 1664525u + 1013904223u;
		key.bytes[i] = (uint8_t)(seed >> 24);
	}
	return key;
}

static inline void hold(struct held_keys *keys, const struct proposal *proposal)
{
	for (uint8_t i = 0; i < proposal->key_count; i++) {
		struct held_key *key = &keys->keys[keys->count++];

		key->generation = proposal->generation;
		key->index = i;
		key->key_id = proposal->keys[i];
		key->key = key_of(proposal->generation, i);
	}
}

/* Staged and committed with their keys held; generation 0 = none. */
static inline struct exchange_record record_of(
	uint64_t committed, uint64_t staged, uint8_t key_count)
{
	struct exchange_record record = { .highest = committed > staged ? committed : staged };

	if (staged > 0) {
		record.stage = EXCHANGE_STAGE_HELD;
		record.staged = proposal_of(staged, key_count);
	}
	if (committed > 0) {
		record.decision = SLOT_CONFIRMED;
		record.committed = proposal_of(committed, key_count);
		record.committed_held = true;
		record.confirmed_at = 1700000000 + (int64_t)(committed & 0xffff);
	}
	return record;
}

static inline struct held_keys keys_of(const struct exchange_record *record)
{
	struct held_keys keys = { 0 };

	if (record->stage == EXCHANGE_STAGE_HELD) {
		hold(&keys, &record->staged);
	}
	if (record->committed_held && record->committed.generation != record->staged.generation) {
		hold(&keys, &record->committed);
	}
	return keys;
}

static inline void save(struct state *state, const struct exchange_record *record)
{
	struct held_keys keys = keys_of(record);

	assert_int_equal(state_save(state, &span, EXCHANGE_SLAVE, record, &keys), 0);
}

static inline void assert_proposal(const struct proposal *a, const struct proposal *b)
{
	assert_int_equal(a->generation, b->generation);
	assert_memory_equal(a->digest, b->digest, DIGEST_LEN);
	assert_int_equal(a->an, b->an);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->spacing_s, b->spacing_s);
	assert_int_equal(a->key_count, b->key_count);
	for (size_t i = 0; i < a->key_count; i++) {
		assert_string_equal(a->keys[i].text, b->keys[i].text);
		assert_int_equal(a->keys[i].len, b->keys[i].len);
	}
}

static inline void assert_record(const struct exchange_record *a, const struct exchange_record *b)
{
	assert_int_equal(a->highest, b->highest);
	assert_int_equal(a->stage, b->stage);
	if (a->stage != EXCHANGE_STAGE_NONE) {
		assert_proposal(&a->staged, &b->staged);
	}
	assert_int_equal(a->decision, b->decision);
	if (a->decision != SLOT_EMPTY) {
		assert_proposal(&a->committed, &b->committed);
	}
	assert_int_equal(a->committed_held, b->committed_held);
	assert_int_equal(a->confirmed_at, b->confirmed_at);
	assert_int_equal(a->fetch_hour, b->fetch_hour);
	assert_int_equal(a->fetch_count, b->fetch_count);
}

/* Every key that the record says is held is among them, with its octets, and no other is. */
static inline void assert_keys(const struct held_keys *keys, const struct exchange_record *record)
{
	struct held_keys expected = keys_of(record);

	assert_int_equal(keys->count, expected.count);
	for (size_t i = 0; i < keys->count; i++) {
		struct secret key = key_of(keys->keys[i].generation, keys->keys[i].index);

		assert_true(exchange_holds_key(record, keys->keys[i].generation));
		assert_true(secret_equal(&keys->keys[i].key, &key));
	}
}

/* Loads, and expects exactly this. */
static inline void assert_loads(struct state *state, const struct exchange_record *expected)
{
	char text[STATE_TEXT_MAX];
	struct exchange_record record;
	struct held_keys keys;

	assert_int_equal(state_load(state, &span, EXCHANGE_SLAVE, &record, &keys, text), 1);
	assert_string_equal(text, "");
	assert_record(&record, expected);
	assert_keys(&keys, expected);
}

#endif
