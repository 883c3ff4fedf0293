#include "kmeclient/tls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/kmeclient/certificate.h"

static EVP_PKEY *key;

static bool is(const char *common_name, const char *alternative_names, const char *kme_id)
{
	X509 *certificate = certificate_new(key, common_name, alternative_names, -1, 1);
	bool result = kme_tls_certificate_is(certificate, kme_id);

	X509_free(certificate);
	return result;
}

static void test_common_name(void **state)
{
	(void)state;
	assert_true(is("KME-1", NULL, "KME-1"));
	assert_true(is("KME-1", "DNS:other", "KME-1"));
	assert_false(is("KME-1", NULL, "KME-2"));
	assert_false(is("KME-1", NULL, "KME-11"));
	assert_false(is("KME-11", NULL, "KME-1"));
	assert_false(is("KME-1", NULL, "kme-1"));
	assert_false(is("KME-*", NULL, "KME-1"));
	assert_false(is(NULL, NULL, "KME-1"));
}

static void test_alternative_names(void **state)
{
	(void)state;
	assert_true(is("x", "DNS:kme-1.example", "kme-1.example"));
	assert_true(is("x", "DNS:kme-1.example", "KME-1.Example"));
	assert_true(is("x", "DNS:a,DNS:kme-1.example,DNS:b", "kme-1.example"));
	assert_false(is("x", "DNS:*.example", "kme-1.example"));
	assert_true(is("x", "URI:urn:kme:1", "urn:kme:1"));
	assert_false(is("x", "URI:urn:kme:1", "URN:KME:1"));
	assert_false(is("x", "email:kme-1", "kme-1"));
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(is("x", "IP:192.0.2.1", "192.0.2.1"));
	assert_false(is("x", "IP:192.0.2.1", "192.0.2.2"));
	assert_true(is("x", "IP:2001:db8::1", "2001:db8::1"));
	assert_true(is("x", "IP:2001:db8::1", "2001:0db8:0:0:0:0:0:1"));
	assert_false(is("x", "IP:2001:db8::1", "2001:db8::2"));
	/* The octets of an address are no text: 75.77.69.49 is "KME1". */
	assert_false(is("x", "IP:75.77.69.49", "KME1"));
}

/* "KME-1\0.evil" must not pass for "KME-1". */
static void test_zero_octet_inside(void **state)
{
	static const unsigned char name[] = "KME-1\0.evil";
	X509 *certificate = X509_new();

	(void)state;
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", V_ASN1_UTF8STRING,
		name, sizeof(name) - 1, -1, 0);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(certificate)), 1);
	assert_false(kme_tls_certificate_is(certificate, "KME-1"));
	X509_free(certificate);
}

static void test_names_for_people(void **state)
{
	X509 *certificate = certificate_new(
		key, "KME-2", "DNS:kme-2.example,IP:192.0.2.1,IP:2001:db8::1,URI:urn:kme:2", -1, 1);
	char names[128];

	(void)state;
	kme_tls_certificate_names(certificate, names, sizeof(names));
	assert_string_equal(names, "DNS:kme-2.example, IP:192.0.2.1, IP:2001:db8::1, "
				   "URI:urn:kme:2, CN:KME-2");
	kme_tls_certificate_names(certificate, names, 8);
	assert_string_equal(names, "DNS:kme");
	X509_free(certificate);
}

/* ---- files -------------------------------------------------------------------------------- */

static struct certificate_folder folder;
static char error[KME_ERROR_TEXT_MAX];

static int check(const char *ca, const char *certificate, const char *private_key)
{
	struct kme_config config = {
		.ca_file = ca, .certificate_file = certificate, .private_key_file = private_key
	};

	error[0] = '\0';
	return kme_tls_check_files(&config, error);
}

static int check_own(void)
{
	return check(folder.certificate_file, folder.certificate_file, folder.key_file);
}

