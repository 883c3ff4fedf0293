/* What must hold between the parts: nothing twice that is to be told apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

/* What may be there once, and which entry of its list has it. */
struct entry {
	size_t index;
	const char *text;  /* NULL if it could not be read */
	const void *scope; /* entries of different scopes may be alike */
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order;

	if (x->scope != y->scope) {
		return (uintptr_t)x->scope < (uintptr_t)y->scope ? -1 : 1;
	}
	order = strcmp(x->text ? x->text : "", y->text ? y->text : "");
	if (order != 0) {
		return order;
	}
	return x->index < y->index ? -1 : 1;
}

/* Says of each later one that is like an earlier one: "TEXT: PROBLEM". */
static void refuse_alike(struct config_source *source, const char *list, const char *key,
	struct entry *entries, size_t count, const char *problem)
{
	char path[CONFIG_PATH_MAX];

	qsort(entries, count, sizeof(entries[0]), compare);
	for (size_t i = 1; i < count; i++) {
		const struct entry *entry = &entries[i], *before = &entries[i - 1];

		if (entry->text && before->text && entry->scope == before->scope &&
			strcmp(entry->text, before->text) == 0) {
			snprintf(path, sizeof(path), "%s[%zu]", list, entry->index);
			config_fail(source, path, key, "%s: %s %s[%zu]", entry->text, problem, list,
				before->index);
		}
	}
}

static void check_names(
	struct config_source *source, const struct config *config, struct entry *entries)
{
	static const char problem[] = "this is also the name of";

	for (size_t i = 0; i < config->kme_count; i++) {
		entries[i] = (struct entry){ i, config->kmes[i].name, NULL };
	}
	refuse_alike(source, "kmes", "name", entries, config->kme_count, problem);
	for (size_t i = 0; i < config->device_count; i++) {
		entries[i] = (struct entry){ i, config->devices[i].name, NULL };
	}
	refuse_alike(source, "devices", "name", entries, config->device_count, problem);
}

const struct config_device *config_router_of(
	const struct config *config, const struct config_device *device)
{
	for (size_t i = 0; device && device->host && i < config->device_count; i++) {
		const struct config_device *other = &config->devices[i];

		if (other->host && strcmp(other->host, device->host) == 0 &&
			other->port == device->port) {
			return other;
		}
	}
	return device;
}

/* What is due when on this host's own MACsec, one association says. */
static void check_own_macsec(
	struct config_source *source, const struct config *config, struct entry *entries)
{
	for (size_t i = 0; i < config->association_count; i++) {
		const struct config_device *device = config->associations[i].device;
		bool is_own = device && device->type == CONFIG_DEVICE_MACSEC;

		entries[i] = (struct entry){ i, is_own ? device->name : NULL, NULL };
	}
	refuse_alike(source, "associations", "device", entries, config->association_count,
		"a device of type macsec belongs to one association, and this one to");
}

/* Two that write the same place of a router would undo each other for ever. */
static void check_targets(
	struct config_source *source, const struct config *config, struct entry *entries)
{
	static const char problem[] = "on this device, it is already that of";
	size_t count = config->association_count;

	for (size_t i = 0; i < count; i++) {
		const struct config_association *association = &config->associations[i];

		entries[i] = (struct entry){ i, association->junos.connectivity_association,
			config_router_of(config, association->device) };
	}
	refuse_alike(source, "associations", "connectivity-association", entries, count, problem);
	for (size_t i = 0; i < count; i++) {
		const struct config_association *association = &config->associations[i];

		entries[i] = (struct entry){ i, association->junos.key_chain,
			config_router_of(config, association->device) };
	}
	refuse_alike(source, "associations", "key-chain", entries, count, problem);
}

static int compare_ids(const void *a, const void *b)
{
	const struct config_association *x = *(const struct config_association *const *)a;
	const struct config_association *y = *(const struct config_association *const *)b;
	int order = memcmp(x->exchange.association, y->exchange.association, ASSOCIATION_ID_LEN);

	return order != 0 ? order : x < y ? -1 : 1;
}

/* Names that differ and yet have one identifier on the wire. */
void config_check_ids(struct config_source *source, const struct config *config)
{
	size_t count = config->association_count;
	const struct config_association **sorted = calloc(count + 1, sizeof(*sorted));
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; sorted && i < count; i++) {
		sorted[i] = &config->associations[i];
	}
	if (sorted) {
		qsort(sorted, count, sizeof(*sorted), compare_ids);
	}
	for (size_t i = 1; sorted && i < count; i++) {
		const struct config_association *one = sorted[i - 1], *two = sorted[i];

		if (one->name && two->name && strcmp(one->name, two->name) != 0 &&
			memcmp(one->exchange.association, two->exchange.association,
				ASSOCIATION_ID_LEN) == 0) {
			snprintf(path, sizeof(path), "associations[%zu]",
				(size_t)(two - config->associations));
			config_fail(source, path, "name",
				"%s: has the same identifier on the wire as %s; change one of the "
				"names, at both ends",
				two->name, one->name);
		}
	}
	free(sorted);
}

void config_check(struct config_source *source, struct config *config)
{
	size_t most = config->kme_count + config->device_count + config->association_count;
	struct entry *entries = calloc(most + 1, sizeof(*entries));

	if (!entries || config_check_groups(source, config) < 0 ||
		config_check_macsec(source, config) < 0 ||
		config_check_wpa_users(source, config) < 0) {
		free(entries);
		config_fail(source, "", "", "out of memory");
		return;
	}
	check_names(source, config, entries);
	check_targets(source, config, entries);
	check_own_macsec(source, config, entries);
	config_check_ids(source, config);
	config_check_handovers(source, config);
	free(entries);
}
