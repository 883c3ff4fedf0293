#include "netconf/hook.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/log.h"
#include "netconf/applier_private.h"
#include "netconf/hook_process.h"

#define LOG_NAME "hook"
#define DEFAULT_TIMEOUT_MS 30000
#define HEX_RUN_MAX 31 /* hex digits that may stand in a text: the shortest CAK has 32 */

#define DESCRIPTION "KEYIDD_DESCRIPTION="

struct hook {
	struct applier_backend backend;
	char *program, *association;
	char *device, *sae; /* as the environment has them */
	uint32_t timeout_ms;
	int wake_fd;
	struct hook_process process;
	char out[HOOK_OUTPUT_MAX + 1];
	char err[HOOK_ERRORS_MAX + 1];
};

/* ---- what the program is called with --------------------------------------------------------- */

static const char *const op_names[] = {
	[APPLIER_PREPARE] = "prepare",
	[APPLIER_COMMIT] = "commit",
	[APPLIER_DISCARD] = "discard",
	[APPLIER_RETIRE] = "retire",
	[APPLIER_READ_BACK] = "read-back",
};

#define ARGUMENTS_MAX (4 + APPLIER_KEYS_MAX)

struct call_texts {
	char generation[21];
	char ckns[APPLIER_KEYS_MAX][2 * APPLIER_CKN_MAX + 1];
	char description[sizeof(DESCRIPTION) + APPLIER_DESCRIPTION_MAX];
	char *arguments[ARGUMENTS_MAX + 1];
	char *environment[6];
};

static void set_arguments(
	struct hook *hook, const struct applier_job *job, struct call_texts *texts)
{
	char **next = texts->arguments;

	snprintf(texts->generation, sizeof(texts->generation), "%" PRIu64, job->generation);
	*next++ = hook->program;
	*next++ = (char *)op_names[job->op];
	*next++ = hook->association;
	*next++ = texts->generation;
	for (size_t i = 0; i < job->key_count; i++) {
		hex_encode(job->keys[i].ckn, job->keys[i].ckn_len, texts->ckns[i]);
		*next++ = texts->ckns[i];
	}
	*next = NULL;
}

/* Nothing of ours, which may hold a journal's or a credential's place. */
static void set_environment(
	struct hook *hook, const struct applier_job *job, struct call_texts *texts)
{
	char **next = texts->environment;

	*next++ = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	*next++ = "LC_ALL=C";
	*next++ = hook->device;
	*next++ = hook->sae;
	if (job->description[0]) {
		snprintf(texts->description, sizeof(texts->description), DESCRIPTION "%s",
			job->description);
		*next++ = texts->description;
	}
	*next = NULL;
}

/* ---- what it has written --------------------------------------------------------------------- */

/* Keys of other jobs too: whatever is long enough for one, and no CKN is told that is not known. */
static void hide_hex(char *text)
{
	static const char hidden[] = "[hex]";

	for (char *at = text; *at;) {
		size_t run = 0;

		while (isxdigit((unsigned char)at[run])) {
			run++;
		}
		if (run > HEX_RUN_MAX) {
			memmove(at + sizeof(hidden) - 1, at + run, strlen(at + run) + 1);
			memcpy(at, hidden, sizeof(hidden) - 1);
			run = sizeof(hidden) - 1;
		}
		at += run > 0 ? run : 1;
	}
}

