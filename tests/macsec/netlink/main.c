/*
 * netconf/macsec.h for the tests of tests/macsec/guest: reads commands, one a line, and does
 * each. Prints nothing for those that succeed, and the error's name and the problem for others.
 *
 *   HOST open DEVICE PARENT SUITE [PORT [WINDOW [HOLD]]]    HOST is a network namespace of
 *                                     ip-netns(8); with HOLD 0, no frames are held at a switch
 *   HOST close
 *   HOST delete-device
 *   HOST settings, HOST encoding      what is read back
 *   HOST show [transmit]              all SAs; those for transmitting
 *   HOST channel [SCI]                adds one; the other host's, or this one
 *   HOST delete-channel [SCI]
 *   HOST transmit AN GENERATION
 *   HOST receive AN GENERATION [LOWEST-PN [SCI]]     with the nonce of the other host
 *   HOST encode AN GENERATION
 *   HOST switch TIMES AN GENERATION AN GENERATION    encodes with the one and the other in turn
 *   HOST warning
 *   HOST deactivate-receive AN GENERATION
 *   HOST delete-receive AN GENERATION
 *   HOST delete-transmit AN GENERATION
 *   HOST record FILE                  the datagram with which the kernel answers a dump
 *   HOST sh COMMAND...                runs it there
 *   HOST sleep MILLISECONDS
 *
 * HOST is "a" or "b". The key of a generation is made from its number; that of 0 is too short.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <openssl/evp.h>

#include "common/hex.h"
#include "netconf/macsec_private.h"

#define WORDS_MAX 16
#define GENERATIONS_MAX 256

struct host {
	const char *name;
	struct host *other;
	struct macsec *macsec;
	struct macsec_sci sci;
	struct macsec_key_id key_ids[GENERATIONS_MAX]; /* of its transmit SAs */
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

static void die(const char *why)
{
	fprintf(stderr, "netlink: %s\n", why);
	exit(2);
}

/* ---- words ----------------------------------------------------------------------------------- */

static unsigned long number(const struct command *command, size_t index, unsigned long absent)
{
	char *end;
	unsigned long value;

	if (index >= command->count) {
		return absent;
	}
	value = strtoul(command->words[index], &end, 0);
	if (end == command->words[index] || *end) {
		die("not a number");
	}
	return value;
}

static unsigned long generation(const struct command *command, size_t index)
{
	unsigned long value = number(command, index, 0);

	if (value >= GENERATIONS_MAX) {
		die("no such generation");
	}
	return value;
}

static struct macsec_sci sci(const struct command *command, size_t index)
{
	struct macsec_sci sci = command->host->other->sci;

	if (index < command->count &&
		hex_decode(command->words[index], strlen(command->words[index]), sci.octets,
			sizeof(sci.octets)) != sizeof(sci.octets)) {
		die("not an SCI");
	}
	return sci;
}

static struct macsec_key make_key(unsigned long generation, struct secret *secret)
{
	struct macsec_key key = { .secret = secret, .generation = generation };
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[32];
	int len = snprintf(text, sizeof(text), "generation %lu", generation);

	EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	secret_set(secret, digest, generation > 0 ? 32 : 15);
	len = snprintf(text, sizeof(text), "name %lu", generation);
	EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	memcpy(key.token, digest, sizeof(key.token));
	return key;
}

/* ---- the device ------------------------------------------------------------------------------ */

static int report(const struct host *host, int rc)
{
	const char *problem = macsec_problem(host->macsec);

	if ((rc == 0) != (problem[0] == '\0')) {
		die("a result without its problem, or the other way round");
	}
	if (rc < 0) {
		printf("%s %s\n", strerrorname_np(-rc), problem);
	}
	return rc;
}

static void do_open(const struct command *command)
{
	struct host *host = command->host;
	struct macsec_config config = {
		.name = command->words[0],
		.parent = command->words[1],
		.port = (uint16_t)number(command, 3, 1),
		.replay_window = (uint32_t)number(command, 4, MACSEC_REPLAY_WINDOW),
		.hold_at_switch = number(command, 5, 1) != 0,
	};
	char problem[MACSEC_PROBLEM_MAX];
	struct macsec_view view;
	int rc;

	if (macsec_suite_parse(command->words[2], &config.suite) < 0) {
		die("no such cipher suite");
	}
	macsec_close(host->macsec);
	rc = macsec_open(&config, &host->macsec, problem);
	if (rc < 0) {
		printf("%s %s\n", strerrorname_np(-rc), problem);
		return;
	}
	if (report(host, macsec_read(host->macsec, &view)) == 0) {
		host->sci = view.sci;
	}
}

