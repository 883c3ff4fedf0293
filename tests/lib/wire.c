#include "tests/lib/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cmocka.h>

#define UNTAGGED_HEADER_LEN 19

const struct ethernet_format wire_format = { ETHERNET_OUI_EXTENDED, { 0x00, 0x00, 0x5E }, 0x0042 };
const uint8_t wire_group[ETHERNET_ADDRESS_LEN] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E };

static int near_namespace;
static int far_namespace;

/* ---- namespaces ---------------------------------------------------------------------------- */

static int make_namespace(void)
{
	int fd = unshare(CLONE_NEWNET) == 0 ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		perror("cannot make a network namespace");
		exit(1);
	}
	return fd;
}

void wire_init(void)
{
	cpu_set_t one;

	near_namespace = make_namespace();
	far_namespace = make_namespace();
	/* A veth pair keeps the order only of frames that one processor sends. */
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void wire_enter_near(void)
{
	assert_int_equal(setns(near_namespace, CLONE_NEWNET), 0);
}

void wire_enter_far(void)
{
	assert_int_equal(setns(far_namespace, CLONE_NEWNET), 0);
}

void wire_run(const char *command)
{
	if (system(command) != 0) {
		fail_msg("failed: %s", command);
	}
}

/* ---- the wire ------------------------------------------------------------------------------ */

static void delete_wire(void)
{
	if (if_nametoindex("wire") != 0) {
		wire_run("ip link delete dev wire");
	}
}

void wire_connect(void)
{
	char command[256];

	wire_enter_far();
	delete_wire();
	wire_enter_near();
	delete_wire();
	snprintf(command, sizeof(command),
		"ip link add wire type veth peer name wire netns /proc/%d/fd/%d", (int)getpid(),
		far_namespace);
	wire_run(command);
	wire_run("ip link set dev wire up");
	wire_enter_far();
	wire_run("ip link set dev wire up");
}

struct port *wire_open_port(void)
{
	struct port_raw_config config = { .interface = "wire", .format = wire_format };
	char error[PORT_ERROR_TEXT_MAX] = "";
	struct port *port = port_raw_open(&config, error);

	if (!port) {
		fail_msg("%s", error);
	}
	return port;
}

int wire_open_packet_socket(uint16_t ethertype)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ethertype),
		.sll_ifindex = (int)if_nametoindex("wire"),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

int wire_make(void **state)
{
	static struct wire wire;

	wire_connect();
	wire_enter_far();
	wire.far = wire_open_port();
	wire_enter_near();
	wire.near = wire_open_port();
	wire.injector = wire_open_packet_socket(0);
	wire.inbox.count = 0;
	wire_wait_until_passing(wire.near, wire.far);
	wire_wait_until_passing(wire.far, wire.near);
	*state = &wire;
	return 0;
}

int wire_close(void **state)
{
	struct wire *wire = *state;

	close(wire->injector);
	port_close(wire->near);
	port_close(wire->far);
	return 0;
}

/* ---- frames -------------------------------------------------------------------------------- */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void forget(void *ctx, const uint8_t *frame, size_t len)
{
	(void)ctx;
	(void)frame;
	(void)len;
}

void wire_wait_until_passing(struct port *from, struct port *to)
{
	long deadline = now_ms() + WIRE_PATIENCE_MS;
	int taken = 0;

	while (taken == 0 && now_ms() < deadline) {
		wire_send_octet(from, 0);
		if (wire_readable(to, 10)) {
			taken = port_receive(to, INBOX_MAX, forget, NULL);
		}
	}
	assert_true(taken > 0);
	while (port_receive(to, INBOX_MAX, forget, NULL) > 0) {
	}
}

void wire_send_octet(struct port *port, uint8_t octet)
{
	assert_int_equal(port_send(port, wire_group, 0, &octet, 1), 0);
}

size_t wire_make_frame(
	const struct wire *wire, uint8_t octet, uint8_t out[static ETHERNET_FRAME_MAX])
{
	struct ethernet_header header = { .vlan = 0 };

	memcpy(header.destination, wire_group, ETHERNET_ADDRESS_LEN);
	memcpy(header.source, port_address(wire->near), ETHERNET_ADDRESS_LEN);
	size_t len = ethernet_build(&wire_format, &header, out);
	memset(out + len, 0, 41);
	out[len] = octet;
	return len + 41;
}

size_t wire_push_tag(uint8_t *frame, size_t len, uint16_t kind, uint16_t control)
{
	const uint8_t tag[] = { (uint8_t)(kind >> 8), (uint8_t)kind, (uint8_t)(control >> 8),
		(uint8_t)control };
	uint8_t *type = frame + 2 * ETHERNET_ADDRESS_LEN;

	assert_true(len + sizeof(tag) <= ETHERNET_FRAME_MAX);
	memmove(type + sizeof(tag), type, len - 2 * ETHERNET_ADDRESS_LEN);
	memcpy(type, tag, sizeof(tag));
	return len + sizeof(tag);
}

void wire_inject(const struct wire *wire, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(wire->injector, frame, len, 0), (ssize_t)len);
}

bool wire_readable(const struct port *port, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = port_fd(port), .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) > 0;
}

void inbox_keep(void *ctx, const uint8_t *frame, size_t len)
{
	struct inbox *inbox = ctx;

	assert_true(inbox->count < INBOX_MAX);
	assert_true(len <= ETHERNET_FRAME_MAX);
	memcpy(inbox->frame[inbox->count], frame, len);
	inbox->len[inbox->count++] = len;
}

void inbox_receive(struct inbox *inbox, struct port *port, int expected)
{
	long deadline = now_ms() + WIRE_PATIENCE_MS;

	while (inbox->count < expected && now_ms() < deadline) {
		if (wire_readable(port, 100)) {
			assert_true(port_receive(port, INBOX_MAX, inbox_keep, inbox) >= 0);
		}
	}
	assert_int_equal(inbox->count, expected);
}

const uint8_t *inbox_message(const struct inbox *inbox, int index)
{
	assert_true(index < inbox->count);
	return inbox->frame[index] + UNTAGGED_HEADER_LEN;
}
