/* The device of a hand-over: looked at, and given its key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keyidd/engine.h"
#include "keyidd/handover.h"

static struct applier *open_hook(
	const struct handover *handover, char error[static APPLIER_ERROR_TEXT_MAX])
{
	const struct config_handover *config = handover->config;
	const struct applier_hook_config hook = {
		.program = config->device->program,
		.association = config->name,
		.device = config->device->name,
		.sae = config->sae.text,
		.timeout_ms = config->device->timeout_ms,
	};

	return applier_open_hook(handover->engine->appliers, &hook, error);
}

static struct applier *open_wpa(
	const struct handover *handover, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier_wpa_config wpa = handover->config->device->wpa;

	wpa.cipher_suite = handover->config->cipher_suite;
	wpa.timeout_ms = handover->config->device->timeout_ms;
	return applier_open_wpa(handover->engine->appliers, &wpa, error);
}

int handover_device_open(struct handover *handover, char error[static STATE_TEXT_MAX])
{
	const struct config_handover *config = handover->config;
	struct applier_set *set = handover->engine->appliers;
	char text[APPLIER_ERROR_TEXT_MAX] = "no memory";

	switch (config->device->type) {
	case CONFIG_DEVICE_JUNOS:
		handover->applier = applier_open_junos(set, &config->junos, text);
		break;
	case CONFIG_DEVICE_HOOK:
		handover->applier = open_hook(handover, text);
		break;
	case CONFIG_DEVICE_MACSEC:
		snprintf(text, sizeof(text), "takes no keys but those of the exchange");
		break;
	case CONFIG_DEVICE_WPA:
		handover->applier = open_wpa(handover, text);
		break;
	case CONFIG_DEVICE_DRY_RUN:
		handover->applier = applier_open_dry_run(set, config->name);
		break;
	}
	if (!handover->applier) {
		snprintf(error, STATE_TEXT_MAX, "device %s: %s", config->device->name, text);
		return -EINVAL;
	}
	return 0;
}

/* ---- what the device says -------------------------------------------------------------------- */

static const struct applier_seen_key *find(const struct handover *handover,
	const struct applier_view *view, const struct key_id *key_id)
{
	struct ckn ckn;

	if (key_id->len == 0 || ckn_from_key_id(&handover->config->ckn, key_id, &ckn) != 0) {
		return NULL;
	}
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *seen = &view->keys[i];

		if (seen->configured && seen->ckn_len == ckn.len &&
			memcmp(seen->ckn, ckn.octets, ckn.len) == 0) {
			return seen;
		}
	}
	return NULL;
}

static void looked(struct handover *handover, const struct applier_view *view)
{
	const struct handover_record *record = &handover->machine.record;
	const struct applier_seen_key *applied = find(handover, view, &record->applied);
	struct handover_event event = {
		.kind = HANDOVER_LOOKED,
		.holds_last = find(handover, view, &record->key_id),
		.view = !applied                ? HANDOVER_OTHER
			: applied->transmitting ? HANDOVER_USES
						: HANDOVER_HOLDS,
	};

	handover_event(handover, &event);
}

static void applied(struct handover *handover, const struct applier_result *result)
{
	struct handover_event event = { .kind = HANDOVER_DONE };

	if (result->text[0]) {
		handover_log(handover, LOG_LEVEL_INFO, "%s: %s", handover->config->device->name,
			result->text);
	}
	handover->counters.applied++;
	handover_event(handover, &event);
}

static void done(void *ctx, const struct applier_result *result)
{
	struct handover *handover = ctx;
	bool committed = result->op == APPLIER_COMMIT;

	if (result->error != APPLIER_OK) {
		handover->counters.unapplied += committed;
		handover_set_error(handover, HANDOVER_AT_DEVICE, applier_error_name(result->error),
			"%s: %s", handover->config->device->name, result->text);
		handover_failed(handover, false, result->error == APPLIER_ERROR_UNSUITABLE_KEY);
		return;
	}
	handover_clear_error(handover, HANDOVER_AT_DEVICE);
	if (committed) {
		applied(handover, result);
	} else {
		looked(handover, &result->view);
	}
}

/* ---- what it is asked ------------------------------------------------------------------------ */

static void submit(struct handover *handover, const struct applier_job *job)
{
	int rc = applier_submit(handover->applier, job, done, handover);

	if (rc != 0) {
		handover_set_error(handover, HANDOVER_AT_DEVICE, "device-internal",
			"%s: cannot be asked: %s", handover->config->device->name, strerror(-rc));
		handover_failed(handover, false, false);
	}
}

void handover_look(struct handover *handover)
{
	const struct applier_job job = { .op = APPLIER_READ_BACK };

	submit(handover, &job);
}

_Static_assert(KEY_ID_MAX <= APPLIER_DESCRIPTION_MAX, "any key-ID fits");

/*
 * No PREPARE before: COMMIT has the device check before it commits, and to ask twice
 * would only keep the two ends apart for longer.
 */
void handover_apply(struct handover *handover)
{
	const struct key_id *key_id = &handover->machine.held;
	struct applier_job job = { .op = APPLIER_COMMIT, .key_count = 1 };
	struct ckn ckn;

	/* Both have been found good when the key-ID was taken up. */
	ckn_from_key_id(&handover->config->ckn, key_id, &ckn);
	memcpy(job.keys[0].ckn, ckn.octets, ckn.len);
	job.keys[0].ckn_len = ckn.len;
	job.keys[0].cak = handover->key;
	if (handover->config->transport == CONFIG_HANDOVER_LLDP &&
		handover->config->role == EXCHANGE_MASTER) {
		memcpy(job.description, key_id->text, (size_t)key_id->len + 1);
	}
	submit(handover, &job);
	secret_wipe_bytes(&job, sizeof(job));
}
