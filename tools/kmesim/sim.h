/*
 * kmesim: a network of KMEs with the interface of ETSI GS QKD 014 V1.1.1, in
 * one process. Each KME is a listener of its own; all share one store of keys,
 * as if a quantum channel had filled both ends. For tests and demonstrations:
 * it shows the keys it delivered to whoever may open its control socket.
 */
#ifndef KMESIM_SIM_H
#define KMESIM_SIM_H

#include <pthread.h>

#include "tools/kmesim/config.h"
#include "tools/kmesim/fault.h"
#include "tools/kmesim/store.h"

struct sim {
	struct sim_config config;
	int stop_fd; /* readable when the process is to end: wakes delayed answers */

	/* The rest is shared by the threads of all connections. */
	pthread_mutex_t lock;
	struct store store;
	struct faults faults;
	uint64_t requests[SIM_SAES_MAX][SIM_METHOD_COUNT]; /* received, whatever came of them */
};

/* Writes one line to standard output at once. */
void sim_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The subcommands; each returns the exit status. arguments begins after their name. */
int serve_main(int count, char **arguments);
int ctl_main(int count, char **arguments);

#endif
