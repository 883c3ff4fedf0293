#include "l2proto/ethernet.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_LEN (2 * ETHERNET_ADDRESS_LEN)
#define TYPE_LEN 2
#define TAG_LEN 4
#define OUI_LEN 3
#define PROTOCOL_LEN (OUI_LEN + 2)

#define CUSTOMER_TAG 0x8100 /* IEEE 802.1Q table 9-1 */
#define VLAN_ID_MASK 0x0FFF /* clause 9.6: the rest is priority and drop eligibility */

static uint16_t read_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint8_t *write_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

int ethernet_parse(const struct ethernet_format *format, const uint8_t *frame, size_t frame_len,
	struct ethernet_header *header, const uint8_t **message, size_t *len)
{
	size_t type_at = ADDRESSES_LEN;
	uint16_t vlan = 0;

	if (frame_len < type_at + TYPE_LEN) {
		return -EBADMSG;
	}
	if (read_u16(frame + type_at) == CUSTOMER_TAG) {
		if (frame_len < type_at + TAG_LEN + TYPE_LEN) {
			return -EBADMSG;
		}
		vlan = read_u16(frame + type_at + 2) & VLAN_ID_MASK;
		type_at += TAG_LEN;
	}
	if (read_u16(frame + type_at) != format->ethertype || vlan > ETHERNET_VLAN_MAX) {
		return -ENOMSG;
	}

	size_t oui_at = type_at + TYPE_LEN;
	size_t message_at = oui_at + PROTOCOL_LEN;
	if (frame_len < message_at) {
		return -EBADMSG;
	}
	if (memcmp(frame + oui_at, format->oui, OUI_LEN) != 0 ||
		read_u16(frame + oui_at + OUI_LEN) != format->protocol_id) {
		return -ENOMSG;
	}

	memcpy(header->destination, frame, ETHERNET_ADDRESS_LEN);
	memcpy(header->source, frame + ETHERNET_ADDRESS_LEN, ETHERNET_ADDRESS_LEN);
	header->vlan = vlan;
	*message = frame + message_at;
	*len = frame_len - message_at;
	return 0;
}

size_t ethernet_build(const struct ethernet_format *format, const struct ethernet_header *header,
	uint8_t out[static ETHERNET_HEADER_MAX])
{
	uint8_t *at = out;

	memcpy(at, header->destination, ETHERNET_ADDRESS_LEN);
	memcpy(at + ETHERNET_ADDRESS_LEN, header->source, ETHERNET_ADDRESS_LEN);
	at += ADDRESSES_LEN;
	if (header->vlan != 0) {
		at = write_u16(at, CUSTOMER_TAG);
		at = write_u16(at, header->vlan & VLAN_ID_MASK);
	}
	at = write_u16(at, format->ethertype);
	memcpy(at, format->oui, OUI_LEN);
	at = write_u16(at + OUI_LEN, format->protocol_id);
	return (size_t)(at - out);
}
