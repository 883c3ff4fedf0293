/*
 * Two wpa_supplicants, make before break: the new key goes to the one that carries no
 * traffic, then traffic goes there, and then the other one's key is ended.
 *
 * Nothing is kept but the name of the former key: which process has which key says its
 * STATUS, and which one carries the traffic the bond.
 */
#include <inttypes.h>
#include <string.h>

#include "netconf/deadline.h"
#include "netconf/wpa_private.h"

#define POLL_MS 200

struct pair {
	struct wpa_look looks[WPA_SIDES_MAX];
	struct wpa_bond bond;
	int active; /* the side whose device carries the traffic; -1 = neither */
};

static int look(struct wpa *wpa, struct pair *pair, struct problem *problem)
{
	for (size_t i = 0; i < WPA_SIDES_MAX; i++) {
		if (wpa_side_look(&wpa->sides[i], &pair->looks[i], problem) < 0) {
			return -1;
		}
		if (pair->looks[i].secy.ifindex == 0) {
			return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
				"%s: the macsec device that it is to adopt is not there",
				wpa->sides[i].path);
		}
	}
	if (wpa->kernel->find_bond(wpa->bond, &pair->looks[0].secy, &pair->looks[1].secy,
		    &pair->bond, problem) < 0) {
		return -1;
	}
	pair->active = -1;
	for (int i = 0; i < WPA_SIDES_MAX; i++) {
		if (pair->looks[i].secy.ifindex == pair->bond.active) {
			pair->active = i;
		}
	}
	return 0;
}

/* The one that a new key goes to; where neither carries traffic, one that does not work either. */
static int idle_side(const struct pair *pair)
{
	return pair->active >= 0 ? 1 - pair->active : pair->looks[0].live;
}

static int holder(const struct pair *pair, const struct applier_key *key)
{
	if (pair->active >= 0 && wpa_side_holds(&pair->looks[pair->active], key)) {
		return pair->active;
	}
	for (int i = 0; i < WPA_SIDES_MAX; i++) {
		if (wpa_side_holds(&pair->looks[i], key)) {
			return i;
		}
	}
	return -1;
}

static struct applier_key name_of(const struct wpa_look *look)
{
	struct applier_key key = { .ckn_len = look->status.ckn_len };

	memcpy(key.ckn, look->status.ckn, key.ckn_len);
	return key;
}

/* ---- PREPARE --------------------------------------------------------------------------------- */

static int check(struct wpa *wpa, struct pair *pair, struct problem *problem)
{
	for (size_t i = 0; i < WPA_SIDES_MAX; i++) {
		if (wpa_side_check(
			    &wpa->sides[i], wpa->suite, true, &pair->looks[i].secy, problem) < 0) {
			return -1;
		}
	}
	if (pair->looks[0].secy.ifindex == pair->looks[1].secy.ifindex) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED,
			"both have %s: give one of them macsec_port=2, and that a device of its "
			"own",
			pair->looks[0].secy.name);
	}
	return look(wpa, pair, problem);
}

/* ---- COMMIT ---------------------------------------------------------------------------------- */

/*
 * MKA says that it is secured a little before the far end has its SAK (IEEE 802.1X-2020
 * clause 9.10), which nothing here shows; so traffic goes there only after it has been
 * so for settle_ms, MKA Life Time (table 9-3): a far end that is not heard for so long is
 * no live peer any more. Where no traffic flows there is nothing to wait for.
 */
static bool has_settled(
	const struct wpa *wpa, const struct pair *pair, int side, uint64_t *live_since_ms)
{
	uint64_t now_ms = deadline_now_ms();

	if (!pair->looks[side].live) {
		*live_since_ms = 0;
		return false;
	}
	if (*live_since_ms == 0) {
		*live_since_ms = now_ms;
	}
	return now_ms - *live_since_ms >= wpa->kernel->settle_ms || pair->active < 0 ||
	       !pair->looks[pair->active].live;
}

/* Returns 1 if done, 0 if it is to be tried again, or -1. */
static int try_to_move(struct wpa *wpa, struct pair *pair, int side, uint64_t *live_since_ms,
	struct problem *problem)
{
	if (look(wpa, pair, problem) < 0) {
		return -1;
	}
	if (pair->active == side) {
		return 1; /* by the bond itself, as the other device went down */
	}
	if (!has_settled(wpa, pair, side, live_since_ms)) {
		problem_set(problem, APPLIER_ERROR_TIMEOUT,
			"MKA has not secured the new key within %" PRIu32
			" ms, and the former one stays in use: the far end may not have it yet",
			wpa->timeout_ms);
		return 0;
	}
	if (wpa->kernel->activate(&pair->bond, &pair->looks[side].secy, problem) == 0) {
		return 1;
	}
	return problem->error == APPLIER_ERROR_LOGIN ? -1 : 0;
}

