#include "kmeclient/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

/* Every octet of an ID as %XX, and the terminator. */
#define ENCODED_MAX (3 * KME_KEY_ID_MAX + 1)

void kme_request_fini(struct kme_request *request)
{
	free(request->url);
	free(request->body);
	memset(request, 0, sizeof(*request));
}

/* ---- the KME's address ----------------------------------------------------------------------- */

static bool has_part(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;
	bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return found;
}

static bool part_is(CURLU *parsed, CURLUPart part, const char *expected)
{
	char *text = NULL;
	bool equal = curl_url_get(parsed, part, &text, 0) == CURLUE_OK &&
		     strcmp(text, expected) == 0;

	curl_free(text);
	return equal;
}

static bool is_https_authority(CURLU *parsed)
{
	return part_is(parsed, CURLUPART_SCHEME, "https") && part_is(parsed, CURLUPART_PATH, "/") &&
	       !has_part(parsed, CURLUPART_USER) && !has_part(parsed, CURLUPART_PASSWORD) &&
	       !has_part(parsed, CURLUPART_QUERY) && !has_part(parsed, CURLUPART_FRAGMENT);
}

char *kme_request_base_url(const char *url)
{
	CURLU *parsed = curl_url();
	char *whole = NULL;
	char *base = NULL;

	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		is_https_authority(parsed) &&
		curl_url_get(parsed, CURLUPART_URL, &whole, 0) == CURLUE_OK) {
		base = strndup(whole, strlen(whole) - strlen("/"));
	}
	curl_free(whole);
	curl_url_cleanup(parsed);
	return base;
}

/* ---- identifiers in a URL -------------------------------------------------------------------- */

bool kme_sae_id_valid(const char *sae_id)
{
	size_t len = strnlen(sae_id, KME_SAE_ID_MAX + 1);

	if (len == 0 || len > KME_SAE_ID_MAX || strcmp(sae_id, ".") == 0 ||
		strcmp(sae_id, "..") == 0) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)sae_id[i] < ' ' || sae_id[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

/* RFC 3986 clause 2.3. */
static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c));
}

static const char *percent_encode(const char *id, char out[static ENCODED_MAX])
{
	char *at = out;

	for (; *id; id++) {
		if (is_unreserved(*id)) {
			*at++ = *id;
		} else {
			at += sprintf(at, "%%%02X", (unsigned char)*id);
		}
	}
	*at = '\0';
	return out;
}

/* ---- the three methods ----------------------------------------------------------------------- */

static enum kme_error set_url(struct kme_request *out, const char *base, const char *sae,
	const char *method, const char *query)
{
	char encoded[ENCODED_MAX];

	if (asprintf(&out->url, "%s/api/v1/keys/%s/%s%s", base, percent_encode(sae, encoded),
		    method, query) < 0) {
		out->url = NULL;
		return KME_ERROR_INTERNAL;
	}
	return KME_OK;
}

/* Takes the reference to json, which may be NULL for "no memory". */
static enum kme_error set_body(struct kme_request *out, json_t *json)
{
	out->body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return out->body ? KME_OK : KME_ERROR_INTERNAL;
}

enum kme_error kme_request_status(
	const char *base_url, const char *slave_sae_id, struct kme_request *out)
{
	memset(out, 0, sizeof(*out));
	if (!kme_sae_id_valid(slave_sae_id)) {
		return KME_ERROR_BAD_REQUEST;
	}
	return set_url(out, base_url, slave_sae_id, "status", "");
}

static bool enc_request_valid(const struct kme_enc_request *wanted)
{
	if (!kme_sae_id_valid(wanted->slave_sae_id) || wanted->number == 0 ||
		wanted->number > KME_KEYS_MAX || wanted->size_bits % 8 != 0 ||
		wanted->size_bits > 8 * SECRET_MAX || wanted->additional_count > KME_SAES_MAX) {
		return false;
	}
	for (size_t i = 0; i < wanted->additional_count; i++) {
		if (!kme_sae_id_valid(wanted->additional_slave_sae_ids[i])) {
			return false;
		}
	}
	return true;
}

