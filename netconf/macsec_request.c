#include "netconf/macsec_request.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>

#define ICV_LEN 16 /* of all four cipher suites: IEEE 802.1AE-2018 clause 14 */

void macsec_request_wipe(struct macsec_request *request)
{
	secret_wipe_bytes(request, sizeof(*request));
}

/* Each answer has an end: an acknowledgement. */
struct nlmsghdr *macsec_request_begin(struct macsec_request *request, uint16_t type)
{
	struct nlmsghdr *header;

	memset(request, 0, sizeof(*request));
	header = mnl_nlmsg_put_header(request->octets);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return header;
}

/* ---- generic netlink ------------------------------------------------------------------------- */

static struct nlmsghdr *begin_generic(
	struct macsec_request *request, uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr *header = macsec_request_begin(request, family);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));

	generic->cmd = command;
	generic->version = version;
	return header;
}

void macsec_request_family(struct macsec_request *request)
{
	struct nlmsghdr *header = begin_generic(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

	mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, MACSEC_GENL_NAME);
}

void macsec_request_dump(struct macsec_request *request, uint16_t family)
{
	struct nlmsghdr *header = begin_generic(
		request, family, MACSEC_CMD_GET_TXSC, MACSEC_GENL_VERSION);

	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP; /* whose end is a message of its own */
}

/* The kernel takes an SCI as a number of 64 bits and means its octets. */
static void put_sci(struct nlmsghdr *header, uint16_t type, const struct macsec_sci *sci)
{
	mnl_attr_put(header, type, sizeof(sci->octets), sci->octets);
}

void macsec_request_channel(struct macsec_request *request, uint16_t family,
	enum macsec_change change, uint32_t ifindex, const struct macsec_sci *sci)
{
	static const uint8_t commands[] = {
		[MACSEC_ADD] = MACSEC_CMD_ADD_RXSC,
		[MACSEC_UPDATE] = MACSEC_CMD_UPD_RXSC,
		[MACSEC_DELETE] = MACSEC_CMD_DEL_RXSC,
	};
	struct nlmsghdr *header = begin_generic(
		request, family, commands[change], MACSEC_GENL_VERSION);
	struct nlattr *nest;

	mnl_attr_put_u32(header, MACSEC_ATTR_IFINDEX, ifindex);
	nest = mnl_attr_nest_start(header, MACSEC_ATTR_RXSC_CONFIG);
	put_sci(header, MACSEC_RXSC_ATTR_SCI, sci);
	if (change != MACSEC_DELETE) {
		mnl_attr_put_u8(header, MACSEC_RXSC_ATTR_ACTIVE, true);
	}
	mnl_attr_nest_end(header, nest);
}

/* The packet number has the size that the cipher suite gives it, or is refused. */
static void put_key(struct nlmsghdr *header, const struct macsec_sa_request *sa)
{
	const struct macsec_sak *sak = sa->sak;

	if (macsec_suite_is_extended(sa->suite)) {
		mnl_attr_put_u64(header, MACSEC_SA_ATTR_PN, sa->next_pn);
		mnl_attr_put_u32(header, MACSEC_SA_ATTR_SSCI, htonl(MACSEC_SSCI));
		mnl_attr_put(header, MACSEC_SA_ATTR_SALT, sak->salt.len, sak->salt.bytes);
	} else {
		mnl_attr_put_u32(header, MACSEC_SA_ATTR_PN, (uint32_t)sa->next_pn);
	}
	mnl_attr_put(header, MACSEC_SA_ATTR_KEYID, sizeof(*sa->key_id), sa->key_id);
	mnl_attr_put(header, MACSEC_SA_ATTR_KEY, sak->key.len, sak->key.bytes);
}

void macsec_request_sa(struct macsec_request *request, uint16_t family, enum macsec_change change,
	const struct macsec_sa_request *sa)
{
	static const uint8_t commands[][2] = {
		[MACSEC_ADD] = { MACSEC_CMD_ADD_TXSA, MACSEC_CMD_ADD_RXSA },
		[MACSEC_UPDATE] = { MACSEC_CMD_UPD_TXSA, MACSEC_CMD_UPD_RXSA },
		[MACSEC_DELETE] = { MACSEC_CMD_DEL_TXSA, MACSEC_CMD_DEL_RXSA },
	};
	struct nlmsghdr *header = begin_generic(
		request, family, commands[change][sa->sci != NULL], MACSEC_GENL_VERSION);
	struct nlattr *nest;

	mnl_attr_put_u32(header, MACSEC_ATTR_IFINDEX, sa->ifindex);
	if (sa->sci) {
		nest = mnl_attr_nest_start(header, MACSEC_ATTR_RXSC_CONFIG);
		put_sci(header, MACSEC_RXSC_ATTR_SCI, sa->sci);
		mnl_attr_nest_end(header, nest);
	}
	nest = mnl_attr_nest_start(header, MACSEC_ATTR_SA_CONFIG);
	mnl_attr_put_u8(header, MACSEC_SA_ATTR_AN, sa->an);
	if (change != MACSEC_DELETE) {
		mnl_attr_put_u8(header, MACSEC_SA_ATTR_ACTIVE, sa->active);
	}
	if (change == MACSEC_ADD) {
		put_key(header, sa);
	}
	mnl_attr_nest_end(header, nest);
}

