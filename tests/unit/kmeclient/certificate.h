/* Throw-away certificates for the tests of kmeclient, and files that hold them. */
#ifndef TESTS_UNIT_KMECLIENT_CERTIFICATE_H
#define TESTS_UNIT_KMECLIENT_CERTIFICATE_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static inline EVP_PKEY *certificate_key(void)
{
	return EVP_EC_gen("P-256");
}

/*
 * Self-signed; alternative_names as in openssl's configuration, "DNS:a,IP:::1",
 * or NULL. Valid from first_day to last_day, counted from today.
 */
static inline X509 *certificate_new(EVP_PKEY *key, const char *common_name,
	const char *alternative_names, int first_day, int last_day)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_time_adj_ex(X509_getm_notBefore(certificate), first_day, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(certificate), last_day, 0, NULL);
	if (common_name) {
		X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
			(const unsigned char *)common_name, -1, -1, 0);
	}
	X509_set_issuer_name(certificate, subject);
	X509_set_pubkey(certificate, key);
	if (alternative_names) {
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(
			NULL, NULL, NID_subject_alt_name, alternative_names);

		X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

/* A folder with "cert.pem", "key.pem" (mode 0600) and whatever a test adds. */
struct certificate_folder {
	char path[64];
	char certificate_file[PATH_MAX];
	char key_file[PATH_MAX];
};

static inline void certificate_write(const char *path, X509 *certificate)
{
	FILE *file = fopen(path, "w");

	PEM_write_X509(file, certificate);
	fclose(file);
}

static inline void certificate_write_key(const char *path, EVP_PKEY *key, const char *password)
{
	FILE *file = fopen(path, "w");

	PEM_write_PrivateKey(
		file, key, password ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL, (void *)password);
	fclose(file);
	chmod(path, 0600);
}

static inline void certificate_folder_new(struct certificate_folder *folder)
{
	EVP_PKEY *key = certificate_key();
	X509 *certificate = certificate_new(key, "sae-1", NULL, -1, 1);

	snprintf(folder->path, sizeof(folder->path), "/tmp/keyidd-test-XXXXXX");
	if (!mkdtemp(folder->path)) {
		abort();
	}
	snprintf(folder->certificate_file, PATH_MAX, "%s/cert.pem", folder->path);
	snprintf(folder->key_file, PATH_MAX, "%s/key.pem", folder->path);
	certificate_write(folder->certificate_file, certificate);
	certificate_write_key(folder->key_file, key, NULL);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static inline void certificate_folder_free(struct certificate_folder *folder)
{
	unlink(folder->certificate_file);
	unlink(folder->key_file);
	rmdir(folder->path);
}

#endif
