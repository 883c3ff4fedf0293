/*
 * A client of a KME: ETSI GS QKD 014 V1.1.1 over HTTPS with mutual TLS.
 *
 * Everything is asynchronous and runs in the caller's thread. One struct
 * kme_multi serves every KME of the process; its descriptor becomes readable
 * when there is something to do, and kme_multi_dispatch() then does it and
 * calls the callbacks. A call answers exactly once, never from inside the
 * function that started it.
 *
 * A key is delivered once (clauses 6.2 and 6.4: it leaves the KME's store), so
 * one call is one request on the wire: nothing here ever sends it again, and
 * neither may libcurl. Whoever needs another key makes another call.
 */
#ifndef KMECLIENT_KME_H
#define KMECLIENT_KME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

/* Bounds on what is sent and accepted. */
#define KME_KEY_ID_MAX 128     /* octets of a key_ID; a UUID has 36 */
#define KME_SAE_ID_MAX 64      /* octets of an SAE ID or KME ID */
#define KME_KEYS_MAX 16        /* keys in one container */
#define KME_SAES_MAX 32        /* additional_slave_SAE_IDs in one request */
#define KME_REPLY_MAX 65536    /* octets of a reply body */
#define KME_ERROR_TEXT_MAX 256 /* octets of a text for people, terminator included */

/* Why a call failed. kme_error_name() gives the name that logs and users see. */
enum kme_error {
	KME_OK = 0,
	KME_ERROR_UNREACHABLE,     /* no address, refused, no route */
	KME_ERROR_TIMEOUT,         /* no complete answer within the time allowed */
	KME_ERROR_TLS,             /* handshake failed, certificate not trusted or out of date */
	KME_ERROR_IDENTITY,        /* trusted, but not the configured KME ID (clause 5.1) */
	KME_ERROR_CONNECTION_LOST, /* ended before a complete reply: a key may be lost with it */
	KME_ERROR_UNAUTHORIZED,    /* 401 or 403 */
	KME_ERROR_BAD_REQUEST,     /* 400, other than the next one */
	KME_ERROR_KEY_NOT_FOUND,   /* 400 "one or more keys specified are not found on KME"; 404 to
				      dec_keys */
	KME_ERROR_UNAVAILABLE,     /* 503 */
	KME_ERROR_HTTP_STATUS,     /* any other status; no redirect is followed */
	KME_ERROR_REPLY_TOO_LARGE, /* over KME_REPLY_MAX */
	KME_ERROR_REPLY_MALFORMED, /* not JSON, or not the data format of clause 6 */
	KME_ERROR_KEY_COUNT,       /* more or fewer keys than asked for */
	KME_ERROR_KEY_LENGTH,      /* a key's length is not the size asked for */
	KME_ERROR_KEY_ID,          /* an unusable key_ID, or not the ones asked for */
	KME_ERROR_KEY_DUPLICATE,   /* the same key_ID or the same key twice */
	KME_ERROR_INTERNAL,        /* no memory, no descriptor */
	KME_ERROR_COUNT
};

/* A stable lower-case name with dashes, such as "kme-unreachable". */
const char *kme_error_name(enum kme_error error);

enum kme_method { KME_METHOD_POST, KME_METHOD_GET };

/* All strings are borrowed for the call of kme_open() only. */
struct kme_config {
	const char *url;     /* "https://host[:port]": no path, the API's is added */
	const char *kme_id;  /* compared with the certificate: a subjectAltName (DNS, URI or IP) or
				the CN */
	const char *ca_file; /* PEM: the CAs that may sign the KME's certificate */
	const char *certificate_file; /* PEM: this SAE's certificate */
	const char *private_key_file; /* PEM */
	enum kme_method method; /* GET only where clauses 6.2 and 6.4 allow it, POST otherwise */
	uint32_t connect_timeout_ms; /* 0 = 5,000 */
	uint32_t timeout_ms;         /* of a whole call; 0 = 15,000 */
};

struct kme_status {
	char source_kme_id[KME_SAE_ID_MAX + 1];
	char target_kme_id[KME_SAE_ID_MAX + 1];
	char master_sae_id[KME_SAE_ID_MAX + 1];
	char slave_sae_id[KME_SAE_ID_MAX + 1];
	int64_t key_size_bits; /* default size */
	int64_t stored_key_count;
	int64_t max_key_count;
	int64_t max_key_per_request;
	int64_t max_key_size_bits;
	int64_t min_key_size_bits;
	int64_t max_sae_id_count; /* 0: no additional_slave_SAE_IDs */
};

