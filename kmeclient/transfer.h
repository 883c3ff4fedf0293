/*
 * One HTTPS exchange with a KME: sent once, at most, to the KME it is meant for.
 */
#ifndef KMECLIENT_TRANSFER_H
#define KMECLIENT_TRANSFER_H

#include "kmeclient/multi.h"
#include "kmeclient/request.h"

/* Where and as whom; all strings outlive the transfers. */
struct kme_endpoint {
	char *base_url; /* as kme_request_base_url() gives it */
	char *kme_id;
	char *ca_file;
	char *certificate_file;
	char *private_key_file;
	enum kme_method method;
	uint32_t connect_timeout_ms;
	uint32_t timeout_ms;
};

struct kme_transfer {
	struct kme_multi_entry entry;
	const struct kme_endpoint *endpoint;
	struct curl_slist *headers;
	unsigned int sends;     /* how often libcurl was about to send the request */
	enum kme_error refused; /* why one of our callbacks stopped it; KME_OK if none did */
	char refused_text[KME_ERROR_TEXT_MAX];
	char curl_text[CURL_ERROR_SIZE];
	size_t head_len;
	size_t body_len;
	char body[KME_REPLY_MAX]; /* may hold keys */
};

/* What came of it. */
struct kme_outcome {
	enum kme_error error; /* KME_OK: a complete reply came, of whatever HTTP status */
	char text[KME_ERROR_TEXT_MAX];
	long http_status;
	uint32_t elapsed_ms;
};

/*
 * Makes and starts a transfer in zeroed memory. endpoint is borrowed until
 * kme_transfer_fini(), request for this call only. Returns 0 or -ENOMEM; after
 * either, kme_transfer_fini() is due.
 */
int kme_transfer_start(struct kme_transfer *transfer, struct kme_multi *multi,
	const struct kme_endpoint *endpoint, const struct kme_request *request,
	void (*ended)(struct kme_multi_entry *entry, CURLcode code));

/* Of a transfer that ended with code. */
void kme_transfer_outcome(
	const struct kme_transfer *transfer, CURLcode code, struct kme_outcome *outcome);

/* Frees what it holds and wipes the reply; the transfer is out of its multi. */
void kme_transfer_fini(struct kme_transfer *transfer);

#endif
