#include "netconf/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libssh/libssh.h>

#include "netconf/deadline.h"
#include "netconf/resolve.h"

/* A silent death of a session kept warm shows within a minute. */
#define KEEPALIVE_IDLE_S 20
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES 4

struct transport {
	ssh_session session;
	ssh_channel channel;
	int fd; /* the session's */
	int wake_fd;
};

static pthread_once_t library_initialised = PTHREAD_ONCE_INIT;

static void initialise_library(void)
{
	ssh_init();
	ssh_set_log_level(SSH_LOG_NOLOG);
}

static int lost(struct transport *transport, struct problem *problem)
{
	return problem_set(problem, APPLIER_ERROR_CONNECTION_LOST, "the session ended: %s",
		ssh_is_connected(transport->session) ? "closed by the device"
						     : ssh_get_error(transport->session));
}

/* Waits until libssh may get on with what it answered "again" to. */
static int wait_for_progress(struct transport *transport, uint64_t deadline_ms, const char *doing,
	struct problem *problem)
{
	bool writing = ssh_get_poll_flags(transport->session) & SSH_WRITE_PENDING;
	int rc = deadline_wait_fd(transport->fd, (short)(POLLIN | (writing ? POLLOUT : 0)),
		transport->wake_fd, deadline_ms);

	if (rc > 0) {
		return 0;
	}
	if (rc == 0) {
		return problem_set(
			problem, APPLIER_ERROR_TIMEOUT, "no answer in time while %s", doing);
	}
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "stopped while %s", doing);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void set_keepalive(int fd)
{
	const int on = 1;
	const int idle = KEEPALIVE_IDLE_S;
	const int interval = KEEPALIVE_INTERVAL_S;
	const int probes = KEEPALIVE_PROBES;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Returns the connected, non-blocking socket or -errno. */
static int connect_address(const struct addrinfo *address, int wake_fd, uint64_t deadline_ms)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int error = 0;
	int rc;

	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		error = errno;
	}
	if (error == EINPROGRESS) {
		rc = deadline_wait_fd(fd, POLLOUT, wake_fd, deadline_ms);
		if (rc <= 0) {
			error = rc == 0 ? ETIMEDOUT : -rc;
		} else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
			error = errno;
		}
	}
	if (error != 0) {
		close(fd);
		return -error;
	}
	set_keepalive(fd);
	return fd;
}

/* Each address gets an equal share of the time left, so that one dead one does not eat it all. */
static int connect_any(const struct addrinfo *list, int wake_fd, uint64_t deadline_ms)
{
	unsigned left = 0;
	int rc = -EHOSTUNREACH;

	for (const struct addrinfo *address = list; address; address = address->ai_next) {
		left++;
	}
	for (const struct addrinfo *address = list; address && rc != -ECANCELED;
		address = address->ai_next) {
		uint64_t now = deadline_now_ms();
		uint64_t share = deadline_ms > now ? (deadline_ms - now) / left : 0;

		rc = connect_address(address, wake_fd, now + share);
		if (rc >= 0) {
			return rc;
		}
		left--;
	}
	return rc;
}

static int connect_host(
	const struct transport_config *config, uint64_t deadline_ms, struct problem *problem)
{
	struct addrinfo *list;
	int rc = resolve_host(config->host, config->port, config->wake_fd, deadline_ms, &list);

	if (rc != 0) {
		return problem_set(problem, APPLIER_ERROR_UNREACHABLE, "%s: %s", config->host,
			gai_strerror(rc));
	}
	rc = connect_any(list, config->wake_fd, deadline_ms);
	freeaddrinfo(list);
	if (rc < 0) {
		return problem_set(problem, APPLIER_ERROR_UNREACHABLE, "%s port %u: %s",
			config->host, config->port, strerror(-rc));
	}
	return rc;
}

/* ---- SSH ------------------------------------------------------------------------------------- */

/* Without it libssh would let OpenSSL ask for a passphrase on the terminal. */
static int no_passphrase(const char *prompt, char *out, size_t len, int echo, int verify, void *ctx)
{
	(void)prompt;
	(void)out;
	(void)len;
	(void)echo;
	(void)verify;
	(void)ctx;
	return -1;
}

