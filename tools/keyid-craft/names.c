/* What a scenario has named, found again. */
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

void scenario_name(struct scenario *scenario, char out[static NAME_MAX_LEN + 1], const char *name)
{
	out[0] = '\0';
	if (!name) {
		return;
	}
	if (strlen(name) > NAME_MAX_LEN) {
		script_error(&scenario->script, "a name of more than %d characters", NAME_MAX_LEN);
		return;
	}
	strcpy(out, name);
}

/*
 * Each table's entries begin with their name. NULL and an error, unless name is NULL, if
 * none of them is called that.
 */
static void *find_named(struct scenario *scenario, const char *what, void *table, size_t count,
	size_t size, const char *name)
{
	char *entry = table;

	for (size_t i = 0; name && i < count; i++, entry += size) {
		if (strcmp(entry, name) == 0) {
			return entry;
		}
	}
	if (name) {
		script_error(&scenario->script, "there is no %s '%s'", what, name);
	}
	return NULL;
}

#define FIND(what, table, count, name)                                                             \
	find_named(scenario, what, scenario->table, scenario->count, sizeof(scenario->table[0]),   \
		name)

struct station *scenario_station(struct scenario *scenario, const char *name)
{
	return FIND("station", stations, station_count, name);
}

uint64_t scenario_stations(struct scenario *scenario)
{
	char *list = script_need(&scenario->script, "a station");
	uint64_t stations = 0;
	char *name;

	while ((name = value_item(&list))) {
		const struct station *station = scenario_station(scenario, name);

		if (station) {
			stations |= scenario_station_bit(scenario, station);
		}
	}
	return stations;
}

uint64_t scenario_station_bit(const struct scenario *scenario, const struct station *station)
{
	return UINT64_C(1) << (station - scenario->stations);
}

const struct wire *scenario_wire(struct scenario *scenario, const char *name)
{
	return FIND("link", wires, wire_count, name);
}

unsigned scenario_carriers(struct scenario *scenario)
{
	static const struct {
		const char *name;
		unsigned carriers;
	} transports[] = { { "raw", 1 << CARRIER_RAW }, { "lldp", 1 << CARRIER_LLDP },
		{ "auto", 1 << CARRIER_RAW | 1 << CARRIER_LLDP } };
	const char *word = script_need(&scenario->script, "raw, lldp or auto");

	for (size_t i = 0; word && i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (strcmp(transports[i].name, word) == 0) {
			return transports[i].carriers;
		}
	}
	if (word) {
		script_error(&scenario->script, "'%s' is not raw, lldp or auto", word);
	}
	return 1 << CARRIER_RAW;
}

const struct named_key *scenario_key(struct scenario *scenario, const char *name)
{
	return FIND("key", keys, key_count, name);
}

const struct proposal *scenario_proposal(struct scenario *scenario, const char *name)
{
	const struct named_proposal *named = FIND("proposal", proposals, proposal_count, name);

	return named ? &named->proposal : NULL;
}

const struct label *scenario_label(struct scenario *scenario, const char *name)
{
	return FIND("frame called", labels, label_count, name);
}
