/* The command line of keyid-replay. keyid-replay(1) is its manual. */
#ifndef KEYID_REPLAY_OPTIONS_H
#define KEYID_REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/message.h"

struct options {
	const char *config;
	struct sae_id station; /* empty = a passive observer */
	const char *interface; /* of the links; NULL = all */
	bool json;
	bool summary;
	const char *expect; /* NULL = print */
	const char *follow; /* an interface; NULL = captures */
	bool promiscuous;
	uint64_t count; /* end after so many frames; 0 = no limit */
	size_t capture_count;
	char **captures;
};

/* Returns -1 to go on, or the exit status. */
int options_read(struct options *options, int argc, char **argv);

#endif
