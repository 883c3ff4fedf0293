#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "kmeclient/reply.h"
#include "kmeclient/transfer.h"

/*
 * In TLS 1.3 a client is done with the handshake before the server has looked
 * at its certificate, so a refusal arrives as an alert where the reply was
 * expected, and libcurl calls it a failure to receive. It was the handshake
 * that failed, and no key is lost: the alert's number, which libcurl leaves
 * only in OpenSSL's "error:0A00045C:...", tells.
 */
static bool is_tls_alert(const char *curl_text)
{
	const char *found = strstr(curl_text, "error:");
	unsigned long code = found ? strtoul(found + strlen("error:"), NULL, 16) : 0;

	return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET;
}

static enum kme_error name_failure(const struct kme_transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return KME_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return KME_ERROR_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return KME_ERROR_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return KME_ERROR_TLS;
	case CURLE_UNSUPPORTED_PROTOCOL: /* an answer that is not HTTP/1.x */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		return KME_ERROR_REPLY_MALFORMED;
	case CURLE_OUT_OF_MEMORY:
		return KME_ERROR_INTERNAL;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		if (is_tls_alert(transfer->curl_text)) {
			return KME_ERROR_TLS;
		}
		return KME_ERROR_CONNECTION_LOST;
	default:
		return transfer->sends > 0 ? KME_ERROR_CONNECTION_LOST : KME_ERROR_INTERNAL;
	}
}

static void write_text(const struct kme_transfer *transfer, CURLcode code, char *text)
{
	const char *curl_text = transfer->curl_text;

	text[0] = '\0';
	if (transfer->refused != KME_OK) {
		snprintf(text, KME_ERROR_TEXT_MAX, "%s", transfer->refused_text);
	} else if (code != CURLE_OK) {
		snprintf(text, KME_ERROR_TEXT_MAX, "%s",
			curl_text[0] ? curl_text : curl_easy_strerror(code));
	}
	kme_text_sanitise(text);
}

void kme_transfer_outcome(
	const struct kme_transfer *transfer, CURLcode code, struct kme_outcome *outcome)
{
	CURL *easy = transfer->entry.easy;
	curl_off_t total_us = 0;

	memset(outcome, 0, sizeof(*outcome));
	outcome->error = transfer->refused != KME_OK ? transfer->refused
						     : name_failure(transfer, code);
	write_text(transfer, code, outcome->text);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total_us);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &outcome->http_status);
	outcome->elapsed_ms = (uint32_t)(total_us / 1000);
}
