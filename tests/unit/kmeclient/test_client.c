#include "kmeclient/kme.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/unit/kmeclient/certificate.h"

/*
 * The rules of a call that hold without a KME. What needs one is in
 * tests/live/kmeclient.sh.
 */
static struct certificate_folder folder;
static struct kme_multi *multi;
static struct kme *kme;
static int listener = -1; /* bound; refuses connections until listen() */
static char error_text[KME_ERROR_TEXT_MAX];

static struct {
	int count;
	enum kme_error error;
	char text[KME_ERROR_TEXT_MAX];
	size_t key_count;
	long http_status;
} answer;

static void note_answer(void *ctx, const struct kme_result *result)
{
	(void)ctx;
	answer.count++;
	answer.error = result->error;
	answer.key_count = result->key_count;
	answer.http_status = result->http_status;
	memcpy(answer.text, result->text, sizeof(answer.text));
}

static void answer_and_close(void *ctx, const struct kme_result *result)
{
	note_answer(ctx, result);
	kme_close(kme);
	kme = NULL;
}

static int bind_socket(char *url, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) < 0) {
		return -1;
	}
	snprintf(url, size, "https://127.0.0.1:%u", ntohs(address.sin_port));
	return 0;
}

static struct kme_config good_config(const char *url)
{
	return (struct kme_config){
		.url = url,
		.kme_id = "KME-1",
		.ca_file = folder.certificate_file,
		.certificate_file = folder.certificate_file,
		.private_key_file = folder.key_file,
		.timeout_ms = 100,
	};
}

static int set_up(void **state)
{
	char url[64];
	struct kme_config config = good_config(url);

	(void)state;
	memset(&answer, 0, sizeof(answer));
	certificate_folder_new(&folder);
	multi = kme_multi_new();
	if (!multi || bind_socket(url, sizeof(url)) < 0) {
		return -1;
	}
	kme = kme_open(multi, &config, error_text);
	return kme ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	kme_close(kme);
	kme_multi_free(multi);
	close(listener);
	certificate_folder_free(&folder);
	return 0;
}

static void run_until(int answers)
{
	for (int turns = 0; answer.count < answers && turns < 1000; turns++) {
		struct pollfd due = { .fd = kme_multi_fd(multi), .events = POLLIN };

		if (poll(&due, 1, 5000) != 1) {
			break;
		}
		kme_multi_dispatch(multi);
	}
	assert_int_equal(answer.count, answers);
}

static struct kme_call *ask(kme_done_fn done)
{
	enum kme_error error = KME_ERROR_COUNT;
	struct kme_call *call = kme_get_status(kme, "sae-2", done, NULL, &error);

	assert_non_null(call);
	assert_int_equal(error, KME_OK);
	return call;
}

static void test_unreachable(void **state)
{
	(void)state;
	ask(note_answer);
	assert_int_equal(answer.count, 0); /* never from inside */
	run_until(1);
	assert_int_equal(answer.error, KME_ERROR_UNREACHABLE);
	assert_string_not_equal(answer.text, "");
	assert_int_equal(answer.key_count, 0);
	assert_int_equal(answer.http_status, 0);
}

/* Connections are taken by the kernel, and nobody speaks. */
static void test_timeout(void **state)
{
	(void)state;
	assert_int_equal(listen(listener, 4), 0);
	ask(note_answer);
	run_until(1);
	assert_int_equal(answer.error, KME_ERROR_TIMEOUT);
}

static void test_no_tls(void **state)
{
	int connection;

	(void)state;
	assert_int_equal(listen(listener, 4), 0);
	ask(note_answer);
	do {
		kme_multi_dispatch(multi);
	} while (poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 10) != 1);
	connection = accept(listener, NULL, NULL);
	assert_int_equal(send(connection, "HTTP/1.1 200 OK\r\n\r\n", 19, 0), 19);
	run_until(1);
	assert_int_equal(answer.error, KME_ERROR_TLS);
	close(connection);
}

static void test_cancel(void **state)
{
	struct kme_call *first = ask(note_answer);

	(void)state;
	ask(note_answer);
	kme_cancel(first);
	run_until(1);
	kme_multi_dispatch(multi);
	assert_int_equal(answer.count, 1);
}

static void test_close_cancels(void **state)
{
	(void)state;
	assert_int_equal(listen(listener, 4), 0);
	ask(note_answer);
	kme_multi_dispatch(multi);
	kme_close(kme);
	kme = NULL;
	kme_multi_dispatch(multi);
	assert_int_equal(answer.count, 0);
}

/* Both calls end in one turn of the loop; the first answer takes the second away. */
static void test_close_from_the_callback(void **state)
{
	(void)state;
	ask(answer_and_close);
	ask(answer_and_close);
	run_until(1);
	kme_multi_dispatch(multi);
	assert_int_equal(answer.count, 1);
}

static void ask_again(void *ctx, const struct kme_result *result)
{
	note_answer(ctx, result);
	if (answer.count == 1) {
		ask(note_answer);
	}
}

static void test_call_from_the_callback(void **state)
{
	(void)state;
	ask(ask_again);
	run_until(2);
}

static void test_arguments(void **state)
{
	static const char *const bad_id[] = { "a/b" };
	struct kme_enc_request enc = { .slave_sae_id = "sae-2", .number = 0 };
	struct kme_dec_request dec = { .master_sae_id = "sae-2", .count = 1, .key_ids = bad_id };
	enum kme_error error = KME_OK;

	(void)state;
	assert_null(kme_get_status(kme, "", note_answer, NULL, &error));
	assert_int_equal(error, KME_ERROR_BAD_REQUEST);
	error = KME_OK;
	assert_null(kme_enc_keys(kme, &enc, note_answer, NULL, &error));
	assert_int_equal(error, KME_ERROR_BAD_REQUEST);
	error = KME_OK;
	assert_null(kme_dec_keys(kme, &dec, note_answer, NULL, &error));
	assert_int_equal(error, KME_ERROR_BAD_REQUEST);
	kme_multi_dispatch(multi);
	assert_int_equal(answer.count, 0);
}

static void assert_not_opened(const struct kme_config *config, const char *reason)
{
	error_text[0] = '\0';
	assert_null(kme_open(multi, config, error_text));
	assert_non_null(strstr(error_text, reason));
}

static void test_open_refuses(void **state)
{
	struct kme_config config = good_config("http://kme-1");
	char long_id[KME_SAE_ID_MAX + 2];

	(void)state;
	assert_not_opened(&config, "\"http://kme-1\" is not https://");
	config.url = NULL;
	assert_not_opened(&config, "is not https://");
	config = good_config("https://kme-1");
	config.kme_id = "";
	assert_not_opened(&config, "KME ID");
	config.kme_id = NULL;
	assert_not_opened(&config, "KME ID");
	memset(long_id, 'k', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	config.kme_id = long_id;
	assert_not_opened(&config, "KME ID");
	config = good_config("https://kme-1");
	config.private_key_file = "/nonexistent/key.pem";
	assert_not_opened(&config, "/nonexistent/key.pem");
}

#define client_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		client_test(test_unreachable),
		client_test(test_timeout),
		client_test(test_no_tls),
		client_test(test_cancel),
		client_test(test_close_cancels),
		client_test(test_close_from_the_callback),
		client_test(test_call_from_the_callback),
		client_test(test_arguments),
		client_test(test_open_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
