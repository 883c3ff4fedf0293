/*
 * One word for how an association is. The table below is the order in which the
 * cases are looked at: the newest thing under way first, what is at rest last.
 */
#include "keyidd/control_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a case looks at. */
struct look {
	const struct association *association;
	const struct exchange *exchange;
	const struct exchange_record *record;
	struct exchange_time now;
	struct sae_status own;
	bool master;
	bool undecided; /* a proposal is under way */
	bool deciding;  /* COMMIT, and not CONFIRMED yet */
};

const char *control_failure_text(const struct association *association, unsigned reason)
{
	if (reason == REASON_DEVICE_CLOCK) {
		return association->clock_text;
	}
	if (reason == REASON_DEVICE_NOT_LIVE || reason == REASON_DEVICE_WAITS) {
		return ""; /* not the device's words */
	}
	if (reason >= REASON_KME_UNREACHABLE && reason < REASON_DEVICE_UNREACHABLE) {
		return association->kme_text;
	}
	if (reason >= REASON_DEVICE_UNREACHABLE && reason < REASON_INTERRUPTED) {
		return association->device_text;
	}
	return "";
}

void control_failure(const struct association *association, unsigned reason, char *out, size_t size)
{
	const char *text = control_failure_text(association, reason);

	snprintf(out, size, "%s%s%s", reason_name(reason), text[0] ? ": " : "", text);
}

void control_hold(const struct association *association, char *out, size_t size)
{
	const struct exchange *x = &association->exchange;

	if (x->hold_sae.len > 0) {
		snprintf(out, size, "%s (%s)", reason_name(x->hold_reason), x->hold_sae.text);
	} else {
		control_failure(association, x->hold_reason, out, size);
	}
}

static const char *device_name(const struct look *look)
{
	return look->association->config->device->name;
}

static const char *kme_name(const struct look *look)
{
	return look->association->config->kme->name;
}

static bool about(const struct proposal_ref *ref, const struct proposal *proposal)
{
	return ref->generation != 0 && ref->generation == proposal->generation &&
	       memcmp(ref->digest, proposal->digest, DIGEST_LEN) == 0;
}

/* "waits for A, B": the members that are not there yet; what they lack depends on the case. */
static void say_members(const struct look *look, char *detail, const char *what,
	bool (*there)(const struct look *look, const struct sae_status *status))
{
	const struct exchange_config *config = look->exchange->config;
	bool first = true;

	for (size_t i = 0; i < config->member_count; i++) {
		const struct exchange_peer *peer = exchange_find_peer(
			look->exchange, &config->members[i]);
		bool live = peer && exchange_peer_live(look->exchange, peer, look->now);

		if (live && there(look, &peer->status)) {
			continue;
		}
		control_append(detail, CONTROL_TEXT_MAX, "%s %s%s", first ? "waits for" : ",",
			config->members[i].text, live ? "" : " (silent)");
		first = false;
	}
	if (!first) {
		control_append(detail, CONTROL_TEXT_MAX, " to %s", what);
	}
}

static bool member_ready(const struct look *look, const struct sae_status *status)
{
	return about(&status->staged, &look->record->staged);
}

static bool member_live(const struct look *look, const struct sae_status *status)
{
	return about(&status->applied, &look->record->committed) && status->live;
}

/* ---- a proposal is under way ---------------------------------------------------------------- */

static bool is_failed(const struct look *look, char *detail)
{
	if (!look->undecided ||
		look->exchange->failed.generation != look->record->staged.generation) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "generation %" PRIu64 ": ",
		look->record->staged.generation);
	control_failure(look->association, look->exchange->failed_reason, detail + strlen(detail),
		CONTROL_TEXT_MAX - strlen(detail));
	return true;
}

static bool is_fetching(const struct look *look, char *detail)
{
	if (!look->undecided || look->record->stage != EXCHANGE_STAGE_FETCHING) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "%s asked of %s",
		look->master ? "enc_keys" : "dec_keys", kme_name(look));
	return true;
}

static bool is_preparing(const struct look *look, char *detail)
{
	if (!look->undecided || look->exchange->prepared) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "%s is asked whether it would take the key",
		device_name(look));
	return true;
}

static bool is_ready(const struct look *look, char *detail)
{
	if (!look->undecided) {
		return false;
	}
	if (look->master) {
		say_members(look, detail, "be ready", member_ready);
	} else {
		control_append(detail, CONTROL_TEXT_MAX, "waits for %s to decide",
			look->exchange->config->master.text);
	}
	return true;
}

/* ---- decided, not confirmed ----------------------------------------------------------------- */

static bool is_lost(const struct look *look, char *detail)
{
	if (look->own.lost.generation == 0) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX,
		"generation %" PRIu64
		" is decided, but its key is not held here; a new one is asked for",
		look->own.lost.generation);
	return true;
}

static bool is_live(const struct look *look, char *detail)
{
	if (!look->deciding || !look->own.live) {
		return false;
	}
	if (look->master) {
		say_members(look, detail, "use the key", member_live);
	} else {
		control_append(detail, CONTROL_TEXT_MAX, "waits for %s to confirm",
			look->exchange->config->master.text);
	}
	return true;
}

/* By the host's clock, which the device's is close to. */
static bool says_start(const struct look *look, char *detail)
{
	int64_t start = look->record->committed.start;
	char at[CLOCK_UTC_TEXT], age[CONTROL_AGE_TEXT];

	if (start <= look->now.wall_s) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "%s waits for the key's start at %s, in %s",
		device_name(look), clock_utc(start, at),
		control_age((uint64_t)(start - look->now.wall_s) * 1000, age));
	return true;
}

