/* A TLS server in a process of its own, for tests of how kmeclient uses connections. */
#ifndef TESTS_UNIT_KMECLIENT_SERVER_H
#define TESTS_UNIT_KMECLIENT_SERVER_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "tests/unit/kmeclient/certificate.h"

struct server {
	pid_t pid;
	int events; /* a 'c' for each connection, an 'r' for each request */
	char url[64];
};

/* Reads a request without a body. Returns false if there is none. */
static inline bool server_receive(SSL *tls)
{
	char request[4096];
	size_t len = 0;

	while (len < sizeof(request) - 1) {
		int got = SSL_read(tls, request + len, (int)(sizeof(request) - 1 - len));

		if (got <= 0) {
			return false;
		}
		len += (size_t)got;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n")) {
			return true;
		}
	}
	return false;
}

static inline void server_note(int events, char what)
{
	if (write(events, &what, 1) != 1) {
		_exit(1);
	}
}

/* Answers every request but the one numbered drop_at (from 1; 0 = none), which ends it. */
static inline void server_connection(SSL *tls, int events, const char *body, int drop_at)
{
	char reply[4096];

	snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	for (int number = 1; server_receive(tls); number++) {
		server_note(events, 'r');
		if (number == drop_at || SSL_write(tls, reply, (int)strlen(reply)) <= 0) {
			return;
		}
	}
}

/* Serves one connection after the other, for ever. */
static inline void server_run(int listener, int events, const struct certificate_folder *folder,
	const char *body, int drop_at)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate_file(context, folder->certificate_file, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(context, folder->key_file, SSL_FILETYPE_PEM);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		SSL *tls = SSL_new(context);

		server_note(events, 'c');
		SSL_set_fd(tls, fd);
		if (SSL_accept(tls) == 1) {
			server_connection(tls, events, body, drop_at);
		}
		close(fd);
		SSL_free(tls);
	}
}

/* Returns false if there is no socket or process. */
static inline bool server_start(struct server *server, const struct certificate_folder *folder,
	const char *body, int drop_at)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int events[2];

	if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 8) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) < 0 || pipe(events) < 0) {
		return false;
	}
	snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u", ntohs(address.sin_port));
	server->events = events[0];
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing running */
		signal(SIGPIPE, SIG_IGN);
		server_run(listener, events[1], folder, body, drop_at);
	}
	close(listener);
	close(events[1]);
	return server->pid > 0;
}

/* Ends it, and counts what it saw. */
static inline void server_stop(struct server *server, int *connections, int *requests)
{
	char what;

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	*connections = 0;
	*requests = 0;
	while (read(server->events, &what, 1) == 1) {
		*(what == 'c' ? connections : requests) += 1;
	}
	close(server->events);
}

#endif
