#include "tools/keyid-replay/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_all(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		fprintf(stderr, "%s\n", errors->list[i].text);
	}
	config_errors_free(errors);
}

static int load_config(const char *path, struct config *config)
{
	struct config_errors errors = { 0 }, missing = { 0 };
	int rc = config_load_offline(path, config, &errors, &missing);

	say_all(&errors);
	if (missing.count > 0) {
		say_all(&missing);
		fprintf(stderr, "keyid-replay: what is signed with these keys will be shown as "
				"unverified\n");
	}
	return rc;
}

/* ---- links ----------------------------------------------------------------------------------- */

static int compare_key(const uint8_t *id_a, uint16_t vlan_a, const uint8_t *id_b, uint16_t vlan_b)
{
	int order = memcmp(id_a, id_b, ASSOCIATION_ID_LEN);

	return order ? order : (vlan_a > vlan_b) - (vlan_a < vlan_b);
}

static int compare_links(const void *left, const void *right)
{
	const struct site_link *a = left, *b = right;

	return compare_key(a->id, a->vlan, b->id, b->vlan);
}

static int set_keys(struct site_link *link, const struct config_channel_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct config_channel_key *key = &keys->keys[i];

		link->key_numbers[i] = key->number;
		link->key_count = i + 1;
		if (key->key.len == 0) {
			continue;
		}
		link->auth[i] = auth_new(&key->key, link->association, link->name, key->number);
		if (!link->auth[i]) {
			return -1;
		}
	}
	return 0;
}

static int add_link(struct site *site, const struct config_association *association, size_t index)
{
	struct site_link *link = &site->links[site->link_count++];

	link->association = association->name;
	link->name = association->links[index].name;
	link->vlan = association->links[index].vlan;
	link->carriers = association->links[index].carriers;
	link->heartbeat_ms = association->heartbeat_ms;
	link->life_ms = association->exchange.life_ms;
	memcpy(link->id, association->exchange.association, ASSOCIATION_ID_LEN);
	link->observer = calloc(1, sizeof(*link->observer));
	return link->observer ? set_keys(link, config_link_keys(association, index)) : -1;
}

/* The link that another SAE of the same association has there too: with what both use. */
static bool merge_known(
	struct site *site, const struct config_association *association, size_t index)
{
	for (size_t i = 0; i < site->link_count; i++) {
		struct site_link *link = &site->links[i];

		if (strcmp(link->association, association->name) == 0 &&
			strcmp(link->name, association->links[index].name) == 0 &&
			link->vlan == association->links[index].vlan) {
			link->carriers |= association->links[index].carriers;
			if (association->exchange.life_ms > link->life_ms) {
				link->life_ms = association->exchange.life_ms;
			}
			return true;
		}
	}
	return false;
}

static int add_links(struct site *site, const char *interface)
{
	const struct config *config = &site->config;

	site->links = calloc(config->association_count * EXCHANGE_LINKS_MAX, sizeof(*site->links));
	if (!site->links) {
		return -1;
	}
	for (size_t i = 0; i < config->association_count; i++) {
		const struct config_association *association = &config->associations[i];

		for (size_t j = 0; j < association->exchange.link_count; j++) {
			const struct config_link *link = &association->links[j];

			if (link->inside ||
				(interface && strcmp(link->interface, interface) != 0) ||
				merge_known(site, association, j)) {
				continue;
			}
			if (add_link(site, association, j) != 0) {
				return -1;
			}
		}
	}
	return 0;
}

/* Frames say of which association and VLAN they are, and no more. */
static int check_links(const struct site *site, const char *config_path, const char *interface)
{
	if (site->link_count == 0) {
		fprintf(stderr, "keyid-replay: %s: no link on %s%s\n", config_path,
			interface ? "interface " : "any interface", interface ? interface : "");
		return -1;
	}
	for (size_t i = 1; i < site->link_count; i++) {
		const struct site_link *a = &site->links[i - 1], *b = &site->links[i];

		if (compare_links(a, b) == 0) {
			fprintf(stderr,
				"keyid-replay: %s: links %s and %s of %s look alike in a capture; "
				"say which interface it is of: --interface NAME\n",
				config_path, a->name, b->name, a->association);
			return -1;
		}
	}
	return 0;
}

int site_load(struct site *site, const char *config_path, const char *interface)
{
	memset(site, 0, sizeof(*site));
	if (load_config(config_path, &site->config) != 0) {
		return -1;
	}
	if (add_links(site, interface) != 0) {
		fprintf(stderr, "keyid-replay: no memory\n");
		return -1;
	}
	qsort(site->links, site->link_count, sizeof(*site->links), compare_links);
	return check_links(site, config_path, interface);
}

static void begin(struct site_link *link, const struct sae_id *view, uint64_t now_ms)
{
	struct link_config config = { .heartbeat_ms = link->heartbeat_ms,
		.life_ms = link->life_ms,
		.message_max = MESSAGE_MAX_RAW };
	struct link_key keys[CONFIG_CHANNEL_KEYS_MAX] = { 0 };

	memcpy(config.association, link->id, sizeof(config.association));
	observer_init(link->observer, &config, view, now_ms);
	for (size_t i = 0; i < link->key_count; i++) {
		keys[i].number = link->key_numbers[i];
		keys[i].auth = link->auth[i];
	}
	observer_set_keys(link->observer, keys, link->key_count);
}

void site_begin(struct site *site, const struct sae_id *view, uint64_t now_ms)
{
	for (size_t i = 0; i < site->link_count; i++) {
		begin(&site->links[i], view, now_ms);
	}
}

struct site_link *site_find(
	struct site *site, const uint8_t id[static ASSOCIATION_ID_LEN], uint16_t vlan)
{
	size_t low = 0, high = site->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct site_link *link = &site->links[middle];
		int order = compare_key(id, vlan, link->id, link->vlan);

		if (order == 0) {
			return link;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

void site_free(struct site *site)
{
	for (size_t i = 0; i < site->link_count; i++) {
		for (size_t j = 0; j < CONFIG_CHANNEL_KEYS_MAX; j++) {
			auth_free(site->links[i].auth[j]);
		}
		free(site->links[i].observer);
	}
	free(site->links);
	config_free(&site->config);
}