static int make_folder(void **state)
{
	(void)state;
	certificate_folder_new(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	certificate_folder_free(&folder);
	return 0;
}

static void assert_refused(int result, const char *path, const char *reason)
{
	assert_int_equal(result, -EINVAL);
	assert_ptr_equal(strstr(error, path), error);
	if (!strstr(error, reason)) {
		fail_msg("\"%s\" does not say \"%s\"", error, reason);
	}
	assert_null(strchr(error, '\n'));
}

static void test_good_files(void **state)
{
	(void)state;
	assert_int_equal(check_own(), 0);
	assert_string_equal(error, "");
}

static void test_missing_files(void **state)
{
	const char *missing = "/nonexistent/x.pem";

	(void)state;
	assert_refused(check(missing, folder.certificate_file, folder.key_file), missing,
		"cannot read the CA certificate: No such file");
	assert_refused(check(folder.certificate_file, missing, folder.key_file), missing,
		"cannot read the certificate: No such file");
	assert_refused(check(folder.certificate_file, folder.certificate_file, missing), missing,
		"cannot read the private key: No such file");
	assert_refused(check(folder.path, folder.certificate_file, folder.key_file), folder.path,
		"no regular file");
	assert_refused(check(NULL, folder.certificate_file, folder.key_file), "no CA", "file");
	assert_refused(
		check(folder.certificate_file, NULL, folder.key_file), "no certificate", "file");
	assert_refused(check(folder.certificate_file, folder.certificate_file, NULL),
		"no private key", "file");
}

static void test_files_of_another_kind(void **state)
{
	(void)state;
	assert_refused(check(folder.key_file, folder.certificate_file, folder.key_file),
		folder.key_file, "no PEM certificate of a CA");
	assert_refused(check(folder.certificate_file, folder.key_file, folder.key_file),
		folder.key_file, "no usable PEM certificate");
	chmod(folder.certificate_file, 0600);
	assert_refused(
		check(folder.certificate_file, folder.certificate_file, folder.certificate_file),
		folder.certificate_file, "no usable PEM private key");
}

static void test_key_of_another_certificate(void **state)
{
	(void)state;
	certificate_write_key(folder.key_file, key, NULL);
	assert_refused(check_own(), folder.key_file, "not the private key of");
}

/* Nothing may ask for the password on a terminal. */
static void test_encrypted_key(void **state)
{
	(void)state;
	certificate_write_key(folder.key_file, key, "password");
	assert_refused(check_own(), folder.key_file, "an encrypted one is not");
}

static void test_key_open_to_everybody(void **state)
{
	(void)state;
	chmod(folder.key_file, 0604);
	assert_refused(check_own(), folder.key_file, "open to everybody");
	chmod(folder.key_file, 0640);
	assert_int_equal(check_own(), 0);
}

static void replace_certificate(int first_day, int last_day)
{
	X509 *certificate = certificate_new(key, "sae-1", NULL, first_day, last_day);

	certificate_write(folder.certificate_file, certificate);
	certificate_write_key(folder.key_file, key, NULL);
	X509_free(certificate);
}

static void test_out_of_date(void **state)
{
	(void)state;
	replace_certificate(-3, -1);
	assert_refused(check_own(), folder.certificate_file, "has expired");
	replace_certificate(1, 3);
	assert_refused(check_own(), folder.certificate_file, "not yet valid");
	replace_certificate(-1, 1);
	assert_int_equal(check_own(), 0);
}

static int make_key(void **state)
{
	(void)state;
	key = certificate_key();
	return key ? 0 : -1;
}

static int free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_name),
		cmocka_unit_test(test_alternative_names),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_zero_octet_inside),
		cmocka_unit_test(test_names_for_people),
		file_test(test_good_files),
		file_test(test_missing_files),
		file_test(test_files_of_another_kind),
		file_test(test_key_of_another_certificate),
		file_test(test_encrypted_key),
		file_test(test_key_open_to_everybody),
		file_test(test_out_of_date),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_key, free_key);
}
