/* An applier without a device: it says what it would do, and holds the keys in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/log.h"
#include "netconf/applier_private.h"

#define LOG_NAME "dry-run"

struct dry_run {
	struct applier_backend backend;
	char name[APPLIER_NAME_MAX];
	struct applier_view view; /* the last key is in use; CAKs are not kept at all */
};

static void say(const struct dry_run *device, const char *what, const struct applier_job *job)
{
	if (job->key_count == 0) {
		log_write(LOG_LEVEL_NOTICE, LOG_NAME, "%s: would %s for generation %llu",
			device->name, what, (unsigned long long)job->generation);
	}
	for (size_t i = 0; i < job->key_count; i++) {
		char ckn[2 * APPLIER_CKN_MAX + 1];
		char fingerprint[SECRET_FINGERPRINT_LEN];

		hex_encode(job->keys[i].ckn, job->keys[i].ckn_len, ckn);
		secret_fingerprint(&job->keys[i].cak, fingerprint);
		log_write(LOG_LEVEL_NOTICE, LOG_NAME,
			"%s: would %s CKN %s, CAK %s, generation %llu", device->name, what, ckn,
			job->keys[i].cak.len > 0 ? fingerprint : "not given",
			(unsigned long long)job->generation);
	}
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

/* The key committed last is the one in use; the one before stays usable until RETIRE. */
static void take_key(struct dry_run *device, const struct applier_key *key)
{
	struct applier_view *view = &device->view;
	struct applier_seen_key *seen;

	for (size_t i = view->key_count; i > 0; i--) {
		view->keys[i - 1].transmitting = false;
		if (same_key(&view->keys[i - 1], key)) {
			forget(device, i - 1);
		}
	}
	if (view->key_count == APPLIER_USABLE_MAX) {
		forget(device, 0);
	}
	seen = &view->keys[view->key_count++];
	memset(seen, 0, sizeof(*seen));
	memcpy(seen->ckn, key->ckn, key->ckn_len);
	seen->ckn_len = key->ckn_len;
	seen->start = key->start;
	seen->configured = true;
	seen->usable = true;
	seen->transmitting = true;
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
	for (size_t i = device->view.key_count; i > 0; i--) {
		const struct applier_seen_key *seen = &device->view.keys[i - 1];

		if (!seen->transmitting && !is_kept(job, seen)) {
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
		for (size_t i = 0; i < job->key_count; i++) {
			take_key(device, &job->keys[i]);
		}
		break;
	case APPLIER_DISCARD:
		say(device, "discard what was prepared", job);
		break;
	case APPLIER_RETIRE:
		say(device, "drop all keys but", job);
		retire(device, job);
		break;
	case APPLIER_READ_BACK:
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
