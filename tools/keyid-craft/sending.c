#include <stdio.h>
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

#define TAG_CUSTOMER 0x8100
#define TAG_PRIORITY_SHIFT 13
#define TAG_DROP_ELIGIBLE 0x1000
#define VLAN_MASK 0x0fff
#define COPY_NS 20000 /* from a message by one carrier to the same by the next */

struct options {
	struct scenario *scenario;
	struct sending *sending;
	struct packet *frame;
};

static struct script *text(const struct options *options)
{
	return &options->scenario->script;
}

/* ---- who hears it, and whether it is captured ------------------------------------------------ */

static void option_called(const struct options *options)
{
	const char *name = script_need(text(options), "a name for the frame");

	scenario_name(options->scenario, options->sending->label, name);
}

/* "lost": nobody hears it; "lost to a,b": they do not. */
static void option_lost(const struct options *options)
{
	options->sending->lost_to = script_take(text(options), "to")
					    ? scenario_stations(options->scenario)
					    : UINT64_MAX;
}

static void option_unseen(const struct options *options)
{
	options->sending->unseen = true;
}

static void option_snap(const struct options *options)
{
	options->sending->snapped = true;
	options->sending->snap = value_number(
		text(options), "a captured length", 0, PACKET_OCTETS_MAX);
}

static void option_stamped(const struct options *options)
{
	options->sending->stamped = true;
	options->sending->stamp_ns = value_time_ns(text(options), options->scenario->now_ns);
}

/* "by lldp": where the station would use another carrier, or both. */
static void option_by(const struct options *options)
{
	unsigned carriers = scenario_carriers(options->scenario);

	if (options->frame->form != PACKET_MESSAGE) {
		script_error(text(options), "this is no message, to go by another carrier");
	}
	options->frame->carriers = carriers;
}

static void option_on(const struct options *options)
{
	options->frame->wire = scenario_wire(
		options->scenario, script_need(text(options), "a link"));
}

/* ---- the frame's parts ----------------------------------------------------------------------- */

static void option_from(const struct options *options)
{
	value_address(text(options), "an address", options->frame->source, ETHERNET_ADDRESS_LEN);
}

static void option_to(const struct options *options)
{
	uint8_t(*destination)[ETHERNET_ADDRESS_LEN] = options->frame->destination;

	value_address(text(options), "an address", destination[0], ETHERNET_ADDRESS_LEN);
	for (size_t i = 1; i < CARRIER_COUNT; i++) {
		memcpy(destination[i], destination[0], ETHERNET_ADDRESS_LEN);
	}
}

static void option_ethertype(const struct options *options)
{
	options->frame->format.raw.ethertype = (uint16_t)value_number(
		text(options), "an EtherType", 0, 0xffff);
}

static void option_oui(const struct options *options)
{
	struct frame_format *format = &options->frame->format;

	value_address(text(options), "an OUI", format->raw.oui, sizeof(format->raw.oui));
	memcpy(format->lldp.oui, format->raw.oui, sizeof(format->lldp.oui));
}

static void option_subtype(const struct options *options)
{
	options->frame->format.lldp.subtype = (uint8_t)value_number(
		text(options), "a subtype", 0, 0xff);
}

static void option_protocol_id(const struct options *options)
{
	options->frame->format.raw.protocol_id = (uint16_t)value_number(
		text(options), "a protocol ID", 0, 0xffff);
}

static void need_tag(struct packet_tag *tag)
{
	if (!tag->present) {
		*tag = (struct packet_tag){ true, TAG_CUSTOMER, 0 };
	}
}

static void option_vlan(const struct options *options)
{
	struct packet_tag *tag = &options->frame->tag;
	uint16_t vlan = (uint16_t)value_number(text(options), "a VLAN ID", 0, VLAN_MASK);

	need_tag(tag);
	tag->control = (uint16_t)((tag->control & ~VLAN_MASK) | vlan);
}

static void option_priority(const struct options *options)
{
	struct packet_tag *tag = &options->frame->tag;
	uint16_t priority = (uint16_t)value_number(text(options), "a priority", 0, 7);

	need_tag(tag);
	tag->control |= (uint16_t)(priority << TAG_PRIORITY_SHIFT);
}

static void option_dei(const struct options *options)
{
	need_tag(&options->frame->tag);
	options->frame->tag.control |= TAG_DROP_ELIGIBLE;
}

static void option_untagged(const struct options *options)
{
	options->frame->tag.present = false;
}

/* "outer 0x88a8 100": one more tag, of this type, in front of the other. */
static void option_outer(const struct options *options)
{
	struct packet_tag *outer = &options->frame->outer;

	outer->present = true;
	outer->type = (uint16_t)value_number(text(options), "a tag's type", 0, 0xffff);
	outer->control = (uint16_t)value_number(text(options), "a VLAN ID", 0, VLAN_MASK);
}

static void option_pad(const struct options *options)
{
	options->frame->padding = value_number(
		text(options), "a number of octets", 0, PACKET_PADDING_MAX);
}

