#include "kmeclient/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BASE "https://kme-1:8443"
#define ID_1 "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"
#define ID_2 "a310923e-9de9-4ab1-bafe-806bcc2e62f9"

static void assert_request(struct kme_request *request, const char *url, const char *body)
{
	assert_string_equal(request->url, url);
	if (body) {
		assert_non_null(request->body);
		assert_string_equal(request->body, body);
	} else {
		assert_null(request->body);
	}
	kme_request_fini(request);
	assert_null(request->url);
}

static void assert_empty(const struct kme_request *request)
{
	assert_null(request->url);
	assert_null(request->body);
}

static void test_base_url(void **state)
{
	static const struct {
		const char *url;
		const char *base; /* NULL: refused */
	} cases[] = {
		{ "https://kme-1", "https://kme-1" },
		{ "https://kme-1/", "https://kme-1" },
		{ "https://kme-1:8443", "https://kme-1:8443" },
		{ "https://192.0.2.1:444/", "https://192.0.2.1:444" },
		{ "https://[2001:db8::1]:444", "https://[2001:db8::1]:444" },
		{ "", NULL },
		{ "kme-1", NULL },
		{ "kme-1:8443", NULL },
		{ "http://kme-1", NULL },
		{ "ftp://kme-1", NULL },
		{ "file:///etc/passwd", NULL },
		{ "https://", NULL },
		{ "https://kme-1/api/v1/keys", NULL },
		{ "https://kme-1//", NULL },
		{ "https://user@kme-1", NULL },
		{ "https://user:word@kme-1", NULL },
		{ "https://:word@kme-1", NULL },
		{ "https://kme-1?x=y", NULL },
		{ "https://kme-1/#x", NULL },
		{ "https://kme-1:99999", NULL },
		{ "https://kme 1", NULL },
		{ "https://kme-1\nx", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *base = kme_request_base_url(cases[i].url);

		if (cases[i].base) {
			assert_non_null(base);
			assert_string_equal(base, cases[i].base);
		} else if (base) {
			fail_msg("%s was taken for %s", cases[i].url, base);
		}
		free(base);
	}
}

/* An empty query or fragment may be dropped or refused, but never kept. */
static void test_base_url_empty_parts(void **state)
{
	static const char *const urls[] = { "https://kme-1?", "https://kme-1/?", "https://kme-1#",
		"https://kme-1/#", "https://@kme-1" };

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		char *base = kme_request_base_url(urls[i]);

		if (base) {
			assert_string_equal(base, "https://kme-1");
		}
		free(base);
	}
}

static void test_status(void **state)
{
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_status(BASE, "mx304-12", &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-12/status", NULL);
}

static void test_sae_id_is_encoded(void **state)
{
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_status(BASE, "a/b ?&#%\xc3\xa9~_.-Z9", &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/a%2Fb%20%3F%26%23%25%C3%A9~_.-Z9/status", NULL);
}

static void test_sae_id_bounds(void **state)
{
	static const char *const refused[] = { "", ".", "..", "a\nb", "a\x7f" };
	char id[KME_SAE_ID_MAX + 2];
	struct kme_request request;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(
			kme_request_status(BASE, refused[i], &request), KME_ERROR_BAD_REQUEST);
		assert_empty(&request);
	}
	memset(id, '/', sizeof(id));
	id[KME_SAE_ID_MAX + 1] = '\0';
	assert_int_equal(kme_request_status(BASE, id, &request), KME_ERROR_BAD_REQUEST);
	id[KME_SAE_ID_MAX] = '\0';
	assert_int_equal(kme_request_status(BASE, id, &request), KME_OK);
	assert_int_equal(
		strlen(request.url), strlen(BASE "/api/v1/keys//status") + 3 * KME_SAE_ID_MAX);
	kme_request_fini(&request);
}

static void test_enc_get(void **state)
{
	struct kme_enc_request wanted = {
		.slave_sae_id = "mx304-12", .number = 3, .size_bits = 1024
	};
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-12/enc_keys?number=3&size=1024", NULL);
	wanted.size_bits = 0;
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-12/enc_keys?number=3", NULL);
}

static void test_enc_post(void **state)
{
	struct kme_enc_request wanted = {
		.slave_sae_id = "mx304-12", .number = 1, .size_bits = 512
	};
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_POST, &wanted, &request), KME_OK);
	assert_request(
		&request, BASE "/api/v1/keys/mx304-12/enc_keys", "{\"number\":1,\"size\":512}");
	wanted.size_bits = 0;
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_POST, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-12/enc_keys", "{\"number\":1}");
}

/* Clause 6.2: GET cannot carry additional SAEs. */
static void test_enc_additional(void **state)
{
	static const char *const additional[] = { "mx-23", "mx-\"24\"" };
	struct kme_enc_request wanted = { .slave_sae_id = "mx304-12",
		.number = 2,
		.additional_count = 2,
		.additional_slave_sae_ids = additional };
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-12/enc_keys",
		"{\"number\":2,\"additional_slave_SAE_IDs\":[\"mx-23\",\"mx-\\\"24\\\"\"]}");
}

