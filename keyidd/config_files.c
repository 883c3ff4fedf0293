/* The files that a configuration names: keys are read, others must be readable. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyidd/config_private.h"
#include "keyidd/keyfile.h"
#include "netconf/hook.h"

_Static_assert(KEYFILE_KEY_LEN == CONFIG_KEY_LEN, "one length of key file");

static void read_key(struct config_source *source, const char *prefix, const char *key,
	const char *file, struct secret *secret)
{
	char error[KEYFILE_ERROR_TEXT_MAX];

	if (file && keyfile_read(file, secret, error) < 0) {
		config_fail(source, prefix, key, "%s", error);
	}
}

static void check_readable(
	struct config_source *source, const char *prefix, const char *key, const char *file)
{
	struct stat st;
	int fd;

	if (!file) {
		return;
	}
	fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		config_fail(source, prefix, key, "%s: %s", file, strerror(errno));
		return;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		config_fail(source, prefix, key, "%s: not a regular file", file);
	} else if (st.st_size == 0) {
		config_fail(source, prefix, key, "%s: empty", file);
	}
	close(fd);
}

static void check_program(struct config_source *source, const char *prefix, const char *program)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	if (program && hook_check_program(program, error) < 0) {
		config_fail(source, prefix, "program", "%s", error);
	}
}

static void read_channel_keys(
	struct config_source *source, const char *prefix, struct config_channel_keys *keys)
{
	char path[CONFIG_PATH_MAX + 32];

	for (size_t i = 0; i < keys->count; i++) {
		struct config_channel_key *key = &keys->keys[i];

		snprintf(path, sizeof(path), "%s.channel-keys[%zu]", prefix, i);
		read_key(source, path, "file", key->file, &key->key);
		for (size_t j = 0; j < i && key->key.len > 0; j++) {
			if (secret_equal(&keys->keys[j].key, &key->key)) {
				config_fail(source, path, "file", "%s: the same key as number %u",
					key->file, keys->keys[j].number);
			}
		}
	}
}

static void read_all_channel_keys(
	struct config_source *source, size_t index, struct config_association *association)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "associations[%zu]", index);
	read_channel_keys(source, path, &association->channel_keys);
	for (size_t i = 0; i < association->exchange.link_count; i++) {
		snprintf(path, sizeof(path), "associations[%zu].links[%zu]", index, i);
		read_channel_keys(source, path, &association->links[i].channel_keys);
	}
}

void config_check_files(struct config_source *source, struct config *config)
{
	char path[CONFIG_PATH_MAX];

	read_key(source, "daemon", "state-key", config->daemon.state_key_file,
		&config->daemon.state_key);
	for (size_t i = 0; i < config->kme_count; i++) {
		const struct kme_config *kme = &config->kmes[i].client;

		snprintf(path, sizeof(path), "kmes[%zu]", i);
		check_readable(source, path, "ca", kme->ca_file);
		check_readable(source, path, "certificate", kme->certificate_file);
		check_readable(source, path, "private-key", kme->private_key_file);
	}
	for (size_t i = 0; i < config->device_count; i++) {
		const struct config_device *device = &config->devices[i];

		if (device->type == CONFIG_DEVICE_JUNOS) {
			snprintf(path, sizeof(path), "devices[%zu]", i);
			check_readable(source, path, "private-key", device->private_key_file);
			check_readable(source, path, "known-hosts", device->known_hosts_file);
		} else if (device->type == CONFIG_DEVICE_HOOK) {
			snprintf(path, sizeof(path), "devices[%zu]", i);
			check_program(source, path, device->program);
		}
	}
	for (size_t i = 0; i < config->association_count; i++) {
		read_all_channel_keys(source, i, &config->associations[i]);
	}
	for (size_t i = 0; i < config->handover_count; i++) {
		const struct remote_config *remote = &config->handovers[i].remote;

		snprintf(path, sizeof(path), "handovers[%zu]", i);
		check_readable(source, path, "private-key", remote->private_key_file);
		check_readable(source, path, "known-hosts", remote->known_hosts_file);
	}
	if (config_check_group_keys(source, config) < 0) {
		config_fail(source, "", "", "out of memory");
	}
}

/* ---- for who reads captures ------------------------------------------------------------------ */

/* "folder/file", or file if that is absolute or a credential. False if it is too long. */
static bool beside(const char *config_file, const char *file, char out[static PATH_MAX])
{
	const char *slash = strrchr(config_file, '/');
	int folder_len = slash ? (int)(slash + 1 - config_file) : 0;

	if (file[0] == '/' || strncmp(file, KEYFILE_CREDENTIAL, strlen(KEYFILE_CREDENTIAL)) == 0) {
		folder_len = 0;
	}
	return snprintf(out, PATH_MAX, "%.*s%s", folder_len, config_file, file) < PATH_MAX;
}

static void read_disclosed(
	struct config_source *missing, const char *prefix, struct config_channel_keys *keys)
{
	char error[KEYFILE_ERROR_TEXT_MAX] = "path too long";
	char prefix_key[CONFIG_PATH_MAX + 32], path[PATH_MAX];

	for (size_t i = 0; i < keys->count; i++) {
		struct config_channel_key *key = &keys->keys[i];

		if (!beside(missing->file, key->file, path) ||
			keyfile_read_disclosed(path, &key->key, error) < 0) {
			snprintf(prefix_key, sizeof(prefix_key), "%s.channel-keys[%zu]", prefix, i);
			config_fail(missing, prefix_key, "file", "%s", error);
		}
	}
}

void config_read_disclosed_keys(
	const struct config_source *source, struct config *config, struct config_errors *missing)
{
	struct config_source to = { source->file, source->tree, missing };
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; i < config->association_count; i++) {
		struct config_association *association = &config->associations[i];

		snprintf(path, sizeof(path), "associations[%zu]", i);
		read_disclosed(&to, path, &association->channel_keys);
		for (size_t j = 0; j < association->exchange.link_count; j++) {
			snprintf(path, sizeof(path), "associations[%zu].links[%zu]", i, j);
			read_disclosed(&to, path, &association->links[j].channel_keys);
		}
	}
	config_errors_finish(&to);
}
