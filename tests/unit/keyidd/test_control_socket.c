/* The socket itself: requests good and bad, clients slow, many and silent. */
#include "test_control_fixture.h"

#include <fcntl.h>

#define SPANS 1000 /* associations of an engine whose status fills any socket's buffer */

/* ---- requests ------------------------------------------------------------------------------- */

static void test_every_command(void **unused)
{
	(void)unused;
	static const char *const commands[] = { "status", "neighbours", "rekey", "counters" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char request[128];
		json_t *reply;

		snprintf(request, sizeof(request),
			"{\"command\": \"%s\", \"association\": \"span-1\"}", commands[i]);
		reply = ask(request);
		assert_true(is_ok(reply));
		assert_true(json_is_object(json_object_get(reply, "result")));
		assert_null(json_object_get(reply, "error"));
		json_decref(reply);
	}
}

static void test_refused_requests(void **unused)
{
	(void)unused;
	static const struct {
		const char *request, *why;
	} cases[] = {
		{ "", "no JSON" },
		{ "status", "no JSON" },
		{ "{\"command\": \"status\"", "no JSON" },
		{ "{\"command\": \"status\"} {}", "no JSON" },
		{ "{\"command\": \"status\", \"command\": \"rekey\"}", "no JSON" },
		{ "\xff\xfe", "no JSON" },
		{ "[1]", "no JSON object" },
		{ "{}", "no JSON object with a \"command\"" },
		{ "{\"command\": 1}", "no JSON object with a \"command\"" },
		{ "{\"command\": \"stat\"}", "unknown command \"stat\"; known are status, " },
		{ "{\"command\": \"status\", \"association\": \"span-9\"}",
			"no association \"span-9\"" },
		{ "{\"command\": \"status\", \"association\": null}", "must be a text" },
		{ "{\"command\": \"rekey\", \"asociation\": \"span-1\"}",
			"rekey takes no \"asociation\"" },
		{ "{\"command\": \"status\", \"limit\": 1}", "status takes no \"limit\"" },
		{ "{\"command\": \"history\", \"limit\": \"all\"}", "\"limit\" must be a number" },
		{ "{\"command\": \"history\", \"limit\": 0}", "from 1 to 10000" },
		{ "{\"command\": \"history\", \"limit\": 10001}", "from 1 to 10000" },
		{ "{\"command\": \"history\", \"limit\": 1.5}", "from 1 to 10000" },
		{ "{\"command\": \"rekey\", \"wait\": 1}", "\"wait\" must be true or false" },
		{ "{\"command\": \"rekey\", \"wait\": true, \"timeout\": 3601}", "from 1 to 3600" },
		{ "{\"command\": \"rekey\", \"wait\": true, \"timeout\": -1}", "from 1 to 3600" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused(cases[i].request, cases[i].why);
	}
	assert_int_equal(rekeys, 0);
}

static void test_deep_nesting(void **unused)
{
	(void)unused;
	char request[CONTROL_REQUEST_MAX];

	memset(request, '[', sizeof(request));
	request[sizeof(request) - 2] = '\0';
	assert_refused(request, "no JSON");
}

static void test_request_in_pieces(void **unused)
{
	(void)unused;
	static const char request[] = "{\"command\": \"counters\"}\n";
	int fd = client_open();
	json_t *reply;

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(send(fd, &request[i], 1, 0), 1);
	}
	reply = client_receive(fd);
	assert_true(is_ok(reply));
	json_decref(reply);
	close(fd);
}

/* The second line is answered though it came with the first, and the third though it never ends. */
static void test_several_requests(void **unused)
{
	(void)unused;
	int fd = client_open();
	json_t *reply;

	client_send(fd, "{\"command\": \"counters\"}\nnonsense\n{\"command\": \"status\"}");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	reply = client_receive(fd);
	assert_non_null(json_object_get(json_object_get(reply, "result"), "reloads"));
	json_decref(reply);
	reply = client_receive(fd);
	assert_false(is_ok(reply));
	json_decref(reply);
	reply = client_receive(fd);
	assert_non_null(json_object_get(json_object_get(reply, "result"), "associations"));
	json_decref(reply);
	assert_null(client_receive(fd));
	close(fd);
}

static void fill(char *request, size_t len)
{
	static const char start[] = "{\"command\": \"counters\"}";

	memset(request, ' ', len);
	memcpy(request, start, sizeof(start) - 1);
	request[len - 1] = '\n';
	request[len] = '\0';
}

