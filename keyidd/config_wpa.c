/* wpa_supplicant: what of the configuration it cannot do, and who may give keys to which. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

#define PAIR_TIMEOUT_MIN_MS 15000u /* up to 8 s until it is secured, and 6 s to be sure of it */

static bool is_wpa(const struct config_device *device)
{
	return device && device->type == CONFIG_DEVICE_WPA;
}

static void check_socket(
	struct config_source *source, const char *path, const char *key, const char *socket)
{
	char error[APPLIER_ERROR_TEXT_MAX];

	if (socket && !wpa_socket_possible(socket, error)) {
		config_fail(source, path, key, "%s", error);
	}
}

/* Of a pair that is none. */
static bool has_one_socket(const struct applier_wpa_config *wpa)
{
	return wpa->control_socket && wpa->second_control_socket &&
	       strcmp(wpa->control_socket, wpa->second_control_socket) == 0;
}

void config_build_wpa(struct config_source *source, const char *path, struct config_device *device)
{
	const struct applier_wpa_config *wpa = &device->wpa;

	if (!is_wpa(device)) {
		return;
	}
	check_socket(source, path, "control-socket", wpa->control_socket);
	check_socket(source, path, "second-control-socket", wpa->second_control_socket);
	if (has_one_socket(wpa)) {
		config_fail(source, path, "second-control-socket",
			"%s: the same as control-socket; give that of another wpa_supplicant",
			wpa->second_control_socket);
	}
	if (wpa->second_control_socket && !wpa->bond) {
		config_fail(source, path, "bond",
			"missing; give the bond that has the macsec devices of both "
			"wpa_supplicants");
	} else if (wpa->bond && !wpa->second_control_socket) {
		config_fail(source, path, "second-control-socket",
			"missing; a bond has the devices of two wpa_supplicants");
	}
	if (wpa->bond && device->timeout_ms > 0 && device->timeout_ms < PAIR_TIMEOUT_MIN_MS) {
		config_fail(source, path, "timeout",
			"less than %us, which MKA takes with a new key before traffic can move to "
			"it; write more",
			PAIR_TIMEOUT_MIN_MS / 1000);
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

#define SOCKETS_MAX 2

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
	const struct applier_wpa_config *wpa = device ? &device->wpa : NULL;

	if (is_wpa(device) && wpa->control_socket) {
		users[(*count)++] = (struct user){ list, index, wpa->control_socket };
	}
	if (is_wpa(device) && wpa->second_control_socket && !has_one_socket(wpa)) {
		users[(*count)++] = (struct user){ list, index, wpa->second_control_socket };
	}
}

int config_check_wpa_users(struct config_source *source, const struct config *config)
{
	size_t most = SOCKETS_MAX * (config->association_count + config->handover_count), count = 0;
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
				"%.80s: this wpa_supplicant, which has one key at a time, is "
				"already that of %s[%zu]",
				users[i].socket, users[i - 1].list, users[i - 1].index);
		}
	}
	free(users);
	return 0;
}
