/* wpa_supplicant: what of the configuration it cannot do, and what only one may have. */
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

/* ---- what only one may have ------------------------------------------------------------------ */

#define CLAIMS_MAX 3 /* of one device: two sockets and a bond */

/* Of an association or a hand-over. */
struct claim {
	const char *text;
	bool is_bond; /* or else a control socket */
	const struct config_device *device;
	const char *list;
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = x->is_bond - y->is_bond;

	order = order != 0 ? order : strcmp(x->text, y->text);
	order = order != 0 ? order : strcmp(x->list, y->list);
	if (order != 0) {
		return order;
	}
	return x->index < y->index ? -1 : 1;
}

static void add(struct claim *claims, size_t *count, const char *list, size_t index,
	const struct config_device *device)
{
	const struct applier_wpa_config *wpa = device ? &device->wpa : NULL;

	if (!is_wpa(device)) {
		return;
	}
	if (wpa->control_socket) {
		claims[(*count)++] = (struct claim){ wpa->control_socket, false, device, list,
			index };
	}
	if (wpa->second_control_socket && !has_one_socket(wpa)) {
		claims[(*count)++] = (struct claim){ wpa->second_control_socket, false, device,
			list, index };
	}
	if (wpa->bond) {
		claims[(*count)++] = (struct claim){ wpa->bond, true, device, list, index };
	}
}

/* Of one device that two have, the sockets say enough. */
static bool alike(const struct claim *a, const struct claim *b)
{
	return a->is_bond == b->is_bond && strcmp(a->text, b->text) == 0 &&
	       (!a->is_bond || a->device != b->device);
}

static void refuse_alike(
	struct config_source *source, const struct claim *before, const struct claim *claim)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "%s[%zu]", claim->list, claim->index);
	config_fail(source, path, "device", "%.80s: this %s already that of %s[%zu]", claim->text,
		claim->is_bond ? "bond, which has one active device, is"
			       : "wpa_supplicant, which has one key at a time, is",
		before->list, before->index);
}

int config_check_wpa_users(struct config_source *source, const struct config *config)
{
	size_t most = CLAIMS_MAX * (config->association_count + config->handover_count), count = 0;
	struct claim *claims = calloc(most + 1, sizeof(*claims));

	if (!claims) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->association_count; i++) {
		add(claims, &count, "associations", i, config->associations[i].device);
	}
	for (size_t i = 0; i < config->handover_count; i++) {
		add(claims, &count, "handovers", i, config->handovers[i].device);
	}
	qsort(claims, count, sizeof(claims[0]), compare);
	for (size_t i = 1; i < count; i++) {
		if (alike(&claims[i - 1], &claims[i])) {
			refuse_alike(source, &claims[i - 1], &claims[i]);
		}
	}
	free(claims);
	return 0;
}
