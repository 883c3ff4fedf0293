/*
 * What an applier shows of this host's own MACsec: the kernel's devices, one for each link, made
 * into its view of the whole association. Pure; netconf/applier.h says what the parts mean.
 */
#ifndef NETCONF_MACSEC_REPORT_H
#define NETCONF_MACSEC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/applier.h"
#include "netconf/macsec.h"

/*
 * The view that is shown, of count devices, by link; all of it but used_up. Keys
 * of receive SAs alone come last, and are left out if there is no room.
 */
void macsec_report(
	const struct macsec_view *const *devices, size_t count, struct applier_view *view);

/* ---- when the next key is due ---------------------------------------------------------------- */

/* Where the octets sent under a link's key are counted from. Zeroed before first use. */
struct macsec_mark {
	uint32_t ifindex;
	struct macsec_key_id key_id;
	uint64_t sent_octets;
};

/*
 * Sets it to what the device has sent so far, if the device or the key that it uses is not the
 * one that the mark is of.
 */
void macsec_mark_update(struct macsec_mark *mark, const struct macsec_view *device);

/* The same for the key that is just about to be used. */
void macsec_mark_begin(struct macsec_mark *mark, const struct macsec_view *device, uint8_t an);

/* Has the device sent so much under the key in use? Of a mark that is up to date. */
bool macsec_used_up(const struct macsec_view *device, const struct macsec_mark *mark,
	const struct applier_macsec_config *config);

#endif
