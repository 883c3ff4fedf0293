/* The device: what the exchange asks for, as applier jobs; what the applier says, as events. */
#include "keyidd/association.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "keyidd/engine.h"

static const enum reason device_reasons[APPLIER_ERROR_COUNT] = {
	[APPLIER_OK] = REASON_NONE,
	[APPLIER_ERROR_UNREACHABLE] = REASON_DEVICE_UNREACHABLE,
	[APPLIER_ERROR_HOST_KEY] = REASON_DEVICE_HOST_KEY,
	[APPLIER_ERROR_LOGIN] = REASON_DEVICE_LOGIN,
	[APPLIER_ERROR_PROTOCOL] = REASON_DEVICE_PROTOCOL,
	[APPLIER_ERROR_TIMEOUT] = REASON_DEVICE_TIMEOUT,
	[APPLIER_ERROR_CONNECTION_LOST] = REASON_DEVICE_CONNECTION_LOST,
	[APPLIER_ERROR_LOCKED] = REASON_DEVICE_LOCKED,
	[APPLIER_ERROR_REFUSED] = REASON_DEVICE_REFUSED,
	[APPLIER_ERROR_COMMIT_FAILED] = REASON_DEVICE_COMMIT_FAILED,
	[APPLIER_ERROR_NOT_CONFIGURED] = REASON_DEVICE_NOT_CONFIGURED,
	[APPLIER_ERROR_UNSUITABLE_KEY] = REASON_DEVICE_UNSUITABLE_KEY,
	[APPLIER_ERROR_INTERNAL] = REASON_DEVICE_OTHER,
};

static const enum applier_op applier_ops[] = {
	[EXCHANGE_DEVICE_PREPARE] = APPLIER_PREPARE,
	[EXCHANGE_DEVICE_COMMIT] = APPLIER_COMMIT,
	[EXCHANGE_DEVICE_DISCARD] = APPLIER_DISCARD,
	[EXCHANGE_DEVICE_RETIRE] = APPLIER_RETIRE,
	[EXCHANGE_DEVICE_READ_BACK] = APPLIER_READ_BACK,
};

static enum exchange_device_op exchange_op(enum applier_op op)
{
	switch (op) {
	case APPLIER_PREPARE:
		return EXCHANGE_DEVICE_PREPARE;
	case APPLIER_COMMIT:
		return EXCHANGE_DEVICE_COMMIT;
	case APPLIER_DISCARD:
		return EXCHANGE_DEVICE_DISCARD;
	case APPLIER_RETIRE:
		return EXCHANGE_DEVICE_RETIRE;
	case APPLIER_READ_BACK:
		return EXCHANGE_DEVICE_READ_BACK;
	}
	return EXCHANGE_DEVICE_NONE;
}

static struct applier *open_hook(
	const struct association *association, char error[static APPLIER_ERROR_TEXT_MAX])
{
	const struct config_association *config = association->config;
	const struct applier_hook_config hook = {
		.program = config->device->program,
		.association = config->name,
		.device = config->device->name,
		.sae = config->exchange.sae.text,
		.timeout_ms = config->device->timeout_ms,
	};

	return applier_open_hook(association->engine->appliers, &hook, error);
}

static struct applier *open_wpa(
	const struct association *association, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier_wpa_config wpa = association->config->device->wpa;

	wpa.cipher_suite = association->config->cipher_suite;
	wpa.timeout_ms = association->config->device->timeout_ms;
	return applier_open_wpa(association->engine->appliers, &wpa, error);
}

int association_device_open(struct association *association, char error[static STATE_TEXT_MAX])
{
	const struct config_association *config = association->config;
	struct applier_set *set = association->engine->appliers;
	char text[APPLIER_ERROR_TEXT_MAX] = "no memory";

	switch (config->device->type) {
	case CONFIG_DEVICE_JUNOS:
		association->applier = applier_open_junos(set, &config->junos, text);
		break;
	case CONFIG_DEVICE_HOOK:
		association->applier = open_hook(association, text);
		break;
	case CONFIG_DEVICE_MACSEC:
		association->applier = applier_open_macsec(set, &config->macsec, text);
		break;
	case CONFIG_DEVICE_WPA:
		association->applier = open_wpa(association, text);
		break;
	case CONFIG_DEVICE_DRY_RUN:
		association->applier = applier_open_dry_run(set, config->label);
		break;
	}
	if (!association->applier) {
		snprintf(error, STATE_TEXT_MAX, "device %s: %s", config->device->name, text);
		return -EINVAL;
	}
	return 0;
}

/* ---- the way there -------------------------------------------------------------------------- */

