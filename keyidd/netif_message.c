#include "keyidd/netif_message.h"

#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

/* ---- attributes ------------------------------------------------------------------------------ */

/* A whole name, with or without its terminator; the kernel gives no other. */
static bool read_name(const struct nlattr *attr, char out[static IFNAMSIZ])
{
	size_t len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (len == 0 || len >= IFNAMSIZ) {
		return false;
	}
	memset(out, 0, IFNAMSIZ);
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

static bool read_exactly(const struct nlattr *attr, void *out, size_t len)
{
	if (mnl_attr_get_payload_len(attr) != len) {
		return false;
	}
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

static void read_attribute(const struct nlattr *attr, struct netif_message *message)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		read_name(attr, message->name);
		break;
	case IFLA_ADDRESS:
		message->has_address = read_exactly(
			attr, message->address, sizeof(message->address));
		break;
	case IFLA_MTU:
		message->has_mtu = read_exactly(attr, &message->mtu, sizeof(message->mtu));
		break;
	default:
		break;
	}
}

/* ---- messages -------------------------------------------------------------------------------- */

/*
 * Bridges tell of their ports by the same types and to the same group, under a family of
 * their own; RTM_DELLINK then says that a port has left its bridge, not that it is gone.
 */
static bool read_link(const struct nlmsghdr *header, struct netif_message *message)
{
	const uint8_t *payload = mnl_nlmsg_get_payload(header);
	size_t len = mnl_nlmsg_get_payload_len(header);
	const struct nlattr *attr;
	struct ifinfomsg info;

	if (len < sizeof(info)) {
		return false;
	}
	memcpy(&info, payload, sizeof(info));
	if (info.ifi_family != AF_UNSPEC || info.ifi_index <= 0) {
		return false;
	}
	*message = (struct netif_message){
		.is_deleted = header->nlmsg_type == RTM_DELLINK,
		.index = (unsigned)info.ifi_index,
		.is_up = info.ifi_flags & IFF_UP,
		.has_carrier = info.ifi_flags & IFF_LOWER_UP,
	};
	mnl_attr_for_each_payload((const void *)(payload + sizeof(info)), len - sizeof(info))
	{
		read_attribute(attr, message);
	}
	return message->is_deleted || message->name[0] != '\0';
}

static enum netif_answer read_end(const struct nlmsghdr *header)
{
	int error = 0;

	/* Kernels since 4.16 say how a dump has ended. */
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(error)) {
		memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	}
	return error == 0 ? NETIF_ANSWER_WHOLE : NETIF_ANSWER_SPOILED;
}

static enum netif_answer read_message(const struct nlmsghdr *header, bool is_answer,
	void (*take)(void *ctx, const struct netif_message *message), void *ctx)
{
	struct netif_message message;
	bool interrupted = is_answer && header->nlmsg_flags & NLM_F_DUMP_INTR;

	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (read_link(header, &message)) {
			message.is_answer = is_answer;
			take(ctx, &message);
		}
		break;
	case NLMSG_DONE:
		if (is_answer && !interrupted) {
			return read_end(header);
		}
		break;
	case NLMSG_ERROR:
		interrupted |= is_answer;
		break;
	default:
		break;
	}
	return interrupted ? NETIF_ANSWER_SPOILED : NETIF_ANSWER_OPEN;
}

/* (mnl_nlmsg_ok() takes a length of 2 GiB and more for a negative one.) */
static bool is_whole(const struct nlmsghdr *header, int left)
{
	return left >= (int)sizeof(*header) && header->nlmsg_len >= sizeof(*header) &&
	       header->nlmsg_len <= (unsigned)left;
}

enum netif_answer netif_read_datagram(const void *datagram, size_t len, uint32_t sequence,
	uint32_t port_id, void (*take)(void *ctx, const struct netif_message *message), void *ctx)
{
	enum netif_answer answer = NETIF_ANSWER_OPEN;
	const struct nlmsghdr *header = datagram;
	int left = (int)len;

	while (is_whole(header, left)) {
		bool is_answer = sequence != 0 && header->nlmsg_seq == sequence &&
				 header->nlmsg_pid == port_id;
		enum netif_answer so_far = read_message(header, is_answer, take, ctx);

		answer = so_far > answer ? so_far : answer;
		header = mnl_nlmsg_next(header, &left);
	}
	return left > 0 ? NETIF_ANSWER_SPOILED : answer;
}

size_t netif_write_request(uint32_t sequence, void *out)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(out);
	struct ifinfomsg *info;

	header->nlmsg_type = RTM_GETLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = sequence;
	info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return header->nlmsg_len;
}
