/*
 * Reading and replacing a file, against an SFTP server in the place of the
 * transport: one that behaves, and ones that do not.
 */
#include "netconf/remote.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "netconf/deadline.h"
#include "netconf/transport.h"

#define PATIENCE_MS 5000
#define NAME_MAX_LEN 128

/* ---- the server ------------------------------------------------------------------------------ */

struct file {
	char name[NAME_MAX_LEN];
	uint8_t content[REMOTE_FILE_MAX + 16];
	size_t len;
	bool there;
};

enum fault {
	NO_FAULT,
	NO_POSIX_RENAME,
	VERSION_2,
	WRONG_ID,
	WRONG_KIND,
	EMPTY_DATA,
	HUGE_PACKET,
	NO_SFTP,
	DIE_ONCE, /* on the first request after the one that connects */
	WRITE_REFUSED,
	SILENT,
};

static struct {
	enum fault fault;
	struct file files[2];
	struct file *open;
	unsigned connections;
	bool absent_once; /* the file that is replaced was not there for a moment */
	uint8_t out[65536];
	size_t out_len, out_at;
	int wake_fd;
} server;

static struct file *find(const char *name, size_t len)
{
	for (size_t i = 0; i < 2; i++) {
		if (server.files[i].there && strlen(server.files[i].name) == len &&
			memcmp(server.files[i].name, name, len) == 0) {
			return &server.files[i];
		}
	}
	return NULL;
}

static struct file *make(const char *name, size_t len)
{
	struct file *file = server.files[0].there ? &server.files[1] : &server.files[0];

	snprintf(file->name, sizeof(file->name), "%.*s", (int)len, name);
	file->there = true;
	file->len = 0;
	return file;
}

static void put_u32(uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		server.out[server.out_len++] = (uint8_t)(value >> shift);
	}
}

static void reply(uint8_t type, uint32_t id, const void *content, size_t len)
{
	if (server.fault == WRONG_ID && type != 2) {
		id++;
	}
	put_u32(server.fault == HUGE_PACKET ? 0x7fffffff : (uint32_t)(5 + len));
	server.out[server.out_len++] = server.fault == NO_SFTP ? '?' : type;
	put_u32(id);
	memcpy(server.out + server.out_len, content, len);
	server.out_len += len;
}

static void reply_status(uint32_t id, uint8_t status)
{
	const uint8_t content[] = { 0, 0, 0, status };

	reply(101, id, content, sizeof(content));
}