/* ---- rtnetlink ------------------------------------------------------------------------------- */

static struct nlmsghdr *begin_link(
	struct macsec_request *request, uint16_t type, struct ifinfomsg **info)
{
	struct nlmsghdr *header = macsec_request_begin(request, type);

	*info = mnl_nlmsg_put_extra_header(header, sizeof(**info));
	return header;
}

void macsec_request_link(struct macsec_request *request, const char *name, uint32_t ifindex)
{
	struct ifinfomsg *info;
	struct nlmsghdr *header = begin_link(request, RTM_GETLINK, &info);

	if (name) {
		mnl_attr_put_strz(header, IFLA_IFNAME, name);
	} else {
		info->ifi_index = (int)ifindex;
	}
}

/* What belongs to this kind of device follows, and then end_kind(). */
static void begin_kind(struct nlmsghdr *header, struct nlattr *nests[static 2])
{
	nests[0] = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_str(header, IFLA_INFO_KIND, "macsec");
	nests[1] = mnl_attr_nest_start(header, IFLA_INFO_DATA);
}

static void end_kind(struct nlmsghdr *header, struct nlattr *nests[static 2])
{
	mnl_attr_nest_end(header, nests[1]);
	mnl_attr_nest_end(header, nests[0]);
}

static uint64_t suite_id(enum macsec_suite suite)
{
	static const uint64_t ids[MACSEC_SUITE_COUNT] = {
		[MACSEC_SUITE_GCM_AES_128] = MACSEC_CIPHER_ID_GCM_AES_128,
		[MACSEC_SUITE_GCM_AES_256] = MACSEC_CIPHER_ID_GCM_AES_256,
		[MACSEC_SUITE_GCM_AES_XPN_128] = MACSEC_CIPHER_ID_GCM_AES_XPN_128,
		[MACSEC_SUITE_GCM_AES_XPN_256] = MACSEC_CIPHER_ID_GCM_AES_XPN_256,
	};

	return ids[suite];
}

/* Encryption is off by default, and so is replay protection, which must come with its window. */
static void put_settings(struct nlmsghdr *header, uint32_t replay_window)
{
	mnl_attr_put_u8(header, IFLA_MACSEC_ENCRYPT, true);
	mnl_attr_put_u8(header, IFLA_MACSEC_PROTECT, true);
	mnl_attr_put_u8(header, IFLA_MACSEC_INC_SCI, true);
	mnl_attr_put_u8(header, IFLA_MACSEC_ES, false);
	mnl_attr_put_u8(header, IFLA_MACSEC_SCB, false);
	mnl_attr_put_u8(header, IFLA_MACSEC_REPLAY_PROTECT, true);
	mnl_attr_put_u32(header, IFLA_MACSEC_WINDOW, replay_window);
	mnl_attr_put_u8(header, IFLA_MACSEC_VALIDATION, MACSEC_VALIDATE_STRICT);
}

void macsec_request_create(
	struct macsec_request *request, const struct macsec_config *config, uint32_t parent)
{
	struct ifinfomsg *info;
	struct nlmsghdr *header = begin_link(request, RTM_NEWLINK, &info);
	struct nlattr *nests[2];

	header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	mnl_attr_put_strz(header, IFLA_IFNAME, config->name);
	mnl_attr_put_u32(header, IFLA_LINK, parent);
	begin_kind(header, nests);
	mnl_attr_put_u16(header, IFLA_MACSEC_PORT, htons(config->port));
	mnl_attr_put_u64(header, IFLA_MACSEC_CIPHER_SUITE, suite_id(config->suite));
	mnl_attr_put_u8(header, IFLA_MACSEC_ICV_LEN, ICV_LEN);
	/* Only when it is told the encoding SA does the kernel see that there is none. */
	mnl_attr_put_u8(header, IFLA_MACSEC_ENCODING_SA, 0);
	put_settings(header, config->replay_window);
	end_kind(header, nests);
}

void macsec_request_settings(
	struct macsec_request *request, uint32_t ifindex, uint32_t replay_window)
{
	struct ifinfomsg *info;
	struct nlmsghdr *header = begin_link(request, RTM_NEWLINK, &info);
	struct nlattr *nests[2];

	info->ifi_index = (int)ifindex;
	begin_kind(header, nests);
	put_settings(header, replay_window);
	end_kind(header, nests);
}

void macsec_request_encode(struct macsec_request *request, uint32_t ifindex, uint8_t an)
{
	struct ifinfomsg *info;
	struct nlmsghdr *header = begin_link(request, RTM_NEWLINK, &info);
	struct nlattr *nests[2];

	info->ifi_index = (int)ifindex;
	begin_kind(header, nests);
	mnl_attr_put_u8(header, IFLA_MACSEC_ENCODING_SA, an);
	end_kind(header, nests);
}

void macsec_request_delete(struct macsec_request *request, uint32_t ifindex)
{
	struct ifinfomsg *info;

	begin_link(request, RTM_DELLINK, &info);
	info->ifi_index = (int)ifindex;
}
