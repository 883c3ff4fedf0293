/*
 * NETCONF message framing (RFC 6242), without I/O.
 *
 * End-of-message framing (clause 4.3): each message is followed by "]]>]]>".
 * Chunked framing (clause 4.2): one or more of LF '#' SIZE LF OCTETS, then
 * LF '#' '#' LF; SIZE is decimal, 1..4294967295, without leading zeros.
 * The hello messages always use the first; both ends having advertised
 * base:1.1, everything after them uses the second.
 */
#ifndef NETCONF_FRAMING_H
#define NETCONF_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "netconf/octets.h"

/* The longest message taken from a device. */
#define FRAMING_MESSAGE_MAX (1024 * 1024)

enum framing_mode {
	FRAMING_END_OF_MESSAGE,
	FRAMING_CHUNKED,
};

enum framing_status {
	FRAMING_NEED_MORE, /* all input taken, the message is not complete */
	FRAMING_MESSAGE, /* reader->message holds one; feed the rest after framing_reader_next() */
	FRAMING_BAD_CHUNK, /* not a chunk header: the stream is lost */
	FRAMING_TOO_LONG,  /* a message over FRAMING_MESSAGE_MAX */
	FRAMING_NO_MEMORY,
};

enum framing_chunk_state {
	FRAMING_CHUNK_LF,    /* expects the LF that begins a header */
	FRAMING_CHUNK_HASH,  /* expects '#' */
	FRAMING_CHUNK_FIRST, /* expects the first digit, or the second '#' */
	FRAMING_CHUNK_SIZE,  /* expects a further digit, or LF */
	FRAMING_CHUNK_DATA,
	FRAMING_CHUNK_END, /* expects the LF after "##" */
};

struct framing_reader {
	enum framing_mode mode;
	struct octets message; /* without its framing */
	enum framing_chunk_state chunk_state;
	uint64_t chunk_left;
};

void framing_reader_init(struct framing_reader *reader);
void framing_reader_fini(struct framing_reader *reader);

/* Drops the message just read and, from here on, expects this framing. */
void framing_reader_next(struct framing_reader *reader, enum framing_mode mode);

/*
 * Takes octets in any portions; *taken says how many were used. After a
 * failure the reader is of no further use but framing_reader_fini().
 */
enum framing_status framing_feed(
	struct framing_reader *reader, const uint8_t *bytes, size_t len, size_t *taken);

/*
 * Appends a framed message to out. Returns 0, -EBADMSG for an empty message or,
 * in end-of-message framing, one that a reader would see end early; or as octets_append().
 */
int framing_encode(enum framing_mode mode, const uint8_t *message, size_t len, struct octets *out);

/* For people. */
const char *framing_status_text(enum framing_status status);

#endif
