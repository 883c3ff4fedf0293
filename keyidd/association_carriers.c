/* Which of a link's carriers bring its neighbours: for people, the exchange does not ask. */
#include "keyidd/association.h"

#include "common/log.h"

/* By raw frames a neighbour is heard each heartbeat, by LLDP each interval. */
bool association_carrier_silent(const struct association_link *link,
	const struct link_station *station, enum carrier carrier, uint64_t now_ms)
{
	const struct config_association *config = link->association->config;
	uint64_t heartbeats_ms = (uint64_t)LINK_LIFE_HEARTBEATS * config->heartbeat_ms;
	uint64_t limit_ms = carrier == CARRIER_RAW ? heartbeats_ms : config->exchange.life_ms;
	uint64_t since_ms = station->carried_ms[carrier] ? station->carried_ms[carrier]
							 : station->proven_ms;

	return config->links[link->index].carriers & 1 << carrier && now_ms - since_ms > limit_ms;
}

/* Is a live neighbour not heard by this carrier, though by the other? */
static bool carrier_is_silent(
	const struct association_link *link, enum carrier carrier, uint64_t now_ms)
{
	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		const struct link_station *station = &link->link.live[i];

		if (link_station_live(&link->link, station->member, now_ms) &&
			association_carrier_silent(link, station, carrier, now_ms)) {
			return true;
		}
	}
	return false;
}

/* Each change once: which of two carriers brings nothing, and that it does again. */
void association_watch_carriers(struct association_link *link, uint64_t now_ms)
{
	const struct config_association *config = link->association->config;
	const struct config_link *settings = &config->links[link->index];

	for (unsigned carrier = 0; carrier < CARRIER_COUNT; carrier++) {
		bool silent;

		if (settings->carriers != (1 << CARRIER_RAW | 1 << CARRIER_LLDP) ||
			settings->inside) {
			return;
		}
		silent = carrier_is_silent(link, carrier, now_ms);
		if (silent != link->carrier_silent[carrier]) {
			link->carrier_silent[carrier] = silent;
			log_write(silent ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "link",
				"%s: link %s: %s %s", config->label, settings->name,
				carrier_name(carrier),
				silent ? "brings nothing from a neighbour that the other carrier "
					 "brings"
				       : "brings every neighbour again");
		}
	}
}
