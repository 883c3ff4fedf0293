/* Key-chains: several keys at once, each with a start. */
#include <inttypes.h>
#include <string.h>

#include "keyidd/config_private.h"

/* Keys that mean something only where keys have starts. */
static void refuse_without_chain(const struct association_place *place, bool may_have_one)
{
	const struct raw_association *raw = place->raw;
	const struct {
		const char *key, *text;
	} settings[] = {
		{ "batch", raw->batch && strcmp(raw->batch, "1") != 0 ? raw->batch : NULL },
		{ "spacing", raw->spacing },
		{ "start-lead", raw->start_lead },
		{ "clock-tolerance", raw->clock_tolerance },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (settings[i].text) {
			config_fail(place->source, place->path, settings[i].key,
				"only the keys of a key-chain have starts; leave it out%s",
				may_have_one ? ", or give key-chain" : "");
		}
	}
}

static void check_name(const struct association_place *place)
{
	const char *name = place->raw->key_chain;

	if (name[0] && !config_word_valid(name, APPLIER_NAME_MAX)) {
		config_fail(place->source, place->path, "key-chain",
			"\"%.80s\": not a name on a router", name);
	}
}

/* Hops to the furthest member: in a chain, those that are nobody's neighbour here and one. */
static size_t most_hops(const struct exchange_config *exchange)
{
	size_t neighbours = 0;

	for (size_t i = 0; i < exchange->link_count; i++) {
		neighbours += exchange->links[i].neighbour_count;
	}
	return exchange->member_count > neighbours ? exchange->member_count - neighbours + 1 : 1;
}

/* The next keys come no earlier than the last of these has started, and been used. */
static void check_times(
	const struct association_place *place, const struct config_association *association)
{
	const struct exchange_config *exchange = &association->exchange;
	uint64_t least_s = (uint64_t)exchange->batch * exchange->spacing_s;
	uint64_t least_lead_ms = 4ull * exchange->life_ms * most_hops(exchange);

	if (exchange->role == EXCHANGE_MASTER && exchange->rekey_interval_ms > 0 &&
		exchange->rekey_interval_ms < least_s * MS_SECOND) {
		config_fail(place->source, place->path, "rekey-interval",
			"less than batch times spacing: %u keys, each for %us, last %" PRIu64
			"s; write %" PRIu64 "s or more, or 0",
			exchange->batch, exchange->spacing_s, least_s, least_s);
	}
	if (exchange->lead_s > 0 && exchange->lead_s * (uint64_t)MS_SECOND < least_lead_ms) {
		config_fail(place->source, place->path, "start-lead",
			"less than four times LIFE, which is three heartbeats or LLDP intervals, "
			"for each hop to a member: so old may be what is heard of it, and a "
			"quarter of the lead must do to move a start; write %" PRIu64 "s or more",
			(least_lead_ms + MS_SECOND - 1) / MS_SECOND);
	}
	if (exchange->lead_s > 0 && exchange->clock_tolerance_s >= exchange->lead_s) {
		config_fail(place->source, place->path, "clock-tolerance",
			"not less than start-lead, %us: a device could start before the others "
			"have the key; write less",
			exchange->lead_s);
	}
}

void config_build_starts(
	const struct association_place *place, struct config_association *association)
{
	struct exchange_config *exchange = &association->exchange;

	if (!place->raw->key_chain || exchange->uses_an) {
		refuse_without_chain(place, !exchange->uses_an);
		exchange->spacing_s = 0;
		return;
	}
	exchange->uses_start = true;
	check_name(place);
	if (exchange->batch <= 1) {
		if (place->raw->spacing) {
			config_fail(place->source, place->path, "spacing",
				"with one key at a time there is nothing to space; leave it out, "
				"or "
				"give batch");
		}
		exchange->spacing_s = 0;
	}
}

void config_check_starts(
	const struct association_place *place, const struct config_association *association)
{
	if (association->exchange.uses_start) {
		check_times(place, association);
	}
}
