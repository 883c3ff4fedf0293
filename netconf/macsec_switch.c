/* The encoding SA is switched, with frames held back where they can be: macsec_plug.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "netconf/macsec_plug.h"
#include "netconf/macsec_private.h"

/* ---- what is said ---------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void warn(
	struct macsec *macsec, const char *format, ...)
{
	int len = snprintf(macsec->warning, sizeof(macsec->warning),
		"%s: frames are not held back at a change of keys, which may lose one: ",
		macsec->name);
	va_list args;

	va_start(args, format);
	vsnprintf(macsec->warning + len, sizeof(macsec->warning) - (size_t)len, format, args);
	va_end(args);
}

static void warn_of_error(struct macsec *macsec, const char *what, int error)
{
	const char *why = strerrordesc_np(-error);

	warn(macsec, "%s: %s", what, why ? why : "unknown error");
}

/* ---- opening --------------------------------------------------------------------------------- */

/* What the kernel gives of itself, the one before the device has been up. */
static bool is_default(const char *qdisc)
{
	return strcmp(qdisc, "noop") == 0 || strcmp(qdisc, "noqueue") == 0;
}

static int ask_to_release(struct macsec *macsec)
{
	struct macsec_request request;

	macsec_plug_request_release(&request, macsec->ifindex);
	return macsec_netlink_ask(&macsec->route, &request, NULL, NULL);
}

static void install(struct macsec *macsec)
{
	struct macsec_batch batch = { 0 };
	int rc;

	macsec_plug_install(&batch, macsec->ifindex);
	rc = macsec_netlink_ask_all(&macsec->route, &batch);
	for (size_t i = 0; rc == 0 && i < batch.count; i++) {
		rc = macsec_batch_error(&batch, i);
	}
	if (rc < 0) {
		ask_to_release(macsec); /* a new one holds frames */
	}
	if (rc == -ENOENT) {
		warn(macsec, "the kernel has no queueing discipline plug (CONFIG_NET_SCH_PLUG)");
	} else if (rc < 0) {
		warn_of_error(
			macsec, "the kernel does not give it the queueing discipline plug", rc);
	}
	macsec->has_plug = rc == 0;
}

/* Another root goes with all that it has queued; and while it is changed, frames are dropped. */
static void install_if_idle(struct macsec *macsec, const char *qdisc)
{
	struct macsec_view view;
	int rc;

	if (!is_default(qdisc)) {
		warn(macsec, "it has the queueing discipline %s", qdisc);
		return;
	}
	rc = macsec_read(macsec, &view);
	if (rc < 0) {
		macsec->problem[0] = '\0';
		warn_of_error(macsec, "it cannot be read back", rc);
	} else if (view.operational && !view.offloaded) {
		warn(macsec, "it was in use already when it was adopted (delete it, and keyidd "
			     "makes it anew)");
	} else if (!view.offloaded) {
		install(macsec);
	}
}

void macsec_switch_open(struct macsec *macsec, bool wanted)
{
	struct macsec_link link;
	int rc = macsec_find_link(macsec, NULL, macsec->ifindex, &link);

	if (rc == 0 && strcmp(link.qdisc, MACSEC_PLUG_KIND) == 0 && ask_to_release(macsec) == 0) {
		macsec->has_plug = wanted;
	} else if (rc == 0 && wanted) {
		install_if_idle(macsec, link.qdisc);
	} else if (wanted) {
		warn_of_error(macsec, "its queueing discipline cannot be looked at", rc);
	}
}

/* ---- the switch ------------------------------------------------------------------------------ */

static int report(struct macsec *macsec, int rc, uint8_t an)
{
	return rc < 0 ? macsec_refused(
				macsec, &macsec->route, rc, "encrypt with the SA at AN %u", an)
		      : 0;
}

static int switch_at_once(struct macsec *macsec, uint8_t an)
{
	struct macsec_request request;

	macsec_request_encode(&request, macsec->ifindex, an);
	return report(macsec, macsec_netlink_ask(&macsec->route, &request, NULL, NULL), an);
}

/* If the plug is not there any more, nothing is held. */
static int switch_held(struct macsec *macsec, uint8_t an)
{
	struct macsec_plug_outcome outcome;
	struct macsec_batch batch = { 0 };
	uint8_t random[MACSEC_NONCE_LEN];
	uint32_t ids[MACSEC_PLUG_IDS];
	int rc = macsec_nonce_draw(random);

	if (rc < 0) {
		return macsec_fail(macsec, rc, "OpenSSL has no random numbers");
	}
	macsec_plug_ids(random, ids);
	macsec_plug_switch(&batch, macsec->ifindex, an, ids);
	rc = macsec_netlink_ask_all(&macsec->route, &batch);
	outcome = macsec_plug_judge(&batch);
	if (!outcome.released) {
		ask_to_release(macsec);
	}
	macsec->warning[0] = '\0';
	if (outcome.hold_error < 0) {
		warn_of_error(macsec, "the kernel did not do so, or did not wait (needs Linux 5.8)",
			outcome.hold_error);
	}
	snprintf(macsec->route.words, sizeof(macsec->route.words), "%s", outcome.words);
	return report(macsec, outcome.error == -ETIMEDOUT ? rc : outcome.error, an);
}

/* Hardware that encrypts takes key and AN together. */
int macsec_switch(struct macsec *macsec, const struct macsec_view *view, uint8_t an)
{
	return macsec->has_plug && !view->offloaded ? switch_held(macsec, an)
						    : switch_at_once(macsec, an);
}