static void test_enc_bounds(void **state)
{
	static const char *const empty_id[] = { "mx-23", "" };
	static const struct kme_enc_request refused[] = {
		{ .slave_sae_id = "", .number = 1 },
		{ .slave_sae_id = "b", .number = 0 },
		{ .slave_sae_id = "b", .number = KME_KEYS_MAX + 1 },
		{ .slave_sae_id = "b", .number = 1, .size_bits = 255 },
		{ .slave_sae_id = "b", .number = 1, .size_bits = 8 * SECRET_MAX + 8 },
		{ .slave_sae_id = "b", .number = 1, .additional_count = KME_SAES_MAX + 1 },
		{ .slave_sae_id = "b",
			.number = 1,
			.additional_count = 2,
			.additional_slave_sae_ids = empty_id },
	};
	struct kme_enc_request most = {
		.slave_sae_id = "b", .number = KME_KEYS_MAX, .size_bits = 8 * SECRET_MAX
	};
	struct kme_request request;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_POST, &refused[i], &request),
			KME_ERROR_BAD_REQUEST);
		assert_empty(&request);
	}
	assert_int_equal(kme_request_enc_keys(BASE, KME_METHOD_POST, &most, &request), KME_OK);
	kme_request_fini(&request);
}

static void test_dec_get(void **state)
{
	static const char *const ids[] = { "key+1&x=%" };
	struct kme_dec_request wanted = { .master_sae_id = "mx304-11", .count = 1, .key_ids = ids };
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_request(
		&request, BASE "/api/v1/keys/mx304-11/dec_keys?key_ID=key%2B1%26x%3D%25", NULL);
}

static void test_dec_post(void **state)
{
	static const char *const ids[] = { ID_1, ID_2 };
	struct kme_dec_request wanted = { .master_sae_id = "mx304-11", .count = 1, .key_ids = ids };
	struct kme_request request;

	(void)state;
	assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_POST, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-11/dec_keys",
		"{\"key_IDs\":[{\"key_ID\":\"" ID_1 "\"}]}");
	/* Clause 6.4: GET carries one key_ID only. */
	wanted.count = 2;
	assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_request(&request, BASE "/api/v1/keys/mx304-11/dec_keys",
		"{\"key_IDs\":[{\"key_ID\":\"" ID_1 "\"},{\"key_ID\":\"" ID_2 "\"}]}");
}

static void test_dec_longest_id(void **state)
{
	char id[KME_KEY_ID_MAX + 2];
	const char *ids[] = { id };
	struct kme_dec_request wanted = { .master_sae_id = "a", .count = 1, .key_ids = ids };
	struct kme_request request;

	(void)state;
	memset(id, '%', sizeof(id));
	id[KME_KEY_ID_MAX] = '\0';
	assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_GET, &wanted, &request), KME_OK);
	assert_int_equal(strlen(request.url),
		strlen(BASE "/api/v1/keys/a/dec_keys?key_ID=") + 3 * KME_KEY_ID_MAX);
	kme_request_fini(&request);
	id[KME_KEY_ID_MAX] = '%';
	id[KME_KEY_ID_MAX + 1] = '\0';
	assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_GET, &wanted, &request),
		KME_ERROR_BAD_REQUEST);
}

static void test_dec_bounds(void **state)
{
	static const char *const good[] = { ID_1, ID_2 };
	static const char *const twice[] = { ID_1, "D9B6FA63-dd88-47d2-8afe-94fcecf40d19" };
	static const char *const bad[] = { "a b" };
	static const struct kme_dec_request refused[] = {
		{ .master_sae_id = "", .count = 1, .key_ids = good },
		{ .master_sae_id = "a", .count = 0, .key_ids = good },
		{ .master_sae_id = "a", .count = KME_KEYS_MAX + 1, .key_ids = good },
		{ .master_sae_id = "a", .count = 1, .key_ids = good, .size_bits = 7 },
		{ .master_sae_id = "a",
			.count = 1,
			.key_ids = good,
			.size_bits = 8 * SECRET_MAX + 8 },
		{ .master_sae_id = "a", .count = 2, .key_ids = twice },
		{ .master_sae_id = "a", .count = 1, .key_ids = bad },
	};
	struct kme_request request;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(kme_request_dec_keys(BASE, KME_METHOD_POST, &refused[i], &request),
			KME_ERROR_BAD_REQUEST);
		assert_empty(&request);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_url),
		cmocka_unit_test(test_base_url_empty_parts),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_sae_id_is_encoded),
		cmocka_unit_test(test_sae_id_bounds),
		cmocka_unit_test(test_enc_get),
		cmocka_unit_test(test_enc_post),
		cmocka_unit_test(test_enc_additional),
		cmocka_unit_test(test_enc_bounds),
		cmocka_unit_test(test_dec_get),
		cmocka_unit_test(test_dec_post),
		cmocka_unit_test(test_dec_longest_id),
		cmocka_unit_test(test_dec_bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
