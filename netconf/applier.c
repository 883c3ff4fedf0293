#include "netconf/applier_private.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netconf/deadline.h"

#define QUEUE_MAX 8

/* A job on its way: in an applier's queue, then in the set's list of what is done. */
struct task {
	struct task *next;
	struct applier *applier;
	struct applier_job job;
	struct applier_result result;
	applier_done_fn done;
	void *ctx;
};

struct task_list {
	struct task *first;
	struct task **end;
	size_t count;
};

struct applier_set {
	int event_fd;
	pthread_mutex_t mutex;
	struct task_list finished;
};

struct applier {
	struct applier_set *set;
	struct applier_backend *backend;
	bool has_thread; /* or else jobs are done as they come */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct task_list queue;
	bool closing;
};

/* ---- tasks ----------------------------------------------------------------------------------- */

static void list_init(struct task_list *list)
{
	list->first = NULL;
	list->end = &list->first;
	list->count = 0;
}

static void list_push(struct task_list *list, struct task *task)
{
	task->next = NULL;
	*list->end = task;
	list->end = &task->next;
	list->count++;
}

/* Unlinks the task that *link points to. */
static struct task *list_remove(struct task_list *list, struct task **link)
{
	struct task *task = *link;

	*link = task->next;
	if (!task->next) {
		list->end = link;
	}
	list->count--;
	return task;
}

static struct task *list_pop(struct task_list *list)
{
	return list->first ? list_remove(list, &list->first) : NULL;
}

static void task_free(struct task *task)
{
	secret_wipe_bytes(&task->job, sizeof(task->job));
	free(task);
}

/* ---- the set --------------------------------------------------------------------------------- */

struct applier_set *applier_set_new(void)
{
	struct applier_set *set = calloc(1, sizeof(*set));

	if (!set) {
		return NULL;
	}
	set->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (set->event_fd < 0) {
		free(set);
		return NULL;
	}
	pthread_mutex_init(&set->mutex, NULL);
	list_init(&set->finished);
	return set;
}

void applier_set_free(struct applier_set *set)
{
	if (!set) {
		return;
	}
	close(set->event_fd);
	pthread_mutex_destroy(&set->mutex);
	free(set);
}

int applier_set_fd(const struct applier_set *set)
{
	return set->event_fd;
}

static void set_push(struct applier_set *set, struct task *task)
{
	pthread_mutex_lock(&set->mutex);
	list_push(&set->finished, task);
	pthread_mutex_unlock(&set->mutex);
	eventfd_write(set->event_fd, 1);
}

static struct task *set_pop(struct applier_set *set)
{
	struct task *task;

	pthread_mutex_lock(&set->mutex);
	task = list_pop(&set->finished);
	pthread_mutex_unlock(&set->mutex);
	return task;
}

static size_t set_count(struct applier_set *set)
{
	size_t count;

	pthread_mutex_lock(&set->mutex);
	count = set->finished.count;
	pthread_mutex_unlock(&set->mutex);
	return count;
}

/*
 * One at a time: a callback may close an applier, and with it drop tasks still in
 * the list. And no more than there are now: a callback may submit a job that is
 * done at once.
 */
void applier_set_dispatch(struct applier_set *set)
{
	eventfd_t ignored;
	struct task *task;

	eventfd_read(set->event_fd, &ignored);
	for (size_t left = set_count(set); left > 0 && (task = set_pop(set)); left--) {
		task->done(task->ctx, &task->result);
		task_free(task);
	}
}

static void set_drop(struct applier_set *set, const struct applier *applier)
{
	struct task **link = &set->finished.first;

	pthread_mutex_lock(&set->mutex);
	while (*link) {
		if ((*link)->applier == applier) {
			task_free(list_remove(&set->finished, link));
		} else {
			link = &(*link)->next;
		}
	}
	pthread_mutex_unlock(&set->mutex);
}

/* ---- an applier ------------------------------------------------------------------------------ */

/* Returns the next task, still owned by the caller, or NULL when it is time to end. */
static struct task *wait_for_task(struct applier *applier)
{
	struct task *task = NULL;

	pthread_mutex_lock(&applier->mutex);
	while (!applier->closing && !applier->queue.first) {
		pthread_cond_wait(&applier->changed, &applier->mutex);
	}
	if (!applier->closing) {
		task = list_pop(&applier->queue);
	}
	pthread_mutex_unlock(&applier->mutex);
	return task;
}

