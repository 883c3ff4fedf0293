/*
 * What a KME answers, read and checked. Pure: octets in, verdict out.
 *
 * ETSI GS QKD 014 V1.1.1 clause 6 (Tables 9, 11 and 13). Tolerant where
 * deployed KMEs differ without harm: "Keys" for "keys" (Table 11 prints the
 * one, its example the other), null for an optional member, members that the
 * standard does not know. Strict where a wrong answer would key a link wrongly:
 * a member that comes twice, the number of keys, their length and identifiers.
 *
 * body need not be terminated. Every function that fails writes one line for
 * people to text, without control characters and without any octet of a key.
 */
#ifndef KMECLIENT_REPLY_H
#define KMECLIENT_REPLY_H

#include "kmeclient/kme.h"

/* What was asked for. */
struct kme_expected {
	size_t count;               /* 1..KME_KEYS_MAX */
	size_t size_bits;           /* 0 = any multiple of 8 up to 8 * SECRET_MAX, all alike */
	const char *const *key_ids; /* count identifiers for dec_keys; NULL for enc_keys */
};

/*
 * Reads a key container (Table 11) into keys: for dec_keys in the order of
 * expected->key_ids, for enc_keys in the KME's. The caller wipes keys, whatever
 * the outcome. Returns KME_OK, KME_ERROR_REPLY_MALFORMED, KME_ERROR_KEY_COUNT,
 * KME_ERROR_KEY_LENGTH, KME_ERROR_KEY_ID, KME_ERROR_KEY_DUPLICATE.
 */
enum kme_error kme_reply_keys(const char *body, size_t len, const struct kme_expected *expected,
	struct kme_key keys[static KME_KEYS_MAX], char text[static KME_ERROR_TEXT_MAX]);

/*
 * Reads a status (Table 9). Members that are missing or null become "" and 0,
 * but one at least must be there. Returns KME_OK or KME_ERROR_REPLY_MALFORMED.
 */
enum kme_error kme_reply_status(const char *body, size_t len, struct kme_status *status,
	char text[static KME_ERROR_TEXT_MAX]);

/*
 * Names an HTTP status other than 200, and writes "HTTP 503: " and the KME's
 * own words if the body has any: the message of Table 13, or what stands in for
 * it in a {"detail": ...}. An empty body, as with 401, and one that is not JSON
 * add nothing. key_ids_asked: the call was dec_keys, so that 404 means a key.
 */
enum kme_error kme_reply_error(long http_status, const char *body, size_t len, bool key_ids_asked,
	char text[static KME_ERROR_TEXT_MAX]);

/* Replaces whatever is no printable ASCII by '?', in place. */
void kme_text_sanitise(char *text);

#endif
