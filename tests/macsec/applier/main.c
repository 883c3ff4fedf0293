/*
 * The applier of this host's own MACsec for the tests of tests/macsec/guest: one at each of two
 * hosts, between which this plays the exchange. Reads commands, one a line, and does each. Prints
 * nothing for those that succeed, and the error's name and text for others.
 *
 *   HOST open SUITE PARENT/DEVICE... [OPTION=N]...    HOST is a network namespace of ip-netns(8)
 *   HOST close
 *   HOST prepare AN GENERATION [alone]   tells of what the other host has shown last, or of nothing
 *   HOST commit AN GENERATION            the same
 *   HOST discard GENERATION...
 *   HOST retire GENERATION...            but these
 *   HOST look                            reads back
 *   HOST show                            the same, and prints it
 *   HOST sh COMMAND...                   runs it there
 *   HOST sleep MILLISECONDS
 *
 * HOST is "a" or "b"; OPTION is port, window, hold (1 or 0), packets, octets or percent. The key of a
 * generation is made from its number; that of 0 is too short.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/hex.h"
#include "netconf/applier.h"

#define WORDS_MAX 16
#define GENERATIONS_MAX 256

struct host {
	const char *name;
	struct host *other;
	struct applier *applier;
	struct applier_view view; /* as it was shown last */
};

struct command {
	struct host *host;
	size_t count; /* of words after the command's name */
	char *words[WORDS_MAX];
};

static struct host hosts[2] = {
	{ .name = "a", .other = &hosts[1] },
	{ .name = "b", .other = &hosts[0] },
};

static struct applier_set *set;

static void die(const char *why)
{
	fprintf(stderr, "applier: %s\n", why);
	exit(2);
}

static void enter(const struct host *host)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", host->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
}

static unsigned long number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 0);

	if (end == word || *end) {
		die("not a number");
	}
	return value;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void make_token(unsigned long generation, uint8_t token[static APPLIER_TOKEN_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[32];
	int len = snprintf(text, sizeof(text), "name %lu", generation);

	EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	memcpy(token, digest, APPLIER_TOKEN_LEN);
}

static void make_key(unsigned long generation, struct applier_key *key)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[32];
	int len = snprintf(text, sizeof(text), "generation %lu", generation);

	EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	secret_set(&key->cak, digest, generation > 0 ? 32 : 15);
	make_token(generation, key->token);
}

static bool is_of(const uint8_t token[static APPLIER_TOKEN_LEN], unsigned long generation)
{
	uint8_t made[APPLIER_TOKEN_LEN];

	make_token(generation, made);
	return memcmp(token, made, sizeof(made)) == 0;
}

