#include "netconf/macsec_plug.h"

#include <arpa/inet.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

/* ---- the queueing discipline ----------------------------------------------------------------- */

/* Without flags it changes what is there; with another root, it is refused. */
static void request_plug(
	struct macsec_request *request, uint32_t ifindex, uint16_t flags, int action)
{
	struct nlmsghdr *header = macsec_request_begin(request, RTM_NEWQDISC);
	struct tcmsg *root = mnl_nlmsg_put_extra_header(header, sizeof(*root));
	struct tc_plug_qopt options = { .action = action, .limit = MACSEC_PLUG_LIMIT };

	header->nlmsg_flags |= flags;
	root->tcm_ifindex = (int)ifindex;
	root->tcm_parent = TC_H_ROOT;
	root->tcm_handle = MACSEC_PLUG_HANDLE;
	mnl_attr_put_strz(header, TCA_KIND, MACSEC_PLUG_KIND);
	mnl_attr_put(header, TCA_OPTIONS, sizeof(options), &options);
}

static size_t add_plug(struct macsec_batch *batch, uint32_t ifindex, uint16_t flags, int action)
{
	struct macsec_request request;

	request_plug(&request, ifindex, flags, action);
	return macsec_batch_add(batch, &request);
}

/* A new one holds frames, and of its options only the limit counts. */
void macsec_plug_install(struct macsec_batch *batch, uint32_t ifindex)
{
	add_plug(batch, ifindex, NLM_F_CREATE | NLM_F_REPLACE, TCQ_PLUG_LIMIT);
	add_plug(batch, ifindex, 0, TCQ_PLUG_RELEASE_INDEFINITE);
}

void macsec_plug_request_release(struct macsec_request *request, uint32_t ifindex)
{
	request_plug(request, ifindex, 0, TCQ_PLUG_RELEASE_INDEFINITE);
}

/* ---- waiting --------------------------------------------------------------------------------- */

void macsec_plug_ids(const uint8_t random[static 8], uint32_t ids[static MACSEC_PLUG_IDS])
{
	memcpy(ids, random, MACSEC_PLUG_IDS * sizeof(*ids));
	for (size_t i = 0; i < MACSEC_PLUG_IDS; i++) {
		ids[i] |= UINT32_C(1) << 31;
	}
	if (ids[0] == ids[1]) {
		ids[1] ^= 1;
	}
}

static struct nlmsghdr *begin_nexthop(
	struct macsec_request *request, uint16_t type, uint8_t family, uint32_t id)
{
	struct nlmsghdr *header = macsec_request_begin(request, type);
	struct nhmsg *nexthop = mnl_nlmsg_put_extra_header(header, sizeof(*nexthop));

	nexthop->nh_family = family;
	mnl_attr_put_u32(header, NHA_ID, id);
	return header;
}

/* What a wait needs: a nexthop, whose address (RFC 5737) nobody will look for, and its group. */
static void add_nexthop(struct macsec_batch *batch, const uint32_t ids[static MACSEC_PLUG_IDS])
{
	const struct nexthop_grp member = { .id = ids[0] };
	struct macsec_request request;
	struct nlmsghdr *header = begin_nexthop(&request, RTM_NEWNEXTHOP, AF_INET, ids[0]);

	header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_u32(header, NHA_GATEWAY, inet_addr("192.0.2.1"));
	mnl_attr_put(header, NHA_FDB, 0, NULL);
	macsec_batch_add(batch, &request);

	header = begin_nexthop(&request, RTM_NEWNEXTHOP, AF_UNSPEC, ids[1]);
	header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put(header, NHA_GROUP, sizeof(member), &member);
	mnl_attr_put(header, NHA_FDB, 0, NULL);
	macsec_batch_add(batch, &request);
}

/* The group goes with its last member. */
static void add_wait(struct macsec_batch *batch, const uint32_t ids[static MACSEC_PLUG_IDS])
{
	struct macsec_request request;

	begin_nexthop(&request, RTM_DELNEXTHOP, AF_UNSPEC, ids[0]);
	macsec_batch_add(batch, &request);
}

/* ---- the switch ------------------------------------------------------------------------------ */

/* Where the requests stand in the batch. */
enum place {
	NEXTHOP,
	GROUP,
	HOLD,
	WAIT,
	ENCODE,
	RELEASE,
	SECOND_NEXTHOP,
	SECOND_GROUP,
	SECOND_WAIT,
	SECOND_RELEASE
};

void macsec_plug_switch(struct macsec_batch *batch, uint32_t ifindex, uint8_t an,
	const uint32_t ids[static MACSEC_PLUG_IDS])
{
	struct macsec_request encode;

	add_nexthop(batch, ids);
	add_plug(batch, ifindex, 0, TCQ_PLUG_BUFFER);
	add_wait(batch, ids);
	macsec_request_encode(&encode, ifindex, an);
	macsec_batch_add(batch, &encode);
	add_plug(batch, ifindex, 0, TCQ_PLUG_RELEASE_INDEFINITE);
	add_nexthop(batch, ids);
	add_wait(batch, ids);
	add_plug(batch, ifindex, 0, TCQ_PLUG_RELEASE_INDEFINITE);
}

/* Of the requests from one place to another; the first that failed. */
static int first_error(const struct macsec_batch *batch, enum place from, enum place to)
{
	int error = 0;

	for (size_t i = from; error == 0 && i <= to; i++) {
		error = macsec_batch_error(batch, i);
	}
	return error;
}

struct macsec_plug_outcome macsec_plug_judge(const struct macsec_batch *batch)
{
	return (struct macsec_plug_outcome){
		.error = macsec_batch_error(batch, ENCODE),
		.words = batch->answers[ENCODE].words,
		.released = first_error(batch, SECOND_NEXTHOP, SECOND_RELEASE) == 0,
		.hold_error = first_error(batch, NEXTHOP, WAIT),
	};
}
