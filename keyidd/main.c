/* The process: arguments, signals, privileges, and the order in which things start and stop. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "common/log.h"
#include "keyidd/config.h"
#include "keyidd/control.h"
#include "keyidd/engine.h"
#include "keyidd/loop.h"
#include "keyidd/privileges.h"

#define DEFAULT_CONFIG "/etc/keyidd/keyidd.yaml"

enum exit_status { EXIT_USAGE = 2, EXIT_CONFIG = 78 /* sysexits(3): EX_CONFIG */ };

struct options {
	const char *config_path;
	bool check;
	bool level_given;
	enum log_level level;
};

struct process {
	const struct options *options;
	struct loop *loop;
	struct engine *engine;
	struct control *control;
	struct loop_watch signals;
	struct loop_timer watchdog;
	uint64_t watchdog_ms; /* 0 = systemd asks for none */
	bool keeps_net_admin; /* some device needed CAP_NET_ADMIN at the start */
};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: keyidd [--config FILE] [--log-level LEVEL] [--check]\n"
		"\n"
		"  --config FILE      the configuration (default %s)\n"
		"  --check            check the configuration, say what is wrong, and end\n"
		"  --log-level LEVEL  error, warning, notice, info or debug; overrides the file\n"
		"  --version\n"
		"\n"
		"SIGHUP reads the configuration again, SIGTERM ends. See keyidd(8), "
		"keyidd.conf(5).\n",
		DEFAULT_CONFIG);
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'n' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:nh", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case 'n':
			options->check = true;
			break;
		case 'l':
			if (log_level_parse(optarg, &options->level) != 0) {
				fprintf(stderr, "keyidd: --log-level %s: not a level\n", optarg);
				return EXIT_USAGE;
			}
			options->level_given = true;
			break;
		case 'V':
			printf("keyidd %s\n", KEYIDD_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "keyidd: %s: no such argument\n", argv[optind]);
		return EXIT_USAGE;
	}
	return 0;
}

static int load(const struct options *options, struct config *config)
{
	struct config_errors errors = { 0 };
	int rc = config_load(options->config_path, config, &errors);

	for (size_t i = 0; i < errors.count; i++) {
		fprintf(stderr, "%s\n", errors.list[i].text);
	}
	config_errors_free(&errors);
	return rc == 0 ? 0 : EXIT_CONFIG;
}

/* What the command line says holds through every reload. */
static void set_log_level(const struct options *options, const struct config *config)
{
	log_set_level(options->level_given ? options->level : config->daemon.log_level);
}

/* ---- CAP_NET_ADMIN -------------------------------------------------------------------------- */

/* For this host's own MACsec, and to move the traffic of a pair of wpa_supplicants. */
static bool needs_net_admin(const struct config_device *device)
{
	return device->type == CONFIG_DEVICE_MACSEC ||
	       (device->type == CONFIG_DEVICE_WPA && device->wpa.bond);
}

static bool any_needs_net_admin(const struct config *config)
{
	for (size_t i = 0; i < config->association_count; i++) {
		if (needs_net_admin(config->associations[i].device)) {
			return true;
		}
	}
	for (size_t i = 0; i < config->handover_count; i++) {
		if (needs_net_admin(config->handovers[i].device)) {
			return true;
		}
	}
	return false;
}

/* ---- signals and the watchdog --------------------------------------------------------------- */

/* As sd_notify(3) wants it: the time is CLOCK_MONOTONIC's, unlike the loop's. */
static void reload(struct process *process)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	engine_reload(process->engine);
	set_log_level(process->options, &process->engine->config);
	if (!process->keeps_net_admin && any_needs_net_admin(&process->engine->config)) {
		log_write(LOG_LEVEL_WARNING, "main",
			"a device now needs CAP_NET_ADMIN, which keyidd gave up when it started: "
			"restart it");
	}
	sd_notify(0, "READY=1");
}

static void on_signal(void *ctx, uint32_t events)
{
	struct process *process = ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(process->signals.fd, &info, sizeof(info)) != sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGHUP) {
		reload(process);
	} else {
		log_write(LOG_LEVEL_NOTICE, "main", "ending");
		loop_stop(process->loop);
	}
}

