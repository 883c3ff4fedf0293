/*
 * What a record of a MACsec link's parent has in it:
 *
 *     frames FILE.pcap
 *
 * A line for each SA that was sent with, in the order of their first frames: its SCI and
 * AN, how many frames it sent, and the lowest and the highest packet number. Where the packet
 * numbers of an SCI and AN begin again, after it has sent with other ANs, another SA has begun.
 * Then a line for each EtherType of frames that are not MACsec:
 *
 *     sa 02000000000a0001 2: 1203 frames, packet numbers 1 to 1203
 *     ethertype 0x88b7: 412 frames
 *
 * No packet number comes twice under an SA (IEEE 802.1AE clause 10.5.2), though two processors
 * may bring them out of order a little. One that does, or that is far behind, or
 * an SA that does not begin with 1, is an error, said in a line that begins with "not ok".
 * Exit status: 0, 1 if there was one, 2 if the file cannot be read.
 */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHERTYPE_AT 12
#define TCI_AT 14
#define PN_AT 16
#define SCI_AT 20
#define SCI_LEN 8
#define SECTAG_END (SCI_AT + SCI_LEN)
#define ETHERTYPE_MACSEC 0x88e5
#define TCI_SC 0x20 /* the SCI is in the SecTAG: clause 9.5 */
#define TCI_AN 0x03

#define WINDOW 64
#define SAS_MAX 4096

struct sa {
	uint8_t sci[SCI_LEN];
	uint8_t an;
	uint32_t lowest, highest;
	uint64_t seen;  /* bit n: highest - n has come */
	uint64_t other; /* frames of its SCI since its last one, with other ANs */
	uint64_t frames;
};

struct record {
	struct sa *sas;
	size_t sa_count;
	uint64_t others[UINT16_MAX + 1];
	bool faulty;
};

static struct sa *latest(struct record *record, const uint8_t *sci, uint8_t an)
{
	for (size_t i = record->sa_count; i-- > 0;) {
		struct sa *sa = &record->sas[i];

		if (sa->an == an && memcmp(sa->sci, sci, SCI_LEN) == 0) {
			return sa;
		}
	}
	return NULL;
}

static void print_name(const struct sa *sa)
{
	printf("sa ");
	for (size_t i = 0; i < SCI_LEN; i++) {
		printf("%02x", sa->sci[i]);
	}
	printf(" %u: ", sa->an);
}

static void fault(struct record *record, const struct sa *sa, const char *what, uint32_t pn)
{
	printf("not ok - ");
	print_name(sa);
	printf("%s: packet number %" PRIu32 "\n", what, pn);
	record->faulty = true;
}

static struct sa *begin(struct record *record, const uint8_t *sci, uint8_t an, uint32_t pn)
{
	struct sa *sa = &record->sas[record->sa_count];

	if (record->sa_count == SAS_MAX) {
		fprintf(stderr, "frames: more than %d SAs\n", SAS_MAX);
		exit(2);
	}
	record->sa_count++;
	memcpy(sa->sci, sci, SCI_LEN);
	sa->an = an;
	sa->lowest = pn;
	return sa;
}

static void count(struct record *record, struct sa *sa, uint32_t pn)
{
	if (pn > sa->highest) {
		sa->seen = pn - sa->highest < WINDOW ? sa->seen << (pn - sa->highest) : 0;
		sa->highest = pn;
	} else if (sa->highest - pn >= WINDOW) {
		fault(record, sa, "goes back", pn);
		return;
	}
	if (sa->seen & UINT64_C(1) << (sa->highest - pn)) {
		fault(record, sa, "comes twice", pn);
	}
	if (pn < sa->lowest) {
		sa->lowest = pn;
	}
	sa->seen |= UINT64_C(1) << (sa->highest - pn);
	sa->frames++;
}

static void note_other(struct record *record, struct sa *sa)
{
	for (size_t i = 0; i < record->sa_count; i++) {
		if (memcmp(record->sas[i].sci, sa->sci, SCI_LEN) == 0) {
			record->sas[i].other++;
		}
	}
	sa->other = 0;
}

/* A record has what one station sends in the order in which it did. */
static void look_at_macsec(struct record *record, const uint8_t *frame, uint32_t len)
{
	uint32_t pn = 0;
	struct sa *sa;

	if (len < SECTAG_END || !(frame[TCI_AT] & TCI_SC)) {
		printf("not ok - a MACsec frame without an SCI\n");
		record->faulty = true;
		return;
	}
	for (size_t i = PN_AT; i < SCI_AT; i++) {
		pn = pn << 8 | frame[i];
	}
	sa = latest(record, frame + SCI_AT, frame[TCI_AT] & TCI_AN);
	if (!sa || (pn < WINDOW && sa->other >= WINDOW)) {
		sa = begin(record, frame + SCI_AT, frame[TCI_AT] & TCI_AN, pn);
	}
	count(record, sa, pn);
	note_other(record, sa);
}

static void look_at(u_char *context, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct record *record = (struct record *)context;
	unsigned ethertype;

	if (header->caplen < TCI_AT) {
		return;
	}
	ethertype = (unsigned)frame[ETHERTYPE_AT] << 8 | frame[ETHERTYPE_AT + 1];
	if (ethertype == ETHERTYPE_MACSEC) {
		look_at_macsec(record, frame, header->caplen);
	} else {
		record->others[ethertype]++;
	}
}

static void print(struct record *record)
{
	for (size_t i = 0; i < record->sa_count; i++) {
		const struct sa *sa = &record->sas[i];

		if (sa->lowest != 1) {
			fault(record, sa, "does not begin with 1", sa->lowest);
		}

		print_name(sa);
		printf("%" PRIu64 " frames, packet numbers %" PRIu32 " to %" PRIu32 "\n",
			sa->frames, sa->lowest, sa->highest);
	}
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		if (record->others[i] != 0) {
			printf("ethertype 0x%04x: %" PRIu64 " frames\n", i, record->others[i]);
		}
	}
}

int main(int argc, char **argv)
{
	static struct record record;
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: frames FILE.pcap\n");
		return 2;
	}
	record.sas = calloc(SAS_MAX, sizeof(*record.sas));
	pcap = pcap_open_offline(argv[1], error);
	if (!record.sas || !pcap) {
		fprintf(stderr, "frames: %s\n", record.sas ? error : strerror(ENOMEM));
		return 2;
	}
	rc = pcap_loop(pcap, -1, look_at, (u_char *)&record);
	if (rc < 0) {
		fprintf(stderr, "frames: %s: %s\n", argv[1], pcap_geterr(pcap));
	}
	pcap_close(pcap);
	print(&record);
	free(record.sas);
	return rc < 0 ? 2 : record.faulty;
}
