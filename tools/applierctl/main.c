/*
 * applierctl: asks one device what keyidd would, for a dry check before keyidd is
 * pointed at it, and for tests. See usage().
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"
#include "common/log.h"
#include "netconf/applier.h"
#include "netconf/wpa.h"
#include "tools/applierctl/keys.h"

enum {
	OPT_JUNOS = 1,
	OPT_HOOK,
	OPT_DEVICE,
	OPT_SAE,
	OPT_WPA,
	OPT_SECOND,
	OPT_BOND,
	OPT_NETWORK,
	OPT_DRY_RUN,
	OPT_PORT,
	OPT_USER,
	OPT_KEY,
	OPT_KNOWN_HOSTS,
	OPT_ASSOCIATION,
	OPT_KEY_CHAIN,
	OPT_SUITE,
	OPT_INTERFACE,
	OPT_TIMEOUT,
	OPT_LOCK_WAIT,
	OPT_CKN,
	OPT_CAK_FILE,
	OPT_START,
	OPT_GENERATION,
	OPT_VERBOSE,
	OPT_HELP,
};

static const struct {
	struct option option;
	const char *argument;
	const char *text;
} options[] = {
	{ { "junos", required_argument, NULL, OPT_JUNOS }, "HOST",
		"a Junos router; static pre-shared key, if no key-chain is named" },
	{ { "hook", required_argument, NULL, OPT_HOOK }, "PATH",
		"a program to call; see keyidd.conf(5), HOOKS" },
	{ { "device", required_argument, NULL, OPT_DEVICE }, "NAME",
		"for the environment of a hook" },
	{ { "sae", required_argument, NULL, OPT_SAE }, "ID", "the same" },
	{ { "wpa-supplicant", required_argument, NULL, OPT_WPA }, "SOCKET",
		"the control socket of a wpa_supplicant" },
	{ { "second", required_argument, NULL, OPT_SECOND }, "SOCKET",
		"that of the other one of a pair" },
	{ { "bond", required_argument, NULL, OPT_BOND }, "IF", "that has the devices of a pair" },
	{ { "network", required_argument, NULL, OPT_NETWORK }, "N",
		"its network block; default 0" },
	{ { "dry-run", required_argument, NULL, OPT_DRY_RUN }, "NAME",
		"no device: say what would be done" },
	{ { "port", required_argument, NULL, OPT_PORT }, "PORT",
		"of NETCONF over SSH; default 830" },
	{ { "user", required_argument, NULL, OPT_USER }, "NAME", "to log in as" },
	{ { "private-key", required_argument, NULL, OPT_KEY }, "FILE", "to log in with" },
	{ { "known-hosts", required_argument, NULL, OPT_KNOWN_HOSTS }, "FILE",
		"that has the device's host key" },
	{ { "association", required_argument, NULL, OPT_ASSOCIATION }, "CA",
		"connectivity association; a hook's association" },
	{ { "key-chain", required_argument, NULL, OPT_KEY_CHAIN }, "KC", "that it uses" },
	{ { "suite", required_argument, NULL, OPT_SUITE }, "SUITE",
		"its cipher suite; default gcm-aes-xpn-256" },
	{ { "interface", required_argument, NULL, OPT_INTERFACE }, "IF",
		"whose sessions count; repeatable" },
	{ { "timeout", required_argument, NULL, OPT_TIMEOUT }, "MS",
		"of one RPC, call or request; default 30000" },
	{ { "lock-wait", required_argument, NULL, OPT_LOCK_WAIT }, "MS",
		"for the lock; default 10000" },
	{ { "ckn", required_argument, NULL, OPT_CKN }, "HEX",
		"a key's name; repeatable, what follows is about the last one" },
	{ { "cak-file", required_argument, NULL, OPT_CAK_FILE }, "FILE", "the key, as hex digits" },
	{ { "start", required_argument, NULL, OPT_START }, "TIME",
		"its start, in seconds since the epoch or as +N from now; default at once" },
	{ { "generation", required_argument, NULL, OPT_GENERATION }, "N",
		"for the commit comment; default 1" },
	{ { "verbose", no_argument, NULL, OPT_VERBOSE }, "",
		"log each RPC, or all that a hook says" },
	{ { "help", no_argument, NULL, OPT_HELP }, "", "" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct {
	const char *name;
	enum applier_op op;
} operations[] = {
	{ "prepare", APPLIER_PREPARE },
	{ "commit", APPLIER_COMMIT },
	{ "discard", APPLIER_DISCARD },
	{ "retire", APPLIER_RETIRE },
	{ "read-back", APPLIER_READ_BACK },
};

#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

struct settings {
	struct applier_junos_config junos;
	const char *interfaces[16];
	struct applier_hook_config hook;
	struct applier_wpa_config wpa;
	const char *dry_run;
	struct applier_job job;
};

/* What the callback leaves behind. */
struct outcome {
	bool done;
	struct applier_result result;
};

