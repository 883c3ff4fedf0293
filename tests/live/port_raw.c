/* What crosses a wire between two raw ports, and what the kernel holds for them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>

#include <cmocka.h>

#include "tests/lib/wire.h"

#define PROTOCOL_HEADER_LEN 5 /* OUI and protocol ID */
#define RING_SLOTS 1024

/* ---- messages ------------------------------------------------------------------------------ */

static void check_received(const struct wire *wire, int index, uint16_t vlan,
	const uint8_t *expected, size_t expected_len)
{
	struct ethernet_header header;
	const uint8_t *message;
	size_t len;

	assert_int_equal(ethernet_parse(&wire_format, wire->inbox.frame[index],
				 wire->inbox.len[index], &header, &message, &len),
		0);
	assert_memory_equal(header.destination, wire_group, ETHERNET_ADDRESS_LEN);
	assert_memory_equal(header.source, port_address(wire->near), ETHERNET_ADDRESS_LEN);
	assert_int_equal(header.vlan, vlan);
	assert_int_equal(len, expected_len);
	assert_memory_equal(message, expected, len);
}

static void check_messages(struct wire *wire, uint16_t vlan)
{
	static const size_t lengths[] = { 41, 128, ETHERNET_MESSAGE_MAX };
	uint8_t sent[ETHERNET_MESSAGE_MAX];

	for (size_t i = 0; i < sizeof(sent); i++) {
		sent[i] = (uint8_t)(i * 7 + i / 256);
	}
	wire->inbox.count = 0;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(port_send(wire->near, wire_group, vlan, sent, lengths[i]), 0);
		inbox_receive(&wire->inbox, wire->far, i + 1);
		check_received(wire, i, vlan, sent, lengths[i]);
	}
}

static void messages_arrive_untagged(void **state)
{
	check_messages(*state, 0);
}

static void messages_arrive_tagged(void **state)
{
	check_messages(*state, 1);
	check_messages(*state, ETHERNET_VLAN_MAX);
}

static void tags_of_other_senders(void **state)
{
	struct wire *wire = *state;
	uint8_t frame[ETHERNET_FRAME_MAX];
	uint8_t message[41] = { 1 };

	size_t len = wire_make_frame(wire, 1, frame);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021Q, 0xE000));
	len = wire_make_frame(wire, 1, frame);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021Q, 0x7123));
	inbox_receive(&wire->inbox, wire->far, 2);
	check_received(wire, 0, 0, message, sizeof(message));
	check_received(wire, 1, 0x123, message, sizeof(message));
}

static void unicast_arrives(void **state)
{
	struct wire *wire = *state;
	const uint8_t *address = port_address(wire->far);
	uint8_t octet = 3;

	assert_int_equal(port_join(wire->far, address), 0);
	assert_int_equal(port_send(wire->near, address, 0, &octet, 1), 0);
	inbox_receive(&wire->inbox, wire->far, 1);
	assert_memory_equal(wire->inbox.frame[0], address, ETHERNET_ADDRESS_LEN);
}

/* EtherType, OUI and protocol ID, one octet wrong at a time: the kernel keeps these from us. */
static void other_protocols_do_not_wake_us(void **state)
{
	struct wire *wire = *state;
	uint8_t frame[ETHERNET_FRAME_MAX];

	for (size_t at = 12; at < 14 + PROTOCOL_HEADER_LEN; at++) {
		size_t len = wire_make_frame(wire, 1, frame);

		frame[at] ^= 1;
		wire_inject(wire, frame, len);
		wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021Q, 100));
	}
	wire_make_frame(wire, 1, frame);
	wire_inject(wire, frame, 18); /* ends inside the protocol ID */

	wire_inject(wire, frame, wire_make_frame(wire, 9, frame));
	assert_true(wire_readable(wire->far, WIRE_PATIENCE_MS));
	assert_int_equal(port_receive(wire->far, INBOX_MAX, inbox_keep, &wire->inbox), 1);
	assert_int_equal(inbox_message(&wire->inbox, 0)[0], 9);
}

