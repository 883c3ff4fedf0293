#include "tools/kmesim/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_SIZE 512
#define WORDS_MAX 8
#define CLIENT_TIMEOUT_S 2

#define KEY_METHODS (1U << SIM_ENC_KEYS | 1U << SIM_DEC_KEYS)

/* Commands return what is wrong, or NULL after writing their lines to out. words ends with NULL. */
typedef const char *(*command_fn)(struct sim *sim, char *const *words, FILE *out);

/* Reads "SAE" or "SAE/METHOD"; without a method the faults are for keys. */
static const char *parse_target(const struct sim *sim, char *word, struct fault *fault)
{
	char *slash = strchr(word, '/');
	enum sim_method method;
	int sae;

	fault->methods = KEY_METHODS;
	if (slash) {
		*slash = '\0';
		if (!sim_method_parse(slash + 1, &method)) {
			return "the method is not enc_keys, dec_keys or status";
		}
		fault->methods = 1U << method;
	}
	sae = sim_config_find_sae(&sim->config, word);
	if (sae < 0) {
		return "no such SAE";
	}
	fault->sae = (size_t)sae;
	return NULL;
}

static const char *run_fault(struct sim *sim, char *const *words, FILE *out)
{
	struct fault fault = { 0 };
	const char *wrong = words[0] ? parse_target(sim, words[0], &fault) : "no SAE";

	(void)out;
	if (!wrong) {
		wrong = fault_parse(&fault, words + 1);
	}
	if (!wrong && !faults_add(&sim->faults, &fault)) {
		wrong = "too many faults";
	}
	return wrong;
}

static const char *run_clear(struct sim *sim, char *const *words, FILE *out)
{
	int sae;

	(void)out;
	if (!words[0]) {
		sim->faults.count = 0;
		return NULL;
	}
	sae = sim_config_find_sae(&sim->config, words[0]);
	if (sae < 0) {
		return "no such SAE";
	}
	faults_clear(&sim->faults, (size_t)sae);
	return NULL;
}

static const char *print_one_count(const struct sim *sim, char *const *words, FILE *out)
{
	int sae = sim_config_find_sae(&sim->config, words[0]);
	enum sim_method method;

	if (sae < 0) {
		return "no such SAE";
	}
	if (!words[1] || !sim_method_parse(words[1], &method)) {
		return "the method is not enc_keys, dec_keys or status";
	}
	fprintf(out, "%llu\n", (unsigned long long)sim->requests[sae][method]);
	return NULL;
}

static const char *run_requests(struct sim *sim, char *const *words, FILE *out)
{
	if (words[0]) {
		return print_one_count(sim, words, out);
	}
	for (size_t sae = 0; sae < sim->config.sae_count; sae++) {
		fputs(sim->config.saes[sae].id, out);
		for (int method = 0; method < SIM_METHOD_COUNT; method++) {
			fprintf(out, " %s=%llu", sim_method_name(method),
				(unsigned long long)sim->requests[sae][method]);
		}
		fputc('\n', out);
	}
	return NULL;
}

static const char *run_delivered(struct sim *sim, char *const *words, FILE *out)
{
	(void)words;
	store_print_deliveries(&sim->store, &sim->config, out);
	return NULL;
}

static const struct {
	const char *name;
	const char *help;
	command_fn run;
} commands[] = {
	{ "fault",
		"fault SAE[/METHOD] KIND [ARGUMENT] [COUNT]\n"
		"                       for the next COUNT requests, or until cleared, of METHOD\n"
		"                       (enc_keys, dec_keys, status), or of the first two",
		run_fault },
	{ "clear", "clear [SAE]            end the faults of one SAE, or all", run_clear },
	{ "requests", "requests [SAE METHOD]  how many were received", run_requests },
	{ "delivered", "delivered              KEY_ID SAE enc|dec HEX BASE64 of every key",
		run_delivered },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

void control_help(FILE *out)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "  %s\n", commands[i].help);
	}
	fprintf(out, "\nKinds of fault:\n%s", fault_help());
}

/* ---- the socket ------------------------------------------------------------------------------ */

static const char *run_line(struct sim *sim, char *line, FILE *out)
{
	char *words[WORDS_MAX + 1] = { NULL };
	char *rest = line;
	size_t count = 0;
	char *word;

	while (count < WORDS_MAX && (word = strsep(&rest, " \n"))) {
		if (*word) {
			words[count++] = word;
		}
	}
	for (size_t i = 0; i < COMMAND_COUNT && words[0]; i++) {
		if (strcmp(words[0], commands[i].name) == 0) {
			return commands[i].run(sim, words + 1, out);
		}
	}
	return "no such command";
}

/* The verdict goes before the lines, and so they are kept back until it is known. */
static void answer_line(struct sim *sim, char *line, FILE *client)
{
	char *lines = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&lines, &len);
	const char *wrong;

	if (!out) {
		return;
	}
	pthread_mutex_lock(&sim->lock);
	wrong = run_line(sim, line, out);
	pthread_mutex_unlock(&sim->lock);
	fclose(out);
	if (wrong) {
		fprintf(client, "error %s\n", wrong);
	} else {
		fprintf(client, "ok\n%s", lines);
	}
	free(lines);
}

void control_serve(struct sim *sim, int listen_fd)
{
	struct timeval timeout = { .tv_sec = CLIENT_TIMEOUT_S };
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	char line[LINE_SIZE];
	FILE *client;

	if (fd < 0) {
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	client = fdopen(fd, "r+");
	if (!client) {
		close(fd);
		return;
	}
	if (fgets(line, sizeof(line), client)) {
		answer_line(sim, line, client);
	}
	fclose(client);
}

/* What an earlier run left; anything but a socket stays, and bind() says so. */
static void remove_stale_socket(const char *path)
{
	struct stat info;

	if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
		unlink(path);
	}
}

int control_open(const struct sim *sim)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = sim->config.control;
	mode_t old_mask;
	int fd, result;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	remove_stale_socket(path);
	old_mask = umask(0177);
	result = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(old_mask);
	if (result < 0 || listen(fd, 8) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void control_close(const struct sim *sim, int listen_fd)
{
	if (listen_fd >= 0) {
		close(listen_fd);
		unlink(sim->config.control);
	}
}
