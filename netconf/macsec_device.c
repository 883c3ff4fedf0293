/* The device itself: made, adopted, deleted, read back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "netconf/macsec_private.h"

#define ICV_LEN 16
#define DUMP_TRIES 5

#define NO_MACSEC                                                                                  \
	"this kernel has no MACsec: load it (modprobe macsec), or take one with CONFIG_MACSEC"

/* ---- links ----------------------------------------------------------------------------------- */

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	return macsec_read_link(message, ctx);
}

int macsec_find_link(
	struct macsec *macsec, const char *name, uint32_t ifindex, struct macsec_link *link)
{
	struct macsec_request request;
	int rc;

	memset(link, 0, sizeof(*link));
	macsec_request_link(&request, name, ifindex);
	rc = macsec_netlink_ask(&macsec->route, &request, take_link, link);
	return rc == 0 && link->ifindex == 0 ? -EBADMSG : rc;
}

/* ---- reading back ---------------------------------------------------------------------------- */

struct search {
	uint32_t ifindex;
	bool found;
	struct macsec_view *view;
};

static int take_secy(void *ctx, const struct nlmsghdr *message)
{
	struct search *search = ctx;
	uint32_t ifindex;
	int rc = macsec_read_ifindex(message, &ifindex);

	if (rc < 0 || ifindex != search->ifindex) {
		return rc;
	}
	search->found = true;
	return macsec_read_view(message, search->view);
}

/* The kernel leaves out of the dump what does not fit into one datagram. */
static int explain_missing(struct macsec *macsec)
{
	struct macsec_link link;
	int rc = macsec_find_link(macsec, NULL, macsec->ifindex, &link);

	if (rc == 0) {
		return macsec_fail(
			macsec, -E2BIG, "it has too many receive channels to be read back");
	}
	if (rc == -ENODEV) {
		return macsec_fail(macsec, rc, "the device is gone: it or its parent was deleted");
	}
	return macsec_refused(macsec, &macsec->route, rc, "find the device");
}

int macsec_read(struct macsec *macsec, struct macsec_view *view)
{
	struct search search = { .ifindex = macsec->ifindex, .view = view };
	struct macsec_request request;
	int rc = -EAGAIN;

	macsec->problem[0] = '\0';
	for (int i = 0; i < DUMP_TRIES && rc == -EAGAIN; i++) {
		search.found = false;
		macsec_request_dump(&request, macsec->family);
		rc = macsec_netlink_ask(&macsec->generic, &request, take_secy, &search);
	}
	switch (rc) {
	case 0:
		return search.found ? 0 : explain_missing(macsec);
	case -E2BIG:
		return macsec_fail(
			macsec, rc, "it has more than %d receive channels", MACSEC_CHANNELS_MAX);
	case -EOPNOTSUPP:
		return macsec_fail(macsec, rc, "it has a cipher suite that keyidd does not know");
	default:
		return macsec_refused(macsec, &macsec->generic, rc, "read it back");
	}
}

