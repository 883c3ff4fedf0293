/*
 * The raw port: frames in by libpcap, frames out by libnet, each on a packet
 * socket of its own (packet(7)).
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_packet.h>

#include <libnet.h>
#include <pcap/pcap.h>

#include "l2proto/lldp.h"
#include "l2proto/port_filter.h"
#include "l2proto/port_private.h"

/*
 * The snapshot length is the longest frame that we could be sent, and bounds the
 * slots of the receive ring: libpcap adds 68 octets of its own, so 1,518 make
 * 1,600, two slots fit a page, and the 1,024 slots take 2 MiB. They absorb a burst
 * while the caller is busy with something else: hundreds of associations on one
 * interface say at once what the other end writes to its disk one by one.
 * libpcap's own 262,144 octets would leave 32 slots in its usual 2 MiB.
 */
#define SNAPLEN ETHERNET_FRAME_MAX
#define RING_SLOTS 1024
#define RING_SLOT_LEN 1600

/* Reserved by IEEE and IANA, and so never the EtherType of a frame. */
#define ETHERTYPE_NONE 0xFFFF

struct raw_port {
	struct port port;
	struct ethernet_format format;
	bool lldp;
	int interface_index;
	pcap_t *capture;
	libnet_t *injector;
	bool in_doubt; /* whether the name still means our interface, see inject_safely() */
	uint64_t dropped;
	u_int dropped_seen; /* libpcap's own count, which wraps */
};

struct delivery {
	const struct raw_port *raw;
	port_frame_fn frame;
	void *ctx;
};

static struct raw_port *raw_of(struct port *port)
{
	return (struct raw_port *)port;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void explain_activation(const struct raw_port *raw, int status, char *error)
{
	const char *name = raw->port.name;

	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: needs CAP_NET_RAW", name);
		break;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: no such interface", name);
		break;
	case PCAP_ERROR_IFACE_NOT_UP:
		snprintf(error, PORT_ERROR_TEXT_MAX,
			"%s: the interface is down; bring it up: ip link set dev %s up", name,
			name);
		break;
	default:
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: %s", name, pcap_geterr(raw->capture));
		break;
	}
}

/*
 * What this cannot tell apart (see port_filter.h), and what came between activation and
 * filter, deliver() refuses.
 */
static int capture_filter(struct raw_port *raw)
{
	const struct ethernet_format *format = &raw->format;
	char text[PORT_FILTER_TEXT_MAX];

	snprintf(text, sizeof(text),
		"ether[12:2] = 0x%04x and ether[14:4] = 0x%02x%02x%02x%02x and ether[18] = 0x%02x",
		format->ethertype, format->oui[0], format->oui[1], format->oui[2],
		format->protocol_id >> 8, format->protocol_id & 0xFF);
	return port_filter_set(raw->capture, text, raw->lldp);
}

/*
 * libpcap drops outgoing frames when it reads them; the kernel can keep them from
 * waking us at all. Kernels before 4.20 cannot, and lose nothing but time.
 */
static void capture_ignore_outgoing(struct raw_port *raw)
{
	int on = 1;

	(void)setsockopt(raw->port.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

static int capture_open(struct raw_port *raw, char error[static PORT_ERROR_TEXT_MAX])
{
	char text[PCAP_ERRBUF_SIZE] = "";

	raw->capture = pcap_create(raw->port.name, text);
	if (!raw->capture) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: %s", raw->port.name, text);
		return -1;
	}
	pcap_set_snaplen(raw->capture, SNAPLEN);
	pcap_set_buffer_size(raw->capture, RING_SLOTS * RING_SLOT_LEN);
	pcap_set_promisc(raw->capture, 0);
	pcap_set_immediate_mode(raw->capture, 1);
	int status = pcap_activate(raw->capture);
	if (status < 0) {
		explain_activation(raw, status, error);
		return -1;
	}
	if (pcap_datalink(raw->capture) != DLT_EN10MB) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: not an Ethernet interface",
			raw->port.name);
		return -1;
	}
	if (capture_filter(raw) != 0 || pcap_setdirection(raw->capture, PCAP_D_IN) != 0 ||
		pcap_setnonblock(raw->capture, 1, text) != 0) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: %s", raw->port.name,
			pcap_geterr(raw->capture));
		return -1;
	}
	raw->port.fd = pcap_get_selectable_fd(raw->capture);
	capture_ignore_outgoing(raw);
	return 0;
}

