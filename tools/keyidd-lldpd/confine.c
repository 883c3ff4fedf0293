#include "tools/keyidd-lldpd/confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include <cap-ng.h>

/* All rights of the first version: every kernel with Landlock has it. */
#define ALL_RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* A ruleset without rules: what it handles is forbidden. */
static void give_up_files(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_RIGHTS };
	int fd = (int)syscall(
		SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);

	if (fd >= 0) {
		syscall(SYS_landlock_restrict_self, fd, 0);
		close(fd);
	}
}

void confine(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	capng_clear(CAPNG_SELECT_ALL);
	capng_apply(CAPNG_SELECT_BOTH);
	give_up_files();
}
