/*
 * A hook device: a program of the operator's, called for each operation. Its
 * manual is applier_open_hook() in applier.h, for operators keyidd.conf(5). Here
 * are the parts that it is made of, beside hook_process.h.
 */
#ifndef NETCONF_HOOK_H
#define NETCONF_HOOK_H

#include <stddef.h>

#include "netconf/applier.h"
#include "netconf/problem.h"

#define HOOK_OUTPUT_MAX 16384 /* octets of what READ_BACK may print */
#define HOOK_ERRORS_MAX 4096  /* octets kept of standard error */

/*
 * May this program be called, and be trusted with keys? An absolute path of a
 * regular file that this process may execute; it and all folders above it belong
 * to root or to the user of this process, and no one else may write them (folders
 * with the sticky bit excepted). Returns 0, or -1 with one line in error.
 */
int hook_check_program(const char *path, char error[static APPLIER_ERROR_TEXT_MAX]);

/*
 * The keys of a job as the program reads them, in a memory file (memfd_create(2)):
 * a line "CKN CAK START" for each, CKN and CAK in hex, "-" for a CAK that the job
 * does not have. Its size is sealed, and nobody can write it but through text.
 */
struct hook_keys {
	int fd;     /* at offset 0 */
	char *text; /* the same octets, mapped here */
	size_t len;
	size_t size; /* of the mapping */
};

int hook_keys_open(const struct applier_job *job, struct hook_keys *keys); /* 0 or -errno */

/* Overwrites the octets, for whoever may still have the file open too, and closes it. */
void hook_keys_wipe(struct hook_keys *keys);

/*
 * What a READ_BACK has printed. A line for each key that the device holds, in any
 * order, of words that white space separates:
 *
 *	CKN [usable] [transmitting] [future] [start=SECONDS]
 *
 * and at most one line "clock=SECONDS". Times are seconds since the epoch. Empty
 * lines and those that begin with "#" mean nothing. transmitting implies usable,
 * and only one key is; future needs a start, and is not usable. A key with neither
 * word is held and of no more use; where there are more than APPLIER_USABLE_MAX
 * keys, such are left out first.
 *
 * Returns 0, or -1 with APPLIER_ERROR_PROTOCOL and a text that names the line. It
 * quotes nothing: a device's configuration printed by mistake may hold a CAK.
 */
int hook_output_read(
	const char *text, size_t len, struct applier_view *view, struct problem *problem);

#endif