/*
 * libnet's socket takes in every frame of every interface, which nobody reads but
 * the kernel has to copy. So it is bound to an EtherType that never comes, and
 * what came before is thrown away.
 */
static int injector_silence(struct raw_port *raw)
{
	struct sockaddr_ll nothing = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_NONE),
		.sll_ifindex = raw->interface_index,
	};
	int fd = libnet_getfd(raw->injector);
	char octet;

	if (bind(fd, (struct sockaddr *)&nothing, sizeof(nothing)) != 0) {
		return -1;
	}
	while (recv(fd, &octet, sizeof(octet), MSG_DONTWAIT | MSG_TRUNC) >= 0) {
	}
	return 0;
}

static int injector_open(struct raw_port *raw, char error[static PORT_ERROR_TEXT_MAX])
{
	char text[LIBNET_ERRBUF_SIZE] = "";

	raw->injector = libnet_init(LIBNET_LINK_ADV, raw->port.name, text);
	if (!raw->injector) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: %.*s", raw->port.name,
			(int)strcspn(text, "\n"), text);
		return -1;
	}
	const struct libnet_ether_addr *address = libnet_get_hwaddr(raw->injector);
	if (!address) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: %s", raw->port.name,
			libnet_geterror(raw->injector));
		return -1;
	}
	memcpy(raw->port.address, address->ether_addr_octet, ETHERNET_ADDRESS_LEN);
	if (injector_silence(raw) != 0) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: bind: %s", raw->port.name,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* Neither library does this: a program that we start gets no socket, and a send never waits. */
