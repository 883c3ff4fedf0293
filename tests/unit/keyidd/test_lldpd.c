/*
 * lldpd that is not there, does not let us in, goes, or answers nonsense; keyidd-lldpd that
 * does: what is said, and that it is tried again. (With a real lldpd: tests/live/lldpd_port.c.)
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyidd/lldpd.h"
#include "l2proto/message.h"

#define PATIENCE_MS 10000
#define CLIENTS_MAX 64

/* What every message of lldpd's control protocol begins with. */
struct header {
	unsigned type;
	size_t len;
};

static const struct lldp_format format = { { 0x00, 0x00, 0x5e }, 1 };
static char folder[] = "/tmp/keyidd-test-lldpd-XXXXXX";
static char path[64], script[64];
static char program[4096]; /* keyidd-lldpd, two folders above this test */

static struct loop *loop;
static struct lldpd *lldpd;
static struct lldpd_port *port;
static unsigned heard, opened;
static bool late;

/* ---- one who answers as lldpd ---------------------------------------------------------------- */

/* Called with each request, in full. */
typedef void (*answer_fn)(int fd, unsigned nth_request, struct header request);

static struct {
	struct loop_watch listening;
	struct client {
		struct loop_watch watch;
		bool used;
	} clients[CLIENTS_MAX];
	unsigned connections, requests;
	answer_fn answer; /* NULL = closes what connects */
} fake;

static void drop(struct client *client)
{
	loop_watch_remove(loop, &client->watch);
	close(client->watch.fd);
	client->used = false;
}

static void serve(void *ctx, uint32_t events)
{
	struct client *client = ctx;
	uint8_t octets[8192];
	struct header request;
	ssize_t len = read(client->watch.fd, octets, sizeof(octets));

	(void)events;
	if (len < (ssize_t)sizeof(request)) {
		drop(client);
		return;
	}
	memcpy(&request, octets, sizeof(request));
	fake.answer(client->watch.fd, fake.requests++, request);
}

static void serve_new(void *ctx, uint32_t events)
{
	int fd = accept4(fake.listening.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client = fake.clients;

	(void)ctx;
	(void)events;
	fake.connections++;
	if (!fake.answer) {
		close(fd);
		return;
	}
	while (client->used) {
		client++;
	}
	client->used = true;
	client->watch = (struct loop_watch){ .fd = fd, .ready = serve, .ctx = client };
	assert_int_equal(loop_watch_add(loop, &client->watch, EPOLLIN), 0);
}

static void fake_start(answer_fn answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fake.answer = answer;
	fake.listening.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fake.listening.ready = serve_new;
	assert_int_equal(bind(fake.listening.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake.listening.fd, 5), 0);
	assert_int_equal(loop_watch_add(loop, &fake.listening, EPOLLIN), 0);
}

static void fake_stop(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (fake.clients[i].used) {
			drop(&fake.clients[i]);
		}
	}
	if (fake.listening.added) {
		loop_watch_remove(loop, &fake.listening);
		close(fake.listening.fd);
	}
	unlink(path);
	memset(&fake, 0, sizeof(fake));
}

/* What does not fit in the socket is not needed. */
static void say(int fd, unsigned type, const void *octets, size_t len)
{
	struct header header = { type, len };

	if (send(fd, &header, sizeof(header), MSG_NOSIGNAL) > 0 && len > 0) {
		send(fd, octets, len, MSG_NOSIGNAL);
	}
}

/* ---- the tests' frame ------------------------------------------------------------------------ */

static void on_heard(void *ctx, const uint8_t *message, size_t len)
{
	(void)ctx;
	(void)message;
	(void)len;
	heard++;
}

static void on_opened(void *ctx)
{
	(void)ctx;
	opened++;
}

static void start_with(const char *helper)
{
	static const struct lldpd_listener listener = { on_heard, on_opened, NULL };
	struct lldpd_config config = { path, format, helper };

	lldpd = lldpd_new(loop, &config);
	assert_non_null(lldpd);
	port = lldpd_port_open(lldpd, "eth1", &listener);
	assert_non_null(port);
}

static int setup(void **state)
{
	(void)state;
	heard = opened = 0;
	late = false;
	lldpd = NULL;
	port = NULL;
	loop = loop_new();
	assert_non_null(loop);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lldpd_port_close(port);
	lldpd_free(lldpd);
	fake_stop();
	loop_free(loop);
	return 0;
}

static bool (*is_done)(void);
static struct loop_timer tick;
static uint64_t give_up_ms;

static void look(void *ctx)
{
	(void)ctx;
	late = clock_mono_ms() > give_up_ms;
	if (is_done() || late) {
		loop_stop(loop);
	} else {
		loop_timer_set(loop, &tick, clock_mono_ms() + 2);
	}
}

