/* What link.c (receiving) and link_send.c (sending) share. */
#ifndef L2PROTO_LINK_PRIVATE_H
#define L2PROTO_LINK_PRIVATE_H

#include "l2proto/link.h"

/* Which sixteenth of LIFE a time lies in, counted from 1. */
uint64_t link_bucket(const struct link *link, uint64_t now_ms);

bool link_station_is_live(
	const struct link *link, const struct link_station *station, uint64_t now_ms);

/*
 * The number sent within LIFE with which the message lists us; 0 if it does not. The
 * list is searched and never stored.
 */
uint32_t link_listed_number(const struct link *link, uint64_t now_ms, const uint8_t *octets,
	const struct message_header *header);

/* An unproven station was heard: advertise, but not more often than TRIGGER_GAP_MS. */
void link_trigger(struct link *link, uint64_t now_ms);

/* A live station wants to see its number listed: advertise shortly. */
void link_reply(struct link *link, uint64_t now_ms);

/* A station listed one of our numbers: perhaps nobody has to be told again. */
void link_acknowledged(struct link *link, uint64_t now_ms);

#endif