static void run_task(struct applier *applier, struct task *task)
{
	uint64_t start_ms = deadline_now_ms();

	task->result.op = task->job.op;
	task->result.generation = task->job.generation;
	applier->backend->ops->run(applier->backend, &task->job, &task->result);
	task->result.elapsed_ms = (uint32_t)(deadline_now_ms() - start_ms);
	secret_wipe_bytes(&task->job, sizeof(task->job));
	set_push(applier->set, task);
}

static void *applier_thread(void *ctx)
{
	struct applier *applier = ctx;
	struct task *task;

	while ((task = wait_for_task(applier))) {
		run_task(applier, task);
	}
	return NULL;
}

/* Signals are the loop's business: this thread, and those it makes, take none. */
static int start_thread(struct applier *applier)
{
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t before;
	int rc;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, APPLIER_STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&applier->thread, &attributes, applier_thread, applier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	applier->has_thread = rc == 0;
	return -rc;
}

static void applier_destroy(struct applier *applier)
{
	applier->backend->ops->free(applier->backend);
	pthread_cond_destroy(&applier->changed);
	pthread_mutex_destroy(&applier->mutex);
	free(applier);
}

struct applier *applier_new(struct applier_set *set, struct applier_backend *backend)
{
	struct applier *applier = calloc(1, sizeof(*applier));

	if (!applier) {
		backend->ops->free(backend);
		return NULL;
	}
	applier->set = set;
	applier->backend = backend;
	pthread_mutex_init(&applier->mutex, NULL);
	pthread_cond_init(&applier->changed, NULL);
	list_init(&applier->queue);
	if (backend->ops->interrupt && start_thread(applier) < 0) {
		applier_destroy(applier);
		return NULL;
	}
	return applier;
}

static int check_job(const struct applier_job *job)
{
	bool needs_keys = job->op == APPLIER_PREPARE || job->op == APPLIER_COMMIT;

	if (!memchr(job->description, '\0', sizeof(job->description)) ||
		job->key_count > APPLIER_KEYS_MAX || (needs_keys && job->key_count == 0)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < job->key_count; i++) {
		if (job->keys[i].ckn_len > APPLIER_CKN_MAX || job->keys[i].cak.len > SECRET_MAX) {
			return -EINVAL;
		}
	}
	return 0;
}

static bool queue_task(struct applier *applier, struct task *task)
{
	bool full;

	pthread_mutex_lock(&applier->mutex);
	full = applier->queue.count >= QUEUE_MAX;
	if (!full) {
		list_push(&applier->queue, task);
		pthread_cond_signal(&applier->changed);
	}
	pthread_mutex_unlock(&applier->mutex);
	return !full;
}

int applier_submit(
	struct applier *applier, const struct applier_job *job, applier_done_fn done, void *ctx)
{
	struct task *task;
	int rc = check_job(job);

	if (rc < 0) {
		return rc;
	}
	task = calloc(1, sizeof(*task));
	if (!task) {
		return -ENOMEM;
	}
	task->applier = applier;
	task->job = *job;
	task->done = done;
	task->ctx = ctx;
	if (!applier->has_thread) {
		run_task(applier, task);
		return 0;
	}
	if (!queue_task(applier, task)) {
		task_free(task);
		return -EBUSY;
	}
	return 0;
}

static void end_thread(struct applier *applier)
{
	pthread_mutex_lock(&applier->mutex);
	applier->closing = true;
	pthread_cond_signal(&applier->changed);
	pthread_mutex_unlock(&applier->mutex);
	applier->backend->ops->interrupt(applier->backend);
	pthread_join(applier->thread, NULL);
}

void applier_close(struct applier *applier)
{
	struct task *task;

	if (!applier) {
		return;
	}
	if (applier->has_thread) {
		end_thread(applier);
	}
	while ((task = list_pop(&applier->queue))) {
		task_free(task);
	}
	set_drop(applier->set, applier);
	applier_destroy(applier);
}

void applier_fail(struct applier_result *result, const struct problem *problem)
{
	result->error = problem->error;
	snprintf(result->text, sizeof(result->text), "%s", problem->text);
}
