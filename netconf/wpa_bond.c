/* A bond in mode active-backup, by rtnetlink: what ip-link(8) calls active_slave. */
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netconf/macsec_netlink.h"
#include "netconf/wpa_kernel.h"

/* Of one interface. */
struct link_facts {
	uint32_t ifindex;
	uint32_t master; /* ifindex of the bond that it is in; 0 = none */
	bool is_bond;
	uint8_t mode;
	bool takes_all; /* all_slaves_active */
	uint32_t active;
};

/* ---- what the kernel says -------------------------------------------------------------------- */

static uint32_t get_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(attr);
}

static uint8_t get_u8(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U8) < 0 ? 0 : mnl_attr_get_u8(attr);
}

static int take_bond(const struct nlattr *attr, void *ctx)
{
	struct link_facts *facts = ctx;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_BOND_MODE:
		facts->mode = get_u8(attr);
		break;
	case IFLA_BOND_ACTIVE_SLAVE:
		facts->active = get_u32(attr);
		break;
	case IFLA_BOND_ALL_SLAVES_ACTIVE:
		facts->takes_all = get_u8(attr) != 0;
		break;
	}
	return MNL_CB_OK;
}

/* The kind comes before its data. */
static int take_info(const struct nlattr *attr, void *ctx)
{
	struct link_facts *facts = ctx;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		facts->is_bond = mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
				 strcmp(mnl_attr_get_str(attr), "bond") == 0;
		break;
	case IFLA_INFO_DATA:
		return facts->is_bond ? mnl_attr_parse_nested(attr, take_bond, facts) : MNL_CB_OK;
	}
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attr, void *ctx)
{
	struct link_facts *facts = ctx;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_MASTER:
		facts->master = get_u32(attr);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, take_info, facts);
	}
	return MNL_CB_OK;
}

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	struct link_facts *facts = ctx;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header)) {
		return -EBADMSG;
	}
	memset(facts, 0, sizeof(*facts));
	facts->ifindex = (uint32_t)header->ifi_index;
	mnl_attr_parse(message, sizeof(*header), take_attribute, facts);
	return 0;
}

static int read_link(
	struct macsec_netlink *route, const char *name, uint32_t ifindex, struct link_facts *facts)
{
	struct macsec_request request;

	macsec_request_link(&request, name, ifindex);
	return macsec_netlink_ask(route, &request, take_link, facts);
}

/* ---- is it fit? ------------------------------------------------------------------------------ */

static int refuse(const char *name, const char *what, int error, struct problem *problem)
{
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "%s: cannot %s: %s", name, what,
		strerrordesc_np(-error));
}

static int check_bond(const char *name, const struct link_facts *bond, struct problem *problem)
{
	if (!bond->is_bond || bond->mode != BOND_MODE_ACTIVEBACKUP) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s is no bond of mode active-backup: make one (ip link add %s mtu 1468 "
			"type bond mode active-backup all_slaves_active 1 fail_over_mac active "
			"miimon 100)",
			name, name);
	}
	if (!bond->takes_all) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s drops what comes on its other device, where the far end may send for a "
			"while: ip link set %s type bond all_slaves_active 1",
			name, name);
	}
	return 0;
}

static int check_member(struct macsec_netlink *route, const char *name,
	const struct link_facts *bond, const struct wpa_secy *secy, struct problem *problem)
{
	struct link_facts member;
	int rc = read_link(route, NULL, secy->ifindex, &member);

	if (rc < 0) {
		return refuse(secy->name, "find it", rc, problem);
	}
	if (member.master != bond->ifindex) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s is not in %s: ip link set %s down, then ip link set %s master %s",
			secy->name, name, secy->name, secy->name, name);
	}
	return 0;
}

static int find(struct macsec_netlink *route, const char *name, const struct wpa_secy *one,
	const struct wpa_secy *two, struct wpa_bond *bond, struct problem *problem)
{
	struct link_facts facts;
	int rc = read_link(route, name, 0, &facts);

	if (rc == -ENODEV) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s is not there: make it (ip link add %s mtu 1468 type bond mode "
			"active-backup all_slaves_active 1 fail_over_mac active miimon 100)",
			name, name);
	}
	if (rc < 0) {
		return refuse(name, "find it", rc, problem);
	}
	*bond = (struct wpa_bond){ facts.ifindex, facts.active };
	if (check_bond(name, &facts, problem) < 0 ||
		check_member(route, name, &facts, one, problem) < 0) {
		return -1;
	}
	return check_member(route, name, &facts, two, problem);
}

int wpa_bond_find(const char *name, const struct wpa_secy *one, const struct wpa_secy *two,
	struct wpa_bond *bond, struct problem *problem)
{
	struct macsec_netlink route;
	int rc = macsec_netlink_open(&route, NETLINK_ROUTE);

	if (rc < 0) {
		return refuse(name, "ask the kernel", rc, problem);
	}
	rc = find(&route, name, one, two, bond, problem);
	macsec_netlink_close(&route);
	return rc;
}

/* ---- the other device ------------------------------------------------------------------------ */

static void request_active(struct macsec_request *request, uint32_t bond, uint32_t member)
{
	struct nlmsghdr *header;
	struct ifinfomsg *link;
	struct nlattr *info, *data;

	memset(request, 0, sizeof(*request));
	header = mnl_nlmsg_put_header(request->octets);
	header->nlmsg_type = RTM_NEWLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	link = mnl_nlmsg_put_extra_header(header, sizeof(*link));
	link->ifi_index = (int)bond;
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "bond");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	mnl_attr_put_u32(header, IFLA_BOND_ACTIVE_SLAVE, member);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
}

int wpa_bond_activate(
	const struct wpa_bond *bond, const struct wpa_secy *secy, struct problem *problem)
{
	struct macsec_request request;
	struct macsec_netlink route;
	int rc = macsec_netlink_open(&route, NETLINK_ROUTE);

	if (rc == 0) {
		request_active(&request, bond->ifindex, secy->ifindex);
		rc = macsec_netlink_ask(&route, &request, NULL, NULL);
	}
	macsec_netlink_close(&route);
	if (rc == -EPERM) {
		return problem_set(problem, APPLIER_ERROR_LOGIN,
			"traffic cannot be moved to %s without CAP_NET_ADMIN", secy->name);
	}
	return rc < 0 ? refuse(secy->name, "move the traffic there", rc, problem) : 0;
}
