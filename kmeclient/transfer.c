#include "kmeclient/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kmeclient/reply.h"
#include "kmeclient/tls.h"

/* Idle connections older than this are not trusted to be alive still. */
#define IDLE_MAX_S 118L

/* A connection is made anew at least this often, and the KME's certificate checked again. */
#define LIFETIME_MAX_S 3600L

#define KEEPALIVE_IDLE_S 20L
#define KEEPALIVE_INTERVAL_S 10L

static void refuse(struct kme_transfer *transfer, enum kme_error error, const char *text)
{
	transfer->refused = error;
	snprintf(transfer->refused_text, sizeof(transfer->refused_text), "%s", text);
}

/* ---- before the request leaves --------------------------------------------------------------- */

static X509 *peer_certificate(CURL *easy)
{
	struct curl_tlssessioninfo *session = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
		session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) {
		return NULL;
	}
	return SSL_get0_peer_certificate(session->internals);
}

/*
 * Clause 5.1: an SAE that cannot confirm the KME ID shall not proceed. This
 * replaces the check of the host name (CURLOPT_SSL_VERIFYHOST is off, the chain
 * is always verified): KMEs are reached by addresses and port forwards that no
 * certificate knows, while the KME ID says which KME of the network it is. The
 * check is here, not in OpenSSL's verify callback, because this is called on
 * reused connections too, which another struct kme may have opened.
 */
static bool confirm_identity(struct kme_transfer *transfer)
{
	X509 *certificate = peer_certificate(transfer->entry.easy);
	char names[128];
	char text[KME_ERROR_TEXT_MAX];

	if (certificate && kme_tls_certificate_is(certificate, transfer->endpoint->kme_id)) {
		return true;
	}
	if (certificate) {
		kme_tls_certificate_names(certificate, names, sizeof(names));
		snprintf(text, sizeof(text), "the certificate is not that of KME ID %s but of %s",
			transfer->endpoint->kme_id, names);
	} else {
		snprintf(text, sizeof(text), "no certificate to confirm KME ID %s by",
			transfer->endpoint->kme_id);
	}
	refuse(transfer, KME_ERROR_IDENTITY, text);
	return false;
}

/*
 * CURLOPT_PREREQFUNCTION: called with the connection up and the request about
 * to be sent. libcurl sends a request again by itself, POST or not, if a reused
 * connection ends before the first octet of a reply; the KME may have delivered
 * by then, and a second request would take a second key.
 */
static int before_send(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
	struct kme_transfer *transfer = ctx;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	if (transfer->sends++ > 0) {
		refuse(transfer, KME_ERROR_CONNECTION_LOST,
			"the connection ended before the reply; the request is not sent again");
		return CURL_PREREQFUNC_ABORT;
	}
	return confirm_identity(transfer) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* ---- what comes back ------------------------------------------------------------------------- */

static size_t receive_head(char *data, size_t size, size_t count, void *ctx)
{
	struct kme_transfer *transfer = ctx;
	size_t len = size * count;

	(void)data;
	transfer->head_len += len;
	if (transfer->head_len > KME_REPLY_MAX) {
		refuse(transfer, KME_ERROR_REPLY_TOO_LARGE, "too many header lines");
		return 0;
	}
	return len;
}

static size_t receive_body(char *data, size_t size, size_t count, void *ctx)
{
	struct kme_transfer *transfer = ctx;
	size_t len = size * count;

	if (len > sizeof(transfer->body) - transfer->body_len) {
		char text[KME_ERROR_TEXT_MAX];

		snprintf(text, sizeof(text), "a reply of more than %d octets", KME_REPLY_MAX);
		refuse(transfer, KME_ERROR_REPLY_TOO_LARGE, text);
		return 0;
	}
	memcpy(transfer->body + transfer->body_len, data, len);
	transfer->body_len += len;
	return len;
}

/* ---- options --------------------------------------------------------------------------------- */

static CURLcode set_up_context(CURL *easy, void *context, void *ctx)
{
	(void)easy;
	(void)ctx;
	return kme_tls_setup(context) == 0 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* libcurl's own sockets outlive an exec(), and so would leak into hook programs. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_tls(CURL *easy, const struct kme_endpoint *endpoint)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L); /* see confirm_identity() */
	failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, endpoint->ca_file);
	failed |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* not the system's CAs */
	failed |= curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* the file may change */
	failed |= curl_easy_setopt(easy, CURLOPT_SSLCERT, endpoint->certificate_file);
	failed |= curl_easy_setopt(easy, CURLOPT_SSLKEY, endpoint->private_key_file);
	failed |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* never ask on the terminal */
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_up_context);
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* verify every time */
	return failed == CURLE_OK;
}

static bool set_connection(CURL *easy, const struct kme_endpoint *endpoint)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not the environment's either */
	failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never join a slow resolver */
	failed |= curl_easy_setopt(
		easy, CURLOPT_CONNECTTIMEOUT_MS, (long)endpoint->connect_timeout_ms);
	failed |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)endpoint->timeout_ms);
	failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	failed |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	failed |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
	failed |= curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, LIFETIME_MAX_S);
	return failed == CURLE_OK;
}

static bool set_callbacks(CURL *easy, struct kme_transfer *transfer)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text);
	failed |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_send);
	failed |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_head);
	failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
	failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	return failed == CURLE_OK;
}

static bool add_header(struct kme_transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (longer) {
		transfer->headers = longer;
	}
	return longer != NULL;
}

static bool set_request(
	CURL *easy, struct kme_transfer *transfer, const struct kme_request *request)
{
	CURLcode failed = CURLE_OK;

	if (!add_header(transfer, "Accept: application/json")) {
		return false;
	}
	if (request->body) {
		if (!add_header(transfer, "Content-Type: application/json")) {
			return false;
		}
		failed |= curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
	}
	failed |= curl_easy_setopt(easy, CURLOPT_URL, request->url);
	failed |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	failed |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "keyidd");
	return failed == CURLE_OK;
}

int kme_transfer_start(struct kme_transfer *transfer, struct kme_multi *multi,
	const struct kme_endpoint *endpoint, const struct kme_request *request,
	void (*ended)(struct kme_multi_entry *entry, CURLcode code))
{
	CURL *easy = curl_easy_init();

	transfer->endpoint = endpoint;
	transfer->entry.easy = easy;
	transfer->entry.ended = ended;
	if (!easy || !set_tls(easy, endpoint) || !set_connection(easy, endpoint) ||
		!set_callbacks(easy, transfer) || !set_request(easy, transfer, request)) {
		return -ENOMEM;
	}
	return kme_multi_add(multi, &transfer->entry);
}

void kme_transfer_fini(struct kme_transfer *transfer)
{
	curl_easy_cleanup(transfer->entry.easy);
	curl_slist_free_all(transfer->headers);
	secret_wipe_bytes(transfer, sizeof(*transfer));
}
