/* Key files: both forms, and every way in which one is refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/hex.h"
#include "keyidd/keyfile.h"

static char folder[] = "/tmp/test_keyfile.XXXXXX";
static char path[64];
static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1b1c1d1e1f";

static void write_file(const void *content, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_key(const char *name)
{
	char error[KEYFILE_ERROR_TEXT_MAX] = "";
	struct secret key;

	assert_int_equal(keyfile_read(name, &key, error), 0);
	assert_int_equal(key.len, KEYFILE_KEY_LEN);
	for (uint8_t i = 0; i < KEYFILE_KEY_LEN; i++) {
		assert_int_equal(key.bytes[i], i);
	}
}

/* Refused, the reason holds this text, and no key octet was left behind. */
static void assert_refused(const char *name, const char *reason)
{
	char error[KEYFILE_ERROR_TEXT_MAX] = "";
	struct secret nothing = { 0 };
	struct secret key;

	memset(&key, 0xff, sizeof(key));
	assert_int_equal(keyfile_read(name, &key, error), -EINVAL);
	assert_memory_equal(&key, &nothing, sizeof(key));
	if (!strstr(error, reason)) {
		fail_msg("\"%s\" does not say \"%s\"", error, reason);
	}
	assert_null(strstr(error, "0001020304"));
}

static void test_forms(void **state)
{
	(void)state;
	uint8_t raw[KEYFILE_KEY_LEN];
	char text[80];

	hex_decode(digits, strlen(digits), raw, sizeof(raw));
	write_file(raw, sizeof(raw), 0600);
	assert_key(path);
	write_file(digits, strlen(digits), 0400);
	assert_key(path);
	snprintf(text, sizeof(text), "%s\n", digits);
	write_file(text, strlen(text), 0600);
	assert_key(path);
	snprintf(text, sizeof(text), "%s\r\n", digits);
	write_file(text, strlen(text), 0600);
	assert_key(path);
}

static void test_wrong_size(void **state)
{
	(void)state;
	char text[200];

	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len <= 80; len++) {
		if (len != 32 && len != 64) {
			write_file(text, len, 0600);
			assert_refused(path, "octets");
		}
	}
	write_file(text, sizeof(text), 0600);
	assert_refused(path, "more than 66 octets; a key is 32 octets, or 64 hexadecimal digits");
}

static void test_wrong_content(void **state)
{
	(void)state;
	uint8_t zeros[KEYFILE_KEY_LEN] = { 0 };
	char text[80];

	snprintf(text, sizeof(text), "%s", digits);
	text[10] = 'g';
	write_file(text, 64, 0600);
	assert_refused(path, "hexadecimal");
	snprintf(text, sizeof(text), "%s\n\n", digits);
	write_file(text, 66, 0600);
	assert_refused(path, "octets");
	write_file(zeros, sizeof(zeros), 0600);
	assert_refused(path, "nothing but zeros");
}

static void test_permissions(void **state)
{
	(void)state;
	static const mode_t open_modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0777 };
	char error[KEYFILE_ERROR_TEXT_MAX];
	struct secret key;

	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		write_file(digits, 64, open_modes[i]);
		assert_refused(path, "chmod 600");
		assert_int_equal(keyfile_read_disclosed(path, &key, error), 0);
		assert_int_equal(key.bytes[31], 31);
	}
	write_file(digits, 64, 0600);
	assert_key(path);
}

static void test_owner(void **state)
{
	(void)state;

	if (geteuid() != 0) {
		skip();
	}
	write_file(digits, 64, 0600);
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_refused(path, "belongs to user 12345");
}

static void test_not_a_file(void **state)
{
	(void)state;

	assert_refused(folder, "not a regular file");
	assert_refused("/dev/zero", "not a regular file");
	assert_refused("/nowhere/at/all", "No such file");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, "not a regular file");
}

static void test_link_to_open_file(void **state)
{
	(void)state;
	char link_path[80];

	write_file(digits, 64, 0644);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	assert_int_equal(symlink(path, link_path), 0);
	assert_refused(link_path, "chmod 600");
	unlink(link_path);
}

static void test_credential(void **state)
{
	(void)state;

	write_file(digits, 64, 0400);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_refused("credential:key", "LoadCredential=key:PATH");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_key("credential:key");
	write_file(digits, 64, 0440);
	assert_key("credential:key");
	write_file(digits, 64, 0460);
	assert_refused("credential:key", "mode 0460");
	write_file(digits, 64, 0444);
	assert_refused("credential:key", "mode 0444");
	assert_refused("credential:", "not the name of a credential");
	assert_refused("credential:..", "not the name of a credential");
	assert_refused("credential:../key", "not the name of a credential");
	assert_refused("credential:other", "No such file");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder)) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_wrong_size),
		cmocka_unit_test(test_wrong_content),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_link_to_open_file),
		cmocka_unit_test(test_credential),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
