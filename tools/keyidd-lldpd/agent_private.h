/* Between the parts of keyidd-lldpd: connections, TLVs, who is asked for what. See agent.h. */
#ifndef TOOLS_KEYIDD_LLDPD_AGENT_PRIVATE_H
#define TOOLS_KEYIDD_LLDPD_AGENT_PRIVATE_H

#include <net/if.h>
#include <stdbool.h>

#include <lldpctl.h>

#include "l2proto/message.h"
#include "tools/keyidd-lldpd/agent.h"

#define AGENT_PATH_MAX 108           /* sun_path */
#define AGENT_ERROR_MAX 256          /* octets of a text */
#define AGENT_REQUEST_MAX 8192       /* octets; a TLV takes 700 */
#define AGENT_INPUT_MAX (544 * 1024) /* octets: liblldpctl takes answers up to 512 KiB */
#define AGENT_ITEMS_MAX 4096         /* of any list that lldpd gives */

/* ---- conn.c: one connection ------------------------------------------------------------------ */

struct conn {
	struct loop *loop;
	lldpctl_conn_t *ctl; /* NULL = closed */
	struct loop_watch watch;
	bool is_full; /* the socket is; the rest of the request is in out */
	uint8_t out[AGENT_REQUEST_MAX];
	size_t out_len;
	/*
	 * Something has come, which liblldpctl has; or nothing can come any more: -errno.
	 * Either may close the connection.
	 */
	void (*progress)(void *ctx);
	void (*lost)(void *ctx, int error);
	void *ctx;
};

/* 0 or -errno: -ENOENT, -ECONNREFUSED, -EACCES, -EAGAIN (too many are waiting), -ENOMEM. */
int conn_open(struct conn *conn, const char *path);
void conn_close(struct conn *conn); /* a closed one accepted */

/* The descriptor has these epoll events. Called by the loop, and by who has none. */
void conn_ready(struct conn *conn, uint32_t events);

/* What became of the last request: 0, -EAGAIN (make it again), -ENOMEM, -ECONNRESET or -EPROTO. */
int conn_outcome(const struct conn *conn);

/* ---- tlv.c: messages and atoms --------------------------------------------------------------- */

/* Calls fn with every item of a list, which may be NULL. */
void atom_for_each(lldpctl_atom_t *list, void (*fn)(void *ctx, lldpctl_atom_t *item), void *ctx);

/*
 * The message of a neighbour: false if its LLDPDU has none. A length of 0: it has more
 * than any message.
 */
bool tlv_join(const struct lldp_format *format, lldpctl_atom_t *neighbour,
	uint8_t out[static MESSAGE_MAX_RAW], size_t *len);

/* A TLV on its way to lldpd. */
struct tlv {
	lldpctl_atom_t *list, *item; /* NULL = none */
};

enum tlv_op { TLV_REPLACE, TLV_ADD, TLV_REMOVE };

/*
 * Makes a TLV for a port, to be set as lldpctl_k_custom_tlv. To replace or remove means
 * all with our OUI and subtype. Returns false if liblldpctl cannot.
 */
bool tlv_make(struct tlv *tlv, lldpctl_atom_t *port, const struct lldp_format *format,
	enum tlv_op op, const uint8_t *octets, size_t len);
void tlv_free(struct tlv *tlv);

/* ---- agent.c, work.c ------------------------------------------------------------------------- */

struct agent_port {
	struct agent *agent;
	struct agent_port *next;
	char name[IFNAMSIZ];
	bool is_closing;        /* and stays until our TLVs are gone */
	bool has_tlvs;          /* as far as we know, lldpd has some of ours */
	lldpctl_atom_t *listed; /* its interface, of this connection; NULL = not managed */
	bool read_due;
	lldpctl_atom_t *atom; /* what has been read of it; NULL = not open */
	char error[AGENT_ERROR_MAX];
	char reported[AGENT_ERROR_MAX]; /* what the user was told last */
	uint8_t newest[MESSAGE_MAX_LLDPD];
	size_t newest_len; /* 0 = nothing that has not been begun */
	uint8_t sending[MESSAGE_MAX_LLDPD];
	size_t sending_len, sent_len; /* how much of it lldpd has */
	struct tlv tlv;
};

enum agent_state { AGENT_STATE_DOWN, AGENT_STATE_SUBSCRIBING, AGENT_STATE_UP };
enum agent_task {
	AGENT_TASK_NONE,
	AGENT_TASK_LIST,  /* the interfaces */
	AGENT_TASK_READ,  /* a port, with its neighbours */
	AGENT_TASK_SET,   /* one TLV of a message */
	AGENT_TASK_REMOVE /* our TLVs */
};

struct agent {
	struct loop *loop;
	char path[AGENT_PATH_MAX];
	struct lldp_format format;
	struct agent_user user;
	struct conn watcher, setter;
	enum agent_state state;
	struct agent_port *ports; /* the one served last is the last one */
	enum agent_task task;     /* what the setter has been asked and has not answered */
	struct agent_port *task_port;
	bool list_due;
	char error[AGENT_ERROR_MAX]; /* unless it is up */
	char said[AGENT_ERROR_MAX];  /* in the log, until a TLV has been set again */
	uint64_t retry_ms;           /* the next delay */
	struct loop_timer retry, work, answer, recheck;
};

/* Gives the setter something to do, if it is free and there is something. */
void agent_work(struct agent *agent);

/* Both connections are closed, and opened again later: for this reason, or this -errno. */
void agent_fail(struct agent *agent, const char *format, ...) __attribute__((format(printf, 2, 3)));
void agent_lost(struct agent *agent, int error);

/* A neighbour has changed, or was there when its port was read. */
void agent_hear(struct agent_port *port, lldpctl_atom_t *neighbour);

/* A line for the log. */
void agent_say(const struct agent *agent, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Tells the user what has changed of ports' errors. */
void agent_report(struct agent *agent);

struct agent_port *agent_find(const struct agent *agent, const char *interface);

/* Forgets what a connection has said of a port. */
void agent_port_forget(struct agent_port *port);

/* Closing ports that lldpd has nothing of are freed. */
void agent_sweep(struct agent *agent);

#endif
