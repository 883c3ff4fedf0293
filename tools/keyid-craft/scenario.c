#include "tools/keyid-craft/scenario.h"

#include <string.h>

#define CLOCK_DEFAULT_S 1767225600 /* 2026-01-01T00:00:00Z */
#define LLDP_INTERVAL_DEFAULT_S 10

/* What docs/protocol.md has in its examples: section 1, and 9.1 for CKNs. */
static void set_defaults(struct scenario *scenario)
{
	static const uint8_t nearest_bridge[] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };
	static const uint8_t prefix[] = { 0xab, 0xcd, 0x12, 0x34, 0xab, 0xcd, 0x56, 0x78 };
	struct config_transport *transport = &scenario->transport;

	scenario->format.link_type = CAPFILE_ETHERNET;
	scenario->format.snaplen = CAPFILE_SNAPLEN;
	scenario->clock_s = CLOCK_DEFAULT_S;
	transport->frame.raw = (struct ethernet_format){ .ethertype = ETHERNET_OUI_EXTENDED,
		.oui = { 0x00, 0x00, 0x5e },
		.protocol_id = 0x0042 };
	transport->frame.lldp = (struct lldp_format){ { 0x00, 0x00, 0x5e }, 0x42 };
	transport->lldp_interval_s = LLDP_INTERVAL_DEFAULT_S;
	memcpy(transport->destination, nearest_bridge, sizeof(nearest_bridge));
	memcpy(transport->lldp_destination, nearest_bridge, sizeof(nearest_bridge));
	scenario->ckn = (struct ckn_rule){ .kind = CKN_PREFIX, .prefix_len = 16 };
	memcpy(scenario->ckn.prefix, prefix, sizeof(prefix));
	memcpy(scenario->ckn.prefix + sizeof(prefix), prefix, sizeof(prefix));
}

static void act_line(struct scenario *scenario, const char *verb)
{
	struct script *script = &scenario->script;

	if (script->indented) {
		script_error(script, "'%s' is not said by anybody", verb);
	} else if (strcmp(verb, "at") == 0) {
		event_at(scenario);
	} else if (strcmp(verb, "until") == 0) {
		event_until(scenario);
	} else if (!setup_line(scenario, verb)) {
		script_error(script, "'%s' is no word of the language", verb);
	}
	script_end(script);
}

bool scenario_act(struct scenario *scenario)
{
	set_defaults(scenario);
	while (script_read(&scenario->script)) {
		act_line(scenario, script_word(&scenario->script));
	}
	if (!scenario->script.failed) {
		scenario_begin_capture(scenario);
	}
	return !scenario->script.failed;
}

void scenario_free(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->station_count; i++) {
		struct station *station = &scenario->stations[i];

		for (size_t k = 0; k < station->key_count; k++) {
			auth_free(station->keys[k].auth);
		}
	}
}
