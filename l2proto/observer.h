/*
 * What the messages on a link were worth to the stations there, told from a record of
 * them: protocol.md section 4.6. The record may be a capture, or the wire itself.
 *
 * An observer keeps a struct link for every station that it sees send, and puts it
 * before the same checks as the station itself: link_take(). Its view is that of
 * one station, named by its SAE ID; or that of somebody who only listens, and calls
 * accepted what one of the other stations accepts.
 *
 * Pure: the time is an argument. It must not go back.
 */
#ifndef L2PROTO_OBSERVER_H
#define L2PROTO_OBSERVER_H

#include "l2proto/frame.h"
#include "l2proto/link.h"

#define OBSERVER_STATIONS_MAX (LINK_LIVE_MAX + LINK_NEW_MAX)
#define OBSERVER_FORMER_MAX 16 /* identifiers that stations had before they started again */

struct observer_station {
	bool used;
	bool superseded; /* it seems to have started again with another identifier: it receives no
			  * more
			  */
	uint32_t first_number; /* its first message on record */
	uint64_t first_ms;
	uint64_t heard_ms;
	uint8_t address[ETHERNET_ADDRESS_LEN]; /* source of its first message */
	struct sae_id sae;                     /* by its own status; empty if it has not said */
	struct link link;                      /* as the station itself would have it */
	size_t tlvs_len; /* its last well-formed TLVs: what it repeats is not read again */
	uint8_t tlvs[MESSAGE_MAX_RAW];
};

struct observer {
	struct link_config config;
	struct link_key keys[LINK_KEYS_MAX]; /* auth is NULL if only the number is known */
	size_t key_count;
	struct sae_id view; /* empty = nobody's */
	uint64_t begin_ms;

	struct observer_station *own; /* the station of the view, once seen; in stations */
	uint8_t own_carriers;         /* that have shown its last message: bit n, enum carrier n */
	uint8_t former[OBSERVER_FORMER_MAX][MEMBER_ID_LEN];
	size_t former_count; /* ever; the latest ones are kept */

	size_t station_count; /* places that were ever used */
	struct observer_station stations[OBSERVER_STATIONS_MAX];
};

/* view may be NULL. begin_ms is when the record begins. */
void observer_init(struct observer *observer, const struct link_config *config,
	const struct sae_id *view, uint64_t begin_ms);

/*
 * The channel keys, 1 or 2, borrowed. One whose auth is NULL is known to exist and not
 * at hand: its messages are VERDICT_UNVERIFIED.
 */
void observer_set_keys(struct observer *observer, const struct link_key *keys, size_t count);

/* What was found, whatever the verdict. */
struct observation {
	enum malformed malformed; /* why the TLVs are not well-formed, if they were read */
	bool authentic;
	bool readable;     /* content is filled in: authentic or unverified, and well-formed */
	bool station_new;  /* the first message of this identifier */
	struct sae_id sae; /* of the sender; empty if it has not said */
};

/*
 * Judges a message of this association, as found by frame_read(). Without want_content,
 * content is only room to work in.
 */
enum verdict observer_receive(struct observer *observer, uint64_t now_ms, const struct frame *frame,
	bool want_content, struct observation *observation, struct message_content *content);

#endif
