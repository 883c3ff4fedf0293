/*
 * kmeget: asks a KME for its status or for keys, as keyidd would. Prints no key
 * unless told to; a fingerprint shows whether two ends hold the same one.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "kmeclient/kme.h"

struct options {
	struct kme_config kme;
	size_t number;
	size_t size_bits;
	const char *additional[KME_SAES_MAX];
	size_t additional_count;
	bool show_keys;
	bool warm;
	bool verbose;
	const char *peer;
	char *const *rest; /* what follows the peer, rest_count of it */
	size_t rest_count;
};

/* What a callback leaves for the loop. */
struct wait {
	const struct options *options;
	bool ended;
	enum kme_error error;
};

static void usage(FILE *out)
{
	fputs("usage: kmeget [OPTION]... status PEER\n"
	      "       kmeget [OPTION]... enc SLAVE\n"
	      "       kmeget [OPTION]... dec MASTER KEY_ID...\n"
	      "\n"
	      "Asks a KME by ETSI GS QKD 014: for its status, for new keys (this SAE is the\n"
	      "master), or for the keys of some key_IDs (this SAE is a slave). A KME delivers a\n"
	      "key once: what is fetched here is lost to others.\n"
	      "\n"
	      "  --url URL            https://host[:port] of the KME\n"
	      "  --kme-id ID          what its certificate must name\n"
	      "  --ca FILE            PEM certificates of the CAs that may have signed it\n"
	      "  --cert FILE          PEM certificate of this SAE\n"
	      "  --key FILE           PEM private key of this SAE\n"
	      "  --get                use GET where the standard allows it; otherwise POST\n"
	      "  --connect-timeout MS, --timeout MS\n"
	      "                       of the connection (5000) and of the call (15000)\n"
	      "  --number N           enc: how many keys (1)\n"
	      "  --size BITS          enc: of each; dec: expected; otherwise the KME's default\n"
	      "  --additional SAE     enc: a further slave; may be repeated\n"
	      "  --warm               ask for the status first, and use that connection again\n"
	      "  --show-keys          print keys in hex in place of fingerprints\n"
	      "  --verbose            print how long the call took\n"
	      "\n"
	      "Exit status: 0, 1 after a failure that the last line names, 2 for wrong usage.\n",
		out);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void print_status(const struct kme_status *status)
{
	printf("source_KME_ID       %s\n", status->source_kme_id);
	printf("target_KME_ID       %s\n", status->target_kme_id);
	printf("master_SAE_ID       %s\n", status->master_sae_id);
	printf("slave_SAE_ID        %s\n", status->slave_sae_id);
	printf("key_size            %lld\n", (long long)status->key_size_bits);
	printf("stored_key_count    %lld\n", (long long)status->stored_key_count);
	printf("max_key_count       %lld\n", (long long)status->max_key_count);
	printf("max_key_per_request %lld\n", (long long)status->max_key_per_request);
	printf("max_key_size        %lld\n", (long long)status->max_key_size_bits);
	printf("min_key_size        %lld\n", (long long)status->min_key_size_bits);
	printf("max_SAE_ID_count    %lld\n", (long long)status->max_sae_id_count);
}

static void print_key(const struct kme_key *key, bool show)
{
	char fingerprint[SECRET_FINGERPRINT_LEN];
	char hex[2 * SECRET_MAX + 1];

	if (show) {
		hex_encode(key->key.bytes, key->key.len, hex);
		printf("%s %zu bits, key %s\n", key->key_id, 8 * key->key.len, hex);
		secret_wipe_bytes(hex, sizeof(hex));
	} else {
		secret_fingerprint(&key->key, fingerprint);
		printf("%s %zu bits, fingerprint %s\n", key->key_id, 8 * key->key.len, fingerprint);
	}
}

static void note_end(void *ctx, const struct kme_result *result)
{
	struct wait *wait = ctx;

	wait->ended = true;
	wait->error = result->error;
	if (result->error != KME_OK) {
		fprintf(stderr, "kmeget: %s: %s\n", kme_error_name(result->error), result->text);
	}
	if (wait->options->verbose) {
		fprintf(stderr, "kmeget: HTTP %ld after %u ms\n", result->http_status,
			result->elapsed_ms);
	}
}

static void show_status(void *ctx, const struct kme_result *result)
{
	note_end(ctx, result);
	if (result->error == KME_OK) {
		print_status(&result->status);
	}
}

static void show_keys(void *ctx, const struct kme_result *result)
{
	const struct wait *wait = ctx;

	note_end(ctx, result);
	for (size_t i = 0; i < result->key_count; i++) {
		print_key(&result->keys[i], wait->options->show_keys);
	}
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct kme_call *start_status(struct kme *kme, struct wait *wait, enum kme_error *error)
{
	return kme_get_status(kme, wait->options->peer, show_status, wait, error);
}

static struct kme_call *start_enc(struct kme *kme, struct wait *wait, enum kme_error *error)
{
	const struct options *options = wait->options;
	struct kme_enc_request request = {
		.slave_sae_id = options->peer,
		.number = options->number,
		.size_bits = options->size_bits,
		.additional_count = options->additional_count,
		.additional_slave_sae_ids = options->additional,
	};

	return kme_enc_keys(kme, &request, show_keys, wait, error);
}

static struct kme_call *start_dec(struct kme *kme, struct wait *wait, enum kme_error *error)
{
	const struct options *options = wait->options;
	struct kme_dec_request request = {
		.master_sae_id = options->peer,
		.count = options->rest_count,
		.key_ids = (const char *const *)options->rest,
		.size_bits = options->size_bits,
	};

	return kme_dec_keys(kme, &request, show_keys, wait, error);
}

static struct kme_call *start_warming(struct kme *kme, struct wait *wait, enum kme_error *error)
{
	return kme_get_status(kme, wait->options->peer, note_end, wait, error);
}

typedef struct kme_call *(*start_fn)(struct kme *kme, struct wait *wait, enum kme_error *error);

static const struct {
	const char *name;
	start_fn start;
	bool takes_key_ids;
} commands[] = {
	{ "status", start_status, false },
	{ "enc", start_enc, false },
	{ "dec", start_dec, true },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static enum kme_error call_and_wait(
	struct kme_multi *multi, struct kme *kme, const struct options *options, start_fn start)
{
	struct wait wait = { .options = options };
	struct pollfd due = { .fd = kme_multi_fd(multi), .events = POLLIN };
	enum kme_error error;

	if (!start(kme, &wait, &error)) {
		fprintf(stderr, "kmeget: %s: the arguments are out of bounds\n",
			kme_error_name(error));
		return error;
	}
	while (!wait.ended) {
		poll(&due, 1, -1);
		kme_multi_dispatch(multi);
	}
	return wait.error;
}

static int run(const struct options *options, start_fn start)
{
	struct kme_multi *multi = kme_multi_new();
	enum kme_error error = KME_ERROR_INTERNAL;
	char text[KME_ERROR_TEXT_MAX];
	struct kme *kme = NULL;

	if (multi) {
		kme = kme_open(multi, &options->kme, text);
	}
	if (kme) {
		error = options->warm ? call_and_wait(multi, kme, options, start_warming) : KME_OK;
		if (error == KME_OK) {
			error = call_and_wait(multi, kme, options, start);
		}
	} else {
		fprintf(stderr, "kmeget: %s\n", multi ? text : "no memory or no descriptor");
	}
	kme_close(kme);
	kme_multi_free(multi);
	return error == KME_OK ? 0 : 1;
}

/* ---- arguments ------------------------------------------------------------------------------- */

enum {
	OPTION_URL = 1,
	OPTION_KME_ID,
	OPTION_CA,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_GET,
	OPTION_CONNECT_TIMEOUT,
	OPTION_TIMEOUT,
	OPTION_NUMBER,
	OPTION_SIZE,
	OPTION_ADDITIONAL,
	OPTION_WARM,
	OPTION_SHOW_KEYS,
	OPTION_VERBOSE,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "url", required_argument, NULL, OPTION_URL },
	{ "kme-id", required_argument, NULL, OPTION_KME_ID },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "get", no_argument, NULL, OPTION_GET },
	{ "connect-timeout", required_argument, NULL, OPTION_CONNECT_TIMEOUT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "number", required_argument, NULL, OPTION_NUMBER },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "additional", required_argument, NULL, OPTION_ADDITIONAL },
	{ "warm", no_argument, NULL, OPTION_WARM },
	{ "show-keys", no_argument, NULL, OPTION_SHOW_KEYS },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Returns false if text is no whole number from 0 to UINT32_MAX. */
static bool parse_number(const char *text, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= UINT32_MAX;
}

static bool parse_size(size_t *out)
{
	unsigned long value;

	if (!parse_number(optarg, &value)) {
		return false;
	}
	*out = value;
	return true;
}

static bool parse_timeout(uint32_t *out)
{
	unsigned long value;

	if (!parse_number(optarg, &value)) {
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

static bool add_sae(struct options *options)
{
	if (options->additional_count == KME_SAES_MAX) {
		return false;
	}
	options->additional[options->additional_count++] = optarg;
	return true;
}

static bool take_option(struct options *options, int option)
{
	switch (option) {
	case OPTION_URL:
		options->kme.url = optarg;
		return true;
	case OPTION_KME_ID:
		options->kme.kme_id = optarg;
		return true;
	case OPTION_CA:
		options->kme.ca_file = optarg;
		return true;
	case OPTION_CERT:
		options->kme.certificate_file = optarg;
		return true;
	case OPTION_KEY:
		options->kme.private_key_file = optarg;
		return true;
	case OPTION_GET:
		options->kme.method = KME_METHOD_GET;
		return true;
	case OPTION_CONNECT_TIMEOUT:
		return parse_timeout(&options->kme.connect_timeout_ms);
	case OPTION_TIMEOUT:
		return parse_timeout(&options->kme.timeout_ms);
	case OPTION_NUMBER:
		return parse_size(&options->number);
	case OPTION_SIZE:
		return parse_size(&options->size_bits);
	case OPTION_ADDITIONAL:
		return add_sae(options);
	case OPTION_WARM:
		options->warm = true;
		return true;
	case OPTION_SHOW_KEYS:
		options->show_keys = true;
		return true;
	case OPTION_VERBOSE:
		options->verbose = true;
		return true;
	default:
		return false;
	}
}

/* What follows the options; returns the command's function, or NULL. */
static start_fn take_command(struct options *options, int count, char **words)
{
	for (size_t i = 0; i < COMMAND_COUNT && count >= 2; i++) {
		if (strcmp(words[0], commands[i].name) == 0 &&
			commands[i].takes_key_ids == (count > 2)) {
			options->peer = words[1];
			options->rest = words + 2;
			options->rest_count = (size_t)count - 2;
			return commands[i].start;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options = { .number = 1 };
	start_fn start;
	int option;

	while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			usage(stdout);
			return 0;
		}
		if (!take_option(&options, option)) {
			usage(stderr);
			return 2;
		}
	}
	start = take_command(&options, argc - optind, argv + optind);
	if (!start) {
		usage(stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	return run(&options, start);
}
