/* From raw structs to the configuration, section by section. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"
#include "l2proto/link.h"

bool config_read_bool(
	struct config_source *source, const char *prefix, const char *key, const char *text)
{
	if (!text || strcmp(text, "false") == 0) {
		return false;
	}
	if (strcmp(text, "true") != 0 && text[0]) {
		config_fail(source, prefix, key, "\"%.80s\": write true or false", text);
	}
	return true;
}

/* ---- KMEs and devices ------------------------------------------------------------------------ */

static void build_kme(struct config_source *source, size_t index, const struct raw_kme *raw,
	struct config_kme *kme)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "kmes[%zu]", index);
	config_read_section(source, path, &config_kme_section, raw, kme);
}

static void check_device_keys(
	struct config_source *source, const char *path, const struct raw_device *raw)
{
	const struct {
		const char *key, *text, *types, *hint; /* without a hint it may be left out */
	} keys[] = {
		{ "host", raw->host, "junos", "give the router's name or address" },
		{ "port", raw->port, "junos", NULL },
		{ "user", raw->user, "junos", "give the user that logs in over SSH" },
		{ "private-key", raw->private_key, "junos",
			"give the file of that user's SSH key" },
		{ "known-hosts", raw->known_hosts, "junos",
			"give the file that holds the router's host key" },
		{ "lock-wait", raw->lock_wait, "junos", NULL },
		{ "timeout", raw->timeout, "junos hook wpa_supplicant", NULL },
		{ "program", raw->program, "hook", "give the path of the program to call" },
		{ "macsec-port", raw->macsec_port, "macsec", NULL },
		{ "replay-window", raw->replay_window, "macsec", NULL },
		{ "hold-at-switch", raw->hold_at_switch, "macsec", NULL },
		{ "rekey-packets", raw->rekey_packets, "macsec", NULL },
		{ "rekey-octets", raw->rekey_octets, "macsec", NULL },
		{ "rekey-percent", raw->rekey_percent, "macsec", NULL },
		{ "control-socket", raw->control_socket, "wpa_supplicant",
			"give the path of its control socket, which ends in the interface" },
		{ "second-control-socket", raw->second_control_socket, "wpa_supplicant", NULL },
		{ "bond", raw->bond, "wpa_supplicant", NULL },
		{ "network", raw->network, "wpa_supplicant", NULL },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool has_it = strstr(keys[i].types, raw->type) != NULL;

		if (has_it && !keys[i].text && keys[i].hint) {
			config_fail(source, path, keys[i].key, "missing; %s", keys[i].hint);
		} else if (!has_it && keys[i].text) {
			config_fail(source, path, keys[i].key,
				"not used with type: %s; leave it out", raw->type);
		}
	}
}

