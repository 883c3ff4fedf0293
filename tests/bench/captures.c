/*
 * Captures for the benchmark of keyid-replay, and the least that reading one costs:
 *
 *     captures make FILE FRAMES     two stations at rest: heartbeats, one key confirmed
 *     captures bare FILE            libpcap, its filter, and the HMAC of each frame
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "l2proto/auth.h"
#include "l2proto/frame.h"

#define HEARTBEAT_MS 2000
#define FIRST_S 1767225600 /* 2026-01-01T00:00:00Z */

static const struct frame_format format = { .raw = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5E },
						    0x0042 } };

static void fail(const char *what)
{
	fprintf(stderr, "captures: %s\n", what);
	exit(1);
}

/* The key of tests/bench/captures.yaml. */
static struct auth *make_auth(void)
{
	struct secret key = { .len = CHANNEL_KEY_LEN };
	struct auth *auth;

	memset(key.bytes, 0x11, key.len);
	auth = auth_new(&key, "span-1", "span-1", 1);
	if (!auth) {
		fail("no memory");
	}
	return auth;
}

/* ---- making one ------------------------------------------------------------------------------ */

struct station {
	struct link link;
	struct message_content content;
	struct ethernet_header ethernet;
};

static void set_sae(struct sae_id *id, const char *text)
{
	if (!sae_id_set(id, text, strlen(text))) {
		fail("no SAE ID");
	}
}

static void confirm_key(struct message_content *content, const uint8_t *association)
{
	struct proposal *proposal = &content->committed.proposal;

	set_sae(&content->master, "mx304-11");
	content->committed.phase = SLOT_CONFIRMED;
	proposal->generation = 7;
	proposal->an = AN_NONE;
	proposal->key_count = 1;
	if (!key_id_set(&proposal->keys[0], "d9b6fa63-dd88-47d2-8afe-94fcecf40d19", 36)) {
		fail("no key_ID");
	}
	proposal_digest(proposal, association, &content->master, proposal->digest);
}

/* The master's messages have its slot; both have a status that shows two keys. */
static void station_init(
	struct station *station, const char *sae, uint8_t address, struct auth *auth)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };
	struct sae_status *status = &station->content.status[0];
	struct link_key key = { 1, auth };
	uint8_t member[MEMBER_ID_LEN] = { address };

	association_id("span-1", config.association);
	link_init(&station->link, &config, member, 1);
	link_set_keys(&station->link, &key, 1);
	station->ethernet = (struct ethernet_header){ .destination = { 0x01, 0x80, 0xC2, 0, 0,
							      0x0E },
		.source = { 0x02, 0, 0, 0, 0, address } };
	if (address == 1) {
		confirm_key(&station->content, config.association);
	}
	station->content.status_count = 1;
	set_sae(&status->sae, sae);
	status->highest = 7;
	status->applied.generation = 7;
	status->live = true;
	status->device_known = true;
	status->usable_count = 2;
	status->usable[0].transmitting = true;
}

static size_t seal(struct station *station, uint64_t now_ms, uint8_t *frame)
{
	size_t header_len = ethernet_build(&format.raw, &station->ethernet, frame);
	int len = link_seal(
		&station->link, now_ms, &station->content, frame + header_len, MESSAGE_MAX_RAW);

	if (len < 0) {
		fail("a message could not be made");
	}
	return header_len + (size_t)len;
}

static void hear(struct station *station, uint64_t now_ms, const uint8_t *octets, size_t len)
{
	static struct message_content content;
	struct link_receipt receipt;
	struct frame frame;

	if (frame_read(&format, octets, len, &frame) == VERDICT_ACCEPTED) {
		link_receive(&station->link, now_ms, frame.message, frame.len, &receipt, &content);
	}
}

static void make(const char *path, unsigned long frames)
{
	static struct station stations[2];
	struct auth *auth = make_auth();
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *out = pcap ? pcap_dump_open(pcap, path) : NULL;

	if (!out) {
		fail(pcap ? pcap_geterr(pcap) : "no memory");
	}
	station_init(&stations[0], "mx304-11", 1, auth);
	station_init(&stations[1], "mx304-12", 2, auth);
	for (unsigned long i = 0; i < frames; i++) {
		uint64_t now_ms = 1 + i * (HEARTBEAT_MS / 2);
		uint8_t frame[ETHERNET_FRAME_MAX];
		struct pcap_pkthdr header = { .ts = { FIRST_S + (time_t)(now_ms / 1000),
						      (suseconds_t)(now_ms % 1000 * 1000) } };

		header.len = (bpf_u_int32)seal(&stations[i % 2], now_ms, frame);
		header.caplen = header.len;
		hear(&stations[1 - i % 2], now_ms, frame, header.len);
		pcap_dump((u_char *)out, &header, frame);
	}
	pcap_dump_close(out);
	pcap_close(pcap);
	auth_free(auth);
}

/* ---- reading one ----------------------------------------------------------------------------- */

static void bare(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct auth *auth = make_auth();
	struct bpf_program program;
	struct pcap_pkthdr *header;
	const u_char *octets;
	unsigned long authentic = 0;

	if (!pcap) {
		fail(error);
	}
	if (pcap_compile(pcap, &program, "ether proto 0x88b7 and ether[14:4] = 0x00005e00", 1,
		    PCAP_NETMASK_UNKNOWN) != 0 ||
		pcap_setfilter(pcap, &program) != 0) {
		fail(pcap_geterr(pcap));
	}
	while (pcap_next_ex(pcap, &header, &octets) == 1) {
		const uint8_t *message = octets + 19;
		size_t signed_len = header->caplen - 19 - MESSAGE_HMAC_LEN;

		authentic += auth_verify(auth, message, signed_len, message + signed_len);
	}
	printf("%lu\n", authentic);
	pcap_freecode(&program);
	pcap_close(pcap);
	auth_free(auth);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make(argv[2], strtoul(argv[3], NULL, 10));
	} else if (argc == 3 && strcmp(argv[1], "bare") == 0) {
		bare(argv[2]);
	} else {
		fprintf(stderr, "usage: captures make FILE FRAMES | captures bare FILE\n");
		return 2;
	}
	return 0;
}