static int move(struct wpa *wpa, struct pair *pair, int side, struct problem *problem)
{
	uint64_t deadline_ms = deadline_now_ms() + wpa->timeout_ms;
	struct applier_key former = name_of(&pair->looks[1 - side]);
	uint64_t live_since_ms = 0;
	int rc = try_to_move(wpa, pair, side, &live_since_ms, problem);

	while (rc == 0 && deadline_now_ms() < deadline_ms) {
		rc = wpa_control_pause(&wpa->sides[side].control, POLL_MS, problem);
		rc = rc < 0 ? rc : try_to_move(wpa, pair, side, &live_since_ms, problem);
	}
	if (rc != 1) {
		return -1;
	}
	wpa->former = former;
	return 0;
}

static int commit(struct wpa *wpa, const struct applier_key *key, struct problem *problem)
{
	struct pair pair;
	int side;

	if (look(wpa, &pair, problem) < 0) {
		return -1;
	}
	side = holder(&pair, key);
	if (side >= 0 && side == pair.active) {
		return 0;
	}
	if (side < 0) {
		side = idle_side(&pair);
		if (check(wpa, &pair, problem) < 0 ||
			wpa_side_set_key(&wpa->sides[side], key, problem) < 0) {
			return -1;
		}
	}
	return move(wpa, &pair, side, problem);
}

/* ---- RETIRE and DISCARD ---------------------------------------------------------------------- */

static bool is_listed(const struct applier_job *job, const struct wpa_look *look)
{
	for (size_t i = 0; i < job->key_count; i++) {
		if (wpa_side_holds(look, &job->keys[i])) {
			return true;
		}
	}
	return false;
}

/*
 * The side that carries no traffic, if its key is among those listed, or is not; NULL
 * too if nobody knows which it will be. Returns 0 or -1.
 */
static int find_idle(struct wpa *wpa, const struct applier_job *job, bool listed,
	struct wpa_side **side, struct problem *problem)
{
	const struct wpa_look *idle;
	struct pair pair;

	*side = NULL;
	if (look(wpa, &pair, problem) < 0) {
		return -1;
	}
	if (pair.active < 0) {
		return 0;
	}
	idle = &pair.looks[1 - pair.active];
	if (idle->status.participates && is_listed(job, idle) == listed) {
		*side = &wpa->sides[1 - pair.active];
	}
	return 0;
}

/*
 * Ends its key, after hold_ms: frames that were sent under it may wait to be taken for as
 * long as that. A bond that has failed over meanwhile keeps it.
 */
static int end_idle(struct wpa *wpa, const struct applier_job *job, bool listed, uint32_t hold_ms,
	struct problem *problem)
{
	struct wpa_side *side, *still;

	if (find_idle(wpa, job, listed, &side, problem) < 0) {
		return -1;
	}
	if (!side) {
		return 0;
	}
	if (wpa_control_pause(&side->control, hold_ms, problem) < 0 ||
		find_idle(wpa, job, listed, &still, problem) < 0) {
		return -1;
	}
	return still == side ? wpa_side_end(side, problem) : 0;
}

/* ---- READ_BACK ------------------------------------------------------------------------------- */

/* Of the side that carries no traffic: without a word on what it is good for, unless it is known
 * to have been good. */
static void show_idle(const struct wpa *wpa, const struct wpa_look *idle, struct applier_view *view)
{
	bool is_former = wpa_side_holds(idle, &wpa->former);

	wpa_show_key(view, idle, is_former, is_former && idle->live, false);
}

static int read_back(struct wpa *wpa, struct applier_view *view, struct problem *problem)
{
	struct applier_key name;
	struct pair pair;

	if (look(wpa, &pair, problem) < 0) {
		return -1;
	}
	for (int i = 0; i < WPA_SIDES_MAX; i++) {
		const struct wpa_look *side = &pair.looks[i];

		name = name_of(side);
		if (i == pair.active) {
			wpa_show_key(view, side, true, true, side->live);
		} else if (pair.active < 0 || !wpa_side_holds(&pair.looks[pair.active], &name)) {
			show_idle(wpa, side, view);
		}
	}
	return 0;
}

int wpa_pair_do(struct wpa *wpa, const struct applier_job *job, struct applier_result *result,
	struct problem *problem)
{
	struct pair pair;

	switch (job->op) {
	case APPLIER_PREPARE:
		return check(wpa, &pair, problem);
	case APPLIER_COMMIT:
		return commit(wpa, &job->keys[0], problem);
	case APPLIER_RETIRE:
		return end_idle(wpa, job, false, wpa->kernel->hold_ms, problem);
	case APPLIER_DISCARD:
		return end_idle(wpa, job, true, 0, problem);
	case APPLIER_READ_BACK:
		return read_back(wpa, &result->view, problem);
	}
	return -1;
}
