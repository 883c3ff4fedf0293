/* What went wrong in an operation: the reason for programs, a line for people. */
#ifndef NETCONF_PROBLEM_H
#define NETCONF_PROBLEM_H

#include "netconf/applier.h"

struct problem {
	enum applier_error error;
	char text[APPLIER_ERROR_TEXT_MAX];
};

/* Sets both, always returns -1. The text is made fit for a log by problem_clean(). */
int problem_set(struct problem *problem, enum applier_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Makes a device's words fit for people and logs, in place: white space runs
 * become one space, other control characters and invalid UTF-8 become '?'.
 */
void problem_clean(char *text);

/*
 * Replaces by "[key]" each run of 16 or more hex digits that is part of the key
 * or contains it: a device may quote in its refusal what it was sent.
 */
void problem_redact(char text[static APPLIER_ERROR_TEXT_MAX], const struct secret *key);

#endif
