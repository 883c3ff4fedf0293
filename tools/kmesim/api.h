/* The answers of ETSI GS QKD 014 V1.1.1 clause 6, faults aside. */
#ifndef KMESIM_API_H
#define KMESIM_API_H

#include "tools/kmesim/sim.h"

#define API_KEYS_MAX 128

struct api_request {
	enum sim_method method;
	size_t caller;    /* SAE index */
	const char *peer; /* the SAE ID in the path */
	bool post;        /* and if so: */
	const char *body;
	size_t body_len;
	const char *number; /* of the query of a GET, or NULL */
	const char *size;
	const char *key_id;
	size_t octets_short; /* fault: how much to cut off each key delivered */
	bool upper_case;     /* fault: key_IDs with capital letters */
	bool expire;         /* fault: forget the keys asked for first */
};

struct api_reply {
	unsigned int status;
	char *body; /* JSON, to be freed; NULL for none, as with 401 (clause 5.1) */
	size_t key_count;
	size_t keys[API_KEYS_MAX]; /* indices of what the store delivered */
};

/* Answers a request; the caller holds sim->lock. */
void api_answer(struct sim *sim, const struct api_request *request, struct api_reply *reply);

/* An Error of Table 13, to be freed. */
char *api_error_body(const char *message);

#endif