static void test_longest_request(void **unused)
{
	(void)unused;
	char request[CONTROL_REQUEST_MAX + 2];
	int fd = client_open();
	json_t *reply;

	fill(request, CONTROL_REQUEST_MAX);
	client_send(fd, request);
	reply = client_receive(fd);
	assert_true(is_ok(reply));
	json_decref(reply);

	fill(request, CONTROL_REQUEST_MAX + 1);
	client_send(fd, request);
	reply = client_receive(fd);
	assert_contains(text_of(reply, "error"), "longer than 4096");
	json_decref(reply);
	assert_null(client_receive(fd)); /* and that was all */
	close(fd);
}

/* One SAE of one association, by whatever names it; several are refused with their names. */
static void test_address(void **unused)
{
	(void)unused;
	static const char *const good[] = {
		"\"association\": \"span\", \"sae\": \"mx304-21\"",
		"\"association\": \"span/mx304-21\"",
		"\"sae\": \"mx304-21\"",
	};
	char request[200];

	test_config[0].name = test_config[1].name = "span";
	strcpy(test_config[1].label, "span/mx304-21");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const json_t *list;
		json_t *reply;

		snprintf(request, sizeof(request), "{\"command\": \"status\", %s}", good[i]);
		reply = ask(request);
		assert_true(is_ok(reply));
		list = json_object_get(json_object_get(reply, "result"), "associations");
		assert_int_equal(json_array_size(list), 1);
		assert_string_equal(text_of(json_array_get(list, 0), "sae"), "mx304-21");
		assert_string_equal(text_of(json_array_get(list, 0), "label"), "span/mx304-21");
		json_decref(reply);
	}
	assert_refused("{\"command\": \"rekey\", \"association\": \"span\"}",
		"\"span\" is span/mx304-11, span/mx304-21: say which");
	assert_refused("{\"command\": \"status\", \"association\": \"span/mx304-22\"}",
		"no association \"span/mx304-22\"");
	assert_refused("{\"command\": \"status\", \"association\": \"span\", \"sae\": \"x\"}",
		"no association \"span\" with SAE \"x\"");
	assert_refused(
		"{\"command\": \"status\", \"sae\": \"x\"}", "no association with SAE \"x\"");
	assert_refused("{\"command\": \"status\", \"sae\": 7}", "\"sae\" must be a text");
}

static void test_address_with_slashes(void **unused)
{
	(void)unused;
	json_t *reply;

	/* "a/b/c" is either; "a/b" is the second one's name alone. */
	test_config[0].name = "a";
	sae_id_set(&test_config[0].exchange.sae, "b/c", 3);
	test_config[1].name = "a/b";
	sae_id_set(&test_config[1].exchange.sae, "c", 1);
	assert_refused("{\"command\": \"rekey\", \"association\": \"a/b/c\"}",
		"\"a/b/c\" is a/b/c, a/b/c: say which, with --sae if need be");
	reply = ask("{\"command\": \"rekey\", \"association\": \"a\", \"sae\": \"b/c\"}");
	assert_true(is_ok(reply));
	json_decref(reply);
	assert_int_equal(rekeys, 1);
	/* One's name is the other's name and SAE. */
	sae_id_set(&test_config[0].exchange.sae, "b", 1);
	assert_refused("{\"command\": \"rekey\", \"association\": \"a/b\"}",
		"\"a/b\" is a/b, a/b/c: say which, with --sae if need be");
}

static void test_history(void **unused)
{
	(void)unused;
	struct secret key = { .len = 32 };
	struct state_event event = { .owner = { "span-1", "mx304-11" },
		.at_ms = 1767225600123,
		.event = "confirmed",
		.key_id = KEY_ID,
		.ckn = CKN,
		.elapsed_ms = 1500 };
	char path[100], text[STATE_TEXT_MAX];
	const json_t *events;
	json_t *reply;

	snprintf(path, sizeof(path), "%s/keyidd.db", folder);
	engine.state = state_open(path, &key, text);
	assert_non_null(engine.state);
	for (event.generation = 1; event.generation <= 30; event.generation++) {
		assert_int_equal(state_add_history(engine.state, &event), 0);
	}
	event.owner.association = "span-2";
	assert_int_equal(state_add_history(engine.state, &event), 0);

	reply = ask("{\"command\": \"history\", \"association\": \"span-1\", \"limit\": 2}");
	assert_true(is_ok(reply));
	events = json_object_get(json_object_get(reply, "result"), "events");
	assert_int_equal(json_array_size(events), 2);
	event.generation = 30;
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(events, 0), "generation")), 30);
	assert_string_equal(text_of(json_array_get(events, 0), "at"), "2026-01-01T00:00:00.123Z");
	assert_string_equal(text_of(json_array_get(events, 0), "ckn"), CKN);
	assert_true(json_is_null(json_object_get(json_array_get(events, 0), "reason")));
	json_decref(reply);

	reply = ask("{\"command\": \"history\"}");
	events = json_object_get(json_object_get(reply, "result"), "events");
	assert_int_equal(json_array_size(events), CONTROL_HISTORY);
	assert_string_equal(text_of(json_array_get(events, 0), "association"), "span-2");
	assert_string_equal(text_of(json_array_get(events, 0), "own_sae"), "mx304-11");
	json_decref(reply);
	state_close(engine.state);
	engine.state = NULL;
}

