/*
 * From a key of the QKD system to the keys of MACsec's secure associations.
 *
 * Each station encrypts with a SAK of its own, made from what all of them know:
 * the generation's key, and the sender's SCI and nonce, which it advertises.
 *
 *     SAK  = HKDF-SHA-256 (RFC 5869), salt empty, IKM = the generation's key,
 *            info = "keyidd sak 1"  || SCI (8) || generation (8) || nonce (8),
 *            length 16 or 32, as the cipher suite's AES
 *     Salt = the same with "keyidd salt 1", length 12; extended packet numbers only
 *
 * The nonce is 64 random bits, drawn for each transmit SA that is installed. So no
 * packet number is ever used twice under one SAK, whatever crashes and starts again,
 * and no two stations encrypt with one SAK.
 *
 * With extended packet numbers the cipher's IV is (SSCI || packet number) XOR Salt
 * (IEEE 802.1AE-2018 clause 14.7; first in 802.1AEbw-2013). Salt is the SAK's: from
 * the same inputs, secret with it, and gone with it. The SSCI tells the SCIs apart
 * that transmit under the *same* SAK. MKA numbers them from 1, the greatest SCI first,
 * and so all must agree who they are. Here each SAK has one sender, whose SSCI by
 * that very rule is 1, whoever comes and goes. (Four octets of each SCI would not
 * do: they may be equal.)
 *
 * The key identifier is stored with the SA by the kernel, which makes nothing of it:
 *
 *     key identifier = SHA-256(CKN), first 8 octets || nonce (8)
 *
 * So what the kernel shows is enough to know whose key an SA has, and to make it again.
 */
#ifndef NETCONF_MACSEC_SAK_H
#define NETCONF_MACSEC_SAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define MACSEC_TOKEN_LEN 8
#define MACSEC_NONCE_LEN 8
#define MACSEC_SSCI UINT32_C(1)

/* Secure channel identifier: the station's MAC address (6), port (2); clause 9.9. */
struct macsec_sci {
	uint8_t octets[8];
};

struct macsec_key_id {
	uint8_t token[MACSEC_TOKEN_LEN]; /* of the CKN: docs/protocol.md section 3.3 */
	uint8_t nonce[MACSEC_NONCE_LEN];
};

/* IEEE 802.1AE-2018 table 14-1. */
enum macsec_suite {
	MACSEC_SUITE_GCM_AES_128,
	MACSEC_SUITE_GCM_AES_256,
	MACSEC_SUITE_GCM_AES_XPN_128,
	MACSEC_SUITE_GCM_AES_XPN_256,
	MACSEC_SUITE_COUNT
};

/* "gcm-aes-128", "gcm-aes-256", "gcm-aes-xpn-128", "gcm-aes-xpn-256". */
const char *macsec_suite_name(enum macsec_suite suite);

/* Returns 0 or -EINVAL. */
int macsec_suite_parse(const char *name, enum macsec_suite *suite);

/* Of a SAK: 16 or 32 octets. */
size_t macsec_suite_key_len(enum macsec_suite suite);

/* Packet numbers of 64 bits, and with them Salt and SSCI. */
bool macsec_suite_is_extended(enum macsec_suite suite);

/* Owned by whoever declares it; wiped by macsec_sak_wipe(). */
struct macsec_sak {
	struct secret key;
	struct secret salt; /* empty without extended packet numbers */
};

/*
 * The SAK with which the station of that SCI encrypts. Returns 0, -EINVAL if the
 * generation's key is shorter than the SAK, or -ENOMEM if OpenSSL cannot do it.
 */
int macsec_sak_derive(const struct secret *key, enum macsec_suite suite,
	const struct macsec_sci *sci, uint64_t generation,
	const uint8_t nonce[static MACSEC_NONCE_LEN], struct macsec_sak *sak);

/* NULL is accepted. */
void macsec_sak_wipe(struct macsec_sak *sak);

/* Returns 0, or -EIO if there are no random numbers to be had. */
int macsec_nonce_draw(uint8_t nonce[static MACSEC_NONCE_LEN]);

/* Returns 0, or -ENOMEM if OpenSSL cannot do it. */
int macsec_key_id_make(const uint8_t *ckn, size_t ckn_len,
	const uint8_t nonce[static MACSEC_NONCE_LEN], struct macsec_key_id *key_id);

bool macsec_sci_equal(const struct macsec_sci *a, const struct macsec_sci *b);
bool macsec_key_id_equal(const struct macsec_key_id *a, const struct macsec_key_id *b);

#endif
