/*
 * Where lines go: to standard output, or into a comparison with what is expected,
 * which diff(1) makes.
 */
#ifndef KEYID_REPLAY_OUTPUT_H
#define KEYID_REPLAY_OUTPUT_H

#include <stdio.h>
#include <sys/types.h>

struct output {
	FILE *file;
	pid_t diff; /* 0 = none */
};

/* expect: the file to compare with, or NULL. Returns 0, or -1 and says why. */
int output_open(struct output *output, const char *expect);

/* Returns 0; 1 if there were differences, which have been printed; 2 if it failed. */
int output_close(struct output *output);

#endif
