/*
 * From a key_ID to a CKN, the name under which MACsec devices know a key
 * (IEEE 802.1X-2020 clause 9.3.1: 1..32 octets). Pure.
 */
#ifndef L2PROTO_CKN_H
#define L2PROTO_CKN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/message.h"

enum ckn_rule_kind {
	CKN_PREFIX, /* prefix, then the 16 octets of the UUID: 32 hex digits each make a 32-octet
		       CKN */
	CKN_SHA256, /* SHA-256 of the key_ID's octets */
};

struct ckn_rule {
	enum ckn_rule_kind kind;
	size_t prefix_len; /* 0..CKN_MAX - 16 */
	uint8_t prefix[CKN_MAX];
};

struct ckn {
	size_t len;
	uint8_t octets[CKN_MAX];
};

/* Returns 0, or -EINVAL if the rule is CKN_PREFIX and the key_ID is no UUID, -EMSGSIZE if too long.
 */
int ckn_from_key_id(const struct ckn_rule *rule, const struct key_id *key_id, struct ckn *out);

bool ckn_equal(const struct ckn *a, const struct ckn *b);

/* The form in which a status names a key: SHA-256(CKN), first 8 octets. */
void ckn_token(const uint8_t *ckn, size_t len, uint8_t out[static CKN_TOKEN_LEN]);

#endif
