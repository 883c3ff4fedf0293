#include "tools/kmesim/api.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

/* Defined in clause 6.2 and 6.4, Tables 5 and 7. */
#define MESSAGE_SIZE "size shall be a multiple of 8"
#define MESSAGE_MANDATORY_UNKNOWN "not all extension_mandatory parameters are supported"
#define MESSAGE_MANDATORY_UNMET "not all extension_mandatory request options could be met"
#define MESSAGE_OPTIONAL_UNHANDLED "not all extension_optional request options handled"
#define MESSAGE_NOT_FOUND "one or more keys specified are not found on KME"

/* Ours, for what the standard has no words. */
#define MESSAGE_MALFORMED "bad request format"

/* The one extension that these KMEs know: {"kmesim_meet": true} is met, false is not. */
#define EXTENSION_NAME "kmesim_meet"

char *api_error_body(const char *message)
{
	json_t *error = json_pack("{s:s}", "message", message);
	char *body = json_dumps(error, JSON_COMPACT);

	json_decref(error);
	return body;
}

static void refuse(struct api_reply *reply, unsigned int status, const char *message)
{
	reply->status = status;
	reply->body = message ? api_error_body(message) : NULL;
}

static void accept_with(struct api_reply *reply, json_t *json)
{
	reply->status = 200;
	reply->body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
}

/* ---- status, clause 6.1 ---------------------------------------------------------------------- */

static void answer_status(
	struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	const struct sim_config *config = &sim->config;
	const struct sim_sae *caller = &config->saes[request->caller];
	int peer = sim_config_find_sae(config, request->peer);

	if (peer < 0) {
		refuse(reply, 400, "unknown slave_SAE_ID");
		return;
	}
	accept_with(
		reply, json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:i, s:i, s:i, s:i, s:i}",
			       "source_KME_ID", config->kmes[caller->kme].id, "target_KME_ID",
			       config->kmes[config->saes[peer].kme].id, "master_SAE_ID", caller->id,
			       "slave_SAE_ID", config->saes[peer].id, "key_size", config->key_size,
			       "stored_key_count", (json_int_t)sim->store.left, "max_key_count",
			       config->stored_key_count, "max_key_per_request",
			       config->max_key_per_request, "max_key_size", config->max_key_size,
			       "min_key_size", config->min_key_size, "max_SAE_ID_count",
			       config->max_sae_id_count));
}

/* ---- key container, Table 11 ----------------------------------------------------------------- */

/* Hexadecimal digits mean the same in either case. */
static json_t *key_id(const char *id, bool upper_case)
{
	char text[STORE_KEY_ID_MAX + 1];
	size_t len = 0;

	for (; id[len]; len++) {
		text[len] = upper_case ? (char)toupper((unsigned char)id[len]) : id[len];
	}
	return json_stringn(text, len);
}

static json_t *container(
	const struct store *store, const struct api_request *request, const struct api_reply *reply)
{
	json_t *list = json_array();

	for (size_t i = 0; i < reply->key_count; i++) {
		const struct store_key *key = &store->keys[reply->keys[i]];
		size_t cut = request->octets_short;
		size_t len = key->key.len > cut ? key->key.len - cut : 0;
		unsigned char text[4 * ((SECRET_MAX + 2) / 3) + 1];

		EVP_EncodeBlock(text, key->key.bytes, (int)len);
		json_array_append_new(
			list, json_pack("{s:o, s:s}", "key_ID",
				      key_id(key->id, request->upper_case), "key", (char *)text));
	}
	return json_pack("{s:o}", "keys", list);
}

static void deliver(struct sim *sim, const struct api_request *request, struct api_reply *reply,
	enum store_error error, size_t count)
{
	switch (error) {
	case STORE_OK:
		reply->key_count = count;
		accept_with(reply, container(&sim->store, request, reply));
		break;
	case STORE_EMPTY:
		refuse(reply, 503, "no keys available");
		break;
	case STORE_NOT_FOUND:
		refuse(reply, 400, MESSAGE_NOT_FOUND);
		break;
	case STORE_NOT_NAMED:
		refuse(reply, 401, NULL);
		break;
	case STORE_NO_MEMORY:
		refuse(reply, 503, "no memory");
		break;
	}
}

/* ---- enc_keys, clause 6.2 -------------------------------------------------------------------- */

struct key_request {
	json_int_t number;
	json_int_t size;
	uint64_t slaves;
};

/* Each check returns what is wrong, or NULL. */
static const char *check_bounds(const struct sim_config *config, const struct key_request *wanted)
{
	if (wanted->number < 1 || wanted->number > config->max_key_per_request) {
		return "number is out of bounds";
	}
	if (wanted->size % 8 != 0) {
		return MESSAGE_SIZE;
	}
	if (wanted->size < config->min_key_size || wanted->size > config->max_key_size) {
		return "size is out of bounds";
	}
	return NULL;
}

static const char *read_additional(
	const struct sim_config *config, json_t *list, size_t caller, struct key_request *wanted)
{
	json_t *item;
	size_t at;

	if (!list) {
		return NULL;
	}
	/* Empty arrays are refused by KMEs in the field, so a client had better not send one. */
	if (!json_is_array(list) || json_array_size(list) == 0) {
		return MESSAGE_MALFORMED;
	}
	if (json_array_size(list) > (size_t)config->max_sae_id_count) {
		return "too many additional_slave_SAE_IDs";
	}
	json_array_foreach(list, at, item)
	{
		int sae = json_is_string(item)
				  ? sim_config_find_sae(config, json_string_value(item))
				  : -1;

		if (sae < 0 || (size_t)sae == caller) {
			return "unknown SAE in additional_slave_SAE_IDs";
		}
		wanted->slaves |= UINT64_C(1) << sae;
	}
	return NULL;
}