static ssh_key load_private_key(const char *file, struct problem *problem)
{
	ssh_key key = NULL;

	pthread_once(&library_initialised, initialise_library);
	if (ssh_pki_import_privkey_file(file, NULL, no_passphrase, NULL, &key) != SSH_OK) {
		problem_set(problem, APPLIER_ERROR_LOGIN,
			"%s: not readable as a private key without passphrase", file);
		return NULL;
	}
	return key;
}

int transport_check_files(
	const char *private_key_file, const char *known_hosts_file, struct problem *problem)
{
	struct stat status;
	ssh_key key;

	if (access(known_hosts_file, R_OK) < 0) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "%s: %m", known_hosts_file);
	}
	if (stat(private_key_file, &status) < 0) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "%s: %m", private_key_file);
	}
	if (status.st_mode & S_IRWXO) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL,
			"%s: others can read or write this private key; chmod o= it",
			private_key_file);
	}
	key = load_private_key(private_key_file, problem);
	if (!key) {
		return -1;
	}
	ssh_key_free(key);
	return 0;
}

/* SSH_DIR keeps libssh from looking up and using a home folder. */
static int set_options(
	struct transport *transport, const struct transport_config *config, struct problem *problem)
{
	const unsigned port = config->port;
	const bool no = false;
	const struct {
		enum ssh_options_e option;
		const void *value;
	} options[] = {
		{ SSH_OPTIONS_PROCESS_CONFIG, &no },
		{ SSH_OPTIONS_SSH_DIR, "/nonexistent" },
		{ SSH_OPTIONS_HOST, config->host },
		{ SSH_OPTIONS_PORT, &port },
		{ SSH_OPTIONS_USER, config->user },
		{ SSH_OPTIONS_KNOWNHOSTS, config->known_hosts_file },
		{ SSH_OPTIONS_GLOBAL_KNOWNHOSTS, config->known_hosts_file },
		{ SSH_OPTIONS_FD, &transport->fd },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (ssh_options_set(transport->session, options[i].option, options[i].value) !=
			SSH_OK) {
			return problem_set(problem, APPLIER_ERROR_INTERNAL, "libssh: %s",
				ssh_get_error(transport->session));
		}
	}
	return 0;
}

static int negotiate(struct transport *transport, uint64_t deadline_ms, struct problem *problem)
{
	int rc;

	ssh_set_blocking(transport->session, 0);
	while ((rc = ssh_connect(transport->session)) == SSH_AGAIN) {
		if (wait_for_progress(
			    transport, deadline_ms, "agreeing on an SSH session", problem) < 0) {
			return -1;
		}
	}
	if (rc != SSH_OK) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "no SSH session: %s",
			ssh_get_error(transport->session));
	}
	return 0;
}

static void describe_host_key(struct transport *transport, char *out, size_t size)
{
	ssh_key key = NULL;
	unsigned char *hash = NULL;
	size_t hash_len = 0;
	char *text = NULL;

	if (ssh_get_server_publickey(transport->session, &key) == SSH_OK &&
		ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &hash_len) ==
			SSH_OK) {
		text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, hash_len);
	}
	snprintf(out, size, "%s", text ? text : "unknown");
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
}

static int check_host_key(
	struct transport *transport, const struct transport_config *config, struct problem *problem)
{
	enum ssh_known_hosts_e known = ssh_session_is_known_server(transport->session);
	char shown[96];

	if (known == SSH_KNOWN_HOSTS_OK) {
		return 0;
	}
	describe_host_key(transport, shown, sizeof(shown));
	return problem_set(problem, APPLIER_ERROR_HOST_KEY, "%s: the device shows host key %s, %s",
		config->host, shown,
		known == SSH_KNOWN_HOSTS_CHANGED || known == SSH_KNOWN_HOSTS_OTHER
			? "not the one in known_hosts"
			: "and known_hosts has none for it");
}

static int log_in(struct transport *transport, const struct transport_config *config,
	uint64_t deadline_ms, struct problem *problem)
{
	ssh_key key = load_private_key(config->private_key_file, problem);
	int rc;

	if (!key) {
		return -1;
	}
	while ((rc = ssh_userauth_publickey(transport->session, NULL, key)) == SSH_AUTH_AGAIN) {
		if (wait_for_progress(transport, deadline_ms, "logging in", problem) < 0) {
			ssh_key_free(key);
			return -1;
		}
	}
	ssh_key_free(key);
	if (rc == SSH_AUTH_SUCCESS) {
		return 0;
	}
	return problem_set(problem, APPLIER_ERROR_LOGIN, "%s: user %s is refused with key %s",
		config->host, config->user, config->private_key_file);
}

