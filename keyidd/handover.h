/*
 * A hand-over at work: one end of a link whose other end runs the scheme of an older
 * deployment (keyidd.conf(5), HANDOVERS). It stands beside the associations and
 * shares nothing with their exchange; it has its machine, its KME calls, its
 * device, and the place where the key-ID is shown:
 *
 *     ssh-file                a JSON file on another host, over SFTP
 *     lldp-port-description   LLDPDUs on an interface; an interface description
 *
 * Split by concern: handover.c (life, steps), handover_step.c (what comes next; pure),
 * handover_keys.c (KME), handover_device.c (applier), handover_file.c (SFTP),
 * handover_lldp.c and handover_neighbours.c (LLDP), handover_text.c (key-IDs as they
 * are shown), handover_note.c (log, history, the last errors).
 */
#ifndef KEYIDD_HANDOVER_H
#define KEYIDD_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"
#include "common/secret.h"
#include "keyidd/config.h"
#include "keyidd/handover_step.h"
#include "keyidd/handover_text.h"
#include "keyidd/loop.h"
#include "keyidd/state.h"
#include "kmeclient/kme.h"
#include "netconf/applier.h"
#include "netconf/remote.h"

struct engine;
struct handover;
struct handover_ear;

#define HANDOVER_REASON_MAX 40

/* Where something last went wrong. Each has one error, until it goes well there. */
enum handover_part {
	HANDOVER_AT_SOURCE, /* reading the key-ID, or showing it */
	HANDOVER_AT_KME,
	HANDOVER_AT_DEVICE,
	HANDOVER_PART_COUNT
};

struct handover_error {
	char reason[HANDOVER_REASON_MAX]; /* "file-not-found", "kme-key-not-found"; "" = none */
	char text[HANDOVER_TEXT_MAX];     /* for people */
	int64_t since_s;
	bool said; /* in the log */
};

struct handover_counters {
	uint64_t seen;    /* key-IDs read at the other end, of whatever age */
	uint64_t stale;   /* of them, those taken up before */
	uint64_t refused; /* what was read and is no key-ID, or not from one neighbour */
	uint64_t unread;  /* attempts to read a file that failed */
	uint64_t asked;   /* calls of enc_keys or dec_keys */
	uint64_t unasked; /* of them, those that brought no key */
	uint64_t applied;
	uint64_t unapplied; /* attempts that failed */
	uint64_t shown;
	uint64_t unshown;
};

struct handover {
	struct engine *engine;
	const struct config_handover *config; /* the engine's configuration owns it */
	struct handover_machine machine;

	struct kme *kme;       /* the engine's, shared */
	struct kme_call *call; /* NULL = none under way */
	struct secret key;     /* of machine.held */

	struct applier *applier;
	struct remote *remote; /* of ssh-file; NULL otherwise */
	struct loop_watch remote_watch;
	struct handover_ear *ear; /* of a slave with lldp-port-description */
	struct loop_timer poll;   /* when to read the file again */
	struct loop_timer timer;  /* the machine's */

	struct handover_error errors[HANDOVER_PART_COUNT];
	struct handover_counters counters;
	struct log_limit save_limit;
	struct log_limit note_limits[HANDOVER_NOTE_COUNT];
	struct log_limit source_limit; /* of errors that the other end can bring about */
};

/* "insecure" or "ssh-protected": said wherever a hand-over shows. */
const char *handover_mark(const struct config_handover *config);

/* Loads the record, opens applier, remote or ear, and starts. NULL with one line in error. */
struct handover *handover_new(struct engine *engine, const struct config_handover *config,
	char error[static STATE_TEXT_MAX]);
void handover_free(struct handover *handover); /* NULL accepted */

/* After a reload that has not changed it: the same configuration at another place. */
bool handover_reconfigure(struct handover *handover, const struct config_handover *config);

/* A master: the operator wants a new key. */
void handover_rekey(struct handover *handover);

/* ---- between the parts ---- */

/* Feeds one event to the machine and does what it says. */
void handover_event(struct handover *handover, const struct handover_event *event);

/* A key-ID was read at the other end; or none can be (NULL). */
void handover_heard(struct handover *handover, const struct key_id *key_id);

/* The act under way has failed; what to say of it has been noted. */
void handover_failed(struct handover *handover, bool unsent, bool hopeless);

/* handover_keys.c */
void handover_fetch(struct handover *handover);

/* handover_device.c */
int handover_device_open(struct handover *handover, char error[static STATE_TEXT_MAX]);
void handover_look(struct handover *handover);
void handover_apply(struct handover *handover);

/* handover_file.c */
int handover_file_open(struct handover *handover, char error[static STATE_TEXT_MAX]);
void handover_file_close(struct handover *handover);
void handover_show(struct handover *handover);

/* handover_lldp.c */
int handover_lldp_open(struct handover *handover, char error[static STATE_TEXT_MAX]);
void handover_lldp_close(struct handover *handover);
void handover_lldp_rename(struct handover *handover); /* the configuration is at another place */

/* handover_note.c */

/* One line in the log, with name and mark. */
void handover_log(const struct handover *handover, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Something went wrong: the last error of that part, and a line in the log if it is
 * another one than before.
 */
void handover_set_error(struct handover *handover, enum handover_part part, const char *reason,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void handover_clear_error(struct handover *handover, enum handover_part part);

void handover_tell(struct handover *handover, enum handover_note note);

#endif
