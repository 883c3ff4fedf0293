/*
 * One client. A turn reads once and answers one request at most; the events that
 * it waits for follow from what it has (see wanted_events), so that no state of
 * its own says what comes next.
 */
#include "keyidd/control_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop_of(const struct control_client *client)
{
	return client->control->engine->loop;
}

static bool has_line(const struct control_client *client)
{
	return memchr(client->in, '\n', client->in_len) != NULL;
}

/*
 * A complete line waits for its turn: it is taken when the socket takes output,
 * which is in the next turn, or once the client has read the reply before it.
 * That the client has gone (EPOLLHUP) is told without asking.
 */
static uint32_t wanted_events(const struct control_client *client)
{
	if (client->wait) {
		return 0;
	}
	if (client->out || has_line(client)) {
		return EPOLLOUT;
	}
	return EPOLLIN;
}

static void watch(struct control_client *client)
{
	if (loop_watch_change(loop_of(client), &client->watch, wanted_events(client)) != 0) {
		control_client_close(client);
	}
}

static void stay_alive(struct control_client *client)
{
	loop_timer_set(loop_of(client), &client->timer, clock_mono_ms() + client->idle_ms);
}

/* ---- output --------------------------------------------------------------------------------- */

static const char too_long[] =
	"{\"ok\": false, \"error\": \"the answer is too long; ask for less\"}\n";

/* As one line in client->out. jansson tells the length first, and then writes. */
static int serialise(struct control_client *client, const json_t *reply)
{
	size_t len = reply ? json_dumpb(reply, NULL, 0, JSON_COMPACT) : 0;
	bool fits = len > 0 && len < CONTROL_REPLY_MAX;

	client->out_sent = 0;
	client->out_len = fits ? len + 1 : sizeof(too_long) - 1;
	client->out = malloc(client->out_len);
	if (!client->out) {
		return -ENOMEM;
	}
	if (fits) {
		json_dumpb(reply, client->out, len, JSON_COMPACT);
		client->out[len] = '\n';
	} else {
		memcpy(client->out, too_long, client->out_len);
	}
	return 0;
}

void control_client_reply(struct control_client *client, json_t *result, const char *error)
{
	json_t *reply = json_object();

	json_object_set_new(reply, "ok", json_boolean(!error));
	if (error) {
		json_object_set_new(reply, "error", control_text(error));
	}
	if (result) {
		json_object_set_new(reply, "result", result);
	}
	if (serialise(client, reply) != 0) {
		client->closing = true;
	}
	json_decref(reply);
	stay_alive(client);
	loop_watch_change(loop_of(client), &client->watch, EPOLLOUT);
}

/* Sends what the socket takes. Returns 0, or -errno if the client is gone. */
static int flush(struct control_client *client)
{
	ssize_t sent;

	if (!client->out) {
		return 0;
	}
	sent = send(client->watch.fd, client->out + client->out_sent,
		client->out_len - client->out_sent, MSG_NOSIGNAL);
	if (sent < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	client->out_sent += (size_t)sent;
	stay_alive(client);
	if (client->out_sent == client->out_len) {
		free(client->out);
		client->out = NULL;
	}
	return 0;
}

/* ---- input ---------------------------------------------------------------------------------- */

static void end_input(struct control_client *client)
{
	client->input_ended = true;
	if (client->in_len > 0 && !has_line(client)) {
		client->in[client->in_len++] = '\n'; /* see take_line(): there is room */
	}
}

/* Returns 0, or -errno if the client is gone. */
static int fill(struct control_client *client)
{
	ssize_t got = recv(client->watch.fd, client->in + client->in_len,
		sizeof(client->in) - client->in_len, 0);

	if (got < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	if (got == 0) {
		end_input(client);
		return 0;
	}
	client->in_len += (size_t)got;
	stay_alive(client);
	return 0;
}

static void drop_input(struct control_client *client, size_t len)
{
	memmove(client->in, client->in + len, client->in_len - len);
	client->in_len -= len;
}

/* Answers the first line, if one is complete. A full buffer without a line never will be. */
static void take_line(struct control_client *client)
{
	const char *end = memchr(client->in, '\n', client->in_len);

	if (end) {
		size_t len = (size_t)(end - client->in);

		control_command(client, client->in, len);
		drop_input(client, len + 1);
		if (client->input_ended) {
			end_input(client);
		}
	} else if (client->in_len == sizeof(client->in)) {
		client->in_len = 0;
		client->closing = true;
		control_client_reply(client, NULL, "the request is longer than 4096 octets");
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool is_done(const struct control_client *client)
{
	return !client->out && !client->wait &&
	       (client->closing || (client->input_ended && client->in_len == 0));
}

static void ready(void *ctx, uint32_t events)
{
	struct control_client *client = ctx;

	if (events & EPOLLIN && fill(client) != 0) {
		control_client_close(client);
		return;
	}
	if (!client->out && !client->wait && !client->closing) {
		take_line(client);
	}
	if (flush(client) != 0 || is_done(client) || events & (EPOLLHUP | EPOLLERR)) {
		control_client_close(client);
		return;
	}
	watch(client);
}

static void time_out(void *ctx)
{
	struct control_client *client = ctx;

	if (client->wait) {
		control_wait_time_out(client);
	} else {
		control_client_close(client);
	}
}

bool control_client_start(struct control_client *client, struct control *control, int fd)
{
	memset(client, 0, sizeof(*client));
	client->control = control;
	client->used = true;
	client->idle_ms = control->idle_ms;
	client->watch = (struct loop_watch){ .fd = fd, .ready = ready, .ctx = client };
	client->timer = (struct loop_timer){ .fn = time_out, .ctx = client };
	if (loop_watch_add(loop_of(client), &client->watch, EPOLLIN) != 0) {
		control_client_close(client);
		return false;
	}
	stay_alive(client);
	return true;
}

void control_client_close(struct control_client *client)
{
	if (!client->used) {
		return;
	}
	loop_timer_stop(loop_of(client), &client->timer);
	loop_watch_remove(loop_of(client), &client->watch);
	close(client->watch.fd);
	control_wait_free(client->wait);
	free(client->out);
	memset(client, 0, sizeof(*client));
}
