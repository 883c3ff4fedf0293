/* The TCP socket of a KME, in whatever network namespace it belongs to. */
#ifndef KMESIM_LISTEN_SOCKET_H
#define KMESIM_LISTEN_SOCKET_H

#include "tools/kmesim/config.h"

/* Returns a listening socket, or -1 with errno set. */
int listen_socket_open(const struct sim_kme *kme);

/* Writes "https://ADDRESS:PORT" with the port that the socket really has. */
void listen_socket_url(int fd, char *out, size_t size);

#endif
