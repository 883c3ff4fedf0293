/*
 * A simulated router's state on disk, one folder each:
 *
 *   state.json     identity, options, keys and links (0600: it holds CAKs)
 *   running.xml    the committed configuration       (0600)
 *   candidate.xml  uncommitted changes, if there are any, and candidate.owner
 *   lock           who holds the configuration lock
 *   faults         what is to go wrong
 *   commits.log    one line a commit, for people
 *   rpc.log        one line when an RPC begins and one when it ends
 *   mutex          taken for every look at the above
 */
#ifndef ROUTERSIM_ROUTER_H
#define ROUTERSIM_ROUTER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libxml/tree.h>

#include "common/secret.h"

#define ROUTER_NAME_MAX 64
#define ROUTER_INTERFACES_MAX 16
#define ROUTER_HEX_MAX 65
#define ROUTER_CHAIN_KEYS_MAX 64

/* How get-mka-session-information answers. */
enum router_mka_form {
	ROUTER_MKA_AS_ASKED, /* <detail/>: nested; <summary/>: table; else one block a session */
	ROUTER_MKA_BLOCKS,
	ROUTER_MKA_DETAIL,
	ROUTER_MKA_TABLE,
};

struct router_key {
	char ckn[ROUTER_HEX_MAX]; /* lower-case hex, "" = none */
	char cak[ROUTER_HEX_MAX];
	int64_t since_ms; /* when it was committed, CLOCK_REALTIME */
};

struct router_chain_key {
	int number;
	int64_t start_s; /* by the router's clock */
	struct router_key key;
};

struct router_chain {
	char name[ROUTER_NAME_MAX]; /* "" = the association uses none */
	size_t key_count;
	struct router_chain_key keys[ROUTER_CHAIN_KEYS_MAX];
};

struct router_interface {
	char name[ROUTER_NAME_MAX];
	char peer[PATH_MAX]; /* the folder of the router at the other end, "" = none */
	struct router_key preceding;
};

struct router {
	char dir[PATH_MAX];
	char name[ROUTER_NAME_MAX];
	char association[ROUTER_NAME_MAX];
	int mka_delay_ms;
	bool base_1_1;
	bool rfc_compliant; /* replies with the nc: prefix */
	enum router_mka_form mka_form;
	uint64_t commit_count;
	int64_t clock_offset_s; /* what its clock is ahead of this machine's */
	struct router_chain chain;
	struct router_key current; /* the association's key in running.xml, or the chain's whose
				      turn it was when the router was opened */
	size_t interface_count;
	struct router_interface interfaces[ROUTER_INTERFACES_MAX];
	int mutex_fd;
};

/* Takes the mutex and loads. Returns 0, or -errno having printed why. */
int router_open(struct router *router, const char *dir);

/* Both routers of a link at once, in an order that cannot deadlock; b may lack: *b_open says so. */
int router_open_pair(
	struct router *a, const char *a_dir, struct router *b, const char *b_dir, bool *b_open);

/* Releases the mutex and wipes. Does not save. */
void router_close(struct router *router);

int router_save(const struct router *router);

/* As router_open(), for a folder made just now or that has no state yet. */
int router_create(struct router *router, const char *dir);

/* "DIR/FILE". */
void router_path(const char *dir, const char *file, char out[static PATH_MAX]);

/* Adds a line, with the time in front. */
void router_log(const char *dir, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Replaces a file as a whole. Returns 0 or -errno. */
int router_write_file(const char *dir, const char *file, const void *bytes, size_t len);

/* The configuration in a file, NULL if there is none. */
xmlDoc *router_read_config(const char *dir, const char *file);
int router_write_config(const char *dir, const char *file, xmlDoc *doc);

/* The key as octets, for a fingerprint. */
void router_key_secret(const struct router_key *key, struct secret *secret);
bool router_key_equal(const struct router_key *a, const struct router_key *b);

int64_t router_now_ms(void);

/* Whether two folders are one. */
bool router_same_dir(const char *a, const char *b);

/* ---- claims: files that say which process holds something ------------------------------------ */

/* Writes the caller's process into the file. */
int claim_write(const char *dir, const char *file);

/* The living process that holds it, 0 if none; a dead one's file is removed. */
pid_t claim_holder(const char *dir, const char *file);

void claim_drop(const char *dir, const char *file);

#endif