_Static_assert(CKN_TOKEN_LEN == APPLIER_TOKEN_LEN && SCI_LEN == APPLIER_SCI_LEN &&
		       NONCE_LEN == APPLIER_NONCE_LEN && TRANSMIT_MAX == APPLIER_TRANSMIT_MAX &&
		       RECEIVE_MAX == APPLIER_RECEIVE_MAX &&
		       EXCHANGE_LINKS_MAX == APPLIER_LINKS_MAX &&
		       EXCHANGE_NEIGHBOURS_MAX == APPLIER_NEIGHBOURS_MAX,
	"what neighbours say of their SecYs is what the device is told");

/* This host's own MACsec: the association number, and the neighbours whose SAs are known. */
static void add_neighbours(
	const struct exchange *exchange, const struct proposal *proposal, struct applier_job *job)
{
	job->an = proposal->an;
	for (size_t i = 0; i < exchange->config->link_count; i++) {
		size_t count = exchange->config->links[i].neighbour_count;

		for (size_t j = 0; j < count; j++) {
			struct applier_neighbour *to = &job->neighbours[i][job->neighbour_count[i]];
			const struct transmit_sa *sa = exchange_receivable(
				exchange, i, j, job->keys[0].token, &to->is_there);

			if (sa) {
				memcpy(to->sci, exchange->neighbours[i][j].sci, SCI_LEN);
				memcpy(to->nonce, sa->nonce, NONCE_LEN);
				job->neighbour_count[i]++;
			}
		}
		job->all_neighbours[i] = job->neighbour_count[i] == count;
	}
}

/* The keys of a proposal as the device takes them. The CAK is the first octets of the key. */
static bool add_keys(const struct association *association, const struct proposal *proposal,
	bool with_cak, struct applier_job *job)
{
	const struct config_association *config = association->config;

	for (size_t i = 0; i < proposal->key_count; i++) {
		struct applier_key *key = &job->keys[i];
		const struct held_key *held = association_find_key(
			association, proposal->generation, i);
		struct ckn ckn;

		if (ckn_from_key_id(&config->exchange.ckn, &proposal->keys[i], &ckn) != 0 ||
			(with_cak && !held)) {
			return false;
		}
		memcpy(key->ckn, ckn.octets, ckn.len);
		key->ckn_len = ckn.len;
		ckn_token(ckn.octets, ckn.len, key->token);
		key->start = proposal->start ? proposal->start + (int64_t)i * proposal->spacing_s
					     : 0;
		if (with_cak && secret_set(&key->cak, held->key.bytes, config->cak_len) != 0) {
			return false;
		}
	}
	job->key_count = proposal->key_count;
	if (config->exchange.uses_an) {
		add_neighbours(&association->exchange, proposal, job);
	}
	return true;
}

_Static_assert(
	USABLE_MAX <= APPLIER_KEYS_MAX, "whatever a device shows, it can be told to give up");
/* Keys that the device is to give up: their names will do. */
static void add_drops(const struct exchange *exchange, struct applier_job *job)
{
	for (size_t i = 0; i < exchange->drop_count; i++) {
		const struct exchange_key_name *drop = &exchange->drop[i];

		memcpy(job->keys[i].ckn, drop->ckn.octets, drop->ckn.len);
		job->keys[i].ckn_len = drop->ckn.len;
		memcpy(job->keys[i].token, drop->token, CKN_TOKEN_LEN);
	}
	job->key_count = exchange->drop_count;
}

static bool fill_job(
	const struct association *association, enum exchange_device_op op, struct applier_job *job)
{
	const struct exchange_record *record = &association->exchange.record;

	switch (op) {
	case EXCHANGE_DEVICE_PREPARE:
		return add_keys(association,
			job->generation == record->committed.generation ? &record->committed
									: &record->staged,
			true, job);
	case EXCHANGE_DEVICE_COMMIT:
		return add_keys(association, &record->committed, true, job);
	case EXCHANGE_DEVICE_RETIRE:
		return add_keys(association, &record->committed, false, job);
	case EXCHANGE_DEVICE_DISCARD:
		add_drops(&association->exchange, job);
		return true;
	case EXCHANGE_DEVICE_NONE:
	case EXCHANGE_DEVICE_READ_BACK:
		return true;
	}
	return false;
}

/* ---- the way back --------------------------------------------------------------------------- */

static void convert_secy(const struct applier_secy *from, struct exchange_secy *to)
{
	struct secy *shown = &to->shown;

	shown->present = from->present;
	memcpy(shown->sci, from->sci, SCI_LEN);
	shown->suite = from->suite;
	shown->transmit_count = (uint8_t)from->transmit_count;
	for (size_t i = 0; i < from->transmit_count; i++) {
		memcpy(shown->transmit[i].token, from->transmit[i].token, CKN_TOKEN_LEN);
		memcpy(shown->transmit[i].nonce, from->transmit[i].nonce, NONCE_LEN);
		shown->transmit[i].unused = from->transmit[i].unused;
	}
	shown->receive_count = (uint8_t)from->receive_count;
	for (size_t i = 0; i < from->receive_count; i++) {
		memcpy(to->receive_tokens[i], from->receive[i].token, CKN_TOKEN_LEN);
		memcpy(shown->receive[i], from->receive[i].nonce, NONCE_LEN);
	}
}

