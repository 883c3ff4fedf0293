/* wpa_supplicant: what of the configuration it cannot do, and who may give keys to which. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

static bool is_wpa(const struct config_device *device)
{
	return device && device->type == CONFIG_DEVICE_WPA;
}

void config_build_wpa(struct config_source *source, const char *path, struct config_device *device)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	if (is_wpa(device) && device->wpa.control_socket &&
		!wpa_socket_possible(device->wpa.control_socket, error)) {
		config_fail(source, path, "control-socket", "%s", error);
	}
}

void config_check_wpa_suite(struct config_source *source, const char *path,
	const struct config_device *device, const char *suite)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	if (is_wpa(device) && suite && !wpa_suite_possible(suite, error)) {
		config_fail(source, path, "cipher-suite", "%s", error);
	}
}

void config_check_wpa(
	const struct association_place *place, const struct config_association *association)
{
	const struct raw_association *raw = place->raw;
	const struct {
		const char *key;
		bool given;
	} keys[] = {
		{ "connectivity-association", raw->connectivity_association },
		{ "key-chain", raw->key_chain },
		{ "macsec-interfaces", raw->macsec_interfaces_count > 0 },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].given && is_wpa(association->device)) {
			config_fail(place->source, place->path, keys[i].key,
				"not for a device of type wpa_supplicant; leave it out");
		}
	}
	config_check_wpa_suite(
		place->source, place->path, association->device, association->cipher_suite);
}

/* ---- who gives keys to which ----------------------------------------------------------------- */

/* An association or a hand-over. */
struct user {
	const char *list;
	size_t index;
	const char *socket;
};

static int compare(const void *a, const void *b)
{
	const struct user *x = a, *y = b;
	int order = strcmp(x->socket, y->socket);

	if (order == 0) {
		order = strcmp(x->list, y->list);
	}
	if (order != 0) {
		return order;
	}
	return x->index < y->index ? -1 : 1;
}

static void add(struct user *users, size_t *count, const char *list, size_t index,
	const struct config_device *device)
{
	if (is_wpa(device) && device->wpa.control_socket) {
		users[(*count)++] = (struct user){ list, index, device->wpa.control_socket };
	}
}

int config_check_wpa_users(struct config_source *source, const struct config *config)
{
	size_t most = config->association_count + config->handover_count, count = 0;
	struct user *users = calloc(most + 1, sizeof(*users));
	char path[CONFIG_PATH_MAX];

	if (!users) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->association_count; i++) {
		add(users, &count, "associations", i, config->associations[i].device);
	}
	for (size_t i = 0; i < config->handover_count; i++) {
		add(users, &count, "handovers", i, config->handovers[i].device);
	}
	qsort(users, count, sizeof(users[0]), compare);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(users[i - 1].socket, users[i].socket) == 0) {
			snprintf(path, sizeof(path), "%s[%zu]", users[i].list, users[i].index);
			config_fail(source, path, "device",
				"%.80s: this wpa_supplicant, which has one key, is already that of "
				"%s[%zu]",
				users[i].socket, users[i - 1].list, users[i - 1].index);
		}
	}
	free(users);
	return 0;
}
