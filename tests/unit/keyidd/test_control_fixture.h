/*
 * What the tests of the control socket share: an engine made by hand, with the
 * parts behind it replaced (so that none of theirs is linked), a daemon's loop in
 * a thread, and clients of the socket.
 */
#ifndef TESTS_UNIT_KEYIDD_TEST_CONTROL_FIXTURE_H
#define TESTS_UNIT_KEYIDD_TEST_CONTROL_FIXTURE_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "keyidd/control_private.h"

/* ---- the engine ----------------------------------------------------------------------------- */

#define KEY_ID "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"
#define CKN "abcd1234abcd5678abcd1234abcd5678d9b6fa63dd8847d28afe94fcecf40d19"
#define SECRET_OCTET 0xa5 /* of every secret in the engine */
#define NOW_MS 1000000
#define NOW_S 1767225600 /* 2026-01-01T00:00:00Z */

static const struct exchange_time now = { NOW_MS, NOW_S };

static struct config_kme test_kme = { .name = "kme-1" };
static struct config_device test_device = { .name = "router-1", .type = CONFIG_DEVICE_JUNOS };
static struct config_association test_config[2];
static struct association master, slave; /* span-1 and span-2 */
static struct association_link test_links[2];
static struct association *test_associations[2];
static struct engine engine;

struct iface {
	const char *name;
	bool open;
	uint32_t mtu;
	struct iface_counters counters;
};
static struct iface test_iface;

static int64_t test_key_age_s;
static void (*on_rekey)(
	struct association *association); /* what a rekey sets off; NULL = nothing */
static int rekeys;

struct association *engine_find(const struct engine *of, const struct config_association *config)
{
	for (size_t i = 0; i < of->association_count; i++) {
		if (of->associations[i]->config == config) {
			return of->associations[i];
		}
	}
	return NULL;
}

void association_rekey(struct association *association)
{
	rekeys++;
	if (on_rekey) {
		on_rekey(association);
	}
}

void handover_rekey(struct handover *handover)
{
	(void)handover;
	rekeys++;
}

int64_t association_key_age_s(const struct association *association)
{
	return association->exchange.record.confirmed_at ? test_key_age_s : -1;
}

const char *iface_name(const struct iface *iface)
{
	return iface->name;
}

enum iface_state iface_state(const struct iface *iface)
{
	return iface->open ? IFACE_STATE_OPEN : IFACE_STATE_DOWN;
}

bool iface_open(const struct iface *iface)
{
	return iface->open;
}

uint32_t iface_mtu(const struct iface *iface)
{
	return iface->mtu;
}

uint32_t iface_mtu_wanted(const struct association_link *link)
{
	return link->iface->mtu < 1500 ? 1500 : 0;
}

const char *iface_error(const struct iface *iface)
{
	return iface->open ? "" : "no such device";
}

const struct iface_counters *iface_counters(const struct iface *iface)
{
	return &iface->counters;
}

uint64_t iface_dropped(const struct iface *iface)
{
	(void)iface;
	return 3;
}

static const char *test_macsec_down; /* the device of every link; NULL = none */

const char *association_netif_down(const struct association *association, size_t link)
{
	(void)association;
	(void)link;
	return test_macsec_down;
}

static inline void make_association(struct association *association, size_t i, const char *name,
	enum exchange_role role, const char *sae, const char *peer)
{
	struct config_association *config = &test_config[i];
	struct exchange_config *exchange = &config->exchange;

	memset(config, 0, sizeof(*config));
	config->name = name;
	snprintf(config->label, sizeof(config->label), "%s", name);
	config->kme = &test_kme;
	config->device = &test_device;
	config->channel_keys.count = 1;
	memset(config->channel_keys.keys[0].key.bytes, SECRET_OCTET, 32);
	config->channel_keys.keys[0].key.len = 32;
	config->links[0] = (struct config_link){ .name = name, .interface = "eth1" };
	exchange->role = role;
	sae_id_set(&exchange->sae, sae, strlen(sae));
	sae_id_set(&exchange->master, role == EXCHANGE_MASTER ? sae : peer, strlen(sae));
	if (role == EXCHANGE_MASTER) {
		exchange->member_count = 1;
		sae_id_set(&exchange->members[0], peer, strlen(peer));
	}
	exchange->link_count = 1;
	exchange->links[0].direction = role == EXCHANGE_MASTER ? EXCHANGE_DOWN : EXCHANGE_UP;
	exchange->links[0].neighbour_count = 1;
	sae_id_set(&exchange->links[0].neighbours[0], peer, strlen(peer));
	exchange->ckn.kind = CKN_PREFIX;
	exchange->ckn.prefix_len = 16;
	for (size_t j = 0; j < 16; j += 4) {
		memcpy(&exchange->ckn.prefix[j], j & 4 ? "\xab\xcd\x56\x78" : "\xab\xcd\x12\x34",
			4);
	}
	exchange->life_ms = 6000;
	exchange->rekey_interval_ms = 3600000;