/* A dry run needs none of them, and may have those of what it stands for. */
static bool has_keys(const char *type)
{
	static const char *const types[] = { "junos", "hook", "macsec", "wpa_supplicant" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type, types[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void build_device(struct config_source *source, size_t index, const struct raw_device *raw,
	struct config_device *device)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "devices[%zu]", index);
	config_read_section(source, path, &config_device_section, raw, device);
	device->macsec.hold_at_switch =
		!raw->hold_at_switch ||
		config_read_bool(source, path, "hold-at-switch", raw->hold_at_switch);
	if (raw->type && has_keys(raw->type)) {
		check_device_keys(source, path, raw);
	}
	config_build_wpa(source, path, device);
}

/* ---- an association, but for its members and links ------------------------------------------- */

static void build_junos(
	const struct association_place *place, struct config_association *association)
{
	const struct raw_association *raw = place->raw;
	const struct config_junos_names names = {
		.connectivity_association = raw->connectivity_association,
		.key_chain = raw->key_chain,
		.cipher_suite = association->cipher_suite,
		.interfaces = raw->macsec_interfaces,
		.interface_count = raw->macsec_interfaces_count,
	};

	config_build_junos(
		place->source, place->path, association->device, &names, &association->junos);
}

void config_build_channel_keys(struct config_source *source, const char *prefix,
	const struct raw_channel_key *raw, size_t count, struct config_channel_keys *keys)
{
	char path[CONFIG_PATH_MAX + 64];

	keys->count = count;
	for (size_t i = 0; i < count; i++) {
		struct config_channel_key *key = &keys->keys[i];

		snprintf(path, sizeof(path), "%s.channel-keys[%zu]", prefix, i);
		config_read_section(source, path, &config_channel_key_section, &raw[i], key);
		for (size_t j = 0; j < i; j++) {
			if (key->number > 0 && keys->keys[j].number == key->number) {
				config_fail(source, path, "number",
					"%u is another key's number; number them 1, 2, ...",
					key->number);
			}
		}
	}
}

/* Every link has some, its own or the association's. */
static void build_channel_keys(
	const struct association_place *place, struct config_association *association)
{
	const struct raw_association *raw = place->raw;
	bool needed = raw->links_count == 0;

	for (uint32_t i = 0; i < raw->links_count; i++) {
		needed |= raw->links[i].channel_keys_count == 0;
	}
	if (needed && raw->channel_keys_count == 0) {
		config_fail(place->source, place->path, "channel-keys",
			"missing; give number and file of the key that both ends share");
	}
	config_build_channel_keys(place->source, place->path, raw->channel_keys,
		raw->channel_keys_count, &association->channel_keys);
}

static bool uses_lldp(const struct config_association *association)
{
	for (size_t i = 0; i < association->exchange.link_count; i++) {
		if (association->links[i].carriers & 1 << CARRIER_LLDP) {
			return true;
		}
	}
	return false;
}

/* LIFE is one for all links of an association: what is said travels over several. */
static uint32_t life_ms(const struct config *config, const struct config_association *association)
{
	uint32_t interval_ms = config->transport.lldp_interval_s * (uint32_t)MS_SECOND;
	bool slower = uses_lldp(association) && interval_ms > association->heartbeat_ms;

	return LINK_LIFE_HEARTBEATS * (slower ? interval_ms : association->heartbeat_ms);
}

static void build_timers(const struct association_place *place, const struct config *config,
	struct config_association *association)
{
	struct exchange_config *exchange = &association->exchange;

	exchange->life_ms = life_ms(config, association);
	if (exchange->backoff_max_ms > 0 && exchange->backoff_min_ms > exchange->backoff_max_ms) {
		config_fail(place->source, place->path, "backoff-max", "less than backoff");
	}
	if (association->key_age_alarm_ms == 0) {
		association->key_age_alarm_ms = 2 * exchange->rekey_interval_ms;
	}
}

static void build_association(struct config_source *source, const struct config *config,
	size_t index, const struct raw_association *raw, struct config_association *association)
{
	struct association_place place = { .source = source, .raw = raw };

	snprintf(place.path, sizeof(place.path), "associations[%zu]", index);
	place.role_known = raw->role &&
			   (strcmp(raw->role, "master") == 0 || strcmp(raw->role, "slave") == 0);
	config_read_section(source, place.path, &config_association_section, raw, association);
	if (association->name) {
		association_id(association->name, association->exchange.association);
	}
	config_refer(source, place.path, config, raw->kme, raw->device, &association->kme,
		&association->device);
	config_build_ckn(source, place.path, raw->ckn, raw->ckn_prefix, &association->exchange.ckn);
	association->cak_len = config_cak_len(
		source, place.path, association->cipher_suite, association->key_size_bits);
	build_junos(&place, association);
	config_check_wpa(&place, association);
	config_begin_macsec(&place, association);
	config_build_starts(&place, association);
	build_channel_keys(&place, association);
	config_build_members(&place, association);
	config_build_links(&place, config, association);
	config_build_macsec(&place, association);
	build_timers(&place, config, association);
	config_check_starts(&place, association);
}

/* Of LLDP: IEEE 802.1AB-2016 table 7-1, and OUIs that every switch sends TLVs of. */
static void check_lldp(struct config_source *source, const struct config_transport *transport)
{
	static const uint8_t group[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };
	static const uint8_t taken[][3] = { { 0x00, 0x80, 0xc2 }, { 0x00, 0x12, 0x0f },
		{ 0x00, 0x12, 0xbb } };
	const uint8_t *address = transport->lldp_destination;

	if (memcmp(address, group, sizeof(group)) != 0 ||
		(address[5] != 0x0e && address[5] != 0x03 && address[5] != 0x00)) {
		config_fail(source, "transport", "lldp-destination",
			"no address of LLDP; write 01:80:c2:00:00:0e (nearest bridge), ...:03 or "
			"...:00");
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (memcmp(transport->frame.lldp.oui, taken[i], sizeof(taken[i])) == 0) {
			config_fail(source, "transport", "lldp-oui",
				"of IEEE 802.1, 802.3 or TIA, whose TLVs are others; give your "
				"own");
		}
	}
}

/* LLDP's OUI is that of the frames, unless it has its own. */
static void build_transport(
	struct config_source *source, const struct raw_transport *raw, struct config_transport *out)
{
	config_read_section(source, "transport", &config_transport_section, raw, out);
	if (!raw->lldp_oui) {
		memcpy(out->frame.lldp.oui, out->frame.raw.oui, sizeof(out->frame.lldp.oui));
	}
	check_lldp(source, out);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool allocate(struct config *config, const struct raw_config *raw)
{
	/* One more, since calloc(0) may say NULL. */
	config->kmes = calloc(raw->kmes_count + 1, sizeof(*config->kmes));
	config->devices = calloc(raw->devices_count + 1, sizeof(*config->devices));
	config->associations = calloc(raw->associations_count + 1, sizeof(*config->associations));
	config->handovers = calloc(raw->handovers_count + 1, sizeof(*config->handovers));
	if (!config->kmes || !config->devices || !config->associations || !config->handovers) {
		return false;
	}
	config->kme_count = raw->kmes_count;
	config->device_count = raw->devices_count;
	config->association_count = raw->associations_count;
	config->handover_count = raw->handovers_count;
	return true;
}

int config_build(struct config_source *source, struct config *config)
{
	static const struct raw_daemon no_daemon;
	static const struct raw_transport no_transport;
	const struct raw_config *raw = config->raw;

	if (!allocate(config, raw)) {
		return -ENOMEM;
	}
	config_read_section(source, "daemon", &config_daemon_section,
		raw->daemon ? raw->daemon : &no_daemon, &config->daemon);
	/* Hand-overs have no frames of ours. */
	if (raw->transport || config->association_count > 0 || config->handover_count == 0) {
		build_transport(source, raw->transport ? raw->transport : &no_transport,
			&config->transport);
	}
	for (size_t i = 0; i < config->kme_count; i++) {
		build_kme(source, i, &raw->kmes[i], &config->kmes[i]);
	}
	for (size_t i = 0; i < config->device_count; i++) {
		build_device(source, i, &raw->devices[i], &config->devices[i]);
	}
	if (config->association_count == 0 && config->handover_count == 0) {
		config_fail(source, "associations", "", "none; without one there is nothing to do");
	}
	for (size_t i = 0; i < config->association_count; i++) {
		build_association(
			source, config, i, &raw->associations[i], &config->associations[i]);
		config->transport.frame.reads_lldp |= uses_lldp(&config->associations[i]);
	}
	for (size_t i = 0; i < config->handover_count; i++) {
		config_build_handover(source, config, i, &raw->handovers[i], &config->handovers[i]);
	}
	return 0;
}
