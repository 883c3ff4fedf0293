#include "l2proto/port_private.h"

#include <string.h>

void port_close(struct port *port)
{
	if (port) {
		port->ops->close(port);
	}
}

int port_join(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN])
{
	return port->ops->join(port, address);
}

int port_fd(const struct port *port)
{
	return port->fd;
}

int port_receive(struct port *port, int max, port_frame_fn frame, void *ctx)
{
	return port->ops->receive(port, max, frame, ctx);
}

int port_send(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	uint16_t vlan, const uint8_t *message, size_t len)
{
	return port->ops->send(port, destination, vlan, message, len);
}

int port_send_lldp(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	const uint8_t *lldpdu, size_t len)
{
	return port->ops->send_lldp(port, destination, lldpdu, len);
}

const uint8_t *port_address(const struct port *port)
{
	return port->address;
}

void port_set_address(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN])
{
	memcpy(port->address, address, ETHERNET_ADDRESS_LEN);
}

uint64_t port_dropped(struct port *port)
{
	return port->ops->dropped(port);
}
