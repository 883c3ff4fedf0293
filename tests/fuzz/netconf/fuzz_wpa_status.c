/*
 * What wpa_supplicant answers to STATUS: whatever it is, nothing is read that cannot be,
 * and written again it reads the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "netconf/wpa_control.h"
#include "netconf/wpa_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check(const struct wpa_status *status)
{
	demand(status->network >= -1 && status->network <= 999999999);
	demand(status->has_kay || (!status->secured && !status->participates));
	demand(status->participates ? status->ckn_len >= 1 && status->ckn_len <= APPLIER_CKN_MAX
				    : status->ckn_len == 0 && status->live_peers == 0);
}

static size_t print_address(const uint8_t *octets, char *text)
{
	return (size_t)sprintf(text, "%02x:%02X:%02x:%02x:%02x:%02x", octets[0], octets[1],
		octets[2], octets[3], octets[4], octets[5]);
}

static void print(const struct wpa_status *status, char *text)
{
	const uint8_t *sci = status->sci.octets;
	char ckn[2 * APPLIER_CKN_MAX + 1];

	*text = '\0';
	if (status->participates) {
		hex_encode(status->ckn, status->ckn_len, ckn);
		text += sprintf(text, "live_peers=%u\nckn=%s\nparticipant_idx=0\n",
			status->live_peers, ckn);
	}
	if (status->has_kay) {
		text += sprintf(text, "actor_sci=");
		text += print_address(sci, text);
		text += sprintf(text, "@%u\nSecured=%s\nPAE KaY status=Active\n",
			sci[6] << 8 | sci[7], status->secured ? "Yes" : "No");
	}
	if (status->has_address) {
		text += sprintf(text, "address=");
		text += print_address(status->address, text);
		text += sprintf(text, "\n");
	}
	if (status->network >= 0) {
		sprintf(text, "id=%ld\n", (long)status->network);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[WPA_REPLY_MAX + 1];
	struct wpa_status status, again;
	struct problem problem;

	if (size > WPA_REPLY_MAX || memchr(data, 0, size)) {
		return 0; /* what the client of the socket does not let through */
	}
	memcpy(text, data, size);
	text[size] = '\0';
	if (wpa_status_read(text, &status, &problem) < 0) {
		demand(problem.error == APPLIER_ERROR_PROTOCOL && problem.text[0]);
		return 0;
	}
	check(&status);
	print(&status, text);
	demand(wpa_status_read(text, &again, &problem) == 0);
	demand(memcmp(&status, &again, sizeof(status)) == 0);
	return 0;
}
