#include "keyidd/iface_lldp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FAST_INTERVAL_MS 1000 /* msgFastTx */
#define NAME_MAX_LEN 64       /* of the system name: the rest is for the message */

void iface_lldp_start(struct iface_lldp *lldp)
{
	lldp->fast_left = IFACE_LLDP_FAST;
}

bool iface_lldp_due(const struct iface_lldp *lldp, const struct config_transport *transport,
	uint32_t heartbeat_ms, bool is_idle, uint64_t now_ms)
{
	uint64_t interval_ms = lldp->fast_left > 0 ? FAST_INTERVAL_MS
						   : transport->lldp_interval_s * UINT64_C(1000);

	return !is_idle || lldp->sent_ms == 0 ||
	       now_ms - lldp->sent_ms + heartbeat_ms > interval_ms;
}

void iface_lldp_sent(struct iface_lldp *lldp, int rc, uint64_t now_ms)
{
	if (rc == 0 && lldp->is_failing) {
		iface_lldp_start(lldp);
	}
	lldp->is_failing = rc != 0;
	if (rc != 0) {
		return;
	}
	lldp->sent_ms = now_ms;
	lldp->fast_left -= lldp->fast_left > 0;
}

/* Chassis ID, port ID, TTL, End; and the message in three TLVs. */
_Static_assert(
	9 + 3 + sizeof("keyidd /") - 1 + 2 * CONFIG_NAME_MAX + 4 + 2 + MESSAGE_MAX_LLDP + 3 * 6 <=
		LLDP_LLDPDU_MAX,
	"the longest message fits");

static void set_port_id(struct lldp_id *id, const char *association, const char *link)
{
	int len = snprintf(
		(char *)id->octets, sizeof(id->octets), "keyidd %s/%s", association, link);

	id->subtype = LLDP_PORT_LOCAL;
	id->len = (uint8_t)(len < (int)sizeof(id->octets) ? len : (int)sizeof(id->octets) - 1);
}

static void set_system_name(struct lldp_text *name)
{
	char text[NAME_MAX_LEN + 1] = "";

	if (gethostname(text, sizeof(text)) == 0 && text[0]) {
		name->present = true;
		name->len = (uint8_t)strlen(text);
		memcpy(name->text, text, sizeof(text));
	}
}

static uint16_t ttl_s(const struct config_transport *transport)
{
	uint32_t ttl = transport->lldp_interval_s * IFACE_LLDP_HOLD + 1;

	return ttl < UINT16_MAX ? (uint16_t)ttl : UINT16_MAX;
}

size_t iface_lldp_len(const char *association, const char *link, size_t message_len)
{
	size_t parts = (message_len + LLDP_PART_MAX - 1) / LLDP_PART_MAX;

	/* Chassis ID, port ID, TTL, End; each part's TLV has its OUI and subtype. */
	return 9 + 3 + strlen("keyidd /") + strlen(association) + strlen(link) + 4 + 2 +
	       message_len + 6 * parts;
}

int iface_lldp_send(struct port *port, const struct config_transport *transport, size_t max,
	const char *association, const char *link, const uint8_t *message, size_t len)
{
	struct lldpdu lldpdu = { .ttl_s = message ? ttl_s(transport) : 0 };
	uint8_t octets[LLDP_LLDPDU_MAX];
	int octets_len;

	lldpdu.chassis.subtype = LLDP_CHASSIS_MAC;
	lldpdu.chassis.len = ETHERNET_ADDRESS_LEN;
	memcpy(lldpdu.chassis.octets, port_address(port), ETHERNET_ADDRESS_LEN);
	set_port_id(&lldpdu.port, association, link);
	set_system_name(&lldpdu.system_name);
	if (message) {
		lldpdu.message_len = len;
		memcpy(lldpdu.message, message, len);
	}
	max = max < sizeof(octets) ? max : sizeof(octets);
	octets_len = lldp_write(&transport->frame.lldp, &lldpdu, octets, max);
	if (octets_len == -EMSGSIZE) {
		lldpdu.system_name.present = false; /* without it the longest message fits */
		octets_len = lldp_write(&transport->frame.lldp, &lldpdu, octets, max);
	}
	return octets_len < 0 ? octets_len
			      : port_send_lldp(port, transport->lldp_destination, octets,
					(size_t)octets_len);
}