static void convert_view(const struct applier_view *from, struct exchange_device_view *to)
{
	memset(to, 0, sizeof(*to));
	to->clock_s = from->clock_s;
	to->an_in_use = from->an_in_use;
	to->used_up = from->used_up;
	for (size_t i = 0; i < EXCHANGE_LINKS_MAX; i++) {
		convert_secy(&from->secys[i], &to->secys[i]);
	}
	for (size_t i = 0; i < from->key_count && to->key_count < USABLE_MAX; i++) {
		const struct applier_seen_key *seen = &from->keys[i];
		struct exchange_device_key *key = &to->keys[to->key_count];

		if (!seen->usable && !seen->configured && !seen->future) {
			continue;
		}
		memcpy(key->ckn.octets, seen->ckn, seen->ckn_len);
		key->ckn.len = seen->ckn_len;
		memcpy(key->token, seen->token, CKN_TOKEN_LEN);
		key->transmitting = seen->transmitting;
		key->sending = seen->transmitting || seen->sending;
		key->future = seen->future;
		key->past = !seen->usable && !seen->future;
		key->start = seen->start;
		to->key_count++;
		if (seen->start > to->latest_start) {
			to->latest_start = seen->start;
		}
	}
}

/* Kept when the clock is right again: somebody may ask why a proposal was refused. */
static void look_at_clock(struct association *association, const struct applier_view *view)
{
	const struct exchange_config *config = &association->config->exchange;
	long long ahead_s = view->clock_s - clock_wall_ms() / 1000;

	if (config->uses_start && llabs(ahead_s) > config->clock_tolerance_s) {
		snprintf(association->clock_text, sizeof(association->clock_text),
			"the device's clock is %lld s %s this host's, in UTC", llabs(ahead_s),
			ahead_s > 0 ? "ahead of" : "behind");
	}
}

/* What a failed proposal has said is not replaced by that of taking it out again, nor by a look. */
static bool worth_keeping(const struct applier_result *result)
{
	return result->op == APPLIER_PREPARE || result->op == APPLIER_COMMIT ||
	       (result->op == APPLIER_READ_BACK && result->error != APPLIER_OK);
}

/* Of looks, which never end, only what is new. */
static bool worth_a_line(struct association *association, const struct applier_result *result)
{
	bool news = strcmp(association->seen_text, result->text) != 0;

	if (result->op != APPLIER_READ_BACK) {
		return true;
	}
	snprintf(association->seen_text, sizeof(association->seen_text), "%s", result->text);
	return news;
}

static void log_result(struct association *association, const struct applier_result *result)
{
	if (!worth_a_line(association, result)) {
		return;
	}
	if (result->error != APPLIER_OK) {
		log_write(result->op == APPLIER_READ_BACK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
			"device", "%s: %s: %s: %s", association->config->label,
			association->config->device->name, applier_error_name(result->error),
			result->text);
	} else if (result->text[0]) {
		log_write(LOG_LEVEL_INFO, "device", "%s: %s: %s", association->config->label,
			association->config->device->name, result->text);
	}
}

static void done(void *ctx, const struct applier_result *result)
{
	struct association *association = ctx;
	struct exchange_device_view view;
	struct exchange_event event = {
		.kind = result->error == APPLIER_OK ? EXCHANGE_DEVICE_DONE : EXCHANGE_DEVICE_FAILED,
		.generation = result->generation,
		.reason = result->error < APPLIER_ERROR_COUNT ? device_reasons[result->error]
							      : REASON_DEVICE_OTHER,
	};

	if (worth_keeping(result)) {
		snprintf(association->device_text, sizeof(association->device_text), "%s",
			result->text);
	}
	if (result->op == APPLIER_READ_BACK && result->error == APPLIER_OK) {
		look_at_clock(association, &result->view);
	}
	log_result(association, result);
	convert_view(&result->view, &view);
	event.device.op = exchange_op(result->op);
	event.device.view = &view;
	association_event(association, &event);
}

void association_device_do(
	struct association *association, enum exchange_device_op op, uint64_t generation)
{
	struct applier_job job = { .op = applier_ops[op], .generation = generation };
	struct exchange_event failed = { .kind = EXCHANGE_DEVICE_FAILED,
		.generation = generation,
		.reason = REASON_DEVICE_OTHER };
	int rc = fill_job(association, op, &job)
			 ? applier_submit(association->applier, &job, done, association)
			 : -ENOKEY;

	secret_wipe_bytes(&job, sizeof(job));
	if (rc != 0) {
		log_write(LOG_LEVEL_ERROR, "device",
			"%s: generation %llu cannot be handed to %s: %s",
			association->config->label, (unsigned long long)generation,
			association->config->device->name, strerror(-rc));
		failed.device.op = op;
		association_event(association, &failed);
	}
}
