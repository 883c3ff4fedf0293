/* The configuration and the disk: its file, the files that it names, the manual, the examples. */
#include "test_config_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONFIG_DIR "/etc/keyidd"
#define DOCS "docs/"

static char folder[] = "/tmp/test_config.XXXXXX";
static char file[64];
static char text[2 * CONFIG_FILE_MAX];

static const char *const plain_files[] = { "ca.pem", "sae.pem", "sae.key", "router.key",
	"known_hosts", "kme-ca.pem" };
static const char *const key_files[] = { "state.key", "span-1.key", "span-2.key", "rehearsal.key" };

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *content, size_t len, mode_t mode)
{
	const char *path = path_of(name);
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Replaces every one of from, in place. */
static void replace_all(char *in, size_t size, const char *from, const char *to)
{
	char *place = in;

	while ((place = strstr(place, from))) {
		size_t rest = strlen(place + strlen(from)) + 1;

		assert_true((size_t)(place - in) + strlen(to) + rest < size);
		memmove(place + strlen(to), place + strlen(from), rest);
		memcpy(place, to, strlen(to));
		place += strlen(to);
	}
}

static void read_text(const char *path)
{
	FILE *in = fopen(path, "r");
	size_t len;

	if (!in) {
		fail_msg("%s: %s (the test runs in the top folder)", path, strerror(errno));
	}
	len = fread(text, 1, sizeof(text) - 1, in);
	text[len] = '\0';
	fclose(in);
}

/* All files that the good configuration and the examples name, and the good one itself. */
static void write_all(void)
{
	char key[65];

	for (size_t i = 0; i < sizeof(plain_files) / sizeof(plain_files[0]); i++) {
		write_file(plain_files[i], "x", 1, 0644);
	}
	for (size_t i = 0; i < sizeof(key_files) / sizeof(key_files[0]); i++) {
		memset(key, 'a' + (int)i, 64);
		write_file(key_files[i], key, 64, 0600);
	}
	snprintf(text, sizeof(text), "daemon: { state-key: /k/state.key }\n%s", good);
	replace_all(text, sizeof(text), " /k", " TMP");
	replace_all(text, sizeof(text), "TMP", folder);
	write_file("keyidd.yaml", text, strlen(text), 0644);
}

static int load(struct config *config, struct config_errors *errors)
{
	*errors = (struct config_errors){ 0 };
	return config_load(file, config, errors);
}

static void assert_loads(void)
{
	struct config_errors errors;
	struct config config;

	if (load(&config, &errors) < 0) {
		fail_msg("%s", errors.list[0].text);
	}
	config_free(&config);
}

/* Refused with one error that begins "LINE: path: " and has this in it. */
static void assert_load_refused(const char *place, const char *reason)
{
	struct config_errors errors;
	struct config config;
	char begin[200];

	snprintf(begin, sizeof(begin), "%s:%s", file, place);
	assert_int_equal(load(&config, &errors), -EINVAL);
	if (errors.count != 1 || strncmp(errors.list[0].text, begin, strlen(begin)) != 0 ||
		!strstr(errors.list[0].text, reason)) {
		for (size_t i = 0; i < errors.count; i++) {
			print_message("# %s\n", errors.list[i].text);
		}
		fail_msg("not refused with just \"%s ... %s\"", begin, reason);
	}
	config_errors_free(&errors);
}

static void test_keys_are_read(void **state)
{
	(void)state;
	struct config_errors errors;
	struct config config;

	write_all();
	assert_int_equal(load(&config, &errors), 0);
	assert_int_equal(config.daemon.state_key.len, CONFIG_KEY_LEN);
	assert_int_equal(config.daemon.state_key.bytes[0], 0xaa);
	assert_int_equal(config.associations[0].channel_keys.keys[0].key.len, CONFIG_KEY_LEN);
	assert_int_equal(config.associations[0].channel_keys.keys[0].key.bytes[31], 0xbb);
	assert_int_equal(config.associations[1].channel_keys.keys[0].key.bytes[0], 0xcc);
	config_free(&config);
}

static void test_key_files_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *place;
	} keys[] = { { "state.key", "1: daemon.state-key: " },
		{ "span-1.key", "30: associations[0].channel-keys[0].file: " },
		{ "span-2.key", "41: associations[1].channel-keys[0].file: " } };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char key[64];

		memset(key, 'e', sizeof(key));
		write_all();
		unlink(path_of(keys[i].name));
		assert_load_refused(keys[i].place, "No such file");
		write_file(keys[i].name, key, 63, 0600);
		assert_load_refused(keys[i].place, "63 octets; a key is 32 octets");
		write_file(keys[i].name, key, 64, 0640);
		assert_load_refused(keys[i].place, "mode 0640 lets others");
		write_file(keys[i].name, key, 64, 0604);
		assert_load_refused(keys[i].place, "chmod 600");
		write_file(keys[i].name, key, 64, 0622);
		assert_load_refused(keys[i].place, "chmod 600");
		write_file(keys[i].name, key, 64, 0600);
		assert_loads();
	}
}

