/* Messages as custom TLVs of lldpd: put together, and cut (protocol.md section 1.1). */
#include <string.h>

#include "tools/keyidd-lldpd/agent_private.h"

void atom_for_each(lldpctl_atom_t *list, void (*fn)(void *ctx, lldpctl_atom_t *item), void *ctx)
{
	lldpctl_atom_iter_t *at = lldpctl_atom_iter(list);

	for (size_t i = 0; at && i < AGENT_ITEMS_MAX; i++) {
		lldpctl_atom_t *item = lldpctl_atom_iter_value(list, at);

		if (item) {
			fn(ctx, item);
			lldpctl_atom_dec_ref(item);
		}
		at = lldpctl_atom_iter_next(list, at);
	}
}

/* ---- a neighbour's message ------------------------------------------------------------------- */

struct joining {
	const struct lldp_format *format;
	uint8_t *out;
	size_t len;
	bool any, too_long;
};

static bool is_ours(const struct lldp_format *format, lldpctl_atom_t *tlv)
{
	size_t len;
	const uint8_t *oui = lldpctl_atom_get_buffer(tlv, lldpctl_k_custom_tlv_oui, &len);

	return oui && len == sizeof(format->oui) && memcmp(oui, format->oui, len) == 0 &&
	       lldpctl_atom_get_int(tlv, lldpctl_k_custom_tlv_oui_subtype) == format->subtype;
}

static void join(void *ctx, lldpctl_atom_t *tlv)
{
	struct joining *joining = ctx;
	const uint8_t *octets;
	size_t len;

	if (!is_ours(joining->format, tlv)) {
		return;
	}
	octets = lldpctl_atom_get_buffer(tlv, lldpctl_k_custom_tlv_oui_info_string, &len);
	len = octets ? len : 0;
	joining->any = true;
	if (len > LLDP_PART_MAX || len > MESSAGE_MAX_RAW - joining->len) {
		joining->too_long = true;
		return;
	}
	if (len > 0) {
		memcpy(joining->out + joining->len, octets, len);
		joining->len += len;
	}
}

bool tlv_join(const struct lldp_format *format, lldpctl_atom_t *neighbour,
	uint8_t out[static MESSAGE_MAX_RAW], size_t *len)
{
	struct joining joining = { .format = format, .out = out };
	const char *protocol = lldpctl_atom_get_str(neighbour, lldpctl_k_port_protocol);
	lldpctl_atom_t *list;

	/* lldpd can listen to other protocols too. */
	if (!protocol || strcmp(protocol, "LLDP") != 0) {
		return false;
	}
	list = lldpctl_atom_get(neighbour, lldpctl_k_custom_tlvs);
	atom_for_each(list, join, &joining);
	lldpctl_atom_dec_ref(list);
	*len = joining.too_long ? 0 : joining.len;
	return joining.any;
}

/* ---- ours ------------------------------------------------------------------------------------ */

static bool fill(lldpctl_atom_t *item, const struct lldp_format *format, enum tlv_op op,
	const uint8_t *octets, size_t len)
{
	static const char *const names[] = {
		[TLV_REPLACE] = "replace",
		[TLV_ADD] = "add",
		[TLV_REMOVE] = "remove",
	};

	return lldpctl_atom_set_buffer(
		       item, lldpctl_k_custom_tlv_oui, format->oui, sizeof(format->oui)) &&
	       lldpctl_atom_set_int(item, lldpctl_k_custom_tlv_oui_subtype, format->subtype) &&
	       lldpctl_atom_set_str(item, lldpctl_k_custom_tlv_op, names[op]) &&
	       (len == 0 || lldpctl_atom_set_buffer(
				    item, lldpctl_k_custom_tlv_oui_info_string, octets, len));
}

/* What is made lives in the list that it was made for. */
bool tlv_make(struct tlv *tlv, lldpctl_atom_t *port, const struct lldp_format *format,
	enum tlv_op op, const uint8_t *octets, size_t len)
{
	tlv->list = lldpctl_atom_get(port, lldpctl_k_custom_tlvs);
	tlv->item = lldpctl_atom_create(tlv->list);
	if (tlv->item && fill(tlv->item, format, op, octets, len)) {
		return true;
	}
	tlv_free(tlv);
	return false;
}

void tlv_free(struct tlv *tlv)
{
	lldpctl_atom_dec_ref(tlv->item);
	lldpctl_atom_dec_ref(tlv->list);
	*tlv = (struct tlv){ NULL, NULL };
}
