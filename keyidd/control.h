/*
 * The control socket: how keyidctl asks. A UNIX stream socket, mode 0600; a
 * client sends one JSON object in a line and gets one JSON object in a line:
 *
 *     {"command": "status", "association": "span-1", "sae": "mx304-11"}
 *     {"ok": true, "result": {...}}      or  {"ok": false, "error": "..."}
 *
 * A line ends with a newline, or with the end of what the client sends. Several
 * requests may follow each other on one connection; each is answered before the
 * next is looked at. An answer that is not ok may have a result all the same
 * (rekey: what became of each association).
 *
 *     status      [association] [sae]
 *     neighbours  [association] [sae]
 *     history     [association] [sae] [limit 1..CONTROL_HISTORY_MAX]    newest first
 *     rekey       [association] [sae] [wait true] [timeout 1..CONTROL_WAIT_MAX_S]
 *     counters    [association] [sae]
 *
 * association and sae together, or one of them, or "NAME/SAE" as association, name one
 * SAE of one association; what would be several is refused with their names. For all
 * but neighbours association may be the name of a hand-over; rekey asks one only by name.
 *
 * Anything else in a request is refused: a misspelt "association" must not turn
 * into "all of them". keyidctl(1) explains the results. None holds a secret.
 *
 * Nothing that a client does or fails to do holds up the daemon: requests and
 * replies are bounded, one request of a client is answered in a turn of the
 * loop, sockets never block, and clients that are silent, or do not read, are
 * dropped.
 */
#ifndef KEYIDD_CONTROL_H
#define KEYIDD_CONTROL_H

#include "keyidd/engine.h"

#define CONTROL_REQUEST_MAX 4096 /* octets, with the newline */
#define CONTROL_REPLY_MAX (16 * 1024 * 1024)
#define CONTROL_CLIENTS_MAX 32
#define CONTROL_ERROR_MAX 256
#define CONTROL_IDLE_MS 30000 /* nothing sent, nothing read, nothing waited for */
#define CONTROL_WAIT_S 120    /* rekey with wait, without timeout */
#define CONTROL_WAIT_MAX_S 3600
#define CONTROL_HISTORY 20 /* events, without limit */
#define CONTROL_HISTORY_MAX 10000

struct control;

/*
 * Listens on engine->config.daemon.control_socket and becomes engine->listener.
 * The socket's folder must exist. A stale socket, that nobody listens on, is
 * replaced; anything else in its place is not. The path is that of the start: a
 * reload does not move the socket.
 *
 * Returns NULL with one line in error.
 */
struct control *control_new(struct engine *engine, char error[static CONTROL_ERROR_MAX]);

/* Drops the clients, removes the socket if it is still this one. NULL accepted. */
void control_free(struct control *control);

/* Another idle time for clients that connect from now on. For tests. */
void control_set_idle_ms(struct control *control, uint64_t idle_ms);

#endif