static int usage(FILE *out)
{
	fprintf(out, "usage: applierctl --junos HOST | --hook PATH | --wpa-supplicant SOCKET | "
		     "--dry-run NAME\n"
		     "                  [OPTION...] OPERATION...\n"
		     "operations, done in this order: prepare commit discard retire read-back\n");
	for (size_t i = 0; i + 1 < OPTION_COUNT; i++) {
		fprintf(out, "  --%-14s %-6s %s\n", options[i].option.name, options[i].argument,
			options[i].text);
	}
	fprintf(out,
		"exit status: 0 all done, 1 an operation failed, 2 wrong use, 3 interrupted\n");
	return out == stdout ? 0 : 2;
}

static int add_interface(struct settings *settings, const char *name)
{
	size_t max = sizeof(settings->interfaces) / sizeof(settings->interfaces[0]);

	if (settings->junos.interface_count == max) {
		return -1;
	}
	settings->interfaces[settings->junos.interface_count++] = name;
	settings->junos.interfaces = settings->interfaces;
	return 0;
}

/* Returns 0, what to exit with, or -1 for wrong use. */
static int take_option(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case OPT_JUNOS:
		settings->junos.host = value;
		return 0;
	case OPT_HOOK:
		settings->hook.program = value;
		return 0;
	case OPT_DEVICE:
		settings->hook.device = value;
		return 0;
	case OPT_SAE:
		settings->hook.sae = value;
		return 0;
	case OPT_WPA:
		settings->wpa.control_socket = value;
		return 0;
	case OPT_SECOND:
		settings->wpa.second_control_socket = value;
		return 0;
	case OPT_BOND:
		settings->wpa.bond = value;
		return 0;
	case OPT_NETWORK:
		settings->wpa.network = (uint32_t)atoi(value);
		return 0;
	case OPT_DRY_RUN:
		settings->dry_run = value;
		return 0;
	case OPT_PORT:
		settings->junos.port = (uint16_t)atoi(value);
		return 0;
	case OPT_USER:
		settings->junos.user = value;
		return 0;
	case OPT_KEY:
		settings->junos.private_key_file = value;
		return 0;
	case OPT_KNOWN_HOSTS:
		settings->junos.known_hosts_file = value;
		return 0;
	case OPT_ASSOCIATION:
		settings->junos.connectivity_association = value;
		return 0;
	case OPT_KEY_CHAIN:
		settings->junos.key_chain = value;
		return 0;
	case OPT_SUITE:
		settings->junos.cipher_suite = value;
		return 0;
	case OPT_INTERFACE:
		return add_interface(settings, value);
	case OPT_TIMEOUT:
		settings->junos.timeout_ms = (uint32_t)atoi(value);
		return 0;
	case OPT_LOCK_WAIT:
		settings->junos.lock_wait_ms = (uint32_t)atoi(value);
		return 0;
	case OPT_CKN:
		return keys_add(&settings->job, value) < 0 ? 2 : 0;
	case OPT_CAK_FILE:
		return keys_read_cak(&settings->job, value) < 0 ? 2 : 0;
	case OPT_START:
		return keys_set_start(&settings->job, value) < 0 ? 2 : 0;
	case OPT_GENERATION:
		settings->job.generation = strtoull(value, NULL, 10);
		return 0;
	case OPT_VERBOSE:
		log_set_level(LOG_LEVEL_DEBUG);
		return 0;
	default:
		return -1;
	}
}

static int count_devices(const struct settings *settings)
{
	return (settings->junos.host != NULL) + (settings->hook.program != NULL) +
	       (settings->wpa.control_socket != NULL) + (settings->dry_run != NULL);
}

/* Returns 0, or what to exit with. */
static int read_options(struct settings *settings, int argc, char **argv)
{
	struct option list[OPTION_COUNT + 1] = { { 0 } };
	int option;
	int rc;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		list[i] = options[i].option;
	}
	while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (option == OPT_HELP) {
			exit(usage(stdout));
		}
		rc = take_option(settings, option, optarg);
		if (rc != 0) {
			return rc < 0 ? usage(stderr) : rc;
		}
	}
	return count_devices(settings) != 1 || optind == argc ? usage(stderr) : 0;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void print_start(const struct applier_seen_key *key)
{
	time_t start = (time_t)key->start;
	char text[32];
	struct tm tm;

	if (key->start > 0) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&start, &tm));
		printf(" start %s", text);
	}
}

static void print_view(const struct applier_view *view)
{
	if (view->clock_s > 0) {
		printf("  clock %lld, %+lld s from here\n", (long long)view->clock_s,
			(long long)(view->clock_s - time(NULL)));
	}
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *key = &view->keys[i];
		char ckn[2 * APPLIER_CKN_MAX + 1];

		hex_encode(key->ckn, key->ckn_len, ckn);
		printf("  CKN %s%s%s%s%s", ckn, key->configured ? " configured" : "",
			key->usable ? " usable" : "", key->transmitting ? " transmitting" : "",
			key->future ? " future" : "");
		print_start(key);
		putchar('\n');
	}
}

