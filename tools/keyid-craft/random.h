/*
 * Random messages, each valid and signed, for tests that compare another reader with
 * this one: any header, stations and content that docs/protocol.md allows, whatever
 * their sense. Association, link, channel key and CKN rule are those of its section 9.
 */
#ifndef KEYID_CRAFT_RANDOM_H
#define KEYID_CRAFT_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "l2proto/link.h"
#include "tools/keyid-craft/capfile.h"

#define RANDOM_FRAMES_MAX 1000000

/* The same seed makes the same frames. False: an error was printed. */
bool random_capture(struct capfile *capture, enum carrier carrier, uint64_t count, uint64_t seed);

#endif
