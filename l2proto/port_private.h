/* What each kind of port fills in: included by port.c and port_*.c, nobody else. */
#ifndef L2PROTO_PORT_PRIVATE_H
#define L2PROTO_PORT_PRIVATE_H

#include "l2proto/port.h"

#define PORT_NAME_MAX 64

/* Each function does what port.h says of the port_ function of its name. */
struct port_ops {
	void (*close)(struct port *port);
	int (*join)(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN]);
	int (*receive)(struct port *port, int max, port_frame_fn frame, void *ctx);
	int (*send)(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
		uint16_t vlan, const uint8_t *message, size_t len);
	int (*send_lldp)(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
		const uint8_t *lldpdu, size_t len);
	uint64_t (*dropped)(struct port *port);
};

/* The first member of each kind's own struct. */
struct port {
	const struct port_ops *ops;
	int fd;
	char name[PORT_NAME_MAX];
	uint8_t address[ETHERNET_ADDRESS_LEN];
};

#endif