static void do_close(const struct command *command)
{
	macsec_close(command->host->macsec);
	command->host->macsec = NULL;
}

static void do_delete_device(const struct command *command)
{
	report(command->host, macsec_delete_device(command->host->macsec));
}

/* ---- showing --------------------------------------------------------------------------------- */

/* The generation of the key, if it is known, and whether the nonce is the one drawn for it. */
static void show_key_id(const struct macsec_key_id *key_id, const struct host *sender)
{
	struct secret secret;

	for (unsigned long i = 0; i < GENERATIONS_MAX; i++) {
		struct macsec_key key = make_key(i, &secret);

		if (memcmp(key.token, key_id->token, sizeof(key.token)) == 0) {
			printf("generation %lu%s", i,
				macsec_key_id_equal(key_id, &sender->key_ids[i])
					? ""
					: " of another nonce");
			return;
		}
	}
	printf("unknown key");
}

static void show_sas(const char *what, const struct macsec_sa *sas, const struct host *sender)
{
	for (unsigned int an = 0; an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &sas[an];

		if (sa->present) {
			printf("%s %u: ", what, an);
			show_key_id(&sa->key_id, sender);
			printf(", %s, packet number %llu, SSCI %u\n",
				sa->active ? "active" : "inactive", (unsigned long long)sa->next_pn,
				sa->ssci);
		}
	}
}

static void do_settings(const struct command *command)
{
	struct macsec_view view;
	char text[MACSEC_SCI_TEXT_LEN];

	if (report(command->host, macsec_read(command->host->macsec, &view)) == 0) {
		printf("SCI %s, %s, ICV %u, window %u%s%s%s%s%s%s\n",
			macsec_sci_text(&view.sci, text), macsec_suite_name(view.suite),
			view.icv_len, view.replay_window, view.encrypts ? ", encrypts" : "",
			view.protects ? ", protects" : "",
			view.replay_protects ? ", replay protection" : "",
			view.validates_strictly ? ", strict" : "",
			view.sends_sci ? ", sends SCI" : "", view.offloaded ? ", offloaded" : "");
	}
}

static void do_encoding(const struct command *command)
{
	struct macsec_view view;

	if (report(command->host, macsec_read(command->host->macsec, &view)) == 0) {
		printf("encoding %u, %s\n", view.encoding_an,
			view.operational ? "operational" : "not operational");
	}
}

static void do_show(const struct command *command)
{
	struct host *host = command->host;
	struct macsec_view view;
	char text[MACSEC_SCI_TEXT_LEN];

	if (report(host, macsec_read(host->macsec, &view)) < 0) {
		return;
	}
	show_sas("transmit", view.transmit, host);
	if (command->count > 0) {
		return;
	}
	for (size_t i = 0; i < view.channel_count; i++) {
		const struct macsec_channel *channel = &view.channels[i];

		printf("channel %s, %s\n", macsec_sci_text(&channel->sci, text),
			channel->active ? "active" : "inactive");
		show_sas("receive", channel->sas, host->other);
	}
}

/* ---- channels and SAs ------------------------------------------------------------------------ */

static void do_channel(const struct command *command)
{
	struct macsec_sci peer = sci(command, 0);

	report(command->host, macsec_add_receive_channel(command->host->macsec, &peer));
}

static void do_delete_channel(const struct command *command)
{
	struct macsec_sci peer = sci(command, 0);

	report(command->host, macsec_delete_receive_channel(command->host->macsec, &peer));
}

static void do_transmit(const struct command *command)
{
	unsigned long index = generation(command, 1);
	struct host *host = command->host;
	struct secret secret;
	struct macsec_key key = make_key(index, &secret);
	struct macsec_key_id key_id;
	int rc = macsec_add_transmit_sa(
		host->macsec, (uint8_t)number(command, 0, 0), &key, &key_id);

	if (report(host, rc) == 0) {
		host->key_ids[index] = key_id;
	}
}

