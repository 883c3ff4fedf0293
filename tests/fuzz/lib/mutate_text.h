/*
 * Changes to a text of lines and words: a line twice, away or elsewhere, deeper or less
 * deep, a word in another one's place. One change in two is left to libFuzzer.
 */
#ifndef TESTS_FUZZ_MUTATE_TEXT_H
#define TESTS_FUZZ_MUTATE_TEXT_H

#include "tests/fuzz/lib/mutate.h"

size_t mutate_text(uint8_t *text, size_t len, size_t max, uint32_t *state);

#endif
