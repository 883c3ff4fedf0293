/*
 * Changes to a capture file (pcap as this machine writes it) that know its records: a
 * frame changed as in mutate.h, a record twice, away, or at another time. What is no
 * such file, and now and then any, is left to libFuzzer.
 */
#ifndef TESTS_FUZZ_MUTATE_CAPTURE_H
#define TESTS_FUZZ_MUTATE_CAPTURE_H

#include "tests/fuzz/lib/mutate.h"

size_t mutate_capture(const struct frame_format *format, uint8_t *octets, size_t len, size_t max,
	uint32_t *state);

#endif