static bool is_empty(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

/*
 * Takes the first line of standard error that is not empty; all of them are told
 * at the level debug. A line that was cut may end within a key: it is left out.
 */
static void take_words(const struct hook *hook, const struct applier_job *job,
	struct hook_text *err, char words[static APPLIER_ERROR_TEXT_MAX])
{
	char *save = NULL;

	words[0] = '\0';
	for (size_t i = 0; i < err->len; i++) {
		err->bytes[i] = err->bytes[i] ? err->bytes[i] : '?';
	}
	if (err->dropped > 0) {
		char *last = strrchr(err->bytes, '\n');

		*(last ? last : err->bytes) = '\0';
	}
	for (size_t i = 0; i < job->key_count; i++) {
		problem_redact(err->bytes, &job->keys[i].cak);
	}
	hide_hex(err->bytes);
	for (char *line = strtok_r(err->bytes, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		if (is_empty(line)) {
			continue;
		}
		problem_clean(line);
		log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: %s: %s", hook->association,
			op_names[job->op], line);
		if (!words[0]) {
			snprintf(words, APPLIER_ERROR_TEXT_MAX, "%s", line);
		}
	}
}

/* ---- what became of it ----------------------------------------------------------------------- */

/* As sysexits(3) names them, and ssh(1). */
static const struct {
	int status;
	enum applier_error error;
} statuses[] = {
	{ EX_DATAERR, APPLIER_ERROR_UNSUITABLE_KEY },
	{ EX_NOHOST, APPLIER_ERROR_UNREACHABLE },
	{ EX_UNAVAILABLE, APPLIER_ERROR_UNREACHABLE },
	{ EX_TEMPFAIL, APPLIER_ERROR_LOCKED },
	{ EX_PROTOCOL, APPLIER_ERROR_PROTOCOL },
	{ EX_NOPERM, APPLIER_ERROR_LOGIN },
	{ EX_CONFIG, APPLIER_ERROR_NOT_CONFIGURED },
	{ 255, APPLIER_ERROR_UNREACHABLE },
};

static enum applier_error error_of_status(int status, enum applier_op op)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].status == status) {
			return statuses[i].error;
		}
	}
	return op == APPLIER_COMMIT ? APPLIER_ERROR_COMMIT_FAILED : APPLIER_ERROR_REFUSED;
}

static int judge_exit(const struct applier_job *job, const struct hook_outcome *outcome,
	const char *words, struct applier_result *result, struct problem *problem)
{
	if (outcome->status != 0) {
		return words[0] ? problem_set(problem, error_of_status(outcome->status, job->op),
					  "%s", words)
				: problem_set(problem, error_of_status(outcome->status, job->op),
					  "exit status %d, and nothing on standard error",
					  outcome->status);
	}
	snprintf(result->text, sizeof(result->text), "%s", words);
	if (job->op != APPLIER_READ_BACK) {
		return 0;
	}
	if (outcome->out.dropped > 0) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"it printed more than %d octets", HOOK_OUTPUT_MAX);
	}
	return hook_output_read(outcome->out.bytes, outcome->out.len, &result->view, problem);
}

static int judge(const struct hook *hook, const struct applier_job *job,
	const struct hook_outcome *outcome, const char *words, struct applier_result *result,
	struct problem *problem)
{
	const char *signal = sigabbrev_np(outcome->status);
	const char *colon = words[0] ? ": " : "";

	switch (outcome->end) {
	case HOOK_EXITED:
		return judge_exit(job, outcome, words, result, problem);
	case HOOK_SIGNALLED:
		return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST,
			"ended by signal %d (%s)%s%s", outcome->status, signal ? signal : "?",
			colon, words);
	case HOOK_TIMED_OUT:
		return problem_set(problem, APPLIER_ERROR_TIMEOUT,
			"not done within %" PRIu32 " ms, and ended%s%s", hook->timeout_ms, colon,
			words);
	case HOOK_FLOODED:
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"it printed more than %d octets, and was ended", HOOK_DROPPED_MAX);
	case HOOK_INTERRUPTED:
		return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST, "interrupted");
	case HOOK_NOT_STARTED:
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "%s cannot be called: %s%s",
			hook->program, strerrordesc_np(outcome->status),
			outcome->status == EBUSY ? "; the call before has not ended yet" : "");
	}
	return -1;
}

/* ---- the back end ---------------------------------------------------------------------------- */

