#include "netconf/wpa_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 30000

/* ---- operations ------------------------------------------------------------------------------ */

void wpa_show_key(struct applier_view *view, const struct wpa_look *look, bool configured,
	bool usable, bool transmitting)
{
	struct applier_seen_key *key = &view->keys[view->key_count];

	if (!look->status.participates) {
		return;
	}
	memcpy(key->ckn, look->status.ckn, look->status.ckn_len);
	key->ckn_len = look->status.ckn_len;
	key->configured = configured;
	key->usable = usable;
	key->transmitting = transmitting;
	view->key_count++;
}

static int prepare(struct wpa_side *side, const struct wpa *wpa, struct problem *problem)
{
	struct wpa_secy secy;

	return wpa_side_check(side, wpa->suite, false, &secy, problem);
}

/* One that it has made itself it has now deleted and made anew. */
static int compare_devices(struct wpa_side *side, const struct wpa_secy *before,
	struct applier_result *result, struct problem *problem)
{
	struct wpa_look look;

	if (wpa_side_look(side, &look, problem) < 0) {
		return -1;
	}
	if (look.secy.ifindex != before->ifindex) {
		snprintf(result->text, sizeof(result->text),
			"wpa_supplicant has made %s anew, and its addresses are lost: make the "
			"macsec device before wpa_supplicant starts",
			before->name);
	}
	return 0;
}

static int commit(struct wpa_side *side, const struct wpa *wpa, const struct applier_key *key,
	struct applier_result *result, struct problem *problem)
{
	struct wpa_secy secy;
	struct wpa_look look;

	if (wpa_side_look(side, &look, problem) < 0) {
		return -1;
	}
	if (wpa_side_holds(&look, key)) {
		return 0;
	}
	if (wpa_side_check(side, wpa->suite, false, &secy, problem) < 0 ||
		wpa_side_set_key(side, key, problem) < 0) {
		return -1;
	}
	return compare_devices(side, &secy, result, problem);
}

static int read_back(struct wpa_side *side, struct applier_view *view, struct problem *problem)
{
	struct wpa_look look;

	if (wpa_side_look(side, &look, problem) < 0) {
		return -1;
	}
	wpa_show_key(view, &look, true, true, look.live);
	return 0;
}

static int do_alone(struct wpa *wpa, const struct applier_job *job, struct applier_result *result,
	struct problem *problem)
{
	struct wpa_side *side = &wpa->sides[0];

	switch (job->op) {
	case APPLIER_PREPARE:
		return prepare(side, wpa, problem);
	case APPLIER_COMMIT:
		return commit(side, wpa, &job->keys[0], result, problem);
	case APPLIER_READ_BACK:
		return read_back(side, &result->view, problem);
	case APPLIER_DISCARD:
	case APPLIER_RETIRE:
		return 0;
	}
	return -1;
}

/* ---- the back end ---------------------------------------------------------------------------- */

static int check_key(const struct wpa *wpa, const struct applier_job *job, struct problem *problem)
{
	const struct applier_key *key = &job->keys[0];
	size_t needed = macsec_suite_key_len(wpa->suite);

	if (job->op != APPLIER_PREPARE && job->op != APPLIER_COMMIT) {
		return 0;
	}
	if (job->key_count != 1 || key->start != 0) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"wpa_supplicant takes one key at a time, without a start");
	}
	if (key->ckn_len == 0) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CKN is empty: wpa_supplicant takes 1 to %d octets", APPLIER_CKN_MAX);
	}
	if (key->cak.len != needed) {
		return problem_set(problem, APPLIER_ERROR_UNSUITABLE_KEY,
			"the CAK has %zu octets, %s needs %zu", key->cak.len,
			macsec_suite_name(wpa->suite), needed);
	}
	return 0;
}

static int run(struct wpa *wpa, const struct applier_job *job, struct applier_result *result,
	struct problem *problem)
{
	int rc;

	if (wpa->side_count == 1 && (job->op == APPLIER_DISCARD || job->op == APPLIER_RETIRE)) {
		return 0;
	}
	rc = check_key(wpa, job, problem);
	for (size_t i = 0; i < wpa->side_count && rc == 0; i++) {
		rc = wpa_side_open(&wpa->sides[i], problem);
	}
	if (rc == 0) {
		rc = wpa->side_count == 1 ? do_alone(wpa, job, result, problem)
					  : wpa_pair_do(wpa, job, result, problem);
	}
	for (size_t i = 0; i < wpa->side_count; i++) {
		wpa_side_close(&wpa->sides[i]);
	}
	return rc;
}