static void run_until(bool (*done)(void))
{
	is_done = done;
	give_up_ms = clock_mono_ms() + PATIENCE_MS;
	tick = (struct loop_timer){ .fn = look };
	loop_timer_set(loop, &tick, clock_mono_ms());
	assert_int_equal(loop_run(loop), 0);
	assert_false(late);
}

static bool says(const char *text)
{
	return strstr(lldpd_port_error(port), text) != NULL;
}

/* ---- not there ------------------------------------------------------------------------------- */

static void answer_nothing(int fd, unsigned nth_request, struct header request)
{
	(void)fd;
	(void)nth_request;
	(void)request;
}

static bool connects_when_it_is_there(void)
{
	if (!fake.listening.added && says("lldpd does not listen at ")) {
		fake_start(answer_nothing);
	}
	return fake.connections > 0;
}

static void test_absent(void **state)
{
	const uint8_t message[MESSAGE_MAX_LLDPD + 1] = { 0 };

	(void)state;
	start_with(program);
	assert_true(says("lldpd has not answered yet"));
	assert_int_equal(lldpd_port_send(port, message, 68), -ENETDOWN);
	assert_int_equal(lldpd_port_send(port, message, sizeof(message)), -EMSGSIZE);
	run_until(connects_when_it_is_there);
	assert_true(says("lldpd does not listen at "));
	assert_int_equal(opened, 0);
}

static bool is_refused(void)
{
	return says("permission denied; keyidd has to be in the group of this socket");
}

static void test_no_permission(void **state)
{
	(void)state;
	start_with(program);
	fake_start(answer_nothing);
	assert_int_equal(chmod(path, 0), 0);
	run_until(is_refused); /* of root too, for it has given up its privileges */
	assert_int_equal(fake.connections, 0);
}

/* ---- there, and wrong ------------------------------------------------------------------------ */

static uint64_t began_ms;

/* 200, 400, 800 ms after the first. */
static bool has_come_four_times(void)
{
	return fake.connections == 4;
}

static void test_each_time_a_longer_delay(void **state)
{
	(void)state;
	start_with(program);
	fake_start(NULL);
	began_ms = clock_mono_ms();
	run_until(has_come_four_times);
	assert_in_range(clock_mono_ms() - began_ms,
		LLDPD_RETRY_MIN_MS + 2 * LLDPD_RETRY_MIN_MS + 4 * LLDPD_RETRY_MIN_MS - 10,
		PATIENCE_MS);
	assert_true(says("lldpd does not listen at "));
}

static void answer_another_type(int fd, unsigned nth_request, struct header request)
{
	(void)nth_request;
	say(fd, request.type + 100, NULL, 0);
}

static bool is_not_understood(void)
{
	return says("gives an answer that liblldpctl does not understand");
}

static void test_answer_of_another_type(void **state)
{
	(void)state;
	start_with(program);
	fake_start(answer_another_type);
	run_until(is_not_understood);
}

/* The first request is to subscribe, the second asks for the interfaces. */
static void answer_no_list(int fd, unsigned nth_request, struct header request)
{
	static const uint8_t nonsense[64] = { 0xff, 0xff, 0xff, 0xff };

	say(fd, request.type, nonsense, nth_request % 2 == 0 ? 0 : sizeof(nonsense));
}

static void test_list_that_is_none(void **state)
{
	(void)state;
	start_with(program);
	fake_start(answer_no_list);
	run_until(is_not_understood);
	assert_true(fake.requests >= 2);
}

/* A change is announced by the type after that of the subscription. */
static void answer_bad_changes(int fd, unsigned nth_request, struct header request)
{
	uint8_t octets[300];

	say(fd, request.type, NULL, 0);
	for (int filler = 0; nth_request == 0 && filler < 256; filler += 51) {
		memset(octets, filler, sizeof(octets));
		say(fd, request.type + 1, octets, sizeof(octets));
		say(fd, request.type + 1, octets, 1);
		say(fd, request.type + 1, octets, 0);
	}
}

/* They may crash liblldpctl, or else the empty list is refused: it comes back in either case. */
static bool comes_again(void)
{
	return fake.connections >= 3;
}

static void test_changes_that_are_none(void **state)
{
	(void)state;
	start_with(program);
	fake_start(answer_bad_changes);
	run_until(comes_again);
	assert_int_equal(heard, 0);
}

static bool floods;

static void flood(void)
{
	static const uint8_t octets[16384];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (fake.clients[i].used) {
			send(fake.clients[i].watch.fd, octets, sizeof(octets), MSG_NOSIGNAL);
		}
	}
}

