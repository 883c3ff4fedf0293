#include "keyidd/control_private.h"

#include <string.h>

static json_t *verdicts(const struct link *link)
{
	json_t *counts = json_object();

	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		json_object_set_new(counts, verdict_name(i), control_number(link->received[i]));
	}
	return counts;
}

static json_t *malformed(const struct link *link)
{
	json_t *counts = json_object();

	for (unsigned i = MALFORMED_NOT + 1; i < MALFORMED_COUNT; i++) {
		json_object_set_new(counts, malformed_name(i), control_number(link->malformed[i]));
	}
	return counts;
}

static json_t *by_carrier(const uint64_t counts[static CARRIER_COUNT])
{
	json_t *object = json_object();

	for (unsigned i = 0; i < CARRIER_COUNT; i++) {
		json_object_set_new(object, carrier_name(i), control_number(counts[i]));
	}
	return object;
}

static json_t *one_link(const struct association_link *link, struct exchange_time now)
{
	const struct config_association *config = link->association->config;
	const struct config_link *settings = &config->links[link->index];
	uint64_t last_ms = link->last_received_ms;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"association", control_text(config->name), "own_sae",
		control_sae(&config->exchange.sae), "label", config->label, "link",
		control_text(settings->name), "interface", control_text(settings->interface),
		"sent", control_number(link->link.sent), "send_errors",
		control_number(link->send_errors), "accepted_ms_ago",
		last_ms ? control_number(now.mono_ms - last_ms) : json_null(), "received",
		verdicts(&link->link), "sent_by", by_carrier(link->sent_by), "accepted_by",
		by_carrier(link->accepted_by), "copies_by", by_carrier(link->copies_by),
		"malformed", malformed(&link->link));
}

static json_t *one_association(const struct association *association)
{
	const struct exchange_record *record = &association->exchange.record;
	uint32_t cap = association->exchange.config->keys_per_hour;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o}", "name",
		control_text(association->config->name), "own_sae",
		control_sae(&association->exchange.config->sae), "label",
		association->config->label, "highest", control_number(record->highest), "committed",
		control_number(record->committed.generation), "enc_keys_this_hour",
		(json_int_t)record->fetch_count, "keys_per_hour",
		cap ? json_integer(cap) : json_null(), "key_age_s",
		association_key_age_s(association) < 0
			? json_null()
			: json_integer(association_key_age_s(association)));
}

/* ---- interfaces: shared by links, each shown once ------------------------------------------- */

static bool shown(const json_t *list, const char *name)
{
	size_t i;
	json_t *interface;

	json_array_foreach((json_t *)list, i, interface)
	{
		if (strcmp(json_string_value(json_object_get(interface, "interface")), name) == 0) {
			return true;
		}
	}
	return false;
}

static json_t *one_interface(const struct iface *iface)
{
	const struct iface_counters *counters = iface_counters(iface);

	return json_pack("{s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "interface",
		control_text(iface_name(iface)), "open", iface_open(iface), "state",
		control_iface_state(iface_state(iface)), "error",
		control_text_or_null(iface_open(iface) ? NULL : iface_error(iface)), "frames",
		control_number(counters->frames), "not_ours", control_number(counters->not_ours),
		"malformed", control_number(counters->malformed), "unknown_association",
		control_number(counters->unknown_association), "deferred",
		control_number(counters->deferred), "dropped", control_number(iface_dropped(iface)),
		"outages", control_number(counters->outages));
}

static void add_link(json_t *links, json_t *interfaces, const struct association_link *link,
	struct exchange_time now)
{
	json_array_append_new(links, one_link(link, now));
	if (link->iface && !shown(interfaces, iface_name(link->iface))) {
		json_array_append_new(interfaces, one_interface(link->iface));
	}
}

json_t *control_counters(struct control_request *request)
{
	const struct engine *engine = request->engine;
	json_t *associations = json_array(), *links = json_array(), *interfaces = json_array();

	for (size_t i = 0; i < engine->association_count; i++) {
		const struct association *association = engine->associations[i];

		if (!control_request_wants(request, association)) {
			continue;
		}
		json_array_append_new(associations, one_association(association));
		for (size_t j = 0; j < association->exchange.config->link_count; j++) {
			add_link(links, interfaces, &association->links[j], request->now);
		}
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "uptime_s",
		control_number((request->now.mono_ms - engine->started_ms) / 1000), "reloads",
		control_number(engine->reloads), "reload_failures",
		control_number(engine->reload_failures), "interfaces", interfaces, "links", links,
		"associations", associations, "handovers", control_handover_counters(request));
}
