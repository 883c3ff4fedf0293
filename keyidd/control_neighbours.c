#include "keyidd/control_private.h"

#include <string.h>

/* receives is how many SAs; of a neighbour, how many of ours. */
static json_t *secy_of(const uint8_t sci[static SCI_LEN], uint8_t suite,
	const struct transmit_sa *transmit, size_t count, size_t receives)
{
	return json_pack("{s:o, s:s, s:o, s:I}", "sci", control_hex(sci, SCI_LEN), "cipher_suite",
		secy_suite_name(suite), "transmit", control_transmit(transmit, count), "receives",
		(json_int_t)receives);
}

static json_t *own_secy(const struct association *association, size_t link)
{
	const struct exchange *exchange = &association->exchange;
	const struct secy *secy = &exchange->view.secys[link].shown;

	return exchange->device_known && secy->present
		       ? secy_of(secy->sci, secy->suite, secy->transmit, secy->transmit_count,
				 secy->receive_count)
		       : json_null();
}

/* What a neighbour has said of its own, however long ago; only that of the SAE itself counts. */
static json_t *neighbour_secy(
	const struct association *association, size_t link, const struct sae_status *status)
{
	const struct exchange *exchange = &association->exchange;
	const struct exchange_link_config *config = &exchange->config->links[link];

	for (size_t i = 0; status->hops == 0 && i < config->neighbour_count; i++) {
		const struct exchange_neighbour *said = &exchange->neighbours[link][i];

		if (sae_id_equal(&config->neighbours[i], &status->sae) && said->suite != 0) {
			return secy_of(said->sci, said->suite, said->transmit, said->transmit_count,
				said->receive_count);
		}
	}
	return json_null();
}

/* The SAEs whose status this station sends: its own, and those that it relays. */
static json_t *saes_of(const struct association *association, size_t link,
	const uint8_t member[static MEMBER_ID_LEN])
{
	json_t *saes = json_array();

	for (size_t i = 0; i < SAES_MAX; i++) {
		const struct exchange_peer *peer = &association->exchange.peers[i];

		if (peer->status.sae.len > 0 && peer->link == link &&
			memcmp(peer->member, member, MEMBER_ID_LEN) == 0) {
			json_array_append_new(saes,
				json_pack("{s:o, s:i, s:o}", "sae", control_sae(&peer->status.sae),
					"hops", peer->status.hops, "secy",
					neighbour_secy(association, link, &peer->status)));
		}
	}
	return saes;
}

/* By which carriers a live station is heard: those that the link uses. */
static json_t *carriers_of(const struct association_link *link, const struct link_station *station,
	struct exchange_time now)
{
	const struct config_link *settings = &link->association->config->links[link->index];
	json_t *carriers = json_object();

	for (unsigned i = 0; i < CARRIER_COUNT && !settings->inside; i++) {
		uint64_t last_ms = station->carried_ms[i];

		if (settings->carriers & 1 << i) {
			json_object_set_new(carriers, carrier_name(i),
				json_pack("{s:o, s:b}", "heard_ms_ago",
					last_ms ? control_number(now.mono_ms - last_ms)
						: json_null(),
					"silent",
					association_carrier_silent(link, station, i, now.mono_ms)));
		}
	}
	return carriers;
}

static void add_stations(json_t *list, const struct association_link *link,
	const struct link_station *table, size_t size, bool proven, struct exchange_time now)
{
	for (size_t i = 0; i < size; i++) {
		const struct link_station *station = &table[i];
		uint64_t age_ms = now.mono_ms - station->heard_ms;
		const char *state = age_ms > link_life_ms(&link->link) ? "silent"
				    : proven                           ? "live"
								       : "unproven";

		if (!station->used) {
			continue;
		}
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:I, s:o, s:i, s:o, s:o, s:o}", "member",
				control_hex(station->member, MEMBER_ID_LEN), "state", state,
				"number", (json_int_t)station->number, "acknowledged",
				proven ? json_integer(station->acknowledged) : json_null(),
				"newest_channel_key", station->newest_key_number, "heard_ms_ago",
				control_number(age_ms), "carriers",
				proven ? carriers_of(link, station, now) : json_object(), "saes",
				saes_of(link->association, link->index, station->member)));
	}
}

static json_t *one(const struct association_link *link, struct exchange_time now)
{
	const struct config_association *config = link->association->config;
	const struct config_link *settings = &config->links[link->index];
	bool open = link->iface && iface_open(link->iface);
	json_t *stations = json_array();

	add_stations(stations, link, link->link.live, LINK_LIVE_MAX, true, now);
	add_stations(stations, link, link->link.fresh, LINK_NEW_MAX, false, now);
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:b, s:i, s:b, s:o, s:o, s:I, s:o, s:o}",
		"association", control_text(config->name), "own_sae",
		control_sae(&config->exchange.sae), "label", config->label, "link",
		control_text(settings->name), "interface", control_text(settings->interface),
		"inside", settings->inside, "vlan", settings->vlan, "open", open, "error",
		control_text_or_null(open || !link->iface ? NULL : iface_error(link->iface)),
		"member", control_hex(link->link.member, MEMBER_ID_LEN), "number",
		(json_int_t)link->link.number, "secy", own_secy(link->association, link->index),
		"stations", stations);
}

json_t *control_neighbours(struct control_request *request)
{
	const struct engine *engine = request->engine;
	json_t *list = json_array();

	for (size_t i = 0; i < engine->association_count; i++) {
		const struct association *association = engine->associations[i];

		for (size_t j = 0; control_request_wants(request, association) &&
				   j < association->exchange.config->link_count;
			j++) {
			json_array_append_new(list, one(&association->links[j], request->now));
		}
	}
	return json_pack("{s:o}", "links", list);
}