static bool is_applied(const struct look *look, char *detail)
{
	if (!look->deciding || look->own.applied.generation == 0) {
		return false;
	}
	if (says_start(look, detail)) {
		return true;
	}
	control_append(detail, CONTROL_TEXT_MAX, "%s holds the key and does not use it yet",
		device_name(look));
	return true;
}

static bool is_applying(const struct look *look, char *detail)
{
	if (!look->deciding || look->exchange->device_pending != EXCHANGE_DEVICE_COMMIT) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "%s takes the key over", device_name(look));
	return true;
}

static bool is_committed(const struct look *look, char *detail)
{
	const struct exchange *x = look->exchange;
	char age[CONTROL_AGE_TEXT];

	if (!look->deciding) {
		return false;
	}
	if (x->device_reason != REASON_NONE) {
		control_append(detail, CONTROL_TEXT_MAX, "%s: ", device_name(look));
		control_failure(look->association, x->device_reason, detail + strlen(detail),
			CONTROL_TEXT_MAX - strlen(detail));
		if (x->device_retry_ms > look->now.mono_ms) {
			control_append(detail, CONTROL_TEXT_MAX, "; again in %s",
				control_age(x->device_retry_ms - look->now.mono_ms, age));
		}
	} else if (!x->device_known) {
		control_append(
			detail, CONTROL_TEXT_MAX, "%s has not been read yet", device_name(look));
	} else if (x->config->uses_start) {
		control_append(
			detail, CONTROL_TEXT_MAX, "%s is to be given the key", device_name(look));
	} else {
		control_append(detail, CONTROL_TEXT_MAX,
			"waits until every neighbour reports a key that keeps the link up");
	}
	return true;
}

/* ---- nothing under way ---------------------------------------------------------------------- */

/* Who said that it failed there, and why. */
static void say_failed_members(const struct look *look, char *detail)
{
	const struct exchange *x = look->exchange;

	for (size_t i = 0; i < x->config->member_count; i++) {
		const struct exchange_peer *peer = exchange_find_peer(x, &x->config->members[i]);

		if (peer && about(&peer->status.failed, &look->record->staged)) {
			control_append(detail, CONTROL_TEXT_MAX, " (%s: %s)", peer->status.sae.text,
				reason_name(peer->status.failed_reason));
		}
	}
}

static bool is_backing_off(const struct look *look, char *detail)
{
	uint64_t retry_ms = look->exchange->retry_due_ms;
	char age[CONTROL_AGE_TEXT];

	if (!look->master || look->record->stage != EXCHANGE_STAGE_ABORTED ||
		retry_ms <= look->now.mono_ms) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX,
		"generation %" PRIu64 " was given up: ", look->record->staged.generation);
	control_failure(look->association, look->exchange->failed_reason, detail + strlen(detail),
		CONTROL_TEXT_MAX - strlen(detail));
	say_failed_members(look, detail);
	control_append(detail, CONTROL_TEXT_MAX, "; the next one in %s",
		control_age(retry_ms - look->now.mono_ms, age));
	return true;
}

static bool is_held(const struct look *look, char *detail)
{
	const struct exchange *x = look->exchange;

	if (!look->master || x->hold_reason == REASON_NONE) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "a new key is due, but: ");
	control_hold(look->association, detail + strlen(detail), CONTROL_TEXT_MAX - strlen(detail));
	return true;
}

static bool is_asking(const struct look *look, char *detail)
{
	if (!look->own.rekey_wanted) {
		return false;
	}
	control_append(detail, CONTROL_TEXT_MAX, "asks %s for a new key",
		look->exchange->config->master.text);
	return true;
}

static bool is_confirmed(const struct look *look, char *detail)
{
	(void)detail;
	return look->record->decision == SLOT_CONFIRMED;
}

static bool is_idle(const struct look *look, char *detail)
{
	(void)look;
	control_append(detail, CONTROL_TEXT_MAX, "no key was ever agreed on");
	return true;
}

static const struct {
	const char *name;
	bool (*is)(const struct look *look, char *detail);
} cases[] = {
	{ "failed", is_failed },
	{ "fetching", is_fetching },
	{ "preparing", is_preparing },
	{ "ready", is_ready },
	{ "lost", is_lost },
	{ "live", is_live },
	{ "applied", is_applied },
	{ "applying", is_applying },
	{ "committed", is_committed },
	{ "backing-off", is_backing_off },
	{ "held", is_held },
	{ "asking", is_asking },
	{ "confirmed", is_confirmed },
	{ "idle", is_idle },
};

void control_describe(const struct association *association, struct exchange_time now,
	struct control_state *state)
{
	struct look look = { .association = association,
		.exchange = &association->exchange,
		.record = &association->exchange.record,
		.now = now,
		.master = association->exchange.config->role == EXCHANGE_MASTER,
		.undecided = exchange_undecided(&association->exchange.record),
		.deciding = association->exchange.record.decision == SLOT_COMMIT };
	size_t i = 0;

	exchange_own_status(&association->exchange, &look.own);
	state->detail[0] = '\0';
	while (!cases[i].is(&look, state->detail)) {
		i++; /* the last one always is */
	}
	state->name = cases[i].name;
}