static int set_descriptor_flags(struct raw_port *raw, char error[static PORT_ERROR_TEXT_MAX])
{
	int injector_fd = libnet_getfd(raw->injector);

	if (fcntl(raw->port.fd, F_SETFD, FD_CLOEXEC) != 0 ||
		fcntl(injector_fd, F_SETFD, FD_CLOEXEC) != 0 ||
		fcntl(injector_fd, F_SETFL, O_NONBLOCK) != 0) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: fcntl: %s", raw->port.name,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- the port's functions ------------------------------------------------------------------ */

static void raw_close(struct port *port)
{
	struct raw_port *raw = raw_of(port);

	if (raw->injector) {
		libnet_destroy(raw->injector);
	}
	if (raw->capture) {
		pcap_close(raw->capture);
	}
	free(raw);
}

static int raw_join(struct port *port, const uint8_t address[static ETHERNET_ADDRESS_LEN])
{
	struct packet_mreq group = {
		.mr_ifindex = raw_of(port)->interface_index,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = ETHERNET_ADDRESS_LEN,
	};

	if ((address[0] & 1) == 0) {
		return 0;
	}
	memcpy(group.mr_address, address, ETHERNET_ADDRESS_LEN);
	if (setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
		return -errno;
	}
	return 0;
}

/* Whether the name still means the interface that the port was opened on. */
static bool interface_is_ours(const struct raw_port *raw)
{
	struct ifreq request = { .ifr_ifindex = raw->interface_index };

	return ioctl(libnet_getfd(raw->injector), SIOCGIFNAME, &request) == 0 &&
	       strcmp(request.ifr_name, raw->port.name) == 0;
}

static void deliver(u_char *user, const struct pcap_pkthdr *captured, const u_char *octets)
{
	const struct delivery *delivery = (const struct delivery *)user;
	struct ethernet_header header;
	const uint8_t *found;
	size_t len;

	if ((delivery->raw->lldp && lldp_frame(octets, captured->caplen, &found, &len)) ||
		ethernet_parse(&delivery->raw->format, octets, captured->caplen, &header, &found,
			&len) == 0) {
		delivery->frame(delivery->ctx, octets, captured->caplen);
	}
}

static int raw_receive(struct port *port, int max, port_frame_fn frame, void *ctx)
{
	struct raw_port *raw = raw_of(port);
	struct delivery delivery = { .raw = raw, .frame = frame, .ctx = ctx };

	/* libpcap would take anything less for "no limit". */
	if (max < 1) {
		return -EINVAL;
	}
	int taken = pcap_dispatch(raw->capture, max, deliver, (u_char *)&delivery);
	if (taken > 0) {
		return taken;
	}
	if (!interface_is_ours(raw)) {
		return -ENODEV;
	}
	/* libpcap asks to be called by time while the interface is down, and says nothing else. */
	if (pcap_get_required_select_timeout(raw->capture)) {
		return -ENETDOWN;
	}
	return taken == 0 ? 0 : -EIO;
}

static int inject(struct raw_port *raw, const uint8_t *frame, size_t len)
{
	errno = EIO;
	if (libnet_adv_write_link(raw->injector, frame, (uint32_t)len) == (int)len) {
		return 0;
	}
	return -errno;
}

/* Once a send has failed because the interface was down: is it still there, and up again? */
static int inject_in_doubt(struct raw_port *raw, const uint8_t *frame, size_t len)
{
	int old_error;
	socklen_t old_error_len = sizeof(old_error);

	/* Reading what the kernel holds against the socket clears it. */
	(void)getsockopt(
		libnet_getfd(raw->injector), SOL_SOCKET, SO_ERROR, &old_error, &old_error_len);
	if (!interface_is_ours(raw)) {
		return -ENODEV;
	}
	return inject(raw, frame, len);
}

/*
 * libnet looks the name up at each send, and would use a stranger that took it.
 * But an interface goes down before it goes away, and for that the kernel fails
 * our next send, even if the name is up again by then. From there to the next
 * success we make sure whose the name is; at every send it would cost too much.
 * What slips through is a name swapped while up (Linux 6.2 and later allow it),
 * until port_receive() finds no frame waiting.
 */
static int inject_safely(struct raw_port *raw, const uint8_t *frame, size_t len)
{
	int result = raw->in_doubt ? -ENETDOWN : inject(raw, frame, len);

	if (result == -ENETDOWN) {
		result = inject_in_doubt(raw, frame, len);
		raw->in_doubt = result != 0;
	}
	return result;
}

static int raw_send(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	uint16_t vlan, const uint8_t *message, size_t len)
{
	struct raw_port *raw = raw_of(port);
	struct ethernet_header header = { .vlan = vlan };
	uint8_t frame[ETHERNET_FRAME_MAX];

	if (len > ETHERNET_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	if (vlan > ETHERNET_VLAN_MAX) {
		return -EINVAL;
	}
	memcpy(header.destination, destination, ETHERNET_ADDRESS_LEN);
	memcpy(header.source, port->address, ETHERNET_ADDRESS_LEN);
	size_t header_len = ethernet_build(&raw->format, &header, frame);
	memcpy(frame + header_len, message, len);
	return inject_safely(raw, frame, header_len + len);
}

static int raw_send_lldp(struct port *port, const uint8_t destination[static ETHERNET_ADDRESS_LEN],
	const uint8_t *lldpdu, size_t len)
{
	uint8_t frame[LLDP_FRAME_HEADER_LEN + LLDP_LLDPDU_MAX];

	if (len > LLDP_LLDPDU_MAX) {
		return -EMSGSIZE;
	}
	lldp_frame_header(destination, port->address, frame);
	memcpy(frame + LLDP_FRAME_HEADER_LEN, lldpdu, len);
	return inject_safely(raw_of(port), frame, LLDP_FRAME_HEADER_LEN + len);
}

static uint64_t raw_dropped(struct port *port)
{
	struct raw_port *raw = raw_of(port);
	struct pcap_stat stat;

	if (pcap_stats(raw->capture, &stat) == 0) {
		raw->dropped += stat.ps_drop - raw->dropped_seen;
		raw->dropped_seen = stat.ps_drop;
	}
	return raw->dropped;
}

static const struct port_ops raw_ops = {
	.close = raw_close,
	.join = raw_join,
	.receive = raw_receive,
	.send = raw_send,
	.send_lldp = raw_send_lldp,
	.dropped = raw_dropped,
};

struct port *port_raw_open(
	const struct port_raw_config *config, char error[static PORT_ERROR_TEXT_MAX])
{
	unsigned int index = if_nametoindex(config->interface);

	if (index == 0 || strlen(config->interface) >= IFNAMSIZ) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: no such interface", config->interface);
		return NULL;
	}
	struct raw_port *raw = calloc(1, sizeof(*raw));
	if (!raw) {
		snprintf(error, PORT_ERROR_TEXT_MAX, "%s: out of memory", config->interface);
		return NULL;
	}
	raw->port.ops = &raw_ops;
	raw->format = config->format;
	raw->lldp = config->lldp;
	raw->interface_index = (int)index;
	snprintf(raw->port.name, sizeof(raw->port.name), "%s", config->interface);
	if (capture_open(raw, error) != 0 || injector_open(raw, error) != 0 ||
		set_descriptor_flags(raw, error) != 0) {
		raw_close(&raw->port);
		return NULL;
	}
	return &raw->port;
}
