#include "kmeclient/kme.h"

static const char *const names[] = {
	[KME_OK] = "ok",
	[KME_ERROR_UNREACHABLE] = "kme-unreachable",
	[KME_ERROR_TIMEOUT] = "kme-timeout",
	[KME_ERROR_TLS] = "kme-tls",
	[KME_ERROR_IDENTITY] = "kme-identity",
	[KME_ERROR_CONNECTION_LOST] = "kme-connection-lost",
	[KME_ERROR_UNAUTHORIZED] = "kme-unauthorized",
	[KME_ERROR_BAD_REQUEST] = "kme-bad-request",
	[KME_ERROR_KEY_NOT_FOUND] = "kme-key-not-found",
	[KME_ERROR_UNAVAILABLE] = "kme-unavailable",
	[KME_ERROR_HTTP_STATUS] = "kme-http-status",
	[KME_ERROR_REPLY_TOO_LARGE] = "kme-reply-too-large",
	[KME_ERROR_REPLY_MALFORMED] = "kme-reply-malformed",
	[KME_ERROR_KEY_COUNT] = "kme-key-count",
	[KME_ERROR_KEY_LENGTH] = "kme-key-length",
	[KME_ERROR_KEY_ID] = "kme-key-id",
	[KME_ERROR_KEY_DUPLICATE] = "kme-key-duplicate",
	[KME_ERROR_INTERNAL] = "kme-internal",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == KME_ERROR_COUNT, "a kme_error without a name");

const char *kme_error_name(enum kme_error error)
{
	return (unsigned)error < KME_ERROR_COUNT ? names[error] : "kme-unknown";
}
