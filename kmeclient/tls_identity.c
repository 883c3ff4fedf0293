#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "kmeclient/tls.h"

int kme_tls_setup(SSL_CTX *context)
{
	/*
	 * Decrypted records hold keys: OpenSSL is to wipe them as it hands them on.
	 * Renegotiation could change the peer after its identity was confirmed.
	 */
	uint64_t options = SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION;

	return (SSL_CTX_set_options(context, options) & options) == options ? 0 : -EIO;
}

/* Calls back with each name: its kind, and octets that are not terminated. True stops the walk. */
typedef bool (*name_fn)(void *ctx, const char *kind, const unsigned char *name, size_t len);

static const char *kind_name(int type)
{
	switch (type) {
	case GEN_DNS:
		return "DNS";
	case GEN_URI:
		return "URI";
	case GEN_IPADD:
		return "IP";
	default:
		return NULL;
	}
}

static bool walk_alternative_names(X509 *certificate, name_fn visit, void *ctx)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool stopped = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !stopped; i++) {
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(
			sk_GENERAL_NAME_value(names, i), &type);
		const char *kind = kind_name(type);

		if (kind) {
			stopped = visit(ctx, kind, ASN1_STRING_get0_data(value),
				(size_t)ASN1_STRING_length(value));
		}
	}
	GENERAL_NAMES_free(names);
	return stopped;
}

static bool walk_common_names(X509 *certificate, name_fn visit, void *ctx)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	bool stopped = false;
	int at = -1;

	while (!stopped && (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(
			&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

		if (len >= 0) {
			stopped = visit(ctx, "CN", text, (size_t)len);
			OPENSSL_free(text);
		}
	}
	return stopped;
}

static bool walk_names(X509 *certificate, name_fn visit, void *ctx)
{
	return walk_alternative_names(certificate, visit, ctx) ||
	       walk_common_names(certificate, visit, ctx);
}

/* The address in the certificate is 4 or 16 octets (RFC 5280 clause 4.2.1.6). */
static bool is_address(const char *kme_id, const unsigned char *name, size_t len)
{
	unsigned char address[16];

	return (len == 4 && inet_pton(AF_INET, kme_id, address) == 1 &&
		       memcmp(address, name, 4) == 0) ||
	       (len == 16 && inet_pton(AF_INET6, kme_id, address) == 1 &&
		       memcmp(address, name, 16) == 0);
}

/* Lengths are compared as well, so a name with a zero octet inside never matches its beginning. */
static bool is_kme(void *ctx, const char *kind, const unsigned char *name, size_t len)
{
	const char *kme_id = ctx;

	if (strcmp(kind, "IP") == 0) {
		return is_address(kme_id, name, len);
	}
	if (len != strlen(kme_id)) {
		return false;
	}
	if (strcmp(kind, "DNS") == 0) {
		return strncasecmp(kme_id, (const char *)name, len) == 0;
	}
	return memcmp(kme_id, name, len) == 0;
}

bool kme_tls_certificate_is(X509 *certificate, const char *kme_id)
{
	return walk_names(certificate, is_kme, (void *)kme_id);
}

struct name_list {
	FILE *out;
	const char *separator;
};

static bool list_name(void *ctx, const char *kind, const unsigned char *name, size_t len)
{
	struct name_list *list = ctx;
	char address[INET6_ADDRSTRLEN];

	fprintf(list->out, "%s%s:", list->separator, kind);
	if (strcmp(kind, "IP") == 0) {
		bool known = (len == 4 || len == 16) && inet_ntop(len == 4 ? AF_INET : AF_INET6,
								name, address, sizeof(address));

		fputs(known ? address : "?", list->out);
	} else {
		fprintf(list->out, "%.*s", (int)len, (const char *)name);
	}
	list->separator = ", ";
	return false;
}

void kme_tls_certificate_names(X509 *certificate, char *out, size_t size)
{
	struct name_list list = { .out = fmemopen(out, size, "w"), .separator = "" };

	out[0] = '\0';
	if (list.out) {
		walk_names(certificate, list_name, &list);
		fclose(list.out);
	}
	out[size - 1] = '\0';
}