static const struct {
	const char *name;
	void (*read)(const struct options *options);
} option_table[] = {
	{ "called", option_called },
	{ "lost", option_lost },
	{ "unseen", option_unseen },
	{ "snap", option_snap },
	{ "stamped", option_stamped },
	{ "by", option_by },
	{ "on", option_on },
	{ "from", option_from },
	{ "to", option_to },
	{ "ethertype", option_ethertype },
	{ "oui", option_oui },
	{ "protocol-id", option_protocol_id },
	{ "subtype", option_subtype },
	{ "vlan", option_vlan },
	{ "priority", option_priority },
	{ "dei", option_dei },
	{ "untagged", option_untagged },
	{ "outer", option_outer },
	{ "pad", option_pad },
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

static bool uses_lldp(const struct packet *frame)
{
	return frame->carriers & 1 << CARRIER_LLDP;
}

void sending_read(struct scenario *scenario, struct sending *sending, struct packet *frame)
{
	struct options options = { scenario, sending, frame };
	const char *word;

	while ((word = script_word(&scenario->script))) {
		size_t i = 0;

		while (i < OPTION_COUNT && strcmp(option_table[i].name, word) != 0) {
			i++;
		}
		if (i == OPTION_COUNT) {
			script_error(&scenario->script, "nothing known of a frame is '%s'", word);
			return;
		}
		option_table[i].read(&options);
	}
	if (frame->form == PACKET_MESSAGE && uses_lldp(frame) &&
		frame->body_len > MESSAGE_MAX_RAW) {
		script_error(&scenario->script, "the message is too long for LLDP");
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

static void remember(struct scenario *scenario, const char *name, const struct packet *frame)
{
	struct label *label = &scenario->labels[scenario->label_count];

	for (size_t i = 0; i < scenario->label_count; i++) {
		if (strcmp(scenario->labels[i].name, name) == 0) {
			script_error(&scenario->script, "a frame is called '%s' already", name);
			return;
		}
	}
	if (scenario->label_count == LABELS_MAX) {
		script_error(&scenario->script, "more than %d frames with names", LABELS_MAX);
		return;
	}
	strcpy(label->name, name);
	label->frame = *frame;
	scenario->label_count++;
}

void scenario_begin_capture(struct scenario *scenario)
{
	if (!scenario->begun) {
		capfile_begin(&scenario->capture, &scenario->format);
		scenario->begun = true;
	}
}

static void capture(
	struct scenario *scenario, const struct sending *sending, const struct packet_octets *frame)
{
	uint64_t time_ns = sending->stamped ? sending->stamp_ns
					    : scenario->now_ns + sending->delay_ns;
	size_t captured = frame->len;

	scenario_begin_capture(scenario);
	if (scenario->frames == FRAMES_MAX) {
		script_error(&scenario->script, "more than %d frames", FRAMES_MAX);
		return;
	}
	scenario->frames++;
	if (captured > scenario->format.snaplen) {
		captured = scenario->format.snaplen;
	}
	if (sending->snapped && captured > sending->snap) {
		captured = sending->snap;
	}
	capfile_frame(&scenario->capture, scenario->clock_s + (int64_t)(time_ns / 1000000000),
		(uint32_t)(time_ns % 1000000000), frame->octets, captured, frame->len);
}

/* Does it reach this station? */
static bool is_heard(const struct scenario *scenario, const struct sending *sending,
	const struct packet *frame, size_t i)
{
	const struct station *station = &scenario->stations[i];
	bool hears_sender = station->hears == HEARS_ALL;

	if (frame->sender && station->hears & scenario_station_bit(scenario, frame->sender)) {
		hears_sender = true;
	}
	return station->wire == frame->wire && station != frame->sender && hears_sender &&
	       !station->stopped && !(sending->lost_to & UINT64_C(1) << i);
}

/* Is there a filter on the way that lets nothing through which it sends by this carrier? */
static bool is_blocked(
	const struct scenario *scenario, const struct packet *frame, enum carrier carrier)
{
	return frame->sender &&
	       scenario->blocked[carrier] & scenario_station_bit(scenario, frame->sender);
}

void sending_send_octets(struct scenario *scenario, const struct sending *sending,
	const struct packet *frame, const struct packet_octets *octets)
{
	if (scenario->script.failed) {
		return;
	}
	scenario->sent_ns = scenario->now_ns + sending->delay_ns;
	if (!sending->unseen) {
		capture(scenario, sending, octets);
	}
	if (sending->label[0] != '\0') {
		remember(scenario, sending->label, frame);
	}
	for (size_t i = 0; i < scenario->station_count; i++) {
		if (is_heard(scenario, sending, frame, i)) {
			station_hear(scenario, &scenario->stations[i], octets,
				sending->unseen ? 0 : scenario->frames);
		}
	}
}

static enum carrier first_carrier(const struct packet *frame)
{
	return frame->carriers & 1 << CARRIER_RAW || !uses_lldp(frame) ? CARRIER_RAW : CARRIER_LLDP;
}

void sending_encode(const struct packet *frame, struct packet_octets *octets)
{
	packet_encode(frame, first_carrier(frame), octets);
}

void sending_send(
	struct scenario *scenario, const struct sending *sending, const struct packet *frame)
{
	struct packet_octets octets;
	struct sending one = *sending;

	if (frame->form == PACKET_OCTETS) {
		sending_encode(frame, &octets);
		sending_send_octets(scenario, sending, frame, &octets);
		return;
	}
	for (enum carrier carrier = 0; carrier < CARRIER_COUNT; carrier++) {
		if (!(frame->carriers & 1 << carrier) || is_blocked(scenario, frame, carrier)) {
			continue;
		}
		packet_encode(frame, carrier, &octets);
		sending_send_octets(scenario, &one, frame, &octets);
		one.label[0] = '\0';
		one.delay_ns += COPY_NS;
	}
}
