/*
 * An applier of this host's own MACsec. Nothing is kept between jobs but where octets are
 * counted from: each job opens the devices, which makes those that are gone, looks what
 * they hold, plans (macsec_plan.h), and only then changes something.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/applier_private.h"
#include "netconf/macsec_plan.h"
#include "netconf/macsec_report.h"

struct macsec_applier {
	struct applier_backend backend;
	struct applier_macsec_config config; /* its strings are those below */
	enum macsec_suite suite;
	struct {
		char parent[MACSEC_DEVICE_NAME_LEN];
		char name[MACSEC_DEVICE_NAME_LEN];
		struct macsec_mark mark;
		bool warned;
	} links[APPLIER_LINKS_MAX];
};

/* One link in one job. */
struct work {
	struct macsec *macsec; /* NULL: there is none, and need not be */
	struct macsec_view view;
	struct macsec_plan plan;
	size_t done; /* steps of it */
};

/* ---- what went wrong ------------------------------------------------------------------------- */

static enum applier_error error_of_change(int rc)
{
	switch (rc) {
	case -ENODEV:
		return APPLIER_ERROR_NOT_CONFIGURED;
	case -EINVAL:
		return APPLIER_ERROR_UNSUITABLE_KEY;
	case -ETIMEDOUT:
		return APPLIER_ERROR_TIMEOUT;
	case -EBADMSG:
		return APPLIER_ERROR_PROTOCOL;
	case -ENOENT:
	case -EKEYEXPIRED:
		return APPLIER_ERROR_COMMIT_FAILED;
	case -ENOMEM:
	case -EIO:
		return APPLIER_ERROR_INTERNAL;
	default:
		return APPLIER_ERROR_REFUSED;
	}
}

static enum applier_error error_of_open(int rc)
{
	switch (rc) {
	case -EEXIST:
	case -EINVAL:
		return APPLIER_ERROR_NOT_CONFIGURED;
	default:
		return error_of_change(rc);
	}
}

static int fail_change(const struct work *work, int rc, struct problem *problem)
{
	return problem_set(problem, error_of_change(rc), "%s", macsec_problem(work->macsec));
}

/* ---- the devices ----------------------------------------------------------------------------- */

/* A device that is gone for want of its parent holds nothing that could be taken away. */
static bool does_without(enum applier_op op, int rc)
{
	return rc == -ENODEV && (op == APPLIER_DISCARD || op == APPLIER_RETIRE);
}

static int open_device(const struct macsec_applier *applier, size_t link, enum applier_op op,
	struct work *work, struct problem *problem)
{
	struct macsec_config config = {
		.name = applier->links[link].name,
		.parent = applier->links[link].parent,
		.port = applier->config.port,
		.suite = applier->suite,
		.replay_window = applier->config.replay_window,
		.hold_at_switch = applier->config.hold_at_switch,
	};
	char text[MACSEC_PROBLEM_MAX];
	int rc = macsec_open(&config, &work->macsec, text);

	if (rc < 0) {
		return does_without(op, rc) ? 0
					    : problem_set(problem, error_of_open(rc), "%s", text);
	}
	rc = macsec_read(work->macsec, &work->view);
	return rc < 0 ? fail_change(work, rc, problem) : 0;
}

static int open_devices(const struct macsec_applier *applier, enum applier_op op,
	struct work *works, struct problem *problem)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < applier->config.link_count; i++) {
		rc = open_device(applier, i, op, &works[i], problem);
	}
	return rc;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct macsec_key key_of(const struct applier_job *job)
{
	struct macsec_key key = { .secret = &job->keys[0].cak, .generation = job->generation };

	memcpy(key.token, job->keys[0].token, sizeof(key.token));
	return key;
}

static int do_step(struct macsec *macsec, const struct macsec_key *key, struct macsec_step *step)
{
	switch (step->kind) {
	case MACSEC_STEP_DELETE_RECEIVE:
		return macsec_delete_receive_sa(macsec, &step->sci, step->an, &step->key_id);
	case MACSEC_STEP_ADD_CHANNEL:
		return macsec_add_receive_channel(macsec, &step->sci);
	case MACSEC_STEP_ADD_RECEIVE:
	case MACSEC_STEP_ACTIVATE_RECEIVE:
		return macsec_add_receive_sa(
			macsec, &step->sci, step->an, key, step->key_id.nonce, 1);
	case MACSEC_STEP_ADD_TRANSMIT:
		return macsec_add_transmit_sa(macsec, step->an, key, &step->key_id);
	case MACSEC_STEP_DELETE_TRANSMIT:
		return macsec_delete_transmit_sa(macsec, step->an, &step->key_id);
	case MACSEC_STEP_DELETE_CHANNEL:
		return macsec_delete_receive_channel(macsec, &step->sci);
	}
	return -EINVAL;
}

static int do_steps(const struct macsec_applier *applier, const struct macsec_key *key,
	struct work *works, struct problem *problem)
{
	for (size_t i = 0; i < applier->config.link_count; i++) {
		struct work *work = &works[i];

		for (; work->done < work->plan.count; work->done++) {
			int rc = do_step(work->macsec, key, &work->plan.steps[work->done]);

			if (rc < 0) {
				return fail_change(work, rc, problem);
			}
		}
	}
	return 0;
}

