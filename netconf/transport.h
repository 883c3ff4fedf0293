/*
 * A channel to an SSH subsystem, NETCONF's (RFC 6242 clause 3) or SFTP's: libssh,
 * never blocking longer than a deadline, and ended at once when wake_fd becomes
 * readable.
 *
 * Only what is given counts: one known_hosts file, one private key. No agent, no
 * ssh_config, no home folder, no password.
 */
#ifndef NETCONF_TRANSPORT_H
#define NETCONF_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "netconf/problem.h"

struct transport_config {
	const char *host;
	uint16_t port;
	const char *user;
	const char *private_key_file;
	const char *known_hosts_file;
	const char *subsystem; /* "netconf", "sftp" */
	int wake_fd;
};

struct transport;

/*
 * Are both files readable, the private key without a passphrase and closed to
 * others? Returns 0, or -1 with the problem.
 */
int transport_check_files(
	const char *private_key_file, const char *known_hosts_file, struct problem *problem);

/* Connects, checks the host key, logs in, starts the subsystem. NULL with the problem. */
struct transport *transport_open(
	const struct transport_config *config, uint64_t deadline_ms, struct problem *problem);

/* Returns 0 when all is handed to the network, or -1 with the problem. */
int transport_write(struct transport *transport, const uint8_t *bytes, size_t len,
	uint64_t deadline_ms, struct problem *problem);

/* Returns the octets read, at least 1, or -1 with the problem. */
int transport_read(struct transport *transport, uint8_t *bytes, size_t size, uint64_t deadline_ms,
	struct problem *problem);

/* Ends it without waiting; NULL accepted. */
void transport_close(struct transport *transport);

#endif
