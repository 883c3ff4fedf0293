/*
 * What a call puts on the wire: the URL, and the body of a POST. Pure.
 *
 * ETSI GS QKD 014 V1.1.1 clauses 6.1, 6.2 and 6.4 (Tables 2, 4 and 6): the path
 * names the *other* SAE, the caller is known by its certificate alone.
 */
#ifndef KMECLIENT_REQUEST_H
#define KMECLIENT_REQUEST_H

#include "kmeclient/kme.h"

struct kme_request {
	char *url;  /* percent-encoded */
	char *body; /* JSON for POST; NULL: the method is GET */
};

/* Frees both; NULL members accepted. */
void kme_request_fini(struct kme_request *request);

/*
 * Checks "https://host[:port]" with or without a final slash: no user, path,
 * query or fragment. Returns it without the slash, to be freed with free(), or
 * NULL if it is anything else.
 */
char *kme_request_base_url(const char *url);

/* 1..KME_SAE_ID_MAX octets, no control character, and no name of a folder ("." or ".."). */
bool kme_sae_id_valid(const char *sae_id);

/*
 * Each fills out, for kme_request_fini(), and returns KME_OK; or leaves it
 * empty and returns KME_ERROR_BAD_REQUEST for arguments out of the bounds that
 * kme.h states, KME_ERROR_INTERNAL for no memory.
 *
 * method is what the caller prefers. GET is possible for enc_keys without
 * additional SAEs (clause 6.2) and for dec_keys of one key (clause 6.4); all
 * else becomes a POST. What is not asked for is left out, never sent as null or
 * as an empty array: deployed KMEs refuse both.
 */
enum kme_error kme_request_status(
	const char *base_url, const char *slave_sae_id, struct kme_request *out);
enum kme_error kme_request_enc_keys(const char *base_url, enum kme_method method,
	const struct kme_enc_request *wanted, struct kme_request *out);
enum kme_error kme_request_dec_keys(const char *base_url, enum kme_method method,
	const struct kme_dec_request *wanted, struct kme_request *out);

#endif