static void print_generation(const uint8_t token[static APPLIER_TOKEN_LEN])
{
	for (unsigned long i = 0; i < GENERATIONS_MAX; i++) {
		if (is_of(token, i)) {
			printf("%lu", i);
			return;
		}
	}
	printf("unknown");
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* As the exchange does: what is unused may be received anew, what is received stays. */
static bool may_receive(const struct applier_secy *own, const struct applier_transmit_sa *sa)
{
	bool receives = false;

	for (size_t i = 0; i < own->receive_count; i++) {
		receives = receives ||
			   memcmp(own->receive[i].nonce, sa->nonce, sizeof(sa->nonce)) == 0;
	}
	return receives || sa->unused;
}

static void tell_neighbour(struct applier_job *job, size_t link, const struct applier_secy *own,
	const struct applier_secy *there)
{
	for (size_t i = 0; there->present && i < there->transmit_count; i++) {
		const struct applier_transmit_sa *sa = &there->transmit[i];
		struct applier_neighbour *to = &job->neighbours[link][0];

		if (memcmp(sa->token, job->keys[0].token, APPLIER_TOKEN_LEN) == 0 &&
			may_receive(own, sa)) {
			memcpy(to->sci, there->sci, sizeof(to->sci));
			memcpy(to->nonce, sa->nonce, sizeof(to->nonce));
			job->neighbour_count[link] = 1;
			job->all_neighbours[link] = true;
		}
	}
}

static void take_result(void *ctx, const struct applier_result *result)
{
	struct host *host = ctx;

	if ((result->error == APPLIER_OK) != (result->text[0] == '\0')) {
		die("a result without its text, or the other way round");
	}
	if (result->error != APPLIER_OK) {
		printf("%s %s\n", applier_error_name(result->error), result->text);
	}
	if (result->op == APPLIER_READ_BACK) {
		host->view = result->view;
	}
}

static void do_job(struct host *host, const struct applier_job *job)
{
	if (!host->applier || applier_submit(host->applier, job, take_result, host) < 0) {
		die("not open, or refused");
	}
	applier_set_dispatch(set);
}

static void do_install(const struct command *command, enum applier_op op)
{
	struct host *host = command->host;
	unsigned long generation = number(command->words[1]);
	struct applier_job job = {
		.op = op,
		.generation = generation,
		.key_count = 1,
		.an = (uint8_t)number(command->words[0]),
	};

	make_key(generation, &job.keys[0]);
	for (size_t i = 0; command->count < 3 && i < APPLIER_LINKS_MAX; i++) {
		tell_neighbour(&job, i, &host->view.secys[i], &host->other->view.secys[i]);
	}
	do_job(host, &job);
}

static void do_prepare(const struct command *command)
{
	do_install(command, APPLIER_PREPARE);
}

static void do_commit(const struct command *command)
{
	do_install(command, APPLIER_COMMIT);
}

static void do_remove(const struct command *command, enum applier_op op)
{
	struct applier_job job = { .op = op, .key_count = command->count };

	for (size_t i = 0; i < command->count; i++) {
		make_token(number(command->words[i]), job.keys[i].token);
	}
	do_job(command->host, &job);
}

static void do_discard(const struct command *command)
{
	do_remove(command, APPLIER_DISCARD);
}

static void do_retire(const struct command *command)
{
	do_remove(command, APPLIER_RETIRE);
}

static void do_look(const struct command *command)
{
	struct applier_job job = { .op = APPLIER_READ_BACK };

	memset(&command->host->view, 0, sizeof(command->host->view));
	do_job(command->host, &job);
}

/* ---- showing --------------------------------------------------------------------------------- */

static void print_key(const struct applier_seen_key *key)
{
	printf("generation ");
	print_generation(key->token);
	printf(" at AN %u%s%s\n", key->an, key->usable ? ", usable" : "",
		key->transmitting ? ", transmitting" : "");
}

/* Of a neighbour whose word is known: is it an SA that the neighbour has? */
static bool is_known(const struct applier_receive_sa *sa, const struct applier_secy *there)
{
	for (size_t i = 0; i < there->transmit_count; i++) {
		if (memcmp(there->transmit[i].nonce, sa->nonce, sizeof(sa->nonce)) == 0) {
			return true;
		}
	}
	return false;
}

static void print_secy(
	size_t link, const struct applier_secy *secy, const struct applier_secy *there)
{
	char sci[2 * APPLIER_SCI_LEN + 1];

	hex_encode(secy->sci, sizeof(secy->sci), sci);
	printf("link %zu: SCI %s, suite %u, transmits", link, sci, secy->suite);
	for (size_t i = 0; i < secy->transmit_count; i++) {
		printf(" ");
		print_generation(secy->transmit[i].token);
		printf("%s", secy->transmit[i].unused ? " (unused)" : "");
	}
	printf(", receives");
	for (size_t i = 0; i < secy->receive_count; i++) {
		printf(" ");
		print_generation(secy->receive[i].token);
		printf("%s", is_known(&secy->receive[i], there) ? "" : " (of another nonce)");
	}
	printf("\n");
}

static void do_show(const struct command *command)
{
	const struct applier_view *view = &command->host->view;

	do_look(command);
	for (size_t i = 0; i < view->key_count; i++) {
		print_key(&view->keys[i]);
	}
	for (size_t i = 0; i < APPLIER_LINKS_MAX; i++) {
		if (view->secys[i].present) {
			print_secy(i, &view->secys[i], &command->host->other->view.secys[i]);
		}
	}
	printf("ANs in use %x%s\n", view->an_in_use, view->used_up ? ", used up" : "");
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void take_link(struct applier_macsec_config *config, char *word, char *slash)
{
	*slash = '\0';
	config->links[config->link_count].parent = word;
	config->links[config->link_count++].name = slash + 1;
}

static void take_option(struct applier_macsec_config *config, char *word, char *equals)
{
	unsigned long value = number(equals + 1);

	*equals = '\0';
	if (strcmp(word, "port") == 0) {
		config->port = (uint16_t)value;
	} else if (strcmp(word, "window") == 0) {
		config->replay_window = (uint32_t)value;
	} else if (strcmp(word, "hold") == 0) {
		config->hold_at_switch = value != 0;
	} else if (strcmp(word, "packets") == 0) {
		config->rekey_packets = value;
	} else if (strcmp(word, "octets") == 0) {
		config->rekey_octets = value;
	} else if (strcmp(word, "percent") == 0) {
		config->rekey_percent = (uint8_t)value;
	} else {
		die("no such option");
	}
}

static void do_open(const struct command *command)
{
	struct applier_macsec_config config = {
		.cipher_suite = command->words[0],
		.replay_window = 64,
		.hold_at_switch = true,
		.rekey_percent = 75,
	};
	char error[APPLIER_ERROR_TEXT_MAX];

	for (size_t i = 1; i < command->count; i++) {
		char *word = command->words[i];

		if (strchr(word, '/')) {
			take_link(&config, word, strchr(word, '/'));
		} else if (strchr(word, '=')) {
			take_option(&config, word, strchr(word, '='));
		} else {
			die("neither PARENT/DEVICE nor OPTION=N");
		}
	}
	applier_close(command->host->applier);
	command->host->applier = applier_open_macsec(set, &config, error);
	if (!command->host->applier) {
		printf("never: %s\n", error);
	}
}

static void do_close(const struct command *command)
{
	applier_close(command->host->applier);
	command->host->applier = NULL;
}

static void do_sh(const struct command *command)
{
	char line[512] = "";

	for (size_t i = 0; i < command->count; i++) {
		snprintf(
			line + strlen(line), sizeof(line) - strlen(line), "%s ", command->words[i]);
	}
	fflush(stdout);
	if (system(line) != 0) {
		printf("failed: %s\n", line);
	}
}

static void do_sleep(const struct command *command)
{
	unsigned long ms = number(command->words[0]);
	struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

static const struct {
	const char *name;
	size_t words_min;
	void (*run)(const struct command *command);
} commands[] = {
	{ "open", 1, do_open },
	{ "close", 0, do_close },
	{ "prepare", 2, do_prepare },
	{ "commit", 2, do_commit },
	{ "discard", 1, do_discard },
	{ "retire", 1, do_retire },
	{ "look", 0, do_look },
	{ "show", 0, do_show },
	{ "sh", 1, do_sh },
	{ "sleep", 1, do_sleep },
};

static void run(const struct command *command, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) != 0) {
			continue;
		}
		if (command->count < commands[i].words_min) {
			die("words missing");
		}
		commands[i].run(command);
		return;
	}
	die("no such command");
}

static struct host *find_host(const char *name)
{
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(name, hosts[i].name) == 0) {
			return &hosts[i];
		}
	}
	die("no such host");
	return NULL;
}

int main(void)
{
	char line[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	set = applier_set_new();
	while (set && fgets(line, sizeof(line), stdin)) {
		struct command command = { 0 };
		char *host = strtok(line, " \n"), *name = strtok(NULL, " \n"), *word;

		if (!host) {
			continue;
		}
		while ((word = strtok(NULL, " \n")) && command.count < WORDS_MAX) {
			command.words[command.count++] = word;
		}
		command.host = find_host(host);
		enter(command.host);
		run(&command, name ? name : "");
	}
	applier_close(hosts[0].applier);
	applier_close(hosts[1].applier);
	applier_set_free(set);
	return 0;
}
