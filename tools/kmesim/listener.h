/* One KME on the network: HTTPS with mutual TLS, a thread per connection. */
#ifndef KMESIM_LISTENER_H
#define KMESIM_LISTENER_H

#include "tools/kmesim/sim.h"

struct listener;

/*
 * Listens for a KME of sim->config. Returns NULL with one line in error.
 * Prints "KME-1 listens on https://ADDRESS:PORT".
 */
struct listener *listener_open(struct sim *sim, size_t kme, char error[static SIM_TEXT_MAX]);

/* sim->stop_fd is readable by now. NULL accepted. */
void listener_close(struct listener *listener);

#endif
