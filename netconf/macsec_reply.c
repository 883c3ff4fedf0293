#include "netconf/macsec_reply.h"

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>

#include "netconf/problem.h"

#define ERRNO_MAX 4095

/* ---- attributes ------------------------------------------------------------------------------ */

/* The last attribute of each type up to max; table has max + 1 entries. */
static void index_attribute(const struct nlattr *attr, const struct nlattr **table, size_t max)
{
	size_t type = mnl_attr_get_type(attr);

	if (type <= max) {
		table[type] = attr;
	}
}

static void index_nest(const struct nlattr *nest, const struct nlattr **table, size_t max)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		index_attribute(attr, table, max);
	}
}

/*
 * Of a whole message, behind its family's own header. Returns false if that is cut.
 * (mnl_attr_for_each() goes on to the next multiple of 4, past the end of a datagram.)
 */
static bool index_message(
	const struct nlmsghdr *message, size_t header_len, const struct nlattr **table, size_t max)
{
	const uint8_t *payload = mnl_nlmsg_get_payload(message);
	size_t len = mnl_nlmsg_get_payload_len(message);
	const struct nlattr *attr;

	if (len < header_len) {
		return false;
	}
	mnl_attr_for_each_payload((const void *)(payload + header_len), len - header_len)
	{
		index_attribute(attr, table, max);
	}
	return true;
}

/* Exactly that many octets; false if the attribute is missing or of another size. */
static bool get(const struct nlattr *attr, void *out, size_t len)
{
	if (!attr || mnl_attr_get_payload_len(attr) != len) {
		return false;
	}
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

static bool get_flag(const struct nlattr *attr, bool *out)
{
	uint8_t octet;

	if (!get(attr, &octet, sizeof(octet))) {
		return false;
	}
	*out = octet != 0;
	return true;
}

/* Text may end with its attribute or with a terminator before that; of a longer one, the start. */
static void get_text(const struct nlattr *attr, char *out, size_t size)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	len = len < size ? len : size - 1;
	if (len > 0) {
		memcpy(out, mnl_attr_get_payload(attr), len);
	}
	out[len] = '\0';
}

/* ---- one request's answer -------------------------------------------------------------------- */

static int check_errno(int error)
{
	return error <= 0 && error >= -ERRNO_MAX ? error : -EBADMSG;
}

/* The request is echoed after the error, but for its payload if the socket asked for that. */
static void take_words(struct macsec_exchange *exchange, const struct nlmsghdr *message)
{
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1] = { NULL };
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t header_len = sizeof(*error);

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS)) {
		return;
	}
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		if (error->msg.nlmsg_len < sizeof(error->msg) ||
			error->msg.nlmsg_len > message->nlmsg_len) {
			return;
		}
		header_len += mnl_nlmsg_get_payload_len(&error->msg);
	}
	if (index_message(message, MNL_ALIGN(header_len), table, NLMSGERR_ATTR_MAX)) {
		get_text(table[NLMSGERR_ATTR_MSG], exchange->words, sizeof(exchange->words));
		problem_clean(exchange->words);
	}
}

static void take_error(struct macsec_exchange *exchange, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	exchange->done = true;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error)) {
		exchange->error = -EBADMSG;
	} else if (exchange->error == 0) {
		exchange->error = check_errno(error->error);
		take_words(exchange, message);
	}
}

/* The end of a dump carries an error number, in kernels since 4.16. */
static void take_end(struct macsec_exchange *exchange, const struct nlmsghdr *message)
{
	int error = 0;

	exchange->done = true;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error)) {
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	}
	if (exchange->error == 0) {
		exchange->error = check_errno(error);
	}
}

static void take_message(struct macsec_exchange *exchange, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR) {
		exchange->interrupted = true;
	}
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_ERROR:
		take_error(exchange, message);
		break;
	case NLMSG_DONE:
		take_end(exchange, message);
		break;
	case NLMSG_OVERRUN:
		exchange->done = true;
		exchange->error = -ENOBUFS;
		break;
	default:
		if (exchange->reply && exchange->error == 0) {
			exchange->error = exchange->reply(exchange->ctx, message);
		}
	}
}

