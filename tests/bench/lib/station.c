#include "tests/bench/lib/station.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "tests/bench/lib/measure.h"

#define ASSOCIATION "span-1"
#define LINK "west"

static const uint8_t group[ETHERNET_ADDRESS_LEN] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E };
static const struct frame_format format = {
	.raw = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5E }, 0x0042 },
	.reads_lldp = true,
	.lldp = { { 0x00, 0x00, 0x5E }, 1 },
};

static uint64_t now_ms(void)
{
	return (uint64_t)(measure_now_us() / 1e3);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void open_port(struct station *station, const char *interface)
{
	struct port_raw_config config = { interface, format.raw, .lldp = true };
	struct epoll_event event = { .events = EPOLLIN };
	char error[PORT_ERROR_TEXT_MAX];

	station->port = port_raw_open(&config, error);
	if (!station->port) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	station->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (station->epoll < 0 || port_join(station->port, group) != 0 ||
		epoll_ctl(station->epoll, EPOLL_CTL_ADD, port_fd(station->port), &event) != 0) {
		measure_die(interface);
	}
}

static void open_link(struct station *station, uint8_t number)
{
	struct link_config config = { .heartbeat_ms = 2000, .message_max = MESSAGE_MAX_LLDP };
	struct secret channel_key = { .len = CHANNEL_KEY_LEN };
	struct link_key key = { 1, auth_new(&channel_key, ASSOCIATION, LINK, 1) };
	uint8_t member[MEMBER_ID_LEN] = { number };

	if (!key.auth) {
		measure_die("auth_new");
	}
	association_id(ASSOCIATION, config.association);
	link_init(&station->link, &config, member, now_ms());
	link_set_keys(&station->link, &key, 1);
}

void station_open(struct station *station, const char *interface, uint8_t number, const char *sae)
{
	struct sae_status *status = &station->content.status[0];

	memset(station, 0, sizeof(*station));
	open_port(station, interface);
	open_link(station, number);
	station->content.status_count = 1;
	sae_id_set(&status->sae, sae, strlen(sae));
	status->device_known = true;
	status->usable_count = 1;
	status->usable[0].transmitting = true;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void applied(struct sae_status *status, const struct proposal *proposal)
{
	status->applied.generation = proposal->generation;
	memcpy(status->applied.digest, proposal->digest, DIGEST_LEN);
	status->live = true;
}

void station_propose(struct station *station, const struct key_id *key)
{
	struct message_content *content = &station->content;
	struct sae_status *status = &content->status[0];
	struct proposal *proposal = &content->proposed.proposal;
	uint64_t generation = proposal->generation + 1;

	content->master = status->sae;
	if (generation > 1) {
		content->committed = (struct slot){ SLOT_CONFIRMED, *proposal };
		applied(status, proposal);
	}
	status->highest = generation;
	content->proposed.phase = SLOT_PREPARE;
	*proposal = (struct proposal){
		.generation = generation, .an = AN_NONE, .key_count = 1, .keys = { *key }
	};
	proposal_digest(
		proposal, station->link.config.association, &content->master, proposal->digest);
}

/* As keyidd/iface_lldp.c does. */
static int send_lldpdu(struct station *station, const uint8_t *message, size_t len)
{
	struct lldpdu lldpdu = {
		.chassis = { LLDP_CHASSIS_MAC, ETHERNET_ADDRESS_LEN, { 0 } },
		.port = { LLDP_PORT_LOCAL, 18, "keyidd " ASSOCIATION "/" LINK },
		.ttl_s = 41,
		.system_name = { true, 4, "host" },
		.message_len = len,
	};
	uint8_t octets[LLDP_LLDPDU_MAX];
	int octets_len;

	memcpy(lldpdu.chassis.octets, port_address(station->port), ETHERNET_ADDRESS_LEN);
	memcpy(lldpdu.message, message, len);
	octets_len = lldp_write(&format.lldp, &lldpdu, octets, sizeof(octets));
	return octets_len < 0 ? octets_len
			      : port_send_lldp(station->port, group, octets, (size_t)octets_len);
}

void station_send(struct station *station, enum carrier carrier)
{
	uint8_t message[MESSAGE_MAX_RAW];
	int result = link_seal(
		&station->link, now_ms(), &station->content, message, sizeof(message));

	if (result > 0) {
		station->sent_len = (size_t)result;
		result = carrier == CARRIER_LLDP
				 ? send_lldpdu(station, message, station->sent_len)
				 : port_send(station->port, group, 0, message, station->sent_len);
	}
	if (result < 0) {
		errno = -result;
		measure_die("sending");
	}
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void take(void *ctx, const uint8_t *octets, size_t len)
{
	struct station *station = ctx;
	struct frame frame;
	struct link_receipt receipt;
	struct message_content content;

	if (frame_read(&format, octets, len, &frame) != VERDICT_ACCEPTED) {
		return; /* of another LLDP agent */
	}
	station->carrier = frame.carrier;
	station->verdict = link_receive(
		&station->link, now_ms(), frame.message, frame.len, &receipt, &content);
	if (station->verdict == VERDICT_ACCEPTED) {
		station->accepted_us = measure_now_us();
		station->key = content.proposed.proposal.keys[0];
	}
}

bool station_receive(struct station *station, int timeout_ms)
{
	struct epoll_event event;

	station->verdict = VERDICT_NOT_OURS;
	while (station->verdict == VERDICT_NOT_OURS) {
		if (epoll_wait(station->epoll, &event, 1, timeout_ms) <= 0) {
			return false;
		}
		int result = port_receive(station->port, 1, take, station);
		if (result < 0) {
			errno = -result;
			measure_die("receiving");
		}
	}
	return true;
}