static void test_one_key_under_two_numbers(void **state)
{
	(void)state;
	write_all();
	read_text(path_of("keyidd.yaml"));
	replace_all(text, sizeof(text), "{ number: 7",
		"{ number: 6, file: TMP/span-1.key }, { number: 7");
	replace_all(text, sizeof(text), "TMP", folder);
	write_file("keyidd.yaml", text, strlen(text), 0644);
	assert_loads();
	replace_all(text, sizeof(text), "span-2.key", "span-1.key");
	write_file("keyidd.yaml", text, strlen(text), 0644);
	assert_load_refused(
		"41: associations[1].channel-keys[1].file: ", "the same key as number 6");
}

static void test_other_files_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *place;
	} files[] = { { "ca.pem", "9: kmes[0].ca: " }, { "sae.pem", "10: kmes[0].certificate: " },
		{ "sae.key", "11: kmes[0].private-key: " },
		{ "router.key", "17: devices[0].private-key: " },
		{ "known_hosts", "18: devices[0].known-hosts: " } };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_all();
		unlink(path_of(files[i].name));
		assert_load_refused(files[i].place, "No such file");
		write_file(files[i].name, "", 0, 0644);
		assert_load_refused(files[i].place, "empty");
		unlink(path_of(files[i].name));
		assert_int_equal(mkdir(path_of(files[i].name), 0700), 0);
		assert_load_refused(files[i].place, "not a regular file");
		rmdir(path_of(files[i].name));
	}
	write_all();
	assert_loads();
}