static void done(void *ctx, const struct applier_result *result)
{
	struct outcome *outcome = ctx;

	outcome->done = true;
	outcome->result = *result;
}

static void note_signal(int number)
{
	(void)number; /* it is enough that ppoll() returns */
}

/* Blocks INT and TERM but while waiting, so that none is missed. */
static void catch_signals(sigset_t *waiting)
{
	const struct sigaction action = { .sa_handler = note_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, waiting);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGCHLD, SIG_DFL); /* a hook is waited for */
}

/* Returns false if interrupted before the job is answered. */
static bool wait_for(
	struct applier_set *set, const struct outcome *outcome, const sigset_t *waiting)
{
	struct pollfd fd = { .fd = applier_set_fd(set), .events = POLLIN };

	while (!outcome->done && ppoll(&fd, 1, NULL, waiting) > 0) {
		applier_set_dispatch(set);
	}
	return outcome->done;
}

/* Returns what to exit with. */
static int run(struct applier_set *set, struct applier *applier, const char *name,
	struct applier_job *job, const sigset_t *waiting)
{
	struct outcome outcome = { 0 };
	size_t i = 0;
	int rc;

	while (i < OPERATION_COUNT && strcmp(operations[i].name, name) != 0) {
		i++;
	}
	if (i == OPERATION_COUNT) {
		fprintf(stderr, "applierctl: unknown operation %s\n", name);
		return 2;
	}
	job->op = operations[i].op;
	rc = applier_submit(applier, job, done, &outcome);
	if (rc < 0) {
		fprintf(stderr, "applierctl: %s: %s\n", name,
			rc == -EINVAL ? "needs --ckn" : strerror(-rc));
		return 2;
	}
	if (!wait_for(set, &outcome, waiting)) {
		printf("%s: interrupted\n", name);
		return 3;
	}
	printf("%s: %s in %u ms%s%s\n", name, applier_error_name(outcome.result.error),
		outcome.result.elapsed_ms, outcome.result.text[0] ? ": " : "", outcome.result.text);
	print_view(&outcome.result.view);
	fflush(stdout);
	return outcome.result.error == APPLIER_OK ? 0 : 1;
}

static struct applier *open_hook(struct applier_set *set, const struct settings *settings,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	const char *association = settings->junos.connectivity_association;
	struct applier_hook_config hook = settings->hook;

	hook.association = association ? association : "";
	hook.timeout_ms = settings->junos.timeout_ms;
	return applier_open_hook(set, &hook, error);
}

static struct applier *open_wpa(struct applier_set *set, const struct settings *settings,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	struct applier_wpa_config wpa = settings->wpa;

	wpa.cipher_suite = settings->junos.cipher_suite;
	wpa.timeout_ms = settings->junos.timeout_ms;
	return applier_open_wpa(set, &wpa, error);
}

static struct applier *open_device(struct applier_set *set, const struct settings *settings,
	char error[static APPLIER_ERROR_TEXT_MAX])
{
	if (settings->hook.program) {
		return open_hook(set, settings, error);
	}
	if (settings->wpa.control_socket) {
		return open_wpa(set, settings, error);
	}
	return settings->dry_run ? applier_open_dry_run(set, settings->dry_run)
				 : applier_open_junos(set, &settings->junos, error);
}

static struct applier *open_applier(struct applier_set *set, const struct settings *settings)
{
	char error[APPLIER_ERROR_TEXT_MAX] = "out of memory";
	struct applier *applier = open_device(set, settings, error);

	if (!applier) {
		fprintf(stderr, "applierctl: %s\n", error);
	}
	return applier;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void close_applier(struct applier *applier, bool early)
{
	uint64_t start_ms = now_ms();

	applier_close(applier);
	if (early) {
		printf("closed in %u ms\n", (unsigned)(now_ms() - start_ms));
	}
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.junos.cipher_suite = "gcm-aes-xpn-256",
		.job.generation = 1,
	};
	struct applier_set *set;
	struct applier *applier;
	sigset_t waiting;
	int status = read_options(&settings, argc, argv);

	if (status != 0) {
		return status;
	}
	catch_signals(&waiting);
	set = applier_set_new();
	applier = set ? open_applier(set, &settings) : NULL;
	if (!applier) {
		status = 2;
	}
	for (int i = optind; i < argc && status == 0; i++) {
		status = run(set, applier, argv[i], &settings.job, &waiting);
	}
	close_applier(applier, status == 3);
	applier_set_free(set);
	secret_wipe_bytes(&settings, sizeof(settings));
	return status;
}
