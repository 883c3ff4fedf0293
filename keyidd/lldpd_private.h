/* Between the parts of lldpd: connections, TLVs, and who asks for what when. See lldpd.h. */
#ifndef KEYIDD_LLDPD_PRIVATE_H
#define KEYIDD_LLDPD_PRIVATE_H

#include <net/if.h>
#include <stdbool.h>

#include <lldpctl.h>

#include "keyidd/lldpd.h"
#include "l2proto/message.h"

#define LLDPD_PATH_MAX 108           /* sun_path */
#define LLDPD_ERROR_MAX 256          /* octets of a text */
#define LLDPD_REQUEST_MAX 8192       /* octets; a TLV takes 700 */
#define LLDPD_INPUT_MAX (544 * 1024) /* octets: liblldpctl takes answers up to 512 KiB */
#define LLDPD_ITEMS_MAX 4096         /* of any list that lldpd gives */

/* ---- lldpd_conn.c: one connection ------------------------------------------------------------ */

struct lldpd_conn {
	struct loop *loop;
	lldpctl_conn_t *ctl; /* NULL = closed */
	struct loop_watch watch;
	bool is_full; /* the socket is; the rest of the request is in out */
	uint8_t out[LLDPD_REQUEST_MAX];
	size_t out_len;
	/* Something has come, which liblldpctl has; or nothing can come any more: -errno. Either
	 * may close the connection. */
	void (*progress)(void *ctx);
	void (*lost)(void *ctx, int error);
	void *ctx;
};

/* 0 or -errno: -ENOENT, -ECONNREFUSED, -EACCES, -EAGAIN (too many are waiting), -ENOMEM. */
int lldpd_conn_open(struct lldpd_conn *conn, const char *path);
void lldpd_conn_close(struct lldpd_conn *conn); /* a closed one accepted */

/* The descriptor has these epoll events. Called by the loop, and by who has none. */
void lldpd_conn_ready(struct lldpd_conn *conn, uint32_t events);

/* What became of the last request: 0, -EAGAIN (make it again), -ENOMEM, -EIO or -EPROTO. */
int lldpd_conn_outcome(const struct lldpd_conn *conn);

/* ---- lldpd_tlv.c: messages and atoms --------------------------------------------------------- */

/* Calls fn with every item of a list, which may be NULL. */
void lldpd_for_each(lldpctl_atom_t *list, void (*fn)(void *ctx, lldpctl_atom_t *item), void *ctx);

/*
 * The message of a neighbour: false if its LLDPDU has none. A length of 0: it has more
 * than any message.
 */
bool lldpd_join(const struct lldp_format *format, lldpctl_atom_t *neighbour,
	uint8_t out[static MESSAGE_MAX_RAW], size_t *len);

/* A TLV on its way to lldpd. */
struct lldpd_tlv {
	lldpctl_atom_t *list, *item; /* NULL = none */
};

enum lldpd_tlv_op { LLDPD_TLV_REPLACE, LLDPD_TLV_ADD, LLDPD_TLV_REMOVE };

/*
 * Makes a TLV for a port, to be set as lldpctl_k_custom_tlv. To replace or remove means
 * all with our OUI and subtype. Returns false if liblldpctl cannot.
 */
bool lldpd_tlv_make(struct lldpd_tlv *tlv, lldpctl_atom_t *port, const struct lldp_format *format,
	enum lldpd_tlv_op op, const uint8_t *octets, size_t len);
void lldpd_tlv_free(struct lldpd_tlv *tlv);

/* ---- lldpd.c, lldpd_work.c ------------------------------------------------------------------- */

struct lldpd_port {
	struct lldpd *lldpd;
	struct lldpd_port *next;
	char name[IFNAMSIZ];
	struct lldpd_listener listener;
	bool is_closing;        /* and stays until our TLVs are gone */
	bool has_tlvs;          /* as far as we know, lldpd has some of ours */
	lldpctl_atom_t *listed; /* its interface, of this connection; NULL = not managed */
	bool read_due;
	lldpctl_atom_t *atom; /* what has been read of it; NULL = not open */
	char error[LLDPD_ERROR_MAX];
	uint8_t newest[MESSAGE_MAX_LLDPD];
	size_t newest_len; /* 0 = nothing that has not been begun */
	uint8_t sending[MESSAGE_MAX_LLDPD];
	size_t sending_len, sent_len; /* how much of it lldpd has */
	struct lldpd_tlv tlv;
};

enum lldpd_state { LLDPD_STATE_DOWN, LLDPD_STATE_SUBSCRIBING, LLDPD_STATE_UP };
enum lldpd_task {
	LLDPD_TASK_NONE,
	LLDPD_TASK_LIST,  /* the interfaces */
	LLDPD_TASK_READ,  /* a port, with its neighbours */
	LLDPD_TASK_SET,   /* one TLV of a message */
	LLDPD_TASK_REMOVE /* our TLVs */
};

struct lldpd {
	struct loop *loop;
	char path[LLDPD_PATH_MAX];
	struct lldp_format format;
	struct lldpd_conn watcher, setter;
	enum lldpd_state state;
	struct lldpd_port *ports; /* the one served last is the last one */
	enum lldpd_task task;     /* what the setter has been asked and has not answered */
	struct lldpd_port *task_port;
	bool list_due;
	char error[LLDPD_ERROR_MAX]; /* until a TLV has been set again */
	uint64_t retry_ms;           /* the next delay */
	struct loop_timer retry, work, answer, recheck;
};

/* Gives the setter something to do, if it is free and there is something. */
void lldpd_work(struct lldpd *lldpd);

/* Both connections are closed, and opened again later: for this reason, or this -errno. */
void lldpd_fail(struct lldpd *lldpd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lldpd_lost(struct lldpd *lldpd, int error);

/* A neighbour has changed, or was there when its port was read. */
void lldpd_hear(struct lldpd_port *port, lldpctl_atom_t *neighbour);

struct lldpd_port *lldpd_find(const struct lldpd *lldpd, const char *interface);

/* Forgets what a connection has said of a port. */
void lldpd_port_forget(struct lldpd_port *port);

/* Closing ports that lldpd has nothing of are freed. */
void lldpd_sweep(struct lldpd *lldpd);

#endif