static uint32_t u32(const uint8_t **at)
{
	const uint8_t *p = *at;

	*at += 4;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const char *text(const uint8_t **at, size_t *len)
{
	const char *start;

	*len = u32(at);
	start = (const char *)*at;
	*at += *len;
	return start;
}

static void answer_open(uint32_t id, const uint8_t *at)
{
	static const uint8_t opened[] = { 0, 0, 0, 1, 'h' };
	size_t len;
	const char *name = text(&at, &len);
	bool writing = u32(&at) & 2;
	struct file *file = find(name, len);

	if (!file && !writing) {
		reply_status(id, 2);
		return;
	}
	server.open = file ? file : make(name, len);
	if (writing) {
		server.open->len = 0;
	}
	reply(server.fault == WRONG_KIND ? 103 : 102, id, opened, sizeof(opened));
}

static void answer_read(uint32_t id, const uint8_t *at)
{
	static uint8_t content[4 + 65536];
	uint64_t offset;
	size_t len, left;

	text(&at, &len);
	offset = (uint64_t)u32(&at) << 32;
	offset |= u32(&at);
	len = u32(&at);
	left = offset < server.open->len ? server.open->len - offset : 0;
	len = len < left ? len : left;
	if (server.fault == EMPTY_DATA) {
		memset(content, 0, 4);
		reply(103, id, content, 4);
	} else if (left == 0) {
		reply_status(id, 1);
	} else {
		const uint8_t prefix[] = { 0, (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			(uint8_t)len };

		memcpy(content, prefix, 4);
		memcpy(content + 4, server.open->content + offset, len);
		reply(103, id, content, 4 + len);
	}
}

static void answer_write(uint32_t id, const uint8_t *at)
{
	const char *bytes;
	uint64_t offset;
	size_t len;

	text(&at, &len);
	offset = (uint64_t)u32(&at) << 32;
	offset |= u32(&at);
	bytes = text(&at, &len);
	assert_int_equal(offset, server.open->len);
	if (server.fault == WRITE_REFUSED) {
		reply_status(id, 4);
		return;
	}
	memcpy(server.open->content + server.open->len, bytes, len);
	server.open->len += len;
	reply_status(id, 0);
}

static void answer_remove(uint32_t id, const uint8_t *at)
{
	size_t len;
	const char *name = text(&at, &len);
	struct file *file = find(name, len);

	if (file) {
		file->there = false;
		server.absent_once = true;
	}
	reply_status(id, file ? 0 : 2);
}

static void answer_rename(uint32_t id, const uint8_t *at, bool posix)
{
	size_t from_len, to_len;
	const char *from = text(&at, &from_len);
	const char *to = text(&at, &to_len);
	struct file *file = find(from, from_len), *other = find(to, to_len);

	if (!file || (other && !posix)) {
		reply_status(id, 4);
		return;
	}
	if (other) {
		other->there = false;
	}
	snprintf(file->name, sizeof(file->name), "%.*s", (int)to_len, to);
	reply_status(id, 0);
}

static void answer_init(void)
{
	static const uint8_t with[] = "\0\0\0\x18posix-rename@openssh.com\0\0\0\x01"
				      "1";
	bool posix = server.fault != NO_POSIX_RENAME;

	/* The version stands where others have the request ID. */
	reply(2, server.fault == VERSION_2 ? 2 : 3, with, posix ? sizeof(with) - 1 : 0);
}

static void answer(const uint8_t *packet)
{
	uint8_t type = packet[4];
	const uint8_t *at = packet + 5;
	size_t len;
	uint32_t id = u32(&at);

	switch (type) {
	case 1:
		answer_init();
		break;
	case 3:
		answer_open(id, at);
		break;
	case 4:
		reply_status(id, 0);
		break;
	case 5:
		answer_read(id, at);
		break;
	case 6:
		answer_write(id, at);
		break;
	case 13:
		answer_remove(id, at);
		break;
	case 18:
		answer_rename(id, at, false);
		break;
	case 200:
		assert_memory_equal(text(&at, &len), "posix-rename@openssh.com", 24);
		answer_rename(id, at, true);
		break;
	default:
		fail_msg("packet of type %u", type);
	}
}

/* ---- in the place of netconf/transport.c ----------------------------------------------------- */

struct transport {
	int unused;
};

int transport_check_files(
	const char *private_key_file, const char *known_hosts_file, struct problem *problem)
{
	(void)known_hosts_file;
	return strcmp(private_key_file, "bad") == 0
		       ? problem_set(problem, APPLIER_ERROR_LOGIN, "bad key")
		       : 0;
}

struct transport *transport_open(
	const struct transport_config *config, uint64_t deadline_ms, struct problem *problem)
{
	(void)deadline_ms;
	assert_string_equal(config->subsystem, "sftp");
	if (strcmp(config->host, "nowhere") == 0) {
		problem_set(problem, APPLIER_ERROR_UNREACHABLE, "nowhere: no route");
		return NULL;
	}
	server.connections++;
	server.out_len = server.out_at = 0;
	server.wake_fd = config->wake_fd;
	return calloc(1, sizeof(struct transport));
}

int transport_write(struct transport *transport, const uint8_t *bytes, size_t len,
	uint64_t deadline_ms, struct problem *problem)
{
	(void)transport, (void)deadline_ms;
	assert_true(len >= 9);
	if (server.fault == DIE_ONCE && bytes[4] != 1) {
		server.fault = NO_FAULT;
		return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST, "the session ended");
	}
	if (server.out_at == server.out_len) {
		server.out_at = server.out_len = 0;
	}
	answer(bytes);
	return 0;
}

int transport_read(struct transport *transport, uint8_t *bytes, size_t size, uint64_t deadline_ms,
	struct problem *problem)
{
	size_t len = server.out_len - server.out_at;

	(void)transport;
	if (server.fault == SILENT || len == 0) {
		int rc = deadline_wait_fd(-1, 0, server.wake_fd, deadline_ms);

		return problem_set(problem,
			rc == 0 ? APPLIER_ERROR_TIMEOUT : APPLIER_ERROR_INTERNAL,
			rc == 0 ? "no answer in time" : "stopped");
	}
	len = len < size ? len : size;
	len = len < 1000 ? len : 1000; /* in pieces */
	memcpy(bytes, server.out + server.out_at, len);
	server.out_at += len;
	return (int)len;
}

void transport_close(struct transport *transport)
{
	free(transport);
}

/* ---- the client ------------------------------------------------------------------------------ */

static struct remote *remote;
static struct {
	unsigned count;
	struct remote_result last;
	uint8_t content[REMOTE_FILE_MAX];
	bool close; /* in the callback */
	int again;  /* what remote_read() in the callback has said */
} got;

static void note(void *ctx, const struct remote_result *result)
{
	(void)ctx;
	got.count++;
	got.last = *result;
	if (result->len > 0) {
		memcpy(got.content, result->bytes, result->len);
	}
	got.again = remote_read(remote, "f", note, NULL);
	if (got.close) {
		remote_close(remote);
		remote = NULL;
	}
}

static void wait_for(unsigned count)
{
	while (got.count < count) {
		struct pollfd poll_fd = { remote_fd(remote), POLLIN, 0 };

		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
		remote_dispatch(remote);
	}
}

static void read_file(const char *path)
{
	assert_int_equal(remote_read(remote, path, note, NULL), 0);
	wait_for(got.count + 1);
}

static void write_file(const char *path, const char *content)
{
	assert_int_equal(
		remote_write(remote, path, (const uint8_t *)content, strlen(content), note, NULL),
		0);
	wait_for(got.count + 1);
}

static void open_remote(enum fault fault)
{
	const struct remote_config config = { .host = "h",
		.user = "u",
		.private_key_file = "k",
		.known_hosts_file = "n",
		.timeout_ms = 300 };
	char error[APPLIER_ERROR_TEXT_MAX];

	memset(&server, 0, sizeof(server));
	memset(&got, 0, sizeof(got));
	server.fault = fault;
	remote = remote_open(&config, error);
	assert_non_null(remote);
}

static void serve(const char *name, const void *content, size_t len)
{
	struct file *file = make(name, strlen(name));

	memcpy(file->content, content, len);
	file->len = len;
}

static int tear_down(void **state)
{
	(void)state;
	remote_close(remote);
	remote = NULL;
	return 0;
}

static void assert_failed(enum applier_error error, const char *text)
{
	assert_int_equal(got.last.error, error);
	if (!strstr(got.last.text, text)) {
		fail_msg("\"%s\" is not in \"%s\"", text, got.last.text);
	}
	assert_int_equal(got.last.len, 0);
}

static void assert_content(const char *expected)
{
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_int_equal(got.last.len, strlen(expected));
	assert_memory_equal(got.content, expected, strlen(expected));
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_read(void **state)
{
	(void)state;
	open_remote(NO_FAULT);
	serve("f", "{\"a\": \"b\"}", 10);
	read_file("f");
	assert_content("{\"a\": \"b\"}");
	assert_int_equal(got.again, -EBUSY);
	serve("g", "", 0);
	read_file("g");
	assert_content("");
	assert_int_equal(server.connections, 1);
	read_file("h");
	assert_failed(APPLIER_ERROR_NOT_CONFIGURED, "reading h: no such file");
	assert_string_equal(remote_error_name(got.last.error), "file-not-found");
	read_file("f");
	assert_content("{\"a\": \"b\"}");
}

static void test_size(void **state)
{
	(void)state;
	static uint8_t content[REMOTE_FILE_MAX + 1];

	open_remote(NO_FAULT);
	for (size_t i = 0; i < sizeof(content); i++) {
		content[i] = (uint8_t)(i * 7);
	}
	serve("f", content, REMOTE_FILE_MAX);
	read_file("f");
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_int_equal(got.last.len, REMOTE_FILE_MAX);
	assert_memory_equal(got.content, content, REMOTE_FILE_MAX);
	serve("g", content, sizeof(content));
	read_file("g");
	assert_failed(APPLIER_ERROR_REFUSED, "g: more than 65536 octets");
	read_file("f");
	assert_int_equal(got.last.error, APPLIER_OK);
}

static void test_write(void **state)
{
	(void)state;
	open_remote(NO_FAULT);
	write_file("f", "one");
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_string_equal(got.last.text, "");
	write_file("f", "another");
	read_file("f");
	assert_content("another");
	assert_false(server.absent_once);
	assert_null(find("f.keyidd-new", 12));
}

static void test_write_without_posix_rename(void **state)
{
	(void)state;
	open_remote(NO_POSIX_RENAME);
	write_file("f", "one");
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_false(server.absent_once);
	write_file("f", "another");
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_string_equal(got.last.text,
		"the server has no posix-rename: while it is replaced there is no f");
	assert_true(server.absent_once);
	read_file("f");
	assert_content("another");
}

/* What was there stays, and nothing stays beside it. */
static void test_write_refused(void **state)
{
	(void)state;
	open_remote(NO_FAULT);
	write_file("f", "one");
	server.fault = WRITE_REFUSED;
	write_file("f", "another");
	assert_failed(APPLIER_ERROR_REFUSED, "writing f.keyidd-new: failure");
	assert_null(find("f.keyidd-new", 12));
	read_file("f");
	assert_content("one");
}

static void test_dead_session(void **state)
{
	(void)state;
	open_remote(NO_FAULT);
	serve("f", "x", 1);
	read_file("f");
	server.fault = DIE_ONCE;
	read_file("f");
	assert_content("x");
	assert_int_equal(server.connections, 2);
	server.fault = DIE_ONCE;
	write_file("f", "y");
	assert_int_equal(got.last.error, APPLIER_OK);
	assert_int_equal(server.connections, 3);
}

/* A session that dies at once is no old one. */
static void test_dies_at_once(void **state)
{
	(void)state;
	open_remote(DIE_ONCE);
	serve("f", "x", 1);
	read_file("f");
	assert_failed(APPLIER_ERROR_CONNECTION_LOST, "the session ended");
	read_file("f");
	assert_content("x");
}

static void test_bad_servers(void **state)
{
	(void)state;
	static const struct {
		enum fault fault;
		const char *text;
	} faults[] = { { VERSION_2, "does not speak SFTP version 3" },
		{ WRONG_ID, "an SFTP reply to something else" },
		{ WRONG_KIND, "an SFTP reply to something else" },
		{ EMPTY_DATA, "an SFTP reply without data" },
		{ HUGE_PACKET, "a packet of no length or of more than 34000 octets" },
		{ NO_SFTP, "not an SFTP reply" } };

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		open_remote(faults[i].fault);
		serve("f", "x", 1);
		read_file("f");
		assert_failed(APPLIER_ERROR_PROTOCOL, faults[i].text);
		server.fault = NO_FAULT;
		read_file("f");
		assert_content("x");
		remote_close(remote);
	}
	remote = NULL;
}

static void test_silent_server(void **state)
{
	(void)state;
	open_remote(SILENT);
	read_file("f");
	assert_failed(APPLIER_ERROR_TIMEOUT, "no answer in time");
}

static void test_closing(void **state)
{
	(void)state;
	uint64_t start_ms = deadline_now_ms();

	open_remote(SILENT);
	assert_int_equal(remote_read(remote, "f", note, NULL), 0);
	assert_int_equal(remote_read(remote, "f", note, NULL), -EBUSY);
	remote_close(remote);
	assert_true(deadline_now_ms() - start_ms < 250);
	assert_int_equal(got.count, 0);
	remote_close(NULL);

	open_remote(NO_FAULT);
	got.close = true;
	assert_int_equal(remote_read(remote, "f", note, NULL), 0);
	wait_for(1);
	assert_null(remote);
}

static void test_arguments(void **state)
{
	(void)state;
	struct remote_config config = {
		.host = "h", .user = "u", .private_key_file = "bad", .known_hosts_file = "n"
	};
	static char path[REMOTE_PATH_MAX + 2];
	static uint8_t content[REMOTE_FILE_MAX + 1];
	char error[APPLIER_ERROR_TEXT_MAX];

	assert_null(remote_open(&config, error));
	assert_string_equal(error, "bad key");
	open_remote(NO_FAULT);
	memset(path, 'p', sizeof(path) - 1);
	assert_int_equal(remote_read(remote, path, note, NULL), -EINVAL);
	assert_int_equal(remote_read(remote, "", note, NULL), -EINVAL);
	assert_int_equal(remote_write(remote, "f", content, sizeof(content), note, NULL), -EINVAL);
	remote_close(remote);
	config.private_key_file = "k";
	config.host = "nowhere";
	remote = remote_open(&config, error);
	read_file("f");
	assert_failed(APPLIER_ERROR_UNREACHABLE, "nowhere: no route");
	assert_string_equal(remote_error_name(got.last.error), "file-unreachable");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_read, tear_down),
		cmocka_unit_test_teardown(test_size, tear_down),
		cmocka_unit_test_teardown(test_write, tear_down),
		cmocka_unit_test_teardown(test_write_without_posix_rename, tear_down),
		cmocka_unit_test_teardown(test_write_refused, tear_down),
		cmocka_unit_test_teardown(test_dead_session, tear_down),
		cmocka_unit_test_teardown(test_dies_at_once, tear_down),
		cmocka_unit_test(test_bad_servers),
		cmocka_unit_test_teardown(test_silent_server, tear_down),
		cmocka_unit_test_teardown(test_closing, tear_down),
		cmocka_unit_test_teardown(test_arguments, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
