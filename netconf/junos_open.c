#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netconf/junos_router.h"

#define DEFAULT_PORT 830
#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_LOCK_WAIT_MS 10000

static void router_run(struct applier_backend *backend, const struct applier_job *job,
	struct applier_result *result)
{
	struct junos_router *router = (struct junos_router *)backend;
	struct problem problem;
	int rc = router->key_chain ? junos_keychain_do(router, job, result, &problem)
				   : junos_psk_do(router, job, result, &problem);

	if (rc < 0) {
		applier_fail(result, &problem);
	}
	for (size_t i = 0; i < job->key_count; i++) {
		problem_redact(result->text, &job->keys[i].cak);
	}
}

static void router_interrupt(struct applier_backend *backend)
{
	eventfd_write(((struct junos_router *)backend)->wake_fd, 1);
}

static void router_free(struct applier_backend *backend)
{
	struct junos_router *router = (struct junos_router *)backend;

	netconf_session_free(router->session);
	if (router->wake_fd >= 0) {
		close(router->wake_fd);
	}
	for (size_t i = 0; router->interfaces && i < router->interface_count; i++) {
		free(router->interfaces[i]);
	}
	free(router->interfaces);
	free(router->description_interface);
	free(router->cipher_suite);
	free(router->key_chain);
	free(router->association);
	free(router->known_hosts_file);
	free(router->private_key_file);
	free(router->user);
	free(router->host);
	free(router);
}

static const struct applier_backend_ops router_ops = {
	.run = router_run,
	.interrupt = router_interrupt,
	.free = router_free,
};

/* ---- opening --------------------------------------------------------------------------------- */

static size_t cak_len_of_suite(const char *suite)
{
	static const struct {
		const char *name;
		size_t cak_len;
	} suites[] = {
		{ "gcm-aes-128", 16 },
		{ "gcm-aes-xpn-128", 16 },
		{ "gcm-aes-256", 32 },
		{ "gcm-aes-xpn-256", 32 },
	};

	for (size_t i = 0; suite && i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (strcmp(suite, suites[i].name) == 0) {
			return suites[i].cak_len;
		}
	}
	return 0;
}

static bool is_name(const char *name)
{
	return name && name[0] && strlen(name) < APPLIER_NAME_MAX;
}

static bool is_empty(const char *text)
{
	return !text || !text[0];
}

static const char *missing_name(const struct applier_junos_config *config)
{
	if (is_empty(config->host)) {
		return "host";
	}
	if (is_empty(config->user)) {
		return "user";
	}
	if (is_empty(config->private_key_file)) {
		return "private key file";
	}
	if (is_empty(config->known_hosts_file)) {
		return "known_hosts file";
	}
	if (!is_name(config->connectivity_association)) {
		return "connectivity association";
	}
	if (config->key_chain && !is_name(config->key_chain)) {
		return "key-chain";
	}
	if (cak_len_of_suite(config->cipher_suite) == 0) {
		return "cipher suite";
	}
	if (config->description_interface && !is_name(config->description_interface)) {
		return "description's interface";
	}
	return config->interface_count > JUNOS_INTERFACES_MAX ? "number of interfaces" : NULL;
}

static int check_names(const struct applier_junos_config *config, struct problem *problem)
{
	const char *wrong = missing_name(config);

	for (size_t i = 0; !wrong && i < config->interface_count; i++) {
		wrong = is_name(config->interfaces[i]) ? NULL : "interface name";
	}
	return wrong ? problem_set(problem, APPLIER_ERROR_INTERNAL, "missing or unknown %s", wrong)
		     : 0;
}

static bool copy_interfaces(struct junos_router *router, const struct applier_junos_config *config)
{
	router->interfaces = calloc(config->interface_count + 1, sizeof(*router->interfaces));
	if (!router->interfaces) {
		return false;
	}
	for (size_t i = 0; i < config->interface_count; i++) {
		router->interfaces[i] = strdup(config->interfaces[i]);
		router->interface_count++;
		if (!router->interfaces[i]) {
			return false;
		}
	}
	return true;
}

static bool copy_config(struct junos_router *router, const struct applier_junos_config *config)
{
	router->host = strdup(config->host);
	router->user = strdup(config->user);
	router->private_key_file = strdup(config->private_key_file);
	router->known_hosts_file = strdup(config->known_hosts_file);
	router->association = strdup(config->connectivity_association);
	router->key_chain = config->key_chain ? strdup(config->key_chain) : NULL;
	router->cipher_suite = strdup(config->cipher_suite);
	router->description_interface = config->description_interface
						? strdup(config->description_interface)
						: NULL;
	router->cak_len = cak_len_of_suite(config->cipher_suite);
	router->lock_wait_ms = config->lock_wait_ms > 0 ? config->lock_wait_ms
							: DEFAULT_LOCK_WAIT_MS;
	return copy_interfaces(router, config) && router->host && router->user &&
	       router->private_key_file && router->known_hosts_file && router->association &&
	       router->cipher_suite && !router->key_chain == !config->key_chain &&
	       !router->description_interface == !config->description_interface;
}

static bool make_session(struct junos_router *router, const struct applier_junos_config *config)
{
	const struct transport_config transport = {
		.host = router->host,
		.port = config->port > 0 ? config->port : DEFAULT_PORT,
		.user = router->user,
		.private_key_file = router->private_key_file,
		.known_hosts_file = router->known_hosts_file,
		.subsystem = "netconf",
		.wake_fd = router->wake_fd,
	};

	router->session = netconf_session_new(
		&transport, config->timeout_ms > 0 ? config->timeout_ms : DEFAULT_TIMEOUT_MS);
	return router->session;
}

static struct junos_router *router_new(const struct applier_junos_config *config)
{
	struct junos_router *router = calloc(1, sizeof(*router));

	if (!router) {
		return NULL;
	}
	router->backend.ops = &router_ops;
	router->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (router->wake_fd < 0 || !copy_config(router, config) || !make_session(router, config)) {
		router_free(&router->backend);
		return NULL;
	}
	return router;
}

struct applier *applier_open_junos(struct applier_set *set,
	const struct applier_junos_config *config, char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier *applier = NULL;
	struct junos_router *router;
	struct problem problem;

	if (check_names(config, &problem) < 0 || transport_check_files(config->private_key_file,
							 config->known_hosts_file, &problem) < 0) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "%s", problem.text);
		return NULL;
	}
	router = router_new(config);
	if (router) {
		applier = applier_new(set, &router->backend);
	}
	if (!applier) {
		snprintf(error, APPLIER_ERROR_TEXT_MAX, "out of memory or threads");
	}
	return applier;
}
