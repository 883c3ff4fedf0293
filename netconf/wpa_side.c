#include "netconf/wpa_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/hex.h"
#include "netconf/deadline.h"

#define VALUE_MAX_LEN 63
#define POLL_MS 50
#define SCI_TEXT_LEN (2 * sizeof(struct macsec_sci) + 1)

/* ---- requests -------------------------------------------------------------------------------- */

int wpa_side_open(struct wpa_side *side, struct problem *problem)
{
	struct wpa_reply reply;

	if (wpa_control_open(&side->control, problem) < 0 ||
		wpa_control_ask(&side->control, "PING", "PING", &reply, problem) < 0) {
		return -1;
	}
	return strcmp(reply.text, "PONG\n") == 0
		       ? 0
		       : problem_set(problem, APPLIER_ERROR_PROTOCOL,
				 "%s: its answer to PING is not PONG", side->path);
}

void wpa_side_close(struct wpa_side *side)
{
	wpa_control_close(&side->control);
}

static int ask_status(struct wpa_side *side, struct wpa_status *status, struct problem *problem)
{
	struct wpa_reply reply;
	struct problem wrong;

	if (wpa_control_ask(&side->control, "STATUS", "STATUS", &reply, problem) < 0) {
		return -1;
	}
	return wpa_status_read(reply.text, status, &wrong) < 0
		       ? problem_set(problem, wrong.error, "%s: %s", side->path, wrong.text)
		       : 0;
}

/* Sets "" if there is no such value, or no such network block. */
static int get_value(struct wpa_side *side, const char *name, char value[static VALUE_MAX_LEN + 1],
	struct problem *problem)
{
	struct wpa_reply reply;
	char request[64];

	snprintf(request, sizeof(request), "GET_NETWORK %u %s", side->network, name);
	if (wpa_control_ask(&side->control, request, request, &reply, problem) < 0) {
		return -1;
	}
	if (reply.len > VALUE_MAX_LEN) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"%s: an answer to %s of %zu octets", side->path, request, reply.len);
	}
	memcpy(value, reply.text, reply.len + 1);
	if (strcmp(value, "FAIL\n") == 0) {
		value[0] = '\0';
	}
	return 0;
}

static int set_value(
	struct wpa_side *side, const char *name, const char *value, struct problem *problem)
{
	char what[64], request[sizeof(what) + 2 * SECRET_MAX + 2];
	int rc;

	snprintf(what, sizeof(what), "SET_NETWORK %u %s", side->network, name);
	snprintf(request, sizeof(request), "%s %s", what, value);
	rc = wpa_control_order(&side->control, what, request, problem);
	secret_wipe_bytes(request, sizeof(request));
	return rc;
}

/* ---- what it can do -------------------------------------------------------------------------- */

static int check_block(struct wpa_side *side, bool may_be_off, struct problem *problem)
{
	static const struct {
		const char *name, *value;
	} needed[] = {
		{ "key_mgmt", "NONE" },
		{ "disabled", "0" },
		{ "macsec_policy", "1" },
		{ "macsec_integ_only", "0" },
	};
	char value[VALUE_MAX_LEN + 1];

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (get_value(side, needed[i].name, value, problem) < 0) {
			return -1;
		}
		if (!value[0] && i == 0) {
			return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
				"%s: there is no network block %u: write one with key_mgmt=NONE "
				"and macsec_policy=1, or configure another network",
				side->path, side->network);
		}
		if (!value[0]) {
			return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
				"%s: this wpa_supplicant knows no %s: it needs one with MACsec",
				side->path, needed[i].name);
		}
		if (strcmp(value, needed[i].value) != 0 &&
			!(may_be_off && strcmp(needed[i].name, "macsec_policy") == 0)) {
			return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
				"%s: network block %u has %s=%s, and needs %s", side->path,
				side->network, needed[i].name, value, needed[i].value);
		}
	}
	return 0;
}

