/*
 * A scenario being acted: what it has declared, and where it has come to. It is read
 * and acted line by line, so that whatever a line names stands above it.
 */
#ifndef KEYID_CRAFT_SCENARIO_H
#define KEYID_CRAFT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "keyidd/config.h"
#include "l2proto/ckn.h"
#include "l2proto/link.h"
#include "l2proto/message.h"
#include "tools/keyid-craft/capfile.h"
#include "tools/keyid-craft/edit.h"
#include "tools/keyid-craft/packet.h"
#include "tools/keyid-craft/script.h"

#define NAME_MAX_LEN 63
#define ASSOCIATIONS_MAX 4
#define CHANNEL_KEYS_MAX 8
#define WIRES_MAX 16
#define STATIONS_LIMIT 48
#define KEY_NAMES_MAX 64
#define PROPOSALS_MAX 64
#define LABELS_MAX 64
#define FRAMES_MAX 200000
#define HEARS_ALL UINT64_MAX

struct association {
	char name[NAME_MAX_LEN + 1];
	struct sae_id master;
	uint8_t id[ASSOCIATION_ID_LEN];
	size_t key_count;
	struct {
		uint16_t number;
		struct secret octets;
	} keys[CHANNEL_KEYS_MAX];
};

/* A link of an association. */
struct wire {
	char name[NAME_MAX_LEN + 1];
	const struct association *association;
	uint32_t heartbeat_ms;
	unsigned carriers; /* bit c: enum carrier c; of stations that do not say otherwise */
	uint16_t vlan;
};

struct station {
	char name[NAME_MAX_LEN + 1];
	const struct wire *wire;
	uint8_t address[ETHERNET_ADDRESS_LEN];
	uint64_t hears;  /* bit i: station i; or HEARS_ALL, attackers too */
	unsigned starts; /* how often it has started: its identifier is made from that */
	bool stopped;
	unsigned carriers;
	char system_name[NAME_MAX_LEN + 1]; /* in its LLDPDUs; or empty */
	uint64_t lldp_ms;                   /* when its last LLDPDU was; 0 = there was none */
	struct link link;
	struct link_key keys[LINK_KEYS_MAX]; /* owned; link borrows them */
	size_t key_count;
	struct message_content content; /* what it said last */
};

struct named_key {
	char name[NAME_MAX_LEN + 1];
	struct key_id id;
	uint8_t token[CKN_TOKEN_LEN];
};

struct named_proposal {
	char name[NAME_MAX_LEN + 1];
	struct proposal proposal;
};

struct label {
	char name[NAME_MAX_LEN + 1];
	struct packet frame;
};

struct scenario {
	struct script script;
	struct capfile capture;
	bool show_verdicts; /* prints what each station makes of each frame */

	struct capfile_format format;
	bool begun;           /* the capture has its header */
	size_t cut;           /* octets to be cut off its end */
	int64_t clock_s;      /* what time it is at 0, in seconds since 1970 */
	uint64_t now_ns;      /* since then */
	uint64_t sent_ns;     /* of the last frame; 0 = none yet */
	unsigned long frames; /* captured */

	struct config_transport transport; /* frames, addresses, LLDP's interval */
	uint64_t blocked[CARRIER_COUNT];   /* bit i: nothing that station i sends comes through */
	struct ckn_rule ckn;

	size_t association_count, wire_count, station_count, key_count, proposal_count, label_count;
	struct association associations[ASSOCIATIONS_MAX];
	struct wire wires[WIRES_MAX];
	struct station stations[STATIONS_LIMIT];
	struct named_key keys[KEY_NAMES_MAX];
	struct named_proposal proposals[PROPOSALS_MAX];
	struct label labels[LABELS_MAX];
};

/* Reads the scenario to its end. False: an error was printed. */
bool scenario_act(struct scenario *scenario);
void scenario_free(struct scenario *scenario);

/* ---- setup.c: what the actors are ------------------------------------------------------------ */

/* Acts a line that declares something. False if its first word, already read, does not. */
bool setup_line(struct scenario *scenario, const char *verb);

/* ---- names.c --------------------------------------------------------------------------------- */

/* What was declared by this name; NULL if the name is, or if nothing was, which is an error. */
struct station *scenario_station(struct scenario *scenario, const char *name);
const struct wire *scenario_wire(struct scenario *scenario, const char *name);
const struct named_key *scenario_key(struct scenario *scenario, const char *name);
const struct proposal *scenario_proposal(struct scenario *scenario, const char *name);
const struct label *scenario_label(struct scenario *scenario, const char *name);

