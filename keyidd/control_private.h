/*
 * The parts of the control socket:
 *
 *     control.c            the socket: listening, taking clients
 *     control_client.c     one client: its buffers, its time
 *     control_command.c    from a request to a handler
 *     control_address.c    which SAE of which association it is about
 *     control_status.c     status, with control_state.c (one word for how an
 *                          association is), control_problems.c (what is wrong),
 *                          control_device.c and control_members.c (what others say)
 *     control_handovers.c  the same of hand-overs
 *     control_neighbours.c, control_counters.c, control_history.c, control_rekey.c
 *     control_json.c       values as JSON
 */
#ifndef KEYIDD_CONTROL_PRIVATE_H
#define KEYIDD_CONTROL_PRIVATE_H

#include <jansson.h>
#include <sys/types.h>
#include <sys/un.h>

#include "keyidd/control.h"

#define CONTROL_TEXT_MAX 1024 /* a sentence for people */

/* SAEs that an association may be about: master and members, neighbours, and others heard. */
#define CONTROL_SAES_MAX (1 + SAES_MAX + EXCHANGE_LINKS_MAX * EXCHANGE_NEIGHBOURS_MAX + SAES_MAX)

struct control_wait; /* a client's "rekey" with "wait" */

struct control_client {
	struct control *control;
	struct loop_watch watch;
	struct loop_timer timer; /* the end of its idle time, or of its wait */
	bool used;
	bool input_ended; /* it will send no more, and may still read */
	bool closing;     /* once the reply is out */
	uint64_t idle_ms;
	size_t in_len;
	char in[CONTROL_REQUEST_MAX];
	char *out; /* the reply on its way; NULL = none */
	size_t out_len, out_sent;
	struct control_wait *wait; /* NULL = not waiting */
};

struct control {
	struct engine *engine;
	struct loop_watch watch;
	struct loop_timer accept_again; /* when descriptors have run out */
	struct sockaddr_un address;
	dev_t device; /* the socket's own, to know it again */
	ino_t inode;
	uint64_t idle_ms;
	struct log_limit full_limit;
	struct control_client clients[CONTROL_CLIENTS_MAX];
};

/* ---- control_client.c ---- */

/* Takes over a connected, non-blocking descriptor; returns false (and closes it) if that fails. */
bool control_client_start(struct control_client *client, struct control *control, int fd);
void control_client_close(struct control_client *client);

/*
 * Queues the reply and wakes the client; sends nothing yet, closes nothing, so
 * that it can be called from anywhere. Takes over result (may be NULL). error is
 * NULL if all went well.
 */
void control_client_reply(struct control_client *client, json_t *result, const char *error);

/* ---- control_command.c, control_address.c ---- */

/* A request being answered. */
struct control_request {
	struct control_client *client;
	struct engine *engine;
	struct exchange_time now;
	const json_t *arguments; /* the object as it came, checked for unknown members */
	/* the one asked for, an association or a hand-over; both NULL = all */
	const struct config_association *only;
	const struct config_handover *only_handover;
	char error[CONTROL_TEXT_MAX]; /* why there is no result, or why it is not ok; "" at first */
};

/* Answers a line of len octets: with a reply, or by setting client->wait. */
void control_command(struct control_client *client, const char *line, size_t len);

/* Reads an optional member; false, with error set, if it has another type or is out of bounds. */
bool control_request_flag(struct control_request *request, const char *name, bool *value);
bool control_request_number(struct control_request *request, const char *name, json_int_t min,
	json_int_t max, json_int_t *value);

/* Finds out which one is asked for; false, with error set, if that is none or several. */
bool control_address(struct control_request *request);

/* Does the request ask for this one? */
bool control_request_wants(
	const struct control_request *request, const struct association *association);

/*
 * The handlers. Each returns the result; or NULL with request->error set; or
 * NULL and no error if the client now waits.
 */
json_t *control_status(struct control_request *request);
json_t *control_neighbours(struct control_request *request);
json_t *control_history(struct control_request *request);
json_t *control_rekey(struct control_request *request);
json_t *control_counters(struct control_request *request);

/* ---- control_handovers.c: the parts of these results that are about hand-overs ---- */

json_t *control_handovers(const struct control_request *request);
json_t *control_handover_counters(const struct control_request *request);
json_t *control_handover_rekey(struct control_request *request, bool wait);

/* ---- control_rekey.c: of a client that waits ---- */

void control_wait_note(struct control_client *client, struct association *association,
	const struct exchange_note *note);
void control_wait_gone(struct control_client *client, struct association *association);
void control_wait_time_out(struct control_client *client);
void control_wait_free(struct control_wait *wait); /* NULL accepted */

/* ---- control_state.c ---- */

/* One word for how an association is, and what it waits for. */
struct control_state {
	const char *name;              /* "confirmed", "held", ...: see keyidctl(1) */
	char detail[CONTROL_TEXT_MAX]; /* "" = nothing to add */
};

void control_describe(const struct association *association, struct exchange_time now,
	struct control_state *state);

/* The KME's or the device's own words for the last failure of this SAE; "" if there are none. */
const char *control_failure_text(const struct association *association, unsigned reason);

/* "kme-unavailable" or "kme-unavailable: 503 ..." */
void control_failure(
	const struct association *association, unsigned reason, char *out, size_t size);

/* The same for what keeps the next key from being made, with the SAE if it is another one. */
void control_hold(const struct association *association, char *out, size_t size);

/* ---- control_status.c ---- */

/* What names the keys of a proposal, and when they start: [{"key_id", "ckn", "start"}]. */
json_t *control_keys(const struct association *association, const struct proposal *proposal);

/* ---- control_device.c, control_problems.c, control_members.c ---- */

json_t *control_device(const struct association *association);

json_t *control_problems(const struct association *association, struct exchange_time now);
json_t *control_members(const struct association *association, struct exchange_time now);

/*
 * The SAEs that the association is about, beside this one: configured members or
 * the master, neighbours, and whoever else is heard. Returns how many.
 */
size_t control_saes(
	const struct association *association, const struct sae_id *saes[static CONTROL_SAES_MAX]);
bool control_sae_configured(const struct association *association, const struct sae_id *sae);

/* ---- control_json.c ---- */

/* Text from anywhere; octets that are no UTF-8 become '?'. NULL makes null. */
json_t *control_text(const char *text);
json_t *control_text_or_null(const char *text); /* "" makes null too */
json_t *control_hex(const uint8_t *octets, size_t len);

/* "2026-01-31T12:00:00Z" (RFC 3339), or with milliseconds; 0 makes null. */
json_t *control_time_s(int64_t at_s);
json_t *control_time_ms(int64_t at_ms);

json_t *control_number(uint64_t value);          /* JSON integers are signed: cut at the top */
json_t *control_generation(uint64_t generation); /* 0 makes null */
json_t *control_reason(unsigned reason);         /* REASON_NONE makes null */
json_t *control_sae(const struct sae_id *sae);   /* an empty one makes null */
json_t *control_device_type(enum config_device_type type);
json_t *control_transmit(const struct transmit_sa *sas, size_t count); /* of a SecY */
const char *control_iface_state(enum iface_state state);

/* A time for people: "300 ms", "12 s", "3 min 5 s", "2 h 7 min", "3 d 4 h". */
#define CONTROL_AGE_TEXT 32
const char *control_age(uint64_t age_ms, char out[static CONTROL_AGE_TEXT]);

/* Appends to a text in a buffer of that size; what does not fit is cut. */
void control_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
