#include "tools/kmesim/identity.h"

#include <string.h>

#include <gnutls/x509.h>

/* MHD asks for a certificate, but neither insists on one nor verifies it. */
static bool is_trusted(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned int status = 0;

	return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

static bool common_name(const gnutls_datum_t *der, char id[static SIM_ID_MAX + 1])
{
	size_t len = SIM_ID_MAX + 1;
	gnutls_x509_crt_t certificate;
	bool found;

	if (gnutls_x509_crt_init(&certificate) < 0) {
		return false;
	}
	found = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
		gnutls_x509_crt_get_dn_by_oid(
			certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, id, &len) == 0;
	gnutls_x509_crt_deinit(certificate);
	return found && strlen(id) == len;
}

bool identity_of_client(gnutls_session_t session, char id[static SIM_ID_MAX + 1])
{
	unsigned int count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);

	return chain && count > 0 && is_trusted(session) && common_name(&chain[0], id);
}
