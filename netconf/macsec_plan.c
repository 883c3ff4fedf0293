#include "netconf/macsec_plan.h"

#include <string.h>

#include "common/hex.h"
#include "netconf/macsec_private.h"

#define TOKEN_TEXT_LEN (2 * MACSEC_TOKEN_LEN + 1)

_Static_assert(MACSEC_TOKEN_LEN == APPLIER_TOKEN_LEN && MACSEC_NONCE_LEN == APPLIER_NONCE_LEN &&
		       sizeof(struct macsec_sci) == APPLIER_SCI_LEN &&
		       MACSEC_AN_COUNT == APPLIER_TRANSMIT_MAX,
	"an applier's octets are the kernel's");
_Static_assert(MACSEC_STEPS_MAX >= 1 + 3 * APPLIER_NEIGHBOURS_MAX + MACSEC_CHANNELS_MAX,
	"PREPARE fits: own SA; old SA, channel and SA of each neighbour; SAs of strangers");

static const char *token_text(const uint8_t *token, char out[static TOKEN_TEXT_LEN])
{
	hex_encode(token, MACSEC_TOKEN_LEN, out);
	return out;
}

static bool has_token(const struct macsec_sa *sa, const uint8_t *token)
{
	return sa->present && memcmp(sa->key_id.token, token, MACSEC_TOKEN_LEN) == 0;
}

static void add_step(struct macsec_plan *plan, enum macsec_step_kind kind,
	const struct macsec_sci *sci, uint8_t an, const struct macsec_key_id *key_id)
{
	struct macsec_step *step = &plan->steps[plan->count++];

	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->an = an;
	if (sci) {
		step->sci = *sci;
	}
	if (key_id) {
		step->key_id = *key_id;
	}
}

/* ---- what is in use -------------------------------------------------------------------------- */

bool macsec_encodes(const struct macsec_view *view, uint8_t an)
{
	return view->operational && view->encoding_an == an && view->transmit[an].present &&
	       view->transmit[an].active;
}

/* The kernel deactivates an SA whose packet numbers are used up; one not used yet is inactive too.
 */
const struct macsec_sa *macsec_sa_in_use(const struct macsec_view *view)
{
	const struct macsec_sa *sa = &view->transmit[view->encoding_an];

	return sa->present && (sa->active || sa->next_pn == 0) ? sa : NULL;
}

static bool is_encoded_with(const struct macsec_view *view, const uint8_t *token)
{
	return macsec_encodes(view, view->encoding_an) &&
	       has_token(&view->transmit[view->encoding_an], token);
}

/* ---- PREPARE and COMMIT: receiving ----------------------------------------------------------- */

static struct macsec_sci neighbour_sci(const struct applier_neighbour *neighbour)
{
	struct macsec_sci sci;

	memcpy(sci.octets, neighbour->sci, sizeof(sci.octets));
	return sci;
}

static bool is_listed(const struct macsec_task *task, const struct macsec_sci *sci, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(task->job->neighbours[task->link][i].sci, sci->octets,
			    sizeof(sci->octets)) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * A neighbour whose interface has changed will never send under the key as who it was. But one
 * that is not listed may only be silent, and send.
 */
static void plan_strangers(const struct macsec_task *task, struct macsec_plan *plan)
{
	const struct applier_job *job = task->job;
	size_t count = job->neighbour_count[task->link];

	for (size_t i = 0; job->all_neighbours[task->link] && i < task->view->channel_count; i++) {
		const struct macsec_channel *channel = &task->view->channels[i];
		const struct macsec_sa *sa = &channel->sas[job->an];

		if (has_token(sa, job->keys[0].token) && !is_listed(task, &channel->sci, count)) {
			add_step(plan, MACSEC_STEP_DELETE_RECEIVE, &channel->sci, job->an,
				&sa->key_id);
		}
	}
}

static int check_neighbour(const struct macsec_task *task, size_t index, struct problem *problem)
{
	struct macsec_sci sci = neighbour_sci(&task->job->neighbours[task->link][index]);
	char text[MACSEC_SCI_TEXT_LEN];

	if (macsec_sci_equal(&sci, &task->view->sci)) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"%s: a neighbour has the same SCI, %s: no two stations on a link may have "
			"one MAC address and port",
			task->device, macsec_sci_text(&sci, text));
	}
	if (is_listed(task, &sci, index)) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"%s: two neighbours have the same SCI, %s: no two stations on a link may "
			"have one MAC address and port",
			task->device, macsec_sci_text(&sci, text));
	}
	return 0;
}

static int plan_neighbour(const struct macsec_task *task, size_t index, struct macsec_plan *plan,
	struct problem *problem)
{
	const struct applier_neighbour *neighbour = &task->job->neighbours[task->link][index];
	const uint8_t *token = task->job->keys[0].token;
	struct macsec_sci sci = neighbour_sci(neighbour);
	const struct macsec_channel *channel = macsec_find_channel(task->view, &sci);
	const struct macsec_sa *sa = channel ? &channel->sas[task->job->an] : NULL;
	char text[MACSEC_SCI_TEXT_LEN], other[TOKEN_TEXT_LEN];
	struct macsec_key_id key_id;
	uint8_t an = task->job->an;
	bool is_there;

