/*
 * Writes a capture file: pcap (draft-ietf-opsawg-pcap) or pcapng
 * (draft-ietf-opsawg-pcapng), with micro- or nanoseconds, in either byte order.
 * libpcap writes no pcapng, and only this machine's byte order; what this writes
 * has the same octets everywhere.
 */
#ifndef KEYID_CRAFT_CAPFILE_H
#define KEYID_CRAFT_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CAPFILE_ETHERNET 1 /* LINKTYPE_ETHERNET */
#define CAPFILE_SNAPLEN 262144

struct capfile_format {
	bool pcapng;
	bool nano;
	bool big_endian;
	uint32_t link_type;
	uint32_t snaplen;
};

struct capfile {
	struct capfile_format format;
	FILE *memory; /* the file's octets, until it is written as a whole */
	char *octets;
	size_t len;
};

/* An empty file in memory. False: an error was printed. */
bool capfile_init(struct capfile *capture);
void capfile_fini(struct capfile *capture);

/* Once, first; the format stays what it is then. */
void capfile_begin(struct capfile *capture, const struct capfile_format *format);

/* A frame of len octets on the wire, of which captured (at most len) are kept. */
void capfile_frame(struct capfile *capture, int64_t time_s, uint32_t time_ns, const uint8_t *frame,
	size_t captured, size_t len);

/* A record that claims more octets than can be: whoever reads on finds nothing more. */
void capfile_damage(struct capfile *capture);

/* Writes all but the last cut octets to a file. False: an error was printed. */
bool capfile_write(struct capfile *capture, const char *name, size_t cut);

#endif