/* Nothing sends with what a PREPARE adds. What cannot be taken back, the next job finds. */
static void take_back_step(struct macsec *macsec, const struct macsec_step *step)
{
	switch (step->kind) {
	case MACSEC_STEP_ADD_CHANNEL:
		macsec_delete_receive_channel(macsec, &step->sci);
		break;
	case MACSEC_STEP_ADD_RECEIVE:
		macsec_delete_receive_sa(macsec, &step->sci, step->an, &step->key_id);
		break;
	case MACSEC_STEP_ACTIVATE_RECEIVE:
		macsec_deactivate_receive_sa(macsec, &step->sci, step->an, &step->key_id);
		break;
	case MACSEC_STEP_ADD_TRANSMIT:
		macsec_delete_transmit_sa(macsec, step->an, &step->key_id);
		break;
	case MACSEC_STEP_DELETE_RECEIVE:
	case MACSEC_STEP_DELETE_TRANSMIT:
	case MACSEC_STEP_DELETE_CHANNEL:
		break;
	}
}

static void take_back(const struct macsec_applier *applier, struct work *works)
{
	for (size_t i = 0; i < applier->config.link_count; i++) {
		struct work *work = &works[i];

		while (work->done > 0) {
			take_back_step(work->macsec, &work->plan.steps[--work->done]);
		}
	}
}

/* ---- jobs ------------------------------------------------------------------------------------ */

typedef int (*plan_fn)(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem);

static int make_plans(const struct macsec_applier *applier, const struct applier_job *job,
	plan_fn plan, struct work *works, struct problem *problem)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < applier->config.link_count; i++) {
		struct macsec_task task = {
			.device = applier->links[i].name,
			.view = &works[i].view,
			.job = job,
			.link = i,
		};

		rc = plan(&task, &works[i].plan, problem);
	}
	return rc;
}

static int plan_discard(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	(void)problem;
	macsec_plan_discard(task, plan);
	return 0;
}

static int plan_retire(
	const struct macsec_task *task, struct macsec_plan *plan, struct problem *problem)
{
	(void)problem;
	macsec_plan_retire(task, plan);
	return 0;
}

static int prepare(const struct macsec_applier *applier, const struct applier_job *job,
	struct work *works, struct problem *problem)
{
	struct macsec_key key = key_of(job);
	int rc = make_plans(applier, job, macsec_plan_prepare, works, problem);

	if (rc == 0) {
		rc = do_steps(applier, &key, works, problem);
	}
	if (rc < 0) {
		take_back(applier, works);
	}
	return rc;
}

/* Once for each link, until it is well again; of several links, the last one's is what is said. */
static void warn(struct macsec_applier *applier, size_t link, const struct macsec *macsec,
	struct applier_result *result)
{
	bool *warned = &applier->links[link].warned;
	const char *warning = macsec_warning(macsec);

	if (warning[0] && !*warned) {
		snprintf(result->text, sizeof(result->text), "%s", warning);
	}
	*warned = warning[0] != '\0';
}

/* All links receive with the key before the first one sends with it. */
static int commit(struct macsec_applier *applier, const struct applier_job *job, struct work *works,
	struct applier_result *result, struct problem *problem)
{
	struct macsec_key key = key_of(job);
	int rc = make_plans(applier, job, macsec_plan_commit, works, problem);

	if (rc == 0) {
		rc = do_steps(applier, &key, works, problem);
	}
	for (size_t i = 0; rc == 0 && i < applier->config.link_count; i++) {
		struct macsec_view *view = &works[i].view;

		if (macsec_encodes(view, job->an)) {
			continue;
		}
		macsec_mark_begin(&applier->links[i].mark, view, job->an);
		rc = macsec_encode(works[i].macsec, job->an, &view->transmit[job->an].key_id);
		rc = rc < 0 ? fail_change(&works[i], rc, problem) : 0;
		warn(applier, i, works[i].macsec, result);
	}
	return rc;
}

static int take_away(const struct macsec_applier *applier, const struct applier_job *job,
	plan_fn plan, struct work *works, struct problem *problem)
{
	int rc = make_plans(applier, job, plan, works, problem);

	return rc < 0 ? rc : do_steps(applier, NULL, works, problem);
}

static void read_back(
	struct macsec_applier *applier, const struct work *works, struct applier_view *view)
{
	const struct macsec_view *devices[APPLIER_LINKS_MAX];

	for (size_t i = 0; i < applier->config.link_count; i++) {
		devices[i] = &works[i].view;
	}
	macsec_report(devices, applier->config.link_count, view);
	for (size_t i = 0; i < applier->config.link_count; i++) {
		struct macsec_mark *mark = &applier->links[i].mark;

		macsec_mark_update(mark, devices[i]);
		view->used_up |= macsec_used_up(devices[i], mark, &applier->config);
	}
}

