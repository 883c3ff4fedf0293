/*
 * Content of a message that an insider could send to a node, by a script: slots and
 * statuses about the generations that matter to the node, of SAEs that it knows and
 * others, in any combination that the codec lets through.
 */
#ifndef TESTS_FUZZ_ANY_CONTENT_H
#define TESTS_FUZZ_ANY_CONTENT_H

#include <stdbool.h>

#include "l2proto/exchange.h"
#include "tests/fuzz/lib/script.h"

/* A key_ID: a UUID for most numbers. */
struct key_id any_key_id(unsigned number);

/* An SAE ID: alpha (the master), bravo, charlie, delta, or another one. */
struct sae_id any_sae_id(uint8_t number);

/* False if what the script makes is not well-formed. */
bool any_content(
	struct script *script, const struct exchange *exchange, struct message_content *content);

#endif
