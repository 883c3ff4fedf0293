#include "netconf/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "netconf/deadline.h"

#define PATIENCE_MS 5000

static void test_numeric(void **state)
{
	int wake_fd = eventfd(0, EFD_CLOEXEC);
	struct addrinfo *list;

	(void)state;
	assert_int_equal(resolve_host("192.0.2.1", 830, wake_fd, 0, &list), 0);
	assert_int_equal(list->ai_family, AF_INET);
	assert_int_equal(list->ai_socktype, SOCK_STREAM);
	assert_null(list->ai_next);
	freeaddrinfo(list);
	assert_int_equal(resolve_host("2001:db8::1", 830, wake_fd, 0, &list), 0);
	assert_int_equal(list->ai_family, AF_INET6);
	freeaddrinfo(list);
	close(wake_fd);
}

/* Where the host's own files do not know the name either, there is nothing to compare with. */
static void test_name(void **state)
{
	int wake_fd = eventfd(0, EFD_CLOEXEC);
	struct addrinfo *list;

	(void)state;
	if (getaddrinfo("localhost", NULL, NULL, &list) != 0) {
		close(wake_fd);
		skip();
	}
	freeaddrinfo(list);
	assert_int_equal(
		resolve_host("localhost", 830, wake_fd, deadline_now_ms() + PATIENCE_MS, &list), 0);
	assert_non_null(list);
	freeaddrinfo(list);
	close(wake_fd);
}

/* The resolving thread goes on, and cleans up after itself. */
static void test_interrupted(void **state)
{
	int wake_fd = eventfd(1, EFD_CLOEXEC);
	uint64_t start_ms = deadline_now_ms();
	struct addrinfo *list;

	(void)state;
	assert_int_equal(
		resolve_host("name.invalid", 830, wake_fd, start_ms + 10 * PATIENCE_MS, &list),
		EAI_AGAIN);
	assert_null(list);
	assert_true(deadline_now_ms() - start_ms < PATIENCE_MS);
	close(wake_fd);
}

static void test_deadline(void **state)
{
	int wake_fd = eventfd(0, EFD_CLOEXEC);
	uint64_t start_ms = deadline_now_ms();

	(void)state;
	assert_int_equal(deadline_wait_fd(-1, 0, wake_fd, start_ms + 30), 0);
	assert_true(deadline_now_ms() - start_ms >= 30);
	assert_int_equal(deadline_wait_fd(-1, 0, wake_fd, 0), 0);
	close(wake_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numeric),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_deadline),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
