/* Keys: from the KME into memory, and out of it again. What is on the disk is state.h's. */
#include "keyidd/association.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "keyidd/engine.h"

/* The names that a KME's failure has on the wire: fewer than kmeclient knows. */
static const enum reason kme_reasons[KME_ERROR_COUNT] = {
	[KME_OK] = REASON_NONE,
	[KME_ERROR_UNREACHABLE] = REASON_KME_UNREACHABLE,
	[KME_ERROR_TIMEOUT] = REASON_KME_TIMEOUT,
	[KME_ERROR_TLS] = REASON_KME_TLS,
	[KME_ERROR_IDENTITY] = REASON_KME_IDENTITY,
	[KME_ERROR_CONNECTION_LOST] = REASON_KME_CONNECTION_LOST,
	[KME_ERROR_UNAUTHORIZED] = REASON_KME_UNAUTHORIZED,
	[KME_ERROR_BAD_REQUEST] = REASON_KME_BAD_REQUEST,
	[KME_ERROR_KEY_NOT_FOUND] = REASON_KME_KEY_NOT_FOUND,
	[KME_ERROR_UNAVAILABLE] = REASON_KME_UNAVAILABLE,
	[KME_ERROR_HTTP_STATUS] = REASON_KME_HTTP_STATUS,
	[KME_ERROR_REPLY_TOO_LARGE] = REASON_KME_BAD_REPLY,
	[KME_ERROR_REPLY_MALFORMED] = REASON_KME_BAD_REPLY,
	[KME_ERROR_KEY_COUNT] = REASON_KME_KEY_UNUSABLE,
	[KME_ERROR_KEY_LENGTH] = REASON_KME_KEY_UNUSABLE,
	[KME_ERROR_KEY_ID] = REASON_KME_KEY_UNUSABLE,
	[KME_ERROR_KEY_DUPLICATE] = REASON_KME_KEY_UNUSABLE,
	[KME_ERROR_INTERNAL] = REASON_KME_OTHER,
};

const struct held_key *association_find_key(
	const struct association *association, uint64_t generation, size_t index)
{
	for (size_t i = 0; i < association->keys.count; i++) {
		const struct held_key *key = &association->keys.keys[i];

		if (key->generation == generation && key->index == index) {
			return key;
		}
	}
	return NULL;
}

void association_drop_keys(struct association *association)
{
	struct held_keys *keys = &association->keys;
	size_t kept = 0;

	for (size_t i = 0; i < keys->count; i++) {
		if (exchange_holds_key(&association->exchange.record, keys->keys[i].generation)) {
			if (kept != i) {
				keys->keys[kept] = keys->keys[i];
			}
			kept++;
		}
	}
	for (size_t i = kept; i < keys->count; i++) {
		secret_wipe(&keys->keys[i].key);
	}
	keys->count = kept;
}

/* One key of the KME's answer, into memory. Returns false, and says why, if it is of no use. */
static bool hold_one(struct association *association, uint64_t generation, size_t index,
	const struct kme_key *from)
{
	struct held_keys *keys = &association->keys;
	size_t needed = association->config->cak_len;
	struct held_key *to = &keys->keys[keys->count];
	char *text = association->kme_text;

	if (keys->count == STATE_HELD_MAX) {
		snprintf(text, KME_ERROR_TEXT_MAX, "more keys than two generations have");
		return false;
	}
	if (from->key.len < needed) {
		snprintf(text, KME_ERROR_TEXT_MAX,
			"the key has %zu octets, the cipher suite needs %zu", from->key.len,
			needed);
		return false;
	}
	/* A KME may write a UUID in its own way; what it is called is what was asked for. */
	if (association->config->exchange.role == EXCHANGE_SLAVE) {
		to->key_id = association->exchange.record.staged.keys[index];
	} else if (!key_id_set(&to->key_id, from->key_id, strlen(from->key_id))) {
		snprintf(text, KME_ERROR_TEXT_MAX, "a key_ID that messages cannot carry");
		return false;
	}
	to->generation = generation;
	to->index = (uint8_t)index;
	to->key = from->key;
	keys->count++;
	return true;
}