	memset(association, 0, sizeof(*association));
	memset(&test_links[i], 0, sizeof(test_links[i]));
	association->links = &test_links[i];
	association->engine = &engine;
	association->config = config;
	exchange_init(&association->exchange, exchange, NULL);
	association->links[0].association = association;
	association->links[0].iface = &test_iface;
	association->links[0].link.config.heartbeat_ms = 2000;
	association->keys.count = 1;
	association->keys.keys[0].key.len = 64;
	memset(association->keys.keys[0].key.bytes, SECRET_OCTET, 64);
}

static inline void make_engine(void)
{
	memset(&engine, 0, sizeof(engine));
	engine.config.association_count = 2;
	engine.config.associations = test_config;
	memset(engine.config.daemon.state_key.bytes, SECRET_OCTET, 32);
	engine.association_count = 2;
	engine.associations = test_associations;
	test_associations[0] = &master;
	test_associations[1] = &slave;
	make_association(&master, 0, "span-1", EXCHANGE_MASTER, "mx304-11", "mx304-12");
	make_association(&slave, 1, "span-2", EXCHANGE_SLAVE, "mx304-21", "mx304-22");
	test_iface = (struct iface){ .name = "eth1", .open = true, .mtu = 1500 };
	test_macsec_down = NULL;
	test_key_age_s = 0;
	on_rekey = NULL;
	rekeys = 0;
}

static inline struct proposal proposal_of(uint64_t generation)
{
	struct proposal proposal = { .generation = generation, .an = AN_NONE, .key_count = 1 };

	memset(proposal.digest, (int)generation, DIGEST_LEN);
	key_id_set(&proposal.keys[0], KEY_ID, strlen(KEY_ID));
	return proposal;
}

static inline struct proposal_ref ref_of(uint64_t generation)
{
	struct proposal_ref ref = { .generation = generation };

	memset(ref.digest, (int)generation, DIGEST_LEN);
	return ref;
}

static inline void set_committed(
	struct association *association, uint64_t generation, enum slot_phase decision)
{
	struct exchange_record *record = &association->exchange.record;
	struct ckn ckn = { 0 };

	record->committed = proposal_of(generation);
	ckn_from_key_id(&association->exchange.config->ckn, &record->committed.keys[0], &ckn);
	ckn_token(ckn.octets, ckn.len, association->exchange.committed_tokens[0]);
	record->committed_held = decision == SLOT_COMMIT;
	record->decision = decision;
	record->highest = generation;
	record->confirmed_at = NOW_S - 60;
	test_key_age_s = 60;
}

static inline void set_staged(
	struct association *association, uint64_t generation, enum exchange_stage stage)
{
	struct exchange_record *record = &association->exchange.record;

	record->staged = proposal_of(generation);
	record->stage = stage;
	record->highest = generation;
}

/* The device was read, and holds the key of every test proposal. */
static inline void set_device(struct association *association, bool transmitting)
{
	struct exchange *x = &association->exchange;
	struct exchange_device_key *key = &x->view.keys[0];
	struct key_id key_id;

	key_id_set(&key_id, KEY_ID, strlen(KEY_ID));
	x->device_known = true;
	x->view.key_count = 1;
	ckn_from_key_id(&x->config->ckn, &key_id, &key->ckn);
	ckn_token(key->ckn.octets, key->ckn.len, key->token);
	key->transmitting = transmitting;
}

/* An SAE was heard so long ago; returns what it said, to be changed. */
static inline struct sae_status *set_peer(
	struct association *association, const char *sae, uint64_t ago_ms, uint64_t now_ms)
{
	struct exchange_peer *peer = association->exchange.peers;

	while (peer->status.sae.len > 0 && strcmp(peer->status.sae.text, sae) != 0) {
		peer++;
	}
	memset(peer, 0, sizeof(*peer));
	sae_id_set(&peer->status.sae, sae, strlen(sae));
	peer->status.device_known = true;
	memset(peer->member, 0x42, MEMBER_ID_LEN);
	peer->heard_ms = now_ms - ago_ms;
	return &peer->status;
}

/* ---- the daemon ----------------------------------------------------------------------------- */

