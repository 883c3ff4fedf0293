/*
 * Frames on record: a capture file (pcap or pcapng, of any octet order and resolution),
 * or an interface that is only listened to. By libpcap.
 */
#ifndef L2PROTO_PORT_CAPTURE_H
#define L2PROTO_PORT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/frame.h"

#define CAPTURE_ERROR_TEXT_MAX 320

struct capture;

struct capture_frame {
	uint64_t number;       /* 1, 2, ... */
	int64_t time_ns;       /* since 1970-01-01T00:00:00Z */
	const uint8_t *octets; /* valid until the next call */
	size_t len;            /* as captured */
	size_t wire_len;       /* as it was on the wire: more than len if it was cut */
};

/*
 * Opens a file; "-" is standard input. Returns NULL with one line in error if it is no
 * capture, is empty, or is not of Ethernet.
 */
struct capture *capture_open(const char *path, char error[static CAPTURE_ERROR_TEXT_MAX]);

/*
 * Listens to an interface, both directions, to frames of this EtherType and perhaps
 * LLDPDUs only. Sends nothing and joins no group: what the interface does not take in is heard in
 * promiscuous mode only. Needs CAP_NET_RAW.
 */
struct capture *capture_follow(const char *interface, const struct frame_format *format,
	bool promiscuous, char error[static CAPTURE_ERROR_TEXT_MAX]);
void capture_close(struct capture *capture); /* NULL accepted */

/*
 * The next frame; waits for it on an interface. Returns 1; 0 at the end, or once
 * capture_stop() has been called; or -EIO with one line in error if the rest of the
 * file cannot be read, or the interface is gone.
 */
int capture_next(struct capture *capture, struct capture_frame *frame,
	char error[static CAPTURE_ERROR_TEXT_MAX]);

/* Ends capture_next() from a signal handler. */
void capture_stop(struct capture *capture);

/* How far it has been read, and how long it is, in octets; 0 = not known (a pipe, an interface). */
uint64_t capture_position(const struct capture *capture);
uint64_t capture_size(const struct capture *capture);

#endif
