#include "keyidd/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyidd/config_private.h"

/* Returns the length, or -errno; -EFBIG if it does not fit. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buffer + len, size - len);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got < 0 ? -errno : (ssize_t)len;
		}
		len += (size_t)got;
	}
	return -EFBIG;
}

static ssize_t read_file(const char *path, char *buffer, size_t size)
{
	struct stat st;
	ssize_t len;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
		len = -EISDIR;
	} else {
		len = read_all(fd, buffer, size);
	}
	close(fd);
	return len;
}

/* What is opened of the files that the text names. */
enum named_files { NO_FILES, ALL_FILES, DISCLOSED_KEYS };

/* False if nothing could be built that further checks could look at. */
static bool build(struct config_source *source, const char *text, size_t len, struct config *config)
{
	char reason[YAML_REASON_MAX] = "out of memory";
	unsigned line = 0;

	if (yaml_tree_read(&source->tree, text, len, &line, reason) < 0) {
		config_fail_line(source, line, "", "%s", reason);
		return false;
	}
	config->raw = config_schema_load(source, text, len);
	if (!config->raw) {
		return false;
	}
	if (config_build(source, config) < 0) {
		config_fail_line(source, 0, "", "out of memory");
		return false;
	}
	config_check(source, config);
	return true;
}

static int parse(const char *file, const char *text, size_t len, enum named_files files,
	struct config *config, struct config_errors *errors, struct config_errors *missing)
{
	struct config_source source = { .file = file, .errors = errors };

	*config = (struct config){ 0 };
	if (build(&source, text, len, config)) {
		if (files == ALL_FILES) {
			config_check_files(&source, config);
		} else if (files == DISCLOSED_KEYS) {
			config_read_disclosed_keys(&source, config, missing);
		}
	}
	yaml_tree_free(&source.tree);
	if (errors->count == 0 && errors->omitted == 0) {
		return 0;
	}
	config_errors_finish(&source);
	config_free(config);
	return -EINVAL;
}

int config_parse(const char *file, const char *text, size_t len, bool with_files,
	struct config *config, struct config_errors *errors)
{
	return parse(file, text, len, with_files ? ALL_FILES : NO_FILES, config, errors, NULL);
}

static int load(const char *path, enum named_files files, struct config *config,
	struct config_errors *errors, struct config_errors *missing)
{
	struct config_source source = { .file = path, .errors = errors };
	char *text = malloc(CONFIG_FILE_MAX + 1);
	int result = -EINVAL;
	ssize_t len;

	*config = (struct config){ 0 };
	len = text ? read_file(path, text, CONFIG_FILE_MAX + 1) : -ENOMEM;
	if (len == -EFBIG) {
		config_fail_line(&source, 0, "", "more than %d octets", CONFIG_FILE_MAX);
	} else if (len < 0) {
		config_fail_line(&source, 0, "", "%s", strerror((int)-len));
	} else {
		result = parse(path, text, (size_t)len, files, config, errors, missing);
	}
	free(text);
	return result;
}

int config_load(const char *path, struct config *config, struct config_errors *errors)
{
	return load(path, ALL_FILES, config, errors, NULL);
}

int config_load_offline(const char *path, struct config *config, struct config_errors *errors,
	struct config_errors *missing)
{
	return load(path, DISCLOSED_KEYS, config, errors, missing);
}

size_t config_message_max(const struct config_transport *transport, const struct config_link *link)
{
	if (!(link->carriers & 1 << CARRIER_LLDP)) {
		return MESSAGE_MAX_RAW;
	}
	return transport->lldp_agent == CONFIG_LLDP_LLDPD ? MESSAGE_MAX_LLDPD : MESSAGE_MAX_LLDP;
}

const struct config_channel_keys *config_link_keys(
	const struct config_association *association, size_t link)
{
	const struct config_channel_keys *own = &association->links[link].channel_keys;

	return own->count > 0 ? own : &association->channel_keys;
}

static void wipe_channel_keys(struct config_channel_keys *keys)
{
	for (size_t i = 0; i < CONFIG_CHANNEL_KEYS_MAX; i++) {
		secret_wipe(&keys->keys[i].key);
	}
}

void config_free(struct config *config)
{
	if (!config) {
		return;
	}
	secret_wipe(&config->daemon.state_key);
	for (size_t i = 0; config->associations && i < config->association_count; i++) {
		struct config_association *association = &config->associations[i];

		wipe_channel_keys(&association->channel_keys);
		for (size_t j = 0; j < EXCHANGE_LINKS_MAX; j++) {
			wipe_channel_keys(&association->links[j].channel_keys);
		}
	}
	free(config->kmes);
	free(config->devices);
	free(config->associations);
	free(config->handovers);
	config_schema_free(config->raw);
	*config = (struct config){ 0 };
}