static void other_tags_are_not_delivered(void **state)
{
	struct wire *wire = *state;
	uint8_t frame[ETHERNET_FRAME_MAX];

	size_t len = wire_make_frame(wire, 1, frame);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021AD, 100));
	len = wire_make_frame(wire, 1, frame);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021Q, 4095));
	len = wire_push_tag(frame, wire_make_frame(wire, 1, frame), ETH_P_8021Q, 100);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021Q, 100));
	len = wire_push_tag(frame, wire_make_frame(wire, 1, frame), ETH_P_8021Q, 100);
	wire_inject(wire, frame, wire_push_tag(frame, len, ETH_P_8021AD, 100));

	wire_inject(wire, frame, wire_make_frame(wire, 9, frame));
	inbox_receive(&wire->inbox, wire->far, 1);
	assert_int_equal(inbox_message(&wire->inbox, 0)[0], 9);
}

static void own_frames_do_not_come_back(void **state)
{
	struct wire *wire = *state;

	wire_send_octet(wire->far, 1);
	inbox_receive(&wire->inbox, wire->near, 1);
	wire_send_octet(wire->near, 2);
	inbox_receive(&wire->inbox, wire->far, 2);
	assert_int_equal(inbox_message(&wire->inbox, 1)[0], 2);
	assert_false(wire_readable(wire->near, 0));
	assert_int_equal(port_receive(wire->near, 1, inbox_keep, &wire->inbox), 0);
}

static void reflected_frames_are_delivered(void **state)
{
	struct wire *wire = *state;
	uint8_t frame[ETHERNET_FRAME_MAX];
	size_t len = wire_make_frame(wire, 4, frame);

	memcpy(frame + ETHERNET_ADDRESS_LEN, port_address(wire->far), ETHERNET_ADDRESS_LEN);
	wire_inject(wire, frame, len);
	inbox_receive(&wire->inbox, wire->far, 1);
	assert_memory_equal(wire->inbox.frame[0], frame, len);
}

static void what_cannot_be_sent(void **state)
{
	static const uint8_t message[ETHERNET_MESSAGE_MAX + 1];
	const size_t fits = 500 - PROTOCOL_HEADER_LEN;
	struct wire *wire = *state;
	struct port *near = wire->near;

	wire_enter_near();
	wire_run("ip link set dev wire mtu 9000");
	assert_int_equal(port_send(near, wire_group, 0, message, sizeof(message)), -EMSGSIZE);
	assert_int_equal(port_send(near, wire_group, ETHERNET_VLAN_MAX + 1, message, 41), -EINVAL);

	wire_run("ip link set dev wire mtu 500");
	assert_int_equal(port_send(near, wire_group, 0, message, fits), 0);
	assert_int_equal(port_send(near, wire_group, 5, message, fits), 0);
	assert_int_equal(port_send(near, wire_group, 0, message, fits + 1), -EMSGSIZE);
	assert_int_equal(port_send(near, wire_group, 5, message, fits + 1), -EMSGSIZE);
	inbox_receive(&wire->inbox, wire->far, 2);
}

/* ---- what the kernel holds ----------------------------------------------------------------- */

/* Counts the packet sockets of the namespace, and those in whose queue something lies. */
static void count_packet_sockets(int *all, int *holding)
{
	char line[256];
	unsigned int octets;
	FILE *file = fopen("/proc/thread-self/net/packet", "r");

	*all = 0;
	*holding = 0;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		/* sk RefCnt Type Proto Iface R Rmem User Inode */
		if (sscanf(line, "%*s %*d %*d %*s %*d %*d %u", &octets) == 1) {
			*all += 1;
			*holding += octets > 0;
		}
	}
	fclose(file);
}

/* One more socket, as libnet opens it, shows what would lie in theirs. */
static void sending_socket_collects_nothing(void **state)
{
	static const uint16_t ethertypes[] = { ETH_P_IP, ETH_P_ARP, ETH_P_LLDP, ETH_P_PAE,
		ETHERNET_OUI_EXTENDED };
	struct wire *wire = *state;
	uint8_t frame[ETHERNET_FRAME_MAX];
	int all, holding;

	wire_enter_far();
	int unread = wire_open_packet_socket(ETH_P_ALL);
	for (int i = 0; i < 100; i++) {
		uint16_t ethertype = ethertypes[i % 5];
		size_t len = wire_make_frame(wire, 1, frame);

		frame[12] = (uint8_t)(ethertype >> 8);
		frame[13] = (uint8_t)ethertype;
		wire_inject(wire, frame, len);
	}
	inbox_receive(&wire->inbox, wire->far, 20);
	count_packet_sockets(&all, &holding);
	assert_int_equal(all, 3);
	assert_int_equal(holding, 1);
	close(unread);
	wire_enter_near();
	count_packet_sockets(&all, &holding);
	assert_int_equal(all, 3);
	assert_int_equal(holding, 0);
}

