/* The interface under a raw port: groups joined, down, up, gone, refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cap-ng.h>
#include <cmocka.h>

#include "tests/lib/wire.h"

static const uint8_t other_group[ETHERNET_ADDRESS_LEN] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x03 };

#define WIRE_GROUP_TEXT "0180c200000e"
#define OTHER_GROUP_TEXT "0180c2000003"

static int receive_one(struct wire *wire, struct port *port)
{
	return port_receive(port, 1, inbox_keep, &wire->inbox);
}

static int send_one(struct port *port)
{
	return port_send(port, wire_group, 0, wire_group, 1);
}

/* ---- group addresses ----------------------------------------------------------------------- */

/* Whether the network card under the far port is asked for frames to this group. */
static bool far_has_joined(const char *group)
{
	char line[256], name[64], text[64];
	bool found = false;

	wire_enter_far();
	FILE *file = fopen("/proc/thread-self/net/dev_mcast", "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		found |= sscanf(line, "%*d %63s %*d %*d %63s", name, text) == 2 &&
			 strcmp(name, "wire") == 0 && strcmp(text, group) == 0;
	}
	fclose(file);
	return found;
}

static void groups_are_joined_and_left(void **state)
{
	struct wire *wire = *state;

	assert_false(far_has_joined(WIRE_GROUP_TEXT));
	assert_int_equal(port_join(wire->far, wire_group), 0);
	assert_int_equal(port_join(wire->far, other_group), 0);
	assert_int_equal(port_join(wire->far, wire_group), 0);
	assert_true(far_has_joined(WIRE_GROUP_TEXT));
	assert_true(far_has_joined(OTHER_GROUP_TEXT));

	port_close(wire->far);
	assert_false(far_has_joined(WIRE_GROUP_TEXT));
	assert_false(far_has_joined(OTHER_GROUP_TEXT));
	wire->far = wire_open_port();
}

static void unicast_needs_no_joining(void **state)
{
	static const uint8_t unicast[ETHERNET_ADDRESS_LEN] = { 0x02, 0, 0, 0, 0, 0x77 };
	struct wire *wire = *state;

	assert_int_equal(port_join(wire->far, unicast), 0);
	assert_false(far_has_joined("020000000077"));
}

static void groups_stay_joined_over_down_and_up(void **state)
{
	struct wire *wire = *state;

	assert_int_equal(port_join(wire->far, wire_group), 0);
	wire_enter_far();
	wire_run("ip link set dev wire down && ip link set dev wire up");
	assert_true(far_has_joined(WIRE_GROUP_TEXT));
}

/* ---- down and up --------------------------------------------------------------------------- */

static void down_wakes_once_and_up_recovers(void **state)
{
	struct wire *wire = *state;

	wire_enter_far();
	wire_run("ip link set dev wire down");
	assert_true(wire_readable(wire->far, WIRE_PATIENCE_MS));
	assert_int_equal(receive_one(wire, wire->far), -ENETDOWN);
	assert_false(wire_readable(wire->far, 0));
	assert_int_equal(receive_one(wire, wire->far), -ENETDOWN);
	assert_int_equal(send_one(wire->far), -ENETDOWN);
	assert_int_equal(send_one(wire->far), -ENETDOWN);

	wire_run("ip link set dev wire up");
	assert_int_equal(receive_one(wire, wire->far), 0);
	wire_wait_until_passing(wire->near, wire->far);
	wire_wait_until_passing(wire->far, wire->near);
}

/* The kernel reports an old time down to the next sender. */
static void down_and_up_between_two_sends(void **state)
{
	struct wire *wire = *state;

	wire_enter_far();
	wire_run("ip link set dev wire down && ip link set dev wire up");
	assert_int_equal(send_one(wire->far), 0);
	wire_wait_until_passing(wire->far, wire->near);
	wire_wait_until_passing(wire->near, wire->far);
}

static void far_end_down_is_no_error(void **state)
{
	struct wire *wire = *state;

	wire_enter_far();
	wire_run("ip link set dev wire down");
	assert_false(wire_readable(wire->near, 0));
	assert_int_equal(receive_one(wire, wire->near), 0);
	wire_run("ip link set dev wire up");
	wire_wait_until_passing(wire->near, wire->far);
}

static void waiting_frames_survive_going_down(void **state)
{
	struct wire *wire = *state;

	assert_int_equal(send_one(wire->near), 0);
	assert_int_equal(send_one(wire->near), 0);
	wire_enter_far();
	wire_run("ip link set dev wire down");
	assert_int_equal(port_receive(wire->far, 8, inbox_keep, &wire->inbox), 2);
	assert_int_equal(receive_one(wire, wire->far), -ENETDOWN);
	assert_false(wire_readable(wire->far, 0));
}

/* ---- gone ---------------------------------------------------------------------------------- */

