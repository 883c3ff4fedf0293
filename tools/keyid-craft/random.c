#include "tools/keyid-craft/random.h"

#include <stdio.h>
#include <string.h>

#include "l2proto/auth.h"
#include "l2proto/message.h"
#include "tools/keyid-craft/packet.h"

#define CLOCK_S 1767225600 /* 2026-01-01T00:00:00Z */
#define GAP_NS 1000000u

/* splitmix64, by Vigna: each seed gives a sequence of its own. */
struct generator {
	uint64_t state;
};

static uint64_t next(struct generator *generator)
{
	uint64_t z = generator->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0..max */
static uint64_t up_to(struct generator *generator, uint64_t max)
{
	return max == UINT64_MAX ? next(generator) : next(generator) % (max + 1);
}

static bool one_in(struct generator *generator, unsigned n)
{
	return up_to(generator, n - 1) == 0;
}

static void fill(struct generator *generator, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		out[i] = (uint8_t)next(generator);
	}
}

/* Of all sizes, and now and then a bound. */
static uint64_t any_number(struct generator *generator, uint64_t min, uint64_t max)
{
	if (one_in(generator, 8)) {
		return one_in(generator, 2) ? min : max;
	}
	return min + up_to(generator, (max - min) >> up_to(generator, 63));
}

/* ---- what a message holds -------------------------------------------------------------------- */

static size_t any_text(struct generator *generator, char *out, size_t max, const char *not_these)
{
	size_t len = one_in(generator, 8) ? max : 1 + up_to(generator, max / 4);

	for (size_t i = 0; i < len;) {
		char c = (char)(0x21 + up_to(generator, 0x7e - 0x21));

		if (!strchr(not_these, c)) {
			out[i++] = c;
		}
	}
	return len;
}

static void any_sae(struct generator *generator, struct sae_id *sae)
{
	char text[SAE_ID_MAX];

	sae_id_set(sae, text, any_text(generator, text, sizeof(text), ""));
}

static void any_ref(struct generator *generator, struct proposal_ref *ref)
{
	ref->generation = any_number(generator, 1, GENERATION_MAX);
	fill(generator, ref->digest, sizeof(ref->digest));
}

static void any_slot(struct generator *generator, struct slot *slot, bool committed,
	const uint8_t *association, const struct sae_id *master)
{
	struct proposal *proposal = &slot->proposal;
	bool first = one_in(generator, 2);

	slot->phase = committed ? (first ? SLOT_COMMIT : SLOT_CONFIRMED)
				: (first ? SLOT_PREPARE : SLOT_ABORT);
	proposal->generation = any_number(generator, 1, GENERATION_MAX);
	proposal->an = one_in(generator, 2) ? AN_NONE : (uint8_t)up_to(generator, 3);
	proposal->start = (int64_t)any_number(generator, 0, START_MAX);
	proposal->spacing_s = (uint32_t)any_number(generator, 0, UINT32_MAX);
	proposal->key_count = slot->phase == SLOT_ABORT && one_in(generator, 4)
				      ? 0
				      : (uint8_t)any_number(generator, 1, BATCH_MAX);
	for (size_t i = 0; i < proposal->key_count; i++) {
		char text[KEY_ID_MAX];

		key_id_set(&proposal->keys[i], text,
			any_text(generator, text, sizeof(text), "\"'\\/"));
	}
	proposal_digest(proposal, association, master, proposal->digest);
}

static void any_device(struct generator *generator, struct sae_status *status)
{
	status->device_known = true;
	status->an_in_use = (uint8_t)up_to(generator, 0x0f);
	status->latest_start = (int64_t)any_number(generator, 0, START_MAX);
	status->usable_count = (uint8_t)any_number(generator, 0, USABLE_MAX);
	for (size_t i = 0; i < status->usable_count; i++) {
		fill(generator, status->usable[i].token, CKN_TOKEN_LEN);
		status->usable[i].transmitting = one_in(generator, 2);
		status->usable[i].future = one_in(generator, 4);
	}
}

static void any_status(struct generator *generator, struct sae_status *status)
{
	any_sae(generator, &status->sae);
	status->hops = (uint8_t)(one_in(generator, 2) ? 0 : any_number(generator, 0, HOPS_MAX));
	for (size_t i = 0; i < status->hops; i++) {
		status->path[i] = (uint32_t)next(generator);
	}
	status->highest = any_number(generator, 0, GENERATION_MAX);
	if (one_in(generator, 2)) {
		any_ref(generator, &status->staged);
	}
	if (one_in(generator, 2)) {
		any_ref(generator, &status->applied);
		status->live = one_in(generator, 2);
	}
	if (one_in(generator, 4)) {
		any_ref(generator, &status->failed);
		status->failed_reason = (uint16_t)up_to(generator, 80);
	}
	if (one_in(generator, 8)) {
		any_ref(generator, &status->lost);
	}
	status->rekey_wanted = one_in(generator, 4);
	status->device_reason = (uint16_t)(one_in(generator, 4) ? up_to(generator, 80) : 0);
	if (!one_in(generator, 4)) {
		any_device(generator, status);
	}
}

static void any_secy(struct generator *generator, struct secy *secy)
{
	secy->present = true;
	fill(generator, secy->sci, SCI_LEN);
	secy->suite = (uint8_t)(1 + up_to(generator, SECY_SUITES - 1));
	secy->transmit_count = (uint8_t)up_to(generator, TRANSMIT_MAX);
	for (size_t i = 0; i < secy->transmit_count; i++) {
		fill(generator, secy->transmit[i].token, CKN_TOKEN_LEN);
		fill(generator, secy->transmit[i].nonce, NONCE_LEN);
		secy->transmit[i].unused = one_in(generator, 2);
	}
	secy->receive_count = (uint8_t)any_number(generator, 0, RECEIVE_MAX);
	for (size_t i = 0; i < secy->receive_count; i++) {
		fill(generator, secy->receive[i], NONCE_LEN);
	}
}

