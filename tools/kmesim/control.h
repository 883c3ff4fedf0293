/* The control socket: one line in, "ok" or "error WHY" and perhaps more lines out. */
#ifndef KMESIM_CONTROL_H
#define KMESIM_CONTROL_H

#include "tools/kmesim/sim.h"

/*
 * Listens on sim->config.control, for root or the owner only: whoever connects
 * can read every key. Returns a descriptor to poll, or -1 with errno set.
 */
int control_open(const struct sim *sim);

/* Takes one connection and serves it; a client that says nothing is dropped after 2 s. */
void control_serve(struct sim *sim, int listen_fd);

void control_close(const struct sim *sim, int listen_fd);

/* A text for people: the commands and faults. */
void control_help(FILE *out);

#endif
