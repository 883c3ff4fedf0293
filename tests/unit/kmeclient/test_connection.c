#include "kmeclient/kme.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "tests/unit/kmeclient/server.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define STATUS_BODY "{\"key_size\":512}"
#define KEY_LEN 64

static struct certificate_folder folder; /* CN "sae-1", which serves as the KME ID as well */
static struct kme_multi *multi;
static struct server server;
static char text[KME_ERROR_TEXT_MAX];
static int connections;
static int requests;

static struct {
	int count;
	enum kme_error error;
	size_t key_len;
} answer;

static void note_answer(void *ctx, const struct kme_result *result)
{
	(void)ctx;
	answer.count++;
	answer.error = result->error;
	answer.key_len = result->key_count > 0 ? result->keys[0].key.len : 0;
}

static struct kme *open_kme(const char *kme_id)
{
	struct kme_config config = { .url = server.url,
		.kme_id = kme_id,
		.ca_file = folder.certificate_file,
		.certificate_file = folder.certificate_file,
		.private_key_file = folder.key_file,
		.method = KME_METHOD_GET,
		.timeout_ms = 5000 };
	struct kme *kme = kme_open(multi, &config, text);

	assert_non_null(kme);
	return kme;
}

static void run_until_answer(void)
{
	int before = answer.count;

	while (answer.count == before) {
		struct pollfd due = { .fd = kme_multi_fd(multi), .events = POLLIN };

		assert_int_equal(poll(&due, 1, 10000), 1);
		kme_multi_dispatch(multi);
	}
}

static enum kme_error ask_status(struct kme *kme)
{
	enum kme_error error;

	assert_non_null(kme_get_status(kme, "sae-2", note_answer, NULL, &error));
	run_until_answer();
	return answer.error;
}

static int set_up(void **state)
{
	(void)state;
	certificate_folder_new(&folder);
	multi = kme_multi_new();
	return multi ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	kme_multi_free(multi);
	certificate_folder_free(&folder);
	return 0;
}

static void test_connection_is_reused(void **state)
{
	struct kme *kme;

	(void)state;
	assert_true(server_start(&server, &folder, STATUS_BODY, 0));
	kme = open_kme("sae-1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask_status(kme), KME_OK);
	}
	kme_close(kme);
	server_stop(&server, &connections, &requests);
	assert_int_equal(connections, 1);
	assert_int_equal(requests, 3);
}

/* The request that met the drop was sent once, and the next one is served. */
static void test_request_is_not_repeated(void **state)
{
	struct kme *kme;

	(void)state;
	assert_true(server_start(&server, &folder, STATUS_BODY, 2));
	kme = open_kme("sae-1");
	assert_int_equal(ask_status(kme), KME_OK);
	assert_int_equal(ask_status(kme), KME_ERROR_CONNECTION_LOST);
	assert_int_equal(ask_status(kme), KME_OK);
	kme_close(kme);
	server_stop(&server, &connections, &requests);
	assert_int_equal(requests, 3);
}

static void test_nothing_is_sent_to_another_kme(void **state)
{
	struct kme *kme;

	(void)state;
	assert_true(server_start(&server, &folder, STATUS_BODY, 0));
	kme = open_kme("sae-9");
	assert_int_equal(ask_status(kme), KME_ERROR_IDENTITY);
	kme_close(kme);
	server_stop(&server, &connections, &requests);
	assert_int_equal(connections, 1);
	assert_int_equal(requests, 0);
}

/* libcurl shares connections among all that use the multi, whoever confirmed the peer. */
static void test_reused_connection_is_checked_too(void **state)
{
	struct kme *right, *wrong;

	(void)state;
	assert_true(server_start(&server, &folder, STATUS_BODY, 0));
	right = open_kme("sae-1");
	wrong = open_kme("sae-9");
	assert_int_equal(ask_status(right), KME_OK);
	assert_int_equal(ask_status(wrong), KME_ERROR_IDENTITY);
	kme_close(right);
	kme_close(wrong);
	server_stop(&server, &connections, &requests);
	assert_int_equal(connections, 1);
	assert_int_equal(requests, 1);
}

/* ---- what is left in memory --------------------------------------------------------------- */

