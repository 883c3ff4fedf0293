/* Which programs may be called, and the file that the keys stand in. */
#include "test_hook_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>

/* ---- which programs -------------------------------------------------------------------------- */

static void assert_refused(const char *program, const char *reason)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	assert_int_equal(hook_check_program(program, error), -1);
	if (!strstr(error, reason)) {
		fail_msg("%s: %s", program, error);
	}
}

static void test_check_program(void **state)
{
	char error[APPLIER_ERROR_TEXT_MAX];
	char sub[96], file[128];

	(void)state;
	write_program("exit 0");
	assert_int_equal(hook_check_program(path, error), 0);
	assert_int_equal(hook_check_program("/bin/sh", error), 0);
	assert_refused("program", "not an absolute path");
	assert_refused("", "not an absolute path");
	assert_refused("/nonexistent/program", "No such file or directory");
	assert_refused(folder, "not a regular file");
	assert_refused("/dev/null", "not a regular file");
	chmod(path, 0600);
	assert_refused(path, "not executable");
	chmod(path, 0770);
	assert_refused(path, "mode 0770 lets others write it");
	chmod(path, 0702);
	assert_refused(path, "mode 0702 lets others write it");

	snprintf(sub, sizeof(sub), "%s/sub", folder);
	snprintf(file, sizeof(file), "%s/program", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	chmod(path, 0755);
	assert_int_equal(rename(path, file), 0);
	assert_int_equal(hook_check_program(file, error), 0);
	chmod(sub, 0777);
	assert_refused(file, "/sub: mode 0777 lets others write it");
	assert_int_equal(symlink(file, path), 0); /* what is behind it counts */
	assert_refused(path, "/sub: mode 0777 lets others write it");
	chmod(sub, 0755);
	assert_int_equal(hook_check_program(path, error), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 65534, 65534), 0);
		assert_refused(file, "belongs to user 65534");
	}
	unlink(path);
	unlink(file);
	rmdir(sub);
}

static void test_open_refuses(void **state)
{
	const struct applier_hook_config config = { .program = path, .association = "a" };
	char error[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	write_program("exit 0");
	chmod(path, 0600);
	assert_null(applier_open_hook(set, &config, error));
	assert_non_null(strstr(error, "not executable"));
	chmod(path, 0700);
	signal(SIGCHLD, SIG_IGN);
	assert_null(applier_open_hook(set, &config, error));
	assert_non_null(strstr(error, "SIGCHLD is ignored"));
	signal(SIGCHLD, SIG_DFL);
}

/* ---- the keys -------------------------------------------------------------------------------- */

static void test_keys_are_sealed_and_wiped(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);
	struct hook_keys keys;
	char octets[256] = "", name[64];
	int copy, other;

	(void)state;
	assert_int_equal(hook_keys_open(&job, &keys), 0);
	copy = dup(keys.fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", keys.fd);
	other = open(name, O_RDWR | O_CLOEXEC);
	assert_true(copy >= 0 && other >= 0);
	assert_int_equal(read(keys.fd, octets, sizeof(octets)), (ssize_t)keys.len);
	assert_string_equal(octets, CKN_1 " " CAK_1 " 1764000000\n");

	assert_int_equal(pwrite(copy, "x", 1, 0), -1);
	assert_int_equal(pwrite(other, "x", 1, 0), -1);
	assert_int_equal(ftruncate(copy, 0), -1);
	assert_int_equal(ftruncate(copy, 10000), -1);
	assert_ptr_equal(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, other, 0), MAP_FAILED);

	hook_keys_wipe(&keys);
	memset(octets, 'x', sizeof(octets));
	assert_true(pread(other, octets, sizeof(octets), 0) > 64);
	for (size_t i = 0; octets[i] != 'x'; i++) {
		assert_int_equal(octets[i], 0);
	}
	close(copy);
	close(other);

	job.key_count = 0;
	assert_int_equal(hook_keys_open(&job, &keys), 0);
	assert_int_equal(read(keys.fd, octets, sizeof(octets)), 0);
	hook_keys_wipe(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_program),
		cmocka_unit_test(test_open_refuses),
		cmocka_unit_test(test_keys_are_sealed_and_wiped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