/* Table 10. */
static json_t *enc_body(const struct kme_enc_request *wanted)
{
	json_t *body = json_pack("{s:I}", "number", (json_int_t)wanted->number);
	json_t *saes = wanted->additional_count > 0 ? json_array() : NULL;
	int failed = 0;

	if (wanted->size_bits > 0) {
		failed |= json_object_set_new(
			body, "size", json_integer((json_int_t)wanted->size_bits));
	}
	for (size_t i = 0; i < wanted->additional_count; i++) {
		failed |= json_array_append_new(
			saes, json_string(wanted->additional_slave_sae_ids[i]));
	}
	if (wanted->additional_count > 0) {
		failed |= json_object_set_new(body, "additional_slave_SAE_IDs", saes);
	}
	if (failed) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static void enc_query(const struct kme_enc_request *wanted, char *out, size_t size)
{
	if (wanted->size_bits > 0) {
		snprintf(out, size, "?number=%zu&size=%zu", wanted->number, wanted->size_bits);
	} else {
		snprintf(out, size, "?number=%zu", wanted->number);
	}
}

enum kme_error kme_request_enc_keys(const char *base_url, enum kme_method method,
	const struct kme_enc_request *wanted, struct kme_request *out)
{
	bool get = method == KME_METHOD_GET && wanted->additional_count == 0;
	char query[64] = "";
	enum kme_error error;

	memset(out, 0, sizeof(*out));
	if (!enc_request_valid(wanted)) {
		return KME_ERROR_BAD_REQUEST;
	}
	if (get) {
		enc_query(wanted, query, sizeof(query));
	}
	error = set_url(out, base_url, wanted->slave_sae_id, "enc_keys", query);
	if (error == KME_OK && !get) {
		error = set_body(out, enc_body(wanted));
	}
	if (error != KME_OK) {
		kme_request_fini(out);
	}
	return error;
}

static bool dec_request_valid(const struct kme_dec_request *wanted)
{
	if (!kme_sae_id_valid(wanted->master_sae_id) || wanted->count == 0 ||
		wanted->count > KME_KEYS_MAX || wanted->size_bits % 8 != 0 ||
		wanted->size_bits > 8 * SECRET_MAX) {
		return false;
	}
	for (size_t i = 0; i < wanted->count; i++) {
		const char *id = wanted->key_ids[i];

		if (!kme_key_id_valid(id, strnlen(id, KME_KEY_ID_MAX + 1))) {
			return false;
		}
		for (size_t j = 0; j < i; j++) {
			if (kme_key_id_equal(id, wanted->key_ids[j])) {
				return false;
			}
		}
	}
	return true;
}

/* Table 12: objects, not bare strings. */
static json_t *dec_body(const struct kme_dec_request *wanted)
{
	json_t *ids = json_array();
	int failed = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		failed |= json_array_append_new(
			ids, json_pack("{s:s}", "key_ID", wanted->key_ids[i]));
	}
	if (failed) {
		json_decref(ids);
		return NULL;
	}
	return json_pack("{s:o}", "key_IDs", ids);
}

enum kme_error kme_request_dec_keys(const char *base_url, enum kme_method method,
	const struct kme_dec_request *wanted, struct kme_request *out)
{
	bool get = method == KME_METHOD_GET && wanted->count == 1;
	char encoded[ENCODED_MAX];
	char query[sizeof("?key_ID=") + ENCODED_MAX] = "";
	enum kme_error error;

	memset(out, 0, sizeof(*out));
	if (!dec_request_valid(wanted)) {
		return KME_ERROR_BAD_REQUEST;
	}
	if (get) {
		snprintf(query, sizeof(query), "?key_ID=%s",
			percent_encode(wanted->key_ids[0], encoded));
	}
	error = set_url(out, base_url, wanted->master_sae_id, "dec_keys", query);
	if (error == KME_OK && !get) {
		error = set_body(out, dec_body(wanted));
	}
	if (error != KME_OK) {
		kme_request_fini(out);
	}
	return error;
}