/* The KME's answer, into memory. Returns why it cannot be used, or REASON_NONE. */
static unsigned hold(
	struct association *association, uint64_t generation, const struct kme_result *result)
{
	for (size_t i = 0; i < result->key_count; i++) {
		if (!hold_one(association, generation, i, &result->keys[i])) {
			return REASON_KME_KEY_UNUSABLE;
		}
	}
	return REASON_NONE;
}

static void fetched(void *ctx, const struct kme_result *result)
{
	struct association *association = ctx;
	struct exchange_event event = { .generation = association->call_generation };
	struct key_id ids[KME_KEYS_MAX];

	association->call = NULL;
	event.reason = result->error < KME_ERROR_COUNT ? kme_reasons[result->error]
						       : REASON_KME_OTHER;
	snprintf(association->kme_text, sizeof(association->kme_text), "%s", result->text);
	if (event.reason == REASON_NONE) {
		event.reason = hold(association, association->call_generation, result);
	}
	if (event.reason == REASON_NONE) {
		log_write(LOG_LEVEL_DEBUG, "kme", "%s: %zu keys in %u ms",
			association->config->label, result->key_count, result->elapsed_ms);
	} else {
		log_write(LOG_LEVEL_WARNING, "kme", "%s: generation %llu: %s: %s",
			association->config->label, (unsigned long long)event.generation,
			reason_name(event.reason), association->kme_text);
	}
	for (size_t i = 0; i < result->key_count; i++) {
		key_id_set(&ids[i], result->keys[i].key_id, strlen(result->keys[i].key_id));
	}
	event.kind = event.reason == REASON_NONE ? EXCHANGE_KEYS : EXCHANGE_KEYS_FAILED;
	event.keys.count = result->key_count;
	event.keys.ids = ids;
	association_event(association, &event);
}

static struct kme_call *ask_enc_keys(struct association *association, enum kme_error *error)
{
	const struct exchange_config *config = &association->config->exchange;
	const char *additional[SAES_MAX];
	struct kme_enc_request request = {
		.slave_sae_id = config->members[0].text,
		.number = config->batch,
		.size_bits = association->config->key_size_bits,
		.additional_count = config->member_count - 1,
		.additional_slave_sae_ids = additional,
	};

	for (size_t i = 1; i < config->member_count; i++) {
		additional[i - 1] = config->members[i].text;
	}
	return kme_enc_keys(association->kme, &request, fetched, association, error);
}

static struct kme_call *ask_dec_keys(struct association *association, enum kme_error *error)
{
	const struct proposal *staged = &association->exchange.record.staged;
	const char *ids[BATCH_MAX];
	struct kme_dec_request request = {
		.master_sae_id = association->config->exchange.master.text,
		.count = staged->key_count,
		.key_ids = ids,
		.size_bits = association->config->key_size_bits,
	};

	for (size_t i = 0; i < staged->key_count; i++) {
		ids[i] = staged->keys[i].text;
	}
	return kme_dec_keys(association->kme, &request, fetched, association, error);
}

void association_fetch(struct association *association, enum exchange_fetch fetch)
{
	struct exchange_event failed = { .kind = EXCHANGE_KEYS_FAILED };
	enum kme_error error = KME_OK;

	/* A call for a generation given up since: its key is of no use any more. */
	if (association->call) {
		kme_cancel(association->call);
	}
	association->call_generation = association->exchange.record.staged.generation;
	association->call = fetch == EXCHANGE_FETCH_ENC_KEYS ? ask_enc_keys(association, &error)
							     : ask_dec_keys(association, &error);
	if (!association->call) {
		failed.generation = association->call_generation;
		failed.reason = kme_reasons[error];
		association_event(association, &failed);
	}
}
