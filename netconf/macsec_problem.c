/* What went wrong with the kernel's MACsec, in words that say what to do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "netconf/macsec_private.h"

int macsec_fail(struct macsec *macsec, int error, const char *format, ...)
{
	int len = snprintf(macsec->problem, sizeof(macsec->problem), "%s: ", macsec->name);
	va_list args;

	va_start(args, format);
	vsnprintf(macsec->problem + len, sizeof(macsec->problem) - (size_t)len, format, args);
	va_end(args);
	return error;
}

static const char *explain(int error)
{
	switch (error) {
	case -EPERM:
		return "not permitted: keyidd needs CAP_NET_ADMIN in this network namespace";
	case -ENODEV:
		return "it is gone";
	case -ENETDOWN: /* of kernels that bring none up on a parent that is down */
		return "its parent interface is down";
	case -ETIMEDOUT:
		return "no answer from the kernel";
	case -EBADMSG:
		return "the kernel's answer is not understood";
	default:
		return strerrordesc_np(-error);
	}
}

int macsec_refused(struct macsec *macsec, const struct macsec_netlink *netlink, int error,
	const char *format, ...)
{
	const char *why = explain(error);
	const char *words = netlink->words;
	char what[MACSEC_PROBLEM_MAX / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return macsec_fail(macsec, error, "cannot %s: %s%s%s%s", what, why ? why : "unknown error",
		words[0] ? " (" : "", words, words[0] ? ")" : "");
}

const char *macsec_sci_text(const struct macsec_sci *sci, char out[static MACSEC_SCI_TEXT_LEN])
{
	hex_encode(sci->octets, sizeof(sci->octets), out);
	return out;
}