static void deleted_and_made_again(void **state)
{
	struct wire *wire = *state;

	wire_enter_near();
	wire_run("ip link delete dev wire");
	assert_true(wire_readable(wire->near, WIRE_PATIENCE_MS));
	assert_int_equal(receive_one(wire, wire->near), -ENODEV);
	assert_false(wire_readable(wire->near, 0));
	assert_int_equal(send_one(wire->near), -ENODEV);

	wire_connect();
	assert_int_equal(send_one(wire->near), -ENODEV);
	assert_int_equal(receive_one(wire, wire->near), -ENODEV);
	assert_int_equal(port_join(wire->near, wire_group), -ENODEV);

	port_close(wire->near);
	port_close(wire->far);
	wire_enter_near();
	wire->near = wire_open_port();
	wire_enter_far();
	wire->far = wire_open_port();
	wire_wait_until_passing(wire->near, wire->far);
}

static void deleted_while_down(void **state)
{
	struct wire *wire = *state;

	wire_enter_near();
	wire_run("ip link set dev wire down");
	assert_int_equal(send_one(wire->near), -ENETDOWN);
	wire_connect();
	assert_int_equal(send_one(wire->near), -ENODEV);
	assert_int_equal(send_one(wire->near), -ENODEV);
}

/* An interface that takes the name must not get what was meant for the old one. */
static void renamed(void **state)
{
	struct wire *wire = *state;

	wire_enter_far();
	wire_run("ip link set dev wire down && ip link set dev wire name cable &&"
		 " ip link set dev cable up");
	wire_run("ip link add wire type veth peer name decoy && ip link set dev wire up");
	assert_int_equal(send_one(wire->far), -ENODEV);
	assert_int_equal(receive_one(wire, wire->far), -ENODEV);
	assert_false(wire_readable(wire->far, 0));
}

/* ---- another address ----------------------------------------------------------------------- */

static void another_address(void **state)
{
	static const uint8_t other[ETHERNET_ADDRESS_LEN] = { 0x02, 0, 0, 0, 0, 0x77 };
	struct wire *wire = *state;

	port_set_address(wire->near, other);
	assert_memory_equal(port_address(wire->near), other, sizeof(other));
	assert_int_equal(send_one(wire->near), 0);
	inbox_receive(&wire->inbox, wire->far, 1);
	assert_memory_equal(wire->inbox.frame[0] + ETHERNET_ADDRESS_LEN, other, sizeof(other));
}

/* ---- what cannot be opened ----------------------------------------------------------------- */

static void expect_refusal(const char *interface, const char *expected)
{
	struct port_raw_config config = { .interface = interface, .format = wire_format };
	char error[PORT_ERROR_TEXT_MAX] = "";

	assert_null(port_raw_open(&config, error));
	assert_string_equal(error, expected);
}

static void refusals_say_what_to_do(void **state)
{
	(void)state;

	wire_enter_near();
	expect_refusal("veth9", "veth9: no such interface");
	expect_refusal("", ": no such interface");
	expect_refusal("any", "any: no such interface");
	expect_refusal("a-name-that-is-too-long", "a-name-that-is-too-long: no such interface");
	wire_run("ip link set dev wire down");
	expect_refusal("wire", "wire: the interface is down; bring it up: ip link set dev wire up");
}

static void not_ethernet(void **state)
{
	(void)state;

	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		skip();
	}
	wire_enter_near();
	wire_run("ip tuntap add dev tunnel mode tun && ip link set dev tunnel up");
	expect_refusal("tunnel", "tunnel: not an Ethernet interface");
	wire_run("ip link delete dev tunnel");
}

static bool refused_without_capabilities(void)
{
	struct port_raw_config config = { .interface = "wire", .format = wire_format };
	char error[PORT_ERROR_TEXT_MAX] = "";

	capng_clear(CAPNG_SELECT_BOTH);
	return capng_apply(CAPNG_SELECT_BOTH) == 0 && !port_raw_open(&config, error) &&
	       strcmp(error, "wire: needs CAP_NET_RAW") == 0;
}

static void without_the_capability(void **state)
{
	int status;
	(void)state;

	wire_enter_near();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		_exit(refused_without_capabilities() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		wire_test(groups_are_joined_and_left),
		wire_test(unicast_needs_no_joining),
		wire_test(groups_stay_joined_over_down_and_up),
		wire_test(down_wakes_once_and_up_recovers),
		wire_test(down_and_up_between_two_sends),
		wire_test(far_end_down_is_no_error),
		wire_test(waiting_frames_survive_going_down),
		wire_test(deleted_and_made_again),
		wire_test(deleted_while_down),
		wire_test(renamed),
		wire_test(another_address),
		wire_test(refusals_say_what_to_do),
		wire_test(not_ethernet),
		wire_test(without_the_capability),
	};

	wire_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? 0 : 1;
}
