#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "kmeclient/tls.h"

static int fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, KME_ERROR_TEXT_MAX, format, args);
	va_end(args);
	ERR_clear_error();
	return -EINVAL;
}

static int check_readable(const char *what, const char *path, mode_t forbidden, char *error)
{
	struct stat info;
	int fd;

	if (!path) {
		return fail(error, "no %s file", what);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) < 0) {
		int reason = errno;

		if (fd >= 0) {
			close(fd);
		}
		return fail(error, "%s: cannot read the %s: %s", path, what, strerror(reason));
	}
	close(fd);
	if (!S_ISREG(info.st_mode)) {
		return fail(error, "%s: the %s is no regular file", path, what);
	}
	if (info.st_mode & forbidden) {
		return fail(error, "%s: the %s is open to everybody: chmod o= it", path, what);
	}
	return 0;
}

/* OpenSSL would otherwise ask on the terminal, and the daemon would stand still. */
static int refuse_password(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static int check_dates(const char *path, const X509 *certificate, char *error)
{
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
		return fail(error, "%s: the certificate is not yet valid", path);
	}
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
		return fail(error, "%s: the certificate has expired", path);
	}
	return 0;
}

static int load_files(SSL_CTX *context, const struct kme_config *config, char *error)
{
	SSL_CTX_set_default_passwd_cb(context, refuse_password);
	if (SSL_CTX_load_verify_file(context, config->ca_file) != 1) {
		return fail(error, "%s: no PEM certificate of a CA in it", config->ca_file);
	}
	if (SSL_CTX_use_certificate_chain_file(context, config->certificate_file) != 1) {
		return fail(error, "%s: no usable PEM certificate in it", config->certificate_file);
	}
	if (SSL_CTX_use_PrivateKey_file(context, config->private_key_file, SSL_FILETYPE_PEM) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
			return fail(error, "%s: not the private key of %s",
				config->private_key_file, config->certificate_file);
		}
		return fail(error, "%s: no usable PEM private key in it (an encrypted one is not)",
			config->private_key_file);
	}
	return check_dates(config->certificate_file, SSL_CTX_get0_certificate(context), error);
}

int kme_tls_check_files(const struct kme_config *config, char error[static KME_ERROR_TEXT_MAX])
{
	SSL_CTX *context;
	int result;

	if (check_readable("CA certificate", config->ca_file, 0, error) < 0 ||
		check_readable("certificate", config->certificate_file, 0, error) < 0 ||
		check_readable("private key", config->private_key_file, S_IRWXO, error) < 0) {
		return -EINVAL;
	}
	context = SSL_CTX_new(TLS_client_method());
	if (!context) {
		return fail(error, "no memory for a TLS context");
	}
	result = load_files(context, config, error);
	SSL_CTX_free(context);
	return result;
}