/* Reads a list of stations, as a bit for each. */
uint64_t scenario_stations(struct scenario *scenario);
uint64_t scenario_station_bit(const struct scenario *scenario, const struct station *station);

/* Reads raw, lldp or auto, which is both, as a bit for each carrier. */
unsigned scenario_carriers(struct scenario *scenario);

/* Copies a name for something new; an error if it is too long. */
void scenario_name(struct scenario *scenario, char out[static NAME_MAX_LEN + 1], const char *name);

/* ---- station.c: who speaks and hears --------------------------------------------------------- */

/* Milliseconds since 1970: the clock that the links run by. */
uint64_t scenario_now_ms(const struct scenario *scenario);

/* Starts a new station, or an old one again: with another identifier, having heard nobody. */
void station_start(struct scenario *scenario, struct station *station);

/* A channel key more, of those that the association has; or one less. */
void station_give_key(struct scenario *scenario, struct station *station, uint16_t number);
void station_take_key(struct scenario *scenario, struct station *station, uint16_t number);

/* An empty frame of the station, in the carriers that it uses. */
void station_address(
	const struct scenario *scenario, const struct station *station, struct packet *frame);

/* Notes that it says this by LLDP; or leaves LLDP out, if it may: protocol.md section 1.1. */
void station_note_lldp(
	struct scenario *scenario, struct station *station, bool may_wait, struct packet *frame);

/* The shutdown LLDPDU, unless it does not use LLDP; it neither speaks nor hears any more. */
void station_stop(struct scenario *scenario, struct station *station, struct packet *frame);

/*
 * Seals what the station says, applies the edits (NULL = none), and puts it into the
 * frame. Content is a change; without it (NULL) the station says again what it said last.
 */
void station_say(struct scenario *scenario, struct station *station,
	const struct message_content *content, const struct edits *edits, struct packet *frame);

/* The station hears a frame, if it is on its link; number is that in the capture. */
void station_hear(struct scenario *scenario, struct station *station,
	const struct packet_octets *frame, unsigned long number);

/* ---- sending.c: how a frame travels ---------------------------------------------------------- */

struct sending {
	uint64_t lost_to; /* bit i: station i does not hear it */
	bool unseen;      /* not in the capture */
	bool snapped;     /* the capture holds only snap octets of it */
	size_t snap;
	bool stamped; /* the capture has another time */
	uint64_t stamp_ns;
	uint64_t delay_ns;            /* how long after now it is sent */
	char label[NAME_MAX_LEN + 1]; /* by which it is sent again; or empty */
};

/* Reads the rest of the line: what is said of a frame. */
void sending_read(struct scenario *scenario, struct sending *sending, struct packet *frame);

/* Writes the capture's header, if it has none yet. */
void scenario_begin_capture(struct scenario *scenario);

/*
 * Captures the frame, remembers it under its label, and lets all stations hear it. In
 * several carriers it is several frames, one just after the other.
 */
void sending_send(
	struct scenario *scenario, const struct sending *sending, const struct packet *frame);

/* The octets by the first of its carriers; and the same of them, changed by then. */
void sending_encode(const struct packet *frame, struct packet_octets *octets);
void sending_send_octets(struct scenario *scenario, const struct sending *sending,
	const struct packet *frame, const struct packet_octets *octets);

/* ---- event.c: what happens ------------------------------------------------------------------- */

void event_at(struct scenario *scenario);
void event_until(struct scenario *scenario);

/* Is this a word that begins an event, and so no name for a station? */
bool event_is_verb(const char *word);

/* ---- lldpdu.c: an LLDPDU by hand ------------------------------------------------------------- */

/* Reads its TLVs from the indented lines that follow, into the body of the frame. */
void lldpdu_read(struct scenario *scenario, struct packet *frame);

/* ---- content.c: what a station says ---------------------------------------------------------- */

/*
 * Reads the indented lines below "says", if there are any, into content; what is to be
 * done to the sealed message goes into edits. True if there was content.
 */
bool content_read(struct scenario *scenario, const struct association *association,
	struct message_content *content, struct edits *edits);

/* The rest of a line "status ...", as one more status of the content: see status.c. */
void status_read(struct scenario *scenario, struct message_content *content);

/* The rest of a line "secy ...", as the content's SecY: see secy.c. */
void secy_read(struct scenario *scenario, struct message_content *content);

#endif
