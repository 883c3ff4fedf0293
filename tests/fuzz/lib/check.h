/* What must hold of every input. Not assert(), which NDEBUG takes away. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define check(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

static inline _Noreturn void check_failed(const char *file, int line, const char *condition)
{
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

#endif
