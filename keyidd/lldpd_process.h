/* keyidd-lldpd as a child process: started, told to end, and what became of it. */
#ifndef KEYIDD_LLDPD_PROCESS_H
#define KEYIDD_LLDPD_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "keyidd/lldpd.h"
#include "keyidd/lldpd_packet.h"

#define LLDPD_SOCKET_MAX 108 /* sun_path */

struct lldpd_process {
	char program[PATH_MAX];
	char socket[LLDPD_SOCKET_MAX];
	struct lldp_format format;
	pid_t pid; /* 0 = does not run; then fd is unset */
	int fd;    /* our end of the channel */
};

/* Of one that does not run yet. */
void lldpd_process_init(struct lldpd_process *process, const struct lldpd_config *config);

/*
 * Starts it, with the far end of the channel for standard input and no other descriptor of
 * ours but standard output and error. 0, or -1 with one line in why.
 */
int lldpd_process_start(struct lldpd_process *process, char why[static LLDPD_TEXT_MAX]);

/* It is to remove our TLVs and end; what it has to say can still be received. */
void lldpd_process_finish(struct lldpd_process *process);

/* Waits for a packet or its end: false if neither has come at end_ms. */
bool lldpd_process_wait(const struct lldpd_process *process, uint64_t end_ms);

/* Closes the channel. Whether it has ended or not, it has now: why says how. */
void lldpd_process_stop(struct lldpd_process *process, char why[static LLDPD_TEXT_MAX]);

#endif
