/*
 * An applier without a device: it says what it would do, and holds the keys in
 * memory. Keys without a start are as those of a static device: the one committed
 * last is in use, those before it stay usable until RETIRE. With starts they are
 * as those of a key-chain whose clock is this machine's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"
#include "common/log.h"
#include "netconf/applier_private.h"

#define LOG_NAME "dry-run"

struct dry_run {
	struct applier_backend backend;
	char name[APPLIER_NAME_MAX];
	struct applier_view view; /* in the order of their coming; CAKs are not kept at all */
};

/* ", CAK 1a2b3c4d": its fingerprint, by which two ends can compare it; "" without a CAK. */
static void put_cak(const struct secret *cak, char *out, size_t size)
{
	char fingerprint[SECRET_FINGERPRINT_LEN];

	out[0] = '\0';
	if (cak->len > 0) {
		secret_fingerprint(cak, fingerprint);
		snprintf(out, size, ", CAK %s", fingerprint);
	}
}

/* ", start 2026-01-31T12:00:00Z"; "" without a start. */
static void put_start(int64_t start_s, char *out, size_t size)
{
	time_t start = (time_t)start_s;
	struct tm utc;

	out[0] = '\0';
	if (start_s > 0 && gmtime_r(&start, &utc)) {
		strftime(out, size, ", start %Y-%m-%dT%H:%M:%SZ", &utc);
	}
}

static void say(const struct dry_run *device, const char *what, const struct applier_job *job)
{
	for (size_t i = 0; i < job->key_count; i++) {
		const struct applier_key *key = &job->keys[i];
		char ckn[2 * APPLIER_CKN_MAX + 1], cak[32], start[64];

		hex_encode(key->ckn, key->ckn_len, ckn);
		put_cak(&key->cak, cak, sizeof(cak));
		put_start(key->start, start, sizeof(start));
		log_write(LOG_LEVEL_NOTICE, LOG_NAME,
			"%s: would %s CKN %s%s%s, generation %" PRIu64, device->name, what, ckn,
			cak, start, job->generation);
	}
}

static void say_drop(
	const struct dry_run *device, const struct applier_seen_key *key, uint64_t generation)
{
	char ckn[2 * APPLIER_CKN_MAX + 1];

	hex_encode(key->ckn, key->ckn_len, ckn);
	log_write(LOG_LEVEL_NOTICE, LOG_NAME,
		"%s: would drop CKN %s, older than generation %" PRIu64, device->name, ckn,
		generation);
}

static bool same_key(const struct applier_seen_key *seen, const struct applier_key *key)
{
	return seen->ckn_len == key->ckn_len && memcmp(seen->ckn, key->ckn, key->ckn_len) == 0;
}

static void forget(struct dry_run *device, size_t index)
{
	struct applier_view *view = &device->view;

	memmove(&view->keys[index], &view->keys[index + 1],
		(view->key_count - index - 1) * sizeof(view->keys[0]));
	view->key_count--;
}

/* Newest start, and of those without one the last to come; NULL if all wait for theirs. */
static struct applier_seen_key *find_current(struct applier_view *view)
{
	struct applier_seen_key *current = NULL;

	for (size_t i = 0; i < view->key_count; i++) {
		struct applier_seen_key *key = &view->keys[i];

		if (key->start <= view->clock_s && (!current || key->start >= current->start)) {
			current = key;
		}
	}
	return current;
}

/* Which key's turn it is now. */
static void look(struct dry_run *device)
{
	struct applier_view *view = &device->view;
	struct applier_seen_key *current;

	view->clock_s = time(NULL);
	current = find_current(view);
	for (size_t i = 0; i < view->key_count; i++) {
		struct applier_seen_key *key = &view->keys[i];

		key->future = key->start > view->clock_s;
		key->transmitting = key == current;
		key->usable = key == current || (current && current->start == 0 && !key->future);
	}
}

/* Room for one more, at the cost of the oldest that is not in use. */
static void make_room(struct dry_run *device)
{
	size_t victim = 0;

	if (device->view.key_count < APPLIER_USABLE_MAX) {
		return;
	}
	look(device);
	if (device->view.keys[0].transmitting) {
		victim = 1;
	}
	forget(device, victim);
}

/* A key that is there takes its new start, and its place among those without one. */
static void take_key(struct dry_run *device, const struct applier_key *key)
{
	struct applier_view *view = &device->view;
	struct applier_seen_key *seen;

	for (size_t i = view->key_count; i > 0; i--) {
		if (same_key(&view->keys[i - 1], key)) {
			forget(device, i - 1);
		}
	}
	make_room(device);
	seen = &view->keys[view->key_count++];
	memset(seen, 0, sizeof(*seen));
	memcpy(seen->ckn, key->ckn, key->ckn_len);
	seen->ckn_len = key->ckn_len;
	seen->start = key->start;
	seen->configured = true;
}

static bool is_kept(const struct applier_job *job, const struct applier_seen_key *seen)
{
	for (size_t i = 0; i < job->key_count; i++) {
		if (same_key(seen, &job->keys[i])) {
			return true;
		}
	}
	return false;
}

static void retire(struct dry_run *device, const struct applier_job *job)
{
	look(device);
	for (size_t i = device->view.key_count; i > 0; i--) {
		const struct applier_seen_key *seen = &device->view.keys[i - 1];

		if (!seen->transmitting && !is_kept(job, seen)) {
			say_drop(device, seen, job->generation);
			forget(device, i - 1);
		}
	}
}

static void dry_run_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct dry_run *device = (struct dry_run *)backend;

	switch (job->op) {
	case APPLIER_PREPARE:
		say(device, "check", job);
		break;
	case APPLIER_COMMIT:
		say(device, "commit", job);
		if (job->description[0]) {
			log_write(LOG_LEVEL_NOTICE, LOG_NAME,
				"%s: would set the interface description \"%s\"", device->name,
				job->description);
		}
		for (size_t i = 0; i < job->key_count; i++) {
			take_key(device, &job->keys[i]);
		}
		break;
	case APPLIER_DISCARD:
		say(device, "discard", job);
		break;
	case APPLIER_RETIRE:
		retire(device, job);
		break;
	case APPLIER_READ_BACK:
		look(device);
		result->view = device->view;
		break;
	}
}

static void dry_run_free(struct applier_backend *backend)
{
	free(backend);
}

static const struct applier_backend_ops dry_run_ops = {
	.run = dry_run_run,
	.interrupt = NULL, /* run() never waits */
	.free = dry_run_free,
};

struct applier *applier_open_dry_run(struct applier_set *set, const char *name)
{
	struct dry_run *device = calloc(1, sizeof(*device));

	if (!device) {
		return NULL;
	}
	device->backend.ops = &dry_run_ops;
	snprintf(device->name, sizeof(device->name), "%s", name);
	return applier_new(set, &device->backend);
}
