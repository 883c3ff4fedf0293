/*
 * What the tests of wpa_supplicant devices share: a wpa_supplicant that is none, in a
 * thread, with a kernel that is none. Tests say what goes wrong with it.
 */
#ifndef TESTS_UNIT_NETCONF_TEST_WPA_FIXTURE_H
#define TESTS_UNIT_NETCONF_TEST_WPA_FIXTURE_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "netconf/deadline.h"
#include "netconf/wpa_private.h"

#define PATIENCE_MS 10000
#define TIMEOUT_MS 300 /* of the applier */
#define CKN_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define CAK_1 "a1a2a3a4a5a6a7a8a9aaabacadaeafb0"
#define VALUES_MAX 16
#define LOG_MAX 16384

/* ---- a wpa_supplicant ------------------------------------------------------------------------ */

enum fault {
	FAULT_NONE,
	FAULT_REPLY,   /* answered by reply instead, reply_len octets of it */
	FAULT_HANG,    /* not answered */
	FAULT_END,     /* it ends, without an answer */
	FAULT_RESTART, /* answered; then it ends and begins anew, on the same path */
	FAULT_EVENTS,  /* answered after some events */
};

struct fake {
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd, end_fd;
	pthread_t thread;
	struct {
		char name[32], value[80];
	} values[VALUES_MAX]; /* of its network block 0 */
	char held_ckn[80];    /* of its participant; "" = none */
	int port;
	int associations; /* how often REASSOCIATE was asked */
	bool ignores;     /* REASSOCIATE changes nothing */
	bool remakes;     /* it makes the macsec device anew, too */
	bool secured;     /* with a live peer */
	const char *at;   /* a request that begins so meets with the fault */
	enum fault fault;
	const char *reply;
	size_t reply_len;
	char log[LOG_MAX]; /* all requests, a line each */
	/* the kernel's */
	struct wpa_secy secy; /* ifindex 0 = none */
};

static inline void fake_set(struct fake *fake, const char *name, const char *value)
{
	size_t i = 0;

	while (fake->values[i].name[0] && strcmp(fake->values[i].name, name) != 0) {
		i++;
	}
	assert_true(i < VALUES_MAX);
	snprintf(fake->values[i].name, sizeof(fake->values[i].name), "%s", name);
	snprintf(fake->values[i].value, sizeof(fake->values[i].value), "%s", value);
}

static inline const char *fake_get(const struct fake *fake, const char *name)
{
	for (size_t i = 0; i < VALUES_MAX; i++) {
		if (fake->values[i].name[0] && strcmp(fake->values[i].name, name) == 0) {
			return fake->values[i].value;
		}
	}
	return NULL;
}

static inline void fake_bind(struct fake *fake)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, fake->path, sizeof(address.sun_path));
	unlink(fake->path);
	fake->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fake->fd >= 0);
	assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static inline bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static inline void put_status(const struct fake *fake, char *out, size_t size)
{
	bool has_kay = fake->held_ckn[0];
	size_t len = (size_t)snprintf(
		out, size, "id=0\nwpa_state=COMPLETED\naddress=02:00:00:00:00:0a\n");

	if (has_kay) {
		snprintf(out + len, size - len,
			"PAE KaY status=Active\nAuthenticated=No\nSecured=%s\nFailed=No\n"
			"actor_sci=02:00:00:00:00:0a@%d\nkey_server_sci=00:00:00:00:00:00@0\n"
			"participant_idx=0\nckn=%s\nmi=d4bb8356d128c2d0c83eb14e\nmn=9\n"
			"active=yes\nparticipant=no\nretain=no\nlive_peers=%d\n"
			"potential_peers=0\nis_key_server=yes\nis_elected=yes\n",
			fake->secured ? "Yes" : "No", fake->port, fake->held_ckn, fake->secured);
	}
}

static inline void associate(struct fake *fake)
{
	const char *policy = fake_get(fake, "macsec_policy");
	const char *ckn = fake_get(fake, "mka_ckn");

	fake->associations++;
	fake->secy.ifindex += fake->remakes;
	if (!fake->ignores) {
		fake->secured = fake->secy.works = false;
		fake->secy.empty = true;
		snprintf(fake->held_ckn, sizeof(fake->held_ckn), "%s",
			strcmp(policy, "1") == 0 && ckn ? ckn : "");
	}
}

static inline void answer_request(struct fake *fake, const char *request, char *out, size_t size)
{
	char name[32], value[80];

	snprintf(out, size, "FAIL\n");
	if (strcmp(request, "PING") == 0) {
		snprintf(out, size, "PONG\n");
	} else if (strcmp(request, "STATUS") == 0) {
		put_status(fake, out, size);
	} else if (strcmp(request, "GET version") == 0) {
		snprintf(out, size, "2.10");
	} else if (strcmp(request, "REASSOCIATE") == 0) {
		associate(fake);
		snprintf(out, size, "OK\n");
	} else if (sscanf(request, "GET_NETWORK 0 %31s", name) == 1 && fake_get(fake, name)) {
		snprintf(out, size, "%s", fake_get(fake, name));
	} else if (sscanf(request, "SET_NETWORK 0 %31s %79s", name, value) == 2) {
		fake_set(fake, name, value);
		snprintf(out, size, "OK\n");
	}
}

