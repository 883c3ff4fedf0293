/* Asking the kernel by netlink, and who else may answer: nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "netconf/macsec_netlink.h"

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	return macsec_read_link(message, ctx);
}

static int ask_for_loopback(struct macsec_netlink *netlink, struct macsec_link *link)
{
	struct macsec_request request;

	memset(link, 0, sizeof(*link));
	macsec_request_link(&request, "lo", 0);
	return macsec_netlink_ask(netlink, &request, take_link, link);
}

static void test_answer(void **state)
{
	struct macsec_netlink netlink;
	struct macsec_link link;

	(void)state;
	assert_int_equal(macsec_netlink_open(&netlink, NETLINK_ROUTE), 0);
	assert_int_equal(ask_for_loopback(&netlink, &link), 0);
	assert_string_equal(link.name, "lo");
	macsec_netlink_close(&netlink);
}

/* An error in answer to the request that comes next, from a socket that is not the kernel's. */
static int forge(const struct macsec_netlink *netlink)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			.nlmsg_type = NLMSG_ERROR,
			.nlmsg_seq = netlink->sequence + 1,
			.nlmsg_pid = mnl_socket_get_portid(netlink->socket) },
		.error = { .error = -EEXIST },
	};
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
		.nl_pid = mnl_socket_get_portid(netlink->socket) };
	struct mnl_socket *other = mnl_socket_open(NETLINK_ROUTE);
	ssize_t len;

	assert_non_null(other);
	len = sendto(mnl_socket_get_fd(other), &message, sizeof(message), 0, (struct sockaddr *)&to,
		sizeof(to));
	mnl_socket_close(other);
	return len == sizeof(message) ? 0 : -1;
}

static void test_forged_answer(void **state)
{
	struct macsec_netlink netlink;
	struct macsec_link link;

	(void)state;
	assert_int_equal(macsec_netlink_open(&netlink, NETLINK_ROUTE), 0);
	if (forge(&netlink) != 0) {
		macsec_netlink_close(&netlink);
		skip(); /* it takes CAP_NET_ADMIN */
	}
	assert_int_equal(ask_for_loopback(&netlink, &link), 0);
	assert_string_equal(link.name, "lo");
	macsec_netlink_close(&netlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_forged_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