struct kme_key {
	char key_id[KME_KEY_ID_MAX + 1]; /* as the KME wrote it; see kme_key_id_valid() */
	struct secret key;
};

/* The answer to a call; valid during the callback only, keys wiped after it. */
struct kme_result {
	enum kme_error error;
	char text[KME_ERROR_TEXT_MAX]; /* for people: what failed, with the KME's own message; "" if
					  OK */
	long http_status;              /* 0 if there was no reply */
	uint32_t elapsed_ms;
	struct kme_status status; /* of kme_get_status() */
	size_t key_count;         /* of the other two; 0 on any error */
	struct kme_key keys[KME_KEYS_MAX];
};

typedef void (*kme_done_fn)(void *ctx, const struct kme_result *result);

struct kme_multi; /* the shared machinery: connections, timers */
struct kme;       /* one KME as one SAE sees it */
struct kme_call;  /* a call under way */

/*
 * Returns NULL if there is no memory or no descriptor. From the first one on,
 * libcurl and jansson wipe all heap memory that they free, in the whole process.
 * The process should ignore SIGPIPE.
 */
struct kme_multi *kme_multi_new(void);
void kme_multi_free(struct kme_multi *multi); /* after every kme_close(); NULL accepted */

/* A descriptor to poll for reading; it stays the same. */
int kme_multi_fd(const struct kme_multi *multi);

/*
 * Does what is due, without waiting; calls callbacks. These may start, cancel
 * and close whatever they like, but not free the multi.
 */
void kme_multi_dispatch(struct kme_multi *multi);

/*
 * Checks the configuration (files readable, certificate and private key belong
 * together, not out of date; the private key neither encrypted nor open to
 * everybody) and makes a client; no connection yet. The files are read again
 * for each new connection, so that renewed ones are taken up by themselves.
 * Returns NULL and writes one line to error if something is wrong.
 */
struct kme *kme_open(struct kme_multi *multi, const struct kme_config *config,
	char error[static KME_ERROR_TEXT_MAX]);

/* Cancels the calls under way without calling back, and frees. NULL accepted. */
void kme_close(struct kme *kme);

/*
 * The three methods of clause 6. peer_sae_id is the *other* SAE, as the path
 * names it: the slave for status and enc_keys, the master for dec_keys.
 * Each returns the call, which ends with the callback or kme_cancel(), or NULL
 * with *error set (KME_ERROR_INTERNAL, or KME_ERROR_BAD_REQUEST for arguments
 * out of bounds).
 */
struct kme_call *kme_get_status(struct kme *kme, const char *peer_sae_id, kme_done_fn done,
	void *ctx, enum kme_error *error);

struct kme_enc_request {
	const char *slave_sae_id;
	size_t number;    /* keys, 1..KME_KEYS_MAX */
	size_t size_bits; /* of each, a multiple of 8 up to 8 * SECRET_MAX; 0 = do not ask, accept
			     any multiple of 8 up to that, all keys of one length */
	size_t additional_count;
	const char *const *additional_slave_sae_ids;
};

struct kme_call *kme_enc_keys(struct kme *kme, const struct kme_enc_request *request,
	kme_done_fn done, void *ctx, enum kme_error *error);

struct kme_dec_request {
	const char *master_sae_id;
	size_t count; /* 1..KME_KEYS_MAX */
	const char *const *key_ids;
	size_t size_bits; /* expected; 0 = any, as above */
};

/* The keys come back in the order of key_ids, whatever the KME's order was. */
struct kme_call *kme_dec_keys(struct kme *kme, const struct kme_dec_request *request,
	kme_done_fn done, void *ctx, enum kme_error *error);

/* Ends a call; its callback is not called. The key it asked for may be lost. */
void kme_cancel(struct kme_call *call);

/*
 * 1..KME_KEY_ID_MAX printable ASCII characters without space, quote, backslash
 * or slash. Not only UUIDs: not every KME keeps to RFC 4122.
 */
bool kme_key_id_valid(const char *key_id, size_t len);

/* The same key_ID? Letter case counts only if they are not UUIDs in form. */
bool kme_key_id_equal(const char *a, const char *b);

#endif