/* The cipher suite of its SAKs: 2.10 knows one; from 2.11 on macsec_csindex says it. */
static int check_suite(struct wpa_side *side, enum macsec_suite suite, struct problem *problem)
{
	bool wants_256 = suite == MACSEC_SUITE_GCM_AES_256;
	char value[VALUE_MAX_LEN + 1];
	struct wpa_reply version;

	if (get_value(side, "macsec_csindex", value, problem) < 0) {
		return -1;
	}
	if (strcmp(value[0] ? value : "0", wants_256 ? "1" : "0") == 0) {
		return 0;
	}
	if (value[0]) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s: network block %u has macsec_csindex=%s, and cipher-suite: %s needs %d",
			side->path, side->network, value, macsec_suite_name(suite), wants_256);
	}
	if (wpa_control_ask(&side->control, "GET version", "GET version", &version, problem) < 0) {
		return -1;
	}
	return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: wpa_supplicant %.20s has no %s, which came with 2.11: write cipher-suite: "
		"gcm-aes-128 at both ends, or take a newer one",
		side->path, version.text, macsec_suite_name(suite));
}

static int check_device(struct wpa_side *side, enum macsec_suite suite,
	const struct macsec_sci *sci, struct wpa_secy *secy, struct problem *problem)
{
	char sci_text[SCI_TEXT_LEN];

	if (side->kernel->find_secy(side->parent, sci, secy, problem) < 0) {
		return -1;
	}
	hex_encode(sci->octets, sizeof(sci->octets), sci_text);
	if (secy->ifindex == 0) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s has no macsec device with SCI %s: make it (ip link add link %s NAME "
			"type macsec sci %s encrypt on), then start wpa_supplicant",
			side->parent, sci_text, side->parent, sci_text);
	}
	if (secy->suite != suite) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s is a macsec device for %s, not %s: delete it, and make one with cipher "
			"%s",
			secy->name, macsec_suite_name(secy->suite), macsec_suite_name(suite),
			macsec_suite_name(suite));
	}
	return 0;
}

/*
 * What a wpa_supplicant that was killed has left on the device: the next one adopts that, takes
 * the kernel's refusal to add the same once more for the peer's fault, and MKA never gets on.
 */
static int check_left_over(
	struct wpa_side *side, const struct wpa_secy *secy, struct problem *problem)
{
	struct wpa_status status;

	if (secy->empty || ask_status(side, &status, problem) < 0) {
		return secy->empty ? 0 : -1;
	}
	if (status.live_peers > 0) {
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
		"%s has SAs of a wpa_supplicant that was killed, and no other can do with that: "
		"stop it, delete the device, make it again, start wpa_supplicant",
		secy->name);
}

/* The SCI that it has, or will have: it may not have tried yet. */
static int predict_sci(struct wpa_side *side, const struct wpa_status *status,
	struct macsec_sci *sci, struct problem *problem)
{
	char value[VALUE_MAX_LEN + 1];
	unsigned long port;

	if (status->has_kay) {
		*sci = status->sci;
		return 0;
	}
	if (get_value(side, "macsec_port", value, problem) < 0) {
		return -1;
	}
	port = strtoul(value, NULL, 10);
	if (!status->has_address || port == 0 || port > UINT16_MAX) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"%s: it tells neither its address nor its macsec_port", side->path);
	}
	memcpy(sci->octets, status->address, sizeof(status->address));
	sci->octets[6] = (uint8_t)(port >> 8);
	sci->octets[7] = (uint8_t)port;
	return 0;
}

int wpa_side_check(struct wpa_side *side, enum macsec_suite suite, bool may_be_off,
	struct wpa_secy *secy, struct problem *problem)
{
	struct wpa_status status;
	struct macsec_sci sci;

	if (check_block(side, may_be_off, problem) < 0 || check_suite(side, suite, problem) < 0 ||
		ask_status(side, &status, problem) < 0 ||
		predict_sci(side, &status, &sci, problem) < 0 ||
		check_device(side, suite, &sci, secy, problem) < 0) {
		return -1;
	}
	/* Looked at before and after: a peer that has come in between has a channel. */
	return status.live_peers > 0 ? 0 : check_left_over(side, secy, problem);
}

