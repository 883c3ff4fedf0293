/*
 * An LLDPDU by hand: its TLVs, one in each indented line. Nothing is added, and nothing
 * checked.
 *
 *     agent STATION                 chassis ID, port ID and TTL as the station has them; it
 *                                   is the sender
 *     NAME [length N] [OCTETS]      a TLV by its name, in the table below
 *     tlv TYPE [length N] [OCTETS]  any TLV; the length may be a lie
 *     message LABEL [in N]          the message of the frame so called, in TLVs of N (507) octets
 *     part LABEL FROM N             N octets of it, from that place on, in one TLV
 *     octets OCTETS
 */
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

#define TYPE_MAX 127
#define LENGTH_MAX 511

enum type { CHASSIS_ID = 1, PORT_ID = 2, TIME_TO_LIVE = 3, ORGANISATION = 127 };

static const struct {
	const char *name;
	unsigned type;
} names[] = {
	{ "end", 0 },
	{ "chassis", CHASSIS_ID },
	{ "port", PORT_ID },
	{ "ttl", TIME_TO_LIVE },
	{ "port-description", 4 },
	{ "system-name", 5 },
	{ "system-description", 6 },
	{ "capabilities", 7 },
	{ "management-address", 8 },
	{ "organisation", ORGANISATION },
};

static void append(
	struct scenario *scenario, struct packet *frame, const uint8_t *octets, size_t len)
{
	if (len > sizeof(frame->body) - frame->body_len) {
		script_error(&scenario->script, "the LLDPDU is too long");
		return;
	}
	memcpy(frame->body + frame->body_len, octets, len);
	frame->body_len += len;
}

static void append_header(
	struct scenario *scenario, struct packet *frame, unsigned type, size_t length)
{
	uint8_t header[2] = { (uint8_t)(type << 1 | length >> 8), (uint8_t)length };

	append(scenario, frame, header, sizeof(header));
}

/* [length N] [OCTETS] */
static void read_tlv(struct scenario *scenario, struct packet *frame, unsigned type)
{
	struct script *script = &scenario->script;
	uint8_t octets[PACKET_BODY_MAX];
	bool lies = script_take(script, "length");
	size_t length = lies ? value_number(script, "a TLV's length", 0, LENGTH_MAX) : 0;
	size_t len = script->next < script->count ? value_octets(script, octets, sizeof(octets))
						  : 0;

	if (!lies && len > LENGTH_MAX) {
		script_error(script, "a TLV of more than %d octets", LENGTH_MAX);
	}
	append_header(scenario, frame, type, lies ? length : len);
	append(scenario, frame, octets, len);
}

/* ---- what stations have ---------------------------------------------------------------------- */

static void read_agent(struct scenario *scenario, struct packet *frame)
{
	const struct station *station = scenario_station(
		scenario, script_need(&scenario->script, "a station"));
	struct packet own;
	size_t port_len;

	if (!station) {
		return;
	}
	station_address(scenario, station, &own);
	frame->sender = station;
	frame->wire = own.wire;
	memcpy(frame->source, own.source, sizeof(frame->source));

	append_header(scenario, frame, CHASSIS_ID, 1 + sizeof(own.agent.chassis));
	append(scenario, frame, (const uint8_t[]){ LLDP_CHASSIS_MAC }, 1);
	append(scenario, frame, own.agent.chassis, sizeof(own.agent.chassis));
	port_len = strlen(own.agent.port);
	append_header(scenario, frame, PORT_ID, 1 + port_len);
	append(scenario, frame, (const uint8_t[]){ LLDP_PORT_LOCAL }, 1);
	append(scenario, frame, (const uint8_t *)own.agent.port, port_len);
	append_header(scenario, frame, TIME_TO_LIVE, 2);
	append(scenario, frame,
		(const uint8_t[]){ (uint8_t)(own.agent.ttl_s >> 8), (uint8_t)own.agent.ttl_s }, 2);
}

/* The message that the frame whose name comes next is of; NULL after an error. */
static const struct packet *read_message(struct scenario *scenario, struct packet *frame)
{
	const struct label *label = scenario_label(
		scenario, script_need(&scenario->script, "a frame"));

	if (label && label->frame.form != PACKET_MESSAGE) {
		script_error(&scenario->script, "there is no message in it");
		return NULL;
	}
	if (label && !frame->wire) {
		frame->wire = label->frame.wire;
	}
	return label ? &label->frame : NULL;
}

static void append_part(struct scenario *scenario, struct packet *frame,
	const struct packet *message, size_t at, size_t len)
{
	const struct lldp_format *format = &frame->format.lldp;

	append_header(scenario, frame, ORGANISATION, sizeof(format->oui) + 1 + len);
	append(scenario, frame, format->oui, sizeof(format->oui));
	append(scenario, frame, &format->subtype, 1);
	append(scenario, frame, message->body + at, len);
}

static void read_parts(struct scenario *scenario, struct packet *frame)
{
	struct script *script = &scenario->script;
	const struct packet *message = read_message(scenario, frame);
	size_t part_len = LLDP_PART_MAX;

	if (script_take(script, "in")) {
		part_len = value_number(script, "octets of each part", 1, LLDP_PART_MAX);
	}
	for (size_t at = 0; message && !script->failed && at < message->body_len; at += part_len) {
		size_t left = message->body_len - at;

		append_part(scenario, frame, message, at, left < part_len ? left : part_len);
	}
}

static void read_part(struct scenario *scenario, struct packet *frame)
{
	struct script *script = &scenario->script;
	const struct packet *message = read_message(scenario, frame);
	size_t len = message ? message->body_len : 0;
	size_t at = value_number(script, "where the part begins", 0, len);

	len = value_number(script, "octets of the part", 0,
		len - at < LLDP_PART_MAX ? len - at : LLDP_PART_MAX);
	if (message && !script->failed) {
		append_part(scenario, frame, message, at, len);
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void read_any_tlv(struct scenario *scenario, struct packet *frame)
{
	read_tlv(scenario, frame,
		(unsigned)value_number(&scenario->script, "a TLV's type", 0, TYPE_MAX));
}

static void read_octets(struct scenario *scenario, struct packet *frame)
{
	uint8_t octets[PACKET_BODY_MAX];
	size_t len = value_octets(&scenario->script, octets, sizeof(octets));

	append(scenario, frame, octets, len);
}

static const struct {
	const char *name;
	void (*read)(struct scenario *scenario, struct packet *frame);
} lines[] = {
	{ "agent", read_agent },
	{ "tlv", read_any_tlv },
	{ "message", read_parts },
	{ "part", read_part },
	{ "octets", read_octets },
};

static void read_line(struct scenario *scenario, struct packet *frame, const char *word)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(lines[i].name, word) == 0) {
			lines[i].read(scenario, frame);
			return;
		}
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, word) == 0) {
			read_tlv(scenario, frame, names[i].type);
			return;
		}
	}
	script_error(&scenario->script, "'%s' is nothing in an LLDPDU", word);
}

void lldpdu_read(struct scenario *scenario, struct packet *frame)
{
	struct script *script = &scenario->script;

	while (script_read_indented(script)) {
		read_line(scenario, frame, script_word(script));
		script_end(script);
	}
}
