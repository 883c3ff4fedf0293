/* What a message may change at the link that receives it: protocol.md section 4.1. */
#ifndef TESTS_FUZZ_LINK_STATE_H
#define TESTS_FUZZ_LINK_STATE_H

#include <stdbool.h>
#include <string.h>

#include "l2proto/link.h"

/* The link's state without its counters, which a refused message may change. */
static inline struct link link_without_counters(const struct link *link)
{
	struct link copy = *link;

	memset(copy.received, 0, sizeof(copy.received));
	memset(copy.malformed, 0, sizeof(copy.malformed));
	return copy;
}

static inline bool link_verdict_changes_nothing(enum verdict verdict)
{
	return verdict == VERDICT_MALFORMED || verdict == VERDICT_UNKNOWN_ASSOCIATION ||
	       verdict == VERDICT_UNKNOWN_CHANNEL_KEY || verdict == VERDICT_REFLECTED ||
	       verdict == VERDICT_BAD_ICV || verdict == VERDICT_DUPLICATE ||
	       verdict == VERDICT_REPLAYED || verdict == VERDICT_TABLE_FULL;
}

#endif
