/*
 * What the parts of iface.h share: iface.c (links, receiving), iface_port.c (the port and the
 * interface below it), iface_say.c (the log), iface_mtu.c, iface_table.c, iface_send.c.
 */
#ifndef KEYIDD_IFACE_PRIVATE_H
#define KEYIDD_IFACE_PRIVATE_H

#include "keyidd/hub.h"
#include "keyidd/iface.h"
#include "keyidd/lldpd.h"

/* What the log was told last, and what has happened since. */
struct iface_log {
	char error[PORT_ERROR_TEXT_MAX]; /* "" = open */
	uint32_t mtu_wanted;             /* 0 = it is large enough */
	bool was_open;                   /* ever */
	unsigned outages;                /* since the last line */
	struct loop_timer timer;         /* of the next one */
	uint64_t window_ms;              /* when the present window began */
	unsigned lines;                  /* in it */
};

struct iface {
	struct iface_set *set;
	struct iface *next;
	char *name;
	struct hub *hub;          /* NULL = a network interface; the next ones are for that only */
	struct netif_watch netif; /* what the kernel says of it */
	struct port *port;        /* NULL = not open; it stays so while the interface is down */
	bool port_has_lldp;       /* it takes in LLDPDUs: a link of it uses them */
	struct lldpd_port *lldpd; /* NULL = no link of it has LLDP, or LLDPDUs are our own */
	enum iface_state state;   /* but for lldpd's part in it */
	char error[PORT_ERROR_TEXT_MAX]; /* why it is not open; "" = it is, but for lldpd */
	struct loop_watch watch;
	struct loop_timer reopen; /* for failures whose end nobody tells */
	uint64_t asked_ms;        /* when sending failed, and the kernel was asked why */
	struct iface_log log;
	struct iface_counters counters;
	uint64_t dropped; /* by ports closed since */

	struct association_link **links; /* each knows its place */
	size_t link_count;
	struct association_link **buckets; /* the same by association and VLAN: see iface_table.c */
	size_t bucket_count;               /* a power of 2, or 0 */
};

struct iface_set {
	struct loop *loop;
	struct netifs *netifs;
	struct config_transport transport;
	struct lldpd *lldpd; /* NULL = LLDPDUs are our own */
	struct iface *first;
};

static inline const struct config_link *iface_link_config(const struct association_link *link)
{
	return &link->association->config->links[link->index];
}

static inline bool iface_uses(const struct association_link *link, enum carrier carrier)
{
	return iface_link_config(link)->carriers & 1 << carrier;
}

/* Does keyidd itself send and hear the LLDPDUs of this link? */
static inline bool iface_has_own_lldp(
	const struct iface *iface, const struct association_link *link)
{
	return iface_uses(link, CARRIER_LLDP) && !iface->set->lldpd;
}

/* ---- iface.c ---- */

void iface_receive(void *ctx, uint32_t events); /* of the port */

/* Asks lldpd, perhaps once more, to carry messages and to say what neighbours say now. */
bool iface_open_at_lldpd(struct iface *iface);

/* Every link advertises at once. */
void iface_wake_links(struct iface *iface);

/* ---- iface_port.c ---- */

void iface_start(struct iface *iface); /* once links are to come */
void iface_stop(struct iface *iface);

/* A link has come: opens what it needs, if it is not open. */
void iface_open_for(struct iface *iface, struct association_link *link);

/* The port fails: it is closed, and opened when the kernel says so, or else a little later. */
void iface_port_failed(struct iface *iface, int rc);

/* ---- iface_say.c ---- */

/* The state may have changed; what becomes of it is said a moment later. */
void iface_say_soon(struct iface *iface);
void iface_say(void *ctx); /* of the timer */

void iface_say_mtu(struct iface *iface); /* if it has become too small, or large enough */

/* ---- iface_mtu.c ---- */

/* The MTU has changed, or links have: how long may messages be? */
void iface_fit(struct iface *iface);

/* The MTU that every message of every link needs, 0 if the present one is enough; and whose. */
uint32_t iface_fit_wanted(const struct iface *iface, const struct association_link **whose);

/* ---- iface_table.c: links by what their frames say ---- */

/* Makes room for one more link, with as many buckets as links or more. False: no memory. */
bool iface_table_grow(struct iface *iface);
void iface_table_put(struct iface *iface, struct association_link *link);
void iface_table_take(struct iface *iface, const struct association_link *link);

/* NULL if no link has it. */
struct association_link *iface_find_link(
	const struct iface *iface, uint16_t vlan, const struct message_header *header);

/* ---- iface_send.c ---- */

/* Neighbours' agents forget what it said: by the shutdown LLDPDU, or by one without our TLV. */
void iface_stop_lldp(struct iface *iface, struct association_link *link);

#endif
