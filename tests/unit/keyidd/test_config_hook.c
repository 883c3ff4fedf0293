/* The configuration of hook devices. */
#include "test_config_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "keyidd/config_same.h"

#define ROUTER                                                                                     \
	"    type: junos\n"                                                                        \
	"    host: 192.0.2.1\n"                                                                    \
	"    user: keyidd\n"                                                                       \
	"    private-key: /k/router.key\n"                                                         \
	"    known-hosts: /k/known_hosts\n"
#define HOOK "    type: hook\n    program: /k/hook\n"

static void test_hook(void **state)
{
	(void)state;
	struct config config = parse_good(with(ROUTER, HOOK));
	const struct config_device *device = &config.devices[0];

	assert_int_equal(device->type, CONFIG_DEVICE_HOOK);
	assert_string_equal(device->program, "/k/hook");
	assert_int_equal(device->timeout_ms, 30000);
	assert_null(device->host);
	assert_null(config.associations[0].junos.host);
	config_free(&config);
	config = parse_good(with(ROUTER, HOOK "    timeout: 1m\n"));
	assert_int_equal(config.devices[0].timeout_ms, 60000);
	config_free(&config);
}

static void test_keys_of_other_types(void **state)
{
	(void)state;
	static const struct spoil spoils[] = {
		{ ROUTER, "    type: hook\n",
			"12: devices[0].program: missing; give the path of the program to call" },
		{ ROUTER, HOOK "    host: 192.0.2.1\n",
			"15: devices[0].host: not used with type: hook; leave it out" },
		{ ROUTER, HOOK "    lock-wait: 10s\n",
			"15: devices[0].lock-wait: not used with type: hook; leave it out" },
		{ ROUTER, ROUTER "    program: /k/hook\n",
			"18: devices[0].program: not used with type: junos; leave it out" },
		{ ROUTER, HOOK "    timeout: 1ms\n",
			"15: devices[0].timeout: \"1ms\": out of bounds: 100ms to 10m" },
	};

	ASSERT_ALL_REFUSED(spoils);
	/* To rehearse, the type alone is changed. */
	assert_good(with(ROUTER, "    type: dry-run\n    program: /k/hook\n    host: a\n"));
}

/* Another program is another device: the association starts anew. */
static void test_same(void **state)
{
	(void)state;
	struct config before = parse_good(with(ROUTER, HOOK));
	struct config same = parse_good(with(ROUTER, HOOK));
	struct config other = parse_good(with(ROUTER, "    type: hook\n    program: /k/other\n"));
	struct config slower = parse_good(with(ROUTER, HOOK "    timeout: 31s\n"));

	assert_true(config_same_association(&before.associations[0], &same.associations[0]));
	assert_false(config_same_association(&before.associations[0], &other.associations[0]));
	assert_false(config_same_association(&before.associations[0], &slower.associations[0]));
	config_free(&before);
	config_free(&same);
	config_free(&other);
	config_free(&slower);
}

static size_t count_about(const struct config_errors *errors, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < errors->count; i++) {
		count += strstr(errors->list[i].text, text) != NULL;
	}
	return count;
}

static size_t complaints(const char *program)
{
	struct config_errors errors = { 0 };
	struct config config;
	char device[256];
	const char *text;
	size_t count;

	snprintf(device, sizeof(device), "    type: hook\n    program: %s\n", program);
	text = with(ROUTER, device);
	config_parse("t.yaml", text, strlen(text), true, &config, &errors);
	count = count_about(&errors, "devices[0].program: ");
	config_errors_free(&errors);
	config_free(&config);
	return count;
}

/* With all that is wrong with the other files, the program has its own line, or none. */
static void test_program_is_checked(void **state)
{
	char folder[] = "/tmp/test-config-hook-XXXXXX";
	char program[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(program, sizeof(program), "%s/hook", folder);
	file = fopen(program, "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(complaints("hook"), 1);
	assert_int_equal(complaints(folder), 1);
	chmod(program, 0600);
	assert_int_equal(complaints(program), 1);
	chmod(program, 0702);
	assert_int_equal(complaints(program), 1);
	chmod(program, 0700);
	assert_int_equal(complaints(program), 0);
	unlink(program);
	assert_int_equal(complaints(program), 1);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hook),
		cmocka_unit_test(test_keys_of_other_types),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_program_is_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
