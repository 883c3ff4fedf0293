#include "l2proto/reason.h"

#include <stddef.h>

static const char *const names[] = {
	[REASON_NONE] = "none",
	[REASON_KME_UNREACHABLE] = "kme-unreachable",
	[REASON_KME_TIMEOUT] = "kme-timeout",
	[REASON_KME_TLS] = "kme-tls",
	[REASON_KME_IDENTITY] = "kme-identity",
	[REASON_KME_CONNECTION_LOST] = "kme-connection-lost",
	[REASON_KME_UNAUTHORIZED] = "kme-unauthorized",
	[REASON_KME_BAD_REQUEST] = "kme-bad-request",
	[REASON_KME_KEY_NOT_FOUND] = "kme-key-not-found",
	[REASON_KME_UNAVAILABLE] = "kme-unavailable",
	[REASON_KME_HTTP_STATUS] = "kme-http-status",
	[REASON_KME_BAD_REPLY] = "kme-bad-reply",
	[REASON_KME_KEY_UNUSABLE] = "kme-key-unusable",
	[REASON_KME_OTHER] = "kme-other",
	[REASON_DEVICE_UNREACHABLE] = "device-unreachable",
	[REASON_DEVICE_HOST_KEY] = "device-host-key",
	[REASON_DEVICE_LOGIN] = "device-login",
	[REASON_DEVICE_PROTOCOL] = "device-protocol",
	[REASON_DEVICE_TIMEOUT] = "device-timeout",
	[REASON_DEVICE_CONNECTION_LOST] = "device-connection-lost",
	[REASON_DEVICE_LOCKED] = "device-locked",
	[REASON_DEVICE_REFUSED] = "device-refused",
	[REASON_DEVICE_COMMIT_FAILED] = "device-commit-failed",
	[REASON_DEVICE_NOT_CONFIGURED] = "device-not-configured",
	[REASON_DEVICE_UNSUITABLE_KEY] = "device-unsuitable-key",
	[REASON_DEVICE_OTHER] = "device-other",
	[REASON_DEVICE_NOT_LIVE] = "device-not-live",
	[REASON_DEVICE_WAITS] = "device-waits-for-neighbour",
	[REASON_DEVICE_CLOCK] = "device-clock",
	[REASON_DEVICE_CIPHER_SUITE] = "device-cipher-suite",
	[REASON_INTERRUPTED] = "interrupted",
	[REASON_NOT_READY] = "not-ready",
	[REASON_CONFLICT] = "conflict",
	[REASON_DUPLICATE_SAE] = "duplicate-sae",
	[REASON_STATE] = "state-not-written",
	[REASON_MEMBER_FAILED] = "member-failed",
	[REASON_RESTARTED] = "master-restarted",
	[REASON_KEY_LOST] = "key-lost",
	[REASON_MEMBER_SILENT] = "member-silent",
	[REASON_KEY_BUDGET] = "key-budget",
	[REASON_NO_FREE_AN] = "no-free-an",
	[REASON_LOOP] = "loop",
	[REASON_GENERATION_LIMIT] = "generation-limit",
	[REASON_START_TOO_FAR] = "start-too-far",
};

const char *reason_name(unsigned reason)
{
	if (reason >= sizeof(names) / sizeof(names[0]) || !names[reason]) {
		return "unknown";
	}
	return names[reason];
}
