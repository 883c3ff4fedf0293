/* The key of a key-ID, from the KME. */
#include <stdio.h>
#include <string.h>

#include "keyidd/handover.h"

/*
 * Did it end before a request could have been sent? Of a timeout nobody knows, and a
 * refusal may have cost the key.
 */
static bool is_unsent(enum kme_error error)
{
	return error == KME_ERROR_UNREACHABLE || error == KME_ERROR_TLS ||
	       error == KME_ERROR_IDENTITY;
}

static void failed(struct handover *handover, enum kme_error error, const char *text)
{
	handover->counters.unasked++;
	handover_set_error(handover, HANDOVER_AT_KME, kme_error_name(error), "%s", text);
	handover_failed(handover, is_unsent(error), false);
}

/* The KME's key_ID for a master; a slave's is the one that it has asked for. */
static bool name_key(struct handover *handover, const struct kme_key *key, struct key_id *key_id,
	char text[static HANDOVER_TEXT_MAX])
{
	const struct config_handover *config = handover->config;

	if (key->key.len < config->cak_len) {
		snprintf(text, HANDOVER_TEXT_MAX,
			"the key has %zu octets, the cipher suite needs %zu", key->key.len,
			config->cak_len);
		return false;
	}
	if (config->role == EXCHANGE_SLAVE) {
		*key_id = handover->machine.record.key_id;
		return true;
	}
	return handover_text_key_id(&config->ckn, key->key_id, strlen(key->key_id), key_id, text);
}

static void fetched(void *ctx, const struct kme_result *result)
{
	struct handover *handover = ctx;
	struct handover_event event = { .kind = HANDOVER_FETCHED };
	char text[HANDOVER_TEXT_MAX];

	handover->call = NULL;
	if (result->error != KME_OK) {
		failed(handover, result->error, result->text);
		return;
	}
	if (!name_key(handover, &result->keys[0], &event.key_id, text)) {
		failed(handover, KME_ERROR_KEY_ID, text);
		return;
	}
	secret_set(&handover->key, result->keys[0].key.bytes, handover->config->cak_len);
	handover_clear_error(handover, HANDOVER_AT_KME);
	handover_log(handover, LOG_LEVEL_DEBUG, "the KME delivered the key of %s in %u ms",
		event.key_id.text, result->elapsed_ms);
	handover_event(handover, &event);
}

static struct kme_call *ask(struct handover *handover, enum kme_error *error)
{
	const struct config_handover *config = handover->config;
	const char *const key_ids[] = { handover->machine.record.key_id.text };
	const struct kme_enc_request enc = {
		.slave_sae_id = config->peer.text, .number = 1, .size_bits = config->key_size_bits
	};
	const struct kme_dec_request dec = { .master_sae_id = config->peer.text,
		.count = 1,
		.key_ids = key_ids,
		.size_bits = config->key_size_bits };

	return config->role == EXCHANGE_MASTER
		       ? kme_enc_keys(handover->kme, &enc, fetched, handover, error)
		       : kme_dec_keys(handover->kme, &dec, fetched, handover, error);
}

void handover_fetch(struct handover *handover)
{
	enum kme_error error = KME_OK;

	handover->counters.asked++;
	handover->call = ask(handover, &error);
	if (!handover->call) {
		handover->counters.unasked++;
		handover_set_error(handover, HANDOVER_AT_KME, kme_error_name(error),
			"the KME cannot be asked");
		handover_failed(handover, true, false);
	}
}