/* ---- what it holds --------------------------------------------------------------------------- */

int wpa_side_look(struct wpa_side *side, struct wpa_look *look, struct problem *problem)
{
	const struct wpa_status *status = &look->status;
	struct macsec_sci sci;

	memset(look, 0, sizeof(*look));
	if (ask_status(side, &look->status, problem) < 0) {
		return -1;
	}
	if (status->network >= 0 && status->network != side->network) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"%s: it uses network block %u, not %u: disable that, or configure it",
			side->path, (unsigned)status->network, side->network);
	}
	if (predict_sci(side, status, &sci, problem) < 0 ||
		side->kernel->find_secy(side->parent, &sci, &look->secy, problem) < 0) {
		return -1;
	}
	look->live = status->participates && status->secured && status->live_peers > 0 &&
		     look->secy.works;
	return 0;
}

bool wpa_side_holds(const struct wpa_look *look, const struct applier_key *key)
{
	return look->status.participates && look->status.ckn_len == key->ckn_len &&
	       memcmp(look->status.ckn, key->ckn, key->ckn_len) == 0;
}

/* ---- a key ----------------------------------------------------------------------------------- */

static int set_cak(struct wpa_side *side, const struct secret *cak, struct problem *problem)
{
	char digits[2 * SECRET_MAX + 1];
	int rc;

	hex_encode(cak->bytes, cak->len, digits);
	rc = set_value(side, "mka_cak", digits, problem);
	secret_wipe_bytes(digits, sizeof(digits));
	return rc;
}

/* The key is held; or, of none, no key is. */
static bool has_happened(const struct wpa_look *look, const struct applier_key *key)
{
	return key ? wpa_side_holds(look, key) : !look->status.participates;
}

/* What it is told to do it does after it has answered. */
static int associate(struct wpa_side *side, const struct applier_key *key, struct problem *problem)
{
	uint64_t deadline_ms = deadline_now_ms() + side->control.timeout_ms;
	struct wpa_look look;
	int rc = wpa_control_order(&side->control, "REASSOCIATE", "REASSOCIATE", problem);

	while (rc == 0) {
		rc = wpa_side_look(side, &look, problem);
		if (rc == 0 && has_happened(&look, key)) {
			return 0;
		}
		if (rc == 0 && deadline_now_ms() >= deadline_ms) {
			return problem_set(problem, APPLIER_ERROR_COMMIT_FAILED,
				"%s: wpa_supplicant has not %s the key within %u ms: its log may "
				"say why",
				side->path, key ? "taken up" : "given up",
				side->control.timeout_ms);
		}
		rc = rc < 0 ? rc : wpa_control_pause(&side->control, POLL_MS, problem);
	}
	return rc;
}

/* The CAK first: should we end in between, MKA with the old name and the new key never works. */
int wpa_side_set_key(struct wpa_side *side, const struct applier_key *key, struct problem *problem)
{
	char ckn[2 * APPLIER_CKN_MAX + 1];

	hex_encode(key->ckn, key->ckn_len, ckn);
	if (set_cak(side, &key->cak, problem) < 0 || set_value(side, "mka_ckn", ckn, problem) < 0 ||
		set_value(side, "macsec_policy", "1", problem) < 0) {
		return -1;
	}
	return associate(side, key, problem);
}

/* By a key that nobody knows, not by one that everybody does. */
int wpa_side_end(struct wpa_side *side, struct problem *problem)
{
	struct secret nobodys = { .len = 32 };
	int rc = set_value(side, "macsec_policy", "0", problem);

	rc = rc < 0 ? rc : associate(side, NULL, problem);
	if (rc == 0 && getrandom(nobodys.bytes, nobodys.len, 0) != (ssize_t)nobodys.len) {
		rc = problem_set(problem, APPLIER_ERROR_INTERNAL, "no random numbers: %m");
	}
	rc = rc < 0 ? rc : set_cak(side, &nobodys, problem);
	secret_wipe(&nobodys);
	return rc;
}
