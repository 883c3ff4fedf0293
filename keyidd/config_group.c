/*
 * Several SAEs of one association in one process: entries of one name. What they
 * must share is compared with the first of them, and an error names both.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"
#include "l2proto/link.h"

/* Two entries of one name, as places in the file: one is the earlier. */
struct pair {
	struct config_source *source;
	const struct config *config;
	size_t one, two;
};

static const struct config_association *first(const struct pair *pair)
{
	return &pair->config->associations[pair->one];
}

static const struct config_association *second(const struct pair *pair)
{
	return &pair->config->associations[pair->two];
}

/* The line of the earlier entry's key, or of the entry if it does not have the key. */
static unsigned earlier_line(const struct pair *pair, const char *key)
{
	return config_line(pair->source, "associations[%zu].%s", pair->one, key);
}

static void fail(const struct pair *pair, const char *key, const char *problem, const char *advice)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "associations[%zu]", pair->two);
	config_fail(pair->source, path, key, "%s: %s line %u; %s", first(pair)->name, problem,
		earlier_line(pair, key), advice);
}

/* ---- who they are ---------------------------------------------------------------------------- */

static bool same_sae(const struct pair *pair)
{
	const struct exchange_config *one = &first(pair)->exchange, *two = &second(pair)->exchange;

	return one->sae.len > 0 && sae_id_equal(&one->sae, &two->sae);
}

static void check_roles(const struct pair *pair)
{
	const struct exchange_config *one = &first(pair)->exchange, *two = &second(pair)->exchange;

	if (one->role == EXCHANGE_MASTER && two->role == EXCHANGE_MASTER) {
		fail(pair, "role", "the master is in", "an association has one");
	}
}

static bool is_member(const struct exchange_config *master, const struct sae_id *sae)
{
	for (size_t i = 0; i < master->member_count; i++) {
		if (sae_id_equal(&master->members[i], sae)) {
			return true;
		}
	}
	return false;
}

/* Who is nobody's SAE would be waited for without end. */
static void check_neighbours(const struct pair *pair, const struct exchange_config *master,
	const struct config_association *slave)
{
	const struct exchange_config *exchange = &slave->exchange;
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; i < exchange->link_count; i++) {
		for (size_t j = 0; j < exchange->links[i].neighbour_count; j++) {
			const struct sae_id *neighbour = &exchange->links[i].neighbours[j];

			if (sae_id_equal(neighbour, &master->sae) || is_member(master, neighbour)) {
				continue;
			}
			snprintf(path, sizeof(path), "associations[%zu].links[%zu]",
				(size_t)(slave - pair->config->associations), i);
			config_fail(pair->source, path, "neighbours",
				"%s is neither %s, the master, nor among its members",
				neighbour->text, master->sae.text);
		}
	}
}

/* One of the two is the master's entry. */
static void check_member(const struct pair *pair, size_t master_place, size_t slave_place)
{
	const struct exchange_config *master = &pair->config->associations[master_place].exchange;
	const struct config_association *slave = &pair->config->associations[slave_place];
	char path[CONFIG_PATH_MAX];

	if (master->member_count == 0 || master->sae.len == 0 || slave->exchange.sae.len == 0) {
		return; /* which has an error of its own */
	}
	if (!is_member(master, &slave->exchange.sae)) {
		snprintf(path, sizeof(path), "associations[%zu]", master_place);
		config_fail(pair->source, path, "members",
			"%s is missing, the SAE of the slave in line %u", slave->exchange.sae.text,
			config_line(pair->source, "associations[%zu].sae", slave_place));
	} else if (sae_id_equal(&slave->exchange.master, &master->sae)) {
		check_neighbours(pair, master, slave);
	}
}

static void check_masters(const struct pair *pair)
{
	const struct exchange_config *one = &first(pair)->exchange, *two = &second(pair)->exchange;

	if (one->master.len > 0 && two->master.len > 0 && one->role != two->role &&
		!sae_id_equal(&one->master, &two->master)) {
		fail(pair, one->role == EXCHANGE_MASTER ? "master" : "sae",
			"this is not the master of the entry in", "name the same one");
	} else if (one->role == EXCHANGE_SLAVE && two->role == EXCHANGE_SLAVE &&
		   one->master.len > 0 && two->master.len > 0 &&
		   !sae_id_equal(&one->master, &two->master)) {
		fail(pair, "master", "not that of", "an association has one master");
	}
	if (one->role == EXCHANGE_MASTER && two->role == EXCHANGE_SLAVE) {
		check_member(pair, pair->one, pair->two);
	} else if (one->role == EXCHANGE_SLAVE && two->role == EXCHANGE_MASTER) {
		check_member(pair, pair->two, pair->one);
	}
}