/* ---- clients -------------------------------------------------------------------------------- */

static void test_many_clients(void **unused)
{
	(void)unused;
	int fds[CONTROL_CLIENTS_MAX];
	json_t *reply;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = client_open();
	}
	assert_refused("{\"command\": \"counters\"}", "too many clients");
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		client_send(fds[i], "{\"command\": \"counters\"}\n");
		reply = client_receive(fds[i]);
		assert_true(is_ok(reply));
		json_decref(reply);
	}
	/* One leaves; its place is free once the daemon has said good-bye too. */
	shutdown(fds[0], SHUT_WR);
	assert_null(client_receive(fds[0]));
	close(fds[0]);
	reply = ask("{\"command\": \"counters\"}");
	assert_true(is_ok(reply));
	json_decref(reply);
	for (size_t i = 1; i < CONTROL_CLIENTS_MAX; i++) {
		close(fds[i]);
	}
}

static void make_many_associations(void)
{
	static struct config_association configs[SPANS];
	static struct association spans[SPANS];
	static struct association *associations[SPANS];
	static char names[SPANS][16];

	for (size_t i = 0; i < SPANS; i++) {
		snprintf(names[i], sizeof(names[i]), "span-%zu", i);
		configs[i] = test_config[0];
		configs[i].name = names[i];
		spans[i] = master;
		spans[i].config = &configs[i];
		associations[i] = &spans[i];
	}
	engine.config.associations = configs;
	engine.config.association_count = SPANS;
	engine.associations = associations;
	engine.association_count = SPANS;
}

/* A client that does not read its reply of a megabyte holds up nobody, and gets all of it. */
static void test_slow_reader(void **unused)
{
	(void)unused;
	int slow = client_open();
	json_t *reply;

	in_loop(make_many_associations);
	client_send(slow, "{\"command\": \"status\"}\n{\"command\": \"counters\"}\n");
	for (int i = 0; i < 3; i++) {
		reply = ask("{\"command\": \"neighbours\", \"association\": \"span-1\"}");
		assert_true(is_ok(reply));
		json_decref(reply);
	}
	reply = client_receive(slow);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(reply, "result"), "associations")),
		SPANS);
	json_decref(reply);
	reply = client_receive(slow);
	assert_true(is_ok(reply));
	json_decref(reply);
	close(slow);
}

static void test_silent_client_is_dropped(void **unused)
{
	(void)unused;
	int fd;

	control_set_idle_ms(control, 50);
	fd = client_open();
	client_send(fd, "{\"command\": ");
	assert_null(client_receive(fd));
	close(fd);
}

/* It has asked, but never reads: what it was not sent yet is dropped with it. */
static void test_client_that_never_reads_is_dropped(void **unused)
{
	(void)unused;
	char part[65536];
	size_t len = 0;
	ssize_t got;
	int fd;

	in_loop(make_many_associations);
	control_set_idle_ms(control, 50);
	fd = client_open();
	client_send(fd, "{\"command\": \"status\"}\n");
	/* The daemon is at the other end until it closes: then POLLHUP comes, without a read. */
	for (struct epoll_event event = { .events = 0 }; !(event.events & EPOLLHUP);) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		event.events = 0;
		assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
		assert_int_equal(epoll_wait(epoll, &event, 1, 10000), 1);
		close(epoll);
	}
	while ((got = recv(fd, part, sizeof(part), 0)) > 0) {
		assert_null(memchr(part, '\n', (size_t)got));
		len += (size_t)got;
	}
	assert_true(len > 0);
	close(fd);
}

