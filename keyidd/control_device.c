/* The device as it was read back last, for status. */
#include "keyidd/control_private.h"

#include <stdio.h>
#include <string.h>

static const char *device_op_name(enum exchange_device_op op)
{
	switch (op) {
	case EXCHANGE_DEVICE_NONE:
		return NULL;
	case EXCHANGE_DEVICE_PREPARE:
		return "prepare";
	case EXCHANGE_DEVICE_COMMIT:
		return "commit";
	case EXCHANGE_DEVICE_DISCARD:
		return "discard";
	case EXCHANGE_DEVICE_RETIRE:
		return "retire";
	case EXCHANGE_DEVICE_READ_BACK:
		return "read-back";
	}
	return NULL;
}

/* What a device that knows keys by their tokens means, if it is a key on record. */
static bool find_ckn(const struct exchange *x, const struct proposal *proposal,
	const uint8_t token[static CKN_TOKEN_LEN], struct ckn *ckn)
{
	uint8_t other[CKN_TOKEN_LEN];

	for (size_t i = 0; i < proposal->key_count; i++) {
		if (ckn_from_key_id(&x->config->ckn, &proposal->keys[i], ckn) == 0) {
			ckn_token(ckn->octets, ckn->len, other);
			if (memcmp(other, token, CKN_TOKEN_LEN) == 0) {
				return true;
			}
		}
	}
	return false;
}

static json_t *ckn_of(const struct exchange *x, const struct exchange_device_key *key)
{
	struct ckn ckn;

	if (key->ckn.len > 0) {
		return control_hex(key->ckn.octets, key->ckn.len);
	}
	return find_ckn(x, &x->record.committed, key->token, &ckn) ||
			       find_ckn(x, &x->record.staged, key->token, &ckn)
		       ? control_hex(ckn.octets, ckn.len)
		       : json_null();
}

static json_t *token_of(const struct exchange_device_key *key)
{
	uint8_t token[CKN_TOKEN_LEN];

	if (key->ckn.len == 0) {
		return control_hex(key->token, CKN_TOKEN_LEN);
	}
	ckn_token(key->ckn.octets, key->ckn.len, token);
	return control_hex(token, CKN_TOKEN_LEN);
}

static json_t *keys_of(const struct exchange *x)
{
	json_t *keys = json_array();

	for (size_t i = 0; x->device_known && i < x->view.key_count; i++) {
		const struct exchange_device_key *key = &x->view.keys[i];

		json_array_append_new(
			keys, json_pack("{s:o, s:o, s:b, s:b, s:b, s:o}", "ckn", ckn_of(x, key),
				      "token", token_of(key), "transmitting", key->transmitting,
				      "future", key->future, "past", key->past, "start",
				      control_time_s(key->start)));
	}
	return keys;
}

/* ---- this host's own SecYs ------------------------------------------------------------------- */

static json_t *receive_of(const struct exchange_secy *secy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < secy->shown.receive_count; i++) {
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "token",
				      control_hex(secy->receive_tokens[i], CKN_TOKEN_LEN), "nonce",
				      control_hex(secy->shown.receive[i], NONCE_LEN)));
	}
	return list;
}

static json_t *secy_of(const struct config_link *link, const struct exchange_secy *secy)
{
	const struct secy *shown = &secy->shown;

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "link", control_text(link->name),
		"interface", control_text(link->macsec_device), "sci",
		control_hex(shown->sci, SCI_LEN), "cipher_suite", secy_suite_name(shown->suite),
		"transmit", control_transmit(shown->transmit, shown->transmit_count), "receive",
		receive_of(secy));
}

static json_t *secys_of(const struct association *association)
{
	const struct exchange *x = &association->exchange;
	json_t *list = json_array();

	for (size_t i = 0; x->device_known && i < x->config->link_count; i++) {
		if (x->view.secys[i].shown.present) {
			json_array_append_new(
				list, secy_of(&association->config->links[i], &x->view.secys[i]));
		}
	}
	return list;
}

json_t *control_device(const struct association *association)
{
	const struct config_device *config = association->config->device;
	const struct exchange *x = &association->exchange;

	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "name",
		control_text(config->name), "type", control_device_type(config->type), "known",
		x->device_known, "keys", keys_of(x), "secys", secys_of(association), "doing",
		control_text(device_op_name(x->device_pending)), "reason",
		control_reason(x->device_reason), "text",
		control_text_or_null(association->device_text));
}