static int check_job(const struct applier_job *job, struct problem *problem)
{
	bool fits = job->key_count == 1 && job->an < MACSEC_AN_COUNT;

	for (size_t i = 0; i < APPLIER_LINKS_MAX; i++) {
		fits = fits && job->neighbour_count[i] <= APPLIER_NEIGHBOURS_MAX;
	}
	return fits ? 0
		    : problem_set(problem, APPLIER_ERROR_INTERNAL,
			      "this host's own MACsec takes one key, with an AN and at most %d "
			      "neighbours on a link",
			      APPLIER_NEIGHBOURS_MAX);
}

static int run(struct macsec_applier *applier, const struct applier_job *job, struct work *works,
	struct applier_result *result, struct problem *problem)
{
	bool has_key = job->op == APPLIER_PREPARE || job->op == APPLIER_COMMIT;
	int rc = has_key ? check_job(job, problem) : 0;

	rc = rc < 0 ? rc : open_devices(applier, job->op, works, problem);
	if (rc < 0) {
		return rc;
	}
	switch (job->op) {
	case APPLIER_PREPARE:
		return prepare(applier, job, works, problem);
	case APPLIER_COMMIT:
		return commit(applier, job, works, result, problem);
	case APPLIER_DISCARD:
		return take_away(applier, job, plan_discard, works, problem);
	case APPLIER_RETIRE:
		return take_away(applier, job, plan_retire, works, problem);
	case APPLIER_READ_BACK:
		read_back(applier, works, &result->view);
		return 0;
	}
	return -1;
}

/* ---- the back end ---------------------------------------------------------------------------- */

static void macsec_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct macsec_applier *applier = (struct macsec_applier *)backend;
	struct work *works = calloc(applier->config.link_count, sizeof(*works));
	struct problem problem = { .error = APPLIER_ERROR_INTERNAL, .text = "out of memory" };

	if (!works || run(applier, job, works, result, &problem) < 0) {
		applier_fail(result, &problem);
	}
	for (size_t i = 0; works && i < applier->config.link_count; i++) {
		macsec_close(works[i].macsec);
	}
	free(works);
}

static void macsec_free(struct applier_backend *backend)
{
	free(backend);
}

static const struct applier_backend_ops macsec_ops = {
	.run = macsec_run,
	.interrupt = NULL, /* the kernel acts at once */
	.free = macsec_free,
};

/* ---- opening --------------------------------------------------------------------------------- */

static bool take_name(const char *name, char out[static MACSEC_DEVICE_NAME_LEN])
{
	size_t len = strlen(name);

	if (len == 0 || len >= MACSEC_DEVICE_NAME_LEN) {
		return false;
	}
	memcpy(out, name, len + 1);
	return true;
}

/* Also whether an interface is there twice: it can have only one SecY with this port. */
static bool take_links(struct macsec_applier *applier, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier_macsec_config *config = &applier->config;

	for (size_t i = 0; i < config->link_count; i++) {
		char *parent = applier->links[i].parent, *name = applier->links[i].name;

		if (!take_name(config->links[i].parent, parent) ||
			!take_name(config->links[i].name, name)) {
			snprintf(error, APPLIER_ERROR_TEXT_MAX,
				"names of interfaces have 1 to %d characters",
				MACSEC_DEVICE_NAME_LEN - 1);
			return false;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(applier->links[j].parent, parent) == 0 ||
				strcmp(applier->links[j].name, name) == 0) {
				snprintf(error, APPLIER_ERROR_TEXT_MAX,
					"two links have the same %s",
					strcmp(applier->links[j].name, name) == 0
						? "device of kind macsec"
						: "interface");
				return false;
			}
		}
		config->links[i].parent = parent;
		config->links[i].name = name;
	}
	return true;
}

static bool take_config(struct macsec_applier *applier, const struct applier_macsec_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	applier->config = *config;
	applier->config.cipher_suite = NULL;
	if (config->port == 0) {
		applier->config.port = 1;
	}
	if (macsec_suite_parse(config->cipher_suite, &applier->suite) < 0) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "%s: no such cipher suite",
			config->cipher_suite);
		return false;
	}
	if (macsec_suite_is_extended(applier->suite) &&
		config->replay_window > MACSEC_EXTENDED_WINDOW_MAX) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "the replay window is at most %u with %s",
			MACSEC_EXTENDED_WINDOW_MAX, config->cipher_suite);
		return false;
	}
	if (config->link_count == 0 || config->link_count > APPLIER_LINKS_MAX ||
		config->rekey_percent == 0 || config->rekey_percent > 100) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"there are 1 to %d links, and 1 to 100 percent of the packet numbers",
			APPLIER_LINKS_MAX);
		return false;
	}
	return take_links(applier, error);
}

struct applier *applier_open_macsec(struct applier_set *set,
	const struct applier_macsec_config *config, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct macsec_applier *applier = calloc(1, sizeof(*applier));
	struct applier *opened;

	if (!applier) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory");
		return NULL;
	}
	applier->backend.ops = &macsec_ops;
	if (!take_config(applier, config, error)) {
		free(applier);
		return NULL;
	}
	opened = applier_new(set, &applier->backend);
	if (!opened) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory");
	}
	return opened;
}
