/*
 * Changes to messages and frames for LLVMFuzzerCustomMutator(), which know what parts
 * they have: one or a few changes to the header, the stations, a TLV or their order,
 * and then, mostly, length, digests and HMAC are put right (mend.h).
 *
 * Each returns the new length, at most max. What is no message is left to libFuzzer.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "l2proto/frame.h"

/* What libFuzzer has for custom mutators: there only where a target is linked with it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* The next number of a sequence that a seed decides: 0..n-1. */
uint32_t mutate_below(uint32_t *state, uint32_t n);

size_t mutate_message(uint8_t *message, size_t len, size_t max, uint32_t *state);
size_t mutate_frame(const struct frame_format *format, uint8_t *octets, size_t len, size_t max,
	uint32_t *state);

#endif
