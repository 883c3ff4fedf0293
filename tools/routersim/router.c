#include "tools/routersim/router.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <libxml/parser.h>

#include "common/hex.h"
#include "tools/routersim/chain.h"

void router_path(const char *dir, const char *file, char out[static PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX) {
		fprintf(stderr, "routersim: path too long: %s/%s\n", dir, file);
		exit(1);
	}
}

int64_t router_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool router_same_dir(const char *a, const char *b)
{
	struct stat a_status;
	struct stat b_status;

	return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 &&
	       a_status.st_dev == b_status.st_dev && a_status.st_ino == b_status.st_ino;
}

/* ---- files ----------------------------------------------------------------------------------- */

void router_log(const char *dir, const char *file, const char *format, ...)
{
	char path[PATH_MAX];
	char line[1024];
	char date[24];
	int64_t now_ms = router_now_ms();
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm utc;
	int len;
	int fd;
	va_list args;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
	len = snprintf(line, sizeof(line) - 1, "%s.%03dZ ", date, (int)(now_ms % 1000));
	va_start(args, format);
	len += vsnprintf(line + len, sizeof(line) - 1 - (size_t)len, format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2) {
		len = (int)sizeof(line) - 2;
	}
	line[len++] = '\n';
	router_path(dir, file, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (write(fd, line, (size_t)len) != len) {
			fprintf(stderr, "routersim: %s: %m\n", path);
		}
		close(fd);
	}
}

int router_write_file(const char *dir, const char *file, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	char temporary[PATH_MAX];
	char name[32];
	int rc = 0;
	int fd;

	router_path(dir, file, path);
	snprintf(name, sizeof(name), ".new.%d", (int)getpid());
	router_path(dir, name, temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	if (write(fd, bytes, len) != (ssize_t)len) {
		rc = -EIO;
	}
	if (close(fd) < 0 || (rc == 0 && rename(temporary, path) < 0)) {
		rc = -errno;
	}
	return rc;
}

xmlDoc *router_read_config(const char *dir, const char *file)
{
	char path[PATH_MAX];

	router_path(dir, file, path);
	return xmlReadFile(path, NULL,
		XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

int router_write_config(const char *dir, const char *file, xmlDoc *doc)
{
	xmlChar *text = NULL;
	int len = 0;
	int rc;

	xmlDocDumpFormatMemory(doc, &text, &len, 1);
	rc = text ? router_write_file(dir, file, text, (size_t)len) : -ENOMEM;
	xmlFree(text);
	return rc;
}

/* ---- keys ------------------------------------------------------------------------------------ */

void router_key_secret(const struct router_key *key, struct secret *secret)
{
	uint8_t bytes[ROUTER_HEX_MAX / 2];
	int len = hex_decode(key->cak, strlen(key->cak), bytes, sizeof(bytes));

	memset(secret, 0, sizeof(*secret));
	secret_set(secret, bytes, len > 0 ? (size_t)len : 0);
	secret_wipe_bytes(bytes, sizeof(bytes));
}

bool router_key_equal(const struct router_key *a, const struct router_key *b)
{
	return a->ckn[0] && strcmp(a->ckn, b->ckn) == 0 && strcmp(a->cak, b->cak) == 0;
}

/* ---- state.json ------------------------------------------------------------------------------ */

static void copy_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	snprintf(out, size, "%s", text ? text : "");
}

static void key_from_json(const json_t *object, struct router_key *key)
{
	copy_text(object, "ckn", key->ckn, sizeof(key->ckn));
	copy_text(object, "cak", key->cak, sizeof(key->cak));
	key->since_ms = json_integer_value(json_object_get(object, "since_ms"));
}

static json_t *key_to_json(const struct router_key *key)
{
	return json_pack("{s:s, s:s, s:I}", "ckn", key->ckn, "cak", key->cak, "since_ms",
		(json_int_t)key->since_ms);
}

static void from_json(const json_t *root, struct router *router)
{
	const json_t *list = json_object_get(root, "interfaces");
	const json_t *item;
	size_t i;

	copy_text(root, "name", router->name, sizeof(router->name));
	copy_text(root, "association", router->association, sizeof(router->association));
	router->mka_delay_ms = (int)json_integer_value(json_object_get(root, "mka_delay_ms"));
	router->base_1_1 = json_is_true(json_object_get(root, "base_1_1"));
	router->rfc_compliant = json_is_true(json_object_get(root, "rfc_compliant"));
	router->mka_form = (enum router_mka_form)json_integer_value(
		json_object_get(root, "mka_form"));
	router->commit_count = (uint64_t)json_integer_value(json_object_get(root, "commit_count"));
	router->clock_offset_s = json_integer_value(json_object_get(root, "clock_offset_s"));
	chain_from_json(json_object_get(root, "chain"), &router->chain);
	key_from_json(json_object_get(root, "current"), &router->current);
	json_array_foreach(list, i, item)
	{
		struct router_interface *interface = &router->interfaces[router->interface_count];

		if (router->interface_count == ROUTER_INTERFACES_MAX) {
			break;
		}
		copy_text(item, "name", interface->name, sizeof(interface->name));
		copy_text(item, "peer", interface->peer, sizeof(interface->peer));
		key_from_json(json_object_get(item, "preceding"), &interface->preceding);
		router->interface_count++;
	}
}

int router_save(const struct router *router)
{
	json_t *list = json_array();
	json_t *root;
	char *text;
	int rc;

	for (size_t i = 0; i < router->interface_count; i++) {
		const struct router_interface *interface = &router->interfaces[i];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o}", "name", interface->name, "peer",
				interface->peer, "preceding", key_to_json(&interface->preceding)));
	}
	root = json_pack("{s:s, s:s, s:i, s:b, s:b, s:i, s:I, s:I, s:o, s:o, s:o}", "name",
		router->name, "association", router->association, "mka_delay_ms",
		router->mka_delay_ms, "base_1_1", router->base_1_1, "rfc_compliant",
		router->rfc_compliant, "mka_form", (int)router->mka_form, "commit_count",
		(json_int_t)router->commit_count, "clock_offset_s",
		(json_int_t)router->clock_offset_s, "chain", chain_to_json(&router->chain),
		"current", key_to_json(&router->current), "interfaces", list);
	text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	rc = text ? router_write_file(router->dir, "state.json", text, strlen(text)) : -ENOMEM;
	if (text) {
		secret_wipe_bytes(text, strlen(text));
	}
	free(text);
	json_decref(root);
	return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