static void test_client_that_leaves_at_once(void **unused)
{
	(void)unused;
	json_t *reply;

	for (int i = 0; i < 200; i++) {
		int fd = client_open();

		if (i % 2) {
			client_send(fd, "{\"command\": \"status\"}\n");
		}
		close(fd);
	}
	/* Those are still in the queue, or being cleared away: connect() waits, or is refused a
	 * place. */
	do {
		reply = ask("{\"command\": \"counters\"}");
		if (!is_ok(reply)) {
			assert_contains(text_of(reply, "error"), "too many");
			json_decref(reply);
			reply = NULL;
		}
	} while (!reply);
	json_decref(reply);
}

/* ---- the socket ----------------------------------------------------------------------------- */

static void test_mode(void **unused)
{
	(void)unused;
	struct stat info;

	assert_int_equal(stat(socket_path, &info), 0);
	assert_true(S_ISSOCK(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void assert_not_made(const char *why)
{
	char error[CONTROL_ERROR_MAX] = "";

	assert_null(control_new(&engine, error));
	assert_contains(error, why);
	assert_null(strchr(error, '\n'));
}

static void test_second_daemon(void **unused)
{
	(void)unused;
	json_t *reply;

	assert_not_made("another keyidd listens there");
	reply = ask("{\"command\": \"counters\"}");
	assert_true(is_ok(reply));
	json_decref(reply);
}

/* A socket as a killed daemon leaves it. */
static void test_stale_socket(void **unused)
{
	(void)unused;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char error[CONTROL_ERROR_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	control = control_new(&engine, error);
	assert_non_null(control);
	assert_ptr_equal(engine.listener.ctx, control);
	control_free(control);
	assert_null(engine.listener.note);
	assert_int_equal(access(socket_path, F_OK), -1);
}

static void test_something_else_in_its_place(void **unused)
{
	(void)unused;
	char link[100];
	int fd = open(socket_path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_not_made("no socket; not replaced");
	assert_int_equal(access(socket_path, F_OK), 0);

	/* A link to a socket is no socket either. */
	snprintf(link, sizeof(link), "%s/elsewhere", folder);
	assert_int_equal(rename(socket_path, link), 0);
	assert_int_equal(symlink(link, socket_path), 0);
	assert_not_made("no socket; not replaced");
}

static void test_no_folder_and_long_path(void **unused)
{
	(void)unused;
	char path[200];

	snprintf(path, sizeof(path), "%s/none/control.sock", folder);
	engine.config.daemon.control_socket = path;
	assert_not_made("make the folder, or set daemon.control-socket");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_not_made("longer than a socket's path may be (107)");
}

/* Who ends late does not take away the socket of the one started meanwhile. */
static void test_replaced_socket_stays(void **unused)
{
	(void)unused;
	char error[CONTROL_ERROR_MAX];
	struct control *first = control_new(&engine, error), *second;

	assert_non_null(first);
	assert_int_equal(unlink(socket_path), 0);
	second = control_new(&engine, error);
	assert_non_null(second);
	control_free(first);
	assert_int_equal(access(socket_path, F_OK), 0);
	assert_ptr_equal(engine.listener.ctx, second);
	control_free(second);
	assert_int_equal(access(socket_path, F_OK), -1);
	control_free(NULL);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, daemon_setup, daemon_teardown)
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_DAEMON(test_every_command),
		WITH_DAEMON(test_refused_requests),
		WITH_DAEMON(test_deep_nesting),
		WITH_DAEMON(test_request_in_pieces),
		WITH_DAEMON(test_several_requests),
		WITH_DAEMON(test_longest_request),
		WITH_DAEMON(test_address),
		WITH_DAEMON(test_address_with_slashes),
		WITH_DAEMON(test_history),
		WITH_DAEMON(test_many_clients),
		WITH_DAEMON(test_slow_reader),
		WITH_DAEMON(test_silent_client_is_dropped),
		WITH_DAEMON(test_client_that_never_reads_is_dropped),
		WITH_DAEMON(test_client_that_leaves_at_once),
		WITH_DAEMON(test_mode),
		WITH_DAEMON(test_second_daemon),
		WITH_LOOP(test_stale_socket),
		WITH_LOOP(test_something_else_in_its_place),
		WITH_LOOP(test_no_folder_and_long_path),
		WITH_LOOP(test_replaced_socket_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
