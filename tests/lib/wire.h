/*
 * A wire for live tests of the raw port, as cmocka fixture:
 *
 *     namespace near                         namespace far
 *       near port -----+- wire ====== wire --- far port
 *       injector ------+
 *
 * Both network namespaces belong to the process alone and end with it. Each test
 * has a veth pair of its own, whose ends are both named "wire", and finds its
 * struct wire in *state. Nothing waits for a fixed time: what must not arrive is
 * sent before something that must, as a veth pair keeps the order.
 *
 * Every function fails the test instead of returning an error.
 */
#ifndef TESTS_LIB_WIRE_H
#define TESTS_LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/port.h"

#define WIRE_PATIENCE_MS 5000
#define INBOX_MAX 2048

struct inbox {
	int count;
	size_t len[INBOX_MAX];
	uint8_t frame[INBOX_MAX][ETHERNET_FRAME_MAX];
};

struct wire {
	struct port *near;
	struct port *far;
	int injector; /* a packet socket in near that sends whole frames */
	struct inbox inbox;
};

/* OUI 00-00-5E with protocol ID 0x0042, which are set aside for documentation (RFC 9542). */
extern const struct ethernet_format wire_format;
extern const uint8_t wire_group[ETHERNET_ADDRESS_LEN];

/* Makes the namespaces; called by main() before any test. */
void wire_init(void);

/* Setup and teardown of a test. */
int wire_make(void **state);
int wire_close(void **state);
#define wire_test(name) cmocka_unit_test_setup_teardown(name, wire_make, wire_close)

/* Makes a veth pair; an old one goes. wire_make() has done so. */
void wire_connect(void);

/* Sockets that are opened from now on, files in /proc and commands that are run, are there. */
void wire_enter_near(void);
void wire_enter_far(void);

/* Opens a port on the wire's end in the namespace that was entered. */
struct port *wire_open_port(void);

/* Opens a packet socket there; it receives frames of the EtherType, none for 0. */
int wire_open_packet_socket(uint16_t ethertype);

/* Runs a shell command there. */
void wire_run(const char *command);

/* Sends until something arrives, as a wire passes nothing before the kernel saw the carrier. */
void wire_wait_until_passing(struct port *from, struct port *to);

/* Sends a message of one octet to the group. */
void wire_send_octet(struct port *port, uint8_t octet);

/* A frame of ours from near to the group: 41 octets, the first one given. Returns its length. */
size_t wire_make_frame(
	const struct wire *wire, uint8_t octet, uint8_t out[static ETHERNET_FRAME_MAX]);

/* Puts a VLAN tag of this EtherType before the frame's type. Returns the new length. */
size_t wire_push_tag(uint8_t *frame, size_t len, uint16_t kind, uint16_t control);

/* Sends a frame as it is. */
void wire_inject(const struct wire *wire, const uint8_t *frame, size_t len);

/* Whether the port polls ready for anything within the time. */
bool wire_readable(const struct port *port, int timeout_ms);

/* A port_frame_fn that keeps the frame in the struct inbox that ctx points to. */
void inbox_keep(void *ctx, const uint8_t *frame, size_t len);

/* Takes frames until the inbox holds as many as expected, or fails the test. */
void inbox_receive(struct inbox *inbox, struct port *port, int expected);

/* The message of an untagged frame. */
const uint8_t *inbox_message(const struct inbox *inbox, int index);

#endif
