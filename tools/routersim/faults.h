/* What is to go wrong, and how often; see fault_kinds[] for the list. */
#ifndef ROUTERSIM_FAULTS_H
#define ROUTERSIM_FAULTS_H

#include <stdbool.h>

/* If such a fault is due, uses one up and returns true with its argument. */
bool fault_take(const char *dir, const char *kind, long *argument);

/* Adds one; count 0 = until cleared. Returns 0, -EINVAL for an unknown kind, or -errno. */
int fault_add(const char *dir, const char *kind, long argument, long count);

int fault_clear(const char *dir);

bool fault_is_known(const char *kind);
bool fault_has_argument(const char *kind);

/* One line for each kind, to standard output. */
void fault_help(void);

#endif
