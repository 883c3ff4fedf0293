#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/kmesim/control.h"
#include "tools/kmesim/listener.h"

void sim_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	flockfile(stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
	va_end(args);
}

static void usage(FILE *out)
{
	fputs("usage: kmesim serve --config FILE\n"
	      "\n"
	      "Serves until SIGTERM or SIGINT. Prints a line per event, with key_IDs but never a\n"
	      "key, and \"ready\" when every KME listens. FILE is JSON:\n"
	      "\n"
	      "  { \"control\": \"/tmp/kmesim.sock\",       where kmesim ctl finds it\n"
	      "    \"ca_file\": \"ca.pem\",                 the CA of the SAEs' certificates\n"
	      "    \"kmes\": [ { \"id\": \"KME-1\",\n"
	      "                \"certificate\": \"KME-1.pem\", \"private_key\": \"KME-1.key\",\n"
	      "                \"saes\": [ \"mx304-11\" ],    CNs of their certificates\n"
	      "                \"address\": \"127.0.0.1\",    the default\n"
	      "                \"port\": 8443,              default: any free one\n"
	      "                \"netns\": \"left\" } ],       default: that of the process\n"
	      "    \"keys_file\": \"keys.json\",            [{\"key_ID\": ID, \"key\": BASE64}, "
	      "...] to be\n"
	      "                                         delivered first, to requests of their "
	      "size\n"
	      "    \"key_size\": 256, \"min_key_size\": 64, \"max_key_size\": 1024,    bits\n"
	      "    \"max_key_per_request\": 16, \"max_SAE_ID_count\": 16,\n"
	      "    \"stored_key_count\": 100000 }         then 503\n",
		out);
}

/* ---- the run --------------------------------------------------------------------------------- */

static int open_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) < 0) {
		return -1;
	}
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

static void serve_until(struct sim *sim, int control_fd, int signal_fd)
{
	struct pollfd due[] = { { .fd = signal_fd, .events = POLLIN },
		{ .fd = control_fd, .events = POLLIN } };

	sim_print("ready");
	for (;;) {
		if (poll(due, 2, -1) < 0 && errno != EINTR) {
			return;
		}
		if (due[0].revents) {
			return;
		}
		if (due[1].revents) {
			control_serve(sim, control_fd);
		}
	}
}

static int run_listeners(struct sim *sim, int control_fd, int signal_fd)
{
	struct listener *listeners[SIM_KMES_MAX] = { NULL };
	char error[SIM_TEXT_MAX];
	int status = 0;

	for (size_t i = 0; i < sim->config.kme_count && status == 0; i++) {
		listeners[i] = listener_open(sim, i, error);
		if (!listeners[i]) {
			fprintf(stderr, "kmesim: %s\n", error);
			status = 1;
		}
	}
	if (status == 0) {
		serve_until(sim, control_fd, signal_fd);
	}
	eventfd_write(sim->stop_fd, 1);
	for (size_t i = 0; i < sim->config.kme_count; i++) {
		listener_close(listeners[i]);
	}
	return status;
}

static int run(struct sim *sim)
{
	int signal_fd = open_signals();
	int control_fd = control_open(sim);
	int status = 1;

	sim->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (control_fd < 0) {
		fprintf(stderr, "kmesim: %s: %s\n", sim->config.control, strerror(errno));
	} else if (signal_fd < 0 || sim->stop_fd < 0) {
		fprintf(stderr, "kmesim: no descriptor: %s\n", strerror(errno));
	} else {
		status = run_listeners(sim, control_fd, signal_fd);
	}
	control_close(sim, control_fd);
	if (signal_fd >= 0) {
		close(signal_fd);
	}
	if (sim->stop_fd >= 0) {
		close(sim->stop_fd);
	}
	return status;
}

static int serve(const char *config_path)
{
	static struct sim sim = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char error[SIM_TEXT_MAX];
	int status = 1;

	if (sim_config_load(&sim.config, config_path, error) < 0 ||
		(sim.config.keys_file &&
			store_preload(&sim.store, sim.config.keys_file, error) < 0)) {
		fprintf(stderr, "kmesim: %s\n", error);
	} else {
		sim.store.left = sim.config.stored_key_count;
		status = run(&sim);
	}
	store_fini(&sim.store);
	sim_config_fini(&sim.config);
	return status;
}

int serve_main(int count, char **arguments)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	const char *config_path = NULL;
	int option;

	while ((option = getopt_long(count, arguments, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!config_path || optind != count) {
		usage(stderr);
		return 2;
	}
	return serve(config_path);
}
