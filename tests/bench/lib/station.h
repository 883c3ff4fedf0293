/*
 * A station of protocol.md without a daemon around it: the raw port with both carriers,
 * link code and channel key, and content such as an exchange would give it. What goes
 * wrong ends the program.
 */
#ifndef BENCH_STATION_H
#define BENCH_STATION_H

#include "l2proto/frame.h"
#include "l2proto/port.h"

struct station {
	struct port *port;
	int epoll;
	struct link link;
	struct message_content content;
	size_t sent_len; /* of the last message that was sent */

	/* the last message that came */
	enum verdict verdict;
	enum carrier carrier;
	struct key_id key;  /* proposed in it, if it was accepted */
	double accepted_us; /* when it was; measure_now_us() */
};

/* number is 1 for one end of the link, 2 for the other. */
void station_open(struct station *station, const char *interface, uint8_t number, const char *sae);

/* From now on a master's content: the last generation is confirmed, and this key prepared. */
void station_propose(struct station *station, const struct key_id *key);

/* Seals and sends the next message. */
void station_send(struct station *station, enum carrier carrier);

/* Waits until a message comes, whatever its verdict. False if none has in that time (-1: ever). */
bool station_receive(struct station *station, int timeout_ms);

#endif