/* For captures: channel keys of any mode, beside the configuration; nothing else. */
static void test_offline(void **state)
{
	(void)state;
	struct config_errors errors = { 0 }, missing = { 0 };
	struct config config;

	write_all();
	for (size_t i = 0; i < sizeof(plain_files) / sizeof(plain_files[0]); i++) {
		unlink(path_of(plain_files[i]));
	}
	unlink(path_of("state.key"));
	read_text(path_of("keyidd.yaml"));
	replace_all(text, sizeof(text), path_of("span-1.key"), "span-1.key");
	write_file("keyidd.yaml", text, strlen(text), 0644);
	assert_int_equal(chmod(path_of("span-1.key"), 0644), 0);
	unlink(path_of("span-2.key"));

	assert_int_equal(config_load_offline(file, &config, &errors, &missing), 0);
	assert_int_equal(config.associations[0].channel_keys.keys[0].key.bytes[31], 0xbb);
	assert_int_equal(config.associations[1].channel_keys.keys[0].key.len, 0);
	assert_int_equal(config.daemon.state_key.len, 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(missing.count, 1);
	assert_non_null(
		strstr(missing.list[0].text, ":41: associations[1].channel-keys[0].file: "));
	config_errors_free(&missing);
	config_free(&config);

	write_file("keyidd.yaml", "daemon: 7\n", 10, 0644);
	assert_int_equal(config_load_offline(file, &config, &errors, &missing), -EINVAL);
	assert_true(errors.count > 0);
	assert_int_equal(missing.count, 0);
	config_errors_free(&errors);
}

static void test_no_file(void **state)
{
	(void)state;
	struct config_errors errors = { 0 };
	struct config config;

	assert_int_equal(config_load("/nowhere/at/all.yaml", &config, &errors), -EINVAL);
	assert_string_equal(errors.list[0].text, "/nowhere/at/all.yaml: No such file or directory");
	config_errors_free(&errors);
	assert_int_equal(config_load(folder, &config, &errors), -EINVAL);
	assert_non_null(strstr(errors.list[0].text, "Is a directory"));
	config_errors_free(&errors);
}

static void test_too_large(void **state)
{
	(void)state;
	memset(text, '#', sizeof(text));
	write_file("keyidd.yaml", text, CONFIG_FILE_MAX + 1, 0644);
	assert_load_refused(" ", "more than 1048576 octets");
	write_file("keyidd.yaml", text, CONFIG_FILE_MAX, 0644);
	assert_load_refused(" ", "nothing in it");
}

/* Tight texts that would cost much if they were taken. */
static void test_too_much(void **state)
{
	(void)state;
	memset(text, ',', CONFIG_FILE_MAX);
	for (size_t i = 1; i < CONFIG_FILE_MAX; i += 2) {
		text[i] = '1';
	}
	text[0] = '[';
	write_file("keyidd.yaml", text, CONFIG_FILE_MAX, 0644);
	assert_load_refused("1: ", "too much in one file");
	memset(text, '[', CONFIG_FILE_MAX);
	write_file("keyidd.yaml", text, CONFIG_FILE_MAX, 0644);
	assert_load_refused("1: ", "nested too deeply");
}

static size_t many_associations(size_t count)
{
	size_t len = (size_t)snprintf(text, sizeof(text),
		"daemon: { state-key: %s/state.key }\n%.*s", folder,
		(int)(strstr(good, "associations:") - good), good);

	replace_all(text, sizeof(text), " /k/", " TMP/");
	replace_all(text, sizeof(text), "TMP", folder);
	len = strlen(text);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "associations:\n");
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"  - name: span-%zu\n    role: master\n    sae: mx304-11\n    members: [a, "
			"b]\n"
			"    kme: kme-1\n    device: router-1\n    connectivity-association: "
			"CA_%zu\n"
			"    ckn: sha256\n    accept-interrupting-segment: true\n"
			"    channel-keys: [{ number: 1, file: %s/span-1.key }]\n"
			"    links: [{ interface: eth%zu, vlan: %zu }]\n",
			i, i, folder, i % 16, i);
	}
	return len;
}

