/*
 * A capture file of any octets, read and replayed as keyid-replay does, with the keys of
 * pcaps/: in nobody's view as text, in that of a station as JSON, and without details.
 * It must hold that
 *
 *   - every frame has a verdict and gives one line, of printable characters, and JSON
 *     can be read;
 *   - verdicts do not depend on whether details are wanted;
 *   - the file ends, or breaks, in the same place each time, and that is one line too.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/memory_file.h"
#include "tests/fuzz/lib/mend.h"
#include "tests/fuzz/lib/mutate_capture.h"
#include "tools/keyid-replay/replay.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct site site;

/* span-1 with both keys at hand and also over LLDP; chain, whose key is not, on VLANs. */
static const char config_text[] =
	"transport: {oui: \"00:00:5e\", protocol-id: 0x0042}\n"
	"kmes:\n"
	"  - {name: k, url: \"https://k.example\", kme-id: k, ca: /none,\n"
	"     certificate: /none, private-key: /none}\n"
	"devices: [{name: d, type: dry-run}]\n"
	"associations:\n"
	"  - name: span-1\n"
	"    role: master\n"
	"    sae: alpha\n"
	"    members: [bravo, charlie]\n"
	"    kme: k\n"
	"    device: d\n"
	"    ckn-prefix: abcd1234abcd5678abcd1234abcd5678\n"
	"    channel-keys:\n"
	"      - {number: 1, file: %s}\n"
	"      - {number: 2, file: %s}\n"
	"    links: [{name: west, interface: eth1, transport: auto}]\n"
	"  - name: chain\n"
	"    role: slave\n"
	"    sae: bravo\n"
	"    master: alpha\n"
	"    kme: k\n"
	"    device: d\n"
	"    ckn-prefix: abcd1234abcd5678abcd1234abcd5678\n"
	"    channel-keys: [{number: 1, file: /none}]\n"
	"    links:\n"
	"      - {name: chain-1, interface: eth1, vlan: 11,\n"
	"         direction: up, neighbours: [alpha]}\n"
	"      - {name: chain-2, interface: eth1, vlan: 12,\n"
	"         direction: down, neighbours: [charlie]}\n";

static const char *key_file(uint16_t number)
{
	static struct memory_file files[MEND_KEYS];
	uint8_t key[CHANNEL_KEY_LEN];

	mend_channel_key(number, key);
	return memory_file_set(&files[number - 1], key, sizeof(key));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct memory_file file;
	char text[sizeof(config_text) + 64];
	int len = snprintf(text, sizeof(text), config_text, key_file(1), key_file(2));

	(void)argc;
	(void)argv;
	check(site_load(&site, memory_file_set(&file, text, (size_t)len), NULL) == 0);
	return 0;
}

/* ---- one replay ------------------------------------------------------------------------------ */

typedef void (*print_fn)(const struct record *record, FILE *out);

struct run {
	struct replay replay;
	char error[CAPTURE_ERROR_TEXT_MAX]; /* empty: the capture was read to its end */
	char *text;
	size_t text_len;
};

static void replay_all(struct run *run, struct capture *capture, print_fn print, FILE *out)
{
	static struct record record;
	int got;

	memset(&record, 0, sizeof(record));
	record.capture = "input";
	while ((got = capture_next(capture, &record.captured, run->error)) > 0) {
		check(record.captured.len <= record.captured.wire_len);
		replay_frame(&run->replay, &record);
		check(record.captured.number == run->replay.frames);
		check(record.verdict < VERDICT_ALL && record.verdict != VERDICT_OVERLOAD);
		if (print) {
			print(&record, out);
		}
	}
	check((got == 0) == (run->error[0] == '\0'));
}

static void replay_file(struct run *run, const char *path, const char *view, print_fn print)
{
	struct capture *capture;
	struct sae_id sae;
	FILE *out;

	memset(run, 0, sizeof(*run));
	for (size_t i = 0; i < site.link_count; i++) {
		memset(&site.links[i].history, 0, sizeof(site.links[i].history));
	}
	check(!view || sae_id_set(&sae, view, strlen(view)));
	replay_init(&run->replay, &site, view ? &sae : NULL, print != NULL);
	out = open_memstream(&run->text, &run->text_len);
	check(out != NULL);
	capture = capture_open(path, run->error);
	if (capture) {
		replay_all(run, capture, print, out);
		check(capture_position(capture) <= capture_size(capture));
	}
	capture_close(capture);
	fclose(out);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void check_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		check(text[i] >= ' ' && text[i] <= '~');
	}
}

static void check_json(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

	check(json_is_object(object));
	check(json_is_string(json_object_get(object, "verdict")));
	json_decref(object);
}

static void check_lines(const struct run *run, void (*check_line)(const char *line, size_t len))
{
	const char *line = run->text, *end;
	uint64_t count = 0;

	while ((end = memchr(line, '\n', run->text_len - (size_t)(line - run->text)))) {
		check_line(line, (size_t)(end - line));
		line = end + 1;
		count++;
	}
	check(line == run->text + run->text_len);
	check(count == run->replay.frames);
	check_printable(run->error, strlen(run->error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file file;
	static struct run text, json, bare;
	const char *path = memory_file_set(&file, data, size);

	replay_file(&text, path, NULL, record_print_text);
	replay_file(&bare, path, NULL, NULL);
	replay_file(&json, path, "alpha", record_print_json);
	check_lines(&text, check_printable);
	check_lines(&json, check_json);
	check(memcmp(text.replay.verdicts, bare.replay.verdicts, sizeof(bare.replay.verdicts)) ==
		0);
	check(text.replay.frames == json.replay.frames);
	check(strcmp(text.error, json.error) == 0 && strcmp(text.error, bare.error) == 0);
	free(text.text);
	free(json.text);
	free(bare.text);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return mutate_capture(&site.config.transport.frame, data, size, max, &seed);
}