int router_create(struct router *router, const char *dir)
{
	char path[PATH_MAX];

	memset(router, 0, sizeof(*router));
	snprintf(router->dir, sizeof(router->dir), "%s", dir);
	router_path(dir, "mutex", path);
	router->mutex_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (router->mutex_fd < 0 || flock(router->mutex_fd, LOCK_EX) < 0) {
		int error = errno;

		fprintf(stderr, "routersim: %s: %s\n", path, strerror(error));
		router_close(router);
		return -error;
	}
	return 0;
}

/* Older keys of a key-chain are useless once a newer one has started. */
static void take_turn(struct router *router, int64_t now_ms)
{
	if (!router->chain.name[0]) {
		return;
	}
	chain_current(router, now_ms, &router->current);
	for (size_t i = 0; i < router->interface_count; i++) {
		secret_wipe_bytes(
			&router->interfaces[i].preceding, sizeof(router->interfaces[i].preceding));
	}
}

int router_open(struct router *router, const char *dir)
{
	char path[PATH_MAX];
	json_error_t error;
	json_t *root;
	int rc = router_create(router, dir);

	if (rc < 0) {
		return rc;
	}
	router_path(dir, "state.json", path);
	root = json_load_file(path, 0, &error);
	if (!root) {
		fprintf(stderr, "routersim: %s: %s\n", path, error.text);
		router_close(router);
		return -ENOENT;
	}
	from_json(root, router);
	json_decref(root);
	take_turn(router, router_now_ms());
	return 0;
}

static bool has_state(const char *dir)
{
	char path[PATH_MAX];

	router_path(dir, "state.json", path);
	return access(path, R_OK) == 0;
}

static bool comes_first(const char *a, const char *b)
{
	struct stat a_status = { 0 };
	struct stat b_status = { 0 };

	stat(a, &a_status);
	stat(b, &b_status);
	return a_status.st_dev != b_status.st_dev ? a_status.st_dev < b_status.st_dev
						  : a_status.st_ino < b_status.st_ino;
}

/* Always in the same order, whichever end asks: each waits for the other's mutex. */
static int open_in_order(
	struct router *a, const char *a_dir, struct router *b, const char *b_dir, bool *b_open)
{
	int rc;

	if (comes_first(a_dir, b_dir)) {
		rc = router_open(a, a_dir);
		*b_open = rc == 0 && router_open(b, b_dir) == 0;
		return rc;
	}
	*b_open = router_open(b, b_dir) == 0;
	rc = router_open(a, a_dir);
	if (rc < 0 && *b_open) {
		router_close(b);
	}
	return rc;
}

int router_open_pair(
	struct router *a, const char *a_dir, struct router *b, const char *b_dir, bool *b_open)
{
	int64_t now_ms;
	int rc;

	*b_open = b_dir[0] && has_state(b_dir) && !router_same_dir(a_dir, b_dir);
	if (!*b_open) {
		return router_open(a, a_dir);
	}
	rc = open_in_order(a, a_dir, b, b_dir, b_open);
	if (rc == 0 && *b_open) {
		/* At one moment: a start may have come between the two. */
		now_ms = router_now_ms();
		take_turn(a, now_ms);
		take_turn(b, now_ms);
	}
	return rc;
}

void router_close(struct router *router)
{
	if (router->mutex_fd >= 0) {
		close(router->mutex_fd);
	}
	secret_wipe_bytes(router, sizeof(*router));
	router->mutex_fd = -1;
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* Field 22 of /proc/PID/stat, which with the number names a process for ever; 0 if there is none.
 */
static unsigned long long process_start(pid_t pid)
{
	char path[64];
	char text[1024];
	unsigned long long start = 0;
	const char *after_name;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file) {
		return 0;
	}
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	after_name = strrchr(text, ')');
	if (!after_name || sscanf(after_name + 1,
				   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				   "%*d %*d %*d %*d %llu",
				   &start) != 1) {
		return 0;
	}
	return start;
}

int claim_write(const char *dir, const char *file)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(), process_start(getpid()));

	return router_write_file(dir, file, text, (size_t)len);
}

pid_t claim_holder(const char *dir, const char *file)
{
	char path[PATH_MAX];
	unsigned long long start = 0;
	int pid = 0;
	FILE *stream;

	router_path(dir, file, path);
	stream = fopen(path, "re");
	if (!stream) {
		return 0;
	}
	if (fscanf(stream, "%d %llu", &pid, &start) != 2 || pid <= 0 ||
		process_start(pid) != start) {
		pid = 0;
		unlink(path);
	}
	fclose(stream);
	return pid;
}

void claim_drop(const char *dir, const char *file)
{
	char path[PATH_MAX];

	router_path(dir, file, path);
	unlink(path);
}
