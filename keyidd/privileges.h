/* What the process may do, and what of it may leak. */
#ifndef KEYIDD_PRIVILEGES_H
#define KEYIDD_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

#define PRIVILEGES_ERROR_MAX 256

/* No core dump, no ptrace by others, no key on a swap device if memory may be locked. Before any
 * key is read. */
void privileges_protect_memory(void);

/*
 * Keeps CAP_NET_RAW (ports are opened again when an interface comes back), and
 * CAP_NET_ADMIN, where there is one, if so asked (for this host's own MACsec, or a bond). Drops
 * every other capability, for good: none can be gained by execve(2) either.
 * Returns 0, or -1 with one line in error.
 */
int privileges_drop(bool keeps_net_admin, char error[static PRIVILEGES_ERROR_MAX]);

#endif
