/*
 * The control socket: how keyidctl asks. A UNIX stream socket, mode 0600; a
 * client sends one JSON object in a line and gets one JSON object in a line:
 *
 *     {"command": "status", "association": "span-1"}
 *     {"ok": true, "result": {...}}      or  {"ok": false, "error": "..."}
 *
 * Nothing that a client does or fails to do holds up the daemon: requests and
 * replies are bounded, sockets never block, idle clients are dropped.
 */
#ifndef KEYIDD_CONTROL_H
#define KEYIDD_CONTROL_H

#include "keyidd/engine.h"

#define CONTROL_REQUEST_MAX 4096
#define CONTROL_CLIENTS_MAX 32
#define CONTROL_ERROR_MAX 256

struct control;

/* Listens on engine->config.daemon.control_socket, replacing a stale socket that nobody listens on. */
struct control *control_new(struct engine *engine, char error[static CONTROL_ERROR_MAX]);
void control_free(struct control *control); /* removes the socket; NULL accepted */

#endif