static void do_receive(const struct command *command)
{
	unsigned long index = generation(command, 1);
	const struct host *sender = command->host->other;
	struct secret secret;
	struct macsec_key key = make_key(index, &secret);
	struct macsec_sci peer = sci(command, 3);

	report(command->host,
		macsec_add_receive_sa(command->host->macsec, &peer, (uint8_t)number(command, 0, 0),
			&key, sender->key_ids[index].nonce, number(command, 2, 1)));
}

static void do_encode(const struct command *command)
{
	struct host *host = command->host;

	report(host, macsec_encode(host->macsec, (uint8_t)number(command, 0, 0),
			     &host->key_ids[generation(command, 1)]));
}

static void do_switch(const struct command *command)
{
	struct host *host = command->host;
	unsigned long times = number(command, 0, 0);
	int rc = 0;

	for (unsigned long i = 0; rc == 0 && i < times; i++) {
		size_t words = i % 2 == 0 ? 1 : 3;

		rc = report(host, macsec_encode(host->macsec, (uint8_t)number(command, words, 0),
					  &host->key_ids[generation(command, words + 1)]));
	}
}

static void do_warning(const struct command *command)
{
	printf("%s\n", macsec_warning(command->host->macsec));
}

static void do_deactivate_receive(const struct command *command)
{
	const struct host *sender = command->host->other;

	report(command->host,
		macsec_deactivate_receive_sa(command->host->macsec, &sender->sci,
			(uint8_t)number(command, 0, 0), &sender->key_ids[generation(command, 1)]));
}

static void do_delete_receive(const struct command *command)
{
	const struct host *sender = command->host->other;

	report(command->host,
		macsec_delete_receive_sa(command->host->macsec, &sender->sci,
			(uint8_t)number(command, 0, 0), &sender->key_ids[generation(command, 1)]));
}

static void do_delete_transmit(const struct command *command)
{
	struct host *host = command->host;

	report(host, macsec_delete_transmit_sa(host->macsec, (uint8_t)number(command, 0, 0),
			     &host->key_ids[generation(command, 1)]));
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void do_record(const struct command *command)
{
	struct macsec *macsec = command->host->macsec;
	struct macsec_request request;
	FILE *file = fopen(command->words[0], "wb");
	ssize_t len;

	macsec_request_dump(&request, macsec->family);
	request.header.nlmsg_seq = 1;
	if (!file ||
		mnl_socket_sendto(macsec->generic.socket, &request, request.header.nlmsg_len) < 0) {
		die("cannot record");
	}
	len = mnl_socket_recvfrom(macsec->generic.socket, macsec->generic.datagram, 32 * 1024);
	if (len < 0 || fwrite(macsec->generic.datagram, 1, (size_t)len, file) != (size_t)len ||
		fclose(file) != 0) {
		die("cannot record");
	}
	macsec_netlink_close(&macsec->generic); /* the end of the dump is still to come */
	macsec_netlink_open(&macsec->generic, NETLINK_GENERIC);
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
	unsigned long ms = number(command, 0, 0);
	struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

static const struct {
	const char *name;
	size_t words_min;
	bool needs_device;
	void (*run)(const struct command *command);
} commands[] = {
	{ "open", 3, false, do_open },
	{ "close", 0, false, do_close },
	{ "delete-device", 0, true, do_delete_device },
	{ "settings", 0, true, do_settings },
	{ "encoding", 0, true, do_encoding },
	{ "show", 0, true, do_show },
	{ "channel", 0, true, do_channel },
	{ "delete-channel", 0, true, do_delete_channel },
	{ "transmit", 2, true, do_transmit },
	{ "receive", 2, true, do_receive },
	{ "encode", 2, true, do_encode },
	{ "switch", 5, true, do_switch },
	{ "warning", 0, true, do_warning },
	{ "deactivate-receive", 2, true, do_deactivate_receive },
	{ "delete-receive", 2, true, do_delete_receive },
	{ "delete-transmit", 2, true, do_delete_transmit },
	{ "record", 1, true, do_record },
	{ "sh", 1, false, do_sh },
	{ "sleep", 1, false, do_sleep },
};

static void run(struct command *command, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) != 0) {
			continue;
		}
		if (command->count < commands[i].words_min ||
			(commands[i].needs_device && !command->host->macsec)) {
			die("words missing, or no device open");
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
	while (fgets(line, sizeof(line), stdin)) {
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
	macsec_close(hosts[0].macsec);
	macsec_close(hosts[1].macsec);
	return 0;
}
