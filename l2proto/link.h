/*
 * One association on one link: which messages to believe, and when to send.
 *
 * Freshness is MKA's (IEEE 802.1X-2020 clause 9, docs/protocol.md section 4): a
 * random member identifier for as long as this struct lives, a message number
 * that only grows, and a list of every station heard. A station's content is
 * used only while it lists our identifier with a number that we sent within
 * LIFE. Sending follows section 4.4: at once when the content changes, then on a
 * doubling interval until every live station lists that number, then as a
 * heartbeat.
 *
 * Pure: time and randomness are arguments.
 */
#ifndef L2PROTO_LINK_H
#define L2PROTO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/auth.h"
#include "l2proto/message.h"

#define LINK_LIVE_MAX 16 /* live stations */
#define LINK_NEW_MAX 8   /* stations heard, not proven live: a table of their own */
#define LINK_KEYS_MAX 2  /* channel keys held at the same time */
#define LINK_LIFE_HEARTBEATS 3
#define LINK_SENT_BUCKETS 16

/* What messages travel in (protocol.md section 1). */
enum carrier { CARRIER_RAW, CARRIER_LLDP, CARRIER_COUNT };

const char *carrier_name(enum carrier carrier); /* "raw", "lldp" */

/*
 * What became of a message: the checks of protocol.md section 4.1, in their
 * order. Counted one by one.
 */
enum verdict {
	VERDICT_ACCEPTED = 0,
	VERDICT_NOT_OURS,            /* another EtherType, OUI or protocol ID (the port's check) */
	VERDICT_MALFORMED,           /* header, see enum malformed */
	VERDICT_UNKNOWN_ASSOCIATION, /* (the caller's check) */
	VERDICT_UNKNOWN_CHANNEL_KEY,
	VERDICT_REFLECTED,   /* our own identifier */
	VERDICT_BAD_ICV,     /* the HMAC does not match */
	VERDICT_DUPLICATE,   /* the number seen last */
	VERDICT_REPLAYED,    /* a lower number than that */
	VERDICT_NOT_LISTED,  /* authentic, but does not list us with a fresh number */
	VERDICT_TABLE_FULL,  /* more live stations than LINK_LIVE_MAX */
	VERDICT_BAD_CONTENT, /* fresh, but the TLVs are malformed */
	VERDICT_OVERLOAD,    /* over the receive budget, not looked at (the caller's check) */
	VERDICT_COUNT,       /* those of a receiver */

	/* what only a reader of captures says (protocol.md section 4.6) */
	VERDICT_TRUNCATED = VERDICT_COUNT, /* the capture holds less than the message */
	VERDICT_UNVERIFIED,                /* the channel key is not at hand */
	VERDICT_SENT,                      /* by the station whose view it is */
	VERDICT_UNKNOWN_FRESHNESS, /* lists stations or numbers of before the capture began */
	VERDICT_ALL
};

/* A stable name with dashes, such as "bad-icv". */
const char *verdict_name(enum verdict verdict);

struct link_config {
	uint8_t association[ASSOCIATION_ID_LEN];
	uint32_t heartbeat_ms;
	uint32_t life_ms;   /* LIFE; 0 = LINK_LIFE_HEARTBEATS heartbeats */
	size_t message_max; /* MESSAGE_MAX_RAW, MESSAGE_MAX_LLDP, or what the MTU allows */
};

struct link_key {
	uint16_t number;
	struct auth *auth; /* borrowed; NULL = no key */
};

struct link_station {
	bool used;
	uint8_t member[MEMBER_ID_LEN];
	uint32_t number;       /* its last message */
	bool listed;           /* unproven stations: there when we last listed as many as fit */
	uint32_t acknowledged; /* our number that it listed last (live stations) */
	uint16_t newest_key_number;
	uint64_t heard_ms;
	uint64_t proven_ms;                 /* live stations: since when */
	uint64_t carried_ms[CARRIER_COUNT]; /* last message by each carrier; 0 = none */
	uint32_t carried_number[CARRIER_COUNT];
};

struct link {
	struct link_config config;
	struct link_key keys[LINK_KEYS_MAX];
	uint8_t member[MEMBER_ID_LEN];
	uint32_t number; /* last one sent; 0 = none yet */

	/* first number sent in each sixteenth of LIFE, to know which are fresh */
	uint32_t sent_first[LINK_SENT_BUCKETS];
	uint64_t sent_bucket[LINK_SENT_BUCKETS]; /* which sixteenth, 0 = empty */