/* Is this SAE's status there already? One message has each once. */
static bool is_there(const struct message_content *content, const struct sae_id *sae)
{
	for (size_t i = 0; i < content->status_count; i++) {
		if (sae_id_equal(&content->status[i].sae, sae)) {
			return true;
		}
	}
	return false;
}

static void any_content(
	struct generator *generator, const uint8_t *association, struct message_content *content)
{
	size_t statuses = any_number(generator, 0, SAES_MAX);

	memset(content, 0, sizeof(*content));
	if (!one_in(generator, 4)) {
		any_sae(generator, &content->master);
		if (one_in(generator, 2)) {
			any_slot(generator, &content->committed, true, association,
				&content->master);
		}
		if (one_in(generator, 2)) {
			any_slot(generator, &content->proposed, false, association,
				&content->master);
		}
	}
	while (content->status_count < statuses) {
		struct sae_status *status = &content->status[content->status_count];

		memset(status, 0, sizeof(*status));
		any_status(generator, status);
		if (is_there(content, &status->sae)) {
			break;
		}
		content->status_count++;
	}
	if (one_in(generator, 2)) {
		any_secy(generator, &content->secy);
	}
}

static void any_header(struct generator *generator, const uint8_t *association,
	struct message_header *header, struct station_heard *stations)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->association, association, ASSOCIATION_ID_LEN);
	header->key_number = 1;
	header->newest_key_number = (uint16_t)(1 + up_to(generator, 1));
	fill(generator, header->member, sizeof(header->member));
	header->number = (uint32_t)any_number(generator, 1, UINT32_MAX);
	header->reply_wanted = one_in(generator, 2);
	header->station_count = (uint8_t)any_number(generator, 0, STATIONS_MAX);
	for (size_t i = 0; i < header->station_count; i++) {
		fill(generator, stations[i].member, MEMBER_ID_LEN);
		stations[i].number = (uint32_t)any_number(generator, 1, UINT32_MAX);
	}
}

/* A message of at most max octets; returns its length. */
static size_t any_message(struct generator *generator, struct auth *auth, uint8_t *out, size_t max)
{
	struct message_content content;
	struct station_heard stations[STATIONS_MAX];
	struct message_header header;
	uint8_t association[ASSOCIATION_ID_LEN];
	int len;

	association_id("span-1", association);
	do {
		any_header(generator, association, &header, stations);
		any_content(generator, association, &content);
		len = message_write(&header, stations, &content, out, max);
	} while (len < 0);
	auth_sign(auth, out, (size_t)len - MESSAGE_HMAC_LEN, out + len - MESSAGE_HMAC_LEN);
	return (size_t)len;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const struct frame_format documented = {
	.raw = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5e }, 0x0042 },
	.lldp = { { 0x00, 0x00, 0x5e }, 0x42 },
};

static void any_agent(struct generator *generator, struct packet_agent *agent)
{
	fill(generator, agent->chassis, sizeof(agent->chassis));
	any_text(generator, agent->port, LLDP_ID_MAX, "");
	agent->ttl_s = (uint16_t)any_number(generator, 1, UINT16_MAX);
	if (one_in(generator, 2)) {
		any_text(generator, agent->system_name, LLDP_TEXT_MAX, "");
	}
}

static void any_frame(
	struct generator *generator, struct auth *auth, enum carrier carrier, struct packet *frame)
{
	static const uint8_t nearest_bridge[] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->destination[carrier], nearest_bridge, sizeof(nearest_bridge));
	fill(generator, frame->source, sizeof(frame->source));
	frame->source[0] = 0x02; /* locally administered, of one station */
	frame->format = documented;
	if (carrier == CARRIER_LLDP) {
		any_agent(generator, &frame->agent);
	} else if (one_in(generator, 4)) {
		frame->tag = (struct packet_tag){ true, 0x8100,
			(uint16_t)(up_to(generator, 0xf) << 12 |
				   up_to(generator, ETHERNET_VLAN_MAX)) };
	}
	frame->body_len = any_message(generator, auth, frame->body,
		carrier == CARRIER_LLDP ? MESSAGE_MAX_LLDP : MESSAGE_MAX_RAW);
	if (frame->body_len < 400 && one_in(generator, 4)) {
		frame->padding = up_to(generator, 60);
	}
}

bool random_capture(struct capfile *capture, enum carrier carrier, uint64_t count, uint64_t seed)
{
	struct packet frame;
	struct packet_octets octets;
	struct capfile_format format = { .link_type = CAPFILE_ETHERNET,
		.snaplen = CAPFILE_SNAPLEN };
	struct generator generator = { seed };
	struct secret channel_key = { .len = CHANNEL_KEY_LEN };
	struct auth *auth;

	for (uint8_t i = 0; i < CHANNEL_KEY_LEN; i++) {
		channel_key.bytes[i] = i;
	}
	auth = auth_new(&channel_key, "span-1", "west", 1);
	if (!auth) {
		fputs("keyid-craft: no memory\n", stderr);
		return false;
	}
	capfile_begin(capture, &format);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t time_ns = i * GAP_NS;

		any_frame(&generator, auth, carrier, &frame);
		packet_encode(&frame, carrier, &octets);
		capfile_frame(capture, CLOCK_S + (int64_t)(time_ns / 1000000000),
			(uint32_t)(time_ns % 1000000000), octets.octets, octets.len, octets.len);
	}
	auth_free(auth);
	return true;
}