const struct macsec_channel *macsec_find_channel(
	const struct macsec_view *view, const struct macsec_sci *sci)
{
	for (size_t i = 0; i < view->channel_count; i++) {
		if (macsec_sci_equal(&view->channels[i].sci, sci)) {
			return &view->channels[i];
		}
	}
	return NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int create(
	struct macsec *macsec, const struct macsec_config *config, const struct macsec_link *parent)
{
	struct macsec_request request;
	int rc;

	macsec_request_create(&request, config, parent->ifindex);
	rc = macsec_netlink_ask(&macsec->route, &request, NULL, NULL);
	if (rc == -EOPNOTSUPP) {
		return macsec_fail(macsec, rc, NO_MACSEC);
	}
	if (rc == -EBUSY && parent->is_port) {
		return macsec_fail(macsec, rc,
			"cannot be made on %s, which is a port of a bridge or bond: take it out, "
			"or "
			"put MACsec on another interface",
			config->parent);
	}
	if (rc == -EBUSY) {
		return macsec_fail(macsec, rc,
			"cannot be made on %s: it has another macsec device of port %u (\"ip -d "
			"link "
			"show type macsec\" names it; delete it, or give this one another port), "
			"or "
			"its frames are taken by a driver of another kind",
			config->parent, config->port);
	}
	if (rc == -EINVAL && macsec_suite_is_extended(config->suite)) {
		return macsec_fail(macsec, rc, "the kernel refuses %s: it needs Linux 5.7 or later",
			macsec_suite_name(config->suite));
	}
	return rc < 0 ? macsec_refused(macsec, &macsec->route, rc, "make it on %s", config->parent)
		      : 0;
}

static int make(
	struct macsec *macsec, const struct macsec_config *config, const struct macsec_link *parent)
{
	struct macsec_link link;
	struct macsec_view view;
	int rc = create(macsec, config, parent);

	if (rc < 0) {
		return rc;
	}
	rc = macsec_find_link(macsec, config->name, 0, &link);
	if (rc < 0) {
		return macsec_refused(macsec, &macsec->route, rc, "find what was made");
	}
	macsec->ifindex = link.ifindex;
	rc = macsec_read(macsec, &view);
	if (rc < 0) {
		struct macsec_request request;

		macsec_request_delete(&request, link.ifindex);
		macsec_netlink_ask(&macsec->route, &request, NULL, NULL);
	}
	return rc;
}

/* ---- adopting -------------------------------------------------------------------------------- */

static int check_place(
	struct macsec *macsec, const struct macsec_link *link, const struct macsec_link *parent)
{
	struct macsec_link lower;

	if (strcmp(link->kind, "macsec") != 0) {
		return macsec_fail(macsec, -EEXIST,
			"there is an interface of this name, and it is no macsec device%s%s: "
			"choose "
			"another name",
			link->kind[0] ? " but of kind " : "", link->kind);
	}
	if (link->lower_is_outside) {
		return macsec_fail(macsec, -EEXIST,
			"its parent is in another network namespace, not %s: delete it (ip link "
			"delete %s) or choose another name",
			parent->name, macsec->name);
	}
	if (link->lower != parent->ifindex) {
		return macsec_fail(macsec, -EEXIST,
			"its parent is %s, not %s: delete it (ip link delete %s) or choose another "
			"name",
			macsec_find_link(macsec, NULL, link->lower, &lower) == 0 ? lower.name
										 : "another",
			parent->name, macsec->name);
	}
	return 0;
}

/* What is fixed when a device is made. */
static int check_fixed(
	struct macsec *macsec, const struct macsec_config *config, const struct macsec_view *view)
{
	uint16_t port = (uint16_t)(view->sci.octets[6] << 8 | view->sci.octets[7]);

	if (view->suite != config->suite) {
		return macsec_fail(macsec, -EEXIST,
			"its cipher suite is %s, not %s: delete it (ip link delete %s) or "
			"configure "
			"that",
			macsec_suite_name(view->suite), macsec_suite_name(config->suite),
			macsec->name);
	}
	if (port != config->port) {
		return macsec_fail(macsec, -EEXIST,
			"the port of its SCI is %u, not %u: delete it (ip link delete %s) or "
			"configure that",
			port, config->port, macsec->name);
	}
	if (view->icv_len != ICV_LEN) {
		return macsec_fail(macsec, -EEXIST,
			"its ICV has %u octets, not %u: delete it (ip link delete %s)",
			view->icv_len, ICV_LEN, macsec->name);
	}
	return 0;
}

static bool is_set_up(const struct macsec_view *view, const struct macsec_config *config)
{
	return view->encrypts && view->protects && view->replay_protects &&
	       view->validates_strictly && view->sends_sci &&
	       view->replay_window == config->replay_window;
}

static int adopt(struct macsec *macsec, const struct macsec_config *config,
	const struct macsec_link *parent, const struct macsec_link *link)
{
	struct macsec_request request;
	struct macsec_view view;
	int rc = check_place(macsec, link, parent);

	macsec->ifindex = link->ifindex;
	rc = rc < 0 ? rc : macsec_read(macsec, &view);
	rc = rc < 0 ? rc : check_fixed(macsec, config, &view);
	if (rc < 0 || is_set_up(&view, config)) {
		return rc;
	}
	macsec_request_settings(&request, macsec->ifindex, config->replay_window);
	rc = macsec_netlink_ask(&macsec->route, &request, NULL, NULL);
	return rc < 0 ? macsec_refused(macsec, &macsec->route, rc,
				"set encryption and replay protection on it")
		      : 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < MACSEC_DEVICE_NAME_LEN && !strpbrk(name, "/: \t\n") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int check_config(struct macsec *macsec, const struct macsec_config *config)
{
	if (!is_name(config->name) || !is_name(config->parent)) {
		return macsec_fail(macsec, -EINVAL,
			"names of interfaces have 1 to %d characters, without '/', ':' and spaces",
			MACSEC_DEVICE_NAME_LEN - 1);
	}
	if (config->port == 0) {
		return macsec_fail(macsec, -EINVAL, "the port of an SCI is 1 or more");
	}
	if (macsec_suite_is_extended(config->suite) &&
		config->replay_window > MACSEC_EXTENDED_WINDOW_MAX) {
		return macsec_fail(macsec, -EINVAL, "the replay window is at most %u with %s",
			MACSEC_EXTENDED_WINDOW_MAX, macsec_suite_name(config->suite));
	}
	return 0;
}

static int take_family(void *ctx, const struct nlmsghdr *message)
{
	return macsec_read_family(message, ctx);
}

static int connect_kernel(struct macsec *macsec)
{
	struct macsec_request request;
	int rc = macsec_netlink_open(&macsec->route, NETLINK_ROUTE);

	rc = rc < 0 ? rc : macsec_netlink_open(&macsec->generic, NETLINK_GENERIC);
	if (rc < 0) {
		return macsec_refused(macsec, &macsec->route, rc, "open a netlink socket");
	}
	macsec_request_family(&request);
	rc = macsec_netlink_ask(&macsec->generic, &request, take_family, &macsec->family);
	if (rc == -ENOENT) {
		return macsec_fail(macsec, -EOPNOTSUPP, NO_MACSEC);
	}
	if (rc < 0 || macsec->family == 0) {
		return macsec_refused(macsec, &macsec->generic, rc < 0 ? rc : -EBADMSG,
			"find MACsec in the kernel");
	}
	return 0;
}

static int settle(struct macsec *macsec, const struct macsec_config *config)
{
	struct macsec_link parent, link;
	int rc = macsec_find_link(macsec, config->parent, 0, &parent);

	if (rc == -ENODEV) {
		return macsec_fail(
			macsec, rc, "its parent interface %s is not there", config->parent);
	}
	if (rc < 0) {
		return macsec_refused(macsec, &macsec->route, rc, "find %s", config->parent);
	}
	if (!parent.is_ethernet) {
		return macsec_fail(
			macsec, -EINVAL, "its parent %s is no Ethernet interface", config->parent);
	}
	rc = macsec_find_link(macsec, config->name, 0, &link);
	if (rc == -ENODEV) {
		return make(macsec, config, &parent);
	}
	if (rc < 0) {
		return macsec_refused(macsec, &macsec->route, rc, "look for it");
	}
	return adopt(macsec, config, &parent, &link);
}

int macsec_open(const struct macsec_config *config, struct macsec **macsec,
	char problem[static MACSEC_PROBLEM_MAX])
{
	struct macsec *new = calloc(1, sizeof(*new));
	int rc;

	*macsec = NULL;
	problem[0] = '\0';
	if (!new) {
		snprintf(problem, MACSEC_PROBLEM_MAX, "out of memory");
		return -ENOMEM;
	}
	snprintf(new->name, sizeof(new->name), "%s", config->name);
	new->suite = config->suite;
	rc = check_config(new, config);
	rc = rc < 0 ? rc : connect_kernel(new);
	rc = rc < 0 ? rc : settle(new, config);
	if (rc < 0) {
		snprintf(problem, MACSEC_PROBLEM_MAX, "%s", new->problem);
		macsec_close(new);
		return rc;
	}
	macsec_switch_open(new, config->hold_at_switch);
	*macsec = new;
	return 0;
}

void macsec_close(struct macsec *macsec)
{
	if (macsec) {
		macsec_netlink_close(&macsec->route);
		macsec_netlink_close(&macsec->generic);
		free(macsec);
	}
}

const char *macsec_problem(const struct macsec *macsec)
{
	return macsec->problem;
}

const char *macsec_warning(const struct macsec *macsec)
{
	return macsec->warning;
}

/* An ifindex comes again after its interface is gone, if not soon. */
int macsec_delete_device(struct macsec *macsec)
{
	struct macsec_request request;
	struct macsec_link link;
	int rc = macsec_find_link(macsec, NULL, macsec->ifindex, &link);

	macsec->problem[0] = '\0';
	if (rc == 0 && strcmp(link.kind, "macsec") == 0) {
		macsec_request_delete(&request, macsec->ifindex);
		rc = macsec_netlink_ask(&macsec->route, &request, NULL, NULL);
	}
	return rc < 0 && rc != -ENODEV ? macsec_refused(macsec, &macsec->route, rc, "delete it")
				       : 0;
}
