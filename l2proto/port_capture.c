#include "l2proto/port_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "l2proto/port_filter.h"

#define NS_PER_S INT64_C(1000000000)
#define READ_BUFFER (256 * 1024)

struct capture {
	pcap_t *pcap;
	char *name;
	FILE *file; /* NULL = an interface; libpcap closes it */
	char *buffer;
	uint64_t size;
	uint64_t frames;
};

static struct capture *new_capture(const char *name, char *error)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (capture) {
		capture->name = strdup(name);
	}
	if (!capture || !capture->name) {
		free(capture);
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: out of memory", name);
		return NULL;
	}
	return capture;
}

void capture_close(struct capture *capture)
{
	if (!capture) {
		return;
	}
	if (capture->pcap) {
		pcap_close(capture->pcap);
	} else if (capture->file && capture->file != stdin) {
		fclose(capture->file);
	}
	free(capture->buffer);
	free(capture->name);
	free(capture);
}

/* Refused here, where libpcap would say no more than that reading fails. */
static int look_at_file(struct capture *capture, char *error)
{
	struct stat st;

	if (fstat(fileno(capture->file), &st) != 0) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: %s", capture->name, strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: is a directory, not a capture",
			capture->name);
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_size == 0) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: empty, not even a capture's header",
			capture->name);
		return -1;
	}
	capture->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return 0;
}

static int check_link_type(const struct capture *capture, char *error)
{
	int type = pcap_datalink(capture->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB) {
		return 0;
	}
	snprintf(error, CAPTURE_ERROR_TEXT_MAX,
		"%s: link type %s (%d); only Ethernet (EN10MB, 1) holds these frames: capture on "
		"one interface, not on \"any\"",
		capture->name, name ? name : "unknown", type);
	return -1;
}

static int open_file(struct capture *capture, char *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";

	capture->file = strcmp(capture->name, "-") == 0 ? stdin : fopen(capture->name, "rbe");
	if (!capture->file) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: %s", capture->name, strerror(errno));
		return -1;
	}
	if (look_at_file(capture, error) != 0) {
		return -1;
	}
	capture->buffer = capture->file == stdin ? NULL : malloc(READ_BUFFER);
	if (capture->buffer) {
		setvbuf(capture->file, capture->buffer, _IOFBF, READ_BUFFER);
	}
	capture->pcap = pcap_fopen_offline_with_tstamp_precision(
		capture->file, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!capture->pcap) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: not a capture: %s", capture->name,
			text);
		return -1;
	}
	return check_link_type(capture, error);
}

struct capture *capture_open(const char *path, char error[static CAPTURE_ERROR_TEXT_MAX])
{
	struct capture *capture = new_capture(path, error);

	if (capture && open_file(capture, error) != 0) {
		capture_close(capture);
		return NULL;
	}
	return capture;
}

static int set_filter(struct capture *capture, const struct frame_format *format)
{
	char text[PORT_FILTER_TEXT_MAX];

	snprintf(text, sizeof(text), "ether[12:2] = 0x%04x", format->raw.ethertype);
	return port_filter_set(capture->pcap, text, format->reads_lldp);
}

static int open_interface(
	struct capture *capture, const struct frame_format *format, bool promiscuous, char *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	int status;

	capture->pcap = pcap_create(capture->name, text);
	if (!capture->pcap) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: %s", capture->name, text);
		return -1;
	}
	pcap_set_snaplen(capture->pcap, ETHERNET_FRAME_MAX);
	pcap_set_promisc(capture->pcap, promiscuous);
	pcap_set_immediate_mode(capture->pcap, 1);
	pcap_set_tstamp_precision(capture->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(capture->pcap);
	if (status < 0) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: %s%s", capture->name,
			pcap_statustostr(status),
			status == PCAP_ERROR_PERM_DENIED ? ": needs CAP_NET_RAW" : "");
		return -1;
	}
	if (check_link_type(capture, error) != 0) {
		return -1;
	}
	if (set_filter(capture, format) != 0) {
		snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: %s", capture->name,
			pcap_geterr(capture->pcap));
		return -1;
	}
	return 0;
}

struct capture *capture_follow(const char *interface, const struct frame_format *format,
	bool promiscuous, char error[static CAPTURE_ERROR_TEXT_MAX])
{
	struct capture *capture = new_capture(interface, error);

	if (capture && open_interface(capture, format, promiscuous, error) != 0) {
		capture_close(capture);
		return NULL;
	}
	return capture;
}

/* A file may say anything: what is no time from 1970 to 2262, which fits 64 bits, is 0. */
static int64_t time_of(const struct pcap_pkthdr *header, bool is_nano)
{
	/* libpcap takes the 32 bits of a pcap file of our own octet order for signed. */
	int64_t seconds = header->ts.tv_sec < 0 && header->ts.tv_sec >= INT32_MIN
				  ? (uint32_t)header->ts.tv_sec
				  : header->ts.tv_sec;
	int64_t fraction = header->ts.tv_usec;
	int64_t unit = is_nano ? 1 : 1000;

	if (seconds < 0 || seconds >= INT64_MAX / NS_PER_S || fraction < 0 ||
		fraction >= NS_PER_S / unit) {
		return 0;
	}
	return seconds * NS_PER_S + fraction * unit;
}

/* So that the zeros of a file that was never filled are not taken for frames by the million. */
static bool is_record(const struct pcap_pkthdr *header)
{
	return header->caplen > 0 || header->len > 0;
}

static int broken(const struct capture *capture, const char *why, char *error)
{
	snprintf(error, CAPTURE_ERROR_TEXT_MAX, "%s: broken after frame %llu: %s", capture->name,
		(unsigned long long)capture->frames, why);
	return -EIO;
}

int capture_next(struct capture *capture, struct capture_frame *frame,
	char error[static CAPTURE_ERROR_TEXT_MAX])
{
	struct pcap_pkthdr *header;
	const u_char *octets;
	int got;

	do {
		got = pcap_next_ex(capture->pcap, &header, &octets);
	} while (got == 0 && !capture->file);
	if (got == PCAP_ERROR_BREAK) {
		return 0;
	}
	if (got != 1) {
		return broken(capture, pcap_geterr(capture->pcap), error);
	}
	if (!is_record(header)) {
		return broken(capture, "a record of no octets", error);
	}
	frame->number = ++capture->frames;
	frame->time_ns = time_of(
		header, pcap_get_tstamp_precision(capture->pcap) == PCAP_TSTAMP_PRECISION_NANO);
	frame->octets = octets;
	frame->len = header->caplen;
	frame->wire_len = header->len > header->caplen ? header->len : header->caplen;
	return 1;
}

void capture_stop(struct capture *capture)
{
	pcap_breakloop(capture->pcap);
}

uint64_t capture_position(const struct capture *capture)
{
	off_t at = capture->file && capture->size > 0 ? ftello(capture->file) : 0;

	return at > 0 ? (uint64_t)at : 0;
}

uint64_t capture_size(const struct capture *capture)
{
	return capture->size;
}
