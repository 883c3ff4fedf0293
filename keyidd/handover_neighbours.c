#include "keyidd/handover_neighbours.h"

#include <stdio.h>
#include <string.h>

#include "common/hex.h"

/* ---- who is of interest ---------------------------------------------------------------------- */

/* "02:00:00:00:00:01", with colons or dashes. */
static bool read_mac(const char *text, uint8_t octets[static ETHERNET_ADDRESS_LEN])
{
	if (strlen(text) != 3 * ETHERNET_ADDRESS_LEN - 1) {
		return false;
	}
	for (size_t i = 0; i < ETHERNET_ADDRESS_LEN; i++) {
		if (hex_decode(text + 3 * i, 2, octets + i, 1) != 1 ||
			(i > 0 && !strchr(":-", text[3 * i - 1]))) {
			return false;
		}
	}
	return true;
}

static bool is_chassis(const struct lldp_id *chassis, const char *wanted)
{
	uint8_t mac[ETHERNET_ADDRESS_LEN];

	if (chassis->subtype == LLDP_CHASSIS_MAC) {
		return read_mac(wanted, mac) && chassis->len == sizeof(mac) &&
		       memcmp(chassis->octets, mac, sizeof(mac)) == 0;
	}
	return chassis->len == strlen(wanted) && memcmp(chassis->octets, wanted, chassis->len) == 0;
}

static bool is_text(const struct lldp_text *text, const char *wanted)
{
	return text->present && text->len == strlen(wanted) &&
	       memcmp(text->text, wanted, text->len) == 0;
}

static bool is_of_interest(
	const struct handover_neighbours *neighbours, const struct lldpdu *lldpdu)
{
	return lldpdu->ttl_s > 0 && lldpdu->port_description.present &&
	       (!neighbours->chassis || is_chassis(&lldpdu->chassis, neighbours->chassis)) &&
	       (!neighbours->system_name || is_text(&lldpdu->system_name, neighbours->system_name));
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool same_id(const struct lldp_id *a, const struct lldp_id *b)
{
	return a->subtype == b->subtype && a->len == b->len &&
	       memcmp(a->octets, b->octets, a->len) == 0;
}

static size_t find(const struct handover_neighbours *neighbours, const struct lldpdu *lldpdu)
{
	size_t i = 0;

	while (i < neighbours->count &&
		!(same_id(&neighbours->list[i].chassis, &lldpdu->chassis) &&
			same_id(&neighbours->list[i].port, &lldpdu->port))) {
		i++;
	}
	return i;
}

static void drop(struct handover_neighbours *neighbours, size_t i)
{
	neighbours->list[i] = neighbours->list[--neighbours->count];
}

static void drop_old(struct handover_neighbours *neighbours, uint64_t now_ms)
{
	for (size_t i = neighbours->count; i > 0; i--) {
		if (neighbours->list[i - 1].until_ms <= now_ms) {
			drop(neighbours, i - 1);
		}
	}
}

void handover_neighbours_take(
	struct handover_neighbours *neighbours, const struct lldpdu *lldpdu, uint64_t now_ms)
{
	struct handover_neighbour *neighbour;
	size_t i;

	drop_old(neighbours, now_ms);
	i = find(neighbours, lldpdu);
	if (!is_of_interest(neighbours, lldpdu)) {
		if (i < neighbours->count) {
			drop(neighbours, i);
		}
		return;
	}
	if (i == HANDOVER_NEIGHBOURS_MAX) {
		return;
	}
	neighbour = &neighbours->list[i];
	neighbours->count += i == neighbours->count;
	neighbour->chassis = lldpdu->chassis;
	neighbour->port = lldpdu->port;
	neighbour->description = lldpdu->port_description;
	neighbour->until_ms = now_ms + lldpdu->ttl_s * UINT64_C(1000);
}

/* ---- who is believed ------------------------------------------------------------------------- */

#define ID_TEXT_MAX 48 /* of an ID that is longer, the beginning */

/* As people know it: an address, or the text that most other IDs are. */
static const char *id_text(const struct lldp_id *id, bool is_mac, char out[static ID_TEXT_MAX])
{
	if (is_mac && id->len == ETHERNET_ADDRESS_LEN) {
		const uint8_t *o = id->octets;

		snprintf(out, ID_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3],
			o[4], o[5]);
	} else {
		snprintf(out, ID_TEXT_MAX, "%.*s", id->len, (const char *)id->octets);
	}
	return out;
}

static void say_several(
	const struct handover_neighbours *neighbours, char reason[static HANDOVER_TEXT_MAX])
{
	char ids[2][2][ID_TEXT_MAX];

	for (size_t i = 0; i < 2; i++) {
		const struct lldp_id *chassis = &neighbours->list[i].chassis;
		const struct lldp_id *port = &neighbours->list[i].port;

		id_text(chassis, chassis->subtype == LLDP_CHASSIS_MAC, ids[i][0]);
		id_text(port, port->subtype == LLDP_PORT_MAC, ids[i][1]);
	}
	snprintf(reason, HANDOVER_TEXT_MAX,
		"%zu neighbours show a Port Description, and none is believed: chassis %s port %s, "
		"chassis %s port %s%s",
		neighbours->count, ids[0][0], ids[0][1], ids[1][0], ids[1][1],
		neighbours->count > 2 ? ", ..." : "");
}

const struct handover_neighbour *handover_neighbours_believed(
	struct handover_neighbours *neighbours, uint64_t now_ms,
	char reason[static HANDOVER_TEXT_MAX])
{
	bool filtered = neighbours->chassis || neighbours->system_name;

	drop_old(neighbours, now_ms);
	if (neighbours->count == 1) {
		return &neighbours->list[0];
	}
	if (neighbours->count == 0) {
		snprintf(reason, HANDOVER_TEXT_MAX,
			"no neighbour with a Port Description is heard%s",
			filtered ? " that is the one named" : "");
	} else {
		say_several(neighbours, reason);
	}
	return NULL;
}

uint64_t handover_neighbours_next_ms(const struct handover_neighbours *neighbours)
{
	uint64_t next_ms = UINT64_MAX;

	for (size_t i = 0; i < neighbours->count; i++) {
		if (neighbours->list[i].until_ms < next_ms) {
			next_ms = neighbours->list[i].until_ms;
		}
	}
	return next_ms;
}