	memcpy(key_id.token, token, sizeof(key_id.token));
	memcpy(key_id.nonce, neighbour->nonce, sizeof(key_id.nonce));
	if (sa && sa->present && !has_token(sa, token)) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"%s: AN %u is taken: its receive SA of SCI %s has another key, %s",
			task->device, an, macsec_sci_text(&sci, text),
			token_text(sa->key_id.token, other));
	}
	is_there = sa && sa->present && macsec_key_id_equal(&sa->key_id, &key_id);
	if (neighbour->is_there && !is_there) {
		return 0;
	}
	if (sa && sa->present && !is_there) {
		add_step(plan, MACSEC_STEP_DELETE_RECEIVE, &sci, an, &sa->key_id);
	}
	if (!channel || !channel->active) {
		add_step(plan, MACSEC_STEP_ADD_CHANNEL, &sci, 0, NULL);
	}
	if (!is_there) {
		add_step(plan, MACSEC_STEP_ADD_RECEIVE, &sci, an, &key_id);
	} else if (!sa->active) {
		add_step(plan, MACSEC_STEP_ACTIVATE_RECEIVE, &sci, an, &key_id);
	}
	return 0;
}

static int plan_receive(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < task->job->neighbour_count[task->link]; i++) {
		rc = check_neighbour(task, i, problem);
		rc = rc < 0 ? rc : plan_neighbour(task, i, plan, problem);
	}
	return rc;
}

/* ---- PREPARE and COMMIT: transmitting -------------------------------------------------------- */

static int plan_transmit(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	const struct macsec_view *view = task->view;
	const uint8_t *token = task->job->keys[0].token;
	struct macsec_key_id key_id = { 0 };
	uint8_t an = task->job->an;
	char text[TOKEN_TEXT_LEN];

	for (uint8_t i = 0; i < MACSEC_AN_COUNT; i++) {
		if (i != an && has_token(&view->transmit[i], token)) {
			return problem_set(problem, APPLIER_ERROR_REFUSED,
				"%s: the key's transmit SA stands at AN %u, not at AN %u",
				task->device, i, an);
		}
	}
	if (has_token(&view->transmit[an], token)) {
		return 0;
	}
	if (view->transmit[an].present) {
		return problem_set(problem, APPLIER_ERROR_REFUSED,
			"%s: AN %u is taken: its transmit SA has another key, %s%s", task->device,
			an, token_text(view->transmit[an].key_id.token, text),
			macsec_encodes(view, an) ? ", and is in use" : "");
	}
	memcpy(key_id.token, token, sizeof(key_id.token));
	add_step(plan, MACSEC_STEP_ADD_TRANSMIT, NULL, an, &key_id);
	return 0;
}

int macsec_plan_prepare(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	int rc;

	plan->count = 0;
	rc = plan_transmit(task, plan, problem);
	rc = rc < 0 ? rc : plan_receive(task, plan, problem);
	plan_strangers(task, plan);
	return rc;
}

int macsec_plan_commit(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	uint8_t an = task->job->an;

	plan->count = 0;
	if (!has_token(&task->view->transmit[an], task->job->keys[0].token)) {
		return problem_set(problem, APPLIER_ERROR_COMMIT_FAILED,
			"%s: the key's transmit SA does not stand at AN %u: it was never there, or "
			"was deleted with the device",
			task->device, an);
	}
	return plan_receive(task, plan, problem);
}

/* ---- DISCARD and RETIRE ---------------------------------------------------------------------- */

static bool names_token(const struct applier_job *job, const uint8_t *token)
{
	for (size_t i = 0; i < job->key_count; i++) {
		if (memcmp(job->keys[i].token, token, APPLIER_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

typedef bool (*goes_fn)(const struct macsec_task *task, const struct macsec_sa *sa);

static bool is_discarded(const struct macsec_task *task, const struct macsec_sa *sa)
{
	return sa->present && !is_encoded_with(task->view, sa->key_id.token) &&
	       names_token(task->job, sa->key_id.token);
}

static bool is_retired(const struct macsec_task *task, const struct macsec_sa *sa)
{
	return sa->present && !is_encoded_with(task->view, sa->key_id.token) &&
	       !names_token(task->job, sa->key_id.token);
}

/* Returns whether the channel is left empty. */
static bool plan_channel(const struct macsec_task *task, const struct macsec_channel *channel,
	goes_fn goes, struct macsec_plan *plan)
{
	bool is_empty = true;

	for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &channel->sas[an];

		if (goes(task, sa)) {
			add_step(plan, MACSEC_STEP_DELETE_RECEIVE, &channel->sci, an, &sa->key_id);
		} else if (sa->present) {
			is_empty = false;
		}
	}
	return is_empty;
}

static void plan_own(const struct macsec_task *task, goes_fn goes, struct macsec_plan *plan)
{
	for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &task->view->transmit[an];

		if (goes(task, sa)) {
			add_step(plan, MACSEC_STEP_DELETE_TRANSMIT, NULL, an, &sa->key_id);
		}
	}
}

void macsec_plan_discard(const struct macsec_task *task, struct macsec_plan *plan)
{
	plan->count = 0;
	for (size_t i = 0; i < task->view->channel_count; i++) {
		plan_channel(task, &task->view->channels[i], is_discarded, plan);
	}
	plan_own(task, is_discarded, plan);
}

void macsec_plan_retire(const struct macsec_task *task, struct macsec_plan *plan)
{
	plan->count = 0;
	for (size_t i = 0; i < task->view->channel_count; i++) {
		const struct macsec_channel *channel = &task->view->channels[i];

		if (plan_channel(task, channel, is_retired, plan)) {
			add_step(plan, MACSEC_STEP_DELETE_CHANNEL, &channel->sci, 0, NULL);
		}
	}
	plan_own(task, is_retired, plan);
}