/* ---- what they share ------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0; /* what could not be read has its own error */
}

static bool same_ckn(const struct ckn_rule *a, const struct ckn_rule *b)
{
	return a->kind == b->kind && a->prefix_len == b->prefix_len &&
	       memcmp(a->prefix, b->prefix, a->prefix_len) == 0;
}

static void check_settings(const struct pair *pair)
{
	const struct config_association *one = first(pair), *two = second(pair);
	const struct {
		const char *key;
		bool same;
	} settings[] = {
		{ "ckn", one->exchange.ckn.kind == two->exchange.ckn.kind },
		{ "ckn-prefix", one->exchange.ckn.kind != two->exchange.ckn.kind ||
					same_ckn(&one->exchange.ckn, &two->exchange.ckn) },
		{ "key-chain", one->exchange.uses_start == two->exchange.uses_start },
		{ "cipher-suite", same_text(one->cipher_suite, two->cipher_suite) },
		{ "heartbeat", one->heartbeat_ms == two->heartbeat_ms },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!settings[i].same) {
			fail(pair, settings[i].key, "not that of",
				"it is the same for all SAEs of an association");
		}
	}
}

/* ---- links ----------------------------------------------------------------------------------- */

static void fail_link(const struct pair *pair, size_t i, size_t j, const char *key,
	const char *problem, const char *advice)
{
	char path[CONFIG_PATH_MAX];

	snprintf(path, sizeof(path), "associations[%zu].links[%zu]", pair->two, j);
	config_fail(pair->source, path, key, "%s: %s line %u; %s", second(pair)->links[j].name,
		problem, config_line(pair->source, "associations[%zu].links[%zu]", pair->one, i),
		advice);
}

static bool same_numbers(const struct config_channel_keys *a, const struct config_channel_keys *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (a->keys[i].number != b->keys[i].number) {
			return false;
		}
	}
	return a->count == b->count;
}

static bool same_interface(const struct config_link *a, const struct config_link *b)
{
	return a->interface && b->interface && strcmp(a->interface, b->interface) == 0;
}

static void check_link_pair(const struct pair *pair, size_t i, size_t j)
{
	const struct config_link *one = &first(pair)->links[i], *two = &second(pair)->links[j];

	/* Frames say for which association they are, and not for which SAE. */
	if (same_interface(one, two) && one->vlan == two->vlan) {
		fail_link(pair, i, j, "interface",
			"another SAE of the same association has this interface and VLAN in",
			"give this one a VLAN of its own, or let both be inside");
	} else if (same_interface(one, two) && first(pair)->exchange.uses_an &&
		   second(pair)->exchange.uses_an) {
		fail_link(pair, i, j, "interface",
			"another SAE of the same association has its MACsec on this interface in",
			"a VLAN tells their messages apart, and not what MACsec sends: give each "
			"an interface");
	}
	if (!one->name || !two->name || strcmp(one->name, two->name) != 0) {
		return;
	}
	if (one->inside != two->inside) {
		fail_link(pair, i, j, "inside", "one is inside the process, and not the other, in",
			"they would not hear each other: give them names of their own");
	} else if (!same_numbers(
			   config_link_keys(first(pair), i), config_link_keys(second(pair), j))) {
		fail_link(pair, i, j, "", "its channel keys have other numbers than those in",
			"stations of one link have the same keys");
	}
}

