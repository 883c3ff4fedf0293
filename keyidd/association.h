/*
 * One SAE of an association at work: its exchange, its links, its KME calls and its
 * device. Everything that the exchange asks for is done here; everything that
 * happens is turned into an event for it.
 *
 *     frame -> link_receive() -> exchange_step() -> save -> send, fetch, apply
 *
 * Split by concern: association.c (life, steps), association_wire.c (frames),
 * association_carriers.c (which carriers work),
 * association_keys.c (KME, held keys), association_device.c (applier),
 * association_note.c (log, history, waiting clients).
 */
#ifndef KEYIDD_ASSOCIATION_H
#define KEYIDD_ASSOCIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"
#include "keyidd/config.h"
#include "keyidd/iface_lldp.h"
#include "keyidd/loop.h"
#include "keyidd/netif.h"
#include "keyidd/state.h"
#include "kmeclient/kme.h"
#include "l2proto/auth.h"
#include "l2proto/exchange.h"
#include "l2proto/link.h"
#include "netconf/applier.h"

struct engine;
struct association;
struct iface;

struct association_link {
	struct association *association;
	size_t index; /* in config->links and exchange's links */
	struct link link;
	struct auth *auth[CONFIG_CHANNEL_KEYS_MAX];
	struct iface *iface; /* where it runs; the next two are its own: see iface.h */
	size_t iface_place;
	struct association_link *iface_next;
	struct iface_lldp lldp;
	int send_error;           /* of the last message: 0, or -errno */
	unsigned failures_in_row; /* with this error */
	uint64_t send_errors;
	uint64_t last_received_ms;       /* last accepted message; 0 = none */
	uint64_t sent_by[CARRIER_COUNT]; /* frames and LLDPDUs that went out */
	uint64_t accepted_by[CARRIER_COUNT];
	uint64_t copies_by[CARRIER_COUNT];  /* of what the other one had brought before */
	bool carrier_silent[CARRIER_COUNT]; /* while another brings a live neighbour: logged */
	struct log_limit carrier_limit[2]; /* of the lines that one works, and that one is silent */
	struct log_limit refused_limit[VERDICT_COUNT];
};

/* The interfaces of a link with this host's own MACsec. */
struct association_macsec {
	struct association *association;
	struct netif_watch parent, device;
	bool is_down; /* the device, as the log was told */
};

/* How long the steps of the present generation took, for people. */
struct association_rotation {
	uint64_t generation;
	uint64_t begun_ms; /* monotonic: PROPOSED; 0 = unknown, begun before a restart */
};

struct association {
	struct engine *engine;
	const struct config_association *config; /* the engine's configuration owns it */
	struct exchange exchange;
	struct association_link *links; /* as many as the configuration has */
	struct held_keys keys;

	struct kme *kme;       /* the engine's, shared */
	struct kme_call *call; /* NULL = none under way */
	uint64_t call_generation;
	char kme_text[KME_ERROR_TEXT_MAX]; /* the last failure in the KME's words; "" = none since
					    */

	struct applier *applier;
	struct association_macsec macsecs[EXCHANGE_LINKS_MAX]; /* of a device of type macsec */
	char device_text[APPLIER_ERROR_TEXT_MAX]; /* the last failure or warning in the device's
						     words */
	char seen_text[APPLIER_ERROR_TEXT_MAX];   /* failure or warning of the last read-back */
	char clock_text[80]; /* how wrong its clock was when that was last seen; "" = never */

	struct loop_timer timer;
	struct association_rotation rotation;
	struct log_limit save_limit, send_limit;
	bool age_alarm; /* raised and not yet cleared */
};

/* Loads the record, opens the applier, joins the links, starts the exchange. */
struct association *association_new(struct engine *engine, const struct config_association *config,
	char error[static STATE_TEXT_MAX]);
void association_free(struct association *association); /* NULL accepted */

/*
 * A reloaded configuration that differs from the present one in nothing but
 * channel keys and times: taken over without a restart of the association.
 * Returns false, and changes nothing, if it differs in more.
 */
bool association_reconfigure(
	struct association *association, const struct config_association *config);

/* The operator wants a new generation. */
void association_rekey(struct association *association);

/* A message came in on this link. Called by iface.c. */
void association_receive(
	struct association_link *link, enum carrier carrier, const uint8_t *message, size_t len);

/* Whose state it is. Borrowed from the configuration. */
struct state_owner association_owner(const struct association *association);

/* Age of the key in use, in seconds; -1 if none was ever confirmed. */
int64_t association_key_age_s(const struct association *association);

/* Feeds one event to the exchange and does what it says. For the parts of the association. */
void association_event(struct association *association, const struct exchange_event *event);

/* ---- between the parts ---- */

/* association_wire.c */
int association_links_open(struct association *association, char error[static STATE_TEXT_MAX]);
void association_links_close(struct association *association);
int association_links_set_keys(struct association *association);
void association_send_due(struct association *association);
uint64_t association_links_next_due(const struct association *association);

/* association_carriers.c */
bool association_carrier_silent(const struct association_link *link,
	const struct link_station *station, enum carrier carrier, uint64_t now_ms);
void association_watch_carriers(struct association_link *link, uint64_t now_ms);

/* association_keys.c */
void association_fetch(struct association *association, enum exchange_fetch fetch);
void association_drop_keys(
	struct association *association); /* those that the record does not hold */
const struct held_key *association_find_key(
	const struct association *association, uint64_t generation, size_t index);

/* association_netif.c: of a device of type macsec; nothing otherwise */
void association_netif_watch(struct association *association);
void association_netif_end(struct association *association);

/* The macsec device of a link, if it is there and down, so that nothing passes; NULL otherwise. */
const char *association_netif_down(const struct association *association, size_t link);

/* association_device.c */
int association_device_open(struct association *association, char error[static STATE_TEXT_MAX]);
void association_device_do(
	struct association *association, enum exchange_device_op op, uint64_t generation);

/* association_note.c */
void association_note(struct association *association, const struct exchange_note *note);
void association_check_age(struct association *association);

#endif