#ifndef SANITIZED /* whose shadow memory is too large to search */
/* Patterns are kept with every octet inverted, so that no copy of them is found. */
struct pattern {
	uint8_t inverted[4 * ((KEY_LEN + 2) / 3) + 1];
	size_t len;
};

static void __attribute__((noinline))
invert(struct pattern *pattern, const void *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		pattern->inverted[i] = (uint8_t) ~((const uint8_t *)octets)[i];
	}
	pattern->len = len;
}

static uint8_t key_octet(size_t at)
{
	return (uint8_t)(at * 37 + 11);
}

static void __attribute__((noinline)) make_patterns(struct pattern *raw, struct pattern *base64)
{
	uint8_t key[KEY_LEN];
	unsigned char encoded[sizeof(raw->inverted)];

	for (size_t i = 0; i < KEY_LEN; i++) {
		key[i] = key_octet(i);
	}
	EVP_EncodeBlock(encoded, key, KEY_LEN);
	/* From the middle: free(3) itself overwrites the beginning of a block. */
	invert(raw, key + 24, 16);
	invert(base64, encoded + 32, 24);
	secret_wipe_bytes(key, sizeof(key));
	secret_wipe_bytes(encoded, sizeof(encoded));
}

static int count_in(
	const volatile uint8_t *begin, const volatile uint8_t *end, const struct pattern *pattern)
{
	int found = 0;

	for (const volatile uint8_t *at = begin; at + pattern->len <= end; at++) {
		size_t i = 0;

		while (i < pattern->len && 0xFF - at[i] == pattern->inverted[i]) {
			i++;
		}
		found += i == pattern->len;
	}
	return found;
}

/* In the memory of this process that can be written: heap, stack, data. */
static int count_copies(const struct pattern *pattern)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long begin, end;
		char access[8];

		if (sscanf(line, "%lx-%lx %7s", &begin, &end, access) == 3 &&
			strncmp(access, "rw", 2) == 0 && !strstr(line, "[v")) {
			found += count_in((const volatile uint8_t *)begin,
				(const volatile uint8_t *)end, pattern);
		}
	}
	fclose(maps);
	return found;
}

static char key_body[256];

/* In place, since printf leaves copies on the heap. */
static void make_key_body(void)
{
	static const char before[] = "{\"keys\":[{\"key_ID\":\"k\",\"key\":\"";
	uint8_t key[KEY_LEN];

	for (size_t i = 0; i < KEY_LEN; i++) {
		key[i] = key_octet(i);
	}
	strcpy(key_body, before);
	EVP_EncodeBlock((unsigned char *)key_body + strlen(before), key, KEY_LEN);
	strcat(key_body, "\"}]}");
	secret_wipe_bytes(key, sizeof(key));
}

static enum kme_error ask_key(struct kme *kme)
{
	struct kme_enc_request wanted = { .slave_sae_id = "sae-2", .number = 1 };
	enum kme_error error;

	assert_non_null(kme_enc_keys(kme, &wanted, note_answer, NULL, &error));
	run_until_answer();
	return answer.error;
}

/* The server runs in a process of its own: this one wipes the reply that it hands over. */
static void test_no_key_stays_in_memory(void **state)
{
	struct pattern raw, base64;
	struct kme *kme;

	(void)state;
	make_key_body();
	make_patterns(&raw, &base64);
	assert_int_equal(count_copies(&base64), 1); /* the search finds what is there */
	assert_true(server_start(&server, &folder, key_body, 0));
	secret_wipe_bytes(key_body, sizeof(key_body));
	assert_int_equal(count_copies(&base64), 0);

	kme = open_kme("sae-1");
	assert_int_equal(ask_key(kme), KME_OK);
	assert_int_equal(answer.key_len, KEY_LEN);
	assert_int_equal(count_copies(&base64), 0); /* with the connection up */
	assert_int_equal(count_copies(&raw), 0);
	kme_close(kme);
	server_stop(&server, &connections, &requests);
	assert_int_equal(requests, 1);
}

#endif

#define connection_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		connection_test(test_connection_is_reused),
		connection_test(test_request_is_not_repeated),
		connection_test(test_nothing_is_sent_to_another_kme),
		connection_test(test_reused_connection_is_checked_too),
#ifndef SANITIZED
		connection_test(test_no_key_stays_in_memory),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
