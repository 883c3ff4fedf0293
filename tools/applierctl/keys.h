/* The keys of a job, as the command line gives them: one after the other. */
#ifndef APPLIERCTL_KEYS_H
#define APPLIERCTL_KEYS_H

#include "netconf/applier.h"

/* All return 0, or -1 having said what is wrong. The last two are about the last key added. */
int keys_add(struct applier_job *job, const char *ckn);
int keys_read_cak(struct applier_job *job, const char *path);

/* Seconds since the epoch, or "+N": from now, by this machine's clock. */
int keys_set_start(struct applier_job *job, const char *text);

#endif
