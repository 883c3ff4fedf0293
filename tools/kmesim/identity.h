/* Who is at the other end of a TLS session. */
#ifndef KMESIM_IDENTITY_H
#define KMESIM_IDENTITY_H

#include <gnutls/gnutls.h>

#include "tools/kmesim/config.h"

/*
 * Writes the CN of the client's certificate, which is the SAE ID here (the
 * standard leaves the field open), provided that it is a client certificate
 * in date and signed by the CA. Returns false if there is no such one.
 */
bool identity_of_client(gnutls_session_t session, char id[static SIM_ID_MAX + 1]);

#endif