static void check_links(const struct pair *pair)
{
	for (size_t i = 0; i < first(pair)->exchange.link_count; i++) {
		for (size_t j = 0; j < second(pair)->exchange.link_count; j++) {
			check_link_pair(pair, i, j);
		}
	}
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The entries of one name, in the order of the file. */
struct group {
	struct config_source *source;
	struct config *config;
	const size_t *places;
	size_t count;
};

static bool has_inside(const struct config_association *association, const char *name)
{
	for (size_t i = 0; i < association->exchange.link_count; i++) {
		if (association->links[i].inside && same_text(association->links[i].name, name)) {
			return true;
		}
	}
	return false;
}

/* How many entries other than this one have such a link; *earlier: of them, before it. */
static size_t count_inside(const struct group *group, size_t but, const char *name, size_t *earlier)
{
	size_t count = 0;

	*earlier = 0;
	for (size_t i = 0; i < group->count; i++) {
		size_t place = group->places[i];

		if (place != but && has_inside(&group->config->associations[place], name)) {
			count++;
			*earlier += place < but;
		}
	}
	return count;
}

/* Nowhere leads a link that nobody shares; and a station does not hear any number of others. */
static void check_inside(const struct group *group, size_t place)
{
	const struct config_association *association = &group->config->associations[place];
	char path[CONFIG_PATH_MAX];

	for (size_t i = 0; i < association->exchange.link_count; i++) {
		const struct config_link *link = &association->links[i];
		size_t others, earlier;

		if (!link->inside || !link->name) {
			continue;
		}
		snprintf(path, sizeof(path), "associations[%zu].links[%zu]", place, i);
		others = count_inside(group, place, link->name, &earlier);
		if (others == 0) {
			config_fail(group->source, path, "inside",
				"no other SAE of %s has a link %s inside this process; add its "
				"entry, or give an interface",
				association->name, link->name);
		} else if (earlier == LINK_LIVE_MAX + 1) {
			config_fail(group->source, path, "inside",
				"%zu SAEs of %s share the link %s, and %d can hear each other; "
				"make it several links",
				others + 1, association->name, link->name, LINK_LIVE_MAX + 1);
		}
	}
}

static void label(const struct group *group, size_t place)
{
	struct config_association *association = &group->config->associations[place];
	bool alone = group->count == 1;

	snprintf(association->label, sizeof(association->label), "%s%s%s", association->name,
		alone ? "" : "/", alone ? "" : association->exchange.sae.text);
}

/* What no two may have both. Returns false if they are one SAE: nothing else about them matters. */
static bool check_pair(const struct pair *pair)
{
	if (same_sae(pair)) {
		fail(pair, "sae", "this is also the SAE of the entry in",
			"each entry of an association is for another SAE");
		return false;
	}
	check_roles(pair);
	check_links(pair);
	return true;
}

/* Each with every earlier one; what all share is compared with the first. */
static void check_group(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		struct pair pair = {
			.source = group->source, .config = group->config, .two = group->places[i]
		};
		bool another = true;

		label(group, group->places[i]);
		check_inside(group, group->places[i]);
		for (size_t j = 0; j < i && another; j++) {
			pair.one = group->places[j];
			another = check_pair(&pair);
		}
		pair.one = group->places[0];
		if (i > 0 && another) {
			check_masters(&pair);
			check_settings(&pair);
		}
	}
}

/* ---- finding them ---------------------------------------------------------------------------- */

struct named {
	const char *name;
	size_t place;
};

static int compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : x->place < y->place ? -1 : 1;
}

/* Calls back for each name that could be read. Returns 0 or -ENOMEM. */
static int for_each_group(
	struct config_source *source, struct config *config, void (*fn)(const struct group *group))
{
	struct named *names = calloc(config->association_count + 1, sizeof(*names));
	size_t *places = calloc(config->association_count + 1, sizeof(*places));
	size_t count = 0;

	for (size_t i = 0; names && places && i < config->association_count; i++) {
		if (config->associations[i].name) {
			names[count++] = (struct named){ config->associations[i].name, i };
		}
	}
	if (names && places) {
		qsort(names, count, sizeof(names[0]), compare);
	}
	for (size_t begin = 0, end; begin < count; begin = end) {
		for (end = begin; end < count && strcmp(names[end].name, names[begin].name) == 0;
			end++) {
			places[end - begin] = names[end].place;
		}
		fn(&(struct group){ source, config, places, end - begin });
	}
	free(names);
	free(places);
	return names && places ? 0 : -ENOMEM;
}

int config_check_groups(struct config_source *source, struct config *config)
{
	return for_each_group(source, config, check_group);
}

/* ---- once the keys are read ------------------------------------------------------------------ */

static bool same_keys(const struct config_channel_keys *a, const struct config_channel_keys *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		const struct secret *x = &a->keys[i].key, *y = &b->keys[i].key;

		if (x->len > 0 && y->len > 0 && !secret_equal(x, y)) {
			return false;
		}
	}
	return true;
}

static void check_link_keys(const struct pair *pair)
{
	for (size_t i = 0; i < first(pair)->exchange.link_count; i++) {
		for (size_t j = 0; j < second(pair)->exchange.link_count; j++) {
			if (same_text(first(pair)->links[i].name, second(pair)->links[j].name) &&
				!same_keys(config_link_keys(first(pair), i),
					config_link_keys(second(pair), j))) {
				fail_link(pair, i, j, "",
					"its channel keys are not those of the link in",
					"stations of one link have the same keys");
			}
		}
	}
}

static void check_keys_of_group(const struct group *group)
{
	for (size_t i = 1; i < group->count; i++) {
		for (size_t j = 0; j < i; j++) {
			check_link_keys(&(struct pair){
				group->source, group->config, group->places[j], group->places[i] });
		}
	}
}

int config_check_group_keys(struct config_source *source, struct config *config)
{
	return for_each_group(source, config, check_keys_of_group);
}
