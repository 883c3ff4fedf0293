/*
 * A stream of numbered frames both ways between two ends, and what became of each.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <net/ethernet.h>

#define STREAM_FRAMES_MAX (UINT64_C(1) << 24) /* more than four hours of one a millisecond */
#define STREAM_SIZE_MIN 56
#define STREAM_SIZE_MAX 1400

struct options {
	uint64_t frames; /* each way, at most */
	uint64_t interval_us;
	uint64_t window;
	size_t size; /* octets of payload */
	uint16_t ethertype;
};

struct end {
	const char *name; /* of its namespace */
	int fd;
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
		struct sockaddr_ll link;
	} address;
	socklen_t address_len;
	uint8_t header[ETHER_HDR_LEN]; /* of frames that it sends */
};

/* From one end to the other. */
struct direction {
	struct end *from, *to;
	uint64_t sent, received;
	uint64_t refused; /* by the sender's own kernel */
	int refused_errno;
	uint64_t duplicated, corrupted, reordered;
	uint64_t late;    /* reordered, and further back than the window */
	uint64_t highest; /* number that has come; they begin with 1 */
	uint64_t last_ns, silence_ns;
	uint64_t delays_ns, delay_ns; /* from sent to received: the sum, and the longest */
	bool *came;                   /* by number */
	uint32_t *sent_ms;            /* by number, since the start */
};

struct stream {
	struct options options;
	struct end ends[2];
	struct direction ways[2];
	uint64_t run;
	uint64_t started_ns, started_wall_ms;
	uint64_t stall_ns; /* longest time that this process was late */
	int timer, signals;
	bool announced, stopping;
};

/* Prints the message and errno's text, and ends with status 2. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/*
 * Opens an end: argument is "NAMESPACE:ADDRESS", or, with an EtherType other than
 * 0, "NAMESPACE:INTERFACE"; it is changed, and must stay. The process is in that
 * namespace from then on. Ends with die() if that fails.
 */
void end_open(struct end *end, char *argument, uint16_t ethertype);

/* Sends and receives until options.frames, SIGTERM or SIGINT, and for what is under way then. */
void stream_run(struct stream *stream);

#endif