static int start_subsystem(struct transport *transport, const char *name, uint64_t deadline_ms,
	struct problem *problem)
{
	int rc;

	transport->channel = ssh_channel_new(transport->session);
	if (!transport->channel) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
	}
	while ((rc = ssh_channel_open_session(transport->channel)) == SSH_AGAIN) {
		if (wait_for_progress(transport, deadline_ms, "opening a channel", problem) < 0) {
			return -1;
		}
	}
	while (rc == SSH_OK &&
		(rc = ssh_channel_request_subsystem(transport->channel, name)) == SSH_AGAIN) {
		if (wait_for_progress(transport, deadline_ms, "starting the subsystem", problem) <
			0) {
			return -1;
		}
		rc = SSH_OK;
	}
	if (rc != SSH_OK) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "no subsystem %s: %s", name,
			ssh_get_error(transport->session));
	}
	return 0;
}

struct transport *transport_open(
	const struct transport_config *config, uint64_t deadline_ms, struct problem *problem)
{
	struct transport *transport;
	int fd;

	pthread_once(&library_initialised, initialise_library);
	fd = connect_host(config, deadline_ms, problem);
	if (fd < 0) {
		return NULL;
	}
	transport = calloc(1, sizeof(*transport));
	if (transport) {
		transport->session = ssh_new();
	}
	if (!transport || !transport->session) {
		problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
		free(transport);
		close(fd);
		return NULL;
	}
	transport->fd = fd;
	transport->wake_fd = config->wake_fd;
	if (set_options(transport, config, problem) < 0) {
		close(fd); /* ssh_connect() has not taken it over */
		transport_close(transport);
		return NULL;
	}
	if (negotiate(transport, deadline_ms, problem) < 0 ||
		check_host_key(transport, config, problem) < 0 ||
		log_in(transport, config, deadline_ms, problem) < 0 ||
		start_subsystem(transport, config->subsystem, deadline_ms, problem) < 0) {
		transport_close(transport);
		return NULL;
	}
	return transport;
}

int transport_write(struct transport *transport, const uint8_t *bytes, size_t len,
	uint64_t deadline_ms, struct problem *problem)
{
	while (len > 0) {
		uint32_t portion = len > UINT16_MAX ? UINT16_MAX : (uint32_t)len;
		int written = ssh_channel_write(transport->channel, bytes, portion);

		if (written < 0) {
			return lost(transport, problem);
		}
		bytes += written;
		len -= (size_t)written;
		if (written == 0 &&
			wait_for_progress(transport, deadline_ms, "sending", problem) < 0) {
			return -1;
		}
	}
	for (;;) {
		int rc = ssh_blocking_flush(transport->session, 0);

		if (rc == SSH_OK) {
			return 0;
		}
		if (rc != SSH_AGAIN) {
			return lost(transport, problem);
		}
		if (wait_for_progress(transport, deadline_ms, "sending", problem) < 0) {
			return -1;
		}
	}
}

int transport_read(struct transport *transport, uint8_t *bytes, size_t size, uint64_t deadline_ms,
	struct problem *problem)
{
	for (;;) {
		int got = ssh_channel_read_nonblocking(
			transport->channel, bytes, (uint32_t)size, 0);

		if (got > 0) {
			return got;
		}
		if (got < 0 || ssh_channel_is_eof(transport->channel) ||
			!ssh_is_connected(transport->session)) {
			return lost(transport, problem);
		}
		if (wait_for_progress(transport, deadline_ms, "waiting for a reply", problem) < 0) {
			return -1;
		}
	}
}

/*
 * No ssh_disconnect(): it leaves a socket of SSH_OPTIONS_FD open and forgets it,
 * unless libssh has closed it before. ssh_free() closes what is still open.
 */
void transport_close(struct transport *transport)
{
	if (!transport) {
		return;
	}
	if (transport->channel) {
		ssh_channel_free(transport->channel);
	}
	ssh_free(transport->session);
	free(transport);
}