static void block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	sigprocmask(SIG_BLOCK, signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* whoever started us may ignore it; hooks are waited for */
}

static void feed_watchdog(void *ctx)
{
	struct process *process = ctx;

	sd_notify(0, "WATCHDOG=1");
	loop_timer_set(process->loop, &process->watchdog, clock_mono_ms() + process->watchdog_ms);
}

static int watch_signals(struct process *process, const sigset_t *signals)
{
	uint64_t watchdog_us;

	process->signals.fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	process->signals.ready = on_signal;
	process->signals.ctx = process;
	if (process->signals.fd < 0 ||
		loop_watch_add(process->loop, &process->signals, EPOLLIN) != 0) {
		return -1;
	}
	if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
		process->watchdog_ms = watchdog_us / 1000 / 2;
		process->watchdog.fn = feed_watchdog;
		process->watchdog.ctx = process;
		feed_watchdog(process);
	}
	return 0;
}

/* ---- from start to end ---------------------------------------------------------------------- */

/* "2 associations", "1 association, 3 hand-overs" */
static const char *count_text(size_t associations, size_t handovers)
{
	static char text[80];
	size_t len = 0;

	text[0] = '\0';
	if (associations > 0 || handovers == 0) {
		len = (size_t)snprintf(text, sizeof(text), "%zu association%s", associations,
			associations == 1 ? "" : "s");
	}
	if (handovers > 0) {
		snprintf(text + len, sizeof(text) - len, "%s%zu hand-over%s", len ? ", " : "",
			handovers, handovers == 1 ? "" : "s");
	}
	return text;
}

static int fail(const char *error)
{
	log_write(LOG_LEVEL_ERROR, "main", "%s", error);
	return EXIT_FAILURE;
}

static int run(struct process *process)
{
	int rc;

	sd_notify(0, "READY=1");
	log_write(LOG_LEVEL_NOTICE, "main", "keyidd %s: %s", KEYIDD_VERSION,
		count_text(process->engine->association_count, process->engine->handover_count));
	rc = loop_run(process->loop);
	sd_notify(0, "STOPPING=1");
	return rc == 0 ? EXIT_SUCCESS : fail(strerror(-rc));
}

static int start(struct process *process, const struct options *options, struct config *config,
	const sigset_t *signals)
{
	char error[ENGINE_ERROR_MAX];

	process->loop = loop_new();
	if (!process->loop || watch_signals(process, signals) != 0) {
		return fail("no memory or no descriptors");
	}
	process->keeps_net_admin = any_needs_net_admin(config);
	if (privileges_drop(process->keeps_net_admin, error) != 0) {
		return fail(error);
	}
	process->engine = engine_new(process->loop, options->config_path, config, error);
	if (!process->engine) {
		return fail(error);
	}
	process->control = control_new(process->engine, error);
	if (!process->control) {
		return fail(error);
	}
	return run(process);
}

static void stop(struct process *process)
{
	control_free(process->control);
	engine_free(process->engine);
	if (process->loop) {
		loop_watch_remove(process->loop, &process->signals);
		loop_timer_stop(process->loop, &process->watchdog);
	}
	if (process->signals.fd > 0) {
		close(process->signals.fd);
	}
	loop_free(process->loop);
}

int main(int argc, char **argv)
{
	struct options options = { .config_path = DEFAULT_CONFIG };
	struct process process = { .options = &options };
	struct config config = { 0 };
	sigset_t signals;
	int status;

	umask(077);
	status = parse_options(argc, argv, &options);
	if (status != 0) {
		return status;
	}
	privileges_protect_memory();
	status = load(&options, &config);
	if (status != 0 || options.check) {
		if (status == 0) {
			printf("%s: %s, nothing wrong\n", options.config_path,
				count_text(config.association_count, config.handover_count));
		}
		config_free(&config);
		return status;
	}
	set_log_level(&options, &config);
	block_signals(&signals);
	status = start(&process, &options, &config, &signals);
	stop(&process);
	config_free(&config);
	return status;
}
