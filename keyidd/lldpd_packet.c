#include "keyidd/lldpd_packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_LEN (1 + IFNAMSIZ)

int lldpd_packet_send(int fd, const struct lldpd_packet *packet, int flags)
{
	uint8_t octets[HEADER_LEN + LLDPD_PACKET_OCTETS_MAX];

	octets[0] = (uint8_t)packet->type;
	memcpy(octets + 1, packet->interface, IFNAMSIZ);
	memcpy(octets + HEADER_LEN, packet->octets, packet->len);
	return send(fd, octets, HEADER_LEN + packet->len, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int lldpd_packet_receive(int fd, struct lldpd_packet *packet)
{
	uint8_t octets[HEADER_LEN + LLDPD_PACKET_OCTETS_MAX];
	ssize_t len = recv(fd, octets, sizeof(octets), MSG_DONTWAIT | MSG_TRUNC);

	if (len <= 0) {
		return len < 0 ? -errno : -ECONNRESET;
	}
	if (len < HEADER_LEN || (size_t)len > sizeof(octets) || octets[0] >= LLDPD_PACKET_TYPES ||
		octets[HEADER_LEN - 1] != '\0') {
		return -EPROTO;
	}
	packet->type = octets[0];
	memcpy(packet->interface, octets + 1, IFNAMSIZ);
	packet->len = (size_t)len - HEADER_LEN;
	memcpy(packet->octets, octets + HEADER_LEN, packet->len);
	return 0;
}

struct lldpd_packet lldpd_packet(enum lldpd_packet_type type, const char *interface)
{
	struct lldpd_packet packet = { .type = type };

	strncpy(packet.interface, interface, sizeof(packet.interface) - 1);
	return packet;
}

void lldpd_packet_add(struct lldpd_packet *packet, const void *octets, size_t len)
{
	size_t room = sizeof(packet->octets) - packet->len;

	len = len < room ? len : room;
	if (len > 0) {
		memcpy(packet->octets + packet->len, octets, len);
		packet->len += len;
	}
}

void lldpd_packet_text(
	const struct lldpd_packet *packet, size_t from, char out[static LLDPD_TEXT_MAX])
{
	size_t len = packet->len > from ? packet->len - from : 0;

	len = len < LLDPD_TEXT_MAX ? len : LLDPD_TEXT_MAX - 1;
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = packet->octets[from + i];

		out[i] = (char)(octet < ' ' || octet == 0x7f ? '?' : octet);
	}
	out[len] = '\0';
}
