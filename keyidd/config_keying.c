/* What associations and hand-overs say alike: which KME, which device, how its key is named. */
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "keyidd/config_private.h"

#define CKN_LEN 32      /* what every vendor takes without padding */
#define CKN_UUID_LEN 16 /* of it, from the key_ID */

/* A handful at most is looked for, once in each entry: no index is worth its lines. */
void config_refer(struct config_source *source, const char *path, const struct config *config,
	const char *kme_name, const char *device_name, const struct config_kme **kme,
	const struct config_device **device)
{
	for (size_t i = 0; kme_name && i < config->kme_count; i++) {
		if (config->kmes[i].name && strcmp(config->kmes[i].name, kme_name) == 0) {
			*kme = &config->kmes[i];
			break;
		}
	}
	for (size_t i = 0; device_name && i < config->device_count; i++) {
		if (config->devices[i].name && strcmp(config->devices[i].name, device_name) == 0) {
			*device = &config->devices[i];
			break;
		}
	}
	if (kme_name && kme_name[0] && !*kme) {
		config_fail(source, path, "kme",
			"\"%.80s\": no such KME; add it under kmes, or correct the name", kme_name);
	}
	if (device_name && device_name[0] && !*device) {
		config_fail(source, path, "device",
			"\"%.80s\": no such device; add it under devices, or correct the name",
			device_name);
	}
}

static void build_prefix(
	struct config_source *source, const char *path, const char *text, struct ckn_rule *rule)
{
	size_t digits = strlen(text);
	uint8_t octets[CONFIG_TEXT_MAX];

	if (hex_decode(text, digits, octets, sizeof(octets)) < 0) {
		config_fail(source, path, "ckn-prefix",
			"\"%.80s\": not an even number of hexadecimal digits", text);
		return;
	}
	rule->prefix_len = digits / 2;
	if (rule->prefix_len + CKN_UUID_LEN > CKN_LEN) {
		config_fail(source, path, "ckn-prefix",
			"%zu digits make a CKN of %zu octets, and the longest has %d; write %d "
			"digits",
			digits, rule->prefix_len + CKN_UUID_LEN, CKN_LEN,
			2 * (CKN_LEN - CKN_UUID_LEN));
	} else if (rule->prefix_len + CKN_UUID_LEN < CKN_LEN) {
		config_fail(source, path, "ckn-prefix",
			"%zu digits make a CKN of %zu octets, which vendors pad differently; write "
			"%d digits, or ckn: sha256",
			digits, rule->prefix_len + CKN_UUID_LEN, 2 * (CKN_LEN - CKN_UUID_LEN));
	} else {
		memcpy(rule->prefix, octets, rule->prefix_len);
	}
}

void config_build_ckn(struct config_source *source, const char *path, const char *kind,
	const char *prefix, struct ckn_rule *rule)
{
	if (!kind) {
		kind = "prefix";
	}
	if (strcmp(kind, "sha256") == 0 && prefix) {
		config_fail(source, path, "ckn-prefix",
			"not used with ckn: sha256; leave one of them out");
	} else if (strcmp(kind, "prefix") == 0 && !prefix) {
		config_fail(source, path, "ckn-prefix",
			"missing; give %d hexadecimal digits, the same at both ends, or write ckn: "
			"sha256",
			2 * (CKN_LEN - CKN_UUID_LEN));
	} else if (strcmp(kind, "prefix") == 0 && prefix[0]) {
		build_prefix(source, path, prefix, rule);
	}
}

size_t config_cak_len(
	struct config_source *source, const char *path, const char *suite, size_t key_size_bits)
{
	size_t cak_len;

	if (!suite) {
		return 0;
	}
	cak_len = strstr(suite, "128") ? 16 : 32;
	if (key_size_bits > 0 && key_size_bits < 8 * cak_len) {
		config_fail(source, path, "key-size",
			"%zu bits are too few for %s; write %zu or more, or 0 for the KME's "
			"default",
			key_size_bits, suite, 8 * cak_len);
	}
	return cak_len;
}

void config_build_junos(struct config_source *source, const char *path,
	const struct config_device *device, const struct config_junos_names *names,
	struct applier_junos_config *junos)
{
	for (uint32_t i = 0; i < names->interface_count; i++) {
		if (!config_word_valid(names->interfaces[i], APPLIER_NAME_MAX)) {
			config_fail(source, path, "macsec-interfaces",
				"\"%.80s\": not the name of a router's interface",
				names->interfaces[i]);
		}
	}
	if (!device || device->type != CONFIG_DEVICE_JUNOS) {
		return;
	}
	if (!names->connectivity_association) {
		config_fail(source, path, "connectivity-association",
			"missing; give its name on the router");
	} else if (!config_word_valid(names->connectivity_association, APPLIER_NAME_MAX)) {
		config_fail(source, path, "connectivity-association",
			"\"%.80s\": not a name on a router", names->connectivity_association);
	}
	*junos = (struct applier_junos_config){
		.host = device->host,
		.port = device->port,
		.user = device->user,
		.private_key_file = device->private_key_file,
		.known_hosts_file = device->known_hosts_file,
		.connectivity_association = names->connectivity_association,
		.key_chain = names->key_chain,
		.cipher_suite = names->cipher_suite,
		.interfaces = (const char *const *)names->interfaces,
		.interface_count = names->interface_count,
		.timeout_ms = device->timeout_ms,
		.lock_wait_ms = device->lock_wait_ms,
	};
}
