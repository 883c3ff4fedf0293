#include "keyidd/privileges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cap-ng.h>

#include "common/log.h"

/*
 * Only where no limit will be met once CAP_IPC_LOCK is dropped: memory that is
 * refused, a thread's stack or the database's, is worse than memory that is swapped.
 */
static int lock_memory(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 &&
		(getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)) {
		return -EPERM;
	}
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ? 0 : -errno;
}

void privileges_protect_memory(void)
{
	struct rlimit none = { 0, 0 };
	int rc;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	rc = lock_memory();
	if (rc != 0) {
		log_write(LOG_LEVEL_DEBUG, "main", "memory is not locked: %s", strerror(-rc));
	}
}

static int add(unsigned int capability)
{
	return capng_update(
		CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED), capability);
}

/* Without CAP_NET_ADMIN, it is the device that says what it lacks: other associations may do. */
int privileges_drop(bool keeps_net_admin, char error[static PRIVILEGES_ERROR_MAX])
{
	bool has_net_admin = capng_get_caps_process() == 0 &&
			     capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);

	capng_clear(CAPNG_SELECT_ALL);
	if (add(CAP_NET_RAW) != 0 ||
		(keeps_net_admin && has_net_admin && add(CAP_NET_ADMIN) != 0)) {
		snprintf(error, PRIVILEGES_ERROR_MAX, "cannot choose capabilities");
		return -1;
	}
	/* The bounding set can be emptied only by who holds CAP_SETPCAP: under systemd it is that
	 * of the unit. */
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
		log_write(LOG_LEVEL_DEBUG, "main", "the capability bounding set stays as it is");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || capng_apply(CAPNG_SELECT_CAPS) != 0) {
		snprintf(error, PRIVILEGES_ERROR_MAX,
			"cannot keep CAP_NET_RAW and drop the rest: run as root, or with "
			"AmbientCapabilities=CAP_NET_RAW");
		return -1;
	}
	return 0;
}