static char folder[64];
static char socket_path[80];
static struct control *control;
static pthread_t loop_thread;
static struct loop_watch poke;
static sem_t poked;
static void (*poke_fn)(void);

static inline void be_poked(void *ctx, uint32_t events)
{
	uint64_t count;

	(void)ctx;
	(void)events;
	if (read(poke.fd, &count, sizeof(count)) == sizeof(count)) {
		poke_fn();
		sem_post(&poked);
	}
}

/* Runs fn in the loop's thread, as everything of the daemon does. */
static inline void in_loop(void (*fn)(void))
{
	uint64_t one = 1;

	poke_fn = fn;
	assert_int_equal(write(poke.fd, &one, sizeof(one)), sizeof(one));
	sem_wait(&poked);
}

static inline void *run_loop(void *unused)
{
	(void)unused;
	loop_run(engine.loop);
	return NULL;
}

static inline void stop_loop(void)
{
	loop_stop(engine.loop);
}

static inline void clean_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static inline int loop_setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	make_engine();
	strcpy(folder, "/tmp/test_control.XXXXXX");
	if (!mkdtemp(folder)) {
		return -1;
	}
	snprintf(socket_path, sizeof(socket_path), "%s/control.sock", folder);
	engine.config.daemon.control_socket = socket_path;
	engine.loop = loop_new();
	engine.started_ms = clock_mono_ms();
	return engine.loop ? 0 : -1;
}

static inline int loop_teardown(void **state)
{
	(void)state;
	loop_free(engine.loop);
	clean_folder();
	return 0;
}

static inline int daemon_setup(void **state)
{
	char error[CONTROL_ERROR_MAX];

	if (loop_setup(state) != 0) {
		return -1;
	}
	control = control_new(&engine, error);
	if (!control) {
		print_error("%s\n", error);
		return -1;
	}
	poke = (struct loop_watch){ .fd = eventfd(0, EFD_CLOEXEC), .ready = be_poked };
	sem_init(&poked, 0, 0);
	loop_watch_add(engine.loop, &poke, EPOLLIN);
	return pthread_create(&loop_thread, NULL, run_loop, NULL);
}

static inline int daemon_teardown(void **state)
{
	in_loop(stop_loop);
	pthread_join(loop_thread, NULL);
	control_free(control);
	loop_watch_remove(engine.loop, &poke);
	close(poke.fd);
	sem_destroy(&poked);
	assert_int_equal(access(socket_path, F_OK), -1);
	return loop_teardown(state);
}

/* ---- clients -------------------------------------------------------------------------------- */

static inline int client_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, socket_path);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void client_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/*
 * The text up to the newline, to be freed; NULL if the daemon has closed the
 * connection. Nothing behind the newline is taken.
 */
static inline char *client_receive_line(int fd)
{
	size_t len = 0;
	char *line = NULL;

	for (;;) {
		char part[65536];
		ssize_t got = recv(fd, part, sizeof(part), MSG_PEEK);
		const char *end = got > 0 ? memchr(part, '\n', (size_t)got) : NULL;
		size_t taken = end ? (size_t)(end - part) + 1 : got > 0 ? (size_t)got : 0;

		if (got <= 0) {
			assert_int_equal(len, 0);
			assert_true(got == 0 || errno == ECONNRESET);
			return NULL;
		}
		line = realloc(line, len + taken);
		assert_non_null(line);
		assert_int_equal(recv(fd, line + len, taken, MSG_WAITALL), taken);
		len += taken;
		if (end) {
			line[len - 1] = '\0';
			return line;
		}
	}
}

/* The same as an object. */
static inline json_t *client_receive(int fd)
{
	char *line = client_receive_line(fd);
	json_t *reply = line ? json_loads(line, 0, NULL) : NULL;

	assert_true(!line || reply);
	free(line);
	return reply;
}

static inline json_t *ask(const char *request)
{
	int fd = client_open();
	json_t *reply;

	/* Where there is no place for it, the daemon may have answered and gone by now. */
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
		send(fd, "\n", 1, MSG_NOSIGNAL) < 0) {
		assert_true(errno == EPIPE || errno == ECONNRESET);
	}
	reply = client_receive(fd);
	close(fd);
	return reply;
}

static inline bool is_ok(const json_t *reply)
{
	return json_is_true(json_object_get(reply, "ok"));
}

static inline const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(null)");
	}
}

static inline void assert_refused(const char *request, const char *why)
{
	json_t *reply = ask(request);

	assert_non_null(reply);
	assert_false(is_ok(reply));
	assert_contains(text_of(reply, "error"), why);
	assert_null(json_object_get(reply, "result"));
	json_decref(reply);
}

#endif
