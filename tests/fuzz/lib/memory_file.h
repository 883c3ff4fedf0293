/* Octets as a file that has a path and is nowhere on a disk: for code that opens files. */
#ifndef TESTS_FUZZ_MEMORY_FILE_H
#define TESTS_FUZZ_MEMORY_FILE_H

#include <stddef.h>

struct memory_file {
	int fd; /* 0 = none yet */
	char path[32];
};

/*
 * The file, which zeros make an empty one, holds these octets from now on. Returns its
 * path, which lasts as long as the struct.
 */
const char *memory_file_set(struct memory_file *file, const void *octets, size_t len);

#endif