static void ring_holds_a_burst(void **state)
{
	struct wire *wire = *state;
	const int sent = 3 * RING_SLOTS;

	assert_int_equal(port_dropped(wire->far), 0);
	for (int i = 0; i < sent; i++) {
		wire_send_octet(wire->near, 5);
	}
	inbox_receive(&wire->inbox, wire->far, RING_SLOTS);
	assert_int_equal(port_receive(wire->far, INBOX_MAX, inbox_keep, &wire->inbox), 0);
	assert_int_equal(port_dropped(wire->far), sent - RING_SLOTS);
	assert_int_equal(port_dropped(wire->far), sent - RING_SLOTS);

	wire_send_octet(wire->near, 6);
	inbox_receive(&wire->inbox, wire->far, RING_SLOTS + 1);
	assert_int_equal(inbox_message(&wire->inbox, RING_SLOTS)[0], 6);
}

static void descriptors_close_on_exec(void **state)
{
	int seen = 0;
	(void)state;

	for (int fd = 3; fd < 256; fd++) {
		int domain = 0;
		socklen_t len = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
			domain == AF_PACKET) {
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
			seen++;
		}
	}
	assert_int_equal(seen, 5); /* two ports with two sockets each, and the injector */
}

/* ---- polling ------------------------------------------------------------------------------- */

static void receive_honours_its_bound(void **state)
{
	struct wire *wire = *state;
	struct inbox *inbox = &wire->inbox;

	assert_int_equal(port_receive(wire->far, 0, inbox_keep, inbox), -EINVAL);
	assert_int_equal(port_receive(wire->far, -1, inbox_keep, inbox), -EINVAL);
	for (uint8_t i = 0; i < 10; i++) {
		wire_send_octet(wire->near, i);
	}
	assert_true(wire_readable(wire->far, WIRE_PATIENCE_MS));
	assert_int_equal(port_receive(wire->far, 4, inbox_keep, inbox), 4);
	assert_int_equal(inbox->count, 4);
	assert_true(wire_readable(wire->far, 0));
	assert_int_equal(port_receive(wire->far, 4, inbox_keep, inbox), 4);
	assert_int_equal(port_receive(wire->far, 4, inbox_keep, inbox), 2);
	assert_int_equal(port_receive(wire->far, 4, inbox_keep, inbox), 0);
	assert_false(wire_readable(wire->far, 0));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(inbox_message(inbox, i)[0], i);
	}
}

static void edge_triggered(void **state)
{
	struct wire *wire = *state;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, port_fd(wire->far), &event), 0);
	for (uint8_t round = 0; round < 3; round++) {
		for (uint8_t i = 0; i < 3; i++) {
			wire_send_octet(wire->near, round);
		}
		assert_int_equal(epoll_wait(epoll, &event, 1, WIRE_PATIENCE_MS), 1);
		assert_int_equal(port_receive(wire->far, 2, inbox_keep, &wire->inbox), 2);
		assert_int_equal(port_receive(wire->far, 2, inbox_keep, &wire->inbox), 1);
		assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	}
	close(epoll);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		wire_test(messages_arrive_untagged),
		wire_test(messages_arrive_tagged),
		wire_test(tags_of_other_senders),
		wire_test(unicast_arrives),
		wire_test(other_protocols_do_not_wake_us),
		wire_test(other_tags_are_not_delivered),
		wire_test(own_frames_do_not_come_back),
		wire_test(reflected_frames_are_delivered),
		wire_test(what_cannot_be_sent),
		wire_test(sending_socket_collects_nothing),
		wire_test(ring_holds_a_burst),
		wire_test(descriptors_close_on_exec),
		wire_test(receive_honours_its_bound),
		wire_test(edge_triggered),
	};

	wire_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? 0 : 1;
}
