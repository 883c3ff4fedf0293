#include "tools/keyid-craft/capfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCAP_MAGIC_MICRO 0xa1b2c3d4
#define PCAP_MAGIC_NANO 0xa1b23c4d
#define PCAPNG_SECTION 0x0a0d0d0a
#define PCAPNG_BYTE_ORDER 0x1a2b3c4d
#define PCAPNG_INTERFACE 1
#define PCAPNG_ENHANCED_PACKET 6
#define PCAPNG_OPTION_TSRESOL 9
#define DAMAGED_LEN 0xfffffff0 /* a multiple of four, as pcapng demands, and beyond any limit */

bool capfile_init(struct capfile *capture)
{
	memset(capture, 0, sizeof(*capture));
	capture->memory = open_memstream(&capture->octets, &capture->len);
	if (!capture->memory) {
		perror("keyid-craft");
	}
	return capture->memory;
}

void capfile_fini(struct capfile *capture)
{
	if (capture->memory) {
		fclose(capture->memory);
	}
	free(capture->octets);
	memset(capture, 0, sizeof(*capture));
}

static void put(struct capfile *capture, uint64_t value, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		unsigned place = capture->format.big_endian ? len - 1 - i : i;

		putc((int)(value >> 8 * place & 0xff), capture->memory);
	}
}

static void pcap_begin(struct capfile *capture)
{
	put(capture, capture->format.nano ? PCAP_MAGIC_NANO : PCAP_MAGIC_MICRO, 4);
	put(capture, 2, 2); /* version 2.4 */
	put(capture, 4, 2);
	put(capture, 0, 4);
	put(capture, 0, 4);
	put(capture, capture->format.snaplen, 4);
	put(capture, capture->format.link_type, 4);
}

static void pcapng_begin(struct capfile *capture)
{
	const uint32_t section_len = 28, interface_len = 32;

	put(capture, PCAPNG_SECTION, 4);
	put(capture, section_len, 4);
	put(capture, PCAPNG_BYTE_ORDER, 4);
	put(capture, 1, 2); /* version 1.0 */
	put(capture, 0, 2);
	put(capture, UINT64_MAX, 8); /* the section's length: not said */
	put(capture, section_len, 4);

	put(capture, PCAPNG_INTERFACE, 4);
	put(capture, interface_len, 4);
	put(capture, capture->format.link_type, 2);
	put(capture, 0, 2);
	put(capture, capture->format.snaplen, 4);
	put(capture, PCAPNG_OPTION_TSRESOL, 2);
	put(capture, 1, 2);
	put(capture, capture->format.nano ? 9 : 6, 1); /* of a second, as a power of ten */
	put(capture, 0, 3);
	put(capture, 0, 4); /* no more options */
	put(capture, interface_len, 4);
}

void capfile_begin(struct capfile *capture, const struct capfile_format *format)
{
	capture->format = *format;
	if (format->pcapng) {
		pcapng_begin(capture);
	} else {
		pcap_begin(capture);
	}
}

static void pcap_frame(struct capfile *capture, int64_t time_s, uint32_t fraction,
	const uint8_t *frame, size_t captured, size_t len)
{
	put(capture, (uint64_t)time_s, 4);
	put(capture, fraction, 4);
	put(capture, captured, 4);
	put(capture, len, 4);
	fwrite(frame, 1, captured, capture->memory);
}

static void pcapng_frame(struct capfile *capture, int64_t time_s, uint32_t fraction,
	const uint8_t *frame, size_t captured, size_t len)
{
	uint64_t per_second = capture->format.nano ? 1000000000 : 1000000;
	uint64_t time = (uint64_t)time_s * per_second + fraction;
	unsigned padding = (unsigned)(-captured & 3);
	size_t block_len = 32 + captured + padding;

	put(capture, PCAPNG_ENHANCED_PACKET, 4);
	put(capture, block_len, 4);
	put(capture, 0, 4); /* the first interface */
	put(capture, time >> 32, 4);
	put(capture, time & UINT32_MAX, 4);
	put(capture, captured, 4);
	put(capture, len, 4);
	fwrite(frame, 1, captured, capture->memory);
	put(capture, 0, padding);
	put(capture, block_len, 4);
}

void capfile_frame(struct capfile *capture, int64_t time_s, uint32_t time_ns, const uint8_t *frame,
	size_t captured, size_t len)
{
	uint32_t fraction = capture->format.nano ? time_ns : time_ns / 1000;

	if (capture->format.pcapng) {
		pcapng_frame(capture, time_s, fraction, frame, captured, len);
	} else {
		pcap_frame(capture, time_s, fraction, frame, captured, len);
	}
}

void capfile_damage(struct capfile *capture)
{
	if (capture->format.pcapng) {
		put(capture, PCAPNG_ENHANCED_PACKET, 4);
		put(capture, DAMAGED_LEN, 4);
	} else {
		put(capture, 0, 8);
		put(capture, DAMAGED_LEN, 4);
		put(capture, DAMAGED_LEN, 4);
	}
}

bool capfile_write(struct capfile *capture, const char *name, size_t cut)
{
	FILE *file;
	size_t len;
	bool good;

	if (fflush(capture->memory) != 0) {
		perror("keyid-craft");
		return false;
	}
	file = fopen(name, "we");
	if (!file) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return false;
	}
	len = cut < capture->len ? capture->len - cut : 0;
	good = fwrite(capture->octets, 1, len, file) == len;
	if (fclose(file) != 0 || !good) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return false;
	}
	return true;
}
