/* The key-ID in a JSON file on another host: read there now and then, or written there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "keyidd/engine.h"
#include "keyidd/handover.h"

/* ---- a slave reads --------------------------------------------------------------------------- */

static void read_later(struct handover *handover)
{
	loop_timer_set(handover->engine->loop, &handover->poll,
		clock_mono_ms() + handover->config->poll_interval_ms);
}

static void look_into(struct handover *handover, const uint8_t *bytes, size_t len)
{
	const struct config_handover *config = handover->config;
	char reason[HANDOVER_TEXT_MAX];
	struct key_id key_id;

	if (!handover_text_read(&config->ckn, config->file_device, bytes, len, &key_id, reason)) {
		handover->counters.refused++;
		handover_set_error(handover, HANDOVER_AT_SOURCE, "file-content", "%s on %s: %s",
			config->file, config->remote.host, reason);
		return;
	}
	handover_clear_error(handover, HANDOVER_AT_SOURCE);
	handover_heard(handover, &key_id);
}

static void was_read(void *ctx, const struct remote_result *result)
{
	struct handover *handover = ctx;

	read_later(handover);
	if (result->error == APPLIER_OK) {
		look_into(handover, result->bytes, result->len);
		return;
	}
	handover->counters.unread++;
	handover_set_error(handover, HANDOVER_AT_SOURCE, remote_error_name(result->error),
		"%s on %s: %s", handover->config->file, handover->config->remote.host,
		result->text);
}

static void read_now(void *ctx)
{
	struct handover *handover = ctx;
	int rc = remote_read(handover->remote, handover->config->file, was_read, handover);

	if (rc != 0) {
		read_later(handover);
	}
}

/* ---- a master writes ------------------------------------------------------------------------- */

static void was_written(void *ctx, const struct remote_result *result)
{
	struct handover *handover = ctx;
	struct handover_event event = { .kind = HANDOVER_DONE };

	if (result->error != APPLIER_OK) {
		handover->counters.unshown++;
		handover_set_error(handover, HANDOVER_AT_SOURCE, remote_error_name(result->error),
			"%s on %s: %s", handover->config->file, handover->config->remote.host,
			result->text);
		handover_failed(handover, false, false);
		return;
	}
	if (result->text[0]) {
		handover_log(handover, LOG_LEVEL_INFO, "%s", result->text);
	}
	handover_clear_error(handover, HANDOVER_AT_SOURCE);
	handover_event(handover, &event);
}

void handover_show(struct handover *handover)
{
	const struct config_handover *config = handover->config;
	char text[HANDOVER_JSON_MAX];
	int len = handover_text_write(config->file_device, &handover->machine.record.applied, text);
	int rc = len < 0 ? len
			 : remote_write(handover->remote, config->file, (const uint8_t *)text,
				   (size_t)len, was_written, handover);

	if (rc != 0) {
		handover->counters.unshown++;
		handover_set_error(handover, HANDOVER_AT_SOURCE, "file-internal",
			"%s cannot be written: %s", config->file, strerror(-rc));
		handover_failed(handover, false, false);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void remote_ready(void *ctx, uint32_t events)
{
	struct handover *handover = ctx;

	(void)events;
	remote_dispatch(handover->remote);
}

int handover_file_open(struct handover *handover, char error[static STATE_TEXT_MAX])
{
	struct loop *loop = handover->engine->loop;
	char text[APPLIER_ERROR_TEXT_MAX];

	handover->remote = remote_open(&handover->config->remote, text);
	if (!handover->remote) {
		snprintf(error, STATE_TEXT_MAX, "%s", text);
		return -EINVAL;
	}
	handover->remote_watch.fd = remote_fd(handover->remote);
	handover->remote_watch.ready = remote_ready;
	handover->remote_watch.ctx = handover;
	handover->poll.fn = read_now;
	handover->poll.ctx = handover;
	if (loop_watch_add(loop, &handover->remote_watch, EPOLLIN) != 0 ||
		(handover->config->role == EXCHANGE_SLAVE &&
			loop_timer_set(loop, &handover->poll, clock_mono_ms()) != 0)) {
		snprintf(error, STATE_TEXT_MAX, "no memory");
		return -ENOMEM;
	}
	return 0;
}

void handover_file_close(struct handover *handover)
{
	if (!handover->remote) {
		return;
	}
	loop_timer_stop(handover->engine->loop, &handover->poll);
	loop_watch_remove(handover->engine->loop, &handover->remote_watch);
	remote_close(handover->remote);
}
