/*
 * Faults on demand: what a KME can do to an SAE, one SAE and method at a time.
 * Not thread-safe: the caller holds a lock.
 */
#ifndef KMESIM_FAULT_H
#define KMESIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_method { SIM_ENC_KEYS, SIM_DEC_KEYS, SIM_STATUS, SIM_METHOD_COUNT };

/* As in the path of a URL: "enc_keys", "dec_keys", "status". */
const char *sim_method_name(enum sim_method method);

/* Returns false if there is none of that name. */
bool sim_method_parse(const char *name, enum sim_method *method);

enum fault_kind {
	FAULT_NONE,
	FAULT_DELAY,       /* answers after so many milliseconds */
	FAULT_STATUS,      /* answers this HTTP status; no key is consumed */
	FAULT_REPLY_LOST,  /* consumes the key, then drops the connection without a reply */
	FAULT_DROP_REUSED, /* the same, but only on a connection that has served a request before */
	FAULT_KEY_EXPIRED, /* dec_keys: the keys are gone */
	FAULT_WRONG_LENGTH, /* delivers one octet less of each key */
	FAULT_UPPER_CASE,   /* writes key_IDs otherwise than it did, and of the same meaning */
	FAULT_GARBAGE,      /* consumes the key, then answers 200 with what is not JSON */
	FAULT_OVERSIZE,     /* the same with a mebibyte of it */
	FAULT_KIND_COUNT
};

const char *fault_name(enum fault_kind kind);

/* A text for people: one line per kind, with its argument. */
const char *fault_help(void);

#define FAULTS_MAX 64

struct fault {
	enum fault_kind kind;
	size_t sae;
	unsigned int methods; /* a bit for each enum sim_method */
	long argument;        /* of DELAY and STATUS */
	long count;           /* requests it is good for; 0 = all */
};

struct faults {
	size_t count;
	struct fault list[FAULTS_MAX];
};

/*
 * Reads KIND [ARGUMENT] [COUNT] into fault, leaving sae and methods alone.
 * words ends with NULL. Returns NULL, or what is wrong with it.
 */
const char *fault_parse(struct fault *fault, char *const *words);

/* Returns false if there is no room. */
bool faults_add(struct faults *faults, const struct fault *fault);

/* Ends all faults of one SAE. */
void faults_clear(struct faults *faults, size_t sae);

/* What one request has to suffer: a delay and one other thing. */
struct fault_effect {
	long delay_ms;
	enum fault_kind kind;
	long status;
};

/* Finds the oldest faults that meet a request, and counts them down. */
struct fault_effect faults_take(
	struct faults *faults, size_t sae, enum sim_method method, bool reused_connection);

#endif
