/*
 * The LLDP neighbours that could be the other end of a hand-over: those that pass the
 * filters and show a Port Description. Only one at a time is believed: with two, who
 * is to say which. Pure.
 *
 * Ageing is IEEE 802.1AB's: a neighbour (its MSAP, chassis and port ID) is gone when
 * its TTL has passed since its last LLDPDU, and at once when that has TTL 0.
 */
#ifndef KEYIDD_HANDOVER_NEIGHBOURS_H
#define KEYIDD_HANDOVER_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyidd/handover_text.h"
#include "l2proto/lldp.h"

/* With more than two nobody is believed anyway: it only matters that some are kept. */
#define HANDOVER_NEIGHBOURS_MAX 8

struct handover_neighbour {
	struct lldp_id chassis, port;
	struct lldp_text description;
	uint64_t until_ms;
};

struct handover_neighbours {
	const char *chassis;     /* NULL = whichever; as in keyidd.conf(5). Borrowed */
	const char *system_name; /* the same */
	size_t count;
	struct handover_neighbour list[HANDOVER_NEIGHBOURS_MAX];
};

/* Takes an LLDPDU; one that is not of interest, or not any more, leaves none behind. */
void handover_neighbours_take(
	struct handover_neighbours *neighbours, const struct lldpdu *lldpdu, uint64_t now_ms);

/*
 * The one to believe, after those whose time has passed are dropped; or NULL, with
 * the reason.
 */
const struct handover_neighbour *handover_neighbours_believed(
	struct handover_neighbours *neighbours, uint64_t now_ms,
	char reason[static HANDOVER_TEXT_MAX]);

/* When the first of them will be gone; UINT64_MAX if there are none. */
uint64_t handover_neighbours_next_ms(const struct handover_neighbours *neighbours);

#endif