static inline void fake_answer(
	struct fake *fake, const char *request, const struct sockaddr_un *from, socklen_t from_len)
{
	enum fault fault = fake->at && begins(request, fake->at) ? fake->fault : FAULT_NONE;
	static const char event[] = "<3>CTRL-EVENT-SCAN-STARTED ";
	char out[1024];
	const char *reply = out;
	size_t len;

	if (fault == FAULT_HANG) {
		return;
	}
	if (fault == FAULT_END) {
		close(fake->fd);
		fake->fd = -1;
		return;
	}
	answer_request(fake, request, out, sizeof(out));
	len = strlen(out);
	if (fault == FAULT_REPLY) {
		reply = fake->reply;
		len = fake->reply_len;
	}
	if (fault == FAULT_RESTART) {
		shutdown(fake->fd, SHUT_RD); /* who hears the answer cannot ask on */
	}
	for (int i = 0; i < 3 && fault == FAULT_EVENTS; i++) {
		sendto(fake->fd, event, strlen(event), 0, (const struct sockaddr *)from, from_len);
	}
	sendto(fake->fd, reply, len, 0, (const struct sockaddr *)from, from_len);
	if (fault == FAULT_RESTART) {
		fake->at = NULL;
		close(fake->fd);
		fake_bind(fake);
	}
}

static inline void *fake_run(void *ctx)
{
	struct fake *fake = ctx;
	char request[512];
	struct sockaddr_un from;

	for (;;) {
		struct pollfd fds[] = { { .fd = fake->end_fd, .events = POLLIN },
			{ .fd = fake->fd, .events = POLLIN } };
		socklen_t from_len = sizeof(from);
		ssize_t len;
		size_t logged = strlen(fake->log);

		poll(fds, fake->fd < 0 ? 1 : 2, -1);
		if (fds[0].revents) {
			return NULL;
		}
		len = recvfrom(fake->fd, request, sizeof(request) - 1, 0, (struct sockaddr *)&from,
			&from_len);
		if (len >= 0) {
			request[len] = '\0';
			snprintf(fake->log + logged, LOG_MAX - logged, "%s\n", request);
			fake_answer(fake, request, &from, from_len);
		}
	}
}

/* Of 2.10, with a network block that will do. */
static inline void fake_init(struct fake *fake, const char *path, int port)
{
	char text[16];

	memset(fake, 0, sizeof(*fake));
	assert_true(strlen(path) < sizeof(fake->path));
	memcpy(fake->path, path, strlen(path) + 1);
	snprintf(text, sizeof(text), "%d", port);
	fake->port = port;
	fake_set(fake, "key_mgmt", "NONE");
	fake_set(fake, "disabled", "0");
	fake_set(fake, "macsec_policy", "1");
	fake_set(fake, "macsec_integ_only", "0");
	fake_set(fake, "macsec_port", text);
	fake->secy = (struct wpa_secy){
		.ifindex = 4u + (uint32_t)port, .suite = MACSEC_SUITE_GCM_AES_128, .empty = true
	};
	snprintf(fake->secy.name, sizeof(fake->secy.name), "macsec%d", port);
	fake->end_fd = eventfd(0, EFD_CLOEXEC);
	fake_bind(fake);
}

static inline void fake_start(struct fake *fake)
{
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
}

/* It says nothing more, and its socket stays. */
static inline void fake_stop(struct fake *fake)
{
	eventfd_t ignored;

	eventfd_write(fake->end_fd, 1);
	pthread_join(fake->thread, NULL);
	eventfd_read(fake->end_fd, &ignored);
}

static inline void fake_fini(struct fake *fake)
{
	if (fake->fd >= 0) {
		close(fake->fd);
	}
	close(fake->end_fd);
	unlink(fake->path);
}

/* ---- the applier ----------------------------------------------------------------------------- */

struct answer {
	bool there;
	struct applier_result result;
};

static inline void note(void *ctx, const struct applier_result *result)
{
	struct answer *answer = ctx;

	answer->there = true;
	answer->result = *result;
}

/* One key, with a CAK where the operation has one. */
static inline struct applier_job make_job(enum applier_op op)
{
	struct applier_job job = { .op = op, .generation = 7 };

	job.key_count = op == APPLIER_READ_BACK ? 0 : 1;
	job.keys[0].ckn_len = APPLIER_CKN_MAX;
	memset(job.keys[0].ckn, 1, APPLIER_CKN_MAX);
	for (uint8_t i = 0; i < 16 && op <= APPLIER_COMMIT; i++) {
		job.keys[0].cak.bytes[i] = (uint8_t)(0xa1 + i);
		job.keys[0].cak.len = i + 1u;
	}
	return job;
}

static inline struct applier_result run_job(
	struct applier_set *set, struct applier *applier, const struct applier_job *job)
{
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };
	struct answer answer = { 0 };

	assert_int_equal(applier_submit(applier, job, note, &answer), 0);
	while (!answer.there) {
		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		applier_set_dispatch(set);
	}
	return answer.result;
}

#endif
