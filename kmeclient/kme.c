#include "kmeclient/kme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "kmeclient/reply.h"
#include "kmeclient/request.h"
#include "kmeclient/tls.h"
#include "kmeclient/transfer.h"

#define DEFAULT_CONNECT_TIMEOUT_MS 5000
#define DEFAULT_TIMEOUT_MS 15000

enum call_kind { CALL_STATUS, CALL_ENC_KEYS, CALL_DEC_KEYS };

struct kme_call {
	struct kme_transfer transfer; /* first: what libcurl hands back is the call */
	LIST_ENTRY(kme_call) link;
	struct kme *kme;
	enum call_kind kind;
	size_t key_count;
	size_t size_bits;
	char key_ids[KME_KEYS_MAX][KME_KEY_ID_MAX + 1]; /* of dec_keys */
	kme_done_fn done;
	void *ctx;
};

struct kme {
	struct kme_multi *multi;
	struct kme_endpoint endpoint;
	LIST_HEAD(, kme_call) calls; /* under way */
};

/* ---- opening and closing --------------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t default_value)
{
	return value ? value : default_value;
}

static bool copy_endpoint(struct kme_endpoint *endpoint, const struct kme_config *config)
{
	endpoint->kme_id = strdup(config->kme_id);
	endpoint->ca_file = strdup(config->ca_file);
	endpoint->certificate_file = strdup(config->certificate_file);
	endpoint->private_key_file = strdup(config->private_key_file);
	endpoint->method = config->method;
	endpoint->connect_timeout_ms = or_default(
		config->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS);
	endpoint->timeout_ms = or_default(config->timeout_ms, DEFAULT_TIMEOUT_MS);
	return endpoint->kme_id && endpoint->ca_file && endpoint->certificate_file &&
	       endpoint->private_key_file;
}

struct kme *kme_open(struct kme_multi *multi, const struct kme_config *config,
	char error[static KME_ERROR_TEXT_MAX])
{
	char *base_url = config->url ? kme_request_base_url(config->url) : NULL;
	struct kme *kme;

	if (!base_url) {
		snprintf(error, KME_ERROR_TEXT_MAX, "KME URL \"%s\" is not https://host[:port]",
			config->url ? config->url : "");
		return NULL;
	}
	if (!config->kme_id || !kme_sae_id_valid(config->kme_id)) {
		snprintf(error, KME_ERROR_TEXT_MAX, "the KME ID is not 1 to %d printable octets",
			KME_SAE_ID_MAX);
		free(base_url);
		return NULL;
	}
	if (kme_tls_check_files(config, error) < 0) {
		free(base_url);
		return NULL;
	}
	kme = calloc(1, sizeof(*kme));
	if (!kme) {
		snprintf(error, KME_ERROR_TEXT_MAX, "no memory");
		free(base_url);
		return NULL;
	}
	LIST_INIT(&kme->calls);
	kme->multi = multi;
	kme->endpoint.base_url = base_url;
	if (!copy_endpoint(&kme->endpoint, config)) {
		snprintf(error, KME_ERROR_TEXT_MAX, "no memory");
		kme_close(kme);
		return NULL;
	}
	return kme;
}

static void free_call(struct kme_call *call)
{
	LIST_REMOVE(call, link);
	kme_transfer_fini(&call->transfer);
	free(call);
}

void kme_cancel(struct kme_call *call)
{
	kme_multi_remove(call->kme->multi, &call->transfer.entry);
	free_call(call);
}

void kme_close(struct kme *kme)
{
	struct kme_call *call;

	if (!kme) {
		return;
	}
	while ((call = LIST_FIRST(&kme->calls))) {
		kme_cancel(call);
	}
	free(kme->endpoint.base_url);
	free(kme->endpoint.kme_id);
	free(kme->endpoint.ca_file);
	free(kme->endpoint.certificate_file);
	free(kme->endpoint.private_key_file);
	free(kme);
}

/* ---- the end of a call ----------------------------------------------------------------------- */

static enum kme_error read_keys(const struct kme_call *call, struct kme_result *result)
{
	const struct kme_transfer *transfer = &call->transfer;
	const char *key_ids[KME_KEYS_MAX];
	struct kme_expected expected = {
		.count = call->key_count,
		.size_bits = call->size_bits,
		.key_ids = call->kind == CALL_DEC_KEYS ? key_ids : NULL,
	};
	enum kme_error error;

