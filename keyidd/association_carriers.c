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

/* What there is to say of a carrier: nothing as long as no neighbour is live. */
enum carrier_state { UNDECIDED, WORKS, SILENT };

/* Silent for one live neighbour is silent; it works if all of them have been heard by it lately. */
static enum carrier_state state_of(
	const struct association_link *link, enum carrier carrier, uint64_t now_ms)
{
	enum carrier_state state = UNDECIDED;

	for (size_t i = 0; i < LINK_LIVE_MAX; i++) {
		const struct link_station *station = &link->link.live[i];

		if (!link_station_live(&link->link, station->member, now_ms)) {
			continue;
		}
		if (association_carrier_silent(link, station, carrier, now_ms)) {
			return SILENT;
		}
		if (station->carried_ms[carrier] == 0) {
			return UNDECIDED;
		}
		state = WORKS;
	}
	return state;
}

static void say(struct association_link *link, enum carrier carrier, uint64_t now_ms)
{
	const struct config_association *config = link->association->config;
	bool silent = link->carrier_silent[carrier];
	uint32_t held_back;

	if (log_limit_allow(&link->carrier_limit[silent], now_ms, &held_back)) {
		log_write(silent ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "link",
			"%s: link %s: %s %s (%u like this held back)", config->label,
			config->links[link->index].name, carrier_name(carrier),
			silent ? "brings nothing from a neighbour that the other carrier brings"
			       : "brings every neighbour again",
			held_back);
	}
}

/* Each change once: which of two carriers brings nothing, and that it does again. */
void association_watch_carriers(struct association_link *link, uint64_t now_ms)
{
	const struct config_link *settings = &link->association->config->links[link->index];

	if (settings->inside || settings->carriers != (1 << CARRIER_RAW | 1 << CARRIER_LLDP)) {
		return;
	}
	for (unsigned carrier = 0; carrier < CARRIER_COUNT; carrier++) {
		enum carrier_state state = state_of(link, carrier, now_ms);

		if (state != UNDECIDED && (state == SILENT) != link->carrier_silent[carrier]) {
			link->carrier_silent[carrier] = state == SILENT;
			say(link, carrier, now_ms);
		}
	}
}
