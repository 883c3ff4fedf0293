/*
 * Certificates: this SAE's own, checked before use, and the KME's identity.
 */
#ifndef KMECLIENT_TLS_H
#define KMECLIENT_TLS_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "kmeclient/kme.h"

/*
 * Checks that the three files of config can be read, that certificate and
 * private key belong together, that the certificate is in date, and that the
 * private key is neither encrypted nor open to everybody.
 * Returns 0, or -EINVAL with one line in error.
 */
int kme_tls_check_files(const struct kme_config *config, char error[static KME_ERROR_TEXT_MAX]);

/* Sets what every connection needs and libcurl has no option for. Returns 0 or -EIO. */
int kme_tls_setup(SSL_CTX *context);

/*
 * True if the certificate is that of kme_id: a subjectAltName of type DNS
 * (letter case aside), URI or IP address, or the CN, is equal to it as a whole.
 * Clause 5.1 wants the KME ID confirmed "from the certificate", and leaves the
 * field open. No wildcards.
 */
bool kme_tls_certificate_is(X509 *certificate, const char *kme_id);

/* Writes the names that kme_tls_certificate_is() looked at, such as "DNS:KME-2, CN:KME-2". */
void kme_tls_certificate_names(X509 *certificate, char *out, size_t size);

#endif