void macsec_exchange_take(struct macsec_exchange *exchange, const void *datagram, size_t len)
{
	const struct nlmsghdr *message = datagram;
	int left = (int)len;

	/* mnl_nlmsg_ok() takes a length of 2^31 or more for a negative one, and for good. */
	while (!exchange->done && mnl_nlmsg_ok(message, left) &&
		message->nlmsg_len <= (uint32_t)left) {
		if (message->nlmsg_seq == exchange->sequence &&
			message->nlmsg_pid == exchange->port_id) {
			take_message(exchange, message);
		}
		message = mnl_nlmsg_next(message, &left);
	}
}

/* ---- messages of generic netlink's control and of rtnetlink ---------------------------------- */

int macsec_read_family(const struct nlmsghdr *message, uint16_t *family)
{
	const struct nlattr *table[CTRL_ATTR_FAMILY_ID + 1] = { NULL };

	if (!index_message(message, GENL_HDRLEN, table, CTRL_ATTR_FAMILY_ID) ||
		!get(table[CTRL_ATTR_FAMILY_ID], family, sizeof(*family))) {
		return -EBADMSG;
	}
	return 0;
}

int macsec_read_link(const struct nlmsghdr *message, struct macsec_link *link)
{
	const struct nlattr *table[IFLA_LINK_NETNSID + 1] = { NULL };
	const struct nlattr *info[IFLA_INFO_KIND + 1] = { NULL };
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	if (!index_message(message, sizeof(*header), table, IFLA_LINK_NETNSID) ||
		!table[IFLA_IFNAME] || header->ifi_index <= 0) {
		return -EBADMSG;
	}
	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)header->ifi_index;
	link->is_ethernet = header->ifi_type == ARPHRD_ETHER;
	link->is_port = table[IFLA_MASTER] != NULL;
	link->lower_is_outside = table[IFLA_LINK_NETNSID] != NULL;
	get_text(table[IFLA_IFNAME], link->name, sizeof(link->name));
	get_text(table[IFLA_QDISC], link->qdisc, sizeof(link->qdisc));
	if (table[IFLA_LINK] && !get(table[IFLA_LINK], &link->lower, sizeof(link->lower))) {
		return -EBADMSG;
	}
	if (table[IFLA_LINKINFO]) {
		index_nest(table[IFLA_LINKINFO], info, IFLA_INFO_KIND);
		get_text(info[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	}
	return 0;
}

/* ---- messages of the family macsec ----------------------------------------------------------- */

static int read_suite(const struct nlattr *attr, enum macsec_suite *suite)
{
	uint64_t id;

	if (!get(attr, &id, sizeof(id))) {
		return -EBADMSG;
	}
	switch (id) {
	case MACSEC_DEFAULT_CIPHER_ID: /* how the kernel writes what 14-1 calls ...C20001000001 */
	case MACSEC_CIPHER_ID_GCM_AES_128:
		*suite = MACSEC_SUITE_GCM_AES_128;
		return 0;
	case MACSEC_CIPHER_ID_GCM_AES_256:
		*suite = MACSEC_SUITE_GCM_AES_256;
		return 0;
	case MACSEC_CIPHER_ID_GCM_AES_XPN_128:
		*suite = MACSEC_SUITE_GCM_AES_XPN_128;
		return 0;
	case MACSEC_CIPHER_ID_GCM_AES_XPN_256:
		*suite = MACSEC_SUITE_GCM_AES_XPN_256;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int read_secy(const struct nlattr *nest, struct macsec_view *view)
{
	const struct nlattr *table[MACSEC_SECY_ATTR_MAX + 1] = { NULL };
	uint8_t validation;

	if (!nest) {
		return -EBADMSG;
	}
	index_nest(nest, table, MACSEC_SECY_ATTR_MAX);
	if (!get(table[MACSEC_SECY_ATTR_SCI], view->sci.octets, sizeof(view->sci.octets)) ||
		!get(table[MACSEC_SECY_ATTR_ICV_LEN], &view->icv_len, sizeof(view->icv_len)) ||
		!get_flag(table[MACSEC_SECY_ATTR_OPER], &view->operational) ||
		!get_flag(table[MACSEC_SECY_ATTR_ENCRYPT], &view->encrypts) ||
		!get_flag(table[MACSEC_SECY_ATTR_PROTECT], &view->protects) ||
		!get_flag(table[MACSEC_SECY_ATTR_REPLAY], &view->replay_protects) ||
		!get(table[MACSEC_SECY_ATTR_VALIDATE], &validation, sizeof(validation)) ||
		!get_flag(table[MACSEC_SECY_ATTR_INC_SCI], &view->sends_sci) ||
		!get(table[MACSEC_SECY_ATTR_ENCODING_SA], &view->encoding_an,
			sizeof(view->encoding_an)) ||
		view->encoding_an >= MACSEC_AN_COUNT) {
		return -EBADMSG;
	}
	if (view->replay_protects && !get(table[MACSEC_SECY_ATTR_WINDOW], &view->replay_window,
					     sizeof(view->replay_window))) {
		return -EBADMSG;
	}
	view->validates_strictly = validation == MACSEC_VALIDATE_STRICT;
	return read_suite(table[MACSEC_SECY_ATTR_CIPHER_SUITE], &view->suite);
}

/* In the host's order, of 64 bits with extended packet numbers and of 32 without. */
static bool get_packet_number(const struct nlattr *attr, bool extended, uint64_t *number)
{
	uint32_t short_number;

	if (extended) {
		return get(attr, number, sizeof(*number));
	}
	if (!get(attr, &short_number, sizeof(short_number))) {
		return false;
	}
	*number = short_number;
	return true;
}

static int read_sa(const struct nlattr *nest, bool extended, struct macsec_sa *sas)
{
	const struct nlattr *table[MACSEC_SA_ATTR_MAX + 1] = { NULL };
	struct macsec_sa *sa;
	uint8_t an, ssci[4];

	index_nest(nest, table, MACSEC_SA_ATTR_MAX);
	if (!get(table[MACSEC_SA_ATTR_AN], &an, sizeof(an)) || an >= MACSEC_AN_COUNT ||
		sas[an].present) {
		return -EBADMSG;
	}
	sa = &sas[an];
	if (!get_flag(table[MACSEC_SA_ATTR_ACTIVE], &sa->active) ||
		!get_packet_number(table[MACSEC_SA_ATTR_PN], extended, &sa->next_pn) ||
		!get(table[MACSEC_SA_ATTR_KEYID], &sa->key_id, sizeof(sa->key_id))) {
		return -EBADMSG;
	}
	if (extended) {
		if (!get(table[MACSEC_SA_ATTR_SSCI], ssci, sizeof(ssci))) {
			return -EBADMSG;
		}
		sa->ssci = (uint32_t)ssci[0] << 24 | (uint32_t)ssci[1] << 16 |
			   (uint32_t)ssci[2] << 8 | ssci[3];
	}
	sa->present = true;
	return 0;
}

static int read_sas(const struct nlattr *list, bool extended, struct macsec_sa *sas)
{
	const struct nlattr *nest;
	int rc = 0;

	if (!list) {
		return -EBADMSG;
	}
	mnl_attr_for_each_nested(nest, list)
	{
		rc = rc < 0 ? rc : read_sa(nest, extended, sas);
	}
	return rc;
}

static int read_channel(const struct nlattr *nest, bool extended, struct macsec_channel *channel)
{
	const struct nlattr *table[MACSEC_RXSC_ATTR_MAX + 1] = { NULL };

	index_nest(nest, table, MACSEC_RXSC_ATTR_MAX);
	if (!get(table[MACSEC_RXSC_ATTR_SCI], channel->sci.octets, sizeof(channel->sci.octets)) ||
		!get_flag(table[MACSEC_RXSC_ATTR_ACTIVE], &channel->active)) {
		return -EBADMSG;
	}
	return read_sas(table[MACSEC_RXSC_ATTR_SA_LIST], extended, channel->sas);
}

static int read_channels(const struct nlattr *list, struct macsec_view *view)
{
	bool extended = macsec_suite_is_extended(view->suite);
	const struct nlattr *nest;
	int rc = 0;

	if (!list) {
		return -EBADMSG;
	}
	mnl_attr_for_each_nested(nest, list)
	{
		if (rc == 0 && view->channel_count == MACSEC_CHANNELS_MAX) {
			rc = -E2BIG;
		}
		if (rc == 0) {
			rc = read_channel(nest, extended, &view->channels[view->channel_count++]);
		}
	}
	return rc;
}

static int read_sent(const struct nlattr *nest, struct macsec_view *view)
{
	const struct nlattr *table[MACSEC_TXSC_STATS_ATTR_MAX + 1] = { NULL };
	uint64_t frames[2], octets[2];

	if (!nest) {
		return -EBADMSG;
	}
	index_nest(nest, table, MACSEC_TXSC_STATS_ATTR_MAX);
	if (!get(table[MACSEC_TXSC_STATS_ATTR_OUT_PKTS_PROTECTED], &frames[0], sizeof(frames[0])) ||
		!get(table[MACSEC_TXSC_STATS_ATTR_OUT_PKTS_ENCRYPTED], &frames[1],
			sizeof(frames[1])) ||
		!get(table[MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_PROTECTED], &octets[0],
			sizeof(octets[0])) ||
		!get(table[MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_ENCRYPTED], &octets[1],
			sizeof(octets[1]))) {
		return -EBADMSG;
	}
	view->sent_frames = frames[0] + frames[1];
	view->sent_octets = octets[0] + octets[1];
	return 0;
}

/* Kernels before 5.6 do not know of it. */
static bool is_offloaded(const struct nlattr *nest)
{
	const struct nlattr *table[MACSEC_OFFLOAD_ATTR_MAX + 1] = { NULL };
	uint8_t type;

	if (!nest) {
		return false;
	}
	index_nest(nest, table, MACSEC_OFFLOAD_ATTR_MAX);
	return get(table[MACSEC_OFFLOAD_ATTR_TYPE], &type, sizeof(type)) &&
	       type != MACSEC_OFFLOAD_OFF;
}

int macsec_read_ifindex(const struct nlmsghdr *message, uint32_t *ifindex)
{
	const struct nlattr *table[MACSEC_ATTR_IFINDEX + 1] = { NULL };

	if (!index_message(message, GENL_HDRLEN, table, MACSEC_ATTR_IFINDEX) ||
		!get(table[MACSEC_ATTR_IFINDEX], ifindex, sizeof(*ifindex))) {
		return -EBADMSG;
	}
	return 0;
}

int macsec_read_view(const struct nlmsghdr *message, struct macsec_view *view)
{
	const struct nlattr *table[MACSEC_ATTR_MAX + 1] = { NULL };
	int rc;

	memset(view, 0, sizeof(*view));
	rc = macsec_read_ifindex(message, &view->ifindex);
	if (rc < 0) {
		return rc;
	}
	index_message(message, GENL_HDRLEN, table, MACSEC_ATTR_MAX);
	view->offloaded = is_offloaded(table[MACSEC_ATTR_OFFLOAD]);
	rc = read_secy(table[MACSEC_ATTR_SECY], view);
	rc = rc < 0 ? rc : read_sent(table[MACSEC_ATTR_TXSC_STATS], view);
	rc = rc < 0 ? rc
		    : read_sas(table[MACSEC_ATTR_TXSA_LIST], macsec_suite_is_extended(view->suite),
			      view->transmit);
	rc = rc < 0 ? rc : read_channels(table[MACSEC_ATTR_RXSC_LIST], view);
	return rc;
}
