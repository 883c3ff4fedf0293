#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/routersim/commands.h"
#include "tools/routersim/faults.h"
#include "tools/routersim/router.h"
#include "tools/routersim/serve.h"

/* Returns the folder of a leading "--state DIR", or NULL having said so. */
static const char *state_of(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "--state") == 0) {
		return argv[2];
	}
	fprintf(stderr, "routersim: %s needs --state DIR first\n", argv[0]);
	return NULL;
}

static bool read_number(const char *text, long *number)
{
	char *end;

	*number = strtol(text, &end, 10);
	return *text && *end == '\0' && *number >= 0;
}

/* KIND [ARGUMENT] [COUNT | always] */
int cmd_fault(int argc, char **argv)
{
	const char *dir = state_of(argc, argv);
	long argument = 0;
	long count = 1;
	int next = 4;

	if (!dir) {
		return 2;
	}
	if (argc < 4 || !fault_is_known(argv[3])) {
		fprintf(stderr, "routersim: unknown fault; these are known:\n");
		fault_help();
		return 2;
	}
	if (fault_has_argument(argv[3]) &&
		(argc <= next || !read_number(argv[next++], &argument))) {
		fprintf(stderr, "routersim: %s needs a number\n", argv[3]);
		return 2;
	}
	if (argc > next) {
		bool always = strcmp(argv[next], "always") == 0;

		if (!always && !read_number(argv[next], &count)) {
			fprintf(stderr, "routersim: '%s' is no count\n", argv[next]);
			return 2;
		}
		count = always ? 0 : count;
	}
	return fault_add(dir, argv[3], argument, count) < 0 ? 1 : 0;
}

int cmd_clock(int argc, char **argv)
{
	const char *dir = state_of(argc, argv);
	struct router router;
	int rc;

	if (!dir || argc != 4) {
		return 2;
	}
	if (router_open(&router, dir) < 0) {
		return 1;
	}
	router.clock_offset_s = strtoll(argv[3], NULL, 10);
	rc = router_save(&router);
	router_close(&router);
	return rc < 0 ? 1 : 0;
}

int cmd_clear(int argc, char **argv)
{
	const char *dir = state_of(argc, argv);

	if (!dir) {
		return 2;
	}
	return fault_clear(dir) < 0 ? 1 : 0;
}

/* The claim is what kill-session looks for. */
int cmd_serve(const char *dir)
{
	char file[64];
	int status;

	snprintf(file, sizeof(file), "session.%d", (int)getpid());
	if (claim_write(dir, file) < 0) {
		fprintf(stderr, "routersim: %s: no such router\n", dir);
		return 1;
	}
	status = serve(dir);
	claim_drop(dir, file);
	return status;
}