static void wpa_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct problem problem;

	if (run((struct wpa *)backend, job, result, &problem) < 0) {
		memset(&result->view, 0, sizeof(result->view));
		applier_fail(result, &problem);
	}
}

static void wpa_interrupt(struct applier_backend *backend)
{
	eventfd_write(((struct wpa *)backend)->wake_fd, 1);
}

static void wpa_free(struct applier_backend *backend)
{
	struct wpa *wpa = (struct wpa *)backend;

	if (wpa->wake_fd >= 0) {
		close(wpa->wake_fd);
	}
	for (size_t i = 0; i < wpa->side_count; i++) {
		free(wpa->sides[i].path);
	}
	free(wpa->bond);
	free(wpa);
}

static const struct applier_backend_ops wpa_ops = {
	.run = wpa_run,
	.interrupt = wpa_interrupt,
	.free = wpa_free,
};

/* ---- opening --------------------------------------------------------------------------------- */

bool wpa_suite_possible(const char *name, char error[static APPLIER_ERROR_TEXT_MAX])
{
	enum macsec_suite suite;

	if (macsec_suite_parse(name, &suite) < 0) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "%.80s: no cipher suite", name);
		return false;
	}
	if (macsec_suite_is_extended(suite)) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"%s: wpa_supplicant has no suites with extended packet numbers; write "
			"gcm-aes-128, or from wpa_supplicant 2.11 on gcm-aes-256, at both ends",
			name);
		return false;
	}
	return true;
}

/* Its last part is the interface. */
bool wpa_socket_possible(const char *path, char error[static APPLIER_ERROR_TEXT_MAX])
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (!path || path[0] != '/' || strlen(path) > max) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"not an absolute path of at most %zu octets", max);
		return false;
	}
	if (slash[1] == '\0' || strlen(slash + 1) >= MACSEC_DEVICE_NAME_LEN) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"%s: does not end in the name of an interface, as wpa_supplicant's sockets "
			"do",
			path);
		return false;
	}
	return true;
}

static bool add_side(struct wpa *wpa, const char *path, uint32_t network)
{
	struct wpa_side *side = &wpa->sides[wpa->side_count++];

	side->path = strdup(path);
	if (!side->path) {
		return false;
	}
	side->parent = strrchr(side->path, '/') + 1;
	side->network = network;
	side->kernel = wpa->kernel;
	side->control = (struct wpa_control){
		.path = side->path, .fd = -1, .wake_fd = wpa->wake_fd, .timeout_ms = wpa->timeout_ms
	};
	return true;
}

static bool add_sides(struct wpa *wpa, const struct applier_wpa_config *config)
{
	if (!add_side(wpa, config->control_socket, config->network)) {
		return false;
	}
	if (!config->second_control_socket) {
		return true;
	}
	wpa->bond = strdup(config->bond);
	return wpa->bond && add_side(wpa, config->second_control_socket, config->network);
}

static struct wpa *wpa_new(const struct applier_wpa_config *config, const struct wpa_kernel *kernel)
{
	struct wpa *wpa = calloc(1, sizeof(*wpa));

	if (!wpa) {
		return NULL;
	}
	wpa->backend.ops = &wpa_ops;
	wpa->kernel = kernel;
	wpa->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS;
	macsec_suite_parse(config->cipher_suite, &wpa->suite);
	wpa->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wpa->wake_fd < 0 || !add_sides(wpa, config)) {
		wpa_free(&wpa->backend);
		return NULL;
	}
	return wpa;
}

static bool check_pair(
	const struct applier_wpa_config *config, char error[static APPLIER_ERROR_TEXT_MAX])
{
	if (!wpa_socket_possible(config->second_control_socket, error)) {
		return false;
	}
	if (strcmp(config->control_socket, config->second_control_socket) == 0 || !config->bond) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"a pair needs two control sockets, and a bond");
		return false;
	}
	return true;
}

struct applier *wpa_open(struct applier_set *set, const struct applier_wpa_config *config,
	const struct wpa_kernel *kernel, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier *applier = NULL;
	struct wpa *wpa;

	if (!wpa_suite_possible(config->cipher_suite, error) ||
		!wpa_socket_possible(config->control_socket, error) ||
		(config->second_control_socket && !check_pair(config, error))) {
		return NULL;
	}
	wpa = wpa_new(config, kernel);
	if (wpa) {
		applier = applier_new(set, &wpa->backend);
	}
	if (!applier) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory or threads");
	}
	return applier;
}

struct applier *applier_open_wpa(struct applier_set *set, const struct applier_wpa_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	return wpa_open(set, config, &wpa_linux, error);
}
