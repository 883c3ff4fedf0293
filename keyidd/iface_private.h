/* What the parts of iface.h share: iface.c (life, receiving), iface_table.c, iface_send.c. */
#ifndef KEYIDD_IFACE_PRIVATE_H
#define KEYIDD_IFACE_PRIVATE_H

#include "keyidd/hub.h"
#include "keyidd/iface.h"
#include "keyidd/lldpd.h"

struct iface {
	struct iface_set *set;
	struct iface *next;
	char *name;
	struct hub *hub;          /* NULL = a network interface; the next ones are for that only */
	struct port *port;        /* NULL = not open */
	bool port_has_lldp;       /* it takes in LLDPDUs: a link of it uses them */
	struct lldpd_port *lldpd; /* NULL = no link of it has LLDP, or LLDPDUs are our own */
	char error[PORT_ERROR_TEXT_MAX];
	struct loop_watch watch;
	struct loop_timer reopen;
	struct iface_counters counters;
	uint64_t dropped; /* by ports closed since */

	struct association_link **links; /* each knows its place */
	size_t link_count;
	struct association_link **buckets; /* the same by association and VLAN: see iface_table.c */
	size_t bucket_count;               /* a power of 2, or 0 */
};

struct iface_set {
	struct loop *loop;
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