/* Returns 0 or -errno; whatever became of the program is in the outcome. */
static int call(struct hook *hook, const struct applier_job *job, struct hook_outcome *outcome)
{
	struct call_texts texts;
	struct hook_call call;
	struct hook_keys keys;
	int rc = hook_keys_open(job, &keys);

	if (rc < 0) {
		return rc;
	}
	set_arguments(hook, job, &texts);
	set_environment(hook, job, &texts);
	call = (struct hook_call){
		.arguments = texts.arguments,
		.environment = texts.environment,
		.keys_fd = keys.fd,
		.wake_fd = hook->wake_fd,
		.timeout_ms = hook->timeout_ms,
	};
	hook_process_run(&hook->process, &call, outcome);
	hook_keys_wipe(&keys);
	return 0;
}

static int run(struct hook *hook, const struct applier_job *job, struct applier_result *result,
	struct problem *problem)
{
	struct hook_outcome outcome = {
		.out = { .bytes = hook->out, .max = HOOK_OUTPUT_MAX },
		.err = { .bytes = hook->err, .max = HOOK_ERRORS_MAX },
	};
	char words[APPLIER_ERROR_TEXT_MAX];
	int rc;

	if (hook_check_program(hook->program, words) < 0) {
		return problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED, "%s", words);
	}
	rc = call(hook, job, &outcome);
	if (rc < 0) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "no memory for the keys: %s",
			strerrordesc_np(-rc));
	}
	take_words(hook, job, &outcome.err, words);
	return judge(hook, job, &outcome, words, result, problem);
}

/* What a program prints by mistake may be a key. */
static void hook_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct hook *hook = (struct hook *)backend;
	struct problem problem;

	if (run(hook, job, result, &problem) < 0) {
		memset(&result->view, 0, sizeof(result->view));
		applier_fail(result, &problem);
	}
	secret_wipe_bytes(hook->out, sizeof(hook->out));
	secret_wipe_bytes(hook->err, sizeof(hook->err));
}

static void hook_interrupt(struct applier_backend *backend)
{
	eventfd_write(((struct hook *)backend)->wake_fd, 1);
}

static void hook_free(struct applier_backend *backend)
{
	struct hook *hook = (struct hook *)backend;

	hook_process_fini(&hook->process);
	if (hook->wake_fd >= 0) {
		close(hook->wake_fd);
	}
	free(hook->sae);
	free(hook->device);
	free(hook->association);
	free(hook->program);
	free(hook);
}

static const struct applier_backend_ops hook_ops = {
	.run = hook_run,
	.interrupt = hook_interrupt,
	.free = hook_free,
};

/* ---- opening --------------------------------------------------------------------------------- */

/* Then the kernel would not keep what became of a program. */
static bool ignores_children(void)
{
	struct sigaction action;

	sigaction(SIGCHLD, NULL, &action);
	return action.sa_handler == SIG_IGN || action.sa_flags & SA_NOCLDWAIT;
}

static bool set_variable(char **variable, const char *name, const char *value)
{
	return asprintf(variable, "%s=%s", name, value ? value : "") >= 0;
}

static struct hook *hook_new(const struct applier_hook_config *config)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook) {
		return NULL;
	}
	hook->backend.ops = &hook_ops;
	hook->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS;
	hook->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hook->program = strdup(config->program);
	hook->association = strdup(config->association);
	if (hook->wake_fd < 0 || !hook->program || !hook->association ||
		!set_variable(&hook->device, "KEYIDD_DEVICE", config->device) ||
		!set_variable(&hook->sae, "KEYIDD_SAE", config->sae)) {
		hook_free(&hook->backend);
		return NULL;
	}
	return hook;
}

struct applier *applier_open_hook(struct applier_set *set, const struct applier_hook_config *config,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier *applier = NULL;
	struct hook *hook;

	if (hook_check_program(config->program, error) < 0) {
		return NULL;
	}
	if (ignores_children()) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX,
			"SIGCHLD is ignored: what becomes of a program could not be seen");
		return NULL;
	}
	hook = hook_new(config);
	if (hook) {
		applier = applier_new(set, &hook->backend);
	}
	if (!applier) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory or threads");
	}
	return applier;
}
