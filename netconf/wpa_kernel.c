#include "netconf/wpa_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netlink.h>

#include "netconf/macsec_netlink.h"

#define DUMP_TRIES 5

static int refuse(
	const struct macsec_netlink *netlink, const char *what, int error, struct problem *problem)
{
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "cannot %s: %s%s%s", what,
		strerrordesc_np(-error), netlink->words[0] ? ": " : "", netlink->words);
}

/* ---- SecYs ----------------------------------------------------------------------------------- */

#define CANDIDATES_MAX 16 /* of one SCI: of parents that share an address, as VLANs do */

struct search {
	const struct macsec_sci *sci;
	size_t count;
	struct wpa_secy secys[CANDIDATES_MAX];
};

static bool receives(const struct macsec_view *view)
{
	for (size_t i = 0; i < view->channel_count; i++) {
		const struct macsec_channel *channel = &view->channels[i];

		for (size_t an = 0; an < MACSEC_AN_COUNT && channel->active; an++) {
			if (channel->sas[an].active) {
				return true;
			}
		}
	}
	return false;
}

static bool has_transmit_sa(const struct macsec_view *view)
{
	for (size_t an = 0; an < MACSEC_AN_COUNT; an++) {
		if (view->transmit[an].present) {
			return true;
		}
	}
	return false;
}

/* Others' devices may be of any suite, and have any number of channels. */
static int take_secy(void *ctx, const struct nlmsghdr *message)
{
	struct search *search = ctx;
	struct macsec_view view;
	int rc = macsec_read_view(message, &view);

	if (rc == -EOPNOTSUPP || rc == -E2BIG) {
		return 0;
	}
	if (rc == 0 && macsec_sci_equal(&view.sci, search->sci) && search->count < CANDIDATES_MAX) {
		search->secys[search->count++] = (struct wpa_secy){
			.ifindex = view.ifindex,
			.suite = view.suite,
			.empty = view.channel_count == 0 && !has_transmit_sa(&view),
			.works = view.operational && receives(&view),
		};
	}
	return rc;
}

static int take_family(void *ctx, const struct nlmsghdr *message)
{
	return macsec_read_family(message, ctx);
}

static int search_secys(struct search *search, struct problem *problem)
{
	struct macsec_netlink generic;
	struct macsec_request request;
	uint16_t family;
	int rc = macsec_netlink_open(&generic, NETLINK_GENERIC);

	if (rc == 0) {
		macsec_request_family(&request);
		rc = macsec_netlink_ask(&generic, &request, take_family, &family);
		rc = rc == 0 ? -EAGAIN : rc;
	}
	for (int i = 0; i < DUMP_TRIES && rc == -EAGAIN; i++) {
		search->count = 0;
		macsec_request_dump(&request, family);
		rc = macsec_netlink_ask(&generic, &request, take_secy, search);
	}
	if (rc == -ENOENT) {
		search->count = 0; /* MACsec is not loaded */
		rc = 0;
	}
	if (rc < 0) {
		refuse(&generic, "read the macsec devices", rc, problem);
	}
	macsec_netlink_close(&generic);
	return rc;
}

/* ---- links ----------------------------------------------------------------------------------- */

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	return macsec_read_link(message, ctx);
}

/* The one whose parent it is. A device may go while we look. */
static int choose(struct macsec_netlink *route, const char *parent_name,
	const struct search *search, struct wpa_secy *secy)
{
	struct macsec_request request;
	struct macsec_link parent, link;
	int rc;

	macsec_request_link(&request, parent_name, 0);
	rc = macsec_netlink_ask(route, &request, take_link, &parent);
	for (size_t i = 0; i < search->count && rc == 0; i++) {
		macsec_request_link(&request, NULL, search->secys[i].ifindex);
		rc = macsec_netlink_ask(route, &request, take_link, &link);
		if (rc == 0 && link.lower == parent.ifindex && !link.lower_is_outside) {
			*secy = search->secys[i];
			snprintf(secy->name, sizeof(secy->name), "%s", link.name);
		}
		rc = rc == -ENODEV ? 0 : rc;
	}
	return rc;
}

static int find_secy(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
	struct problem *problem)
{
	struct search search = { .sci = sci };
	struct macsec_netlink route;
	int rc;

	memset(secy, 0, sizeof(*secy));
	if (search_secys(&search, problem) < 0) {
		return -1;
	}
	rc = macsec_netlink_open(&route, NETLINK_ROUTE);
	rc = rc < 0 ? rc : choose(&route, parent, &search, secy);
	if (rc == -ENODEV) {
		problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"there is no interface %s here, though wpa_supplicant has a socket of that "
			"name: run keyidd in its network namespace",
			parent);
	} else if (rc < 0) {
		refuse(&route, "find the macsec device", rc, problem);
	}
	macsec_netlink_close(&route);
	return rc < 0 ? -1 : 0;
}

const struct wpa_kernel wpa_linux = {
	.settle_ms = 6000,
	.hold_ms = 1000,
	.find_secy = find_secy,
	.find_bond = wpa_bond_find,
	.activate = wpa_bond_activate,
};