static void test_many(void **state)
{
	(void)state;
	struct timespec before, after;
	struct config_errors errors;
	struct config config;
	size_t len;

	write_all();
	len = many_associations(CONFIG_ASSOCIATIONS_MAX);
	write_file("keyidd.yaml", text, len, 0644);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(load(&config, &errors), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(config.association_count, CONFIG_ASSOCIATIONS_MAX);
	config_free(&config);
	/* About 0.1 s; what takes seconds is quadratic. */
	assert_true(after.tv_sec - before.tv_sec < 5);

	len = many_associations(CONFIG_ASSOCIATIONS_MAX + 1);
	write_file("keyidd.yaml", text, len, 0644);
	assert_load_refused("", "associations: more than 1000 entries");
}

/* The examples load as they are, but for the place of the files that they name. */
static void test_examples(void **state)
{
	(void)state;
	static const char *const examples[] = { "master.yaml", "slave.yaml", "dry-run.yaml" };
	char name[128];

	write_all();
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		snprintf(name, sizeof(name), DOCS "examples/%s", examples[i]);
		read_text(name);
		if (!strstr(text, "\ndaemon:")) {
			size_t len = strlen(text);

			snprintf(text + len, sizeof(text) - len,
				"daemon: { state-key: %s/state.key }\n", folder);
		} else {
			replace_all(text, sizeof(text), "\ndaemon:\n",
				"\ndaemon:\n  state-key: " CONFIG_DIR "/state.key\n");
		}
		replace_all(text, sizeof(text), CONFIG_DIR, folder);
		write_file("keyidd.yaml", text, strlen(text), 0644);
		assert_loads();
	}
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* The two ends of the example would talk to each other. */
static void test_examples_belong_together(void **state)
{
	(void)state;
	struct config_errors errors = { 0 };
	struct config master, slave;
	const struct config_association *a, *b;

	read_text(DOCS "examples/master.yaml");
	assert_int_equal(config_parse("master", text, strlen(text), false, &master, &errors), 0);
	read_text(DOCS "examples/slave.yaml");
	assert_int_equal(config_parse("slave", text, strlen(text), false, &slave, &errors), 0);
	a = &master.associations[0];
	b = &slave.associations[0];
	assert_memory_equal(&master.transport, &slave.transport, sizeof(master.transport));
	assert_memory_equal(a->exchange.association, b->exchange.association, ASSOCIATION_ID_LEN);
	assert_true(sae_id_equal(&a->exchange.sae, &b->exchange.master));
	assert_true(sae_id_equal(&a->exchange.members[0], &b->exchange.sae));
	assert_memory_equal(&a->exchange.ckn, &b->exchange.ckn, sizeof(a->exchange.ckn));
	assert_string_equal(a->links[0].name, b->links[0].name);
	assert_int_equal(a->heartbeat_ms, b->heartbeat_ms);
	config_free(&master);
	config_free(&slave);
}

/* ---- the manual ---- */

/* The part of the text between the line that begins it and the next such line. */
static char *part(const char *in, const char *begin, const char *key, const char *end)
{
	char line[128], *start, *stop;

	snprintf(line, sizeof(line), "\n%s%s\n", begin, key);
	start = strstr(in, line);
	if (!start) {
		fail_msg("the manual has no \"%s%s\"", begin, key);
	}
	start = strdup(start + strlen(line) - 1);
	stop = strstr(start + 1, end);
	if (stop) {
		*stop = '\0';
	}
	return start;
}

static void check_manual(
	const char *manual, const struct config_section *section, const char *title)
{
	char *entries = part(manual, ".Ss ", title, "\n.S");

	for (size_t i = 0; i < section->field_count; i++) {
		const struct config_field *field = &section->fields[i];
		char *entry = part(entries, ".It Cm ", field->key, "\n.It");

		if (!field->fallback && !strstr(entry, "Required")) {
			fail_msg("the manual does not call %s required", field->key);
		}
		if (field->fallback && field->fallback[0] &&
			!(strstr(entry, "Default:") &&
				strstr(strstr(entry, "Default:"), field->fallback))) {
			fail_msg("the manual does not say that %s is %s", field->key,
				field->fallback);
		}
		free(entry);
	}
	free(entries);
}

static void test_manual(void **state)
{
	(void)state;
	char *manual;

	read_text(DOCS "keyidd.conf.5");
	manual = strdup(text);
	check_manual(manual, &config_daemon_section, "daemon");
	check_manual(manual, &config_transport_section, "transport");
	check_manual(manual, &config_kme_section, "kmes");
	check_manual(manual, &config_device_section, "devices");
	check_manual(manual, &config_association_section, "associations");
	check_manual(manual, &config_channel_key_section, "channel-keys");
	check_manual(manual, &config_link_section, "links");
	check_manual(manual, &config_handover_section, "handovers");
	free(manual);
}

/* The manual's own example is a configuration. */
static void test_manual_example(void **state)
{
	(void)state;
	char *example, *end;

	read_text(DOCS "keyidd.conf.5");
	example = strstr(text, ".Sh EXAMPLES\n");
	assert_non_null(example);
	example = strstr(example, ".Bd -literal -offset indent\n");
	assert_non_null(example);
	example = strchr(example, '\n') + 1;
	end = strstr(example, ".Ed");
	assert_non_null(end);
	*end = '\0';
	assert_good(example);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder)) {
		return -1;
	}
	snprintf(file, sizeof(file), "%s/keyidd.yaml", folder);
	return 0;
}

static int teardown(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			unlinkat(dirfd(dir), entry->d_name, 0);
		}
	}
	closedir(dir);
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_read),
		cmocka_unit_test(test_key_files_refused),
		cmocka_unit_test(test_one_key_under_two_numbers),
		cmocka_unit_test(test_other_files_refused),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_examples_belong_together),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_manual_example),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
