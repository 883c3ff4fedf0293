/* The Junos static-key back end: its state, between opening it and what it does. */
#ifndef NETCONF_JUNOS_PSK_H
#define NETCONF_JUNOS_PSK_H

#include "netconf/applier_private.h"
#include "netconf/session.h"

struct junos_psk {
	struct applier_backend backend;
	char *host;
	char *user;
	char *private_key_file;
	char *known_hosts_file;
	char *association;
	char *cipher_suite;
	size_t cak_len;
	char **interfaces;
	size_t interface_count;
	uint32_t lock_wait_ms;
	int wake_fd; /* readable once interrupted, and so for ever */
	struct netconf_session *session;
};

/* Does one job, see applier_backend_ops.run. Returns 0, or -1 with the problem. */
int junos_psk_do(struct junos_psk *router, const struct applier_job *job,
	struct applier_result *result, struct problem *problem);

#endif