static const char *check_extensions(json_t *list, const char *unknown, const char *unmet)
{
	json_t *item, *value;
	const char *name;
	size_t at;

	if (list && !json_is_array(list)) {
		return MESSAGE_MALFORMED;
	}
	json_array_foreach(list, at, item)
	{
		if (!json_is_object(item)) {
			return MESSAGE_MALFORMED;
		}
		json_object_foreach(item, name, value)
		{
			if (strcmp(name, EXTENSION_NAME) != 0) {
				if (unknown) {
					return unknown;
				}
			} else if (!json_is_true(value)) {
				return unmet;
			}
		}
	}
	return NULL;
}

static const char *read_key_request_body(
	const struct sim *sim, json_t *root, size_t caller, struct key_request *wanted)
{
	json_t *additional = NULL, *mandatory = NULL, *optional = NULL;
	const char *wrong;

	if (json_unpack(root, "{s?:I, s?:I, s?:o, s?:o, s?:o}", "number", &wanted->number, "size",
		    &wanted->size, "additional_slave_SAE_IDs", &additional, "extension_mandatory",
		    &mandatory, "extension_optional", &optional) < 0) {
		return MESSAGE_MALFORMED;
	}
	wrong = read_additional(&sim->config, additional, caller, wanted);
	if (!wrong) {
		wrong = check_extensions(
			mandatory, MESSAGE_MANDATORY_UNKNOWN, MESSAGE_MANDATORY_UNMET);
	}
	/* Unknown optional ones may be ignored (Table 10). */
	return wrong ? wrong : check_extensions(optional, NULL, MESSAGE_OPTIONAL_UNHANDLED);
}

static bool read_query_number(const char *text, json_int_t *out)
{
	char *end;

	if (!text) {
		return true;
	}
	*out = strtol(text, &end, 10);
	return end != text && *end == '\0';
}

static const char *read_key_request(
	const struct sim *sim, const struct api_request *request, struct key_request *wanted)
{
	const char *wrong;
	json_t *root;

	if (!request->post) {
		return read_query_number(request->number, &wanted->number) &&
				       read_query_number(request->size, &wanted->size)
			       ? NULL
			       : MESSAGE_MALFORMED;
	}
	root = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, NULL);
	wrong = root ? read_key_request_body(sim, root, request->caller, wanted)
		     : MESSAGE_MALFORMED;
	json_decref(root);
	return wrong;
}

static void answer_enc_keys(
	struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	int peer = sim_config_find_sae(&sim->config, request->peer);
	struct key_request wanted = { .number = 1, .size = sim->config.key_size };
	const char *wrong;

	if (peer < 0 || (size_t)peer == request->caller) {
		refuse(reply, 400, "unknown slave_SAE_ID");
		return;
	}
	wanted.slaves = UINT64_C(1) << peer;
	wrong = read_key_request(sim, request, &wanted);
	if (!wrong) {
		wrong = check_bounds(&sim->config, &wanted);
	}
	if (wrong) {
		refuse(reply, 400, wrong);
		return;
	}
	deliver(sim, request, reply,
		store_take_new(&sim->store, request->caller, wanted.slaves, (size_t)wanted.number,
			(size_t)wanted.size / 8, reply->keys),
		(size_t)wanted.number);
}

/* ---- dec_keys, clause 6.4 -------------------------------------------------------------------- */

/* Returns the number of key_IDs (Table 12), which live as long as root; 0 if it is malformed. */
static size_t read_key_ids(json_t *root, const char *ids[static API_KEYS_MAX])
{
	json_t *list = json_object_get(root, "key_IDs");
	json_t *item;
	size_t at;

	if (json_array_size(list) > API_KEYS_MAX) {
		return 0;
	}
	json_array_foreach(list, at, item)
	{
		ids[at] = json_string_value(json_object_get(item, "key_ID"));
		if (!ids[at]) {
			return 0;
		}
	}
	return json_array_size(list);
}

static void take_named(struct sim *sim, const struct api_request *request, const char *const *ids,
	size_t count, struct api_reply *reply)
{
	int peer = sim_config_find_sae(&sim->config, request->peer);

	if (count == 0 || count > (size_t)sim->config.max_key_per_request) {
		refuse(reply, 400, MESSAGE_MALFORMED);
		return;
	}
	if (peer < 0) {
		refuse(reply, 400, "unknown master_SAE_ID");
		return;
	}
	if (request->expire) {
		store_expire(&sim->store, ids, count);
	}
	deliver(sim, request, reply,
		store_take_named(
			&sim->store, request->caller, (size_t)peer, ids, count, reply->keys),
		count);
}

static void answer_dec_keys(
	struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	const char *ids[API_KEYS_MAX];
	json_t *root;

	if (!request->post) {
		take_named(sim, request, &request->key_id, request->key_id ? 1 : 0, reply);
		return;
	}
	root = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, NULL);
	take_named(sim, request, ids, read_key_ids(root, ids), reply);
	json_decref(root);
}

void api_answer(struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	switch (request->method) {
	case SIM_ENC_KEYS:
		answer_enc_keys(sim, request, reply);
		break;
	case SIM_DEC_KEYS:
		answer_dec_keys(sim, request, reply);
		break;
	case SIM_STATUS:
		if (request->post) {
			refuse(reply, 400, "status is asked for with GET");
			break;
		}
		answer_status(sim, request, reply);
		break;
	case SIM_METHOD_COUNT:
		refuse(reply, 400, MESSAGE_MALFORMED);
		break;
	}
}