	for (size_t i = 0; i < KME_KEYS_MAX; i++) {
		key_ids[i] = call->key_ids[i];
	}
	error = kme_reply_keys(
		transfer->body, transfer->body_len, &expected, result->keys, result->text);
	if (error == KME_OK) {
		result->key_count = call->key_count;
	} else {
		secret_wipe_bytes(result->keys, sizeof(result->keys));
	}
	return error;
}

static enum kme_error read_reply(const struct kme_call *call, struct kme_result *result)
{
	const struct kme_transfer *transfer = &call->transfer;

	if (result->http_status != 200) {
		return kme_reply_error(result->http_status, transfer->body, transfer->body_len,
			call->kind == CALL_DEC_KEYS, result->text);
	}
	if (call->kind == CALL_STATUS) {
		return kme_reply_status(
			transfer->body, transfer->body_len, &result->status, result->text);
	}
	return read_keys(call, result);
}

static void call_ended(struct kme_multi_entry *entry, CURLcode code)
{
	struct kme_call *call = (struct kme_call *)entry;
	struct kme_result result = { 0 };
	struct kme_outcome outcome;
	kme_done_fn done = call->done;
	void *ctx = call->ctx;

	kme_transfer_outcome(&call->transfer, code, &outcome);
	result.error = outcome.error;
	result.http_status = outcome.http_status;
	result.elapsed_ms = outcome.elapsed_ms;
	memcpy(result.text, outcome.text, sizeof(result.text));
	if (result.error == KME_OK) {
		result.error = read_reply(call, &result);
	}
	free_call(call); /* first: done() may close the KME */
	done(ctx, &result);
	secret_wipe_bytes(&result, sizeof(result));
}

/* ---- the start of a call --------------------------------------------------------------------- */

static struct kme_call *start_call(struct kme *kme, enum call_kind kind,
	struct kme_request *request, kme_done_fn done, void *ctx, enum kme_error *error)
{
	struct kme_call *call = calloc(1, sizeof(*call));

	*error = KME_ERROR_INTERNAL;
	if (!call) {
		kme_request_fini(request);
		return NULL;
	}
	LIST_INSERT_HEAD(&kme->calls, call, link);
	call->kme = kme;
	call->kind = kind;
	call->done = done;
	call->ctx = ctx;
	if (kme_transfer_start(&call->transfer, kme->multi, &kme->endpoint, request, call_ended) <
		0) {
		free_call(call);
		call = NULL;
	} else {
		*error = KME_OK;
	}
	kme_request_fini(request);
	return call;
}

struct kme_call *kme_get_status(struct kme *kme, const char *peer_sae_id, kme_done_fn done,
	void *ctx, enum kme_error *error)
{
	struct kme_request request;

	*error = kme_request_status(kme->endpoint.base_url, peer_sae_id, &request);
	if (*error != KME_OK) {
		return NULL;
	}
	return start_call(kme, CALL_STATUS, &request, done, ctx, error);
}

struct kme_call *kme_enc_keys(struct kme *kme, const struct kme_enc_request *wanted,
	kme_done_fn done, void *ctx, enum kme_error *error)
{
	struct kme_request request;
	struct kme_call *call;

	*error = kme_request_enc_keys(
		kme->endpoint.base_url, kme->endpoint.method, wanted, &request);
	if (*error != KME_OK) {
		return NULL;
	}
	call = start_call(kme, CALL_ENC_KEYS, &request, done, ctx, error);
	if (call) {
		call->key_count = wanted->number;
		call->size_bits = wanted->size_bits;
	}
	return call;
}

struct kme_call *kme_dec_keys(struct kme *kme, const struct kme_dec_request *wanted,
	kme_done_fn done, void *ctx, enum kme_error *error)
{
	struct kme_request request;
	struct kme_call *call;

	*error = kme_request_dec_keys(
		kme->endpoint.base_url, kme->endpoint.method, wanted, &request);
	if (*error != KME_OK) {
		return NULL;
	}
	call = start_call(kme, CALL_DEC_KEYS, &request, done, ctx, error);
	if (call) {
		call->key_count = wanted->count;
		call->size_bits = wanted->size_bits;
		for (size_t i = 0; i < wanted->count; i++) {
			snprintf(call->key_ids[i], sizeof(call->key_ids[i]), "%s",
				wanted->key_ids[i]);
		}
	}
	return call;
}