/* Then what is of no type, without end. */
static void answer_and_flood(int fd, unsigned nth_request, struct header request)
{
	(void)nth_request;
	say(fd, request.type, NULL, 0);
	floods = true;
}

static bool is_cut_off(void)
{
	if (floods) {
		flood();
	}
	return is_not_understood();
}

static void test_flood_is_bounded(void **state)
{
	(void)state;
	start_with(program);
	floods = false;
	fake_start(answer_and_flood);
	run_until(is_cut_off);
}

static bool has_asked(void)
{
	return fake.requests > 0;
}

static void test_freed_while_it_waits(void **state)
{
	uint64_t before_ms;

	(void)state;
	start_with(program);
	fake_start(answer_nothing);
	run_until(has_asked);
	before_ms = clock_mono_ms();
	lldpd_port_close(port);
	lldpd_free(lldpd);
	/* Nothing of ours is there to be removed. */
	assert_true(clock_mono_ms() - before_ms < LLDPD_STOP_MS / 2);
	lldpd = NULL;
	port = NULL;
}

/* ---- keyidd-lldpd ---------------------------------------------------------------------------- */

static bool cannot_be_started(void)
{
	return says("no-such-program: No such file or directory");
}

static void test_program_that_is_not_there(void **state)
{
	(void)state;
	start_with("/no-such-program");
	run_until(cannot_be_started);
}

static void write_script(const char *text)
{
	FILE *file = fopen(script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\necho >>%s.runs\n%s\n", script, text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(script, 0755), 0);
}

/* How often the script has run: a line for each. */
static unsigned runs(void)
{
	char runs_path[80];
	struct stat status;

	snprintf(runs_path, sizeof(runs_path), "%s.runs", script);
	return stat(runs_path, &status) == 0 ? (unsigned)status.st_size : 0;
}

static void remove_script(void)
{
	char runs_path[80];

	snprintf(runs_path, sizeof(runs_path), "%s.runs", script);
	unlink(runs_path);
	unlink(script);
}

static bool has_ended_twice(void)
{
	return runs() >= 2 && says("keyidd-lldpd has ended with status 3");
}

static void test_program_that_ends(void **state)
{
	(void)state;
	write_script("exit 3");
	start_with(script);
	run_until(has_ended_twice);
	remove_script();
}

static bool was_not_believed(void)
{
	return says("keyidd-lldpd says what makes no sense");
}

/* The name in a packet, for printf(1). */
#define ETH1 "eth1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"

/* Too short, of no type, of a type that is for us to send; each would go on for ever. */
static void test_program_that_talks_nonsense(void **state)
{
	static const char *const packets[] = { "short", "\\377" ETH1, "\\002" ETH1,
		"\\003eth1567890123456" };

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "printf '%s' >&0\nexec sleep 1000", packets[i]);
		write_script(text);
		start_with(script);
		run_until(was_not_believed);
		assert_int_equal(heard, 0);
		remove_script();
		lldpd_port_close(port);
		lldpd_free(lldpd);
		port = NULL;
		lldpd = NULL;
		loop_free(loop);
		loop = loop_new();
	}
}

/* What it says of ports is cut, and cleaned: it goes to people's terminals. */
static bool says_cleaned(void)
{
	return says("a?b");
}

static void test_text_is_cleaned(void **state)
{
	(void)state;
	write_script("printf '\\005" ETH1 "a\\033b%01000d' 7 >&0\n"
		     "exec sleep 1000");
	start_with(script);
	run_until(says_cleaned);
	assert_true(strlen(lldpd_port_error(port)) < 256);
	remove_script();
}

static void find_program(void)
{
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 32);

	assert_true(len > 0);
	program[len] = '\0';
	for (int i = 0; i < 3; i++) {
		*strrchr(program, '/') = '\0';
	}
	strcat(program, "/keyidd-lldpd");
}

static int make_folder(void **state)
{
	(void)state;
	find_program();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0711), 0);
	snprintf(path, sizeof(path), "%s/lldpd.socket", folder);
	snprintf(script, sizeof(script), "%s/script", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define lldpd_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		lldpd_test(test_absent),
		lldpd_test(test_no_permission),
		lldpd_test(test_each_time_a_longer_delay),
		lldpd_test(test_answer_of_another_type),
		lldpd_test(test_list_that_is_none),
		lldpd_test(test_changes_that_are_none),
		lldpd_test(test_flood_is_bounded),
		lldpd_test(test_freed_while_it_waits),
		lldpd_test(test_program_that_is_not_there),
		lldpd_test(test_program_that_ends),
		lldpd_test(test_program_that_talks_nonsense),
		lldpd_test(test_text_is_cleaned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
