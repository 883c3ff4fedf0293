/*
 * When the keys of a key-chain start (protocol.md section 5.8). Every start is
 * told by the clocks of the devices: the newest one that has come decides which
 * key a device uses, without anybody asking. So all must have the keys before
 * the first one starts, and nothing is ever taken back because somebody is silent.
 */
#include "l2proto/exchange_private.h"

#define MARGIN 4 /* the lead, in longest hand-overs; a quarter of it is needed to hand one over */
#define LEAD_GROWTH 16 /* the longest lead, in shortest ones */
#define AHEAD_S 86400  /* beyond what rotations can come to, a start is somebody's mistake */

/* ---- clocks --------------------------------------------------------------------------------- */

/* The device's clock now, as it was read back last and has run on since. */
static int64_t device_now(const struct step *s)
{
	return s->x->view.clock_s + (int64_t)((s->now.mono_ms - s->x->view_ms) / 1000);
}

void start_check_clock(struct step *s)
{
	struct exchange *x = s->x;
	int64_t ahead_s = x->view.clock_s - s->now.wall_s;

	x->clock_wrong = x->config->uses_start &&
			 (ahead_s > (int64_t)x->config->clock_tolerance_s ||
				 -ahead_s > (int64_t)x->config->clock_tolerance_s);
}

static bool has_wrong_clock(const struct exchange *x, const struct sae_status *status)
{
	(void)x;
	return status->device_reason == REASON_DEVICE_CLOCK;
}

bool start_clock_wrong(const struct step *s, const struct sae_id **sae)
{
	*sae = NULL;
	return s->x->clock_wrong || members_any(s, has_wrong_clock, sae);
}

/* Seconds until the committed keys start; 0 if they have, or start at once. */
int64_t start_left_s(const struct step *s)
{
	const struct exchange *x = s->x;
	int64_t left_s = x->record.committed.start - device_now(s);

	return x->config->uses_start && x->device_known && left_s > 0 ? left_s : 0;
}

/* ---- how long before ------------------------------------------------------------------------ */

/* How long it takes until every device has what was committed: what was seen, and what is seen now.
 */
static uint64_t longest_hand_over_ms(const struct step *s)
{
	const struct exchange *x = s->x;
	uint64_t longest_ms = x->committed_ms ? s->now.mono_ms - x->committed_ms : 0;

	for (size_t i = 0; i < EXCHANGE_HAND_OVERS; i++) {
		longest_ms = x->hand_over_ms[i] > longest_ms ? x->hand_over_ms[i] : longest_ms;
	}
	return longest_ms;
}

/* Rounded up: a start is a whole second, and so is a clock. */
int64_t start_lead_s(const struct step *s)
{
	uint64_t least_s = s->x->config->lead_s;
	uint64_t lead = MARGIN * longest_hand_over_ms(s) / 1000 + 1;

	if (lead > LEAD_GROWTH * least_s) {
		lead = LEAD_GROWTH * least_s;
	}
	return (int64_t)(lead > least_s ? lead : least_s) + 1;
}

/* ---- the first start ------------------------------------------------------------------------ */

/* The start of the last key of what is committed. */
static int64_t last_decided(const struct exchange_record *record)
{
	const struct proposal *committed = &record->committed;

	return record->decision == SLOT_EMPTY
		       ? 0
		       : committed->start +
				 (committed->key_count - 1) * (int64_t)committed->spacing_s;
}

/* The latest start in any key-chain. *sae: whose it is, NULL if our own device's. */
static int64_t latest_start(const struct step *s, const struct sae_id **sae)
{
	const struct exchange *x = s->x;
	int64_t latest = x->view.latest_start, decided = last_decided(&x->record);

	*sae = NULL;
	if (decided > latest) {
		latest = decided; /* the device may have it since it was read back */
	}
	for (size_t i = 0; i < SAES_MAX; i++) {
		const struct sae_status *status = &x->peers[i].status;

		if (exchange_peer_live(x, &x->peers[i], s->now) && status->latest_start > latest) {
			latest = status->latest_start;
			*sae = &status->sae;
		}
	}
	return latest;
}

bool start_too_far(const struct step *s, const struct sae_id **sae)
{
	const struct exchange_config *config = s->x->config;
	int64_t limit = device_now(s) + (int64_t)LEAD_GROWTH * config->lead_s +
			2 * (int64_t)config->batch * config->spacing_s + AHEAD_S;
	const struct sae_id *whose;

	*sae = NULL;
	if (!config->uses_start || latest_start(s, &whose) <= limit) {
		return false;
	}
	*sae = whose;
	return true;
}

int64_t start_choose(const struct step *s)
{
	const struct sae_id *sae;
	int64_t start, latest;

	if (!s->x->config->uses_start) {
		return 0;
	}
	start = device_now(s) + start_lead_s(s);
	latest = latest_start(s, &sae);
	return start > latest ? start : latest + 1;
}

/* ---- after COMMIT --------------------------------------------------------------------------- */

/* Both have the same last start: the keys are there, with the starts that were decided last. */
static bool has_installed(const struct exchange *x, const struct sae_status *status)
{
	return ref_is(&status->applied, &x->record.committed) &&
	       status->latest_start >= last_decided(&x->record);
}

static bool has_not_installed(const struct exchange *x, const struct sae_status *status)
{
	return status->device_known && !has_installed(x, status);
}

void start_measure(struct step *s)
{
	struct exchange *x = s->x;
	const struct sae_id *sae;

	if (x->record.decision == SLOT_COMMIT && x->committed_ms != 0 && device_applied(x) &&
		members_all(s, has_installed, &sae)) {
		x->hand_over_ms[x->hand_over_count++ % EXCHANGE_HAND_OVERS] = s->now.mono_ms -
									      x->committed_ms;
		x->committed_ms = 0;
	}
}

/*
 * Later, if somebody will be late: only while all are heard, and may be expected
 * to hear this too, and while there is time left to take the present start away.
 */
static bool retime_due(const struct step *s)
{
	const struct exchange *x = s->x;
	const struct sae_id *sae;
	int64_t left_s = start_left_s(s);

	if (x->clock_wrong) {
		return false;
	}
	/* One second more: both the clock and the time since it was read are cut to seconds. */
	if (left_s > x->decided_lead_s / 2 || left_s <= x->decided_lead_s / MARGIN + 1) {
		return false;
	}
	return device_now(s) + start_lead_s(s) > x->record.committed.start &&
	       !peers_conflict(s, &sae) && members_all(s, member_heard, &sae) &&
	       (!device_applied(x) || members_any(s, has_not_installed, &sae));
}

static void retime(struct step *s)
{
	struct exchange *x = s->x;

	x->decided_lead_s = start_lead_s(s);
	exchange_move_start(s, device_now(s) + x->decided_lead_s);
}

void start_settle(struct step *s)
{
	if (!s->x->config->uses_start || s->x->record.decision != SLOT_COMMIT) {
		return;
	}
	if (retime_due(s)) {
		retime(s);
	}
}