	struct link_station live[LINK_LIVE_MAX];
	struct link_station fresh[LINK_NEW_MAX];

	uint32_t changed_number; /* the first number that carried the present content */
	bool change_pending;     /* content changed since the last message */
	bool is_idle;            /* the last message was a heartbeat that nobody waits for */
	uint64_t change_paid_ms; /* until when the changes sent have used up their share of time */
	uint32_t interval_ms;    /* from the last message to the next repetition */
	uint64_t repeat_ms;      /* when that is due */
	uint64_t prompt_ms;      /* when a change, a reply or a trigger is due; UINT64_MAX = none */
	uint64_t triggered_ms; /* the last advertisement triggered by an unproven station; 0 = none
				*/

	uint64_t sent;
	uint64_t received[VERDICT_COUNT];
	uint64_t malformed[MALFORMED_COUNT];
};

/* member is random. The first message is due at once. */
void link_init(struct link *link, const struct link_config *config,
	const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms);

/* Puts 1 or 2 channel keys in place; what has been heard stays. */
void link_set_keys(struct link *link, const struct link_key *keys, size_t count);

/*
 * Takes a new identifier, as at a restart: needed when link_seal() returns
 * -EOVERFLOW after 2^32 - 1 messages.
 */
void link_renew(struct link *link, const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms);

/* What link_receive() found, whatever the verdict. */
struct link_receipt {
	enum malformed malformed;     /* of VERDICT_MALFORMED and VERDICT_BAD_CONTENT */
	struct message_header header; /* valid unless VERDICT_MALFORMED */
	bool station_new;             /* ACCEPTED: the first message since it was proven live */
};

/*
 * Judges one message (octets may have padding behind it) and counts the verdict.
 * content is filled in only for VERDICT_ACCEPTED.
 */
enum verdict link_receive(struct link *link, uint64_t now_ms, const uint8_t *octets, size_t len,
	struct link_receipt *receipt, struct message_content *content);

/*
 * The parts of link_receive(), for observer.c. First checks 2 to 6, to the HMAC:
 * VERDICT_ACCEPTED means authentic. Then, of such a message, checks 7 to 10; it need not
 * have been authenticated by this very link. The TLVs come last. Neither counts.
 */
enum verdict link_authenticate(const struct link *link, const uint8_t *octets, size_t len,
	struct link_receipt *receipt, size_t *message_len);
enum verdict link_take(
	struct link *link, uint64_t now_ms, const uint8_t *octets, struct link_receipt *receipt);

/*
 * Brings link, the picture of a station that somebody else is, up to date with a
 * message that it was seen to send. A new identifier is a restart.
 */
void link_observe_sent(struct link *link, uint64_t now_ms, const struct message_header *header);

/*
 * An authentic message of a live station has come by this carrier. Returns whether it
 * is news there: accepted, or the copy, perhaps late, of what the other carrier brought.
 * Only for people; who hears one carrier can make copies on the other.
 */
bool link_note_carrier(struct link *link, uint64_t now_ms, const struct message_header *header,
	enum carrier carrier);

/* For verdicts that the caller reaches: counts them with the rest. */
void link_count(struct link *link, enum verdict verdict);

/*
 * The content to advertise has changed: the next message is due at once, unless
 * many have changed just before (a change that comes back as another would never end).
 */
void link_changed(struct link *link, uint64_t now_ms);

/* When link_seal() is to be called next, in monotonic milliseconds. */
uint64_t link_next_due(const struct link *link);

/*
 * Writes the next message, complete with HMAC, and plans the one after it. Drops
 * stations not heard for LIFE first; of the unproven ones it lists as many as fit.
 * Returns the length, -EMSGSIZE if it exceeds
 * config.message_max (or max) even without
 * the unproven stations in its list, -ENOKEY without a channel key, -EOVERFLOW after
 * the last message number.
 */
int link_seal(struct link *link, uint64_t now_ms, const struct message_content *content,
	uint8_t *out, size_t max);

/* Is this station proven live now? */
bool link_station_live(
	const struct link *link, const uint8_t member[static MEMBER_ID_LEN], uint64_t now_ms);

/* Live stations, and those of them that have not listed the present content's number yet. */
size_t link_live_count(const struct link *link, uint64_t now_ms);
size_t link_unacknowledged_count(const struct link *link, uint64_t now_ms);

uint32_t link_life_ms(const struct link *link);
uint32_t link_config_life_ms(const struct link_config *config);

#endif
